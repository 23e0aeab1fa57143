//! The dashboard in a real terminal: tmux shows what a person would see. Skipped, loudly, where there is no tmux.

use crate::BINARY;
use crate::fake;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};
use team_shared::event::EventType;
use team_shared::state::RequestState;

/// A tmux server of its own, with one 80x24 pane and a plain shell in it.
struct Tmux {
    socket: tempfile::TempDir,
}

impl Tmux {
    fn start() -> Option<Self> {
        if Command::new("tmux").arg("-V").output().is_err() {
            eprintln!("SKIPPED: no tmux on this machine, so the dashboard was not looked at in a terminal");
            return None;
        }
        let tmux = Self {
            socket: tempfile::tempdir().expect("a directory"),
        };
        let started = tmux.call(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            "80",
            "-y",
            "24",
            "env PS1='ready> ' sh",
        ]);
        assert!(started.status.success(), "{started:?}");
        tmux.wait_for("ready>");
        Some(tmux)
    }

    fn call(&self, args: &[&str]) -> Output {
        Command::new("tmux")
            .arg("-S")
            .arg(self.socket.path().join("tmux"))
            .args(args)
            .env_remove("TMUX")
            .output()
            .expect("tmux runs")
    }

    fn keys(&self, keys: &[&str]) {
        self.call(&[&["send-keys"][..], keys].concat());
    }

    fn screen(&self) -> String {
        String::from_utf8_lossy(&self.call(&["capture-pane", "-p"]).stdout).into_owned()
    }

    fn wait_for(&self, words: &str) -> String {
        let started = Instant::now();
        loop {
            let screen = self.screen();
            if screen.contains(words) {
                return screen;
            }
            assert!(
                started.elapsed() < Duration::from_secs(20),
                "no {words:?} on:\n{screen}"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Starts the dashboard and waits for its first rows.
    fn open(&self, socket: &Path) {
        let line = format!("clear; {BINARY} --socket {}; echo left with $?", socket.display());
        self.keys(&[&line, "Enter"]);
        self.wait_for("7FQHX2");
    }

    /// The shell is back, and its terminal behaves.
    fn is_restored(&self) {
        self.wait_for("left with 0");
        self.keys(&[
            "clear; stty -a | grep -o -- '-*icanon'; echo shown''again",
            "Enter",
        ]);
        let screen = self.wait_for("shownagain");
        assert!(
            screen.lines().any(|line| line == "icanon"),
            "raw mode was left on:\n{screen}"
        );
        let alternate = self.call(&["display-message", "-p", "#{alternate_on} #{cursor_flag}"]);
        assert_eq!(String::from_utf8_lossy(&alternate.stdout).trim(), "0 1");
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.call(&["kill-server"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_opens_helps_decides_and_leaves() {
    let Some(tmux) = Tmux::start() else { return };
    let mut running = fake::start().await;
    let socket = running.fake.socket();
    tokio::task::block_in_place(|| {
        tmux.open(&socket);
        tmux.wait_for("pending: 4");
        tmux.keys(&["?"]);
        tmux.wait_for("Here: Queue");
        tmux.keys(&["Escape"]);
        // Reject the first of those that are ours to decide.
        tmux.keys(&["r"]);
        tmux.wait_for("Reject 9QPV4D");
        tmux.keys(&["use ReadOnly first", "C-s"]);
        tmux.wait_for("now rejected");
        // Somebody else's change shows by itself.
        running
            .fake
            .change("7FQHX2", EventType::RequestCancelled, |view| {
                view.state = RequestState::Cancelled
            });
        tmux.wait_for("pending: 2");
        running.kill();
        tmux.wait_for("teamd is away");
    });
    running.restart();
    tokio::task::block_in_place(|| {
        tmux.keys(&["C-r"]);
        tmux.wait_for("● live");
        tmux.keys(&["q"]);
        tmux.is_restored();
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn control_c_leaves_from_anywhere() {
    let Some(tmux) = Tmux::start() else { return };
    let running = fake::start().await;
    let socket = running.fake.socket();
    tokio::task::block_in_place(|| {
        tmux.open(&socket);
        tmux.keys(&["n"]);
        tmux.wait_for("New request");
        tmux.keys(&["C-c"]);
        tmux.is_restored();
    });
}

/// For people, not for machines: serves the fake world for ten minutes, to look at the dashboard with one's own eyes.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "serves the fake daemon for a look: cargo test -p team-tui --test tui -- --ignored --nocapture"]
async fn serve_for_a_look() {
    let running = fake::start().await;
    eprintln!("team-tui --socket {}", running.fake.socket().display());
    tokio::time::sleep(Duration::from_secs(600)).await;
}
