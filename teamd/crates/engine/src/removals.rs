//! What is being taken back now: how much, how fast, and until when. Kept in memory, from what drivers see as they work:
//! after a restart it is full again within a second.
//!
//! Nothing here decides anything about a removal. It says what `status` shows, and tells the adapters that the removal
//! rate is to be used.

mod estimate;

use super::Engine;
use chrono::TimeDelta;
use estimate::Crowd;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use team_shared::ids::AccountId;
use teamd_aws::port::CallRate;
use teamd_domain::Time;
use teamd_domain::grant::{Grant, Phase, State, Wanted};
use teamd_domain::request::Key;

/// The rate is that of so long.
const WINDOW: TimeDelta = TimeDelta::seconds(60);

/// Failed tries after which a removal counts as failing: nobody knows when it will be done.
const FAILING: u32 = 3;

/// Deletes that must be finished before their rate says something.
const ENOUGH: usize = 40;

/// What an operation is taken to last while none has been seen, in seconds.
const USUAL_SECONDS: f64 = 2.0;

/// The book of removals.
#[derive(Debug)]
pub(super) struct Removals {
    places: usize,
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    due: HashMap<Key, Line>,
    finished: VecDeque<Time>,
    waiting: usize,
    /// Since when more wait than there are places: only then does the rate say how fast we could be.
    crowded_since: Option<Time>,
    /// Seconds an operation takes, as seen lately.
    operation: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Line {
    stage: Stage,
    since: Time,
    failing: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// For a delete that AWS accepts.
    Waiting,
    /// AWS is at work on it.
    Unfinished,
    /// For a listing without it.
    Verifying,
}

/// What is being taken back, at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct RemovalProgress {
    /// Assignments whose absence is due and not verified.
    pub due: usize,
    /// Of these, deletes that AWS is at work on.
    pub unfinished: usize,
    /// Of these, ones that have failed several times in a row, or are in an account where operations fail or hang; the
    /// estimate leaves them out.
    pub failing: usize,
    /// Deletes finished a second, over the last minute.
    pub per_second: f64,
    /// Calls a second that we allow ourselves.
    pub calls: Option<CallRate>,
    /// When the last that does not fail should be verified. None: nothing is due, or it is not known yet how long AWS
    /// takes.
    pub done_by: Option<Time>,
}

impl Removals {
    pub(super) fn new(places: usize) -> Self {
        Self {
            places: places.max(1),
            book: Mutex::default(),
        }
    }

    /// Notes where a key stands. True: something is due since now; false: nothing is any more.
    fn note(&self, key: &Key, grant: &Grant, wanted: Wanted, now: Time) -> Option<bool> {
        let stage = stage(grant, wanted);
        let book = &mut *self.lock();
        let was_empty = book.due.is_empty();
        let before = match stage {
            None => book.due.remove(key),
            Some(stage) => {
                let before = book.due.get(key).copied();
                let since = before
                    .filter(|line| line.stage == stage)
                    .map_or(now, |line| line.since);
                let failing = grant.attempts >= FAILING;
                book.due.insert(
                    key.clone(),
                    Line {
                        stage,
                        since,
                        failing,
                    },
                );
                before
            }
        };
        book.count(before, stage, now);
        book.crowd(self.places, now);
        (was_empty != book.due.is_empty()).then_some(was_empty)
    }

