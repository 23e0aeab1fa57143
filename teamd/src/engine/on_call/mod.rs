//! Who is on call, as the operators' own files and programs say: one user name a line, usable in policy as `oncall:NAME`
//! wherever a group is. Read every half minute beside the directory copy; what a source said last holds for a quarter of
//! an hour while it fails, and names nobody after that.
//!
//! Sources are read side by side, each on a thread of its own: one that hangs holds up neither the others, nor the
//! daemon's start, nor its stop. Before its first good reading, and for a quarter of an hour at most, nobody knows whom a
//! source names: access that it could give waits, and access that it could have given stays.

mod source;

use super::refused::Refused;
use super::{Engine, Facts};
use crate::config::OnCall;
use crate::domain::Time;
use crate::domain::directory::Directory;
use crate::domain::policy::{Ask, Refusal, evaluate};
use crate::files::{Unanswered, on_thread};
use chrono::TimeDelta;
use futures::future::join_all;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use team_shared::ids::UserId;
use tokio::sync::Notify;

/// Time between two readings.
const READ_INTERVAL: Duration = Duration::from_secs(30);

/// Longest reading of one source. A program is stopped a little earlier, and says so.
const READ_TIMEOUT: Duration = source::RUN_TIMEOUT.saturating_add(Duration::from_millis(500));

/// How long the last good answer holds while a source fails.
const HOLDS: TimeDelta = TimeDelta::minutes(15);

/// Unread sources that are looked at one by one. The others are taken as if they were one.
const MAX_UNREAD: usize = 4;

type Reader = Arc<dyn Fn(&OnCall) -> Result<String, String> + Send + Sync>;

/// What the sources said.
pub(super) struct OnCallBook {
    reader: Reader,
    timeout: Duration,
    known: Mutex<BTreeMap<String, Known>>,
    /// Every source was read, well or not, since the start.
    is_read: AtomicBool,
    first_reading: Notify,
}

#[derive(Debug, Clone)]
struct Known {
    source: OnCall,
    names: BTreeSet<String>,
    /// When it was first asked.
    asked_at: Time,
    /// When the names were read.
    read_at: Option<Time>,
    /// Since when a reading has not come back.
    hung_since: Option<Time>,
    /// Why the last reading failed.
    fault: Option<String>,
}

impl Known {
    fn new(source: &OnCall, now: Time) -> Self {
        Self {
            source: source.clone(),
            names: BTreeSet::new(),
            asked_at: now,
            read_at: None,
            hung_since: None,
            fault: None,
        }
    }

    fn is_unread(&self, now: Time) -> bool {
        self.read_at.is_none() && now - self.asked_at <= HOLDS
    }
}

impl Default for OnCallBook {
    fn default() -> Self {
        Self::new(Arc::new(source::read), READ_TIMEOUT)
    }
}

impl OnCallBook {
    fn new(reader: Reader, timeout: Duration) -> Self {
        Self {
            reader,
            timeout,
            known: Mutex::default(),
            is_read: AtomicBool::new(false),
            first_reading: Notify::new(),
        }
    }

    /// Reads every source, all at once, and returns when each has answered or is over its time.
    async fn read(&self, sources: &BTreeMap<String, OnCall>, now: impl Fn() -> Time) {
        {
            let mut book = self.lock();
            // A source that was changed is another one.
            book.retain(|name, known| sources.get(name) == Some(&known.source));
            for (name, source) in sources {
                let known = || Known::new(source, now());
                book.entry(name.clone()).or_insert_with(known);
            }
        }
        let now = &now;
        let readings = sources.iter().map(|(name, source)| async move {
            let begun = now();
            let (reader, from) = (Arc::clone(&self.reader), source.clone());
            let answer = on_thread(&format!("on-call {source:?}"), self.timeout, move || {
                reader(&from)
            })
            .await;
            self.note(name, answer, begun, now());
        });
        join_all(readings).await;
    }

