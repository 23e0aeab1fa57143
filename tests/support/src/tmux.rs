//! A terminal as people have it: a tmux server of its own with one pane. What a test reads is what a person would see.

use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// Nothing on a screen takes longer.
const PATIENCE: Duration = Duration::from_secs(40);

/// A tmux server with one pane and a plain shell in it; it goes with its handle.
#[derive(Debug)]
pub struct Tmux {
    socket: tempfile::TempDir,
}

impl Tmux {
    /// A pane of this size; none, loudly, where there is no tmux.
    ///
    /// # Panics
    /// tmux is there and does not start.
    #[must_use]
    pub fn start(width: u16, height: u16) -> Option<Self> {
        if Command::new("tmux").arg("-V").output().is_err() {
            crate::loud::say("SKIPPED: no tmux on this machine, so nothing was looked at in a terminal");
            return None;
        }
        let tmux = Self {
            socket: tempfile::tempdir().expect("a directory"),
        };
        let (width, height) = (width.to_string(), height.to_string());
        // What a dashboard keeps between runs is this pane's own, and it was here before.
        let state = tmux.socket.path().join("state");
        std::fs::create_dir_all(state.join("team-tui")).expect("a directory");
        std::fs::write(state.join("team-tui/welcomed"), "").expect("a file");
        let shell = format!("env PS1='ready> ' XDG_STATE_HOME={} sh", state.display());
        let started = tmux.call(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            &width,
            "-y",
            &height,
            &shell,
        ]);
        assert!(started.status.success(), "{started:?}");
        tmux.wait_for("ready>");
        Some(tmux)
    }

    /// A command of tmux.
    ///
    /// # Panics
    /// tmux does not run.
    pub fn call(&self, args: &[&str]) -> Output {
        Command::new("tmux")
            // Without this, a machine whose locale is not UTF-8 would show blanks for signs.
            .args(["-u", "-S"])
            .arg(self.socket.path().join("tmux"))
            .args(args)
            .env_remove("TMUX")
            .output()
            .expect("tmux runs")
    }

    /// Presses keys, by tmux's names, or types text.
    pub fn keys(&self, keys: &[&str]) {
        self.call(&[&["send-keys"][..], keys].concat());
    }

    /// Runs a line in the shell.
    pub fn run(&self, line: &str) {
        self.keys(&[line, "Enter"]);
    }

    /// What the pane shows.
    #[must_use]
    pub fn screen(&self) -> String {
        String::from_utf8_lossy(&self.call(&["capture-pane", "-p"]).stdout).into_owned()
    }

    /// Makes the pane as large as this.
    pub fn resize(&self, width: u16, height: u16) {
        let (width, height) = (width.to_string(), height.to_string());
        self.call(&["resize-window", "-x", &width, "-y", &height]);
    }

    /// Waits until the pane shows these words: the screen then.
    ///
    /// # Panics
    /// They do not come.
    #[track_caller]
    pub fn wait_for(&self, words: &str) -> String {
        self.wait_until(words, |screen| screen.contains(words))
    }

    /// Waits until what the pane shows is so.
    ///
    /// # Panics
    /// It does not come to be so.
    #[track_caller]
    pub fn wait_until(&self, what: &str, is_so: impl Fn(&str) -> bool) -> String {
        let started = Instant::now();
        loop {
            let screen = self.screen();
            if is_so(&screen) {
                return screen;
            }
            assert!(started.elapsed() < PATIENCE, "no {what:?} on:\n{screen}");
            std::thread::park_timeout(Duration::from_millis(50));
        }
    }

    /// The shell is back, says that it left with this code, and its terminal behaves.
    ///
    /// # Panics
    /// It is not so.
    #[track_caller]
    pub fn is_restored(&self) {
        self.wait_for("left with 0");
        self.run("clear; stty -a | grep -o -- '-*icanon'; echo shown''again");
        let screen = self.wait_for("shownagain");
        assert!(
            screen.lines().any(|line| line == "icanon"),
            "raw mode was left on:\n{screen}"
        );
        let alternate = self.call(&[
            "display-message",
            "-p",
            "#{alternate_on} #{cursor_flag} #{mouse_any_flag}",
        ]);
        assert_eq!(String::from_utf8_lossy(&alternate.stdout).trim(), "0 1 0");
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.call(&["kill-server"]);
    }
}
