//! One seed: the real engine on tables in memory, the model of an organisation, people, weather, and a daemon that dies.
//!
//! Everything runs on one thread in tokio's paused time, so seven days pass as fast as the work in them. A crash drops
//! all tasks of the daemon at the point where they wait, without a word, and opens another engine on the same tables.

use super::aws::{key_of, organisation};
use super::clock::SimClock;
use super::daemon::Daemon;
use super::record::{Deed, Record};
use super::script::{CALM, Hand, Place, STORM, Script};
use aws_simulator::organisation::AccountState;
use aws_simulator::{AssignmentKey, Caller as AwsCaller, Organisation};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use teamd_domain::identity::{Caller, LoginUid, Peer, Who};
use teamd_domain::request::Key;
use teamd_engine::{Engine, Guard, Hold};
use teamd_store::port::StoreError;
use teamd_store::{Fault, Memory};
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
    pub(crate) memory: Memory,
    keys: BTreeMap<Place, AssignmentKey>,
    pub(crate) places: BTreeMap<AssignmentKey, Place>,
    users: BTreeMap<String, String>,
    pub(crate) crash: Notify,
    pub(crate) without: Option<Guard>,
    inner: Mutex<Inner>,
}

pub(crate) struct Inner {
    rng: StdRng,
    deeds: Vec<(i64, Deed)>,
    /// The one that people talk to.
    pub(crate) daemon: Option<Daemon>,
    /// How many were started.
    pub(crate) daemons: usize,
    crashes: usize,
    pub(crate) is_held: bool,
}

/// Runs a seed, with one of the engine's guards taken away, or none.
pub(crate) fn run(seed: u64, without: Option<Guard>) -> Record {
    teamd_engine::seed_this_thread(Some(seed));
    teamd_engine::switch_off(without);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let world = Arc::new(World::new(Script::new(seed), without));
        let mut tasks = JoinSet::new();
        tasks.spawn(Arc::clone(&world).supervise());
        tasks.spawn(Arc::clone(&world).crash_at_times());
        tasks.spawn(Arc::clone(&world).meddle());
        tasks.spawn(Arc::clone(&world).lock_the_store());
        tasks.spawn(Arc::clone(&world).govern());
        tasks.spawn(Arc::clone(&world).change_instances());
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
    fn new(script: Script, without: Option<Guard>) -> Self {
        let mut memory = Memory::new();
        if without == Some(Guard::Epoch) {
            memory.ignore_epochs();
        }
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
            memory,
            clock: Arc::new(SimClock::new()),
            crash: Notify::new(),
            without,
            inner: Mutex::new(Inner {
                rng: StdRng::seed_from_u64(script.seed ^ 0x5eed_0002),
                deeds: Vec::new(),
                daemon: None,
                daemons: 0,
                crashes: script.crashes.len(),
                is_held: false,
            }),
            script,
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
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

    pub(crate) fn deeds(&self) -> Vec<(i64, Deed)> {
        self.lock().deeds.clone()
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

    pub(crate) fn peer(&self, uid: u32, who: Who) -> Caller {
        let peer = Peer {
            uid,
            pid: None,
            login_uid: LoginUid::Unset,
        };
        Caller {
            peer,
            login: None,
            who,
            behind: None,
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

    /// Perhaps the daemon dies here: then whoever waits, waits for ever. One that is superseded has another end.
    pub(crate) async fn maybe_die(&self, daemon: usize) {
        if self.is_superseded(daemon) {
            return;
        }
        let dies = {
            let mut inner = self.lock();
            let dies = inner.crashes < CRASHES && inner.rng.random_bool(FATAL);
            inner.crashes += usize::from(dies);
            dies
        };
        // What was done in memory would be gone with the process.
        if dies && self.is_storm() && !self.script.is_locked(self.now()) {
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

    /// Another process holds the lock of the database at times.
    async fn lock_the_store(self: Arc<Self>) {
        let why = "the simulation says so".to_owned();
        let busy = match self.without {
            Some(Guard::BusyIsFault) => StoreError::Database(why),
            _ => StoreError::Busy(why),
        };
        for (from, to) in self.script.locks.clone() {
            self.clock.until(from).await;
            self.memory.hold_lock(Some(busy.clone()));
            self.clock.until(to).await;
            self.memory.hold_lock(None);
        }
        // A task that ends takes nothing with it.
        std::future::pending().await
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
                        Hand::Hold => {
                            engine
                                .gate()
                                .hold(Hold::DiskLow, engine.now(), "the simulation says so")
                        }
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
            // The operator's commands.
            Hand::Deny(_) | Hand::Allow(_) | Hand::Freeze | Hand::Unfreeze => false,
        }
    }
}
