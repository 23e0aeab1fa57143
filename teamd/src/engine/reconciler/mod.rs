//! Brings AWS to what is wanted. One level-triggered loop a key: it re-reads the truth before every step and takes no
//! input; boot, deadlines, replies and sweeps all just wake it.

mod before_create;
mod slots;
mod turn;

pub(super) use turn::hand_over;
#[cfg(any(test, feature = "simulator"))]
pub(crate) use turn::{conclude, prepare};

pub(super) use turn::about;

use super::guards::{self, Guard};
use super::refused::Refused;
use super::{Engine, random};
use crate::aws::port::Lane;
use crate::domain::grant::{Grant, Phase, Reply, State, Step, Wanted, plan};
use crate::domain::request::{Key, State as RequestState};
use crate::store::WriteLane;
use crate::store::port::Tx;
use slots::{Slot, Slots};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use team_shared::problem::Code;
use tokio::sync::{Notify, mpsc};

/// How often all keys with work are looked at, should a wake ever be missed.
const SCAN_EVERY: Duration = Duration::from_secs(15);

/// The longest that one AWS call may take before its driver gives up on the answer. Above the adapter's own time-outs.
const CALL_LIMIT: Duration = Duration::from_secs(60);

/// The loops under way, by key.
pub(super) struct Drivers {
    running: Mutex<HashMap<Key, Arc<Notify>>>,
    wanted: mpsc::UnboundedSender<Key>,
    queue: Mutex<Option<mpsc::UnboundedReceiver<Key>>>,
    slots: Slots,
}

impl Drivers {
    pub(super) fn new(max_in_flight: usize) -> Self {
        let (wanted, queue) = mpsc::unbounded_channel();
        Self {
            running: Mutex::new(HashMap::new()),
            wanted,
            queue: Mutex::new(Some(queue)),
            slots: Slots::new(max_in_flight),
        }
    }

    /// Something about this key has changed.
    pub(super) fn poke(&self, key: &Key) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        match running.get(key) {
            Some(driver) => driver.notify_one(),
            // The loop only goes away with the engine.
            None => drop(self.wanted.send(key.clone())),
        }
    }

    fn start(&self, key: &Key) -> Option<Arc<Notify>> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(driver) = running.get(key) {
            driver.notify_one();
            return None;
        }
        let wake = Arc::new(Notify::new());
        running.insert(key.clone(), Arc::clone(&wake));
        Some(wake)
    }
}

