//! What to do next about a grant. Level-triggered: it looks at what is known and what is wanted, at nothing else.

use super::{Grant, Phase, State, Time, ZOMBIE_WINDOW};
use chrono::TimeDelta;

/// For how long a listing counts as fresh before a create.
pub(super) const LISTING_FRESH: TimeDelta = TimeDelta::seconds(30);

/// For how long a listing counts as fresh when a request is closed on it.
const CLOSING_FRESH: TimeDelta = TimeDelta::seconds(5);

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
    /// Whether it takes access away, or finds out whether it is gone.
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
}

/// The next step for a grant of which `wanted` is wanted.
#[must_use]
pub fn plan(grant: &Grant, wanted: Wanted, now: Time) -> Plan {
    if let Some(at) = grant.next_attempt_at.filter(|at| *at > now) {
        return match &grant.state {
            // Nothing of ours can be there, so nothing has to be waited for.
            State::Absent { .. } if wanted.leases == 0 && wanted.closing > 0 => {
                absent_unwanted(grant, wanted, now)
            }
            State::Absent { .. } | State::Foreign { .. }
                if wanted.leases == 0 && !may_surface(grant, now) =>
            {
                Plan {
                    step: Step::Rest,
                    save: None,
                }
            }
            _ => Plan {
                step: Step::Wait(at),
                save: None,
            },
        };
    }
    let only = |step| Plan { step, save: None };
    let intent = |step, state| Plan {
        step,
        save: Some(Grant {
            state,
            next_attempt_at: None,
            ..grant.clone()
        }),
    };
    match &grant.state {
        State::Absent { listed_at } => {
            if wanted.leases == 0 {
                absent_unwanted(grant, wanted, now)
            } else if listed_at.is_some_and(|at| is_fresh(at, now, LISTING_FRESH)) {
                intent(Step::Create, State::Creating(Phase::Intent))
            } else {
                only(Step::List)
            }
        }
        State::Creating(Phase::Intent) => {
            // Whoever wrote this intent is gone: the call may have been sent.
            let lost = Grant {
                state: State::Unknown,
                ambiguous_create_at: Some(now),
                ..grant.clone()
            };
            Plan {
                step: Step::List,
                save: Some(lost),
            }
        }
        State::Creating(Phase::Accepted { request_id, .. }) => only(Step::PollCreate {
            request_id: request_id.clone(),
        }),
        State::Creating(Phase::Verifying { .. }) if wanted.leases > 0 => only(Step::List),
        State::Present if wanted.leases > 0 => only(Step::Rest),
        State::Creating(Phase::Verifying { .. }) | State::Present | State::Deleting(Phase::Intent) => {
            intent(Step::Delete, State::Deleting(Phase::Intent))
        }
        State::Deleting(Phase::Accepted { request_id, .. }) => only(Step::PollDelete {
            request_id: request_id.clone(),
        }),
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

fn absent_unwanted(grant: &Grant, wanted: Wanted, now: Time) -> Plan {
    let listed_at = match grant.state {
        State::Absent { listed_at } => listed_at,
        _ => None,
    };
    let step = if wanted.closing > 0 {
        // Where no create was ever sent there is nothing to look for.
        let untouched = listed_at.is_none() && grant.attempts == 0 && !may_surface(grant, now);
        let seen = listed_at.is_some_and(|at| is_fresh(at, now, CLOSING_FRESH));
        if untouched || seen {
            Step::Settle
        } else {
            Step::List
        }
    } else if may_surface(grant, now) {
        match grant.next_attempt_at.filter(|at| *at > now) {
            Some(at) => Step::Wait(at),
            None => Step::List,
        }
    } else {
        Step::Rest
    };
    Plan { step, save: None }
}

fn is_fresh(at: Time, now: Time, within: TimeDelta) -> bool {
    at <= now && now - at < within
}
