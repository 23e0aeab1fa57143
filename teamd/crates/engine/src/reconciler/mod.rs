//! Brings AWS to what is wanted. One level-triggered loop a key: it re-reads the truth before every step and takes no
//! input; boot, deadlines, replies and sweeps all just wake it.
//!
//! * `drivers` which keys are at work, asleep or waiting: ten thousand that wait are ten thousand rows, not tasks
//! * `drive` a key's loop, and its turns; `turn` what of it needs no AWS
//! * `places` who may send the next write · `calls` the calls; `listings` and `statuses` those that keys share

mod before_create;
mod calls;
mod drive;
mod drivers;
mod listings;
mod places;
mod statuses;
mod turn;

pub(super) use drivers::Drivers;
#[cfg(test)]
pub(crate) use turn::Turn;
pub(super) use turn::{about, hand_over};
pub use turn::{conclude, prepare};

use super::Engine;
use super::refused::Refused;
use drivers::Slot;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use teamd_domain::request::Key;

/// How often all keys with work are looked at, should a wake ever be missed.
const SCAN_EVERY: Duration = Duration::from_secs(15);

/// And how often at least, by a clock that lets loops sleep for long: a missed wake is mended by the scan alone.
const LONGEST_SCAN: Duration = Duration::from_secs(240);

impl Engine {
    pub(super) async fn run_reconciler(self: &Arc<Self>) {
        let queue = self
            .drivers
            .queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(mut queue) = queue else { return };
        self.poke_all().await;
        let mut scan = tokio::time::interval(self.nap(SCAN_EVERY).min(LONGEST_SCAN));
        scan.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            while let Some((key, slot)) = self.drivers.next_ready(self.clock.now()) {
                self.begin(key, slot).await;
            }
            let again = self.drivers.look_again_at(self.clock.now());
            let later = async {
                match again {
                    Some(at) => self.clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                _ = scan.tick() => self.poke_all().await,
                key = queue.recv() => {
                    let Some(key) = key else { return };
                    self.begin(key, None).await;
                }
                () = self.drivers.changed() => {}
                () = later => {}
            }
        }
    }

    /// Starts a key's driver. Few of them look at the store at a time; none of those waits for AWS meanwhile.
    async fn begin(self: &Arc<Self>, key: Key, slot: Option<Slot>) {
        let looking = tokio::select! {
            permit = self.drivers.looking() => permit,
            () = self.stop.cancelled() => return,
        };
        if let Some(wake) = self.drivers.start(&key) {
            let this = Arc::clone(self);
            self.shutdown.spawn_short(
                "driver",
                async move { this.drive(key, wake, slot, looking).await },
            );
        }
    }

    pub(super) async fn poke_all(&self) {
        if teamd_host::failpoint::pass("reconciler.scan").await.is_err() {
            return;
        }
        match self
            .store
            .read_for_removal(|read| Ok::<_, Refused>(read.keys_with_work()?))
            .await
        {
            Ok(keys) => keys.iter().for_each(|key| self.drivers.poke_unless_queued(key)),
            Err(error) => tracing::error!(%error, "keys with work cannot be read; trying again"),
        }
    }
}
