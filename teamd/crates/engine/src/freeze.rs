//! The emergency stop: nothing new is granted until an administrator lifts it. Taking back goes on.
//!
//! It is a row in the store and a file beside it ([`kept`]), so that no restart lifts it, and a [`Hold`] of the gate, so
//! that starts and creates wait. Decisions look at the row in their own transaction: none slips in beside the freeze.

mod kept;

pub use kept::Frozen;
pub(super) use kept::{is_frozen, refuse_frozen};

use self::kept::{read, write};
use super::reconciler::hand_over;
use super::refused::Refused;
use super::{Engine, Hold, commit, limits};
use team_shared::event::EventType;
use team_shared::problem::Code;
use team_shared::state::RequestState;
use teamd_domain::event::{Datum, EventDraft};
use teamd_domain::identity::{Caller, Who};
use teamd_domain::request::{Command, Request};
use teamd_store::port::{RequestFilter, StoreResult, Tx};

/// More live requests than one bastion will ever have.
const ALL: usize = 1_000_000;

/// What came of a freeze.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freezing {
    /// What is on.
    pub frozen: Frozen,
    /// How many requests were ended by it.
    pub ended: usize,
}

impl Engine {
    /// Stops everything new; with `revoke` also ends what is live. Saying it again changes the reason, and ends what is
    /// live if it was not asked to before.
    ///
    /// # Errors
    /// The role does not allow it, or there is no reason.
    pub async fn freeze(&self, caller: &Caller, reason: &str, revoke: bool) -> Result<Freezing, Refused> {
        let by = self.may_freeze(caller, true)?;
        let reason = super::verb::checked_comment(Some(reason), true)
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
        self.gate.hold_for(Hold::Frozen, frozen.held());
        tracing::warn!(by = %team_shared::text::inert(&frozen.by), ended = moved.len(), "frozen");
        for request in &moved {
            self.after_commit(request);
        }
        // Nothing has moved, but everybody should hear.
        self.outbox_wake.notify_one();
        self.keep_freeze().await?;
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
        self.take_act(caller, limits::Act::Administration)?;
        let reason = super::verb::checked_comment(reason, false)
            .map_err(|_| Refused::field("reason", "1 to 1,024 ordinary characters"))?;
        let (now, actor) = (self.clock.now(), caller.actor());
        self.store
            .write(teamd_store::WriteLane::Normal, move |tx| {
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
        self.keep_freeze().await?;
        self.gate.release(Hold::Frozen);
        self.deadlines_wake.notify_one();
        self.outbox_wake.notify_one();
        self.poke_all().await;
        Ok(())
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
            return Ok(facts.name_of(id));
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
