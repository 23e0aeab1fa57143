//! What was done with access, in a few lines: for whoever closes its review.

use crate::commands::activity_call;
use crate::format::{self, Zone};
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::BTreeMap;
use team_shared::activity::ActivityItem;

/// Calls and addresses that are named; the counts are of all.
const SHOWN: usize = 5;

/// The digest of a session's events.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Digest {
    /// Events in all; none: the access was not used, as far as the source has told.
    pub(crate) events: usize,
    /// Of these, what changed something.
    pub(crate) writes: usize,
    /// Of these, what AWS refused.
    pub(crate) errors: usize,
    /// The first and the last.
    pub(crate) span: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Calls with how often, the most frequent first.
    pub(crate) top_calls: Vec<(String, usize)>,
    /// Addresses that they came from.
    pub(crate) addresses: Vec<String>,
    /// Marks with how often.
    pub(crate) marks: BTreeMap<String, usize>,
}

impl Digest {
    /// Of events in any order.
    pub(crate) fn of(items: &[ActivityItem]) -> Self {
        let mut calls: BTreeMap<String, usize> = BTreeMap::new();
        let mut marks: BTreeMap<String, usize> = BTreeMap::new();
        for item in items {
            *calls.entry(activity_call(item)).or_default() += 1;
            for mark in &item.marks {
                *marks.entry(mark.clone()).or_default() += 1;
            }
        }
        let mut top_calls: Vec<(String, usize)> = calls.into_iter().collect();
        // Names break ties, so that the same events read the same.
        top_calls.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(&other.0)));
        top_calls.truncate(SHOWN);
        let mut addresses: Vec<String> = items.iter().map(|item| item.source_ip.clone()).collect();
        addresses.sort();
        addresses.dedup();
        let times = items.iter().map(|item| item.event_time);
        Self {
            events: items.len(),
            writes: items.iter().filter(|item| !item.read_only).count(),
            errors: items.iter().filter(|item| item.error_code.is_some()).count(),
            span: times.clone().min().zip(times.max()),
            top_calls,
            addresses,
            marks,
        }
    }

    /// As labels and texts.
    pub(crate) fn lines(&self, zone: Zone) -> Vec<(&'static str, String)> {
        let Some((first, last)) = self.span else {
            return vec![("used", "no: the source has told of no event".to_owned())];
        };
        let mut lines = vec![
            (
                "used",
                format!(
                    "{} events, {} writes, {} errors",
                    self.events, self.writes, self.errors
                ),
            ),
            (
                "between",
                format!("{} and {}", format::full(first, zone), format::full(last, zone)),
            ),
            (
                "calls",
                counted(self.top_calls.iter().map(|(call, count)| (call, *count))),
            ),
            ("from", few(&self.addresses)),
        ];
        if !self.marks.is_empty() {
            lines.push((
                "marks",
                counted(self.marks.iter().map(|(mark, count)| (mark, *count))),
            ));
        }
        lines
    }
}

fn counted<'a>(items: impl Iterator<Item = (&'a String, usize)>) -> String {
    let items: Vec<String> = items.map(|(name, count)| format!("{name} {count}")).collect();
    items.join(", ")
}

fn few(items: &[String]) -> String {
    let shown = items.len().min(SHOWN);
    match items.len() - shown {
        0 => items.join(", "),
        more => format!("{} and {more} more", items[..shown].join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    #[test]
    fn the_same_events_read_the_same_in_any_order() {
        let now = DateTime::from_timestamp(1_795_000_000, 0).expect("a moment");
        let id = fixtures::request(now, "7FQHX2", "bob", 5).id;
        let mut items = fixtures::activity(now, id);
        let digest = Digest::of(&items);
        assert_eq!(digest.events, items.len());
        assert!(digest.writes <= digest.events && !digest.top_calls.is_empty());
        items.reverse();
        assert_eq!(Digest::of(&items), digest);
    }

    #[test]
    fn access_that_was_not_used_says_so() {
        let lines = Digest::of(&[]).lines(Zone::Utc);
        assert!(lines[0].1.starts_with("no:"), "{lines:?}");
    }
}
