//! One seed: the real engine on tables in memory, the model of an organisation, people, weather, and a daemon that dies.
//!
//! Everything runs on one thread in tokio's paused time, so seven days pass as fast as the work in them. A crash drops
//! all tasks of the daemon at the point where they wait, without a word, and opens another engine on the same tables.

use super::aws::{key_of, organisation};
use super::clock::SimClock;
use super::record::{Deed, Record, Told};
use super::script::{CALM, HOUR, Hand, MINUTE, Place, SECOND, STORM, Script};
use aws_simulator::organisation::AccountState;
use aws_simulator::{AssignmentKey, Caller as AwsCaller, Organisation};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use team_shared::duration::Seconds;
use team_shared::state::RequestState;
use teamd::aws::health::AwsHealth;
use teamd::clock::Clock;
use teamd::domain::identity::{Caller, Peer, Who};
use teamd::domain::request::Key;
use teamd::engine::{Deps, Engine, EngineSettings, Guard, Hold, PolicyInput};
use teamd::lifecycle::Shutdown;
use teamd::store::port::{AuditFilter, RequestFilter, StoreError};
use teamd::store::{Fault, Memory, Store};
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// Calls in the middle of which the daemon dies: one in so many.
const FATAL: f64 = 1.0 / 50.0;

/// So often at most in a seed, whatever the reason.
const CRASHES: usize = 20;

/// One commit in about a thousand fails, or its answer is lost: there are some four commits a call.
const SPOILT: f64 = 1.0 / 250.0;

pub(crate) struct World {
    pub(crate) script: Script,
    pub(crate) clock: Arc<SimClock>,
    org: Mutex<Organisation>,
    by: AwsCaller,
    memory: Memory,
    keys: BTreeMap<Place, AssignmentKey>,
    places: BTreeMap<AssignmentKey, Place>,
    users: BTreeMap<String, String>,
    crash: Notify,
    inner: Mutex<Inner>,
}

struct Inner {
    rng: StdRng,
    deeds: Vec<(i64, Deed)>,
    daemon: Option<Daemon>,
    crashes: usize,
    is_held: bool,
}

#[derive(Clone)]
struct Daemon {
    engine: Arc<Engine>,
    shutdown: Shutdown,
}

/// Runs a seed, with one of the engine's guards taken away, or none.
pub(crate) fn run(seed: u64, without: Option<Guard>) -> Record {
    teamd::engine::seed_this_thread(Some(seed));
    teamd::engine::switch_off(without);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let world = Arc::new(World::new(Script::new(seed)));
        let mut tasks = JoinSet::new();
        tasks.spawn(Arc::clone(&world).supervise());
        tasks.spawn(Arc::clone(&world).crash_at_times());
        tasks.spawn(Arc::clone(&world).meddle());
        tasks.spawn(Arc::clone(&world).govern());
        for number in 0..world.script.pleas.len() {
            tasks.spawn(Arc::clone(&world).plead(number));
        }
        world.clock.until(STORM + CALM).await;
        let record = world.record();
        tasks.shutdown().await;
        record
    })
}