/// A driver's place in the table. It leaves with the driver, also with one that panics: the next scan starts another.
struct Registered<'a> {
    drivers: &'a Drivers,
    key: &'a Key,
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        self.drivers
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(self.key);
    }
}

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
        let mut scan = tokio::time::interval(self.nap(SCAN_EVERY));
        scan.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                _ = scan.tick() => self.poke_all().await,
                key = queue.recv() => {
                    let Some(key) = key else { return };
                    if let Some(wake) = self.drivers.start(&key) {
                        let this = Arc::clone(self);
                        self.shutdown.spawn_short("driver", async move { this.drive(key, wake).await });
                    }
                }
            }
        }
    }

    async fn poke_all(&self) {
        match self
            .store
            .read_for_removal(|read| Ok::<_, Refused>(read.keys_with_work()?))
            .await
        {
            Ok(keys) => keys.iter().for_each(|key| self.drivers.poke(key)),
            Err(error) => tracing::error!(%error, "keys with work cannot be read; trying again"),
        }
    }

    /// One key, until there is nothing to do. Never gives up: a store or an AWS that does not answer is tried again.
    async fn drive(&self, key: Key, wake: Arc<Notify>) {
        let registered = Registered {
            drivers: &self.drivers,
            key: &key,
        };
        let mut slot = None;
        while !self.stop.is_cancelled() {
            match self.turn(&key, &mut slot).await {
                Ok(Some(pause)) => {
                    tokio::select! {
                        biased;
                        () = self.clock.sleep_until(pause) => {}
                        () = wake.notified() => {}
                        () = self.stop.cancelled() => {}
                    }
                }
                Ok(None) => {
                    drop(registered);
                    // A poke between the last look and the retirement: look once more.
                    if tokio::time::timeout(Duration::ZERO, wake.notified())
                        .await
                        .is_ok()
                    {
                        self.drivers.poke(&key);
                    }
                    return;
                }
                Err(error) => {
                    tracing::error!(%error, account = %key.account, "a turn failed; trying again");
                    tokio::select! {
                        biased;
                        () = tokio::time::sleep(Duration::from_secs(1)) => {}
                        () = self.stop.cancelled() => {}
                    }
                }
            }
        }
    }

    /// One turn: until when to wait, `None` when there is nothing left to do.
    async fn turn(&self, key: &Key, slot: &mut Option<Slot>) -> Result<Option<crate::domain::Time>, Refused> {
        loop {
            if self.stop.is_cancelled() {
                return Ok(None);
            }
            let now = self.clock.now();
            let (grant, wanted) = self.look(key).await?;
            let lane = if wanted.leases == 0 {
                Lane::Removal
            } else {
                Lane::Grant
            };
            // Before the place: what a create waits for must not keep a removal from it.
            let is_asked = plan(&grant, wanted, now).step == Step::Create;
            let may_create = !is_asked || self.may_create(key).await;
            let wanted = Wanted { may_create, ..wanted };
            // The place comes before the intent, so that what is intended is also sent.
            if plan(&grant, wanted, now).step.is_write() && slot.is_none() {
                *slot = Some(self.drivers.slots.take(lane).await);
            }
            // Somebody may have taken hold of it while a place was waited for.
            let may_create = may_create && (self.gate.is_open() || !guards::is_on(Guard::Gate));
            let turn = {
                let (now, key, session_seconds) = (self.clock.now(), key.clone(), self.session_seconds(key));
                self.write(lane, move |tx| {
                    let turn = turn::prepare(tx, &key, session_seconds, may_create, now)?;
                    if turn.step == Step::Create && !is_asked {
                        // The plan was another one when it was asked whether a create may be sent.
                        return Err(Refused::new(
                            Code::Stale,
                            "what is wanted has changed: look again",
                        ));
                    }
                    Ok(turn)
                })
                .await?
            };
            if !turn.moved.is_empty() {
                self.switches.poke(key);
            }
            for request in &turn.moved {
                self.deadlines_wake.notify_one();
                self.outbox_wake.notify_one();
                tracing::info!(request = %request.id, state = %request.state.word(), "moved");
            }
            match turn.step {
                Step::Rest => {
                    *slot = None;
                    return Ok(None);
                }
                Step::Wait(at) => {
                    self.free_slot(key, slot).await?;
                    return Ok(Some(at));
                }
                Step::Settle => {}
                step => {
                    let lane = if turn.leases == 0 {
                        Lane::Removal
                    } else {
                        Lane::Grant
                    };
                    let reply = self.call(key, &step, lane).await;
                    let (now, conclude_key, jitter) = (self.clock.now(), key.clone(), random::jitter());
                    let moved = self
                        .write(lane, move |tx| {
                            turn::conclude(tx, &conclude_key, &step, reply.clone(), jitter, now)
                        })
                        .await?;
                    if !moved.is_empty() {
                        self.deadlines_wake.notify_one();
                        self.outbox_wake.notify_one();
                    }
                    self.free_slot(key, slot).await?;
                }
            }
        }
    }

    /// A step towards a removal is written down whatever the disk does; one towards a grant only where it is durable.
    async fn write<T: Send + 'static>(
        &self,
        lane: Lane,
        work: impl FnMut(&mut dyn Tx) -> Result<T, Refused> + Send + 'static,
    ) -> Result<T, Refused> {
        match lane {
            Lane::Removal => self.store.remove(work).await,
            Lane::Grant | Lane::Background => self.store.write(WriteLane::Normal, work).await,
        }
    }

    async fn look(&self, key: &Key) -> Result<(Grant, Wanted), Refused> {
        let (key, now) = (key.clone(), self.clock.now());
        self.store
            .read_for_removal(move |read| {
                let grant = read.grant(&key)?.unwrap_or_else(|| Grant::new(key.clone()));
                let grant = guards::seen(grant, now);
                let open = read.open_requests_on(&key)?;
                let wanted = Wanted {
                    leases: open.iter().filter(|r| r.holds_lease()).count(),
                    closing: open
                        .iter()
                        .filter(|r| matches!(r.state, RequestState::Ending { .. }))
                        .count(),
                    may_create: true,
                };
                Ok::<_, Refused>((grant, wanted))
            })
            .await
    }

    /// Gives the place back unless AWS is still at work on the operation.
    async fn free_slot(&self, key: &Key, slot: &mut Option<Slot>) -> Result<(), Refused> {
        if slot.is_some() {
            let (grant, _) = self.look(key).await?;
            let unfinished = matches!(
                grant.state,
                State::Creating(Phase::Intent | Phase::Accepted { .. })
                    | State::Deleting(Phase::Accepted { .. })
            );
            if !unfinished {
                *slot = None;
            }
        }
        Ok(())
    }

    async fn call(&self, key: &Key, step: &Step, lane: Lane) -> Reply {
        let call = async {
            match step {
                Step::List => self.assignments.list(key, lane).await,
                Step::Create => self.assignments.create(key).await,
                Step::PollCreate { request_id } => self.assignments.creation_status(request_id, lane).await,
                Step::Delete => self.assignments.delete(key).await,
                Step::PollDelete { request_id } => self.assignments.deletion_status(request_id).await,
                Step::Rest | Step::Wait(_) | Step::Settle => Reply::Unknown {
                    message: "no call".to_owned(),
                },
            }
        };
        match tokio::time::timeout(CALL_LIMIT, call).await {
            Ok(reply) => reply,
            Err(_) => Reply::Unknown {
                message: format!("no answer within {} s", CALL_LIMIT.as_secs()),
            },
        }
    }

    /// How long sessions under the key's permission set live, in seconds; AWS's shortest where it is not known.
    fn session_seconds(&self, key: &Key) -> i64 {
        self.directory()
            .and_then(|d| {
                d.permission_sets
                    .get(&key.permission_set)
                    .map(|set| set.session_seconds)
            })
            .unwrap_or(3600)
    }
}
