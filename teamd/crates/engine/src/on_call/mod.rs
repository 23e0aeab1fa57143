//! Who is on call, as the operators' own files and programs say: one user name a line, usable in policy as `oncall:NAME`
//! wherever a group is. Read every half minute beside the directory copy.
//!
//! A reading counts for a quarter of an hour. While a source fails for longer, and before its first reading, nobody knows
//! whom it names: access that it could give waits, and access that it has given stays. Only a reading can take it away.
//!
//! Sources are read side by side, each on a thread of its own: one that hangs holds up neither the others, nor the
//! daemon's start, nor its stop.

mod program;
mod source;
mod unknown;

use super::Engine;
use super::refused::Refused;
use chrono::TimeDelta;
use futures::future::join_all;
use program::Programs;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use team_shared::ids::UserId;
use teamd_config::OnCall;
use teamd_domain::Time;
use teamd_domain::directory::{Directory, OnCallMembers};
use teamd_host::files::{Unanswered, on_thread};
use tokio::sync::Notify;

/// Time between two readings.
const READ_INTERVAL: Duration = Duration::from_secs(30);

/// Longest reading of one source. A program is stopped a little earlier, and says so.
const READ_TIMEOUT: Duration = source::RUN_TIMEOUT.saturating_add(Duration::from_millis(500));

/// How long a reading counts while later ones fail.
const MAX_READING_AGE: TimeDelta = TimeDelta::minutes(15);

type Reader = Arc<dyn Fn(&OnCall) -> Result<String, String> + Send + Sync>;

/// What the sources said.
pub(super) struct OnCallBook {
    reader: Reader,
    programs: Arc<Programs>,
    timeout: Duration,
    sources: Mutex<BTreeMap<String, SourceState>>,
    /// Every source was read, well or not, since the start.
    is_read: AtomicBool,
    first_reading: Notify,
}

#[derive(Debug, Clone)]
struct SourceState {
    source: OnCall,
    /// The last good one.
    reading: Option<Reading>,
    failure: Option<Failure>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Reading {
    names: BTreeSet<String>,
    at: Time,
}

impl Reading {
    fn counts(&self, now: Time) -> bool {
        now - self.at <= MAX_READING_AGE
    }
}

/// Readings that failed, one after the other.
#[derive(Debug, Clone)]
struct Failure {
    since: Time,
    /// Why the last one failed.
    fault: String,
}

impl Default for OnCallBook {
    fn default() -> Self {
        let programs = Arc::<Programs>::default();
        let of_reader = Arc::clone(&programs);
        let reader = move |source: &OnCall| source::read(source, &of_reader);
        Self {
            programs,
            ..Self::new(Arc::new(reader), READ_TIMEOUT)
        }
    }
}

impl OnCallBook {
    fn new(reader: Reader, timeout: Duration) -> Self {
        Self {
            reader,
            programs: Arc::default(),
            timeout,
            sources: Mutex::default(),
            is_read: AtomicBool::new(false),
            first_reading: Notify::new(),
        }
    }

    /// Reads every source, all at once, and returns when each has answered or is over its time.
    async fn read(&self, sources: &BTreeMap<String, OnCall>, now: impl Fn() -> Time) {
        {
            let mut states = self.lock();
            // A source that was changed is another one.
            states.retain(|name, state| sources.get(name) == Some(&state.source));
            for (name, source) in sources {
                states.entry(name.clone()).or_insert_with(|| SourceState {
                    source: source.clone(),
                    reading: None,
                    failure: None,
                });
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
        let mut states = self.lock();
        // The configuration may have changed meanwhile.
        let Some(state) = states.get_mut(name) else { return };
        let fault = match answer {
            Ok(Ok(text)) => {
                state.reading = Some(Reading {
                    names: names(&text),
                    at: now,
                });
                state.failure = None;
                return;
            }
            Ok(Err(fault)) => fault,
            Err(unanswered) => unanswered.to_string(),
        };
        let failure = state.failure.as_ref();
        if failure.is_none_or(|failure| failure.fault != fault) {
            tracing::warn!(source = %name, fault = %team_shared::text::inert(&fault), "on-call source");
        }
        state.failure = Some(Failure {
            since: failure.map_or(begun, |failure| failure.since),
            fault,
        });
    }

    /// The last good reading of each source that has one.
    fn readings(&self) -> BTreeMap<String, Reading> {
        let states = self.lock();
        let readings = states
            .iter()
            .filter_map(|(name, state)| Some((name.clone(), state.reading.clone()?)));
        readings.collect()
    }

    fn faults(&self, now: Time) -> Vec<String> {
        let states = self.lock();
        let faults = states.iter().filter_map(|(name, state)| {
            let Failure { since, fault } = state.failure.as_ref()?;
            let effect = match state.reading.as_ref().filter(|reading| reading.counts(now)) {
                Some(reading) => format!(
                    "what it said at {} counts until {}",
                    reading.at.format("%H:%M:%SZ"),
                    (reading.at + MAX_READING_AGE).format("%H:%M:%SZ")
                ),
                None => "new access through it is refused, live access stays".to_owned(),
            };
            let since = since.format("%Y-%m-%d %H:%M:%SZ");
            Some(format!(
                "on-call source {name} fails since {since}: {fault}; {effect}"
            ))
        });
        faults.collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, SourceState>> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    pub(super) async fn run_on_call(&self) {
        while !self.stop.is_cancelled() {
            tokio::select! {
                biased;
                // A stop does not wait for a source.
                () = self.stop.cancelled() => break,
                () = self.read_on_call() => {}
            }
            self.heed_on_call().await;
            if !self.on_call.is_read.swap(true, Ordering::Relaxed) {
                self.on_call.first_reading.notify_waiters();
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
        self.on_call.programs.stop();
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
        self.on_call.faults(self.clock.now())
    }

    async fn read_on_call(&self) {
        let settings = self.settings();
        self.on_call.read(&settings.on_call, || self.clock.now()).await;
    }

    /// Who is on call now, by source: every source that is configured, with those whom the copy knows.
    pub(super) fn on_call_of(&self, directory: &Directory) -> BTreeMap<String, OnCallMembers> {
        let (now, readings) = (self.clock.now(), self.on_call.readings());
        let people = |reading: &Reading| -> BTreeSet<UserId> {
            let names = reading.names.iter();
            names
                .filter_map(|name| directory.person_named(name))
                .map(|person| person.id.clone())
                .collect()
        };
        let members = |name: &String| match readings.get(name) {
            Some(reading) if reading.counts(now) => OnCallMembers::Known(people(reading)),
            reading => OnCallMembers::Unknown {
                last: reading.map(people),
            },
        };
        let settings = self.settings();
        let sources = settings.on_call.keys();
        sources.map(|name| (name.clone(), members(name))).collect()
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
        // What has waited for a source goes on.
        self.deadlines_wake.notify_one();
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