impl World {
    fn new(script: Script) -> Self {
        let org = organisation(&script);
        let keys: BTreeMap<_, _> = (0..Place::ALL)
            .map(Place::number)
            .map(|place| (place, key_of(&org, place)))
            .collect();
        Self {
            places: keys.iter().map(|(place, key)| (key.clone(), *place)).collect(),
            keys,
            users: org
                .users()
                .map(|user| (user.user_name.clone(), user.id.clone()))
                .collect(),
            by: org.management_caller(),
            org: Mutex::new(org),
            memory: Memory::new(),
            clock: Arc::new(SimClock::new()),
            crash: Notify::new(),
            inner: Mutex::new(Inner {
                rng: StdRng::seed_from_u64(script.seed ^ 0x5eed_0002),
                deeds: Vec::new(),
                daemon: None,
                crashes: script.crashes.len(),
                is_held: false,
            }),
            script,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.elapsed()
    }

    pub(crate) fn note(&self, deed: Deed) {
        self.note_at(self.now(), deed);
    }

    pub(crate) fn note_at(&self, at: i64, deed: Deed) {
        self.lock().deeds.push((at, deed));
    }

    pub(crate) fn chance<T>(&self, draw: impl FnOnce(&mut StdRng) -> T) -> T {
        draw(&mut self.lock().rng)
    }

    /// Asks the model, at this moment.
    pub(crate) fn model<T>(&self, ask: impl FnOnce(&mut Organisation, &AwsCaller, i64) -> T) -> T {
        let mut org = self.org.lock().unwrap_or_else(PoisonError::into_inner);
        ask(&mut org, &self.by, SimClock::epoch(self.now()))
    }

    pub(crate) fn key(&self, place: Place) -> &AssignmentKey {
        &self.keys[&place]
    }

    pub(crate) fn place(&self, key: &Key) -> Place {
        let found = self.keys.iter().find(|(_, other)| {
            other.account == key.account.as_str() && other.principal.id() == key.user.as_str()
        });
        *found.expect("every key is one of the sixteen").0
    }

    pub(crate) fn engine(&self) -> Option<Arc<Engine>> {
        self.lock()
            .daemon
            .as_ref()
            .map(|daemon| Arc::clone(&daemon.engine))
    }

    /// The engine, and what is cancelled when it dies.
    pub(crate) fn connection(&self) -> Option<(Arc<Engine>, tokio_util::sync::CancellationToken)> {
        self.lock()
            .daemon
            .as_ref()
            .map(|daemon| (Arc::clone(&daemon.engine), daemon.shutdown.hard_token()))
    }

    pub(crate) fn caller(&self, name: &str) -> Caller {
        let who = Who::Person {
            id: self.users[name].parse().expect("a user id"),
            user_name: name.to_owned(),
        };
        self.peer(1_000, who)
    }

    fn peer(&self, uid: u32, who: Who) -> Caller {
        let peer = Peer {
            uid,
            pid: None,
            login_uid: None,
        };
        Caller {
            peer,
            login: None,
            who,
        }
    }

    fn is_storm(&self) -> bool {
        self.now() < STORM
    }

    pub(crate) fn is_out(&self) -> bool {
        let now = self.now();
        let mut outages = self.script.outages.iter();
        outages.any(|((from, to), _)| (*from..*to).contains(&now))
    }

    /// Perhaps the daemon dies here: then whoever waits, waits for ever.
    pub(crate) async fn maybe_die(&self) {
        let dies = {
            let mut inner = self.lock();
            let dies = inner.crashes < CRASHES && inner.rng.random_bool(FATAL);
            inner.crashes += usize::from(dies);
            dies
        };
        if dies && self.is_storm() {
            self.crash.notify_one();
            std::future::pending::<()>().await;
        }
    }

    pub(crate) fn maybe_spoil_a_commit(&self) {
        let broken = || StoreError::Database("the simulation says so".to_owned());
        let fault = self.chance(|rng| {
            rng.random_bool(SPOILT).then(|| match rng.random_range(0..3) {
                0 => Fault::Refuse(broken()),
                1 => Fault::Refuse(StoreError::Full),
                _ => Fault::LoseAnswer(broken()),
            })
        });
        if let Some(fault) = fault.filter(|_| self.is_storm()) {
            self.memory.fail_next_commit(fault);
        }
    }

    /// Starts the daemon, again and again.
    async fn supervise(self: Arc<Self>) {
        loop {
            if let Some(daemon) = self.boot().await {
                self.lock().daemon = Some(daemon.clone());
                self.note(Deed::Started);
                self.crash.notified().await;
                self.note(Deed::Died);
                self.lock().daemon = None;
                daemon.shutdown.hard_token().cancel();
                daemon.shutdown.stop();
                daemon.shutdown.finished(Duration::ZERO).await;
            }
            let down = self.chance(|rng| match rng.random_range(0..20) {
                0 => rng.random_range(10 * MINUTE..3 * HOUR),
                1..=3 => rng.random_range(10 * SECOND..10 * MINUTE),
                _ => rng.random_range(500..10 * SECOND),
            });
            tokio::time::sleep(Duration::from_millis(down.unsigned_abs())).await;
        }
    }

    async fn boot(self: &Arc<Self>) -> Option<Daemon> {
        let shutdown = Shutdown::new();
        let deps = Deps {
            store: Store::on_memory(&self.memory),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            assignments: Arc::clone(self) as _,
            directory: Arc::clone(self) as _,
            activity: None,
            inventory: Arc::clone(self) as _,
            schedules: None,
            own: Arc::clone(self) as _,
            health: Arc::new(AwsHealth::new()),
            leases_path: None,
            shutdown: shutdown.clone(),
        };
        let engine = Engine::open(deps, settings()).await.ok()?;
        if self.lock().is_held {
            engine.gate().hold(Hold::DiskLow, "the simulation says so");
        }
        engine.start();
        Some(Daemon { engine, shutdown })
    }

    async fn crash_at_times(self: Arc<Self>) {
        for at in &self.script.crashes {
            self.clock.until(*at).await;
            self.crash.notify_one();
        }
        std::future::pending().await
    }

    /// The operator applies the policy, once.
    async fn govern(self: Arc<Self>) {
        let operator = self.peer(0, Who::Operator);
        let keeps = if self.script.keeps { "keep" } else { "end" };
        let document = include_str!("policy.toml").replace("KEEPS", keeps);
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let Some(engine) = self.engine() else { continue };
            let input = PolicyInput {
                document: document.clone(),
                base_version: None,
            };
            match engine.apply_policy(&operator, input).await {
                Ok(_) => return,
                Err(refused) => assert!(refused.errors.is_empty(), "{refused}"),
            }
        }
    }

