//! The bucket on paused time.

#![allow(clippy::disallowed_methods, reason = "tasks of a test end with its runtime")]

use super::*;
use futures::FutureExt;
use tokio::time::{advance, timeout};

fn spawn(
    limiter: &Arc<Limiter>,
    urgency: impl Into<Urgency>,
    name: &'static str,
    order: &Arc<Mutex<Vec<&'static str>>>,
) -> tokio::task::JoinHandle<()> {
    let (limiter, order, urgency) = (Arc::clone(limiter), Arc::clone(order), urgency.into());
    tokio::spawn(async move {
        limiter.acquire(urgency).await;
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
        tokio::spawn(async move { timeout(Duration::from_millis(500), limiter.acquire(Lane::Removal)).await })
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

#[tokio::test(start_paused = true)]
async fn removals_that_are_due_set_the_rate_also_while_none_waits() {
    let limiter = Limiter::new(10.0, 16.0, 5.0);
    assert_eq!(limiter.call_rate().now, 10.0);
    limiter.removals_due(true);
    drain(&limiter).await;
    let began = Instant::now();
    for _ in 0..32 {
        limiter.acquire(Lane::Background).await;
    }
    let took = began.elapsed().as_secs_f64();
    assert!((1.9..2.1).contains(&took), "{took}");
    limiter.removals_due(false);
    assert_eq!(limiter.call_rate().now, 10.0);
}

#[tokio::test(start_paused = true)]
async fn while_removals_are_due_a_delete_finds_tokens_that_others_left() {
    let limiter = Limiter::new(10.0, 16.0, 4.0);
    limiter.removals_due(true);
    while limiter.acquire(Urgency::Verify).now_or_never().is_some() {}
    for _ in 0..3 {
        assert!(limiter.acquire(Urgency::Revoke).now_or_never().is_some());
    }
    assert!(limiter.acquire(Urgency::Revoke).now_or_never().is_none());
}

#[tokio::test(start_paused = true)]
async fn every_eighth_call_verifies() {
    let limiter = Arc::new(Limiter::new(10.0, 16.0, 1.0));
    drain(&limiter).await;
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = Vec::new();
    for (urgency, name, count) in [(Urgency::Verify, "verify", 2), (Urgency::Revoke, "revoke", 20)] {
        for _ in 0..count {
            tasks.push(spawn(&limiter, urgency, name, &order));
            tokio::task::yield_now().await;
        }
    }
    for task in tasks {
        task.await.unwrap();
    }
    let order = order.lock().unwrap();
    let verified: Vec<_> = (0..order.len()).filter(|at| order[*at] == "verify").collect();
    assert_eq!(verified, [7, 15], "{order:?}");
}

#[tokio::test(start_paused = true)]
async fn throttling_halves_the_rate_once_a_second_and_quiet_wins_it_back() {
    let limiter = Limiter::new(10.0, 16.0, 4.0);
    limiter.removals_due(true);
    limiter.throttled();
    limiter.throttled();
    assert_eq!(
        limiter.call_rate(),
        CallRate {
            configured: 16.0,
            now: 8.0
        }
    );
    assert!(
        limiter.acquire(Urgency::Revoke).now_or_never().is_none(),
        "what was saved up is gone"
    );
    advance(Duration::from_secs(1)).await;
    assert_eq!(limiter.call_rate().now, 8.0, "not yet quiet");
    for _ in 0..10 {
        advance(Duration::from_secs(1)).await;
        limiter.throttled();
    }
    assert_eq!(limiter.call_rate().now, 1.0, "not slower than that");
    advance(Duration::from_secs(11)).await;
    let now = limiter.call_rate().now;
    assert!((8.9..9.1).contains(&now), "{now}");
    advance(Duration::from_secs(60)).await;
    assert_eq!(limiter.call_rate().now, 16.0);
}
