//! `teamd`, started, killed and stopped.

use crate::log::Log;
use crate::wait::eventually_every;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::process::{Child, Command};

/// How often a daemon that starts is looked at: it takes a few hundredths of a second.
const LOOK: Duration = Duration::from_millis(8);

/// From the start of the process to the first answer.
const START: Duration = Duration::from_secs(30);

/// A daemon on one configuration. Dropped, it is killed.
#[derive(Debug)]
pub struct Daemon {
    binary: PathBuf,
    config: PathBuf,
    socket: PathBuf,
    log: Log,
    child: Mutex<Option<Child>>,
}

impl Daemon {
    /// Starts it, and waits until the socket accepts.
    pub async fn start(binary: &Path, config: &Path, socket: &Path, log: &Path) -> Self {
        let daemon = Self {
            binary: binary.to_owned(),
            config: config.to_owned(),
            socket: socket.to_owned(),
            log: Log::new(log.to_owned()),
            child: Mutex::new(None),
        };
        daemon.start_again().await;
        daemon
    }

    /// Starts it on the store as it is.
    ///
    /// # Panics
    /// It does not start.
    pub async fn start_again(&self) {
        self.launch();
        self.listens().await;
    }

    /// Waits until the socket accepts.
    ///
    /// # Panics
    /// It does not run, or ends.
    pub async fn listens(&self) {
        let child = self.child().take();
        let mut child = child.expect("it was launched");
        let (socket, log) = (&self.socket, &self.log);
        eventually_every(LOOK, "teamd accepts on its socket", START, async || {
            if let Ok(Some(status)) = child.try_wait() {
                panic!("teamd ended with {status}:\n{}", log.tail());
            }
            // What a killed daemon left behind refuses.
            UnixStream::connect(socket).await.ok()
        })
        .await;
        *self.child() = Some(child);
    }

    /// Starts it, and does not wait for anything.
    ///
    /// # Panics
    /// It runs already, or cannot be run.
    pub fn launch(&self) {
        assert!(self.child().is_none(), "it runs");
        let mut command = program(&self.binary);
        command.arg("--config").arg(&self.config);
        command.stdout(self.log.stdio()).stderr(self.log.stdio());
        *self.child() = Some(command.spawn().expect("teamd runs"));
    }

    /// kill -9.
    pub async fn kill(&self) {
        let child = self.child().take();
        if let Some(mut child) = child {
            child.kill().await.expect("it can be killed");
        }
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let id = self.child().as_ref().and_then(Child::id).expect("it runs");
        let id = i32::try_from(id).expect("a process id");
        kill(Pid::from_raw(id), signal).expect("it can be signalled");
    }

    /// SIGTERM, and how it ended.
    ///
    /// # Panics
    /// It does not end within 15 seconds.
    pub async fn stop(&self) -> ExitStatus {
        self.signal(Signal::SIGTERM);
        let child = self.child().take();
        let mut child = child.expect("it runs");
        let ended = tokio::time::timeout(Duration::from_secs(15), child.wait()).await;
        ended.expect("SIGTERM ends teamd").expect("its status")
    }

    /// What it logged so far, over all its lives.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.text()
    }

    fn child(&self) -> MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs one of the daemon's own commands to its end.
///
/// # Panics
/// It does not end within a minute.
pub async fn teamd(binary: &Path, args: &[&str]) -> Output {
    let ended = program(binary)
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output();
    let ended = tokio::time::timeout(Duration::from_secs(60), ended).await;
    ended
        .unwrap_or_else(|_| panic!("teamd {args:?} does not end"))
        .expect("teamd runs")
}

/// A program without anything of the environment that runs the tests: no AWS configuration of this machine, no proxy.
pub fn program(binary: &Path) -> Command {
    let mut command = Command::new(binary);
    command
        .env_clear()
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    command
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("NO_COLOR", "1");
    for kept in ["PATH", "TMPDIR", "TEAMD_LOG", "RUST_BACKTRACE"] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}
