//! A daemon of its own for each test: temporary store and socket, the simulated organisation, a policy. Callers are
//! named by the demo's header, so that one process can be several people; without it a caller is who runs the tests.

mod beginning;
mod client;
mod clocks;
mod ending;
mod time;
mod values;

use beginning::begin_with;
pub(crate) use beginning::{copy, quick, without_loads};
pub(crate) use client::{Answer, Client};
pub(crate) use clocks::Clocks;
pub(crate) use time::Ahead;
pub(crate) use values::*;

use aws_simulator::{AssignmentKey, Faults, Organisation, Simulator, SimulatorConfig};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};
use teamd::run::TimeSource;
use teamd_api as api;
use teamd_api::Api;
use teamd_config::Config;
use teamd_domain::identity::{Caller as EngineCaller, LoginUid, Peer};
use teamd_engine::{Engine, PolicyInput};
use teamd_host::lifecycle::{Ended, Shutdown};

/// How a world begins.
pub(crate) struct Setup {
    config: Config,
    policy: Option<String>,
    organisation: Organisation,
    faults: Option<Faults>,
    needs_loads: bool,
    is_standard: bool,
    is_guarded: bool,
    as_people: bool,
    has_service_runtime: bool,
}

/// A daemon and its surroundings.
pub(crate) struct World {
    config: Config,
    is_guarded: bool,
    as_people: bool,
    pub(crate) clock: Arc<Ahead>,
    simulator: Option<Simulator>,
    daemon: Option<Daemon>,
    client: reqwest::Client,
    folder: tempfile::TempDir,
    pub(crate) clocks: Clocks,
    service: Option<tokio::runtime::Runtime>,
}

struct Daemon {
    engine: Arc<Engine>,
    shutdown: Shutdown,
}

impl Setup {
    pub(crate) fn new() -> Self {
        let mut config = Config::default();
        config.aws.region = Some("eu-west-1".to_owned());
        config.aws.requests_per_second = 1000.0;
        config.aws.removal_requests_per_second = 1000.0;
        config.limits.submits_per_minute_per_user = 1000;
        config.limits.refusals_per_minute_per_user = 1000;
        // One process is many people here.
        config.limits.connections_per_user = 1000;
        Self {
            config,
            policy: Some(POLICY.to_owned()),
            organisation: aws_simulator::organisation::standard::organisation(),
            faults: None,
            needs_loads: false,
            is_standard: true,
            is_guarded: false,
            as_people: true,
            has_service_runtime: false,
        }
    }

    /// With a runtime of its own for everything but the removal path, as the binary has it.
    pub(crate) fn service_runtime(mut self) -> Self {
        self.has_service_runtime = true;
        self
    }

    pub(crate) fn config(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    /// Under the clock rule, with clocks that can be bent; else under a clock that can only be put forward.
    pub(crate) fn guarded(mut self) -> Self {
        self.is_guarded = true;
        self
    }

    /// The copy of the directory is at most a second old.
    pub(crate) fn quick_directory(mut self) -> Self {
        self.needs_loads = true;
        self.config(|c| c.aws.directory_refresh = "1s".parse().expect("a duration"))
    }

    pub(crate) fn policy(mut self, document: impl Into<String>) -> Self {
        self.policy = Some(document.into());
        self
    }

    /// What goes wrong from the start on.
    pub(crate) fn faults(mut self, faults: Faults) -> Self {
        self.faults = Some(faults);
        self
    }

    pub(crate) fn no_policy(mut self) -> Self {
        self.policy = None;
        self
    }

    pub(crate) fn organisation(mut self, change: impl FnOnce(&mut Organisation)) -> Self {
        change(&mut self.organisation);
        self.is_standard = false;
        self.needs_loads = true;
        self
    }

    /// The API of a real daemon: only the kernel says who calls.
    pub(crate) fn real_api(mut self) -> Self {
        self.as_people = false;
        self
    }

    /// Starts it. The directory is there at once: from a copy in the store, or loaded where the organisation was
    /// changed.
    pub(crate) async fn start(self) -> World {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let simulator = Simulator::start(SimulatorConfig {
            organisation: self.organisation,
            faults: self.faults.unwrap_or_else(|| match self.needs_loads {
                true => quick(),
                false => without_loads(quick()),
            }),
            ..SimulatorConfig::default()
        })
        .await
        .expect("the simulator");
        let mut config = self.config;
        config.server.socket = folder.path().join("teamd.sock");
        config.store.path = folder.path().join("teamd.db");
        config.store.activity_path = folder.path().join("activity.db");
        if config.store.leases_path.starts_with("/var") {
            config.store.leases_path = folder.path().join("leases.json");
        }
        config.aws.endpoint_url = Some(simulator.url());
        let client = reqwest::Client::builder()
            .unix_socket(config.server.socket.clone())
            .timeout(Duration::from_secs(40))
            .build()
            .expect("a client");
        if self.is_standard {
            begin_with(&config.store.path, copy().await.clone()).await;
        }
        let mut world = World {
            config,
            is_guarded: self.is_guarded,
            as_people: self.as_people,
            clock: Arc::default(),
            simulator: Some(simulator),
            daemon: None,
            client,
            folder,
            clocks: Clocks::default(),
            service: self.has_service_runtime.then(ending::service_runtime),
        };
        world.run().await;
        soon("the first load of the directory", || {
            world.engine().directory().is_some()
        })
        .await;
        if let Some(policy) = &self.policy {
            world.apply(policy).await;
        }
        world
    }
}

impl World {
    /// The usual one.
    pub(crate) async fn new() -> Self {
        Setup::new().start().await
    }

