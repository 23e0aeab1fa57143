//! A key's loop, and its turns.

use super::before_create::judge_again;
use super::drivers::{Drivers, Rest, Slot};
use super::{calls, turn};
use crate::guards;
use crate::refused::Refused;
use crate::{Engine, random};
use std::sync::Arc;
use std::time::Duration;
use team_shared::problem::Code;
use teamd_aws::port::Lane;
use teamd_domain::Time;
use teamd_domain::grant::{Grant, Phase, State, Step, Wanted, plan};
use teamd_domain::request::{Key, State as RequestState};
use teamd_host::failpoint::pass;
use teamd_store::WriteLane;
use teamd_store::port::Tx;
use tokio::sync::{Notify, OwnedSemaphorePermit};

/// What the store says about a key.
pub(super) struct Looked {
    pub(super) grant: Grant,
    pub(super) wanted: Wanted,
    /// When it should have been gone, where requests end.
    pub(super) due: Option<Time>,
}

/// A driver's place in the table. It leaves with the driver, also with one that panics: the next scan starts another.
struct Registered<'a> {
    drivers: &'a Drivers,
    key: &'a Key,
    wake: &'a Arc<Notify>,
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        self.drivers.lost(self.key, self.wake);
    }
}

impl Engine {
    /// One key, until it has nothing to do or has to wait. Never gives up: a store or an AWS that does not answer is
    /// tried again.
    pub(super) async fn drive(
        self: &Arc<Self>,
        key: Key,
        wake: Arc<Notify>,
        mut slot: Option<Slot>,
        mut looking: Option<OwnedSemaphorePermit>,
    ) {
        let _registered = Registered {
            drivers: &self.drivers,
            key: &key,
            wake: &wake,
        };
        if pass("driver.begin").await.is_err() {
            return;
        }
        while !self.stop.is_cancelled() {
            match self.turn(&key, &mut slot, &mut looking).await {
                // AWS is at work on it: the place is ours until it is done.
                Ok(Rest::Until(at)) if slot.is_some() => {
                    looking = None;
                    tokio::select! {
                        biased;
                        () = self.clock.sleep_until(at) => {}
                        () = wake.notified() => {}
                        () = self.stop.cancelled() => {}
                    }
                }
                Ok(rest) => {
                    if self.drivers.retire(&key, &wake, rest) {
                        return;
                    }
                }
                Err(error) => {
                    looking = None;
                    tracing::error!(%error, account = %key.account, "a turn failed; trying again");
                    // A create that cannot be written down must not keep its slot from removals meanwhile. Where the
                    // store cannot be read either, AWS may be at work: the slot is kept.
                    if let Err(error) = self.free_slot(&key, &mut slot).await {
                        tracing::error!(%error, account = %key.account, "the slot is kept");
                    }
                    tokio::select! {
                        biased;
                        () = tokio::time::sleep(Duration::from_secs(1)) => {}
                        () = self.stop.cancelled() => {}
                    }
                }
            }
        }
    }

