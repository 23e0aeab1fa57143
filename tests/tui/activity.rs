//! `tail` and `activity`: what was done in sessions, whole and harmless.

use crate::cli::{json, team};
use crate::fake::{self, Running, Step};
use crate::fixtures;
use std::process::Stdio;
use std::time::Duration;
use team_shared::activity::ActivityItem;
use team_shared::ids::RequestId;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

fn id_of(running: &Running, short: &str) -> RequestId {
    let world = running.fake.world();
    let view = world.requests.iter().find(|view| view.id.short() == short);
    view.expect("a request").id
}

/// An event of ivy's session that is not among the fixtures.
fn event(running: &Running, name: &str) -> ActivityItem {
    let id = id_of(running, "X4TE2N");
    let mut item = fixtures::activity(fake::now(), id).remove(1);
    item.event_id = name.to_owned();
    item.event_time = fake::now();
    item
}

fn said(item: &ActivityItem) -> Step {
    Step::Say("activity", serde_json::to_string(item).expect("json"))
}

/// A tail that goes on.
struct Following {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Following {
    fn start(running: &Running, args: &[&str]) -> Self {
        let mut child = tokio::process::Command::new(crate::BINARY)
            .args(["tail", "--follow", "--json", "--socket"])
            .arg(running.fake.socket())
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        Self { child, lines }
    }

