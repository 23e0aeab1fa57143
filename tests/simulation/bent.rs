//! The clocks of the daemon's machine: somebody sets the wall clock, while tokio's time goes on.
//!
//! The machine's boot clock counts true time, and AWS knows it. What the engine makes of the three is the real rule: its
//! [`GuardedClock`], with the mark that the daemon before has left in the tables.

use super::clock::SimClock;
use super::script::{HOUR, MINUTE, SECOND, STORM, Span};
use super::world::World;
use chrono::TimeDelta;
use futures::future::BoxFuture;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::sync::Arc;
use std::time::Duration;
use teamd_domain::Time;
use teamd_domain::clock::Reading;
use teamd_engine::{Guard, start_clock};
use teamd_host::clock::{Clock, GuardedClock, Readings};
use teamd_store::Store;

/// Around a bend the clocks are looked at this often: steps are noticed so much later at most.
pub(crate) const LOOK: i64 = 5 * SECOND;

/// For so long after a bend they are: the rule wants a minute of agreement.
const AFTERWARDS: i64 = 10 * MINUTE;

/// The wall clock is wrong by so much, from and up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bend {
    pub(crate) span: Span,
    pub(crate) by: i64,
}

/// Steps of a minute to ten years, both ways, for minutes to hours; mostly while somebody's access begins or ends. By
/// dice of its own.
pub(crate) fn bends(seed: u64, begins: &[i64]) -> Vec<Bend> {
    let mut rng = StdRng::seed_from_u64(seed ^ 0x5eed_0004);
    let mut bends: Vec<Bend> = Vec::new();
    for _ in 0..rng.random_range(0..4) {
        let from = if rng.random_bool(0.8) && !begins.is_empty() {
            begins[rng.random_range(0..begins.len())] + rng.random_range(-20 * MINUTE..HOUR)
        } else {
            rng.random_range(2 * HOUR..STORM - 8 * HOUR)
        };
        let from = from.clamp(2 * HOUR, STORM - 8 * HOUR);
        let length = match rng.random_range(0..4) {
            0 => rng.random_range(HOUR..5 * HOUR),
            1 => rng.random_range(5 * SECOND..2 * MINUTE),
            _ => rng.random_range(2 * MINUTE..HOUR),
        };
        let size = match rng.random_range(0..4) {
            0 => rng.random_range(MINUTE..10 * MINUTE),
            1 => rng.random_range(10 * MINUTE..5 * HOUR),
            2 => rng.random_range(5 * HOUR..30 * 24 * HOUR),
            _ => 3_650 * 24 * HOUR,
        };
        let by = if rng.random_bool(0.5) { size } else { -size };
        let span = (from, from + length);
        let is_free = |other: &Bend| span.1 + AFTERWARDS < other.span.0 || other.span.1 + AFTERWARDS < span.0;
        if bends.iter().all(is_free) {
            bends.push(Bend { span, by });
        }
    }
    bends.sort_by_key(|bend| bend.span);
    bends
}

/// The clocks of the machine.
struct Machine {
    world: Arc<World>,
}

impl Readings for Machine {
    fn read(&self) -> Reading {
        let now = self.world.now();
        let bends = &self.world.script.bends;
        let bend = bends
            .iter()
            .find(|bend| (bend.span.0..bend.span.1).contains(&now));
        Reading {
            wall: SimClock::time(now + bend.map_or(0, |bend| bend.by)),
            boot: TimeDelta::milliseconds(now),
        }
    }

    fn boot_id(&self) -> Option<String> {
        Some("51e0".to_owned())
    }
}

/// The daemon's clock.
struct Bent {
    machine: Machine,
    /// None: the wall clock is believed.
    guard: Option<GuardedClock>,
}

impl Bent {
    /// What is left until the clocks have to be looked at.
    fn quiet(&self) -> i64 {
        let now = self.machine.world.now();
        let mut bends = self.machine.world.script.bends.iter();
        match bends.find(|bend| now < bend.span.1 + AFTERWARDS) {
            Some(bend) if now < bend.span.0 => (bend.span.0 - now).min(6 * HOUR),
            Some(_) => LOOK,
            None => 6 * HOUR,
        }
    }
}

impl Clock for Bent {
    fn now(&self) -> Time {
        match &self.guard {
            Some(guard) => guard.now(),
            None => self.machine.read().wall,
        }
    }

    fn due(&self) -> Time {
        self.guard.as_ref().map_or_else(|| self.now(), Clock::due)
    }

    fn guard(&self) -> Option<&GuardedClock> {
        self.guard.as_ref()
    }

    fn sleep_until<'a>(&'a self, at: Time) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            loop {
                let left = (at - self.now()).min(self.longest_nap());
                match left.to_std() {
                    Ok(left) if !left.is_zero() => tokio::time::sleep(left).await,
                    _ => return,
                }
            }
        })
    }

    fn longest_nap(&self) -> TimeDelta {
        // Deadlines are looked at less often than the clocks: that costs more, and news of the clocks wakes them.
        TimeDelta::milliseconds(self.quiet().max(30 * SECOND))
    }

    fn look_again_in(&self) -> Duration {
        Duration::from_millis(self.quiet().unsigned_abs())
    }
}

impl World {
    /// The clock of a daemon that starts now; none where the tables cannot be read.
    pub(crate) async fn daemon_clock(self: &Arc<Self>, store: &Store) -> Option<Arc<dyn Clock>> {
        let machine = || Machine {
            world: Arc::clone(self),
        };
        let guard = match self.without {
            Some(Guard::ClockRule) => None,
            _ => Some(start_clock(store, Box::new(machine())).await.ok()?),
        };
        Some(Arc::new(Bent {
            machine: machine(),
            guard,
        }))
    }
}
