//! An engine in simulated time, against the simulated AWS over the wire.

use crate::support::*;
use aws_simulator::organisation::Operation;
use aws_simulator::{AssignmentKey, Organisation, Simulator, SimulatorConfig};
use chrono::TimeDelta;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};
use team_shared::event::EventType;
use team_shared::ids::RequestId;
use team_shared::state::RequestState;
use team_shared::terms::Shape;
use teamd_aws::health::AwsHealth;
use teamd_aws_sdk::Aws;
use teamd_config::Config;
use teamd_domain::grant::{Drift, Standing};
use teamd_domain::request::{Basis, Key, Request, State, Terms};
use teamd_engine::{Deps, Engine, Refused};
use teamd_host::clock::{Clock, ManualClock};
use teamd_host::lifecycle::Shutdown;
use teamd_store::port::{AuditFilter, AuditRecord};
use teamd_store::{Store, WriteLane};

/// An engine whose time passes as the test says: a second in a few milliseconds.
pub(super) struct Bench {
    pub(super) clock: Arc<ManualClock>,
    pub(super) engine: Arc<Engine>,
    pub(super) simulator: Simulator,
    shutdown: Shutdown,
}

impl Bench {
    pub(super) async fn new(change: impl FnOnce(&mut Config)) -> Self {
        let simulator = Simulator::start(SimulatorConfig {
            organisation: aws_simulator::organisation::standard::organisation(),
            faults: without_loads(quick()),
            ..SimulatorConfig::default()
        })
        .await
        .expect("the simulator");
        let mut config = Config::default();
        config.aws.region = Some("eu-west-1".to_owned());
        config.aws.endpoint_url = Some(simulator.url());
        config.aws.requests_per_second = 1000.0;
        config.aws.removal_requests_per_second = 1000.0;
        change(&mut config);
        let store = Store::in_memory();
        let directory = copy().await.clone();
        store
            .write(WriteLane::Normal, move |tx| {
                Ok::<_, Refused>(tx.save_directory(&directory)?)
            })
            .await
            .expect("the copy of the directory");
        let (clock, health, shutdown) = (
            Arc::new(ManualClock::new(now())),
            Arc::new(AwsHealth::new()),
            Shutdown::new(),
        );
        let aws = Aws::connect(
            teamd::run::aws_settings(&config),
            Arc::clone(&clock) as Arc<dyn Clock>,
            Arc::clone(&health),
        );
        let aws = Arc::new(aws.await.expect("AWS settings"));
        let deps = Deps {
            schedules: None,
            leases_path: None,
            store,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            assignments: aws.clone(),
            lookups: aws.clone(),
            directory: aws.clone(),
            inventory: aws.clone(),
            activity: None,
            own: aws.clone(),
            clock_probe: aws,
            health,
            shutdown: shutdown.clone(),
        };
        let engine = Engine::open(deps, teamd_engine::EngineSettings::from(&config))
            .await
            .expect("the engine opens");
        engine.start();
        Self {
            clock,
            engine,
            simulator,
            shutdown,
        }
    }

    pub(super) fn aws<T>(&self, look: impl FnOnce(&mut Organisation, i64) -> T) -> T {
        let model = self.simulator.model();
        let mut model = model.lock().unwrap_or_else(PoisonError::into_inner);
        let now = now().timestamp_millis();
        model.advance(now);
        look(&mut model, now)
    }

    /// Alice's administrator access to the ledger, in AWS's words.
    pub(super) fn assignment(&self) -> AssignmentKey {
        self.aws(|aws, _| aws.user_key("alice", LEDGER, ADMIN).expect("names"))
    }

    pub(super) fn is_assigned(&self) -> bool {
        let key = self.assignment();
        self.aws(|aws, _| aws.is_assigned(&key))
    }

    pub(super) fn add_by_hand(&self) {
        let key = self.assignment();
        self.aws(|aws, now| aws.put_assignment(&key, now));
    }

    pub(super) fn remove_by_hand(&self) {
        let key = self.assignment();
        self.aws(|aws, now| aws.remove_assignment(&key, now));
    }

    pub(super) fn count(&self, operation: Operation) -> usize {
        self.aws(|aws, _| aws.calls().filter(|call| call.operation == operation).count())
    }

    /// The same in our words.
    pub(super) fn key(&self) -> Key {
        let key = self.assignment();
        Key {
            user: key.principal.id().parse().expect("a user"),
            account: key.account.parse().expect("an account"),
            permission_set: key.permission_set.parse().expect("a permission set"),
        }
    }

    /// A request for it that is approved and due, for so long.
    pub(super) async fn activate(&self, seconds: i64) -> RequestId {
        let now = self.clock.now();
        let id = RequestId::from_parts(now.timestamp_millis().unsigned_abs(), 7);
        let request = Request {
            id,
            version: 1,
            key: self.key(),
            terms: Terms {
                revision: 1,
                shape: Shape::Floating,
                start_at: None,
                end_at: None,
                duration: team_shared::duration::Seconds::new(seconds).expect("a duration"),
                justification: REASON.to_owned(),
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
            state: State::Activating {
                since: now,
                first_attempt_at: None,
            },
        };
        self.engine
            .store()
            .write(WriteLane::Normal, move |tx| {
                Ok::<_, Refused>(tx.insert_request(&request)?)
            })
            .await
            .expect("it is taken");
        id
    }

    pub(super) fn state(&self, id: RequestId) -> RequestState {
        let read = self.engine.store().read_blocking(move |read| read.request(&id));
        read.expect("the store answers")
            .expect("it is there")
            .state
            .word()
    }

    pub(super) fn drift(&self) -> Vec<Drift> {
        let drift = self.engine.store().read_blocking(|read| read.drift());
        drift.expect("the store answers")
    }

    pub(super) fn standing(&self) -> Vec<Standing> {
        let standing = self.engine.store().read_blocking(|read| read.standing());
        standing.expect("the store answers")
    }

    /// The trail's rows of this type, oldest first.
    pub(super) fn told(&self, kind: EventType) -> Vec<AuditRecord> {
        let filter = AuditFilter {
            limit: 10_000,
            ..AuditFilter::default()
        };
        let rows = self
            .engine
            .store()
            .read_blocking(move |read| read.audit(&filter))
            .expect("the store answers");
        rows.into_iter().filter(|row| row.kind == kind).collect()
    }

    /// Lets time pass in such steps until something is so; how much has passed.
    pub(super) async fn until(&self, what: &str, step: i64, is_so: impl Fn(&Self) -> bool) -> TimeDelta {
        let (began, deadline) = (self.clock.now(), Instant::now() + SOON);
        while !is_so(self) {
            assert!(Instant::now() < deadline, "not within {SOON:?}: {what}");
            self.clock.advance(TimeDelta::seconds(step));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.clock.now() - began
    }

    /// Access that was granted, and ended at its time.
    pub(super) async fn had_access(&self) -> RequestId {
        let id = self.activate(60).await;
        self.until("active", 1, |b| b.state(id) == RequestState::Active)
            .await;
        self.until("ended", 1, |b| b.state(id) == RequestState::Ended)
            .await;
        assert!(!self.is_assigned());
        id
    }

    pub(super) async fn a_pass_is_complete(&self) {
        let deadline = Instant::now() + SOON;
        loop {
            let overview = self.engine.drift_overview().await.expect("the store answers");
            if overview.completed_at.is_some() {
                return;
            }
            assert!(Instant::now() < deadline, "no complete pass: {overview:?}");
            self.clock.advance(TimeDelta::seconds(5));
            pause().await;
        }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.shutdown.stop();
    }
}