    /// Turns until there is nothing to do now.
    async fn turn(
        self: &Arc<Self>,
        key: &Key,
        slot: &mut Option<Slot>,
        looking: &mut Option<OwnedSemaphorePermit>,
    ) -> Result<Rest, Refused> {
        loop {
            if self.stop.is_cancelled() {
                return Ok(Rest::UntilPoked);
            }
            let now = self.clock.now();
            pass("turn.look").await?;
            let looked = self.look(key).await?;
            self.note_removal(key, &looked.grant, looked.wanted, now);
            let lane = if looked.wanted.leases == 0 {
                Lane::Removal
            } else {
                Lane::Grant
            };
            // Before the place: what a create waits for must not keep a removal from it.
            let is_asked = plan(&looked.grant, looked.wanted, now).step == Step::Create;
            if is_asked {
                pass("turn.create").await?;
                // What a create waits for must not keep those who remove from looking either.
                *looking = None;
            }
            let may_create = !is_asked || self.may_create(key).await;
            let wanted = Wanted {
                may_create,
                ..looked.wanted
            };
            let step = plan(&looked.grant, wanted, now).step;
            // The place comes before the intent, so that what is intended is also sent.
            if step.is_write() && slot.is_none() {
                pass("turn.place").await?;
                return Ok(Rest::ForPlace(lane, looked.due.unwrap_or(now)));
            }
            pass("turn.prepare").await?;
            let turn = {
                let (now, key, session_seconds) = (self.clock.now(), key.clone(), self.session_seconds(key));
                let facts = (is_asked && may_create).then(|| {
                    self.check_clock();
                    (self.facts(), self.currency())
                });
                self.write(lane, move |tx| {
                    let judged = match &facts {
                        Some((facts, currency)) => judge_again(tx, &key, facts, currency, now)?,
                        None => Some(Vec::new()),
                    };
                    let may_create = may_create && judged.is_some();
                    let mut turn = turn::prepare(tx, &key, session_seconds, may_create, now)?;
                    turn.moved.extend(judged.unwrap_or_default());
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
            pass("turn.prepared").await?;
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
                    return Ok(Rest::UntilPoked);
                }
                Step::Wait(at) => {
                    self.free_slot(key, slot).await?;
                    return Ok(Rest::Until(at));
                }
                Step::Settle => {}
                step => {
                    let lane = if turn.leases == 0 {
                        Lane::Removal
                    } else {
                        Lane::Grant
                    };
                    *looking = None;
                    let reply = self.call(key, &step, lane).await;
                    if step == Step::List && self.stop.is_cancelled() {
                        return Ok(Rest::UntilPoked);
                    }
                    self.judge_account(key, &step, &reply, lane);
                    pass("turn.conclude").await?;
                    let (now, conclude_key, jitter) = (self.clock.now(), key.clone(), random::jitter());
                    let moved = self
                        .write(lane, move |tx| {
                            turn::conclude(tx, &conclude_key, &step, reply.clone(), jitter, now)
                        })
                        .await?;
                    pass("turn.concluded").await?;
                    if !moved.is_empty() {
                        self.deadlines_wake.notify_one();
                        self.outbox_wake.notify_one();
                    }
                    self.free_slot(key, slot).await?;
                }
            }
        }
    }

    /// What a reply says about the account, for who is next.
    fn judge_account(&self, key: &Key, step: &Step, reply: &teamd_domain::grant::Reply, lane: Lane) {
        match calls::verdict(step, reply, lane) {
            calls::Verdict::Nothing => {}
            calls::Verdict::Good => self.drivers.succeeded(&key.account),
            calls::Verdict::Bad { is_conflict } => {
                self.drivers.failed(&key.account, is_conflict, self.clock.now());
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

    pub(super) async fn look(&self, key: &Key) -> Result<Looked, Refused> {
        let (key, now) = (key.clone(), self.clock.now());
        self.store
            .read_for_removal(move |read| {
                let grant = read.grant(&key)?.unwrap_or_else(|| Grant::new(key.clone()));
                let grant = guards::seen(grant, now);
                let open = read.open_requests_on(&key)?;
                let ends = |r: &teamd_domain::request::Request| match r.state {
                    RequestState::Ending { due_at, .. } => Some(due_at),
                    _ => None,
                };
                let wanted = Wanted {
                    leases: open.iter().filter(|r| r.holds_lease()).count(),
                    closing: open.iter().filter_map(ends).count(),
                    may_create: true,
                };
                let due = open.iter().filter_map(ends).min();
                Ok::<_, Refused>(Looked { grant, wanted, due })
            })
            .await
    }

    /// Gives the place back unless AWS is still at work on the operation.
    async fn free_slot(&self, key: &Key, slot: &mut Option<Slot>) -> Result<(), Refused> {
        if slot.is_some() {
            let unfinished = matches!(
                self.look(key).await?.grant.state,
                State::Creating(Phase::Intent | Phase::Accepted { .. })
                    | State::Deleting(Phase::Accepted { .. })
            );
            if !unfinished {
                *slot = None;
            }
        }
        Ok(())
    }

    /// How long sessions under the key's permission set live, in seconds; AWS's longest where it is not known.
    fn session_seconds(&self, key: &Key) -> i64 {
        self.directory()
            .and_then(|d| {
                d.permission_sets
                    .get(&key.permission_set)
                    .map(|set| set.session_seconds)
            })
            .unwrap_or(12 * 3600)
    }
}
