//! When a second daemon is started, and when another process holds the lock of the database.

use super::script::{HOUR, MINUTE, SECOND, STORM, Script};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

impl Script {
    /// Somebody starts a second daemon, mostly while there is work for both. By dice of its own: what the other dice say
    /// stays as it is.
    pub(super) fn take_over(&mut self) {
        let mut rng = StdRng::seed_from_u64(self.seed ^ 0x5eed_0003);
        for _ in 0..rng.random_range(0..3) {
            let plea = &self.pleas[rng.random_range(0..self.pleas.len())];
            let at = plea.begins() + rng.random_range(-MINUTE..10 * MINUTE);
            let stays = rng.random_range(MINUTE..2 * HOUR);
            self.takeovers.push((at.clamp(HOUR, STORM - HOUR), stays));
        }
        self.takeovers.sort_unstable();
    }
}

impl Script {
    /// Another process holds the lock of the database, mostly over the end of somebody's access. By dice of its own.
    ///
    /// It lets go a minute before the daemon dies or another one starts: what was done in memory is gone with the
    /// process, and a start on a locked database goes by the leases file, which this world does not have.
    pub(super) fn lock(&mut self) {
        let mut rng = StdRng::seed_from_u64(self.seed ^ 0x5eed_0005);
        for _ in 0..rng.random_range(0..4) {
            let plea = &self.pleas[rng.random_range(0..self.pleas.len())];
            let from = (plea.ends() + rng.random_range(-2 * MINUTE..MINUTE)).clamp(HOUR, STORM - 4 * HOUR);
            let length = match rng.random_range(0..3) {
                0 => rng.random_range(SECOND..MINUTE),
                1 => rng.random_range(MINUTE..20 * MINUTE),
                _ => rng.random_range(20 * MINUTE..3 * HOUR),
            };
            let changes = self.instances.iter().flat_map(|(from, to)| [from, to]);
            let restarts = self.crashes.iter().chain(self.takeovers.iter().map(|(at, _)| at));
            let restarts = restarts.chain(changes);
            let next_restart = restarts.filter(|at| **at >= from).min();
            let to = next_restart.map_or(from + length, |at| (from + length).min(at - MINUTE));
            if to > from {
                self.locks.push((from, to));
            }
        }
        self.locks.sort_unstable();
    }
    /// Whether what was done in memory may not be written down yet.
    pub(super) fn is_locked(&self, now: i64) -> bool {
        /// From the end of a lock until everything is written down.
        const RECOVERY: i64 = 30 * SECOND;
        let mut locks = self.locks.iter();
        locks.any(|(from, to)| (*from..*to + RECOVERY).contains(&now))
    }
}
