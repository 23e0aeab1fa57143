//! Our own pace: a token bucket with urgencies, so that we stay below what AWS allows the whole organisation and removals
//! never wait behind anything else.
//!
//! * One token is one call. A waiter is served only if nobody more urgent waits, nor longer in its own urgency; but while
//!   deletes wait without end, every eighth call verifies some of what is gone.
//! * While removals are due the bucket fills at the removal rate, and its last tokens are kept for deletes.
//! * Told to slow down, it halves its rate, once a second at most, and wins a twentieth of the full rate back with each
//!   second in which it is not told so again.
//! * A waiter may be dropped at any point: it takes nothing with it, and the next one is woken.

use super::port::{CallRate, Lane};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// How urgent one call is: finer than [`Lane`], the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Urgency {
    /// A delete.
    Revoke,
    /// How deletes go: what gives places back to further deletes.
    Status,
    /// Whether what was deleted is gone.
    Verify,
    /// A create.
    Create,
    /// What creates need.
    Grant,
    /// Everything that can wait.
    Background,
}

impl From<Lane> for Urgency {
    fn from(lane: Lane) -> Self {
        match lane {
            Lane::Removal => Self::Status,
            Lane::Grant => Self::Grant,
            Lane::Background => Self::Background,
        }
    }
}

impl Urgency {
    fn removes(self) -> bool {
        self <= Self::Verify
    }
}

/// Of so many calls one verifies, however many deletes wait.
const VERIFY_EACH: u32 = 8;

/// Tokens kept for deletes while removals are due, should the burst allow it.
const KEPT: f64 = 3.0;

/// The slowest that being told to slow down makes us, in calls a second.
const SLOWEST: f64 = 1.0;

/// Share of the full rate won back in a quiet second.
const WON_BACK: f64 = 0.05;

/// Slowing down answers everything that was under way; a quiet second counts from here too.
const ONCE_IN: Duration = Duration::from_secs(1);

/// A bucket.
#[derive(Debug)]
pub struct Limiter {
    rate: f64,
    removal_rate: f64,
    burst: f64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    tokens: f64,
    filled_at: Instant,
    next_ticket: u64,
    /// Ordered by urgency, then by arrival.
    waiting: BTreeMap<Place, Arc<Notify>>,
    /// Calls since the last one that verified.
    unverified: u32,
    removals_due: bool,
    /// Share of the full rate.
    scale: f64,
    slowed_at: Option<Instant>,
}

type Place = (Urgency, u64);

impl State {
    /// Who is served next.
    fn next(&self) -> Option<Place> {
        let first = self.waiting.keys().next().copied()?;
        let verifies = || {
            self.waiting
                .range((Urgency::Verify, 0)..(Urgency::Create, 0))
                .next()
        };
        if first.0 < Urgency::Verify && self.unverified + 1 >= VERIFY_EACH {
            return Some(verifies().map_or(first, |(place, _)| *place));
        }
        Some(first)
    }
}

impl Limiter {
    /// A full bucket: so many calls a second, another rate while removals wait, and so many at once after a pause.
    /// Senseless numbers (nothing, negative) are taken as one call in ten seconds, and a burst of one.
    #[must_use]
    pub fn new(rate: f64, removal_rate: f64, burst: f64) -> Self {
        let sensible = |rate: f64| if rate.is_finite() { rate.max(0.1) } else { 0.1 };
        let burst = if burst.is_finite() { burst.max(1.0) } else { 1.0 };
        Self {
            rate: sensible(rate),
            removal_rate: sensible(removal_rate),
            burst,
            state: Mutex::new(State {
                tokens: burst,
                filled_at: Instant::now(),
                next_ticket: 0,
                waiting: BTreeMap::new(),
                unverified: 0,
                removals_due: false,
                scale: 1.0,
                slowed_at: None,
            }),
        }
    }

    /// A bucket with one rate.
    #[must_use]
    pub fn uniform(rate: f64, burst: f64) -> Self {
        Self::new(rate, rate, burst)
    }

