//! Requests of a period, counted: by who asked, where, as what, under which rule, and by who decided.

use super::Time;
use super::request::{Request, State};
use std::collections::BTreeMap;
use team_shared::report::{Counts, ReportBy};

/// What is known of a request beside the request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known {
    /// Of its activity all is known, and there was none.
    pub is_unused: bool,
    /// Its review waits.
    pub is_review_open: bool,
}

/// Requests that are counted together.
#[derive(Debug, Clone, Default)]
pub struct Counter {
    counts: Counts,
    last_at: Option<Time>,
    decided: Vec<i64>,
}

impl Counter {
    /// Counts one.
    pub fn add(&mut self, request: &Request, known: Known, now: Time) {
        let counts = &mut self.counts;
        counts.requests += 1;
        let is_over = !matches!(
            request.state,
            State::Scheduled { .. } | State::Activating { .. } | State::Pending
        );
        let counted = if request.state.session().is_some() {
            &mut counts.granted
        } else {
            match request.state {
                State::Rejected { .. } => &mut counts.rejected,
                State::Expired { .. } => &mut counts.expired,
                State::Cancelled { .. } | State::Withdrawn { .. } => &mut counts.cancelled,
                _ if is_over => &mut counts.failed,
                _ => &mut counts.waiting,
            }
        };
        *counted += 1;
        counts.break_glass += u64::from(request.terms.break_glass);
        counts.extensions += u64::from(request.extends.is_some());
        counts.live_seconds += live_seconds(request, now);
        counts.unused += u64::from(known.is_unused);
        counts.reviews_open += u64::from(known.is_review_open);
        self.last_at = self.last_at.max(Some(request.created_at));
        if let Some(at) = decided_at(request) {
            self.decided.push((at - request.created_at).num_seconds().max(0));
        }
    }

    /// When the last of them was filed.
    #[must_use]
    pub fn last_at(&self) -> Option<Time> {
        self.last_at
    }

    /// What was counted.
    #[must_use]
    pub fn into_counts(mut self) -> Counts {
        self.decided.sort_unstable();
        let middle = self.decided.len().checked_sub(1).map(|last| last / 2);
        self.counts.median_decision_seconds = middle.and_then(|at| self.decided.get(at)).copied();
        self.counts
    }
}

/// A report while it is counted: of all together, and of each.
#[derive(Debug, Clone, Default)]
pub struct Counted {
    /// All of them together.
    pub total: Counter,
    /// By what the rows are.
    pub rows: BTreeMap<String, Counter>,
}

impl Counted {
    /// Counts a request where it belongs.
    pub fn add(&mut self, by: ReportBy, request: &Request, known: Known, now: Time) {
        self.total.add(request, known, now);
        for row in rows_of(by, request) {
            self.rows.entry(row).or_default().add(request, known, now);
        }
    }
}

/// The rows that a request counts in.
fn rows_of(by: ReportBy, request: &Request) -> Vec<String> {
    match by {
        ReportBy::Person => vec![request.key.user.to_string()],
        ReportBy::Account => vec![request.key.account.to_string()],
        ReportBy::Set => vec![request.key.permission_set.to_string()],
        ReportBy::Rule => request.basis.rule.iter().cloned().collect(),
        ReportBy::Approver => {
            let voters = request.votes.iter().map(|vote| &vote.by);
            let rejecter = match &request.state {
                State::Rejected { by, .. } => Some(by),
                _ => None,
            };
            let mut people: Vec<String> = voters.chain(rejecter).map(ToString::to_string).collect();
            people.sort();
            people.dedup();
            people
        }
    }
}

/// How long access was there, until now.
fn live_seconds(request: &Request, now: Time) -> i64 {
    let Some(session) = request.state.session() else {
        return 0;
    };
    let until = match &request.state {
        State::Ended(finish) | State::Revoked(finish) | State::Failed(finish) => finish.at,
        State::Lost { at, .. } => *at,
        _ => now,
    };
    (until - session.start_at).num_seconds().max(0)
}

/// When the last word was said on it, by a person.
fn decided_at(request: &Request) -> Option<Time> {
    match &request.state {
        State::Rejected { at, .. } => Some(*at),
        State::Pending => None,
        _ => request.votes.iter().map(|vote| vote.at).max(),
    }
}
