//! Messages to people: who was told, trying a channel, sending again, what one reads after logging in, and a terminal that
//! calls.

use crate::cli::{json, team};
use crate::{BINARY, fake, fixtures, text};
use std::process::Stdio;
use std::time::Duration;
use team_shared::event::EventType;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};

#[tokio::test(flavor = "multi_thread")]
async fn the_log_says_who_was_told_how_and_what_the_channel_said() {
    let running = fake::start().await;
    let id = running.fake.world().requests[0].id;
    for asked in [id.to_string(), id.short()] {
        let (code, out, err) = team(&running, &["notify", "log", &asked]).await;
        assert_eq!(code, 0, "{err}");
        assert!(out.contains("bob") && out.contains("250 queued as 4711"), "{out}");
        assert!(out.contains("carol") && !out.contains('\u{1b}'), "{out:?}");
    }
    let (_, out, _) = team(&running, &["notify", "log", "--dead", "--json"]).await;
    let rows = json(&out);
    assert_eq!(rows["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(rows["items"][0]["recipient"], "carol");
    let (_, out, _) = team(&running, &["notify", "log", "--csv"]).await;
    assert!(out.starts_with("event,request,told,by,state,"), "{out}");
    let other = running.fake.world().requests[1].id.to_string();
    let (code, out, err) = team(&running, &["notify", "log", &other]).await;
    assert_eq!((code, out.as_str()), (0, ""));
    assert!(err.contains("nobody was told"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_is_tried_and_what_was_given_up_is_sent_again() {
    let running = fake::start().await;
    let (code, out, _) = team(&running, &["notify", "test", "smtp"]).await;
    assert_eq!(code, 0);
    assert!(out.contains("smtp took it, to ann@example.com: 250 ok"), "{out}");
    let (code, out, _) = team(&running, &["notify", "test", "slack", "--to", "#ops"]).await;
    assert_eq!(code, 1);
    assert!(
        out.contains("slack did NOT take it") && out.contains("HTTP 503"),
        "{out}"
    );
    let (code, out, _) = team(&running, &["notify", "retry", "smtp"]).await;
    assert_eq!((code, out.trim()), (0, "2 messages are sent again"));
    let seen = running.fake.world().seen.clone();
    assert_eq!(seen[1].2["to"], "#ops");
    assert_eq!(seen[2].2["which"], "smtp");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_logging_in_one_reads_what_waits_and_what_ends() {
    let running = fake::start().await;
    let (code, out, err) = team(&running, &["motd"]).await;
    assert_eq!(code, 0, "{err}");
    assert!(out.lines().all(|line| line.starts_with("team-tui: ")), "{out}");
    assert!(out.contains("wait for your decision"), "{out}");
    let (_, out, _) = team(&running, &["motd", "--json"]).await;
    assert!(json(&out)["queue"].is_array(), "{out}");
    running.fake.world().requests.clear();
    let (code, out, _) = team(&running, &["motd"]).await;
    assert_eq!((code, out.as_str()), (0, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_for_tmux_is_one_line_without_styles() {
    let running = fake::start().await;
    let (code, out, _) = team(&running, &["status", "--short"]).await;
    assert_eq!((code, out.lines().count()), (0, 1), "{out}");
    assert!(out.starts_with("healthy · ") && !out.contains("#["), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn watching_calls_for_what_concerns_oneself_and_only_on_a_terminal() {
    let running = fake::start().await;
    let mut watch = tokio::process::Command::new(BINARY)
        .arg("--socket")
        .arg(running.fake.socket())
        .args(["watch", "--notify"])
        .env_remove("TEAM_SOCKET")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("it runs");
    let mut lines = BufReader::new(watch.stdout.take().expect("stdout")).lines();
    // What has happened before is told first; then it listens.
    let before = running.fake.world().events.len();
    for _ in 0..before {
        lines.next_line().await.expect("a line").expect("a line");
    }
    let (short, other) = {
        let world = running.fake.world();
        let mine = world
            .requests
            .iter()
            .find(|view| view.requester.user_name == "ann")
            .expect("ann's");
        let other = world
            .requests
            .iter()
            .find(|view| view.requester.user_name != "ann")
            .expect("another's");
        (mine.id.short(), other.id.short())
    };
    running.fake.change(&other, EventType::RequestEnded, |_| {});
    running.fake.change(&short, EventType::RequestEnded, |_| {});
    for _ in 0..2 {
        let line = tokio::time::timeout(Duration::from_secs(20), lines.next_line()).await;
        let line = line.expect("in time").expect("a line").expect("a line");
        assert!(
            line.contains("request.ended") && !line.contains('\u{7}'),
            "{line:?}"
        );
    }
    let mut stderr = BufReader::new(watch.stderr.take().expect("stderr"));
    let mut called = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stderr.read_until(b'\n', &mut called)).await;
    read.expect("in time").expect("a word");
    let called = text(&called);
    assert!(
        called.starts_with("Ended: your ") && called.contains(&short),
        "{called:?}"
    );
    watch.kill().await.expect("killed");
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).await.expect("the rest");
    assert!(!rest.contains(&other) && !rest.contains('\u{7}'), "{rest:?}");
    assert_eq!(fixtures::person("ann").user_name, "ann");
}
