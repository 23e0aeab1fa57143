//! The orders of a list. Each screen has its own, which is the one to work by; `s` goes on to the next, `S` turns it round.

use crate::app::{App, Screen};
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use team_shared::ids::RequestId;
use team_shared::request::RequestView;
use team_shared::state::RequestState;

/// By what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum By {
    /// The screen's own order.
    #[default]
    Usual,
    Who,
    Account,
    Set,
    Length,
    Filed,
    End,
}

/// An order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sort {
    pub(crate) by: By,
    pub(crate) is_reversed: bool,
}

impl By {
    const ALL: [Self; 7] = [
        Self::Usual,
        Self::Who,
        Self::Account,
        Self::Set,
        Self::Length,
        Self::Filed,
        Self::End,
    ];

    fn next(self) -> Self {
        let at = Self::ALL.iter().position(|by| *by == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }
}

impl Sort {
    /// The next column, upwards.
    pub(crate) fn next(self) -> Self {
        Self {
            by: self.by.next(),
            is_reversed: false,
        }
    }

    /// The same column, the other way.
    pub(crate) fn reversed(self) -> Self {
        Self {
            is_reversed: !self.is_reversed,
            ..self
        }
    }

    /// For the title of a list; `usual` names its own order.
    pub(crate) fn words(self, usual: &str) -> String {
        let by = match self.by {
            By::Usual => usual,
            By::Who => "by person",
            By::Account => "by account",
            By::Set => "by permission set",
            By::Length => "shortest first",
            By::Filed => "oldest first",
            By::End => "ending first",
        };
        if self.is_reversed {
            format!("{by}, reversed")
        } else {
            by.to_owned()
        }
    }
}

/// Puts the rows of a screen into their order.
pub(crate) fn order(screen: Screen, sort: Sort, rows: &mut [&RequestView]) {
    match sort.by {
        By::Usual => usual(screen, rows),
        By::Who => rows.sort_by_cached_key(|row| (row.requester.user_name.to_lowercase(), row.id)),
        By::Account => rows.sort_by_cached_key(|row| (row.account.name.to_lowercase(), row.id)),
        By::Set => rows.sort_by_cached_key(|row| (row.permission_set.name.to_lowercase(), row.id)),
        By::Length => rows.sort_by_key(|row| (row.duration_seconds, row.id)),
        By::Filed => rows.sort_by_key(|row| (row.created_at, row.id)),
        // What has no end yet comes last.
        By::End => rows.sort_by_key(|row| (row.end_at.is_none(), row.end_at, row.id)),
    }
    if sort.is_reversed {
        rows.reverse();
    }
}

fn usual(screen: Screen, rows: &mut [&RequestView]) {
    match screen {
        Screen::Queue => triage(rows),
        Screen::Mine => {
            rows.sort_by_key(|row| {
                (
                    row.state.is_terminal(),
                    std::cmp::Reverse((row.created_at, row.id)),
                )
            });
        }
        Screen::Sessions => {
            rows.sort_by_key(|row| (session(row.state), row.end_at.or(row.start_at), row.id));
        }
        Screen::History | Screen::Status | Screen::Policy | Screen::Activity => {
            rows.sort_by_key(|row| std::cmp::Reverse((row.created_at, row.id)));
        }
    }
}

/// Where a request stands in the queue.
type Urgency = (bool, DateTime<Utc>, RequestId);

/// What one can decide comes first, then what expires first. Break-glass is never here: it waits for nobody. The requests
/// of a batch stand together, where the most urgent of them would.
fn triage(rows: &mut [&RequestView]) {
    let urgency = |row: &RequestView| -> Urgency { (!App::may_decide(row), row.expires_at, row.id) };
    let mut batches: HashMap<&str, Urgency> = HashMap::new();
    for row in rows.iter() {
        if let Some(batch) = row.batch_id.as_deref() {
            let own = urgency(row);
            let first = batches.entry(batch).or_insert(own);
            *first = own.min(*first);
        }
    }
    rows.sort_by_key(|row| {
        let own = urgency(row);
        let of_batch = row.batch_id.as_deref().and_then(|batch| batches.get(batch));
        (of_batch.copied().unwrap_or(own), own)
    });
}

fn session(state: RequestState) -> u8 {
    match state {
        RequestState::Ending => 0,
        RequestState::Active => 1,
        RequestState::Activating => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use chrono::Duration;

    fn shorts(rows: &[&RequestView]) -> Vec<String> {
        rows.iter().map(|row| row.id.short()).collect()
    }

    #[test]
    fn the_queue_has_what_expires_first_and_batches_stand_together() {
        let now = "2026-11-22T14:02:31Z".parse().expect("a time");
        let request = |short: &str, minutes: i64, batch: Option<&str>| {
            let mut view = fixtures::request(now, short, "bob", 4);
            view.expires_at = now + Duration::minutes(minutes);
            view.batch_id = batch.map(ToOwned::to_owned);
            view
        };
        let mut others = request("000006", 1, None);
        others.you_may.clear();
        let views = [
            request("000001", 30, Some("b")),
            request("000002", 20, None),
            request("000003", 10, Some("b")),
            request("000004", 40, None),
            others,
        ];
        let mut rows: Vec<&RequestView> = views.iter().collect();
        order(Screen::Queue, Sort::default(), &mut rows);
        assert_eq!(shorts(&rows), ["000003", "000001", "000002", "000004", "000006"]);
        order(Screen::Queue, Sort::default().reversed(), &mut rows);
        assert_eq!(shorts(&rows)[0], "000006");
    }

    #[test]
    fn s_goes_through_all_orders_and_comes_back() {
        let mut sort = Sort::default().reversed();
        let mut seen = Vec::new();
        for _ in By::ALL {
            sort = sort.next();
            assert!(!sort.is_reversed);
            seen.push(sort.words("usual"));
        }
        assert_eq!(sort, Sort::default());
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), By::ALL.len());
    }
}
