//! True time: tokio's paused time, which jumps to the next timer when nobody has anything to do.

use chrono::DateTime;
use teamd_domain::Time;
use tokio::time::Instant;

/// 2026-11-16T00:00:00Z.
const BEGINNING: i64 = 1_794_787_200_000;

/// A clock that shows tokio's time, which nobody can set.
pub(crate) struct SimClock {
    begun: Instant,
}

impl SimClock {
    /// Shows the beginning now.
    pub(crate) fn new() -> Self {
        Self {
            begun: Instant::now(),
        }
    }

    /// What has passed since the beginning, in milliseconds.
    pub(crate) fn elapsed(&self) -> i64 {
        i64::try_from(self.begun.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// The moment that lies so many milliseconds after the beginning.
    pub(crate) fn time(elapsed: i64) -> Time {
        DateTime::from_timestamp_millis(Self::epoch(elapsed)).expect("a moment near the present")
    }

    /// The same in milliseconds since the epoch.
    pub(crate) fn epoch(elapsed: i64) -> i64 {
        BEGINNING + elapsed
    }

    /// Sleeps until so many milliseconds have passed since the beginning.
    pub(crate) async fn until(&self, elapsed: i64) {
        let at = self.begun + std::time::Duration::from_millis(elapsed.max(0).unsigned_abs());
        tokio::time::sleep_until(at).await;
    }
}
