//! Looking again at keys that were ours: a create that was delayed in AWS can land after our delete, and people change
//! assignments by hand. What a look of a sweep means; the reconciler's own looks are in `listed`.
//!
//! Only where a create of unknown outcome is under [`ZOMBIE_WINDOW`] old is what re-appears taken for ours, and goes.
//! Anything else is drift: told and shown, never touched.

use super::plan::may_surface;
use super::{Grant, State, Time, ZOMBIE_WINDOW};
use chrono::TimeDelta;
use team_shared::state::DriftKind;

/// How often a recent key is looked at in the first [`FIRST`] after it was ours, and how often after that.
const OFTEN: TimeDelta = TimeDelta::minutes(1);
const SELDOM: TimeDelta = TimeDelta::minutes(5);
const FIRST: TimeDelta = TimeDelta::minutes(15);

/// A listing may lag behind a change of ours by so much: sooner, a difference proves nothing.
pub const SETTLED: TimeDelta = TimeDelta::seconds(60);

/// What a look of a sweep found on a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swept {
    /// The grant to save, if it has changed.
    pub save: Option<Grant>,
    /// A create that was thought lost has surfaced: the grant is present again, without a lease, and goes.
    pub reappeared: bool,
    /// AWS and our book differ; [`None`]: they agree, or it is too early to say.
    pub drift: Option<DriftKind>,
    /// The assignment that is there is standing access.
    pub standing: bool,
}

/// How often the key is to be looked at; [`None`]: it has not been ours for a day, or is somebody's work.
#[must_use]
pub fn look_again(grant: &Grant, now: Time) -> Option<TimeDelta> {
    match grant.state {
        State::Absent { .. } | State::Foreign { .. } => {}
        State::Creating(_) | State::Present | State::Deleting(_) | State::Unknown => return None,
    }
    // A moment in the future is that of a clock that was set back: as good as now.
    let age = now - grant.owned_at.max(grant.ambiguous_create_at)?;
    (age < ZOMBIE_WINDOW).then(|| look_every(age))
}

/// How often to look at what is so old.
#[must_use]
pub fn look_every(age: TimeDelta) -> TimeDelta {
    if age < FIRST { OFTEN } else { SELDOM }
}

/// What it means that a listing shows the assignment, or does not. `leases` and `closing` count the requests that hold
/// the grant and that wait for its absence: where there are any, all but a missing grant is the reconciler's to see.
#[must_use]
pub fn swept(grant: &Grant, (leases, closing): (usize, usize), present: bool, now: Time) -> Swept {
    let mut swept = Swept {
        save: None,
        reappeared: false,
        drift: None,
        standing: false,
    };
    let is_settled = grant.owned_at.is_none_or(|at| now - at >= SETTLED);
    let is_busy = leases + closing > 0;
    match (&grant.state, present) {
        (State::Present, false) => {
            swept.drift = (leases > 0 && is_settled).then_some(DriftKind::Missing);
        }
        (State::Absent { .. } | State::Foreign { .. }, true) if may_surface(grant, now) => {
            if !is_busy {
                swept.save = Some(settled(grant, State::Present, Some(now)));
                swept.reappeared = true;
            }
        }
        (State::Absent { .. }, true) => {
            if !is_busy && is_settled {
                let foreign = State::Foreign { listed_at: now };
                swept.save = Some(settled(grant, foreign, grant.owned_at));
                swept.standing = true;
                swept.drift = was_ours(grant).then_some(DriftKind::Foreign);
            }
        }
        (State::Foreign { .. }, true) => {
            swept.standing = true;
            swept.drift = was_ours(grant).then_some(DriftKind::Foreign);
        }
        (State::Foreign { .. }, false) if !is_busy => {
            let listed_at = Some(now);
            swept.save = Some(settled(grant, State::Absent { listed_at }, grant.owned_at));
        }
        // Nothing can surface any more. Where there is a doubt left, the reconciler settles it.
        (State::Absent { .. }, false) if grant.ambiguous_create_at.is_some() && !may_surface(grant, now) => {
            swept.save = Some(Grant {
                ambiguous_create_at: None,
                ..grant.clone()
            });
        }
        (State::Present, true)
        | (State::Foreign { .. } | State::Absent { .. }, false)
        | (State::Creating(_) | State::Deleting(_) | State::Unknown, _) => {}
    }
    swept
}

/// We have held this key, or tried to.
fn was_ours(grant: &Grant) -> bool {
    grant.owned_at.is_some() || grant.aws_request_id.is_some()
}

fn settled(grant: &Grant, state: State, owned_at: Option<Time>) -> Grant {
    Grant {
        state,
        owned_at,
        attempts: 0,
        next_attempt_at: None,
        last_error: None,
        ..grant.clone()
    }
}
