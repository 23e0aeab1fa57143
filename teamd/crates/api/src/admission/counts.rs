//! Counts of refused connections, by reason and by uid.

use super::RefusalReason;
use std::collections::HashMap;

/// The most uids that are counted one by one.
const MAX_UIDS: usize = 256;

/// The most uids that one report names.
const MAX_REPORTED_UIDS: usize = 5;

/// Refused connections, counted.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Refusals {
    /// Over the limit of their uid.
    pub(crate) per_user: u64,
    /// All ordinary slots were in use.
    pub(crate) full: u64,
    /// All reserved slots of the caller's group were in use.
    pub(crate) reserved: u64,
    /// The uid that was refused most often, and how often.
    pub(crate) top: Option<(u32, u64)>,
    /// The uids that were refused most often, most first; at most five.
    pub(crate) by_uid: Vec<(u32, u64)>,
}

impl Refusals {
    /// All of them.
    pub(crate) fn total(&self) -> u64 {
        self.per_user + self.full + self.reserved
    }
}

/// What was refused since the start, and since the last report.
#[derive(Debug, Default)]
pub(super) struct RefusalBook {
    since_start: Counts,
    recent: Counts,
}

#[derive(Debug, Default)]
struct Counts {
    per_user: u64,
    full: u64,
    reserved: u64,
    by_uid: HashMap<u32, u64>,
}

impl RefusalBook {
    pub(super) fn count(&mut self, uid: u32, reason: RefusalReason) {
        self.since_start.count(uid, reason);
        self.recent.count(uid, reason);
    }

    pub(super) fn since_start(&self) -> Refusals {
        self.since_start.sum()
    }

    pub(super) fn take_recent(&mut self) -> Refusals {
        std::mem::take(&mut self.recent).sum()
    }
}

impl Counts {
    fn count(&mut self, uid: u32, reason: RefusalReason) {
        match reason {
            RefusalReason::PerUser => self.per_user += 1,
            RefusalReason::Total => self.full += 1,
            RefusalReason::Reserved => self.reserved += 1,
        }
        // The uid with the fewest makes room and hands on its count: the uid with the most is always among them
        // (the Space-Saving algorithm).
        let inherited = match self.by_uid.len() >= MAX_UIDS && !self.by_uid.contains_key(&uid) {
            true => {
                let fewest = self.by_uid.iter().min_by_key(|(_, count)| **count);
                let fewest = fewest.map(|(uid, _)| *uid);
                fewest
                    .and_then(|uid| self.by_uid.remove(&uid))
                    .unwrap_or_default()
            }
            false => 0,
        };
        *self.by_uid.entry(uid).or_insert(inherited) += 1;
    }

    fn sum(&self) -> Refusals {
        let mut by_uid: Vec<_> = self.by_uid.iter().map(|(uid, count)| (*uid, *count)).collect();
        by_uid.sort_by_key(|(uid, count)| (std::cmp::Reverse(*count), *uid));
        by_uid.truncate(MAX_REPORTED_UIDS);
        Refusals {
            per_user: self.per_user,
            full: self.full,
            reserved: self.reserved,
            top: by_uid.first().copied(),
            by_uid,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusal_counts_stay_bounded_by_uid() {
        let mut book = RefusalBook::default();
        for uid in 0..10_000 {
            book.count(uid, RefusalReason::Total);
            book.count(7_777_777, RefusalReason::PerUser);
        }
        assert!(book.recent.by_uid.len() <= MAX_UIDS);
        let refusals = book.take_recent();
        assert_eq!((refusals.per_user, refusals.full), (10_000, 10_000));
        assert_eq!(refusals.top.map(|(uid, _)| uid), Some(7_777_777));
        assert_eq!(refusals.by_uid.len(), MAX_REPORTED_UIDS);
        assert_eq!(book.take_recent().total(), 0);
        assert_eq!(book.since_start().total(), 20_000);
    }
}