    async fn meddle(self: Arc<Self>) {
        for (at, hand) in self.script.hands.clone() {
            self.clock.until(at).await;
            if self.does(hand) {
                self.note(Deed::Hand(hand));
            }
        }
    }

    fn does(&self, hand: Hand) -> bool {
        match hand {
            Hand::Hold | Hand::Release => {
                self.lock().is_held = hand == Hand::Hold;
                if let Some(engine) = self.engine() {
                    match hand {
                        Hand::Hold => engine.gate().hold(Hold::DiskLow, "the simulation says so"),
                        _ => engine.gate().release(Hold::DiskLow),
                    };
                }
                true
            }
            Hand::Put(place) => self.model(|org, _, now| {
                org.advance(now);
                let is_free = !org.is_assigned(self.key(place));
                if is_free {
                    org.put_assignment(self.key(place), now);
                }
                is_free
            }),
            Hand::Take(place) => self.model(|org, _, now| {
                org.advance(now);
                let key = self.key(place);
                let last = org
                    .assignment_changes()
                    .iter()
                    .rev()
                    .find(|change| change.key == *key);
                let is_theirs = last.is_some_and(|change| change.present && change.operation.is_none());
                if is_theirs {
                    org.remove_assignment(key, now);
                }
                is_theirs
            }),
            Hand::Leave(person) | Hand::Return(person) => self.model(|org, _, _| {
                let group = org
                    .group_named(super::aws::ENGINEERS)
                    .map(|group| group.id.clone());
                let user = &self.users[super::script::PEOPLE[person]];
                group.is_some_and(|group| org.set_membership(&group, user, hand == Hand::Return(person)))
            }),
            Hand::Suspend(account) | Hand::Resume(account) => self.model(|org, _, _| {
                let state = if hand == Hand::Resume(account) {
                    AccountState::Active
                } else {
                    AccountState::Suspended
                };
                org.set_account_state(super::script::ACCOUNTS[account], state)
            }),
            Hand::Delete(person) => {
                self.model(|org, _, _| org.remove_user(&self.users[super::script::PEOPLE[person]]))
            }
        }
    }

    fn record(&self) -> Record {
        let end = self.now();
        let store = Store::on_memory(&self.memory);
        let (told, requests, chain) = store
            .read_blocking(|read| {
                let rows = AuditFilter {
                    limit: usize::MAX,
                    ..AuditFilter::default()
                };
                let all = RequestFilter {
                    limit: usize::MAX,
                    ..RequestFilter::default()
                };
                Ok::<_, StoreError>((read.audit(&rows)?, read.requests(&all)?, read.verify_chain()?))
            })
            .expect("the tables are in memory");
        let told: Vec<Told> = told
            .into_iter()
            .map(|row| Told {
                at: (row.at - SimClock::time(0)).num_milliseconds(),
                kind: row.kind.as_str().to_owned(),
                request: row.request_id,
                data: row.data,
            })
            .collect();
        let said = |id| {
            let last = told.iter().rev().filter(|told| told.request == Some(id));
            let words = last.filter_map(|told| told.kind.strip_prefix("request."));
            words
                .filter_map(|word| match word {
                    "submitted" => Some(RequestState::Pending),
                    word => word.parse().ok(),
                })
                .next()
        };
        let unfolded = requests
            .iter()
            .filter(|request| said(request.id) != Some(request.state.word()))
            .map(|request| format!("{}: {}", request.id, request.state.word()));
        let open = requests
            .iter()
            .filter(|request| !request.state.word().is_terminal())
            .map(|request| format!("{} is {}", request.id.short(), request.state.word()));
        let (calls, changes) = self.model(|org, _, now| {
            org.advance(now);
            (org.calls().cloned().collect(), org.assignment_changes().to_vec())
        });
        Record {
            script: self.script.clone(),
            places: self.places.clone(),
            deeds: self.lock().deeds.clone(),
            open: open.collect(),
            unfolded: unfolded.collect(),
            told: told.clone(),
            calls,
            changes,
            chain: chain.fault,
            end,
        }
    }
}

fn settings() -> EngineSettings {
    EngineSettings {
        identity: teamd::config::Identity::default(),
        protected: BTreeSet::new(),
        drift_action: teamd::config::DriftAction::Report,
        directory_refresh: Seconds::new(3_600).expect("an hour"),
        // Few places, so that removals and creates meet.
        max_in_flight: 3,
        pending_per_user: 50,
        submits_per_minute: 50,
        refusals_per_minute: 50,
        activity_regions: Vec::new(),
        activity_role: false,
        activity_poll: Duration::from_secs(3_600),
        region: String::new(),
        endpoint: None,
    }
}
