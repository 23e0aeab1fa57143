//! `teamd sweep`: takes back what is over, from the leases file alone. For the day when the daemon itself is the fault:
//! it needs no store, no socket and no lock, and it only ever deletes.
//!
//! It deletes a key only if the file says that it is ours and that its last end is past by [`GRACE`], which the daemon
//! keeps well within. Nothing is created, and the file is not changed. A key counts as done when a listing shows it
//! gone. What fails is tried again in the next round.
//!
//! * [`round`] one look at the file, with a line for each thing done
//! * `removal` one key: list, delete, poll, list
//! * [`report`] the lines
//! * [`run`] the subcommand

mod removal;
pub mod report;
mod run;

pub use run::run;

use chrono::TimeDelta;
use futures::{StreamExt, stream};
use removal::Gone;
use report::{Line, Word};
use std::collections::HashMap;
use teamd_aws::port::Assignments;
use teamd_domain::Time;
use teamd_domain::request::Key;
use teamd_host::clock::Clock;
use teamd_store::leases::{LeaseEntry, LeasesFile};

/// The daemon has so long to take a key back itself.
pub const GRACE: TimeDelta = TimeDelta::minutes(10);

/// A file that is older than this was not written by a daemon that runs.
const STALE: TimeDelta = TimeDelta::hours(1);

/// Keys under way at once: the daemon, should it run, keeps most of AWS's places.
const AT_ONCE: usize = 3;

/// What a round came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Taken back, and verified gone.
    pub deleted: usize,
    /// Gone before, verified by a listing.
    pub gone: usize,
    /// Due, and not verified gone.
    pub failed: usize,
    /// Ours, and not yet over.
    pub not_due: usize,
}

impl Tally {
    /// Everything that is due is verified gone.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.failed == 0
    }
}

/// Keys that earlier rounds of this process have seen gone: they are not asked for every minute.
#[derive(Debug, Default)]
pub struct Seen(HashMap<Key, Time>);

/// What `entry` is at `now`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// To be taken back.
    Due,
    /// Ours, until this moment at least.
    NotDue(Time),
    /// Not ours, or not ours any more: left alone.
    Leave,
}

fn verdict(entry: &LeaseEntry, now: Time) -> Verdict {
    if !entry.owned || entry.may_surface_until.is_some_and(|until| now >= until) {
        Verdict::Leave
    } else if now - entry.last_end >= GRACE {
        Verdict::Due
    } else {
        Verdict::NotDue(entry.last_end)
    }
}

/// Warnings about the file itself.
#[must_use]
pub fn warnings(file: &LeasesFile, now: Time) -> Vec<Line> {
    let age = now - file.written_at;
    let mut lines = Vec::new();
    if age > STALE {
        lines.push(Line::new(
            Word::Warn,
            format!(
                "this file was written at {} and is {} old: no daemon keeps it up to date. An extension granted since \
                 then is not in it: it will be cut; that beats leaving access",
                report::moment(file.written_at),
                report::length(age),
            ),
        ));
    }
    if age < -TimeDelta::minutes(1) {
        lines.push(Line::new(
            Word::Warn,
            format!(
                "this file was written at {}, which is in the future: check the clock of this host",
                report::moment(file.written_at)
            ),
        ));
    }
    lines
}

/// Takes back what the file says is over, the longest over first. Each thing done is said to `say` as it is done.
pub async fn round(
    assignments: &dyn Assignments,
    clock: &dyn Clock,
    file: &LeasesFile,
    seen: &mut Seen,
    mut say: impl FnMut(Line),
) -> Tally {
    let now = clock.now();
    let mut tally = Tally::default();
    let mut due = Vec::new();
    for entry in &file.leases {
        match verdict(entry, now) {
            Verdict::Due if seen.0.get(&entry.key()) == Some(&entry.last_end) => tally.gone += 1,
            Verdict::Due => due.push(entry),
            Verdict::NotDue(_) => tally.not_due += 1,
            Verdict::Leave => {}
        }
    }
    due.sort_by_key(|entry| entry.last_end);
    let mut results = stream::iter(due)
        .map(|entry| async move { (entry, removal::remove(assignments, clock, &entry.key()).await) })
        .buffer_unordered(AT_ONCE);
    while let Some((entry, result)) = results.next().await {
        match &result {
            Ok(Gone::Deleted) => tally.deleted += 1,
            Ok(Gone::Already) => tally.gone += 1,
            Err(_) => tally.failed += 1,
        }
        // A create of unknown outcome may still surface after this listing.
        if result.is_ok() && entry.may_surface_until.is_none() {
            seen.0.insert(entry.key(), entry.last_end);
        }
        say(report::of(entry, &result));
    }
    tally
}

#[cfg(test)]
mod tests;
