//! `teamd`, started, killed and stopped.

use crate::log::Log;
use crate::wait::eventually_every;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::net::UnixStream;
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How often a daemon that starts is looked at: it takes a few hundredths of a second.
const LOOK: Duration = Duration::from_millis(8);

/// From the start of the process to the first answer.
const START: Duration = Duration::from_secs(30);

/// Bytes that the pipe of [`Options::pipe_log`] holds: the least that Linux allows.
const LOG_PIPE: usize = 4096;

/// Sets what only a shell can set without `unsafe`, and becomes the program.
const LIMITED: &str =
    r#"[ -z "$1" ] || ulimit -n "$1"; [ -z "$2" ] || echo $$ >"$2/cgroup.procs"; shift 2; exec "$@""#;

/// What a daemon runs with.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The most file descriptors that it may have.
    pub descriptors: Option<u64>,
    /// The cgroup that it runs in.
    pub cgroup: Option<PathBuf>,
    /// Variables of its environment.
    pub environment: Vec<(&'static str, OsString)>,
    /// Its standard error is a pipe, which [`Daemon::read_log`] stops and starts reading.
    pub pipe_log: bool,
}

/// A daemon on one configuration. Dropped, it is killed.
#[derive(Debug)]
pub struct Daemon {
    binary: PathBuf,
    config: PathBuf,
    socket: PathBuf,
    log: Log,
    options: Options,
    reading: watch::Sender<bool>,
    readers: Mutex<JoinSet<()>>,
    child: Mutex<Option<Child>>,
}

impl Daemon {
    /// Starts it, and waits until the socket accepts.
    pub async fn start(binary: &Path, config: &Path, socket: &Path, log: &Path) -> Self {
        Self::start_with(binary, config, socket, log, Options::default()).await
    }

    /// The same with limits and an environment.
    pub async fn start_with(
        binary: &Path,
        config: &Path,
        socket: &Path,
        log: &Path,
        options: Options,
    ) -> Self {
        let daemon = Self {
            binary: binary.to_owned(),
            config: config.to_owned(),
            socket: socket.to_owned(),
            log: Log::new(log.to_owned()),
            options,
            reading: watch::Sender::new(true),
            readers: Mutex::default(),
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
        let mut command = program(Path::new("/bin/sh"));
        let descriptors = self.options.descriptors.map(|most| most.to_string());
        command.args(["-c", LIMITED, "sh", &descriptors.unwrap_or_default()]);
        command.arg(self.options.cgroup.clone().unwrap_or_default());
        command.arg(&self.binary).arg("--config").arg(&self.config);
        command.envs(self.options.environment.iter().cloned());
        command.stdout(self.log.stdio());
        if !self.options.pipe_log {
            command.stderr(self.log.stdio());
            *self.child() = Some(command.spawn().expect("teamd runs"));
            return;
        }
        let mut child = command.stderr(Stdio::piped()).spawn().expect("teamd runs");
        let stderr = child.stderr.take().expect("piped");
        rustix::pipe::fcntl_setpipe_size(&stderr, LOG_PIPE).expect("a small pipe");
        let copy = copy_log(stderr, self.log.file(), self.reading.subscribe());
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.spawn(copy);
        drop(readers);
        *self.child() = Some(child);
    }

    /// Whether what it logs is read; with [`Options::pipe_log`].
    pub fn read_log(&self, reading: bool) {
        self.reading.send_replace(reading);
    }

    /// The process id.
    ///
    /// # Panics
    /// It does not run.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child().as_ref().and_then(Child::id).expect("it runs")
    }

    /// Whether the process is there.
    #[must_use]
    pub fn is_running(&self) -> bool {
        let mut child = self.child();
        child
            .as_mut()
            .is_some_and(|child| matches!(child.try_wait(), Ok(None)))
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
        let id = i32::try_from(self.id()).expect("a process id");
        kill(Pid::from_raw(id), signal).expect("it can be signalled");
    }

    /// SIGTERM, and how it ended.
    ///
    /// # Panics
    /// It does not end within 15 seconds.
    pub async fn stop(&self) -> ExitStatus {
        self.try_stop().await.expect("SIGTERM ends teamd")
    }

    /// The same; none, and killed: it did not end in time.
    ///
    /// # Panics
    /// It does not run.
    pub async fn try_stop(&self) -> Option<ExitStatus> {
        self.signal(Signal::SIGTERM);
        let child = self.child().take();
        let mut child = child.expect("it runs");
        let ended = tokio::time::timeout(Duration::from_secs(15), child.wait()).await;
        ended.ok().map(|status| status.expect("its status"))
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

async fn copy_log(mut from: ChildStderr, mut to: std::fs::File, mut reading: watch::Receiver<bool>) {
    let mut buffer = [0; LOG_PIPE];
    while reading.wait_for(|reading| *reading).await.is_ok() {
        match from.read(&mut buffer).await {
            Ok(length @ 1..) => drop(to.write_all(&buffer[..length])),
            Ok(0) | Err(_) => return,
        }
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
