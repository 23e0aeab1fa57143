//! Ten thousand sessions that end in the same second: the real engine on the in-memory store, on simulated time, against
//! the organisation model with AWS's limits (20 calls a second, 15 unfinished operations, a second for each).
//!
//! What is asserted is on simulated time only. `TEAMD_RUSH` sets another number of sessions.
//!
//! **The least time that it can take** follows from three facts. A delete is one call. An operation keeps its place from
//! when it is sent until we see that it is finished, which takes a call too: `p` of those a second see it after 1/2p
//! seconds on average. And the listings that verify are at least one for each account and permission set. So `d` deletes
//! a second are possible where
//!
//! * `d + p + listings/s <= calls a second`, and
//! * `d * (round trips + operation + 1/2p) <= places`
//!
//! and the least time is the number of sessions divided by the largest such `d`.

mod elsewhere;
mod sky;
mod world;

use sky::{PausedClock, ROUND_TRIP, Sky, start};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;
use team_shared::duration::Seconds;
use team_shared::ids::RequestId;
use team_shared::state::RequestState;
use team_shared::terms::Shape;
use teamd_aws::health::AwsHealth;
use teamd_config::Config;
use teamd_domain::Time;
use teamd_domain::grant::{Grant, State as GrantState};
use teamd_domain::request::{Basis, Key, Request, Session, State, Terms};
use teamd_engine::{Deps, Engine, Refused, RemovalProgress};
use teamd_host::clock::Clock;
use teamd_host::lifecycle::Shutdown;
use teamd_store::port::{RequestFilter, StoreError};
use teamd_store::{Store, WriteLane};
use world::{ACCOUNTS, PAIRS, key};

/// Until the first session ends.
const BEFORE: Duration = Duration::from_secs(60);

/// What the configuration says unless told otherwise.
const RATE: f64 = 16.0;
const PLACES: usize = 12;

/// Deletes in the first account are refused, operations in the second one hang.
const REFUSED: usize = 0;
/// For ten minutes each, twice as long as they are waited for.
const HANGS: usize = 1;

struct Rush {
    sessions: usize,
    engine: Arc<Engine>,
    shutdown: Shutdown,
    store: Store,
    sky: Arc<Sky>,
    clock: Arc<PausedClock>,
}

fn request(number: usize, key: Key, state: State, at: Time) -> Request {
    Request {
        id: RequestId::from_parts(at.timestamp_millis().unsigned_abs(), number as u128),
        version: 1,
        key,
        terms: Terms {
            revision: 1,
            shape: Shape::Floating,
            start_at: None,
            end_at: None,
            duration: Seconds::new(3600).expect("an hour"),
            justification: "the whole company is on call".to_owned(),
            ticket: None,
            break_glass: false,
        },
        extends: None,
        batch_id: None,
        created_at: at,
        expires_at: at,
        basis: Basis::default(),
        also_held_through: Vec::new(),
        votes: Vec::new(),
        state,
    }
}

/// All within one second, a few milliseconds apart.
fn due(number: usize, sessions: usize) -> Time {
    start() + BEFORE + Duration::from_micros(1_000_000 * number as u64 / sessions as u64)
}

fn store_with(sessions: usize) -> Store {
    let store = Store::in_memory();
    for first in (0..sessions).step_by(500) {
        let last = (first + 500).min(sessions);
        let written = store.write_blocking::<_, StoreError>(WriteLane::Normal, move |tx| {
            for number in first..last {
                let session = Session {
                    start_at: start() - Duration::from_secs(3600),
                    end_at: due(number, sessions),
                };
                tx.insert_request(&request(
                    number,
                    key(number),
                    State::Active { session },
                    session.start_at,
                ))?;
                tx.save_grant(&Grant {
                    state: GrantState::Present,
                    owned_at: Some(session.start_at),
                    ..Grant::new(key(number))
                })?;
            }
            Ok(())
        });
        written.expect("the sessions");
    }
    let written = store.write_blocking::<_, StoreError>(WriteLane::Normal, |tx| {
        tx.set_meta("management_account", "999999999999")
    });
    written.expect("what was learned before");
    store
}

