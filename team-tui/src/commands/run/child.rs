//! The command: where its AWS configuration is, what of the environment it does not get, and signals on their way to it.

use super::super::{Context, Failure, wait};
use super::say_aloud;
use crate::profile::Profile;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;
use team_shared::duration::Seconds;
use team_shared::ids::RequestId;
use team_shared::state::RequestState;
use tokio::process::{Child, Command};
use tokio::signal::unix::{Signal as Arrivals, SignalKind, signal};

/// Variables that AWS's tools would take before the profile.
const OVERRIDES: [&str; 13] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_DEFAULT_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
];

/// What a shell answers for a command that is not there, and for one that cannot be run.
const NOT_FOUND: u8 = 127;
const NOT_RUNNABLE: u8 = 126;

/// States in which the access is not there any more.
const OVER: [RequestState; 5] = [
    RequestState::Ending,
    RequestState::Ended,
    RequestState::Revoked,
    RequestState::Failed,
    RequestState::Lost,
];

/// Longer than any access.
const EVER: &str = "365d";

/// A private folder with the AWS configuration; goes when dropped.
pub(super) struct Place {
    _folder: tempfile::TempDir,
    pub(super) config: PathBuf,
    profile: String,
}

impl Place {
    pub(super) fn new(profile: &Profile) -> io::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("team-tui-run-")
            .permissions(std::fs::Permissions::from_mode(0o700))
            .tempdir()?;
        let config = folder.path().join("config");
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&config)?;
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        file.write_all(profile.text().as_bytes())?;
        Ok(Self {
            _folder: folder,
            config,
            profile: profile.name.clone(),
        })
    }

    /// Gives the profile to a command, and takes away what would go before it.
    pub(super) fn equip(&self, command: &mut Command) {
        for name in OVERRIDES {
            command.env_remove(name);
        }
        command
            .env("AWS_CONFIG_FILE", &self.config)
            .env("AWS_PROFILE", &self.profile);
    }
}

/// Signals that would end us.
pub(super) struct Signals([(Signal, Arrivals); 4]);

impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self([
            (Signal::SIGINT, signal(SignalKind::interrupt())?),
            (Signal::SIGQUIT, signal(SignalKind::quit())?),
            (Signal::SIGTERM, signal(SignalKind::terminate())?),
            (Signal::SIGHUP, signal(SignalKind::hangup())?),
        ]))
    }

    /// The next that arrives.
    pub(super) async fn next(&mut self) -> Signal {
        let [int, quit, term, hup] = &mut self.0;
        tokio::select! {
            _ = int.1.recv() => int.0,
            _ = quit.1.recv() => quit.0,
            _ = term.1.recv() => term.0,
            _ = hup.1.recv() => hup.0,
        }
    }
}

/// The exit code that shells give for a death by this signal.
pub(super) fn code_of(signal: Signal) -> u8 {
    128_u8.saturating_add(u8::try_from(signal as i32).unwrap_or(0))
}

/// Runs the command to its end: its exit code.
pub(super) async fn run(
    cx: &Context,
    id: &RequestId,
    words: &[OsString],
    place: &Place,
    signals: &mut Signals,
) -> Result<u8, Failure> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(Failure::usage("no command", "give it after --"));
    };
    let mut command = Command::new(program);
    command.args(arguments);
    place.equip(&mut command);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            say_aloud(&format!("error: {}: {error}", program.to_string_lossy()));
            return Ok(match error.kind() {
                io::ErrorKind::NotFound => NOT_FOUND,
                _ => NOT_RUNNABLE,
            });
        }
    };
    let ever: Seconds = EVER.parse()?;
    let mut over = std::pin::pin!(wait::until(cx, id, &OVER, ever));
    let mut watched = true;
    loop {
        tokio::select! {
            status = child.wait() => return Ok(code(status?)),
            signal = signals.next() => pass_on(&child, signal),
            ended = &mut over, if watched => {
                watched = false;
                if let Ok(view) = ended {
                    say_aloud(&format!(
                        "the access {} is {}; the command goes on without it", id.short(), view.state
                    ));
                }
            }
        }
    }
}

/// Runs a helper of ours to its end, with signals passed on.
pub(super) async fn finish(
    child: &mut Child,
    signals: &mut Signals,
) -> io::Result<(ExitStatus, Option<Signal>)> {
    let mut last = None;
    loop {
        tokio::select! {
            status = child.wait() => return Ok((status?, last)),
            signal = signals.next() => {
                last = Some(signal);
                pass_on(child, signal);
            }
        }
    }
}

fn code(status: ExitStatus) -> u8 {
    let number = status
        .code()
        .or_else(|| Some(128 + status.signal()?))
        .unwrap_or(1);
    u8::try_from(number).unwrap_or(1)
}

/// Passes a signal to the child, unless the terminal has given it one of its own: a second interrupt means "at once" to
/// many programs.
fn pass_on(child: &Child, signal: Signal) {
    if matches!(signal, Signal::SIGINT | Signal::SIGQUIT) && is_in_foreground() {
        return;
    }
    if let Some(pid) = child.id().and_then(|pid| i32::try_from(pid).ok()) {
        // It may have gone in this very moment.
        let _ = kill(Pid::from_raw(pid), signal);
    }
}

/// Whether the keys of a terminal reach our process group, and so the child too.
fn is_in_foreground() -> bool {
    std::fs::File::open("/dev/tty")
        .ok()
        .and_then(|terminal| nix::unistd::tcgetpgrp(&terminal).ok())
        .is_some_and(|group| group == nix::unistd::getpgrp())
}
