//! Guards that a simulation may take away, to see that its judge notices. A guard that can be missing without anybody
//! noticing guards nothing, or nobody looks.
//!
//! In packages every guard is on, and this module is a handful of constants. With the feature `simulator` a thread may
//! switch guards off for itself: a simulation has one thread for each run, and whatever serves people has others.
//!
//! To add a guard: a variant here, one question where the guard stands, a line in the simulation's ablations.

use super::gate::Held;
use super::refused::Refused;
use super::{Engine, Hold};
use std::collections::BTreeMap;
use teamd_domain::Time;
use teamd_domain::grant::{Grant, Phase, State, Wanted};
use teamd_store::WriteLane;

/// What keeps a promise.
#[cfg_attr(
    not(any(test, feature = "simulator")),
    allow(unreachable_pub, reason = "only a simulation names them from outside")
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Guard {
    /// A listing before each create: what is there already is not ours.
    PreCheck,
    /// The status of an operation is asked for until it is final.
    Poll,
    /// A finished delete is believed only when a listing agrees.
    Verify,
    /// A create of unknown outcome is looked for until it cannot surface any more.
    Sweep,
    /// The grant goes with the last of its leases, not with the first.
    LeaseCount,
    /// The intent is durable before the create is sent.
    Intent,
    /// A removal is tried until it is done.
    NeverGivesUp,
    /// Removals take the next free place before creates.
    RemovalsFirst,
    /// An end asks nobody whether it may.
    EndAsksNobody,
    /// What a removal has cost in tries outlives the process.
    DurableAttempts,
    /// While somebody holds the gate, nothing is created.
    Gate,
    /// What was decided is judged again where policy or directory have moved, and before a create.
    JudgeAgain,
    /// "Not there" counts only from the instance that the access belongs to.
    OwnInstance,
    /// Of two daemons on the same tables, the one that was there first writes no more. It stands in the store, below the
    /// engine: the simulation takes it away there.
    #[cfg(any(test, feature = "simulator"))]
    Epoch,
    /// A database that another process has locked is a fault, so removals go on in memory. It stands in the store, below
    /// the engine: the simulation takes it away there.
    #[cfg(any(test, feature = "simulator"))]
    BusyIsFault,
    /// No clock is believed alone. It stands in the clock that the engine is given: the simulation gives it another.
    #[cfg(any(test, feature = "simulator"))]
    ClockRule,
}

/// Tries after which a removal is given up by those who have not that guard.
const FIVE_RETRIES: u32 = 5;

#[cfg(any(test, feature = "simulator"))]
thread_local! {
    static OFF: std::cell::Cell<Option<Guard>> = const { std::cell::Cell::new(None) };
}

/// Takes one guard away on this thread, or none.
#[cfg(any(test, feature = "simulator"))]
pub fn switch_off(guard: Option<Guard>) {
    OFF.set(guard);
}

/// Whether the guard is in its place.
#[cfg(any(test, feature = "simulator"))]
pub(super) fn is_on(guard: Guard) -> bool {
    OFF.get() != Some(guard)
}

/// Whether the guard is in its place: always.
#[cfg(not(any(test, feature = "simulator")))]
pub(super) const fn is_on(_: Guard) -> bool {
    true
}

/// The grant as the next step is planned on.
pub(super) fn seen(grant: Grant, now: Time) -> Grant {
    if matches!(grant.state, State::Absent { .. }) && !is_on(Guard::PreCheck) {
        return Grant {
            state: State::Absent { listed_at: Some(now) },
            ..grant
        };
    }
    grant
}

/// What is wanted of it, as the next step is planned on.
pub(super) fn wanted(wanted: Wanted) -> Wanted {
    if wanted.closing > 0 && !is_on(Guard::LeaseCount) {
        return Wanted { leases: 0, ..wanted };
    }
    wanted
}

/// The holds of the gate that decisions heed.
pub(super) fn heeded(holds: BTreeMap<Hold, Held>) -> BTreeMap<Hold, Held> {
    if is_on(Guard::Gate) {
        holds
    } else {
        BTreeMap::new()
    }
}

/// The grant as it is kept after a reply.
pub(super) fn kept(mut grant: Grant, now: Time) -> Grant {
    let gone = State::Absent { listed_at: Some(now) };
    let tired = grant.attempts >= FIVE_RETRIES && !is_on(Guard::NeverGivesUp);
    grant.state = match grant.state {
        State::Creating(Phase::Accepted { .. }) if !is_on(Guard::Poll) => State::Present,
        State::Deleting(Phase::Accepted { .. }) if !is_on(Guard::Poll) => gone,
        State::Deleting(Phase::Verifying { .. }) if !is_on(Guard::Verify) => gone,
        State::Deleting(_) if tired => gone,
        state => state,
    };
    if !is_on(Guard::Sweep) {
        grant.ambiguous_create_at = None;
    }
    grant
}

impl Engine {
    /// A process that keeps its tries in memory has forgotten them.
    pub(super) async fn forget_attempts(&self) -> Result<(), Refused> {
        if is_on(Guard::DurableAttempts) {
            return Ok(());
        }
        self.store
            .write(WriteLane::Normal, |tx| {
                for grant in tx.grants()? {
                    tx.save_grant(&Grant {
                        attempts: 0,
                        next_attempt_at: None,
                        last_error: None,
                        ..grant
                    })?;
                }
                Ok::<_, Refused>(())
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guard_is_missing_only_where_it_was_taken_away() {
        switch_off(Some(Guard::Poll));
        assert!(!is_on(Guard::Poll) && is_on(Guard::Verify));
        let elsewhere = std::thread::spawn(|| is_on(Guard::Poll));
        assert!(elsewhere.join().unwrap());
        switch_off(None);
        assert!(is_on(Guard::Poll));
    }
}
