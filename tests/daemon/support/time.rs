//! The system's clock, put forward: hours pass at once, and everything else takes its time.

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use std::sync::{Mutex, PoisonError};
use teamd_host::clock::{Clock, SystemClock};
use tokio::sync::Notify;

/// A clock that is ahead of the system's, by nothing at first.
#[derive(Debug, Default)]
pub(crate) struct Ahead {
    by: Mutex<TimeDelta>,
    moved: Notify,
}

impl Ahead {
    /// Puts it forward.
    pub(crate) fn shift(&self, by: TimeDelta) {
        *self.by.lock().unwrap_or_else(PoisonError::into_inner) += by;
        self.moved.notify_waiters();
    }

    /// By how much it is ahead.
    pub(crate) fn by(&self) -> TimeDelta {
        *self.by.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for Ahead {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + self.by()
    }

    fn sleep_until<'a>(&'a self, at: DateTime<Utc>) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            loop {
                let moved = self.moved.notified();
                tokio::pin!(moved);
                // Registered before the clock is read: a shift in between is not missed.
                moved.as_mut().enable();
                if self.now() >= at {
                    return;
                }
                tokio::select! {
                    () = SystemClock.sleep_until(at - self.by()) => {}
                    () = moved => {}
                }
            }
        })
    }
}
