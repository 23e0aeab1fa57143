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
        Step::Happens(lost),
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
        vec![Step::AfterReads(1), Step::Happens(lost), Step::Close],
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
