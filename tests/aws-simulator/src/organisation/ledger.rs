//! Which assignments exist, and which existed a moment ago: a listing may be late.

use std::collections::BTreeMap;

use super::types::{AssignmentKey, Principal};

/// How many changes of one key are remembered. Listings are late by seconds, so a few suffice.
const REMEMBERED: usize = 16;

/// How many changes of all keys are kept for who asks afterwards; later ones are not.
const JOURNAL: usize = 200_000;

/// The history of every assignment, by key.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger {
    changes: BTreeMap<AssignmentKey, Vec<Change>>,
    journal: Vec<AssignmentChange>,
}

/// An assignment came, or went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssignmentChange {
    /// When, in milliseconds since the epoch.
    pub at_ms: i64,
    /// Which.
    pub key: AssignmentKey,
    /// It came.
    pub present: bool,
    /// The request id of the operation that did it; none: it was done by hand.
    pub operation: Option<String>,
}

#[derive(Debug, Clone, Copy)]
struct Change {
    at_ms: i64,
    present: bool,
}

impl Ledger {
    /// Notes that from `at_ms` on the assignment is there, or is not.
    pub(crate) fn set(&mut self, key: &AssignmentKey, present: bool, at_ms: i64, operation: Option<&str>) {
        let changes = self.changes.entry(key.clone()).or_default();
        if changes.last().map_or(!present, |last| last.present == present) {
            return;
        }
        changes.push(Change { at_ms, present });
        if self.journal.len() < JOURNAL {
            self.journal.push(AssignmentChange {
                at_ms,
                key: key.clone(),
                present,
                operation: operation.map(str::to_owned),
            });
        }
        if changes.len() > REMEMBERED {
            changes.remove(0);
        }
    }

    /// Every change, in order.
    pub(crate) fn journal(&self) -> &[AssignmentChange] {
        &self.journal
    }

    /// Whether the assignment exists.
    pub(crate) fn contains(&self, key: &AssignmentKey) -> bool {
        self.changes
            .get(key)
            .and_then(|changes| changes.last())
            .is_some_and(|last| last.present)
    }

    /// The assignments that exist, and since when.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&AssignmentKey, i64)> {
        self.changes.iter().filter_map(|(key, changes)| {
            changes
                .last()
                .filter(|last| last.present)
                .map(|last| (key, last.at_ms))
        })
    }

    /// The assignments that existed at `at_ms`.
    pub(crate) fn iter_at(&self, at_ms: i64) -> impl Iterator<Item = &AssignmentKey> {
        self.changes
            .iter()
            .filter(move |(_, changes)| present_at(changes, at_ms))
            .map(|(key, _)| key)
    }

    /// The assignments of one account and permission set that existed at `at_ms`.
    pub(crate) fn of_pair_at(
        &self,
        account: &str,
        permission_set: &str,
        at_ms: i64,
    ) -> impl Iterator<Item = &AssignmentKey> {
        let first = AssignmentKey {
            account: account.to_owned(),
            permission_set: permission_set.to_owned(),
            principal: Principal::Group(String::new()),
        };
        let (account, permission_set) = (first.account.clone(), first.permission_set.clone());
        self.changes
            .range(first..)
            .take_while(move |(key, _)| key.account == account && key.permission_set == permission_set)
            .filter(move |(_, changes)| present_at(changes, at_ms))
            .map(|(key, _)| key)
    }
}

fn present_at(changes: &[Change], at_ms: i64) -> bool {
    let after = changes.partition_point(|change| change.at_ms <= at_ms);
    match after.checked_sub(1) {
        Some(last) => changes[last].present,
        // Older than what is remembered: before the first change, the opposite was true.
        None => changes.first().is_some_and(|first| !first.present),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_what_was() {
        let key = |account: &str, user: &str| AssignmentKey {
            account: account.into(),
            permission_set: "ps".into(),
            principal: Principal::User(user.into()),
        };
        let mut ledger = Ledger::default();
        ledger.set(&key("1", "a"), true, 100, None);
        ledger.set(&key("1", "a"), true, 150, None);
        ledger.set(&key("1", "b"), true, 100, None);
        ledger.set(&key("2", "a"), true, 100, None);
        ledger.set(&key("1", "a"), false, 200, None);
        assert!(!ledger.contains(&key("1", "a")));
        assert_eq!(ledger.of_pair_at("1", "ps", 199).count(), 2);
        assert_eq!(ledger.of_pair_at("1", "ps", 200).count(), 1);
        assert_eq!(ledger.of_pair_at("1", "ps", 99).count(), 0);
        assert_eq!(ledger.iter_at(150).count(), 3);
        assert_eq!(ledger.iter().count(), 2);
        for at in 300..400 {
            ledger.set(&key("1", "a"), at % 2 == 0, at, None);
        }
        assert!(!ledger.contains(&key("1", "a")));
    }
}
