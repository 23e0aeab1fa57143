//! What a test has told the points, through the registry of the `fail` crate: `return(error)`, `return(late)`,
//! `return(crash)`, and that crate's own `panic`.

use crate::failpoint::{Injected, POINTS};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

/// How late something is that is late.
const LATE: Duration = Duration::from_secs(30);

static IS_CRASHED: AtomicBool = AtomicBool::new(false);
static CRASH: Notify = Notify::const_new();
static BLOCKED_SECONDS: AtomicU64 = AtomicU64::new(0);

enum Told {
    Nothing,
    Fail,
    Late,
    Crash,
}

fn told(name: &'static str) -> Told {
    assert!(POINTS.contains(&name), "{name} is not in the list");
    if IS_CRASHED.load(Ordering::SeqCst) {
        return Told::Crash;
    }
    fail::fail_point!(name, |what| match what.as_deref() {
        Some("late") => Told::Late,
        Some("crash") => {
            IS_CRASHED.store(true, Ordering::SeqCst);
            CRASH.notify_one();
            Told::Crash
        }
        Some(_) | None => Told::Fail,
    });
    Told::Nothing
}

/// Passes, or does what the test has said. After a crash nothing passes any more. What is late here keeps everything
/// waiting: see [`blocked`].
///
/// # Errors
/// The test wants one.
pub fn hit(name: &'static str) -> Result<(), Injected> {
    match told(name) {
        Told::Nothing => Ok(()),
        Told::Fail | Told::Crash => Err(Injected(name)),
        Told::Late => {
            BLOCKED_SECONDS.fetch_add(LATE.as_secs(), Ordering::SeqCst);
            Ok(())
        }
    }
}

/// The same where waiting keeps nobody else from going on. After a crash it waits for ever.
///
/// # Errors
/// The test wants one.
pub async fn pass(name: &'static str) -> Result<(), Injected> {
    match told(name) {
        Told::Nothing => Ok(()),
        Told::Fail => Err(Injected(name)),
        Told::Late => {
            tokio::time::sleep(LATE).await;
            Ok(())
        }
        Told::Crash => std::future::pending().await,
    }
}

/// For how long the whole daemon stood still in late points. A test's clock adds it, instead of waiting.
#[must_use]
pub fn blocked() -> Duration {
    Duration::from_secs(BLOCKED_SECONDS.load(Ordering::SeqCst))
}

/// Waits for a crash.
pub async fn crashed() {
    if !IS_CRASHED.load(Ordering::SeqCst) {
        CRASH.notified().await;
    }
}

/// Another life begins: points pass again.
pub fn revive() {
    IS_CRASHED.store(false, Ordering::SeqCst);
}
