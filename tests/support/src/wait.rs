//! Waiting for conditions, with a deadline.

use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How often to look.
const LOOK: Duration = Duration::from_millis(60);

/// Looks until there is something, and fails the test where there is nothing in time.
///
/// # Panics
/// Nothing in time.
pub async fn eventually<T>(what: &str, within: Duration, look: impl AsyncFnMut() -> Option<T>) -> T {
    eventually_every(LOOK, what, within, look).await
}

/// The same, looking as often as said.
///
/// # Panics
/// Nothing in time.
pub async fn eventually_every<T>(
    every: Duration,
    what: &str,
    within: Duration,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> T {
    let deadline = Instant::now() + within;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "not within {within:?}: {what}");
        sleep(every).await;
    }
}
