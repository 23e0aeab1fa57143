//! An engine on a store in memory and on the model of an organisation: no wire, and a clock that the test moves.

use super::model::{Model, model_key};
use crate::commit::{carry_out, file};
use crate::refused::Refused;
use crate::{ActivityPorts, Deps, Engine, EngineSettings};
use aws_simulator::organisation::standard;
use aws_simulator::{Faults, Organisation};
use chrono::TimeDelta;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use team_shared::duration::Seconds;
use team_shared::ids::RequestId;
use team_shared::terms::Shape;
use teamd_aws::health::AwsHealth;
use teamd_aws::port::{Assignments, Schedules};
use teamd_config::Config;
use teamd_domain::Time;
use teamd_domain::event::Actor;
use teamd_domain::request::{Basis, Command, Key, Request, State, Terms, submit};
use teamd_host::clock::{Clock, ManualClock};
use teamd_host::lifecycle::Shutdown;
use teamd_store::{Memory, Store, WriteLane};

pub(crate) const START: i64 = 1_795_000_000_000;

/// A daemon that can die, and what outlives it.
pub(crate) struct World {
    pub(crate) model: Arc<Model>,
    pub(crate) clock: Arc<ManualClock>,
    memory: Memory,
    running: Option<(Arc<Engine>, Shutdown)>,
    filed: AtomicU64,
    pub(crate) activity: Option<ActivityPorts>,
    /// The model, unless a test puts something in between.
    pub(crate) assignments: Arc<dyn Assignments>,
}

impl World {
    pub(crate) async fn new(faults: Faults) -> Self {
        let mut world = Self::asleep(faults);
        world.run(true).await;
        world
    }

    pub(crate) fn asleep(faults: Faults) -> Self {
        let clock = Arc::new(ManualClock::new(at(0)));
        let mut org = standard::organisation();
        org.install_faults(faults, START);
        let by = org.management_caller();
        let model = Model {
            org: Mutex::new(org),
            clock: Arc::clone(&clock),
            by,
        };
        let model = Arc::new(model);
        Self {
            assignments: Arc::clone(&model) as Arc<dyn Assignments>,
            model,
            clock,
            memory: Memory::new(),
            running: None,
            filed: AtomicU64::new(0),
            activity: None,
        }
    }

    /// Starts the daemon on what is stored, with the dead-man's switch or without.
    pub(crate) async fn run(&mut self, with_switch: bool) {
        let shutdown = Shutdown::new();
        let deps = Deps {
            store: Store::on_memory(&self.memory),
            clock: self.clock.clone(),
            assignments: Arc::clone(&self.assignments),
            lookups: Arc::clone(&self.assignments),
            directory: self.model.clone(),
            activity: self.activity.clone(),
            inventory: self.model.clone(),
            leases_path: None,
            schedules: with_switch.then(|| self.model.clone() as Arc<dyn Schedules>),
            own: self.model.clone(),
            clock_probe: self.model.clone(),
            health: Arc::new(AwsHealth::new()),
            shutdown: shutdown.clone(),
        };
        let settings = EngineSettings::from(&Config::default());
        let engine = Engine::open(deps, settings).await.unwrap();
        engine.set_own_account("999999999999".parse().unwrap());
        engine.start();
        self.running = Some((engine, shutdown));
    }

    /// The daemon is gone.
    pub(crate) async fn die(&mut self) {
        if let Some((engine, shutdown)) = self.running.take() {
            shutdown.hard_token().cancel();
            shutdown.stop();
            shutdown.finished(Duration::ZERO).await;
            engine.store().close();
        }
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.running.as_ref().unwrap().0
    }

