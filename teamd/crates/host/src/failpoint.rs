//! Points at which a test makes the daemon fail: before and after everything that becomes durable or goes to AWS. They
//! are compiled in with the cargo feature `failpoints` only, which no package has; otherwise each is nothing at all.
//!
//! To add a point: a call of [`hit`] or [`pass`] where the step is, and a line in [`POINTS`], which the suite
//! (`tests/failpoints`) goes through.

/// A point was told to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("failpoint {0}")]
pub struct Injected(pub &'static str);

impl From<Injected> for std::io::Error {
    fn from(injected: Injected) -> Self {
        Self::other(injected)
    }
}

/// All of them, by the part that has them.
pub const POINTS: &[&str] = &[
    "store.write",
    "store.remove",
    "store.read",
    "store.read_for_removal",
    "store.work",
    "store.commit",
    "store.committed",
    "request.insert",
    "request.update",
    "request.follow",
    "audit.append",
    "outbox.push",
    "outbox.due",
    "outbox.perform",
    "outbox.done",
    "deliveries.due",
    "deliveries.prepare",
    "deliveries.send",
    "deliveries.record",
    "grant.intend",
    "grant.record",
    "turn.look",
    "turn.create",
    "turn.place",
    "turn.prepare",
    "turn.prepared",
    "turn.conclude",
    "turn.concluded",
    "driver.begin",
    "reconciler.scan",
    "aws.list",
    "aws.list.answered",
    "aws.create",
    "aws.create.answered",
    "aws.create_status",
    "aws.create_status.answered",
    "aws.delete",
    "aws.delete.answered",
    "aws.delete_status",
    "aws.delete_status.answered",
    "aws.directory",
    "aws.directory.answered",
    "aws.holders",
    "aws.holders.answered",
    "directory.save",
    "directory.recheck",
    "deadlines.take",
    "deadlines.batch",
    "deadlines.taken",
    "deadlines.next",
    "leases.collect",
    "leases.write",
    "leases.rename",
    "leases.written",
    "recent.look",
    "drift.settle",
    "alarms.look",
    "start.announce",
    "start.due",
    "policy.apply",
    "policy.applied",
    "submit.file",
    "submit.filed",
    "approve.decide",
    "approve.decided",
    "act.take_back",
    "act.taken_back",
];

#[cfg(feature = "failpoints")]
mod told;
#[cfg(feature = "failpoints")]
pub use told::{blocked, crashed, hit, pass, revive};

/// Nothing.
///
/// # Errors
/// Never.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub const fn hit(_name: &'static str) -> Result<(), Injected> {
    Ok(())
}

/// Nothing.
///
/// # Errors
/// Never.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub async fn pass(_name: &'static str) -> Result<(), Injected> {
    Ok(())
}