    /// Starts the daemon on the store as it is.
    pub(crate) async fn run(&mut self) {
        let mut shutdown = Shutdown::new();
        if let Some(service) = self.service_handle() {
            shutdown = shutdown.with_service_runtime(service);
        }
        let time = match self.is_guarded {
            true => TimeSource::Readings(Box::new(self.clocks.clone())),
            false => TimeSource::Clock(self.clock.clone()),
        };
        let engine = teamd::run::open_with(&self.config, &shutdown, time)
            .await
            .expect("the daemon opens");
        let listener = api::bind(&self.config.server.socket, 0o600, None).expect("the socket");
        let api = match self.as_people {
            true => Api::demo(Arc::clone(&engine)),
            false => Api::new(Arc::clone(&engine)),
        };
        teamd::run::serve(
            &engine,
            listener,
            api.with_portal(
                self.config.aws.portal_url.as_deref(),
                self.config.aws.region.as_deref(),
            ),
            &shutdown,
        );
        self.daemon = Some(Daemon { engine, shutdown });
    }

    pub(crate) async fn stop_aws(&mut self) {
        if let Some(simulator) = self.simulator.take() {
            simulator.shutdown().await;
        }
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.daemon.as_ref().expect("the daemon runs").engine
    }

    pub(crate) fn aws_url(&self) -> String {
        self.simulator.as_ref().expect("the simulator runs").url()
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("teamd.db")
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.config.server.socket.clone()
    }

    /// The simulated organisation, to look at and to change.
    pub(crate) fn aws<T>(&self, look: impl FnOnce(&mut Organisation, i64) -> T) -> T {
        let model = self.simulator.as_ref().expect("the simulator runs").model();
        let mut model = model.lock().unwrap_or_else(PoisonError::into_inner);
        let now = now().timestamp_millis();
        model.advance(now);
        look(&mut model, now)
    }

    pub(crate) fn faults(&self, faults: Faults) {
        self.simulator
            .as_ref()
            .expect("the simulator runs")
            .install_faults(faults);
    }

    /// Whether AWS has the assignment.
    pub(crate) fn is_assigned(&self, user: &str, account: &str, set: &str) -> bool {
        self.aws(|aws, _| {
            let key: AssignmentKey = aws
                .user_key(user, account, set)
                .expect("names of the organisation");
            aws.is_assigned(&key)
        })
    }

    pub(crate) fn user_id(&self, user: &str) -> String {
        self.aws(|aws, _| aws.user_named(user).expect("a user").id.clone())
    }

    /// Applies a policy as the operator.
    pub(crate) async fn apply(&self, document: &str) {
        let input = PolicyInput {
            document: document.to_owned(),
            base_version: None,
            ..PolicyInput::default()
        };
        let applied = self.engine().apply_policy(&operator(self.engine()), input).await;
        applied.expect("the policy of the test");
    }

    /// A person of the organisation, or a login that maps to nobody.
    pub(crate) fn as_(&self, name: &str) -> Client<'_> {
        Client::new(&self.client, Some(name))
    }

    /// Whoever runs the tests, as the kernel says.
    pub(crate) fn as_myself(&self) -> Client<'_> {
        Client::new(&self.client, None)
    }

    /// uid 0, where the tests run as root; elsewhere there is no such caller, which is said.
    pub(crate) fn as_operator(&self) -> Option<Client<'_>> {
        if nix::unistd::geteuid().is_root() {
            return Some(self.as_myself());
        }
        eprintln!("SKIP: what the operator may do is only tested as root");
        None
    }

    /// Files a request and expects it to be taken.
    pub(crate) async fn submit(&self, who: &str, body: Value) -> Value {
        self.as_(who).post("/v1/requests", body).await.is(201)
    }

    /// Alice asks for an hour of [`ADMIN`] in the ledger: pending, one vote is enough.
    pub(crate) async fn pending(&self) -> String {
        id_of(&self.submit("alice", ask(LEDGER, ADMIN, 3600)).await)
    }

    /// Alice's hour of [`ADMIN`] in the ledger, approved by Bob and confirmed by AWS.
    pub(crate) async fn active(&self) -> String {
        let id = self.pending().await;
        self.act("bob", &id, "approve").await.is(200);
        self.reach(&id, "active").await;
        id
    }

    /// A verb with a comment.
    pub(crate) async fn act(&self, who: &str, id: &str, verb: &str) -> Answer {
        let comment = json!({"comment": "a word on it"});
        self.as_(who)
            .post(&format!("/v1/requests/{id}/{verb}"), comment)
            .await
    }

    /// The request as the auditor sees it.
    pub(crate) async fn show(&self, id: &str) -> Value {
        self.as_("hugo").get(&format!("/v1/requests/{id}")).await.is(200)
    }

    /// Waits until the request is in this state.
    pub(crate) async fn reach(&self, id: &str, state: &str) -> Value {
        let deadline = Instant::now() + SOON;
        loop {
            let request = self.show(id).await;
            if request["state"] == state {
                return request;
            }
            assert!(
                Instant::now() < deadline,
                "{id} never becomes {state}: {request:#}"
            );
            pause().await;
        }
    }
}

/// The operator as the engine knows it, whoever runs the tests.
pub(crate) fn operator(engine: &Engine) -> EngineCaller {
    let peer = Peer {
        uid: 0,
        pid: None,
        login_uid: LoginUid::Unset,
    };
    engine.identify(peer, Some("root".to_owned()))
}

/// Between two looks.
pub(crate) async fn pause() {
    tokio::time::sleep(Duration::from_millis(25)).await;
}

/// Waits until something is so.
pub(crate) async fn soon(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + SOON;
    while !is_so() {
        assert!(Instant::now() < deadline, "not within {SOON:?}: {what}");
        pause().await;
    }
}
