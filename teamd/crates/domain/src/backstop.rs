//! The dead-man's switch of a key: until when it must hold, and what to do about it. Pure; level-triggered, as
//! everything about grants is.
//!
//! A key's switch is two schedules in AWS that delete the assignment, [`FIRST_AFTER`] and [`SECOND_AFTER`] its last
//! lease's end. They are set before a create is sent, moved before a longer lease is confirmed, and taken away once
//! absence is verified. Never set on what is somebody else's: they would delete that.

use super::Time;
use super::grant::{Grant, State as GrantState, ZOMBIE_WINDOW};
use super::request::{ACTIVATION_DEADLINE, FLOATING_GRACE, Key, Request, State};
use chrono::TimeDelta;

/// How long after the end the first schedule deletes. Time enough for a daemon that only restarts.
pub const FIRST_AFTER: TimeDelta = TimeDelta::minutes(15);

/// How long after the end the second one does: nobody looks at how the first delete ends.
pub const SECOND_AFTER: TimeDelta = TimeDelta::hours(2);

/// How old a listing may be on which a switch is set where nothing is assigned yet.
const LISTING_FRESH: TimeDelta = TimeDelta::seconds(60);

/// Ends this near are as good as equal: not worth two calls.
const NEAR: TimeDelta = TimeDelta::minutes(1);

/// What is known of the schedules of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backstop {
    /// Of which.
    pub key: Key,
    /// Both schedules stand, for this end. None: being made or taken away, there may be none, one or two.
    pub ends_at: Option<Time>,
}

/// What to do about the schedules of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// Nothing.
    Rest,
    /// Set both for this end, whatever end they stand for at present.
    Set {
        /// The end.
        ends_at: Time,
    },
    /// Take both away.
    Remove,
}

/// Until when the switch must hold at least, and until when it should be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    needed: Time,
    wanted: Time,
}

/// Whether the schedules stand for at least the last end of everything that holds, or is about to hold, the key.
#[must_use]
pub fn covers(backstop: Option<&Backstop>, open: &[Request], now: Time) -> bool {
    let set_to = backstop.and_then(|backstop| backstop.ends_at);
    let Some(span) = last(open, now) else {
        return true;
    };
    set_to.is_some_and(|at| at >= span.needed)
}

/// What to do about the schedules of a key, with these open requests on it.
#[must_use]
pub fn next(backstop: Option<&Backstop>, grant: Option<&Grant>, open: &[Request], now: Time) -> Move {
    let set_to = backstop.and_then(|backstop| backstop.ends_at);
    let is_foreign = matches!(grant.map(|grant| &grant.state), Some(GrantState::Foreign { .. }));
    let Some(span) = last(open, now).filter(|_| !is_foreign) else {
        return match backstop {
            Some(_) if is_foreign || is_gone(grant, open, now) => Move::Remove,
            Some(_) | None => Move::Rest,
        };
    };
    let set = Move::Set { ends_at: span.wanted };
    match set_to {
        Some(at) if at < span.needed => set,
        // Earlier only once the true end is known.
        Some(at) if span.needed == span.wanted && at > span.wanted + NEAR => set,
        Some(_) => Move::Rest,
        None if is_ours_or_nobodys(grant, now) => set,
        None => Move::Rest,
    }
}

/// The last end of all leases.
fn last(open: &[Request], now: Time) -> Option<Span> {
    open.iter()
        .filter_map(|request| span(request, now))
        .reduce(|a, b| Span {
            needed: a.needed.max(b.needed),
            wanted: a.wanted.max(b.wanted),
        })
}

fn span(request: &Request, now: Time) -> Option<Span> {
    let exactly = |at: Time| Span {
        needed: at,
        wanted: at,
    };
    match (&request.state, request.terms.end_at) {
        (State::Active { session }, _) => Some(exactly(session.end_at)),
        (State::Activating { .. }, Some(end_at)) => Some(exactly(end_at)),
        (State::Activating { first_attempt_at, .. }, None) => {
            let length = TimeDelta::seconds(request.terms.duration.get());
            // The end is known at the confirmation only. It is never later than this; what is set has room for the
            // tries until then, so that it need not be moved at each.
            let begun = first_attempt_at.unwrap_or(now);
            Some(Span {
                needed: begun + FLOATING_GRACE + length,
                wanted: begun.max(now) + ACTIVATION_DEADLINE + length,
            })
        }
        (
            State::Pending
            | State::Scheduled { .. }
            | State::Ending { .. }
            | State::Ended(_)
            | State::Revoked(_)
            | State::Failed(_)
            | State::Rejected { .. }
            | State::Cancelled { .. }
            | State::Expired { .. }
            | State::Withdrawn { .. }
            | State::Lost { .. },
            _,
        ) => None,
    }
}

/// Absence is verified, or there never was anything.
fn is_gone(grant: Option<&Grant>, open: &[Request], now: Time) -> bool {
    let closing = open
        .iter()
        .any(|request| matches!(request.state, State::Ending { .. }));
    let absent = grant.is_none_or(|grant| match grant.state {
        // A create of unknown outcome, and no look since that settles it: it may be there.
        GrantState::Absent { .. } => {
            grant.attempts == 0
                || grant
                    .ambiguous_create_at
                    .is_none_or(|at| now - at >= ZOMBIE_WINDOW)
        }
        GrantState::Creating(_)
        | GrantState::Present
        | GrantState::Deleting(_)
        | GrantState::Foreign { .. }
        | GrantState::Unknown => false,
    });
    absent && !closing
}

/// Nothing of somebody else's can be on the key, as far as anybody can know.
fn is_ours_or_nobodys(grant: Option<&Grant>, now: Time) -> bool {
    grant.is_some_and(|grant| match &grant.state {
        GrantState::Absent { listed_at } => listed_at.is_some_and(|at| at <= now && now - at < LISTING_FRESH),
        GrantState::Creating(_) | GrantState::Present | GrantState::Deleting(_) | GrantState::Unknown => true,
        GrantState::Foreign { .. } => false,
    })
}

#[cfg(test)]
mod tests;
