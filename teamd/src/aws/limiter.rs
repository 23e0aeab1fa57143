//! Our own pace: a token bucket with lanes, so that we stay below what AWS allows the whole organisation and removals
//! never wait behind anything else.
//!
//! * One token is one call. A waiter is served only if nobody waits in a more urgent lane, nor longer in its own.
//! * While a removal waits, the bucket fills at the removal rate.
//! * A waiter may be dropped at any point: it takes nothing with it, and the next one is woken.

use super::port::Lane;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

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
    /// Ordered by lane, then by arrival: the first is the one to serve.
    waiting: BTreeMap<(Lane, u64), Arc<Notify>>,
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
            }),
        }
    }

    /// A bucket with one rate.
    #[must_use]
    pub fn uniform(rate: f64, burst: f64) -> Self {
        Self::new(rate, rate, burst)
    }

    /// Waits for the right to make one call.
    pub async fn acquire(&self, lane: Lane) {
        let ticket = self.enqueue(lane);
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

    /// How many wait in a lane.
    #[must_use]
    pub fn waiting(&self, lane: Lane) -> usize {
        let state = self.lock();
        state.waiting.range((lane, 0)..=(lane, u64::MAX)).count()
    }

    fn enqueue(&self, lane: Lane) -> Ticket<'_> {
        let mut state = self.lock();
        // What accrued until now did so at the old rate.
        self.fill(&mut state);
        let place = (lane, state.next_ticket);
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
        if state.waiting.keys().next() != Some(&ticket.place) {
            return Turn::Later;
        }
        if state.tokens >= 1.0 {
            state.tokens -= 1.0;
            return Turn::Now;
        }
        let missing = (1.0 - state.tokens) / self.rate_now(&state);
        // Timers are in milliseconds; rounding down would spin.
        Turn::In(Duration::from_secs_f64(missing) + Duration::from_millis(1))
    }

    fn fill(&self, state: &mut State) {
        let now = Instant::now();
        let elapsed = now.saturating_duration_since(state.filled_at).as_secs_f64();
        state.tokens = (state.tokens + elapsed * self.rate_now(state)).min(self.burst);
        state.filled_at = now;
    }

    fn rate_now(&self, state: &State) -> f64 {
        match state.waiting.keys().next() {
            Some((Lane::Removal, _)) => self.removal_rate,
            _ => self.rate,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
    place: (Lane, u64),
    woken: Arc<Notify>,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        let mut state = self.limiter.lock();
        self.limiter.fill(&mut state);
        state.waiting.remove(&self.place);
        if let Some(next) = state.waiting.values().next() {
            next.notify_one();
        }
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tasks of a test end with its runtime")]
mod tests {
    use super::*;
    use futures::FutureExt;
    use tokio::time::{advance, timeout};

    fn spawn(
        limiter: &Arc<Limiter>,
        lane: Lane,
        name: &'static str,
        order: &Arc<Mutex<Vec<&'static str>>>,
    ) -> tokio::task::JoinHandle<()> {
        let (limiter, order) = (Arc::clone(limiter), Arc::clone(order));
        tokio::spawn(async move {
            limiter.acquire(lane).await;
            order.lock().unwrap().push(name);
        })
    }

    async fn drain(limiter: &Limiter) {
        while limiter.acquire(Lane::Background).now_or_never().is_some() {}
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_bucket_answers_a_burst_at_once_and_then_keeps_the_rate() {
        let limiter = Limiter::new(10.0, 16.0, 5.0);
        let began = Instant::now();
        for _ in 0..5 {
            limiter.acquire(Lane::Grant).await;
        }
        assert_eq!(began.elapsed(), Duration::ZERO);
        for _ in 0..20 {
            limiter.acquire(Lane::Grant).await;
        }
        let took = began.elapsed().as_secs_f64();
        assert!((1.99..2.1).contains(&took), "{took}");
    }

    #[tokio::test(start_paused = true)]
    async fn removals_go_first_and_faster() {
        let limiter = Arc::new(Limiter::new(10.0, 16.0, 5.0));
        drain(&limiter).await;
        let began = Instant::now();
        let removals = (0..16).map(|_| limiter.acquire(Lane::Removal));
        futures::future::join_all(removals).await;
        let took = began.elapsed().as_secs_f64();
        assert!((0.99..1.1).contains(&took), "{took}");
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_overtakes_a_more_urgent_lane_nor_an_earlier_ticket() {
        let limiter = Arc::new(Limiter::new(10.0, 16.0, 2.0));
        drain(&limiter).await;
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for (lane, name) in [
            (Lane::Background, "background 1"),
            (Lane::Background, "background 2"),
            (Lane::Grant, "grant 1"),
            (Lane::Removal, "removal 1"),
            (Lane::Grant, "grant 2"),
            (Lane::Removal, "removal 2"),
        ] {
            tasks.push(spawn(&limiter, lane, name, &order));
            tokio::task::yield_now().await;
        }
        assert_eq!(limiter.waiting(Lane::Grant), 2);
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(
            *order.lock().unwrap(),
            [
                "removal 1",
                "removal 2",
                "grant 1",
                "grant 2",
                "background 1",
                "background 2"
            ]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_bucket_serves_a_waiting_removal_before_a_new_background_call() {
        let limiter = Arc::new(Limiter::new(10.0, 16.0, 1.0));
        drain(&limiter).await;
        let order = Arc::new(Mutex::new(Vec::new()));
        let removal = spawn(&limiter, Lane::Removal, "removal", &order);
        tokio::task::yield_now().await;
        advance(Duration::from_secs(5)).await;
        let background = spawn(&limiter, Lane::Background, "background", &order);
        removal.await.unwrap();
        background.await.unwrap();
        assert_eq!(*order.lock().unwrap(), ["removal", "background"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_waiter_takes_no_token_and_wakes_the_next() {
        let limiter = Arc::new(Limiter::new(1.0, 1.0, 1.0));
        drain(&limiter).await;
        let began = Instant::now();
        let first = {
            let limiter = Arc::clone(&limiter);
            tokio::spawn(
                async move { timeout(Duration::from_millis(500), limiter.acquire(Lane::Removal)).await },
            )
        };
        tokio::task::yield_now().await;
        let second = limiter.acquire(Lane::Background);
        let (first, ()) = tokio::join!(first, second);
        assert!(first.unwrap().is_err(), "dropped before its turn");
        let took = began.elapsed().as_secs_f64();
        assert!((0.99..1.1).contains(&took), "{took}");
        assert_eq!(limiter.waiting(Lane::Removal), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn senseless_rates_are_slow_rather_than_a_panic() {
        for rate in [0.0, -3.0, f64::NAN, f64::INFINITY] {
            let limiter = Limiter::uniform(rate, rate);
            limiter.acquire(Lane::Grant).await;
            limiter.acquire(Lane::Grant).await;
        }
    }
}