    pub(crate) fn org(&self) -> MutexGuard<'_, Organisation> {
        self.model.org.lock().unwrap()
    }

    pub(crate) fn faults(&self, faults: Faults) {
        self.org()
            .install_faults(faults, self.clock.now().timestamp_millis());
    }

    /// A request for so many seconds from its confirmation on, that nobody need approve.
    pub(crate) async fn file(&self, seconds: i64) -> RequestId {
        self.file_on(key(), seconds).await
    }

    pub(crate) async fn file_on(&self, key: Key, seconds: i64) -> RequestId {
        let number = self.filed.fetch_add(1, Ordering::Relaxed) + 1;
        let now = self.clock.now();
        let draft = Request {
            id: RequestId::from_parts(now.timestamp_millis().unsigned_abs(), number.into()),
            version: 1,
            key,
            terms: Terms {
                revision: 1,
                shape: Shape::Floating,
                start_at: None,
                end_at: None,
                duration: Seconds::new(seconds).unwrap(),
                justification: "because it is asked".to_owned(),
                ticket: None,
                break_glass: false,
            },
            extends: None,
            batch_id: None,
            created_at: now,
            expires_at: now + TimeDelta::hours(3),
            basis: Basis::default(),
            also_held_through: Vec::new(),
            votes: Vec::new(),
            state: State::Pending,
        };
        let next = submit(draft, &Actor::daemon(), now);
        let id = next.request.id;
        let filed = next.clone();
        let engine = self.engine();
        engine
            .store()
            .write(WriteLane::Normal, move |tx| {
                Ok::<_, Refused>(file(tx, &next, now)?)
            })
            .await
            .unwrap();
        engine.after_commit(&filed.request);
        id
    }

    pub(crate) async fn done(&self, id: RequestId) {
        let (engine, now) = (self.engine(), self.clock.now());
        let moved = engine
            .store()
            .write(WriteLane::Removal, move |tx| {
                let request = tx.request(&id)?.unwrap();
                carry_out(tx, &request, &Command::Done, &Actor::daemon(), now)
            })
            .await
            .unwrap();
        engine.after_commit(&moved);
    }

    pub(crate) async fn show(&self, id: RequestId) -> Request {
        let read = self
            .engine()
            .store()
            .read(move |read| Ok::<_, Refused>(read.request(&id)?));
        read.await.unwrap().unwrap()
    }

    /// Lets time pass until the request is in this state.
    pub(crate) async fn reach(&self, id: RequestId, state: &str) -> Request {
        for _ in 0..2_000 {
            let request = self.show(id).await;
            if request.state.word().to_string() == state {
                return request;
            }
            self.pass().await;
        }
        panic!("never {state}: {:?}\n{}", self.show(id).await.state, self.story());
    }

    /// Lets time pass until something is so.
    pub(crate) async fn until(&self, what: &str, mut is_so: impl FnMut(&Self) -> bool) {
        for _ in 0..2_000 {
            if is_so(self) {
                return;
            }
            self.pass().await;
        }
        panic!("never: {what}\n{}", self.story());
    }

    /// A little time.
    pub(crate) async fn pass(&self) {
        self.clock.advance(TimeDelta::milliseconds(200));
        // The store has threads of its own, which this clock does not hold.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    /// Nobody is there for so long; AWS goes on.
    pub(crate) fn jump(&self, by: TimeDelta) {
        self.clock.advance(by);
        self.org().advance(self.clock.now().timestamp_millis());
    }

    pub(crate) fn is_assigned(&self) -> bool {
        let mut org = self.org();
        org.advance(self.clock.now().timestamp_millis());
        org.is_assigned(&model_key(&key()))
    }

    /// Somebody assigns it permanently, past us.
    pub(crate) fn assign(&self) {
        let now = self.clock.now().timestamp_millis();
        self.org().put_assignment(&model_key(&key()), now);
    }

    /// When the schedules will run, in seconds from the start.
    pub(crate) fn schedules(&self) -> Vec<i64> {
        let org = self.org();
        let mut at: Vec<i64> = org.schedules().map(|it| (it.spec.at_ms - START) / 1000).collect();
        at.sort_unstable();
        at
    }

    /// Changes in the order in which AWS heard of them.
    pub(crate) fn changes(&self) -> Vec<&'static str> {
        let changing = ["CreateSchedule", "UpdateSchedule", "DeleteSchedule"];
        let changing = [
            &changing[..],
            &["CreateAccountAssignment", "DeleteAccountAssignment"],
        ]
        .concat();
        let org = self.org();
        let names = org.calls().map(|call| call.operation.name());
        names.filter(|name| changing.contains(name)).collect()
    }

    fn story(&self) -> String {
        let org = self.org();
        let line = |call: &aws_simulator::CallLog| {
            let at = (call.at_ms - START) / 1000;
            format!(
                "{at:>8} {} {:?} {:?}\n",
                call.operation, call.schedule, call.outcome
            )
        };
        org.calls().map(line).collect()
    }
}

pub(crate) fn at(seconds: i64) -> Time {
    Time::from_timestamp_millis(START).unwrap() + TimeDelta::seconds(seconds)
}

pub(crate) fn key() -> Key {
    let org = standard::organisation();
    let key = org.user_key("alice", "prod-payments", "DatabaseAdmin").unwrap();
    Key {
        user: key.principal.id().parse().unwrap(),
        account: key.account.parse().unwrap(),
        permission_set: key.permission_set.parse().unwrap(),
    }
}