impl Rush {
    async fn begin(sessions: usize) -> Self {
        let clock = Arc::new(PausedClock::new());
        let sky = Arc::new(Sky::new(sessions, Arc::clone(&clock), (REFUSED, HANGS)));
        let (store, shutdown) = (store_with(sessions), Shutdown::new());
        let mut settings = teamd_engine::EngineSettings::from(&Config::default());
        settings.max_in_flight = PLACES;
        let deps = Deps {
            store: store.clone(),
            clock: clock.clone(),
            assignments: sky.clone(),
            lookups: sky.clone(),
            directory: sky.clone(),
            inventory: sky.clone(),
            activity: None,
            schedules: None,
            leases_path: None,
            own: sky.clone(),
            clock_probe: sky.clone(),
            health: Arc::new(AwsHealth::new()),
            shutdown: shutdown.clone(),
        };
        let engine = Engine::open(deps, settings).await.expect("the engine opens");
        engine.start();
        tokio::time::sleep(BEFORE + Duration::from_secs(1)).await;
        Self {
            sessions,
            engine,
            shutdown,
            store,
            sky,
            clock,
        }
    }

    fn requests(&self, states: &[RequestState]) -> Vec<Request> {
        let filter = RequestFilter {
            states: states.to_vec(),
            limit: usize::MAX,
            ..RequestFilter::default()
        };
        self.store
            .read_blocking(move |read| read.requests(&filter))
            .expect("the requests")
    }

    /// Sessions in accounts where nothing is wrong.
    fn healthy(&self) -> usize {
        (0..self.sessions)
            .filter(|number| !in_trouble(&key(*number)))
            .count()
    }

