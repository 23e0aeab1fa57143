//! The one place that reads the wall clock. Everything else gets `now` as an argument.

use chrono::{DateTime, Utc};
use std::sync::Arc;

/// Where the time comes from; tests and recordings bring their own.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// The machine's clock.
#[must_use]
pub fn system() -> Clock {
    Arc::new(now)
}

/// The machine's time.
#[allow(clippy::disallowed_methods, reason = "the one place that may read the clock")]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}