    /// The ids of the next events.
    async fn ids(&mut self, count: usize) -> Vec<String> {
        let mut ids = Vec::new();
        while ids.len() < count {
            let line = tokio::time::timeout(Duration::from_secs(20), self.lines.next_line()).await;
            let line = line
                .unwrap_or_else(|_| panic!("{ids:?} and nothing more"))
                .expect("readable")
                .expect("a line");
            ids.push(json(&line)["event_id"].as_str().expect("an id").to_owned());
        }
        ids
    }
}

const PAST: [&str; 3] = ["event-1", "event-2", "event-3"];

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_that_was_too_slow_reads_what_it_missed_b7() {
    let running = fake::start().await;
    let (lost, live) = (event(&running, "lost"), event(&running, "live"));
    running.fake.world().streams.push_back(vec![
        Step::AfterReads(1),
        Step::Happens(Box::new(lost)),
        Step::Say("lagged", "1".to_owned()),
        Step::AfterReads(2),
        said(&live),
    ]);
    let mut tail = Following::start(&running, &["X4TE2N"]);
    assert_eq!(tail.ids(3).await, PAST);
    assert_eq!(
        tail.ids(2).await,
        ["lost", "live"],
        "none is lost, and none comes twice"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_comes_back_after_a_restart_with_what_it_missed_b7() {
    let running = fake::start().await;
    let (lost, live) = (event(&running, "lost"), event(&running, "live"));
    running.fake.world().streams.extend([
        vec![Step::AfterReads(1), Step::Happens(Box::new(lost)), Step::Close],
        vec![Step::AfterReads(2), said(&live)],
    ]);
    let mut tail = Following::start(&running, &["X4TE2N"]);
    assert_eq!(tail.ids(3).await, PAST);
    assert_eq!(tail.ids(2).await, ["lost", "live"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hole_that_stays_is_said_on_stderr_b7() {
    let running = fake::start().await;
    let id = id_of(&running, "X4TE2N");
    running.fake.world().streams.push_back(vec![
        Step::AfterReads(1),
        Step::Breaks(id),
        Step::Say("lagged", "7".to_owned()),
    ]);
    let mut tail = Following::start(&running, &["X4TE2N"]);
    assert_eq!(tail.ids(3).await, PAST);
    let mut said = BufReader::new(tail.child.stderr.take().expect("a pipe")).lines();
    let line = tokio::time::timeout(Duration::from_secs(20), said.next_line()).await;
    let line = line.expect("in time").expect("readable").expect("a line");
    let warning = json(&line)["warning"].as_str().expect("a text").to_owned();
    assert!(
        warning.contains("X4TE2N") && warning.contains("missing"),
        "{warning}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_covered_is_one_line_beside_the_data() {
    let running = fake::start().await;
    let covered = "management events of eu-west-1; no other region; nothing is complete yet";
    running.fake.world().coverage = covered.to_owned();
    for args in [
        &["tail", "X4TE2N"][..],
        &["tail"],
        &["activity", "X4TE2N"],
        &["activity", "X4TE2N", "--csv"],
        &["activity", "X4TE2N", "--digest"],
    ] {
        let (code, out, err) = team(&running, args).await;
        assert_eq!((code, err.lines().count()), (0, 1), "{args:?}: {err}");
        assert!(
            err.contains("management events of eu-west-1; no other region; nothing is complete yet")
                && err.contains("; newest event 1"),
            "{args:?}: {err}"
        );
        assert!(!out.contains("management events"), "{args:?}: {out}");
    }
    let (_, _, err) = team(&running, &["tail", "X4TE2N", "--json"]).await;
    assert_eq!(err, "", "programs read it in the page");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_csv_of_activity_has_whole_rows() {
    let running = fake::start().await;
    let (code, out, _) = team(&running, &["activity", "X4TE2N", "--csv"]).await;
    let mut rows = out.lines();
    assert_eq!(
        (code, rows.next()),
        (
            0,
            Some("time,event,rw,resources,region,from,error,marks,event_id,account,user_agent")
        )
    );
    let row = rows.nth(2).expect("three rows");
    assert!(
        row.ends_with("rds:ModifyDBCluster,w,pay-worker,eu-west-1,203.0.113.7,AccessDenied,,event-3,111122223333,aws-cli/2.31"),
        "{out}"
    );
    let (_, out, _) = team(&running, &["activity", "X4TE2N"]).await;
    let heading = out.lines().next().expect("a heading");
    assert!(
        heading.ends_with("MARKS"),
        "people's table stays as narrow as it was: {heading}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_takes_all_sessions_a_time_and_a_filter() {
    let running = fake::start().await;
    let sessions = running.fake.world().requests.len();
    let ids = |out: &str| -> Vec<String> {
        let id = |line: &str| json(line)["event_id"].as_str().expect("an id").to_owned();
        out.lines().map(id).collect()
    };
    for args in [&["tail", "--all", "--json"][..], &["tail", "--json"]] {
        let (code, out, err) = team(&running, args).await;
        assert_eq!((code, ids(&out).len()), (0, 3 * sessions), "{args:?}: {err}");
        let times: Vec<_> = out
            .lines()
            .map(|line| json(line)["event_time"].to_string())
            .collect();
        assert!(times.is_sorted(), "oldest first, whosever it is: {times:?}");
    }
    assert!(running.fake.world().scopes.contains(&"active".to_owned()));
    let since = (fake::now() - chrono::TimeDelta::seconds(690)).to_rfc3339();
    let (code, out, err) = team(&running, &["tail", "X4TE2N", "--since", &since, "--json"]).await;
    assert_eq!((code, ids(&out)), (0, vec!["event-3".to_owned()]), "{err}");
    let (code, _, err) = team(&running, &["tail", "X4TE2N", "--since", "whenever"]).await;
    assert_eq!(code, 2, "{err}");
    for (filter, wanted) in [
        ("who:ivy", vec!["event-1", "event-2", "event-3"]),
        ("who:ivy write:yes error:no", vec!["event-2"]),
        ("id:X4TE2N error:denied", vec!["event-3"]),
        ("who:ivy service:iam", vec![]),
    ] {
        let (code, out, err) = team(&running, &["tail", "--filter", filter, "--json"]).await;
        assert_eq!(
            (code, ids(&out)),
            (0, wanted.iter().map(|id| (*id).to_owned()).collect()),
            "{filter}: {err}"
        );
    }
    let (code, _, err) = team(&running, &["tail", "X4TE2N", "--all"]).await;
    assert_eq!(code, 2, "one or all: {err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_that_goes_on_keeps_to_its_filter() {
    let running = fake::start().await;
    let (mut read, written) = (event(&running, "read"), event(&running, "written"));
    read.read_only = true;
    let script = vec![Step::AfterReads(1), said(&read), said(&written)];
    running.fake.world().streams.push_back(script);
    let mut tail = Following::start(&running, &["X4TE2N", "--filter", "write:yes"]);
    assert_eq!(tail.ids(3).await, ["event-2", "event-3", "written"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_digest_is_a_line_for_each_kind_of_thing() {
    let running = fake::start().await;
    let (code, out, _) = team(&running, &["activity", "X4TE2N", "--digest"]).await;
    assert_eq!(code, 0);
    for line in [
        "used     3 events, 2 writes, 1 error, 1 session",
        "services ecs 2, rds 1",
        "calls    ecs:UpdateService 2, rds:ModifyDBCluster 1",
        "from     203.0.113.7 3",
        "left     access key: deploy · AKIAEXAMPLE",
    ] {
        assert!(out.lines().any(|one| one == line), "{line}: {out}");
    }
    let (_, out, _) = team(&running, &["activity", "X4TE2N", "--digest", "--json"]).await;
    assert_eq!(json(&out)["services"][0]["name"], "ecs");
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_text_of_activity_is_inert_in_every_form() {
    let running = fake::start().await;
    let bad = "=x\u{1b}]52;c;aGk=\u{7}\u{1b}[2J\u{202e}gnp\r\n\u{9b}31m";
    let mut item = event(&running, bad);
    for text in [
        &mut item.event_name,
        &mut item.event_source,
        &mut item.region,
        &mut item.source_ip,
        &mut item.user_agent,
    ] {
        bad.clone_into(text);
    }
    item.error_code = Some(bad.to_owned());
    item.resources = vec![bad.to_owned()];
    item.marks = vec![bad.to_owned()];
    running.fake.world().activity.push(item.clone());
    running.fake.world().coverage = format!("{bad} cannot be read");
    for args in [
        &["tail", "X4TE2N"][..],
        &["tail", "X4TE2N", "--json"],
        &["tail", "--all"],
        &["activity", "X4TE2N"],
        &["activity", "X4TE2N", "--csv"],
        &["activity", "X4TE2N", "--json"],
        &["activity", "X4TE2N", "--digest"],
    ] {
        let (code, out, err) = team(&running, args).await;
        assert_eq!(code, 0, "{args:?}: {err}");
        let is_bad = |c: &char| *c != '\n' && team_shared::text::is_hidden(*c);
        assert_eq!(
            out.chars().chain(err.chars()).find(is_bad),
            None,
            "{args:?}: {out}{err}"
        );
        if args[0] == "tail" {
            assert!(out.contains("52;c;aGk="), "{args:?}: {out}");
        }
    }
    let (_, out, _) = team(&running, &["activity", "X4TE2N", "--csv"]).await;
    let row = out.lines().last().expect("a row");
    assert_eq!(out.lines().count(), 5, "a line break makes no row: {out}");
    assert!(
        row.contains("'=x") && !row.contains(",=x"),
        "no cell is a formula: {row}"
    );
    let (_, out, _) = team(&running, &["tail", "X4TE2N", "--json"]).await;
    let last = json(out.lines().last().expect("a row"));
    assert_eq!(last["user_agent"], bad, "JSON keeps what was said");
}