    fn progress(
        &self,
        calls: Option<CallRate>,
        troubled: &BTreeSet<AccountId>,
        now: Time,
    ) -> RemovalProgress {
        let book = &mut *self.lock();
        book.forget_old(now);
        let of = |stage| book.due.values().filter(|line| line.stage == stage).count();
        let hopeful = |(key, line): &(&Key, &Line)| !line.failing && !troubled.contains(&key.account);
        let hopeful: Vec<_> = book.due.iter().filter(hopeful).collect();
        let failing = book.due.len() - hopeful.len();
        RemovalProgress {
            due: book.due.len(),
            unfinished: of(Stage::Unfinished),
            failing,
            per_second: book.per_second(now),
            calls,
            done_by: book.left(&hopeful, self.places, calls).map(|left| now + left),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stage(grant: &Grant, wanted: Wanted) -> Option<Stage> {
    if wanted.leases > 0 {
        return None;
    }
    match &grant.state {
        State::Foreign { .. } => None,
        State::Absent { .. } => (wanted.closing > 0).then_some(Stage::Verifying),
        State::Deleting(Phase::Accepted { .. }) => Some(Stage::Unfinished),
        State::Deleting(Phase::Verifying { .. }) => Some(Stage::Verifying),
        State::Deleting(Phase::Intent) | State::Present | State::Creating(_) | State::Unknown => {
            Some(Stage::Waiting)
        }
    }
}

impl Book {
    fn count(&mut self, before: Option<Line>, stage: Option<Stage>, now: Time) {
        let was = |of| before.is_some_and(|line| line.stage == of);
        if was(Stage::Waiting) {
            self.waiting -= 1;
        }
        if stage == Some(Stage::Waiting) {
            self.waiting += 1;
        }
        if let Some(line) = before
            && line.stage == Stage::Unfinished
            && matches!(stage, None | Some(Stage::Verifying))
        {
            self.finished.push_back(now);
            let took = (now - line.since).num_milliseconds() as f64 / 1000.0;
            let usual = self.operation.unwrap_or(took);
            self.operation = Some(usual + (took - usual) * 0.05);
            self.forget_old(now);
        }
    }

    fn crowd(&mut self, places: usize, now: Time) {
        if self.waiting == 0 {
            self.crowded_since = None;
        } else if self.waiting > places && self.crowded_since.is_none() {
            self.crowded_since = Some(now);
        }
    }

    fn forget_old(&mut self, now: Time) {
        while self.finished.front().is_some_and(|at| now - *at > WINDOW) {
            self.finished.pop_front();
        }
    }

    fn per_second(&self, now: Time) -> f64 {
        let since = self
            .crowded_since
            .map_or(WINDOW, |since| (now - since).min(WINDOW));
        let seconds = (since.num_milliseconds() as f64 / 1000.0).max(1.0);
        let from = now - since;
        self.finished.iter().filter(|at| **at >= from).count() as f64 / seconds
    }

    /// How long until the last one is verified.
    fn left(&self, hopeful: &[(&Key, &Line)], places: usize, calls: Option<CallRate>) -> Option<TimeDelta> {
        if hopeful.is_empty() {
            return None;
        }
        let mut accounts: HashMap<&AccountId, f64> = HashMap::new();
        let mut pairs = BTreeSet::new();
        for (key, line) in hopeful {
            let left = match line.stage {
                Stage::Waiting => 1.0,
                Stage::Unfinished => 0.5,
                Stage::Verifying => 0.0,
            };
            *accounts.entry(&key.account).or_default() += left;
            pairs.insert((&key.account, &key.permission_set));
        }
        let rate = self.steady_rate();
        // A few are soon done, whatever they take.
        let guess = (hopeful.len() <= places).then_some(USUAL_SECONDS);
        let operation = self.operation.or(guess)?;
        let crowd = Crowd {
            places: places as f64,
            accounts: accounts.into_values().filter(|left| *left > 0.0).collect(),
            rate,
            operation,
            calls: calls.map_or(f64::INFINITY, |calls| calls.now),
            listings: pairs.len() as f64,
        };
        Some(TimeDelta::milliseconds(
            (crowd.seconds().min(1e9) * 1000.0) as i64,
        ))
    }

    /// Deletes finished a second, from the first of this rush that is remembered to the last: the seconds before it, in
    /// which deletes are sent and none is finished, say nothing.
    fn steady_rate(&self) -> Option<f64> {
        let since = self.crowded_since?;
        let of_rush: Vec<_> = self.finished.iter().filter(|at| **at >= since).collect();
        let (first, last) = (of_rush.first()?, of_rush.last()?);
        let seconds = (**last - **first).num_milliseconds() as f64 / 1000.0;
        (of_rush.len() >= ENOUGH && seconds > 0.0).then(|| (of_rush.len() - 1) as f64 / seconds)
    }
}

impl Engine {
    /// A driver's look at a key.
    pub(super) fn note_removal(&self, key: &Key, grant: &Grant, wanted: Wanted, now: Time) {
        if let Some(due) = self.removals.note(key, grant, wanted, now) {
            self.assignments.removals_due(due);
        }
    }

    /// What is being taken back.
    #[must_use]
    pub fn removal_progress(&self) -> RemovalProgress {
        let calls = self.assignments.call_rate();
        let now = self.clock.now();
        self.removals.progress(calls, &self.drivers.troubled(now), now)
    }

    /// The most keys that were ever driven at a time: what memory a rush takes depends on it, and not on its size.
    #[must_use]
    pub fn most_drivers(&self) -> usize {
        self.drivers.most_running()
    }
}

#[cfg(test)]
mod tests;
