//! The [clock rule](teamd_domain::clock) at work: it holds the gate while clocks disagree, says so in the audit trail,
//! keeps the high-water mark, and asks AWS for the time when that is in question.
//!
//! Nothing here touches a removal: ends are judged by [`Clock::due`](teamd_host::clock::Clock::due), which is never behind.

use super::refused::Refused;
use super::{Engine, Hold, commit};
use chrono::TimeDelta;
use std::time::Duration;
use team_shared::event::EventType;
use team_shared::problem::Code;
use teamd_domain::Time;
use teamd_domain::clock::{Mark, News, Suspicion};
use teamd_domain::event::{Actor, Datum, EventDraft};
use teamd_domain::identity::{Caller, Who};
use teamd_host::clock::{GuardedClock, Machine, Readings};
use teamd_store::port::{AuditFilter, Read, StoreResult, Tx};
use teamd_store::{Store, WriteLane};

/// How often the mark is kept. Rows of the trail say more where they are newer.
const MARK_EVERY: TimeDelta = TimeDelta::seconds(60);

/// How often AWS is asked for the time while it is in question, and how long it may take.
const ASK_EVERY: Duration = Duration::from_secs(5);

/// Events that wait for a trail which takes no row; of more, the oldest are in the journal only.
const MOST_WAITING: usize = 100;

/// Where the mark is kept.
const MARK: &str = "clock.mark";

/// What root's word has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AcceptedClock {
    /// The clocks were suspect; otherwise nothing has changed.
    pub was_suspect: bool,
    /// The time that was kept until then.
    pub was: Time,
    /// The time now.
    pub now: Time,
}

/// The clocks, for `status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockState {
    /// Why they are not believed.
    pub suspect: Option<String>,
    /// How often the wall clock was set by more than two seconds since the start.
    pub steps: u64,
    /// The wall clock against the time kept.
    pub wall_ahead: TimeDelta,
    /// AWS against the wall clock, when it was last heard.
    pub aws_ahead: Option<TimeDelta>,
}

/// The daemon's clock, from what the store remembers of the time.
///
/// # Errors
/// The store cannot be read.
pub async fn start_clock(store: &Store, readings: Box<dyn Readings>) -> Result<GuardedClock, Refused> {
    // Without a usable database there is no mark: the wall clock and AWS's must do.
    let (mark, newest) = store
        .read_for_removal(|read| Ok::<_, Refused>(remembered(read)?))
        .await?;
    Ok(GuardedClock::start(readings, mark.as_ref(), newest))
}

/// `teamd clock accept` where no daemon runs: the next start begins with the wall clock.
///
/// # Errors
/// The store does not take it.
pub fn accept_offline(store: &Store, login_uid: Option<u32>) -> Result<AcceptedClock, Refused> {
    let (mark, newest) = store.read_blocking(|read| Ok::<_, Refused>(remembered(read)?))?;
    let clock = GuardedClock::start(Box::new(Machine), mark.as_ref(), newest);
    let (was_suspect, accepted) = (clock.suspicion().is_some(), clock.as_accepted());
    let was = clock.accept();
    let done = AcceptedClock {
        was_suspect,
        was,
        now: accepted.at,
    };
    let actor = Actor {
        uid: Some(0),
        login_uid,
        ..Actor::daemon()
    };
    if was_suspect {
        store.write_blocking(WriteLane::Normal, move |tx| {
            Ok::<_, Refused>(keep_accepted(tx, &accepted, &actor, was)?)
        })?;
    }
    Ok(done)
}

/// The mark, and when the newest row was written.
fn remembered(read: &mut (impl Read + ?Sized)) -> StoreResult<(Option<Mark>, Option<Time>)> {
    let mark = read.meta(MARK)?.and_then(|text| {
        text.parse()
            .inspect_err(|error| tracing::error!(%error, "the clock's mark is left out"))
            .ok()
    });
    let filter = AuditFilter {
        after: read.last_seq()?.saturating_sub(1),
        limit: 1,
        ..AuditFilter::default()
    };
    Ok((mark, read.audit(&filter)?.first().map(|row| row.at)))
}

/// The row comes last: the next start takes the newest row's time.
fn keep_accepted(tx: &mut dyn Tx, accepted: &Mark, actor: &Actor, was: Time) -> StoreResult<()> {
    tx.set_meta(MARK, &accepted.to_string())?;
    let event = EventDraft::new(EventType::ClockClear)
        .by(actor)
        .text("how", "accepted")
        .with("was", Datum::Moment(was));
    commit::tell(tx, &event, accepted.at).map(drop)
}

impl Engine {
    /// Holds the gate while the clocks disagree, and lets go when they agree. Called before everything that grants.
    pub(super) fn check_clock(&self) {
        let Some(guard) = self.clock.guard() else { return };
        let now = self.clock.now();
        // With the rule held still: two who look at once do not leave the gate as the slower one saw it.
        guard.look(|rule| match rule.suspicion() {
            Some(suspicion) => self.gate.hold(Hold::ClockSuspect, now, suspicion.to_string()),
            None => self.gate.release(Hold::ClockSuspect),
        });
    }

    /// The clocks, for `status`; nothing where time is simulated.
    #[must_use]
    pub fn clock_state(&self) -> Option<ClockState> {
        self.clock.guard().map(|guard| {
            guard.look(|rule| ClockState {
                suspect: rule.suspicion().map(ToString::to_string),
                steps: rule.steps(),
                wall_ahead: rule.wall_ahead(),
                aws_ahead: rule.aws_ahead(),
            })
        })
    }

