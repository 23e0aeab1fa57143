//! `team-tui`, run as somebody.

use crate::users::Login;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// No verb of these tests takes longer.
const LONGEST: Duration = Duration::from_secs(120);

/// The client's binary, and the socket it talks to.
#[derive(Debug, Clone)]
pub struct Client {
    binary: PathBuf,
    socket: PathBuf,
}

/// What came of a verb.
#[derive(Debug, Clone)]
pub struct Said {
    /// The exit code; -1 where a signal ended it.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Client {
    /// The client beside the daemon's own binary. Where other users cannot reach it, a copy in `folder`, which they can.
    ///
    /// # Panics
    /// It is not there: only `cargo test --workspace` builds both.
    #[must_use]
    pub fn beside(teamd: &Path, socket: &Path, folder: &Path) -> Self {
        let mut binary = teamd.with_file_name("team-tui");
        assert!(
            binary.exists(),
            "there is no {}: run `cargo test --workspace`, which builds both programs",
            binary.display()
        );
        if !everybody_reaches(&binary) {
            let copy = folder.join("team-tui");
            std::fs::copy(&binary, &copy).expect("a copy of team-tui");
            std::fs::set_permissions(&copy, PermissionsExt::from_mode(0o755)).expect("a mode");
            binary = copy;
        }
        Self {
            binary,
            socket: socket.to_owned(),
        }
    }

    /// Runs a verb as somebody; none: as whoever runs the test.
    ///
    /// # Panics
    /// It does not run, or not to its end in time.
    pub async fn run(&self, login: Option<&Login>, args: &[&str]) -> Said {
        let mut command = Command::new(&self.binary);
        command.args(args).env_clear().env("TEAM_SOCKET", &self.socket);
        command
            .env("TZ", "UTC")
            .current_dir("/")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        if let Some(login) = login {
            command.uid(login.uid).gid(login.gid);
        }
        let ended = tokio::time::timeout(LONGEST, command.output()).await;
        let output = ended
            .unwrap_or_else(|_| panic!("team-tui {args:?} does not end"))
            .unwrap_or_else(|error| panic!("team-tui {args:?}: {error}"));
        Said {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Said {
    /// It did what it was asked.
    ///
    /// # Panics
    /// It did not.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{self}");
        self
    }

    /// It exited with this code.
    ///
    /// # Panics
    /// It did not.
    #[track_caller]
    pub fn fails(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self}");
        self
    }

    /// The document on standard output, of a verb that succeeded.
    ///
    /// # Panics
    /// It failed, or printed something else.
    #[track_caller]
    #[must_use]
    pub fn json(self) -> Value {
        let said = self.ok();
        serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said}"))
    }

    /// The problem document on standard error, with its code and the exit code that belongs to it.
    ///
    /// # Panics
    /// It is another one, or none.
    #[track_caller]
    pub fn problem(self, exit: i32, code: &str) -> Value {
        let said = self.fails(exit);
        let problem: Value =
            serde_json::from_str(&said.err).unwrap_or_else(|error| panic!("{error}: {said}"));
        assert_eq!(problem["code"], code, "{said}");
        assert!(
            problem["detail"].as_str().is_some_and(|text| !text.is_empty()),
            "{said}"
        );
        assert!(said.out.is_empty(), "data where there is none: {said}");
        problem
    }
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "exit {}\n{}{}", self.code, self.out, self.err)
    }
}

/// Whether others may execute the file, and enter each folder on the way.
fn everybody_reaches(path: &Path) -> bool {
    path.ancestors().all(|place| {
        std::fs::metadata(place).is_ok_and(|metadata| metadata.permissions().mode() & 0o001 != 0)
    })
}
