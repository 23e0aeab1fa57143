//! The emergency stop: nothing new is granted until an administrator lifts it. Taking back goes on.
//!
//! It is a row in the store, so that no restart lifts it, and a [`Hold`] of the gate, so that starts and creates wait.
//! Decisions look at the row in their own transaction: none slips in beside the freeze.

use super::reconciler::hand_over;
use super::refused::Refused;
use super::{Engine, Hold, commit};
use crate::domain::Time;
use crate::domain::event::{Datum, EventDraft};
use crate::domain::identity::{Caller, Who};
use crate::domain::request::{Command, Request};
use crate::store::port::{Read, RequestFilter, StoreResult, Tx};
use serde::{Deserialize, Serialize};
use team_shared::event::EventType;
use team_shared::problem::Code;
use team_shared::state::RequestState;

/// Where it stands in the store; empty: no freeze is on.
const ROW: &str = "freeze";

/// More live requests than one bastion will ever have.
const ALL: usize = 1_000_000;

/// A freeze that is on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frozen {
    /// Since when.
    pub since: Time,
    /// By whom: a user name, or `operator`.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// What came of a freeze.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freezing {
    /// What is on.
    pub frozen: Frozen,
    /// How many requests were ended by it.
    pub ended: usize,
}

impl Frozen {
    /// For banners.
    #[must_use]
    pub fn banner(&self) -> String {
        format!(
            "frozen by {} since {}: {}",
            self.by,
            self.since.format("%Y-%m-%d %H:%M:%SZ"),
            self.reason
        )
    }
}

impl Engine {
    /// Stops everything new; with `revoke` also ends what is live. Saying it again changes the reason, and ends what is
    /// live if it was not asked to before.
    ///
    /// # Errors
    /// The role does not allow it, or there is no reason.
    pub async fn freeze(&self, caller: &Caller, reason: &str, revoke: bool) -> Result<Freezing, Refused> {
        let by = self.may_freeze(caller, true)?;
        let reason = super::decide::checked_comment(Some(reason), true)
            .map_err(|_| Refused::field("reason", "say why, in 1 to 1,024 ordinary characters"))?
            .unwrap_or_default();
        let now = self.clock.now();
        let actor = caller.actor();
        let (frozen, moved) = self
            .store
            .remove(move |tx| {
                let since = read(tx)?.map_or(now, |known| known.since);
                let frozen = Frozen {
                    since,
                    by: by.clone(),
                    reason: reason.clone(),
                };
                write(tx, Some(&frozen))?;
                let event = EventDraft::new(EventType::FreezeOn)
                    .by(&actor)
                    .with("revoke", Datum::Flag(revoke))
                    .free("reason", Some(&frozen.reason));
                commit::tell_removal(tx, &event, now)?;
                let mut moved = Vec::new();
                if revoke {
                    for request in live(tx)? {
                        // A request that went with another of its chain is not live any more.
                        let Some(current) = tx.request(&request.id)?.filter(is_held) else {
                            continue;
                        };
                        let command = Command::Revoke {
                            comment: Some(format!("freeze: {}", frozen.reason)),
                        };
                        moved.push(commit::carry_out(tx, &current, &command, &actor, now)?);
                        hand_over(tx, &current.key, now)?;
                    }
                }
                Ok::<_, Refused>((frozen, moved))
            })
            .await
            .map_err(|refused| self.or_unavailable(refused))?;
        self.gate.hold(Hold::Frozen, frozen.banner());
        tracing::warn!(by = %team_shared::text::inert(&frozen.by), ended = moved.len(), "frozen");
        for request in &moved {
            self.after_commit(request);
        }
        // Nothing has moved, but everybody should hear.
        self.outbox_wake.notify_one();
        Ok(Freezing {
            frozen,
            ended: moved.len(),
        })
    }

