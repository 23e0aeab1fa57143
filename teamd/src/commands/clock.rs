//! `teamd clock accept`: root says that the wall clock is right. Through the daemon where one runs, on its store where
//! none does.

use super::{load, runtime};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::ExitCode;
use teamd_api::ask_to_accept_clock;
use teamd_config::Config;
use teamd_engine::{AcceptedClock, accept_offline};
use teamd_store::Store;

/// Not allowed.
const NOT_ALLOWED: u8 = 3;

/// What is wrong, and the exit code for it.
struct Failed(u8, String);

impl From<String> for Failed {
    fn from(why: String) -> Self {
        Self(1, why)
    }
}

/// `teamd clock accept`: exit 0 accepted, or nothing to accept; 3 not root; 1 it cannot be done.
#[must_use]
pub fn accept(path: Option<&Path>) -> ExitCode {
    match try_accept(path) {
        Ok(done) => {
            let at = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%dT%H:%M:%SZ");
            if done.was_suspect {
                println!(
                    "ok    accepted: it is {}; the time kept was {}",
                    at(done.now),
                    at(done.was)
                );
            } else {
                println!(
                    "ok    the clock is not suspect: nothing to accept; it is {}",
                    at(done.now)
                );
            }
            ExitCode::SUCCESS
        }
        Err(Failed(code, why)) => {
            eprintln!("teamd: {why}");
            ExitCode::from(code)
        }
    }
}

fn try_accept(path: Option<&Path>) -> Result<AcceptedClock, Failed> {
    if !nix::unistd::geteuid().is_root() {
        return Err(Failed(NOT_ALLOWED, "accepting the clock takes root".to_owned()));
    }
    let config = load(path).map_err(|errors| errors.to_string())?;
    let asked = runtime()
        .map_err(|error| error.to_string())?
        .block_on(ask_to_accept_clock(&config.server.socket));
    match asked {
        Ok(Some(done)) => Ok(done),
        Ok(None) => on_the_store(&config),
        Err(error) => Err(Failed(error.exit_code(), error.to_string())),
    }
}

/// Takes the daemon's lock, so that none can start meanwhile.
fn on_the_store(config: &Config) -> Result<AcceptedClock, Failed> {
    let path = &config.store.path;
    let failed = |error: &dyn std::fmt::Display| Failed(1, format!("{}: {error}", path.display()));
    if !path.exists() {
        return Err(failed(&"no daemon runs, and there is no store yet"));
    }
    let store = Store::open(path).map_err(|error| failed(&error))?;
    give_back(path).map_err(|error| failed(&error))?;
    let done = accept_offline(&store, own_login()).map_err(|error| failed(&error))?;
    store.close();
    Ok(done)
}

/// What root's opening has made beside the store belongs to the daemon, which could not open it otherwise.
fn give_back(path: &Path) -> std::io::Result<()> {
    let owner = std::fs::metadata(path)?;
    for ending in [".lock", "-wal", "-shm"] {
        let mut beside = path.as_os_str().to_owned();
        beside.push(ending);
        match std::os::unix::fs::lchown(beside, Some(owner.uid()), Some(owner.gid())) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// The login behind this process, where the kernel knows of one.
fn own_login() -> Option<u32> {
    let text = std::fs::read_to_string("/proc/self/loginuid").ok()?;
    text.trim().parse().ok().filter(|uid| *uid != u32::MAX)
}