    fn note(&self, name: &str, answer: Result<Result<String, String>, Unanswered>, begun: Time, now: Time) {
        let mut book = self.lock();
        // The configuration may have changed meanwhile.
        let Some(known) = book.get_mut(name) else { return };
        let fault = match answer {
            Ok(Ok(text)) => {
                (known.names, known.read_at) = (names(&text), Some(now));
                (known.hung_since, known.fault) = (None, None);
                return;
            }
            Ok(Err(fault)) => {
                known.hung_since = None;
                fault
            }
            Err(Unanswered::StillRunning) => {
                let since = *known.hung_since.get_or_insert(begun);
                format!("it is still being read since {}", since.format("%H:%M:%SZ"))
            }
            Err(timed_out @ Unanswered::TimedOut(_)) => {
                known.hung_since.get_or_insert(begun);
                timed_out.to_string()
            }
            Err(failed @ Unanswered::Failed(_)) => failed.to_string(),
        };
        if known.fault.as_ref() != Some(&fault) {
            tracing::warn!(source = %name, fault = %team_shared::text::inert(&fault), "on-call source");
        }
        known.fault = Some(fault);
    }

    /// The names that count now, by source.
    fn names(&self, now: Time) -> BTreeMap<String, BTreeSet<String>> {
        let book = self.lock();
        let fresh = book
            .iter()
            .filter(|(_, known)| known.read_at.is_some_and(|at| now - at <= HOLDS));
        fresh
            .map(|(name, known)| (name.clone(), known.names.clone()))
            .collect()
    }