    /// When the last session in good accounts was verified to be over, in seconds from the end; what was shown before,
    /// each few seconds.
    async fn until_over(&self) -> (f64, Vec<(f64, RemovalProgress)>) {
        let mut shown = Vec::new();
        loop {
            shown.push((self.seconds(), self.engine.removal_progress()));
            let ended = self.requests(&[RequestState::Ended]);
            let good: Vec<_> = ended.iter().filter(|r| !in_trouble(&r.key)).collect();
            if good.len() >= self.healthy() {
                let last = good.iter().filter_map(|r| match &r.state {
                    State::Ended(finish) => Some(finish.at),
                    _ => None,
                });
                let last = last.max().expect("some have ended");
                return ((last - start()).as_seconds_f64() - BEFORE.as_secs_f64(), shown);
            }
            assert!(
                self.seconds() < 4.0 * 3600.0,
                "{} of {} are over",
                good.len(),
                self.healthy()
            );
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
    }

    /// Seconds since the sessions ended.
    fn seconds(&self) -> f64 {
        (self.clock.now() - start()).as_seconds_f64() - BEFORE.as_secs_f64()
    }

    async fn file_a_grant(&self) -> RequestId {
        let (now, key) = (
            self.clock.now(),
            Key {
                user: "newcomer".parse().expect("an id"),
                ..key(ACCOUNTS - 1)
            },
        );
        let state = State::Activating {
            since: now,
            first_attempt_at: None,
        };
        let request = request(self.sessions, key, state, now);
        let id = request.id;
        let filed = self.store.write(WriteLane::Normal, move |tx| {
            Ok::<_, Refused>(tx.insert_request(&request)?)
        });
        filed.await.expect("filed");
        id
    }

    async fn stop(self) {
        self.shutdown.stop();
        self.shutdown.finished(Duration::from_secs(20)).await;
    }
}

fn in_trouble(key: &Key) -> bool {
    [REFUSED, HANGS]
        .iter()
        .any(|number| world::account(*number) == key.account)
}

/// See above.
fn least_seconds(sessions: usize, rate: f64, places: f64) -> f64 {
    let holds = 2.0 * ROUND_TRIP.as_secs_f64() + sky::OPERATION.as_secs_f64();
    let mut deletes = rate;
    while deletes > 0.1 {
        let listings = PAIRS as f64 * deletes / sessions as f64;
        let looks = rate - deletes - listings;
        if looks > 0.0 && deletes * (holds + 0.5 / looks) <= places {
            break;
        }
        deletes -= 0.01;
    }
    sessions as f64 / deletes
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_sessions_that_end_in_the_same_second() {
    let sessions = std::env::var("TEAMD_RUSH").map_or(10_000, |n| n.parse().expect("a number"));
    let rush = Rush::begin(sessions).await;
    let filing = async {
        tokio::time::sleep(Duration::from_secs(200)).await;
        rush.file_a_grant().await
    };
    let (granted, (took, shown)) = tokio::join!(filing, rush.until_over());

    let least = least_seconds(rush.healthy(), RATE, PLACES as f64);
    let calls = rush.sky.calls_between(0.0, took);
    let used = calls as f64 / took / RATE;
    println!(
        "{took:.0} s, least {least:.0} s: {:.3} of it; {:.3} of the calls a second",
        took / least,
        used
    );
    println!("calls: {:?}", rush.sky.calls_by_name());
    println!("most drivers at a time: {}", rush.engine.most_drivers());
    for (at, shown) in shown.iter().step_by(6) {
        let says = shown
            .done_by
            .map(|by| (by - start()).as_seconds_f64() - BEFORE.as_secs_f64() - at);
        let (due, rate) = (shown.due, shown.per_second);
        println!(
            "{at:>5.0} s: {due} due, {rate:.1}/s, says {says:.0?} s, truth {:.0} s",
            took - at
        );
    }
    assert!(took <= 1.1 * least, "{took} s, where {least} s is the least");
    assert!(used >= 0.95, "{used} of the removal rate");
    assert!(
        rush.engine.most_drivers() < 1000,
        "{}",
        rush.engine.most_drivers()
    );
    rush.sky.kept_the_limits();
    in_order(&rush);
    estimated_well(&shown, took);

    // Grants come after removals, and they do come.
    assert!(rush.sky.creates().iter().all(|at| *at > took - 60.0));
    for _ in 0..120 {
        if rush
            .requests(&[RequestState::Active])
            .iter()
            .any(|r| r.id == granted)
        {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert!(
        rush.requests(&[RequestState::Active])
            .iter()
            .any(|r| r.id == granted)
    );
    rush.stop().await;
}

/// In each account who was due first went first; and over all of them nobody was far from their turn.
fn in_order(rush: &Rush) {
    let number: HashMap<Key, usize> = (0..rush.sessions).map(|number| (key(number), number)).collect();
    let order: Vec<Key> = rush.sky.deletes();
    let good: Vec<&Key> = order.iter().filter(|key| !in_trouble(key)).collect();
    assert_eq!(good.len(), rush.healthy(), "one delete each");
    let mut last: BTreeMap<_, usize> = BTreeMap::new();
    let mut turns: Vec<usize> = good.iter().map(|key| number[*key]).collect();
    for key in &good {
        let number = number[*key];
        if let Some(before) = last.insert(key.account.clone(), number) {
            assert!(before < number, "{number} after {before}");
        }
    }
    let sorted = {
        let mut sorted = turns.clone();
        sorted.sort_unstable();
        sorted
    };
    let place: HashMap<usize, usize> = sorted.into_iter().enumerate().map(|(at, n)| (n, at)).collect();
    let furthest = turns
        .drain(..)
        .enumerate()
        .map(|(at, n)| at.abs_diff(place[&n]))
        .max();
    assert!(furthest < Some(300), "{furthest:?} turns too early or late");
}

/// Within a tenth of what was left, or five seconds where that is less; from the first half minute on, in which the
/// account that hangs is found out.
fn estimated_well(shown: &[(f64, RemovalProgress)], took: f64) {
    for (at, progress) in shown.iter().filter(|(at, _)| *at >= 30.0 && *at < took - 5.0) {
        let left = took - at;
        let by = progress.done_by.expect("an estimate");
        let says = (by - start()).as_seconds_f64() - BEFORE.as_secs_f64() - at;
        assert!(
            (says - left).abs() <= (left * 0.1).max(5.0),
            "at {at:.0} s it said {says:.0} s and it was {left:.0} s: {progress:?}"
        );
    }
}
