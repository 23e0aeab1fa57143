//! Break-glass is named wherever the command line tells of a request.

use crate::cli::{json, team};
use crate::fake::{self, Running};
use std::time::Duration;
use team_shared::event::EventType;
use tokio::io::AsyncBufReadExt;

/// Ann's live access and ivy's were taken without approval; bob's, which is over, too, and somebody should look at it.
async fn world() -> Running {
    let running = fake::start().await;
    for view in &mut running.fake.world().requests {
        if matches!(view.id.short().as_str(), "R1N6BC" | "X4TE2N" | "ZZ4H6R") {
            view.break_glass = true;
        }
    }
    running
}

#[tokio::test(flavor = "multi_thread")]
async fn show_lists_and_lines_name_it() {
    let running = world().await;
    for args in [
        &["show", "X4TE2N"][..],
        &["ls", "--active"],
        &["revoke", "X4TE2N", "--comment", "that was not needed"],
        &["wait", "R1N6BC", "--for", "active"],
        &["motd"],
    ] {
        let (code, out, err) = team(&running, args).await;
        assert_eq!(code, 0, "{args:?}: {err}");
        assert!(out.contains("BREAK-GLASS"), "{args:?}: {out}");
    }
    let (code, _, err) = team(&running, &["wait", "ZZ4H6R", "--for", "active"]).await;
    assert_eq!((code, err.contains("BREAK-GLASS")), (8, true), "{err}");
    let (_, out, _) = team(&running, &["ls", "--csv"]).await;
    let glass: Vec<_> = out.lines().filter(|row| row.contains(",BREAK-GLASS,")).collect();
    assert_eq!(glass.len(), 3, "{out}");
    let (_, out, _) = team(&running, &["ls", "--json"]).await;
    let items = json(&out)["items"].as_array().cloned().unwrap_or_default();
    assert_eq!(items.iter().filter(|item| item["break_glass"] == true).count(), 3);
    let (_, out, _) = team(&running, &["show", "7FQHX2"]).await;
    assert!(!out.contains("BREAK-GLASS"), "an ordinary one: {out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn watch_names_it_on_every_event_of_one() {
    let running = world().await;
    let mut child = tokio::process::Command::new(crate::BINARY)
        .args(["watch", "--after", "0", "--socket"])
        .arg(running.fake.socket())
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("it starts");
    running.fake.change("X4TE2N", EventType::RequestEnding, |_| {});
    let stdout = child.stdout.take().expect("a pipe");
    let mut lines = tokio::io::BufReader::new(stdout).lines();
    let mut named = Vec::new();
    for _ in 0..11 {
        let line = tokio::time::timeout(Duration::from_secs(10), lines.next_line()).await;
        let line = line.expect("in time").expect("readable").expect("a line");
        if line.contains("BREAK-GLASS") {
            named.push(line.split_whitespace().nth(3).unwrap_or_default().to_owned());
        }
    }
    named.sort();
    assert_eq!(named, ["R1N6BC", "X4TE2N", "X4TE2N", "ZZ4H6R"]);
}
