//! The daemon's clock: the machine's two clocks and AWS's, under the [rule](teamd_domain::clock).

use crate::clock::Clock;
use chrono::{DateTime, TimeDelta};
use futures::future::BoxFuture;
use rustix::time::{ClockId, clock_gettime};
use std::sync::{Mutex, MutexGuard, PoisonError};
use teamd_domain::Time;
use teamd_domain::clock::{ClockRule, Mark, News, Reading, Suspicion};

/// Where a machine says which run of it this is.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// The same from the unit, where the sandbox hides that file.
const BOOT_ID_VARIABLE: &str = "TEAMD_BOOT_ID";

/// Two readings of the boot clock that are further apart had something come between them: the machine slept.
const ONE_MOMENT: TimeDelta = TimeDelta::milliseconds(50);

/// With something due this soon, the clocks are looked at each second.
const SOON: TimeDelta = TimeDelta::minutes(1);

/// The machine's clocks.
pub trait Readings: Send + Sync {
    /// Both, at one moment.
    fn read(&self) -> Reading;
    /// Which run of the machine this is, where it can be known.
    fn boot_id(&self) -> Option<String>;
}

/// The clocks of this machine: `CLOCK_REALTIME` and `CLOCK_BOOTTIME`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Machine;

impl Readings for Machine {
    fn read(&self) -> Reading {
        let mut before = boot_clock();
        for _ in 0..8 {
            let wall = wall_clock();
            let boot = boot_clock();
            if boot - before < ONE_MOMENT {
                return Reading { wall, boot };
            }
            before = boot;
        }
        Reading {
            wall: wall_clock(),
            boot: before,
        }
    }

    fn boot_id(&self) -> Option<String> {
        std::fs::read_to_string(BOOT_ID)
            .ok()
            .or_else(|| std::env::var(BOOT_ID_VARIABLE).ok())
            .map(|id| {
                id.chars()
                    .filter(char::is_ascii_hexdigit)
                    .take(32)
                    .collect::<String>()
            })
            .filter(|id| !id.is_empty())
    }
}

fn boot_clock() -> TimeDelta {
    let read = clock_gettime(ClockId::Boottime);
    TimeDelta::seconds(read.tv_sec) + TimeDelta::nanoseconds(read.tv_nsec)
}

fn wall_clock() -> Time {
    let read = clock_gettime(ClockId::Realtime);
    let nanos = u32::try_from(read.tv_nsec).unwrap_or_default();
    DateTime::from_timestamp(read.tv_sec, nanos).unwrap_or(Time::MIN_UTC)
}

/// A clock that does not believe any clock alone.
pub struct GuardedClock {
    readings: Box<dyn Readings>,
    rule: Mutex<ClockRule>,
}

impl GuardedClock {
    /// Begins with what a run before has left: its mark, and when the newest row of the trail was written.
    #[must_use]
    pub fn start(readings: Box<dyn Readings>, mark: Option<&Mark>, newest: Option<Time>) -> Self {
        let rule = ClockRule::start(readings.read(), readings.boot_id(), mark, newest);
        Self {
            readings,
            rule: Mutex::new(rule),
        }
    }

    /// Looks at the clocks and, with the rule held still, at what it says.
    pub fn look<T>(&self, see: impl FnOnce(&ClockRule) -> T) -> T {
        let mut rule = self.rule();
        rule.observe(self.readings.read());
        see(&rule)
    }

    /// What has happened since this was asked last.
    pub fn take_news(&self) -> Vec<News> {
        self.rule().take_news()
    }

    /// The boot clock: the moment at which something was asked of AWS.
    #[must_use]
    pub fn stamp(&self) -> TimeDelta {
        self.readings.read().boot
    }

    /// AWS has answered what was asked at `sent`, with this `Date`.
    pub fn hear(&self, date: Time, sent: TimeDelta) {
        self.rule().hear(date, sent, self.readings.read());
    }

    /// Why the clocks are not believed, if they are not.
    #[must_use]
    pub fn suspicion(&self) -> Option<Suspicion> {
        self.look(|rule| rule.suspicion().cloned())
    }

    /// What the wall clock says, and the mark if that were accepted.
    #[must_use]
    pub fn as_accepted(&self) -> Mark {
        let reading = self.readings.read();
        Mark {
            at: reading.wall,
            boot: reading.boot,
            boot_id: self.readings.boot_id(),
        }
    }

    /// Takes the wall clock's word, on root's. Answers what the time was before.
    pub fn accept(&self) -> Time {
        self.rule().accept(self.readings.read())
    }

    // Readings are taken under the lock, so that they come in order.
    fn rule(&self) -> MutexGuard<'_, ClockRule> {
        self.rule.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for GuardedClock {
    fn now(&self) -> Time {
        self.rule().observe(self.readings.read()).now
    }

    fn due(&self) -> Time {
        self.rule().observe(self.readings.read()).due
    }

    fn sleep_until<'a>(&'a self, at: Time) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            loop {
                let left = at - self.now();
                if left <= TimeDelta::zero() {
                    return;
                }
                let nap = if left <= SOON {
                    TimeDelta::seconds(1)
                } else {
                    self.longest_nap()
                };
                tokio::time::sleep(left.min(nap).to_std().unwrap_or_default()).await;
            }
        })
    }

    fn guard(&self) -> Option<&GuardedClock> {
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use crate::clock::SystemClock;
    use crate::clock::guarded::*;
    use std::sync::Arc;

    #[test]
    fn the_clocks_of_this_machine_are_read() {
        let (first, second) = (Machine.read(), Machine.read());
        assert!(second.boot >= first.boot && first.boot > TimeDelta::zero());
        assert!((first.wall - SystemClock.now()).abs() < TimeDelta::seconds(5));
    }

    #[tokio::test]
    async fn it_waits_until_then() {
        let clock = GuardedClock::start(Box::new(Machine), None, None);
        let at = clock.now() + TimeDelta::milliseconds(30);
        clock.sleep_until(at).await;
        assert!(clock.now() >= at);
        assert!(clock.due() >= at && clock.suspicion().is_none());
    }

    #[test]
    fn threads_see_one_time() {
        let clock = Arc::new(GuardedClock::start(Box::new(Machine), None, None));
        let last = Arc::new(Mutex::new(clock.now()));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..2000 {
                        let mut last = last.lock().unwrap();
                        let now = clock.now();
                        assert!(now >= *last);
                        *last = now;
                    }
                });
            }
        });
    }
}
