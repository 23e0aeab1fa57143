//! The demo's world without a screen: what people see when they first try it.

use crate::teamd;
use crate::world::{folder, path};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use std::process::Stdio;
use std::time::Duration;
use team_test_support::client::Client;
use team_test_support::daemon::program;
use team_test_support::log::Log;
use tokio::io::{AsyncBufReadExt, BufReader};

async fn list(client: &Client, who: &str, verb: &[&str]) -> Vec<Value> {
    let args = [&["--as", who][..], verb, &["--json"]].concat();
    let mut list = client.run(None, &args).await.json();
    match list["items"].take() {
        Value::Array(items) => items,
        other => panic!("{verb:?}: {other}"),
    }
}

fn time(value: &Value) -> DateTime<Utc> {
    let text = value.as_str().unwrap_or_else(|| panic!("no time: {value}"));
    text.parse().unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[tokio::test]
async fn the_demo_has_a_living_world() {
    let folder = folder();
    let socket = folder.path().join("demo.sock");
    let mut command = program(teamd());
    command
        .args(["demo", "--seed", "7", "--socket", path(&socket)])
        .stdout(Stdio::piped());
    let log = Log::new(folder.path().join("demo.log"));
    let mut demo = command.stderr(log.stdio()).spawn().expect("teamd runs");
    let mut lines = BufReader::new(demo.stdout.take().expect("piped")).lines();
    let first = tokio::time::timeout(Duration::from_secs(60), lines.next_line()).await;
    let first = first
        .expect("it starts")
        .expect("it can be read")
        .expect("it says where it listens");
    assert_eq!(first, format!("listening on {}", socket.display()));
    let client = Client::beside(teamd(), &socket, folder.path());

    // gita is an administrator and sees everything; bob is an approver.
    assert!(list(&client, "gita", &["accounts"]).await.len() >= 12);
    assert!(list(&client, "gita", &["permission-sets"]).await.len() >= 6);
    assert!(list(&client, "bob", &["ls", "--queue"]).await.len() >= 5);
    let all = list(&client, "gita", &["ls", "--all", "--limit", "500"]).await;
    let of = |state: &str| all.iter().filter(|request| request["state"] == state).count();
    assert!(of("pending") >= 5, "{} pending", of("pending"));
    assert!(of("scheduled") >= 1 && of("active") + of("activating") >= 2);
    for state in ["ended", "revoked", "rejected", "cancelled", "expired"] {
        assert!(of(state) >= 1, "nothing {state} in the history");
    }
    let oldest = all
        .iter()
        .map(|request| time(&request["created_at"]))
        .min()
        .expect("requests");
    let newest = all
        .iter()
        .map(|request| time(&request["created_at"]))
        .max()
        .expect("requests");
    assert!(
        newest - oldest >= TimeDelta::days(14),
        "history from {oldest} to {newest}"
    );

    // One ends while we look.
    let soon = all
        .iter()
        .filter(|request| request["state"] == "active")
        .min_by_key(|request| time(&request["end_at"]))
        .expect("somebody is active");
    let id = soon["id"].as_str().expect("an id");
    let ended = [
        "--as",
        "gita",
        "wait",
        id,
        "--for",
        "ended",
        "--timeout",
        "95s",
        "--json",
    ];
    client.run(None, &ended).await.ok();

    let check = client
        .run(None, &["--as", "gita", "audit", "verify", "--json"])
        .await
        .json();
    assert_eq!(check["ok"], true, "{check}");
    let activity = list(&client, "gita", &["ls", "--active"]).await;
    assert!(!activity.is_empty());
    demo.kill().await.expect("it can be killed");
}
