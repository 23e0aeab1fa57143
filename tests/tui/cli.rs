//! The command line: exit codes, shapes, errors.

use crate::fake::{self, Running};
use crate::{fixtures, run, text};
use serde_json::Value;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;
use team_shared::event::EventType;
use team_shared::state::RequestState;

/// Runs a verb and gives exit code, stdout, stderr.
pub(crate) async fn team(running: &Running, args: &[&str]) -> (i32, String, String) {
    let output = run(&running.fake.socket(), args).await;
    (
        output.status.code().unwrap_or(-1),
        text(&output.stdout),
        text(&output.stderr),
    )
}

pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_follow_every_page_in_every_form() {
    let running = fake::start().await;
    let (code, out, _) = team(&running, &["ls", "--json"]).await;
    assert_eq!(code, 0);
    let list = json(&out);
    assert_eq!(list["items"].as_array().map(Vec::len), Some(10));
    assert!(list["next_cursor"].is_null());
    let (code, out, err) = team(&running, &["ls", "--limit", "4"]).await;
    assert_eq!((code, out.lines().count()), (0, 5), "{out}");
    assert!(err.contains("--limit"), "{err}");
    let (code, out, _) = team(&running, &["accounts", "--csv"]).await;
    assert_eq!(code, 0);
    assert!(out.starts_with("id,name,state,ou,tags,protected\n"), "{out}");
    assert!(out.contains("111122223333,pay-prod"), "{out}");
    let (code, _, err) = team(&running, &["ls", "--state", "denied"]).await;
    assert_eq!(code, 2);
    assert!(err.contains("pending scheduled"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_csv_has_the_rows_that_were_asked_for_each_in_its_own_state_d37() {
    let running = fake::start().await;
    for state in ["pending", "scheduled", "active", "ended", "rejected"] {
        let (code, out, err) = team(&running, &["ls", "--state", state, "--csv"]).await;
        assert_eq!(code, 0, "{err}");
        let states: Vec<_> = out.lines().skip(1).map(|row| row.split(',').nth(1)).collect();
        assert!(
            !states.is_empty() && states.iter().all(|word| *word == Some(state)),
            "{out}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_may_be_short_and_ambiguity_is_told() {
    let running = fake::start().await;
    let (code, out, _) = team(&running, &["show", "7fqhx2"]).await;
    assert_eq!(code, 0);
    assert!(
        out.contains("bob (Bob Example)") && out.contains("waiting for"),
        "{out}"
    );
    let last: Vec<&str> = out.lines().rev().take(2).collect();
    assert!(
        last[0].starts_with("what helps") && last[1].starts_with("waiting for"),
        "{out}"
    );
    let (code, _, err) = team(&running, &["show", "AAAAAA"]).await;
    assert_eq!(code, 4, "{err}");
    assert!(err.starts_with("error: ") && err.contains("\nhelp: "), "{err}");
    let (code, _, err) = team(&running, &["show", "not-an-id"]).await;
    assert_eq!(code, 2, "{err}");
    let twin = fixtures::request(fake::now(), "7FQHX2", "hugo", 77);
    running.fake.world().requests.push(twin);
    let (code, _, err) = team(&running, &["show", "7FQHX2", "--json"]).await;
    assert_eq!(code, 4);
    let problem = json(&err);
    assert_eq!(problem["code"], "not_found");
    let detail = problem["detail"].as_str().unwrap_or_default();
    assert!(
        detail.contains("ambiguous") && detail.contains("bob") && detail.contains("hugo"),
        "{detail}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_carry_what_was_read() {
    let running = fake::start().await;
    let (code, out, err) = team(
        &running,
        &["approve", "7FQHX2", "--comment", "ok", "--for", "1h", "--json"],
    )
    .await;
    assert_eq!(code, 0, "{err}");
    assert_eq!(json(&out)["state"], "active");
    let (path, key, body) = running.fake.world().seen[0].clone();
    assert_eq!(path, "approve");
    assert_eq!(key.map(|key| key.len()), Some(26));
    assert_eq!(body["version"], 3);
    assert_eq!(body["terms_digest"], "digest-of-7FQHX2");
    assert_eq!(body["duration_seconds"], 3600);
    let (code, _, err) = team(&running, &["approve", "NN5E0J"]).await;
    assert_eq!(code, 3, "{err}");
    let (code, _, err) = team(&running, &["approve", "NN5E0J", "K3QJ9W", "--json"]).await;
    assert_eq!(code, 3, "the first failure counts: {err}");
    assert_eq!(json(&err)["code"], "self_approval");
    let (code, _, _) = team(&running, &["reject", "9QPV4D"]).await;
    assert_eq!(code, 2, "a rejection needs a comment");
    let (code, out, _) = team(&running, &["reject", "9QPV4D", "--comment", "use ReadOnly"]).await;
    assert_eq!(code, 0);
    assert!(out.contains("9QPV4D rejected"), "{out}");
    let (code, out, _) = team(&running, &["revoke", "X4TE2N", "--comment", "incident over"]).await;
    assert_eq!((code, out.contains("ending")), (0, true), "{out}");
    let (code, _, _) = team(&running, &["cancel", "NN5E0J"]).await;
    assert_eq!(code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_resolve_names_and_times() {
    let running = fake::start().await;
    let base = [
        "request",
        "pay-prod",
        "AdministratorAccess",
        "--reason",
        "roll back by hand",
    ];
    let with = |more: &[&'static str]| [&base[..], more].concat();
    let (code, out, err) = team(
        &running,
        &with(&["--for", "2h", "--at", "+30m", "--idempotency-key", "K1", "--json"]),
    )
    .await;
    assert_eq!(code, 0, "{err}");
    assert_eq!(json(&out)["state"], "pending");
    let (_, key, body) = running.fake.world().seen[0].clone();
    assert_eq!(key.as_deref(), Some("K1"));
    assert_eq!(body["account_id"], "111122223333");
    assert_eq!(body["duration_seconds"], 7200);
    assert!(
        body["start_at"].as_str().is_some_and(|at| at.ends_with('Z')),
        "{body}"
    );
    let (code, _, err) = team(&running, &with(&["--for", "2h", "--at", "+30m", "--dry-run"])).await;
    assert_eq!(code, 0);
    assert!(
        err.contains("starts ") && err.contains("ends ") && err.contains("dry run"),
        "{err}"
    );
    for (args, wanted, words) in [
        (with(&["--for", "0s"]), 2, "is not a duration"),
        (with(&["--for", "1h", "--at", "2020-01-01T00:00:00Z"]), 2, "past"),
        (with(&[]), 2, "--for"),
        (with(&["--for", "1h", "--until", "+2h"]), 2, "cannot be used with"),
    ] {
        let (code, _, err) = team(&running, &args).await;
        assert_eq!(code, wanted, "{args:?}: {err}");
        assert!(err.contains(words), "{args:?}: {err}");
    }
    let (code, _, err) = team(
        &running,
        &["request", "pay-prdo", "X", "--for", "1h", "--reason", "r"],
    )
    .await;
    assert_eq!(code, 4);
    assert!(err.contains("did you mean") && err.contains("pay-prod"), "{err}");
    let (code, _, err) = team(
        &running,
        &["request", "pay-prod", "Nope", "--for", "1h", "--reason", "r"],
    )
    .await;
    assert_eq!((code, err.contains("no rule lets you")), (3, true), "{err}");
    running.fake.world().seen.clear();
    let (code, out, err) = team(
        &running,
        &[
            "request",
            "pay-prod",
            "444455556666",
            "X",
            "--for",
            "1h",
            "--reason",
            "r",
            "--json",
        ],
    )
    .await;
    assert_eq!(code, 0, "{err}");
    assert_eq!(json(&out)["items"].as_array().map(Vec::len), Some(2));
    let seen = running.fake.world().seen.clone();
    // One call: all of them, or none.
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!((seen[0].0.as_str(), seen[0].1.is_some()), ("batch", true));
    assert_eq!(seen[0].2["requests"].as_array().map(Vec::len), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_for_half_a_target_says_what_is_missing() {
    let running = fake::start().await;
    let half = [
        "request",
        "pay-prod",
        "--for",
        "1h",
        "--reason",
        "which set was it?",
    ];
    let (code, _, err) = team(&running, &half).await;
    assert_eq!(code, 2);
    assert!(err.contains("name the account, then the permission set"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_ends_in_0_7_or_8() {
    let mut running = fake::start().await;
    let (code, _, err) = team(
        &running,
        &["wait", "7FQHX2", "--for", "active", "--timeout", "1s"],
    )
    .await;
    assert_eq!(code, 7, "{err}");
    let (code, _, err) = team(&running, &["wait", "F3C7YQ", "--for", "active"]).await;
    assert_eq!((code, err.contains("rejected")), (8, true), "{err}");
    let socket = running.fake.socket();
    let waiting = run(
        &socket,
        &["wait", "7FQHX2", "--for", "active,ended", "--timeout", "30s"],
    );
    let acting = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        // A restart of the daemon while somebody waits is not an answer.
        running.kill();
        tokio::time::sleep(Duration::from_millis(300)).await;
        running.restart();
        let active = |view: &mut team_shared::request::RequestView| view.state = RequestState::Active;
        running.fake.change("7FQHX2", EventType::RequestActive, active)
    };
    let (output, _) = tokio::join!(waiting, acting);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let (code, _, err) = team(&running, &["wait", "7FQHX2", "--for", "nonsense"]).await;
    assert_eq!(code, 2, "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn status_says_health_by_its_exit_code() {
    let running = fake::start().await;
    let (code, out, _) = team(&running, &["status", "--short"]).await;
    assert_eq!(code, 0);
    assert!(out.starts_with("healthy · 4 pending"), "{out}");
    assert_eq!(
        team(&running, &["status"]).await.0,
        0,
        "short where the full one is not allowed"
    );
    running.fake.world().healthy = false;
    let (code, out, _) = team(&running, &["status"]).await;
    assert_eq!((code, out.contains("1 removal is overdue")), (1, true), "{out}");
    assert_eq!(team(&running, &["audit", "verify"]).await.0, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn policy_and_exports_come_byte_for_byte() {
    let running = fake::start().await;
    let (code, out, _) = team(&running, &["policy", "show"]).await;
    assert_eq!((code, out.as_str()), (0, "version = 1\n# \u{fc}ber\n\n"));
    let (_, out, _) = team(&running, &["audit", "export", "--format", "csv"]).await;
    assert_eq!(out, "seq,at\n1,x\n");
    let (code, _, err) = team(&running, &["policy", "apply", "/nonexistent"]).await;
    assert_eq!(code, 2, "{err}");
    let (code, out, _) = team(&running, &["audit", "ls", "--json"]).await;
    assert_eq!(code, 0);
    assert!(json(&out)["items"][0]["hash"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn events_and_activity_stream_a_line_each() {
    let running = fake::start().await;
    let mut child = tokio::process::Command::new(crate::BINARY)
        .args(["watch", "--json", "--after", "8", "--socket"])
        .arg(running.fake.socket())
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("it starts");
    let stdout = child.stdout.take().expect("a pipe");
    let mut lines = tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(stdout));
    for seq in [9, 10] {
        let line = tokio::time::timeout(Duration::from_secs(10), lines.next_line()).await;
        let line = line.expect("in time").expect("readable").expect("a line");
        assert_eq!(json(&line)["seq"], seq);
    }
    let (code, out, _) = team(&running, &["tail", "X4TE2N"]).await;
    assert_eq!((code, out.lines().count()), (0, 3), "{out}");
    assert!(out.contains("ecs:UpdateService"), "{out}");
    let (code, out, _) = team(&running, &["activity", "X4TE2N", "--json"]).await;
    assert_eq!((code, json(&out)["items"].as_array().map(Vec::len)), (0, Some(3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_text_is_inert_in_every_form() {
    let running = fake::start().await;
    running.fake.world().requests.push(fixtures::hostile(fake::now()));
    for args in [
        &["show", "HAX0R1"][..],
        &["show", "HAX0R1", "--json"],
        &["ls"],
        &["ls", "--csv"],
        &["ls", "--json"],
    ] {
        let (code, out, _) = team(&running, args).await;
        assert_eq!(code, 0, "{args:?}");
        let hidden = out
            .chars()
            .find(|c| *c != '\n' && team_shared::text::is_hidden(*c));
        assert_eq!(hidden, None, "{args:?}: {out}");
    }
    let (_, out, _) = team(&running, &["show", "HAX0R1", "--json"]).await;
    assert_eq!(
        json(&out)["justification"],
        fixtures::hostile(fake::now()).justification.as_str(),
        "JSON keeps what was said"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_daemon_is_6_and_says_what_helps() {
    let directory = tempfile::tempdir().expect("a directory");
    let socket = directory.path().join("absent.sock");
    let output = run(&socket, &["whoami"]).await;
    let err = text(&output.stderr);
    assert_eq!(output.status.code(), Some(6));
    assert!(
        err.contains("not running") && err.contains("systemctl start"),
        "{err}"
    );
    drop(std::os::unix::net::UnixListener::bind(&socket).expect("a socket"));
    let output = run(&socket, &["whoami", "--json"]).await;
    assert_eq!(output.status.code(), Some(6));
    let problem = json(&text(&output.stderr));
    assert_eq!(problem["code"], "unreachable");
    assert!(
        problem["detail"]
            .as_str()
            .is_some_and(|d| d.contains("nobody listens")),
        "{problem}"
    );
    let output = run(&socket, &[] as &[&str]).await;
    assert_eq!(output.status.code(), Some(2), "no terminal, no dashboard");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_of_somebody_else_is_refused() {
    let running = fake::start().await;
    let socket = running.fake.socket();
    if std::fs::metadata(running.fake.directory.path())
        .map(|m| m.uid())
        .unwrap_or(1)
        != 0
    {
        eprintln!("SKIPPED a_socket_of_somebody_else_is_refused: only root can give a socket away");
        return;
    }
    std::os::unix::fs::chown(&socket, Some(12_345), None).expect("root may");
    let (code, out, err) = team(&running, &["whoami"]).await;
    assert_eq!((code, out.as_str()), (6, ""));
    assert!(err.contains("owned by uid 12345"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_may_be_asked_for_another_identity() {
    let running = fake::start().await;
    let (code, out, _) = team(&running, &["--as", "bob", "whoami"]).await;
    assert_eq!(code, 0);
    assert!(out.contains("you are   bob"), "{out}");
    assert_eq!(running.fake.world().acting_as.as_deref(), Some("bob"));
}