    /// Lifts it. What is due and still in its window starts, the rest is withdrawn.
    ///
    /// # Errors
    /// The role does not allow it, or none is on.
    pub async fn unfreeze(&self, caller: &Caller, reason: Option<&str>) -> Result<(), Refused> {
        self.may_freeze(caller, false)?;
        let reason = super::decide::checked_comment(reason, false)
            .map_err(|_| Refused::field("reason", "1 to 1,024 ordinary characters"))?;
        let (now, actor) = (self.clock.now(), caller.actor());
        self.store
            .write(crate::store::WriteLane::Normal, move |tx| {
                let Some(frozen) = read(tx)? else {
                    return Err(Refused::new(Code::AlreadyDecided, "no freeze is on"));
                };
                write(tx, None)?;
                let event = EventDraft::new(EventType::FreezeOff)
                    .by(&actor)
                    .with("since", Datum::Moment(frozen.since))
                    .free("reason", reason.as_deref());
                commit::tell(tx, &event, now)?;
                Ok(())
            })
            .await?;
        self.gate.release(Hold::Frozen);
        self.deadlines_wake.notify_one();
        self.outbox_wake.notify_one();
        self.poke_all().await;
        Ok(())
    }

    /// The freeze that is on.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn frozen(&self) -> Result<Option<Frozen>, Refused> {
        self.store
            .read_for_removal(|read_from| Ok::<_, Refused>(read(read_from)?))
            .await
    }

    /// What the store says at the start holds from the first moment on.
    pub(super) async fn heed_freeze(&self) {
        match self.frozen().await {
            Ok(Some(frozen)) => {
                self.gate.hold(Hold::Frozen, frozen.banner());
            }
            Ok(None) => {}
            // The store cannot say: whoever reads it next refuses, too.
            Err(error) => tracing::error!(%error, "whether a freeze is on cannot be read"),
        }
    }

    /// Security, administrators and the operator freeze; administrators and the operator unfreeze.
    fn may_freeze(&self, caller: &Caller, on: bool) -> Result<String, Refused> {
        let facts = self.facts();
        let access = facts.access(caller);
        access.refuse_nobody()?;
        if let Who::Operator = caller.who {
            return Ok("operator".to_owned());
        }
        let id = access.acting_person()?;
        let roles = access.roles();
        if roles.admin || on && roles.security {
            let known = facts
                .directory
                .as_ref()
                .and_then(|directory| directory.people.get(id));
            return Ok(known.map_or_else(|| id.to_string(), |person| person.user_name.clone()));
        }
        Err(if on {
            Refused::new(
                Code::NotAllowed,
                "freezing takes security, an administrator or the operator",
            )
        } else {
            Refused::new(
                Code::NotAllowed,
                "lifting a freeze takes an administrator or the operator",
            )
        }
        .help("`team-tui whoami` shows your roles"))
    }
}

/// Refuses what would lead to new access while a freeze is on.
///
/// # Errors
/// One is on.
pub(super) fn refuse_frozen(from: &mut (impl Read + ?Sized)) -> Result<(), Refused> {
    match read(from)? {
        None => Ok(()),
        Some(frozen) => Err(
            Refused::new(Code::Frozen, format!("no new access: {}", frozen.banner()))
                .help("an administrator lifts it with `team-tui unfreeze`; taking back goes on"),
        ),
    }
}

fn read(from: &mut (impl Read + ?Sized)) -> StoreResult<Option<Frozen>> {
    let row = from.meta(ROW)?.filter(|row| !row.is_empty());
    // A row that cannot be read is a freeze all the same.
    Ok(row.map(|row| {
        serde_json::from_str(&row).unwrap_or_else(|_| Frozen {
            since: Time::UNIX_EPOCH,
            by: "somebody".to_owned(),
            reason: "the reason cannot be read".to_owned(),
        })
    }))
}

fn write(tx: &mut dyn Tx, frozen: Option<&Frozen>) -> StoreResult<()> {
    let row = match frozen {
        None => String::new(),
        Some(frozen) => serde_json::to_string(frozen)
            .map_err(|error| crate::store::port::StoreError::Database(error.to_string()))?,
    };
    tx.set_meta(ROW, &row)
}

/// Whether a freeze that revokes ends it: what is live or about to be, and extensions that hold a lease.
fn is_held(request: &Request) -> bool {
    request.holds_lease()
}

fn live(tx: &mut dyn Tx) -> StoreResult<Vec<Request>> {
    let filter = RequestFilter {
        states: vec![
            RequestState::Activating,
            RequestState::Active,
            RequestState::Scheduled,
        ],
        limit: ALL,
        ..RequestFilter::default()
    };
    Ok(tx.requests(&filter)?.into_iter().filter(is_held).collect())
}
