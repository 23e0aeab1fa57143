//! The dead-man's switch: for each key two schedules in AWS that delete the assignment, should this daemon be gone.
//!
//! One worker makes, moves and removes them; [`teamd_domain::backstop`] says which. Nobody waits for it: a create
//! that is not covered asks for it and is thought of again, a removal does not know of it. It is never the only record
//! of anything, and schedules that no row of the store vouches for are not acted upon.
//!
//! * `tend` one key, until there is nothing to do about it
//! * `sweep` what AWS has against what we think it has

mod sweep;
mod tend;
#[cfg(test)]
pub(super) mod tests;

use super::Engine;
use super::refused::Refused;
use chrono::TimeDelta;
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use team_shared::state::RequestState;
use teamd_aws::port::Schedules;
use teamd_domain::Time;
use teamd_domain::backstop::{Move, covers, next};
use teamd_domain::request::{Key, Request, State};
use teamd_store::WriteLane;
use teamd_store::port::{Read, RequestFilter, StoreResult};
use tokio::sync::mpsc;

/// What the names of our schedules begin with.
const PREFIX: &str = "teamd-";

/// Keys under way at once.
const AT_ONCE: usize = 8;

/// How often all keys are looked at, should a wake be missed.
const SCAN_EVERY: Duration = Duration::from_secs(15);

/// How close to each other retries are looked for.
const NOT_SOONER: TimeDelta = TimeDelta::milliseconds(500);

/// How often what AWS has is listed.
const SWEEP_EVERY: TimeDelta = TimeDelta::hours(1);

/// The worker's door, and what it could not do.
pub(super) struct Switches {
    schedules: Option<Arc<dyn Schedules>>,
    wanted: mpsc::UnboundedSender<Key>,
    queue: Mutex<Option<mpsc::UnboundedReceiver<Key>>>,
    trouble: Mutex<BTreeMap<Key, Trouble>>,
}

/// What went wrong with the schedules of a key, and when to try again.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Trouble {
    failures: u32,
    not_before: Time,
    setting: bool,
    error: String,
}

impl Switches {
    pub(super) fn new(schedules: Option<Arc<dyn Schedules>>) -> Self {
        let (wanted, queue) = mpsc::unbounded_channel();
        Self {
            schedules,
            wanted,
            queue: Mutex::new(Some(queue)),
            trouble: Mutex::default(),
        }
    }

    /// Something about this key has changed.
    pub(super) fn poke(&self, key: &Key) {
        if self.schedules.is_some() {
            // The worker only goes away with the engine.
            drop(self.wanted.send(key.clone()));
        }
    }

    /// What people should know.
    pub(super) fn problems(&self) -> Vec<String> {
        let trouble = self.trouble();
        let count = |setting: bool| {
            let mut of = trouble.values().filter(|it| it.setting == setting);
            of.next().map(|first| (1 + of.count(), first.error.clone()))
        };
        let set = count(true).map(|(keys, error)| {
            format!("the dead-man's switch cannot be set for {keys} grants, which wait for it: {error}")
        });
        let removed = count(false).map(|(keys, error)| {
            format!("the schedules of {keys} grants that are gone cannot be removed: {error}")
        });
        set.into_iter().chain(removed).collect()
    }

    /// When something that went wrong is to be tried again next.
    fn next_retry(&self) -> Option<Time> {
        self.trouble().values().map(|it| it.not_before).min()
    }

    /// What may be tried again.
    fn due_retries(&self, now: Time) -> Vec<Key> {
        let trouble = self.trouble();
        let due = trouble.iter().filter(|(_, it)| it.not_before <= now);
        due.map(|(key, _)| key.clone()).collect()
    }

    fn may_try(&self, key: &Key, now: Time) -> bool {
        self.trouble().get(key).is_none_or(|it| it.not_before <= now)
    }

    fn trouble(&self) -> MutexGuard<'_, BTreeMap<Key, Trouble>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Whether the switch of a key stands for everything that holds it; if not, it is asked for. Always, where there is
    /// none.
    pub(super) async fn backstop_covers(&self, key: &Key) -> bool {
        if self.switches.schedules.is_none() {
            return true;
        }
        let (now, of) = (self.clock.now(), key.clone());
        let covered = self
            .store
            .read(move |read| {
                let open = read.open_requests_on(&of)?;
                Ok::<_, Refused>(covers(read.backstop(&of)?.as_ref(), &open, now))
            })
            .await;
        match covered {
            Ok(true) => true,
            Ok(false) => {
                self.switches.poke(key);
                false
            }
            Err(error) => {
                tracing::error!(%error, "the dead-man's switches cannot be read");
                false
            }
        }
    }

