//! `team-tui` as its users meet it: the real binary against a small fake daemon on a socket of its own.
//!
//! * [`activity`] tails and what was done · [`cli`] exit codes, JSON, errors · [`filing`] requests · [`batch`] several requests as one · [`attention`] claims, reviews, the freeze · [`expectations`] of a policy · [`use_access`], [`run_command`] what comes
//!   after an approval · [`terminal`] the dashboard in a real terminal (tmux)
//! * [`connections`] few of them
//! * [`times`] times · [`report`] requests, counted · [`glass`] the badge of break-glass · [`notify`] messages to people, and what calls in a terminal
//! * [`fake`] the daemon · [`fixtures`] what it knows

mod activity;
mod attention;
mod batch;
mod cli;
mod connections;
mod expectations;
mod fake;
mod filing;
mod fixtures;
mod glass;
mod notify;
mod report;
mod run_command;
mod terminal;
mod times;
mod use_access;

use std::ffi::OsStr;
use std::path::Path;
use std::process::Output;

/// The binary under test.
const BINARY: &str = env!("CARGO_BIN_EXE_team-tui");

/// Runs a verb to its end.
async fn run<S: AsRef<OsStr>>(socket: &Path, args: &[S]) -> Output {
    tokio::process::Command::new(BINARY)
        .arg("--socket")
        .arg(socket)
        .args(args)
        .env_remove("TEAM_SOCKET")
        .env("TZ", "UTC")
        .stdin(std::process::Stdio::null())
        .output()
        .await
        .expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}
