//! The clock: the only place that asks the system for the time. Everything else is given `now` or a [`Clock`].
//!
//! The daemon runs on a [`GuardedClock`], tools on the [`SystemClock`], tests on a [`ManualClock`].

mod guarded;

pub use guarded::{GuardedClock, Machine, Readings};

use chrono::SubsecRound;
use chrono::TimeDelta;
use futures::future::BoxFuture;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use teamd_domain::Time;
use tokio::sync::Notify;

/// Tells the time and waits for it.
pub trait Clock: Send + Sync {
    /// Now, in UTC.
    fn now(&self) -> Time;
    /// Returns once [`now`](Self::now) is `at` or later; at once if it is already. May be dropped at any point.
    fn sleep_until<'a>(&'a self, at: Time) -> BoxFuture<'a, ()>;
    /// The time that ends are judged by: never before [`now`](Self::now), and later where clocks disagree.
    fn due(&self) -> Time {
        self.now()
    }
    /// The guard, where there is one.
    fn guard(&self) -> Option<&GuardedClock> {
        None
    }
    /// The longest that a loop may sleep before it reads this clock again: a wall clock that jumps, or a machine that
    /// was suspended, is noticed within it. A clock that cannot jump may answer more.
    fn longest_nap(&self) -> TimeDelta {
        LONGEST_NAP
    }
    /// How long to wait before the clocks are compared again where nobody asks for the time. A simulation that knows when
    /// its clock is bent may answer more.
    fn look_again_in(&self) -> Duration {
        LOOK_EVERY
    }
}

/// How often the clocks of a real machine are compared.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The longest single sleep under a clock of a real machine.
const LONGEST_NAP: TimeDelta = TimeDelta::seconds(5);

/// The system's wall clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(
        clippy::disallowed_methods,
        reason = "the one place where the wall clock is read"
    )]
    fn now(&self) -> Time {
        // To the millisecond, which is what the store keeps: what is answered now and after a restart is the same.
        chrono::Utc::now().trunc_subsecs(3)
    }

    fn sleep_until<'a>(&'a self, at: Time) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            // A moment in the past has no Duration: that ends the loop.
            while let Ok(left) = (at - self.now()).to_std() {
                if left.is_zero() {
                    break;
                }
                tokio::time::sleep(left.min(self.longest_nap().to_std().unwrap_or_default())).await;
            }
        })
    }
}

/// A clock that stands still until it is moved: for tests.
#[derive(Debug)]
pub struct ManualClock {
    now: Mutex<Time>,
    moved: Notify,
}

impl ManualClock {
    /// A clock that shows this moment.
    #[must_use]
    pub fn new(now: Time) -> Self {
        Self {
            now: Mutex::new(now),
            moved: Notify::new(),
        }
    }

    /// Moves it on, or back, and wakes whoever waits for a moment that has come.
    pub fn advance(&self, by: TimeDelta) {
        let now = self.now() + by;
        self.set(now);
    }

    /// Sets it, and wakes whoever waits for a moment that has come.
    pub fn set(&self, now: Time) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = now;
        self.moved.notify_waiters();
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Time {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sleep_until<'a>(&'a self, at: Time) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            loop {
                let moved = self.moved.notified();
                tokio::pin!(moved);
                // Registered before the clock is read: a move in between is not missed.
                moved.as_mut().enable();
                if self.now() >= at {
                    return;
                }
                moved.await;
            }
        })
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tasks of a test end with its runtime")]
mod tests {
    use crate::clock::*;
    use chrono::DateTime;
    use std::sync::Arc;

    fn start() -> Time {
        DateTime::from_timestamp(1_795_000_000, 0).unwrap()
    }

    #[tokio::test]
    async fn a_manual_clock_wakes_sleepers_when_their_moment_has_come() {
        let clock = Arc::new(ManualClock::new(start()));
        let sleeper = {
            let clock = Arc::clone(&clock);
            tokio::spawn(async move { clock.sleep_until(start() + TimeDelta::seconds(10)).await })
        };
        tokio::task::yield_now().await;
        clock.advance(TimeDelta::seconds(9));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(TimeDelta::seconds(1));
        sleeper.await.unwrap();
        assert_eq!(clock.now(), start() + TimeDelta::seconds(10));
    }

    #[tokio::test]
    async fn a_moment_that_has_passed_does_not_wait() {
        let clock = ManualClock::new(start());
        clock.sleep_until(start() - TimeDelta::hours(1)).await;
        SystemClock
            .sleep_until(SystemClock.now() - TimeDelta::hours(1))
            .await;
    }

    #[tokio::test]
    async fn the_system_clock_waits_until_then() {
        let at = SystemClock.now() + TimeDelta::milliseconds(30);
        SystemClock.sleep_until(at).await;
        assert!(SystemClock.now() >= at);
    }
}
