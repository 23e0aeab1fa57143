//! What to do next about a grant. Level-triggered: it looks at what is known and what is wanted, at nothing else.

use super::{Grant, Phase, State, Time, ZOMBIE_WINDOW};
use chrono::TimeDelta;

/// For how long a listing counts as fresh before a create.
pub(super) const LISTING_FRESH: TimeDelta = TimeDelta::seconds(30);

/// For how long a listing counts as fresh when a request is closed on it.
const CLOSING_FRESH: TimeDelta = TimeDelta::seconds(5);

/// For how long AWS may keep an operation to itself before a removal goes on without its result.
const PATIENCE: TimeDelta = TimeDelta::minutes(5);

/// How soon a create that may not be sent now is thought of again.
const HELD: TimeDelta = TimeDelta::seconds(5);

/// The next thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing, until what is wanted changes.
    Rest,
    /// Nothing before this moment.
    Wait(Time),
    /// Close what waits for absence: it is known.
    Settle,
    /// Look.
    List,
    /// Send a create; the intent is in [`Plan::save`] and must be durable before.
    Create,
    /// Ask how the create goes.
    PollCreate {
        /// AWS's request id.
        request_id: String,
    },
    /// Send a delete; the intent is in [`Plan::save`] and must be durable before.
    Delete,
    /// Ask how the delete goes.
    PollDelete {
        /// AWS's request id.
        request_id: String,
    },
}

impl Step {
    /// Whether it changes anything in AWS: an intent comes first.
    #[must_use]
    pub fn is_write(&self) -> bool {
        matches!(self, Self::Create | Self::Delete)
    }
}

/// A step, and what must be durable before it is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The step.
    pub step: Step,
    /// The grant to save first; none: as it is.
    pub save: Option<Grant>,
}

/// What is wanted of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Requests that hold it.
    pub leases: usize,
    /// Requests in `ending` that wait for its absence.
    pub closing: usize,
    /// Creates may be sent now. Removals do not look at it.
    pub may_create: bool,
}

/// The next step for a grant of which `wanted` is wanted.
///
/// A pause holds back every call, and nothing else: what is known already needs no call. Pauses that a failed create
/// has earned are at most [`LONGEST_PAUSE`](super::LONGEST_PAUSE) seconds; who wants less for a removal clears
/// `next_attempt_at` when the leases change.
#[must_use]
pub fn plan(grant: &Grant, wanted: Wanted, now: Time) -> Plan {
    let next = next(grant, wanted, now);
    match paused_until(grant, wanted, now) {
        Some(at) if !matches!(next.step, Step::Rest | Step::Settle) => Plan {
            step: Step::Wait(at),
            save: None,
        },
        Some(_) | None => next,
    }
}

fn paused_until(grant: &Grant, wanted: Wanted, now: Time) -> Option<Time> {
    let at = grant.next_attempt_at.filter(|at| *at > now)?;
    // Where nothing has failed it is of no call that anybody waits for.
    let is_idle = matches!(grant.state, State::Absent { .. }) && grant.attempts == 0;
    (!is_idle || wanted.leases == 0 && wanted.closing == 0).then_some(at)
}

fn next(grant: &Grant, wanted: Wanted, now: Time) -> Plan {
    let only = |step| Plan { step, save: None };
    let create = || Plan {
        step: Step::Create,
        save: Some(Grant {
            state: State::Creating(Phase::Intent),
            next_attempt_at: None,
            owned_at: Some(now),
            ..grant.clone()
        }),
    };
    let delete = || Plan {
        step: Step::Delete,
        save: Some(Grant {
            state: State::Deleting(Phase::Intent),
            next_attempt_at: None,
            // What the create cost in tries must not slow its removal.
            attempts: match grant.state {
                State::Deleting(_) => grant.attempts,
                _ => 0,
            },
            ..grant.clone()
        }),
    };
    let held = wanted.leases > 0 && !wanted.may_create;
    match &grant.state {
        State::Absent { .. } | State::Creating(Phase::Verifying { request_id: None, .. }) if held => {
            only(Step::Wait(now + HELD))
        }
        State::Absent { listed_at } if wanted.leases > 0 => {
            if listed_at.is_some_and(|at| is_fresh(at, now, LISTING_FRESH)) {
                create()
            } else {
                only(Step::List)
            }
        }
        State::Absent { listed_at } if wanted.closing > 0 => {
            // Where no create was ever sent there is nothing to look for.
            let untouched = listed_at.is_none() && grant.attempts == 0 && !may_surface(grant, now);
            if is_doubtful(grant, now) {
                delete()
            } else if untouched || listed_at.is_some_and(|at| is_fresh(at, now, CLOSING_FRESH)) {
                only(Step::Settle)
            } else {
                only(Step::List)
            }
        }
        State::Absent { .. } if is_doubtful(grant, now) => only(Step::List),
        // What may surface is looked for by the sweep of recent keys.
        State::Absent { .. } => only(Step::Rest),
        State::Creating(Phase::Intent) => Plan {
            // Whoever wrote this intent is gone: the call may have been sent.
            step: Step::List,
            save: Some(Grant {
                state: State::Unknown,
                ambiguous_create_at: Some(now),
                ..grant.clone()
            }),
        },
        State::Creating(Phase::Accepted { request_id, at }) => {
            if wanted.leases == 0 && !is_fresh(*at, now, PATIENCE) {
                let mut plan = delete();
                // It may yet be carried out, after the delete.
                plan.save
                    .iter_mut()
                    .for_each(|grant| grant.ambiguous_create_at = Some(now));
                plan
            } else {
                only(Step::PollCreate {
                    request_id: request_id.clone(),
                })
            }
        }
        // It shows, but nothing vouches for it. A create over what is ours already changes nothing and succeeds.
        State::Creating(Phase::Verifying { request_id: None, .. }) if wanted.leases > 0 => create(),
        State::Creating(Phase::Verifying { .. }) if wanted.leases > 0 => only(Step::List),
        State::Present if wanted.leases > 0 => only(Step::Rest),
        State::Creating(Phase::Verifying { .. }) | State::Present | State::Deleting(Phase::Intent) => {
            delete()
        }
        State::Deleting(Phase::Accepted { request_id, at }) => {
            if is_fresh(*at, now, PATIENCE) {
                only(Step::PollDelete {
                    request_id: request_id.clone(),
                })
            } else {
                delete()
            }
        }
        State::Deleting(Phase::Verifying { .. }) | State::Unknown => only(Step::List),
        State::Foreign { listed_at } => {
            if wanted.leases > 0 && !is_fresh(*listed_at, now, LISTING_FRESH) {
                only(Step::List)
            } else if wanted.leases > 0 || wanted.closing > 0 {
                only(Step::Settle)
            } else {
                only(Step::Rest)
            }
        }
    }
}

/// Whether a create of unknown outcome may still surface.
pub(super) fn may_surface(grant: &Grant, now: Time) -> bool {
    grant
        .ambiguous_create_at
        .is_some_and(|at| now - at < ZOMBIE_WINDOW)
}

/// A create of unknown outcome, and since then no delete and no quiet look: "absent" may be a listing that came too
/// soon. Only a delete and a listing after it settle it.
pub(super) fn is_doubtful(grant: &Grant, now: Time) -> bool {
    grant.attempts > 0 && may_surface(grant, now)
}

fn is_fresh(at: Time, now: Time, within: TimeDelta) -> bool {
    at <= now && now - at < within
}