    /// Sources of which nobody can say yet whom they name.
    fn unread<'a>(&self, sources: impl Iterator<Item = &'a String>, now: Time) -> BTreeSet<String> {
        let book = self.lock();
        sources
            .filter(|name| book.get(*name).is_none_or(|known| known.is_unread(now)))
            .cloned()
            .collect()
    }

    fn faults(&self) -> Vec<String> {
        let book = self.lock();
        let faults = book.iter().filter_map(|(name, known)| {
            let fault = known.fault.as_ref()?;
            Some(format!("on-call source {name}: {fault}"))
        });
        faults.collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    pub(super) async fn run_on_call(&self) {
        let mut unread = self.unread_on_call();
        while !self.stop.is_cancelled() {
            tokio::select! {
                biased;
                // A stop does not wait for a source.
                () = self.stop.cancelled() => return,
                () = self.read_on_call() => {}
            }
            self.heed_on_call().await;
            let is_first = !self.on_call.is_read.swap(true, Ordering::Relaxed);
            if is_first {
                self.on_call.first_reading.notify_waiters();
            }
            let before = std::mem::replace(&mut unread, self.unread_on_call());
            if is_first || unread != before {
                // What has waited for a source goes on.
                self.deadlines_wake.notify_one();
                if !self.settings().on_call.is_empty() {
                    self.recheck_by_on_call().await;
                }
            }
            tokio::select! {
                biased;
                () = tokio::time::sleep(self.nap(READ_INTERVAL)) => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    /// Whether every source was read since the start, well or not.
    #[must_use]
    pub fn on_call_is_read(&self) -> bool {
        self.on_call.is_read.load(Ordering::Relaxed) || self.settings().on_call.is_empty()
    }

    /// Waits for the first reading of every source: a few seconds at most, and only after a start.
    pub(super) async fn on_call_ready(&self) {
        let read = self.on_call.first_reading.notified();
        if self.on_call_is_read() {
            return;
        }
        tokio::select! {
            biased;
            () = read => {}
            () = self.stop.cancelled() => {}
            () = tokio::time::sleep(READ_TIMEOUT) => {}
        }
    }

    /// What is wrong with the sources, a line each.
    #[must_use]
    pub fn on_call_faults(&self) -> Vec<String> {
        self.on_call.faults()
    }

    /// Sources that have not been read since the start, and not for so long that they count as failed.
    pub(super) fn unread_on_call(&self) -> BTreeSet<String> {
        self.on_call
            .unread(self.settings().on_call.keys(), self.clock.now())
    }

    async fn read_on_call(&self) {
        let settings = self.settings();
        self.on_call.read(&settings.on_call, || self.clock.now()).await;
    }

    /// The people on call now, by source: every source that is configured, with those whom the copy knows.
    pub(super) fn on_call_of(&self, directory: &Directory) -> BTreeMap<String, BTreeSet<UserId>> {
        let settings = self.settings();
        let named = self.on_call.names(self.clock.now());
        let people = |name: &String| -> BTreeSet<UserId> {
            let names = named.get(name).into_iter().flatten();
            names
                .filter_map(|name| directory.person_named(name))
                .map(|person| person.id.clone())
                .collect()
        };
        let sources = settings.on_call.keys();
        sources.map(|name| (name.clone(), people(name))).collect()
    }

    /// Puts who is on call into the copy, where that is news, and looks at what hangs on it.
    async fn heed_on_call(&self) {
        let Some(copy) = self.directory() else { return };
        if self.on_call_of(&copy) == copy.on_call {
            return;
        }
        // Of the copy that is there by now: a load or a look at one person may have come in between.
        self.directory.rcu(|current| {
            let mut directory = Directory::clone(current.as_ref()?);
            directory.on_call = self.on_call_of(&directory);
            Some(Arc::new(directory))
        });
        self.recheck_by_on_call().await;
    }

    async fn recheck_by_on_call(&self) {
        if let Err(error) = self.recheck_open_requests().await {
            tracing::error!(%error, "open requests could not be checked against who is on call");
        }
    }

    /// Reads the sources now, as the loop does.
    ///
    /// # Errors
    /// None yet: faults are kept with their source.
    pub async fn look_who_is_on_call(&self) -> Result<(), Refused> {
        self.read_on_call().await;
        self.heed_on_call().await;
        Ok(())
    }
}

impl Facts {
    /// These facts in every form that they could have, as far as `user` may or may not be named by sources that have not
    /// been read yet, and accounts may or may not be protected. Access is given where all of them give it, and lost where
    /// none of them keeps it.
    pub(super) fn possible(&self, user: &UserId) -> Vec<Self> {
        let mut forms = self.with_possible_on_call(user);
        if let Some(certain) = &self.certainly_protected {
            let fewer = forms.clone();
            forms.extend(fewer.into_iter().map(|facts| Self {
                protected: certain.clone(),
                ..facts
            }));
        }
        forms
    }

    fn with_possible_on_call(&self, user: &UserId) -> Vec<Self> {
        let Some(directory) = self
            .directory
            .as_ref()
            .filter(|_| !self.unread_on_call.is_empty())
        else {
            return vec![self.clone()];
        };
        let unread: Vec<&String> = self.unread_on_call.iter().collect();
        let forms = 0..1_usize << unread.len().min(MAX_UNREAD);
        let form = |chosen: usize| {
            let mut directory = Directory::clone(directory);
            for (number, name) in unread.iter().enumerate() {
                let people = directory.on_call.entry((*name).clone()).or_default();
                if chosen >> number.min(MAX_UNREAD - 1) & 1 == 1 {
                    people.insert(user.clone());
                } else {
                    people.remove(user);
                }
            }
            Self {
                directory: Some(Arc::new(directory)),
                ..self.clone()
            }
        };
        forms.map(form).collect()
    }

    /// What a refusal of an ask comes to: where a source that has not been read yet could have it allowed, it is asked
    /// again later.
    pub(super) fn unless_unread(&self, ask: &Ask<'_>, refusal: Refusal) -> Refused {
        let allows = |facts: &Self| match (&facts.policy, &facts.directory) {
            (Some(in_force), Some(directory)) => {
                evaluate(&in_force.policy, directory, &facts.protected, ask).is_ok()
            }
            _ => false,
        };
        if !self.unread_on_call.is_empty() && self.possible(ask.person).iter().any(allows) {
            return self.on_call_unknown();
        }
        refusal.into()
    }
}

/// User names, a line each; `#` begins a remark.
fn names(text: &str) -> BTreeSet<String> {
    let lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim());
    lines
        .filter(|line| !line.is_empty())
        .map(ToOwned::to_owned)
        .collect()
}

#[cfg(test)]
mod tests;