    pub(super) async fn run_backstop(self: &Arc<Self>) {
        let queue = self
            .switches
            .queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let (Some(mut queue), Some(schedules)) = (queue, self.switches.schedules.clone()) else {
            self.forget_switches().await;
            return self.stop.cancelled().await;
        };
        let schedules = schedules.as_ref();
        let (mut waiting, mut running) = (BTreeSet::<Key>::new(), HashSet::<Key>::new());
        let mut tasks = FuturesUnordered::<BoxFuture<'_, Option<Key>>>::new();
        let mut next_sweep = self.clock.now();
        let mut scan = tokio::time::interval(SCAN_EVERY);
        scan.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let retry = self.switches.next_retry();
            let retry_at = async {
                match retry {
                    // What is being tried again just now stays due: not sooner than this.
                    Some(at) => {
                        self.clock
                            .sleep_until(at.max(self.clock.now() + NOT_SOONER))
                            .await
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                key = queue.recv() => waiting.extend(key),
                Some(done) = tasks.next(), if !tasks.is_empty() => {
                    if let Some(key) = done {
                        running.remove(&key);
                    }
                }
                () = retry_at => waiting.extend(self.switches.due_retries(self.clock.now())),
                _ = scan.tick() => {
                    waiting.extend(self.keys_to_tend().await);
                    let now = self.clock.now();
                    if now >= next_sweep {
                        next_sweep = now + SWEEP_EVERY;
                        tasks.push(Box::pin(async move {
                            self.sweep_schedules(schedules).await;
                            None
                        }));
                    }
                }
            }
            let now = self.clock.now();
            // Whoever may not try yet is asked for again when it may.
            waiting.retain(|key| self.switches.may_try(key, now));
            while running.len() < AT_ONCE {
                let Some(key) = waiting.iter().find(|key| !running.contains(*key)).cloned() else {
                    break;
                };
                waiting.remove(&key);
                running.insert(key.clone());
                tasks.push(Box::pin(async move {
                    self.tend_switch(schedules, &key).await;
                    Some(key)
                }));
            }
        }
    }

    /// Keys about whose schedules something is to be done.
    async fn keys_to_tend(&self) -> Vec<Key> {
        let mut keys: BTreeSet<Key> = self.switches.trouble().keys().cloned().collect();
        let now = self.clock.now();
        let read = self
            .store
            .read(move |read| {
                let mut of: BTreeSet<Key> = read.backstops()?.into_iter().map(|it| it.key).collect();
                let filter = RequestFilter {
                    states: vec![RequestState::Activating, RequestState::Active],
                    limit: i32::MAX as usize,
                    ..RequestFilter::default()
                };
                of.extend(read.requests(&filter)?.into_iter().map(|request| request.key));
                let mut due = Vec::new();
                for key in of {
                    if look(read, &key, now)? != Move::Rest {
                        due.push(key);
                    }
                }
                Ok::<_, Refused>(due)
            })
            .await;
        match read {
            Ok(due) => keys.extend(due),
            Err(error) => tracing::error!(%error, "the dead-man's switches cannot be read"),
        }
        keys.into_iter().collect()
    }

    /// Without the switch nobody moves schedules any more: what is known of them must hold nothing up.
    async fn forget_switches(&self) {
        let forgotten = self
            .store
            .write(WriteLane::Normal, |tx| {
                let all = tx.backstops()?;
                for switch in &all {
                    tx.forget_backstop(&switch.key)?;
                }
                Ok::<_, Refused>(all.len())
            })
            .await;
        match forgotten {
            Ok(0) => {}
            Ok(keys) => tracing::warn!(
                keys,
                "the dead-man's switch is off: schedules made before stay in AWS and delete at the ends they were made for"
            ),
            Err(error) => tracing::error!(%error, "what is known of schedules cannot be forgotten"),
        }
    }
}

/// Whether requests that wait to be active must go on waiting, because the switch of their key does not stand for them
/// yet. Where that cannot be read they wait too; whatever else happens on the key goes on.
pub(super) fn must_wait(read: &mut (impl Read + ?Sized), key: &Key, open: &[Request], now: Time) -> bool {
    let joining = open.iter().any(|r| matches!(r.state, State::Activating { .. }));
    joining
        && match read.backstop(key) {
            Ok(switch) => switch.is_some() && !covers(switch.as_ref(), open, now),
            Err(error) => {
                tracing::error!(%error, "a dead-man's switch cannot be read");
                true
            }
        }
}

/// What to do about the schedules of a key.
fn look(read: &mut (impl Read + ?Sized), key: &Key, now: Time) -> StoreResult<Move> {
    let (switch, grant) = (read.backstop(key)?, read.grant(key)?);
    let open = read.open_requests_on(key)?;
    Ok(next(switch.as_ref(), grant.as_ref(), &open, now))
}

/// Names of the two schedules of a key.
fn names(key: &Key) -> [String; 2] {
    let mut hash = Sha256::new();
    // AWS writes user ids in either case.
    hash.update(key.user.as_str().to_ascii_lowercase());
    for part in [key.account.as_str(), key.permission_set.as_str()] {
        hash.update([0]);
        hash.update(part);
    }
    let hash = super::hex(&hash.finalize()[..20]);
    ["a", "b"].map(|which| format!("{PREFIX}{hash}-{which}"))
}
