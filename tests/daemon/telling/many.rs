//! Ten thousand events, receivers that fail one time in five, and a daemon that is killed again and again: nothing is
//! lost, and whatever comes twice has the same id and a reason. A reason is a reply that was lost, or a kill between the
//! receiver's taking it and our writing that down; both are counted.

use super::http::{Answer, Got, Receiver, ok, status};
use super::webhook;
use crate::support::*;
use chrono::TimeDelta;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use team_shared::event::EventType;
use team_test_support::loud::say;
use teamd_domain::delivery::{Delivery, DeliveryState};
use teamd_domain::event::{Datum, EventDraft};
use teamd_engine::Refused;
use teamd_store::port::DeliveryFilter;
use teamd_store::{Store, WriteLane};

const EVENTS: usize = 10_000;
const KILLS: usize = 8;

/// In one transaction.
const TOGETHER: usize = 250;

/// However busy the machine is.
const PATIENCE: Duration = Duration::from_secs(300);

/// What a receiver has seen of one id.
#[derive(Debug, Clone, Default)]
struct Seen {
    /// Tries, whatever came of them.
    tries: u32,
    /// How often it was taken.
    taken: u32,
    /// How often that could not be told to the daemon.
    lost: u32,
}

type Book = Arc<Mutex<BTreeMap<String, Seen>>>;

fn locked(book: &Book) -> std::sync::MutexGuard<'_, BTreeMap<String, Seen>> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Fails one time in five: an error, a wish to be left alone, or a reply that gets lost after the message was taken.
fn moody(book: Book, seed: u64) -> impl Fn(&Got) -> Answer + Send + Sync + 'static {
    let chance = Mutex::new(StdRng::seed_from_u64(seed));
    move |got| {
        let (fails, how) = {
            let mut chance = chance.lock().unwrap_or_else(PoisonError::into_inner);
            (chance.random_ratio(1, 5), chance.random_range(0..4))
        };
        let mut book = locked(&book);
        let seen = book.entry(got.header("webhook-id").to_owned()).or_default();
        seen.tries += 1;
        if fails && how == 0 {
            return Some((429, vec![("retry-after", "1".to_owned())], String::new()));
        }
        if fails && how < 3 {
            return status(503);
        }
        seen.taken += 1;
        if fails {
            seen.lost += 1;
            return None;
        }
        ok()
    }
}

/// News in one go, as a transaction of the engine's leaves it behind.
async fn happen(world: &World, from: usize, count: usize) {
    let now = now();
    let written = world.engine().store().write(WriteLane::Normal, move |tx| {
        for number in from..from + count {
            let number = i64::try_from(number).unwrap_or_default();
            let event = EventDraft::new(EventType::PolicyApplied).with("version", Datum::Number(number));
            let seq = tx.append(now, &event)?;
            tx.push_outbox(seq, now)?;
        }
        Ok::<_, Refused>(())
    });
    written.await.expect("events");
}

/// All deliveries, read from the file while no daemon runs.
async fn deliveries(world: &World) -> Vec<Delivery> {
    let store = Store::open(&world.database()).expect("the store");
    let all = DeliveryFilter {
        limit: usize::MAX,
        ..DeliveryFilter::default()
    };
    let read = store.read(move |read| Ok::<_, Refused>(read.deliveries(&all)?));
    let found = read.await.expect("deliveries");
    store.close();
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_every_repeat_has_its_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let book = Book::default();
    let first = Receiver::start(moody(Arc::clone(&book), 1)).await;
    let second = Receiver::start(moody(Arc::clone(&book), 2)).await;
    let setup = Setup::new().config(|config| {
        webhook(config, folder.path(), "first", &first.url("/"));
        webhook(config, folder.path(), "second", &second.url("/"));
    });
    let mut world = setup.start().await;
    let mut chance = StdRng::seed_from_u64(7);
    let (mut told, begun) = (0, Instant::now());
    for kill in 0..=KILLS {
        let until = EVENTS * (kill + 1) / (KILLS + 1);
        while told < until {
            let count = TOGETHER.min(until - told);
            happen(&world, told, count).await;
            told += count;
        }
        if kill < KILLS {
            // Somewhere in the middle of it.
            let goal = locked(&book).len() + chance.random_range(50..500);
            while locked(&book).len() < goal {
                assert!(begun.elapsed() < PATIENCE, "{} of {goal}", locked(&book).len());
                world.clock.shift(TimeDelta::seconds(1));
                pause().await;
            }
            // Between the taking and our writing it down.
            for receiver in [&first, &second] {
                receiver.hold(true);
            }
            while first.held() + second.held() == 0 {
                assert!(begun.elapsed() < PATIENCE, "nothing is on its way");
                world.clock.shift(TimeDelta::seconds(1));
                pause().await;
            }
            world.kill().await;
            for receiver in [&first, &second] {
                receiver.hold(false);
            }
            world.run().await;
        }
    }
    // Pauses pass at once; what is due now takes its time.
    loop {
        let at = teamd_host::clock::Clock::now(world.clock.as_ref());
        let left = world.engine().store().read(move |read| {
            let mut due = read.outbox_due(at, 1)?.len();
            let mut next = None;
            for channel in ["webhook:first", "webhook:second"] {
                due += read.deliveries_due(channel, at, 1)?.len();
                next = next.into_iter().chain(read.next_delivery(channel, at)?).min();
            }
            Ok::<_, Refused>((due, next))
        });
        match left.await.expect("what is left") {
            (0, None) => break,
            (0, Some(next)) => world.clock.shift(next - at),
            // A channel that wants to be left alone is left alone for a moment of ours.
            _ => {
                world.clock.shift(TimeDelta::seconds(1));
                pause().await;
            }
        }
        assert!(begun.elapsed() < PATIENCE, "it does not end");
    }
    world.stop().await;
    let all = deliveries(&world).await;
    assert!(all.len() >= 2 * EVENTS, "{}", all.len());
    let book = locked(&book).clone();
    for one in &all {
        assert_eq!(one.state, DeliveryState::Sent, "{one:?}");
        assert!(book.contains_key(&one.id), "never tried: {one:?}");
    }
    assert_eq!(book.len(), all.len(), "what was taken was asked for");
    let (mut repeats, mut lost, mut killed) = (0, 0, 0);
    for one in &all {
        let seen = &book[&one.id];
        // A try that is not written down is one that a kill came between.
        let unwritten = seen.tries - one.attempts;
        assert!(
            seen.taken > 0 && seen.taken <= 1 + seen.lost + unwritten,
            "{}: {seen:?}, {one:?}",
            one.id
        );
        repeats += seen.taken - 1;
        lost += seen.lost;
        killed += unwritten;
    }
    assert!(lost > 100, "replies were lost");
    // At most what was on its way when it was killed, and something each time.
    assert!((KILLS..=KILLS * 2 * 4).contains(&(killed as usize)), "{killed}");
    say(&format!(
        "{} messages of {EVENTS} events, {KILLS} kills, in {:?}: {repeats} repeats, for {lost} lost replies and \
         {killed} tries that a kill kept from being written down",
        all.len(),
        begun.elapsed()
    ));
}