    pub(super) async fn run_clock(&self) {
        let Some(guard) = self.clock.guard() else { return };
        let mut unwritten = Vec::new();
        let mut marked: Option<Time> = None;
        while !self.stop.is_cancelled() {
            self.check_clock();
            let news = guard.take_news();
            if !news.is_empty() {
                self.deadlines_wake.notify_one();
                marked = None;
            }
            let is_news = !news.is_empty();
            unwritten.extend(news.iter().filter_map(told));
            unwritten.drain(..unwritten.len().saturating_sub(MOST_WAITING));
            self.write_clock_events(&mut unwritten, is_news).await;
            let mark = guard.look(|rule| rule.mark());
            let is_old = |at: Time, now: Time| now < at || now - at >= MARK_EVERY;
            if let Some(mark) = mark.filter(|mark| marked.is_none_or(|at| is_old(at, mark.at))) {
                marked = self.keep_mark(mark).await.or(marked);
            }
            tokio::select! {
                biased;
                () = tokio::time::sleep(self.clock.look_again_in()) => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    /// Asks AWS for the time while that is in question: any call does, its answer is heard on the way.
    pub(super) async fn run_clock_probe(&self) {
        let Some(guard) = self.clock.guard() else { return };
        while !self.stop.is_cancelled() {
            if guard.look(|rule| rule.wants_aws()) {
                tokio::select! {
                    biased;
                    _ = tokio::time::timeout(ASK_EVERY, self.clock_probe.account()) => {}
                    () = self.stop.cancelled() => {}
                }
                // What it said may make ends due.
                self.deadlines_wake.notify_one();
            }
            tokio::select! {
                biased;
                () = tokio::time::sleep(self.clock.look_again_in()) => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    /// Takes the wall clock's word, on root's. The trail first: what is not written down is not believed.
    ///
    /// # Errors
    /// The caller is not root, or the store does not take it.
    pub async fn accept_clock(&self, caller: &Caller) -> Result<AcceptedClock, Refused> {
        match &caller.who {
            Who::Operator => {}
            Who::Person { .. } => {
                return Err(
                    Refused::new(Code::NotAllowed, "accepting the clock takes the operator (uid 0)")
                        .help("as root: teamd clock accept"),
                );
            }
            Who::Nobody { why } => return Err(Refused::new(Code::UnknownIdentity, why.clone())),
        }
        let now = self.clock.now();
        let Some(guard) = self.clock.guard().filter(|guard| guard.suspicion().is_some()) else {
            return Ok(AcceptedClock {
                was_suspect: false,
                was: now,
                now,
            });
        };
        let (accepted, actor) = (guard.as_accepted(), caller.actor());
        self.store
            .write(WriteLane::Normal, move |tx| {
                Ok::<_, Refused>(keep_accepted(tx, &accepted, &actor, now)?)
            })
            .await?;
        let was = guard.accept();
        self.check_clock();
        self.deadlines_wake.notify_one();
        tracing::warn!(%was, now = %self.clock.now(), "the operator accepted the clock");
        Ok(AcceptedClock {
            was_suspect: true,
            was,
            now: self.clock.now(),
        })
    }

    /// What cannot be written now is tried again at the next look.
    async fn write_clock_events(&self, unwritten: &mut Vec<EventDraft>, is_news: bool) {
        if unwritten.is_empty() {
            return;
        }
        let (events, now) = (unwritten.clone(), self.clock.now());
        let written = self.store.write(WriteLane::Normal, move |tx| {
            for event in &events {
                commit::tell(tx, event, now)?;
            }
            Ok::<_, Refused>(())
        });
        match written.await {
            Ok(()) => unwritten.clear(),
            // Once for each: a trail that takes no row may take none for days.
            Err(error) if is_news => {
                tracing::error!(%error, "what the clocks did is not in the audit trail yet")
            }
            Err(_) => {}
        }
    }

    async fn keep_mark(&self, mark: Mark) -> Option<Time> {
        let at = mark.at;
        let kept = self.store.write(WriteLane::Background, move |tx| {
            Ok::<_, Refused>(tx.set_meta(MARK, &mark.to_string())?)
        });
        match kept.await {
            Ok(()) => Some(at),
            Err(error) => {
                tracing::warn!(%error, "the clock's mark is not kept");
                None
            }
        }
    }
}

/// A line in the journal, and an event where it is worth one.
fn told(news: &News) -> Option<EventDraft> {
    match news {
        News::Stepped(by) => {
            tracing::warn!(by_ms = by.num_milliseconds(), "the wall clock was set");
            None
        }
        News::Suspect(suspicion) => {
            tracing::error!(%suspicion, "no access is granted");
            Some(suspect(suspicion))
        }
        News::Clear => {
            tracing::info!("the clocks agree again");
            Some(EventDraft::new(EventType::ClockClear).text("how", "agreement"))
        }
    }
}

fn suspect(suspicion: &Suspicion) -> EventDraft {
    let event = EventDraft::new(EventType::ClockSuspect)
        .text("why", suspicion.doubt.word())
        .with("by_seconds", Datum::Number(suspicion.by.num_seconds()))
        .with("kept", Datum::Moment(suspicion.kept))
        .with("wall", Datum::Moment(suspicion.wall));
    match suspicion.aws {
        Some(aws) => event.with("aws", Datum::Moment(aws)),
        None => event,
    }
}
