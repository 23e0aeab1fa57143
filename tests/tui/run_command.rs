//! `run … -- CMD`: the order of calls, what the command gets, and the exit codes.

use crate::fake::{self, Running};
use crate::{BINARY, text};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::process::{Output, Stdio};
use std::time::Duration;
use team_shared::event::EventType;
use team_shared::state::RequestState;
use tokio::process::Command;

/// The command line up to the command, with a home of its own.
fn command(running: &Running, options: &[&str], shell: &str) -> Command {
    let mut command = Command::new(BINARY);
    command
        .arg("--socket")
        .arg(running.fake.socket())
        .args(["run", "pay-prod", "AdministratorAccess", "--for", "1h"])
        .args(["--reason", "nightly reconciliation"])
        .args(options)
        .args(["--", "sh", "-c", shell])
        .env("HOME", running.fake.directory.path())
        .env("AWS_ACCESS_KEY_ID", "old")
        .env("AWS_SESSION_TOKEN", "old")
        .env_remove("SSH_CONNECTION")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

async fn outcome(running: &Running, options: &[&str], shell: &str) -> (i32, String, String) {
    let output: Output = command(running, options, shell).output().await.expect("it runs");
    let code = output.status.code().unwrap_or(-1);
    (code, text(&output.stdout), text(&output.stderr))
}

/// A fake in which a new request comes to this at once.
async fn with_fate(fate: Option<RequestState>) -> Running {
    let running = fake::start().await;
    running.fake.world().fate = fate;
    running
}

/// The changing calls so far, in their order.
fn calls(running: &Running) -> Vec<String> {
    let world = running.fake.world();
    world.seen.iter().map(|(verb, ..)| verb.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_has_the_profile_and_its_access_ends_with_it() {
    let running = with_fate(Some(RequestState::Active)).await;
    let shell = "stat -c %a \"$AWS_CONFIG_FILE\" && cat \"$AWS_CONFIG_FILE\" && echo \"P=$AWS_PROFILE\" \
                 \"K=$AWS_ACCESS_KEY_ID$AWS_SESSION_TOKEN\" \"F=$AWS_CONFIG_FILE\"";
    let (code, out, err) = outcome(&running, &["--ticket", "INC-1"], shell).await;
    assert_eq!(code, 0, "{err}");
    assert!(
        out.starts_with("600\n[sso-session teamd-example]\n"),
        "only the command's: {out}"
    );
    assert!(
        out.contains("P=pay-prod-111122223333-AdministratorAccess K= F=/"),
        "{out}"
    );
    let file = out.trim().rsplit("F=").next().unwrap_or_default();
    assert!(
        !std::path::Path::new(file).exists(),
        "{file} goes with the command"
    );
    assert!(err.contains("aws sso login --sso-session teamd-example"), "{err}");
    assert_eq!(calls(&running), ["submit", "done"]);
    let (_, key, body) = running.fake.world().seen[0].clone();
    assert_eq!(key.map(|key| key.len()), Some(26));
    assert_eq!(
        (&body["ticket"], &body["duration_seconds"]),
        (&"INC-1".into(), &3600.into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_codes_are_passed_on_after_done() {
    for (shell, wanted) in [("exit 3", 3), ("kill -KILL $$", 137), ("exec /nonexistent", 127)] {
        let running = with_fate(Some(RequestState::Active)).await;
        let (code, _, err) = outcome(&running, &[], shell).await;
        assert_eq!(code, wanted, "{shell}: {err}");
        assert_eq!(calls(&running), ["submit", "done"], "{shell}");
    }
    let running = with_fate(Some(RequestState::Active)).await;
    let socket = running.fake.socket();
    let args = [
        "run",
        "pay-prod",
        "X",
        "--for",
        "1h",
        "--reason",
        "r",
        "--",
        "/nonexistent/cmd",
    ];
    let output = crate::run(&socket, &args).await;
    assert_eq!(output.status.code(), Some(127), "{}", text(&output.stderr));
    assert_eq!(calls(&running), ["submit", "done"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_granted_runs_nothing() {
    let running = with_fate(None).await;
    let (code, out, err) = outcome(&running, &["--timeout", "1s"], "echo ran").await;
    assert_eq!((code, out.as_str()), (7, ""), "{err}");
    assert_eq!(calls(&running), ["submit", "cancel"]);
    let running = with_fate(Some(RequestState::Rejected)).await;
    let (code, out, err) = outcome(&running, &[], "echo ran").await;
    assert_eq!((code, out.as_str()), (8, ""), "{err}");
    assert_eq!(calls(&running), ["submit"]);
    let running = with_fate(Some(RequestState::Active)).await;
    running.fake.world().portal_url = None;
    let (code, out, err) = outcome(&running, &[], "echo ran").await;
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    assert!(err.contains("portal_url"), "{err}");
    assert_eq!(calls(&running), ["submit", "done"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_reaches_the_command_and_the_access_ends() {
    for (signal, wanted) in [(Signal::SIGTERM, 9), (Signal::SIGHUP, 129)] {
        let running = with_fate(Some(RequestState::Active)).await;
        let shell = "trap 'exit 9' TERM; touch \"$HOME/up\"; while :; do sleep 0.1; done";
        let child = command(&running, &[], shell).spawn().expect("it starts");
        let up = running.fake.directory.path().join("up");
        while !up.exists() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(calls(&running), ["submit"], "live while the command runs");
        let pid = child
            .id()
            .and_then(|pid| i32::try_from(pid).ok())
            .expect("it runs");
        kill(Pid::from_raw(pid), signal).expect("sent");
        let output = child.wait_with_output().await.expect("it ends");
        assert_eq!(output.status.code(), Some(wanted), "{}", text(&output.stderr));
        assert_eq!(calls(&running), ["submit", "done"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_while_waiting_takes_the_request_back() {
    let running = with_fate(None).await;
    let child = command(&running, &[], "echo ran").spawn().expect("it starts");
    while calls(&running).is_empty() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let pid = child
        .id()
        .and_then(|pid| i32::try_from(pid).ok())
        .expect("it runs");
    kill(Pid::from_raw(pid), Signal::SIGTERM).expect("sent");
    let output = child.wait_with_output().await.expect("it ends");
    assert_eq!(
        (output.status.code(), text(&output.stdout).as_str()),
        (Some(143), "")
    );
    assert_eq!(calls(&running), ["submit", "cancel"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn access_that_ends_first_is_told_and_the_command_goes_on() {
    let running = with_fate(Some(RequestState::Active)).await;
    let shell = "touch \"$HOME/up\"; while ! test -e \"$HOME/go\"; do sleep 0.1; done; echo finished";
    let child = command(&running, &[], shell).spawn().expect("it starts");
    let home = running.fake.directory.path().to_owned();
    while !home.join("up").exists() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let end = |view: &mut team_shared::request::RequestView| view.state = RequestState::Revoked;
    running.fake.change("NEWREQ", EventType::RequestRevoked, end);
    tokio::time::sleep(Duration::from_secs(1)).await;
    std::fs::write(home.join("go"), "").expect("written");
    let output = child.wait_with_output().await.expect("it ends");
    assert_eq!(
        (output.status.code(), text(&output.stdout).as_str()),
        (Some(0), "finished\n")
    );
    assert!(text(&output.stderr).contains("is revoked; the command goes on"));
    assert_eq!(calls(&running), ["submit"], "nothing is left to end");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_fails_is_said_loudly() {
    let running = with_fate(Some(RequestState::Active)).await;
    running.fake.world().done_fails = true;
    let (code, _, err) = outcome(&running, &["--json"], "exit 4").await;
    assert_eq!(code, 4);
    assert!(
        err.contains("ATTENTION") && err.contains("team-tui done 0"),
        "{err}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_is_asked_for_again_and_the_access_ends_with_the_command() {
    let running = with_fate(Some(RequestState::Active)).await;
    running.fake.world().answers_lost = 2;
    let (code, out, err) = outcome(&running, &[], "echo ran").await;
    assert_eq!((code, out.as_str()), (0, "ran\n"), "{err}");
    assert_eq!(calls(&running), ["submit", "done"], "filed once, and taken back");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_it_cannot_be_learned_what_was_filed_one_is_told_what_to_look_for() {
    let running = with_fate(Some(RequestState::Active)).await;
    running.fake.world().answers_lost = usize::MAX;
    let (code, out, err) = outcome(&running, &[], "echo ran").await;
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    for words in ["may be filed", "team-tui ls --mine", "team-tui done ID"] {
        assert!(err.contains(words), "{words}: {err}");
    }
    assert_eq!(calls(&running), ["submit"]);
}