    /// Waits for the right to make one call.
    pub async fn acquire(&self, urgency: impl Into<Urgency>) {
        let ticket = self.enqueue(urgency.into());
        loop {
            match self.try_take(&ticket) {
                Turn::Now => return,
                Turn::In(wait) => tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    // The rate may have changed, or somebody more urgent has come.
                    () = ticket.woken.notified() => {}
                },
                Turn::Later => ticket.woken.notified().await,
            }
        }
    }

    /// How many wait in an urgency.
    #[must_use]
    pub fn waiting(&self, urgency: impl Into<Urgency>) -> usize {
        let urgency = urgency.into();
        let state = self.lock();
        state.waiting.range((urgency, 0)..=(urgency, u64::MAX)).count()
    }

    /// Whether removals are due: the removal rate is used, also at moments in which none of them waits for a call.
    pub fn removals_due(&self, due: bool) {
        let mut state = self.lock();
        self.fill(&mut state);
        state.removals_due = due;
        wake_next(&state);
    }

    /// AWS has said that we are too fast.
    pub fn throttled(&self) {
        let mut state = self.lock();
        self.fill(&mut state);
        let now = Instant::now();
        let again = state
            .slowed_at
            .is_some_and(|at| now.saturating_duration_since(at) < ONCE_IN);
        if !again {
            let slowest = (SLOWEST / self.full_rate(&state)).min(1.0);
            state.scale = (state.scale / 2.0).max(slowest);
            state.tokens = state.tokens.min(0.0);
            state.slowed_at = Some(now);
        }
    }

    /// The rate set for what is due now, and what throttling has made of it.
    #[must_use]
    pub fn call_rate(&self) -> CallRate {
        let mut state = self.lock();
        self.fill(&mut state);
        CallRate {
            configured: self.full_rate(&state),
            now: self.rate_now(&state),
        }
    }

    fn enqueue(&self, urgency: Urgency) -> Ticket<'_> {
        let mut state = self.lock();
        // What accrued until now did so at the old rate.
        self.fill(&mut state);
        let place = (urgency, state.next_ticket);
        state.next_ticket += 1;
        let woken = Arc::new(Notify::new());
        state.waiting.insert(place, Arc::clone(&woken));
        Ticket {
            limiter: self,
            place,
            woken,
        }
    }

    fn try_take(&self, ticket: &Ticket<'_>) -> Turn {
        let mut state = self.lock();
        self.fill(&mut state);
        if state.next() != Some(ticket.place) {
            return Turn::Later;
        }
        let urgency = ticket.place.0;
        let kept = if state.removals_due && urgency != Urgency::Revoke {
            KEPT.min(self.burst - 1.0)
        } else {
            0.0
        };
        if state.tokens >= 1.0 + kept {
            state.tokens -= 1.0;
            state.unverified = match urgency {
                Urgency::Revoke | Urgency::Status => state.unverified.saturating_add(1),
                Urgency::Verify | Urgency::Create | Urgency::Grant | Urgency::Background => 0,
            };
            return Turn::Now;
        }
        let missing = (1.0 + kept - state.tokens) / self.rate_now(&state);
        // Timers are in milliseconds; rounding down would spin.
        Turn::In(Duration::from_secs_f64(missing) + Duration::from_millis(1))
    }

    fn fill(&self, state: &mut State) {
        let now = Instant::now();
        let elapsed = now.saturating_duration_since(state.filled_at);
        state.tokens = (state.tokens + elapsed.as_secs_f64() * self.rate_now(state)).min(self.burst);
        if let Some(slowed_at) = state.slowed_at {
            let quiet = now.saturating_duration_since((slowed_at + ONCE_IN).max(state.filled_at));
            state.scale = (state.scale + quiet.as_secs_f64() * WON_BACK).min(1.0);
            if state.scale >= 1.0 {
                state.slowed_at = None;
            }
        }
        state.filled_at = now;
    }

    fn rate_now(&self, state: &State) -> f64 {
        self.full_rate(state) * state.scale
    }

    fn full_rate(&self, state: &State) -> f64 {
        let waits = state
            .waiting
            .keys()
            .next()
            .is_some_and(|(urgency, _)| urgency.removes());
        if state.removals_due || waits {
            self.removal_rate
        } else {
            self.rate
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake_next(state: &State) {
    if let Some(next) = state.next().and_then(|place| state.waiting.get(&place)) {
        next.notify_one();
    }
}

enum Turn {
    Now,
    In(Duration),
    Later,
}

/// A place in the queue, given up when dropped.
struct Ticket<'a> {
    limiter: &'a Limiter,
    place: Place,
    woken: Arc<Notify>,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        let mut state = self.limiter.lock();
        self.limiter.fill(&mut state);
        state.waiting.remove(&self.place);
        wake_next(&state);
    }
}

#[cfg(test)]
mod tests;
