//! The only write path: commands of people, deadlines, replies of AWS. Everything else wakes it and reads.
//!
//! * [`submit`](Engine::submit), [`approve`](Engine::approve) and the other verbs are the commands of people
//! * `deadlines` moves requests when their time has come
//! * `reconciler` brings AWS to what is wanted: one level-triggered loop a key, removals first
//! * `backstop` sets the dead-man's switch, where there is one
//! * `directory` keeps the copy of what AWS says exists; `accounts` and `instance` hold creates until it is known which
//!   accounts are protected, and that the store is of the instance in use
//! * `drift` looks again at keys that were ours, and at everything within each hour
//! * `timekeeping` watches the clocks, and holds the gate while they disagree
//! * `freeze` stops everything new; `around` is what people do beside a request: claims, reviews
//! * `reminders` tells of what waits and of what is about to end; `on_call` reads who is on call
//! * `outbox` performs effects after the transaction that asked for them; `telling` is the messages among them
//!
//! Fail closed for granting, fail open for revoking: nothing on the removal path asks policy or the directory.
//!
//! Every `select!` is `biased`, and chance comes from `random` alone: a simulation of the engine replays by its seed.

mod access;
mod accounts;
mod act;
mod activity;
mod alarms;
mod around;
mod backstop;
mod chain;
mod commit;
mod daily;
mod deadlines;
mod decide;
mod decision;
mod degraded;
mod deps;
mod directory;
mod drift;
mod extend;
mod facts;
mod filing;
mod freeze;
mod gate;
mod guards;
mod identity;
mod instance;
mod leases;
mod limits;
pub mod logins;
mod lost;
mod on_call;
mod outbox;
mod policy;
mod random;
mod reconciler;
mod refusals;
mod refused;
mod refusing;
pub mod rehearsal;
mod reminders;
pub mod removal;
mod removals;
mod status;
mod submit;
mod telling;
mod terms;
mod timekeeping;
mod verb;

#[cfg(test)]
mod tests;

pub use access::{Access, Verb};
#[doc(hidden)]
pub use activity::anything;
pub use activity::{Activity, ActivityLine, Coverage};
pub use alarms::ALARMS_AFTER;
pub use decide::Approval;
pub use deps::{ActivityPorts, Deps, EngineSettings};
pub use drift::DriftOverview;
pub use extend::Extension;
pub use facts::Facts;
pub use freeze::{Freezing, Frozen};
pub use gate::{Gate, Held, Hold};
#[cfg(any(test, feature = "simulator"))]
pub use guards::{Guard, switch_off};
pub use policy::{
    Applied, HistoryRow, InForce, PolicyInput, diff as policy_diff, read as read_policy,
    sha256 as policy_sha256,
};
#[cfg(any(test, feature = "simulator"))]
pub use random::seed_this_thread;
pub use refused::Refused;
pub use removals::RemovalProgress;
pub use status::hex;
pub use status::{Overview, failing_since};
pub use submit::{FILED, Filed, Mark, Submission};
pub use telling::{DeliveryQuery, Tried};
pub use timekeeping::{AcceptedClock, ClockState, accept_offline, start_clock};
pub use verb::Act;

use arc_swap::{ArcSwap, ArcSwapOption};
use futures::future::BoxFuture;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use teamd_aws::health::AwsHealth;
use teamd_aws::port::{Assignments, DirectorySource, Inventory, OwnIdentity};
use teamd_domain::Time;
use teamd_domain::directory::{Directory, OnCallMembers};
use teamd_host::clock::Clock;
use teamd_host::lifecycle::Shutdown;
use teamd_store::Store;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The engine.
pub struct Engine {
    store: Store,
    clock: Arc<dyn Clock>,
    assignments: Arc<dyn Assignments>,
    /// The same port over other connections, for what callers and sweeps ask.
    lookups: Arc<dyn Assignments>,
    source: Arc<dyn DirectorySource>,
    inventory: Arc<dyn Inventory>,
    activity_ports: Option<ActivityPorts>,
    own: Arc<dyn OwnIdentity>,
    /// Asked for AWS's time, over the removal path's connections.
    clock_probe: Arc<dyn OwnIdentity>,
    health: Arc<AwsHealth>,
    settings: ArcSwap<EngineSettings>,
    directory: Arc<ArcSwapOption<Directory>>,
    directory_error: ArcSwapOption<String>,
    directory_loads: watch::Sender<u64>,
    accounts: accounts::AccountBook,
    policy: ArcSwapOption<InForce>,
    gate: Gate,
    leases: leases::LeaseBook,
    /// One writer of the freeze's file at a time.
    freeze_turn: tokio::sync::Mutex<()>,
    drivers: reconciler::Drivers,
    switches: backstop::Switches,
    removals: removals::Removals,
    deadlines_wake: tokio::sync::Notify,
    outbox_wake: tokio::sync::Notify,
    telling: telling::Telling,
    limits: limits::Limits,
    refusals: refusals::RefusalLog,
    activity: activity::ActivityBook,
    chain: status::ChainWatch,
    drift: drift::DriftBook,
    disk: degraded::DiskWatch,
    on_call: on_call::OnCallBook,
    reminders_wake: tokio::sync::Notify,
    tick: watch::Sender<Option<Time>>,
    started_at: Time,
    shutdown: Shutdown,
    stop: CancellationToken,
}

impl Engine {
    /// Loads what the store knows, and puts what is overdue durably at the head of the queue. Nothing runs yet.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn open(deps: Deps, settings: EngineSettings) -> Result<Arc<Self>, Refused> {
        let started_at = deps.clock.now();
        let max_in_flight = settings.max_in_flight;
        let known = deps
            .store
            .read(|read| Ok::<_, Refused>((read.directory()?, read.policy()?)));
        let (directory, policy) = match known.await {
            // Neither is needed for taking access back.
            Err(_) if deps.store.condition().borrow().is_some() => (None, None),
            known => known?,
        };
        let in_force = policy.and_then(|row| InForce::from_row(&row));
        let engine = Arc::new(Self {
            store: deps.store,
            clock: deps.clock,
            assignments: deps.assignments,
            lookups: deps.lookups,
            source: deps.directory,
            inventory: deps.inventory,
            activity_ports: deps.activity,
            own: deps.own,
            clock_probe: deps.clock_probe,
            health: deps.health,
            settings: ArcSwap::from_pointee(settings),
            directory: Arc::new(ArcSwapOption::from_pointee(directory)),
            directory_error: ArcSwapOption::empty(),
            directory_loads: watch::Sender::new(0),
            accounts: accounts::AccountBook::default(),
            policy: ArcSwapOption::from_pointee(in_force),
            gate: Gate::default(),
            leases: leases::LeaseBook::new(deps.leases_path),
            freeze_turn: tokio::sync::Mutex::default(),
            drivers: reconciler::Drivers::new(max_in_flight),
            switches: backstop::Switches::new(deps.schedules),
            removals: removals::Removals::new(max_in_flight),
            deadlines_wake: tokio::sync::Notify::new(),
            outbox_wake: tokio::sync::Notify::new(),
            telling: telling::Telling::default(),
            limits: limits::Limits::default(),
            refusals: refusals::RefusalLog::default(),
            activity: activity::ActivityBook::default(),
            chain: status::ChainWatch::default(),
            drift: drift::DriftBook::default(),
            disk: degraded::DiskWatch::default(),
            on_call: on_call::OnCallBook::default(),
            reminders_wake: tokio::sync::Notify::new(),
            tick: watch::Sender::new(None),
            started_at,
            stop: deps.shutdown.token(),
            shutdown: deps.shutdown,
        });
        engine.hold_by_store();
        engine.heed_freeze().await;
        engine.load_known_accounts().await;
        engine.check_configured_instance().await;
        // A trail that takes no row must not keep the daemon from taking access back.
        if let Err(error) = engine.announce_start().await {
            tracing::error!(%error, "the start is not in the audit trail");
        }
        engine.forget_attempts().await?;
        teamd_host::failpoint::pass("start.due").await?;
        engine.take_due().await?;
        Ok(engine)
    }

    /// Starts the loops. Each is essential: without one of them the daemon stops and is started anew.
    ///
    /// Those between the expiry timer and AWS run where no caller, slow peer or large answer can occupy a thread;
    /// docs/ARCHITECTURE.md lists what they use. The others are services. The order is the simulation's too.
    pub fn start(self: &Arc<Self>) {
        type Task = fn(Arc<Engine>) -> BoxFuture<'static, ()>;
        let removal = |name, task: Task| self.shutdown.spawn(name, task(Arc::clone(self)));
        let service = |name, task: Task| self.shutdown.spawn_service(name, task(Arc::clone(self)));
        removal("deadlines", |this| {
            Box::pin(async move { this.run_deadlines().await })
        });
        removal("reconciler", |this| {
            Box::pin(async move { this.run_reconciler().await })
        });
        removal("backstop", |this| {
            Box::pin(async move { this.run_backstop().await })
        });
        removal("leases", |this| Box::pin(async move { this.run_leases().await }));
        service("accounts", |this| {
            Box::pin(async move { this.run_accounts().await })
        });
        service("directory", |this| {
            Box::pin(async move { this.run_directory().await })
        });
        service("recent keys", |this| {
            Box::pin(async move { this.run_recent_sweep().await })
        });
        service("drift", |this| {
            Box::pin(async move { this.run_drift_pass().await })
        });
        removal("store", |this| {
            Box::pin(async move { this.run_store_watch().await })
        });
        service("outbox", |this| Box::pin(async move { this.run_outbox().await }));
        service("deliveries", |this| {
            Box::pin(async move { this.run_deliveries().await })
        });
        if self.clock.guard().is_some() {
            removal("clock", |this| Box::pin(async move { this.run_clock().await }));
            removal("clock-probe", |this| {
                Box::pin(async move { this.run_clock_probe().await })
            });
        }
        service("alarms", |this| Box::pin(async move { this.run_alarms().await }));
        service("reminders", |this| {
            Box::pin(async move { this.run_reminders().await })
        });
        service("weekly", |this| Box::pin(async move { this.run_weekly().await }));
        service("on call", |this| {
            Box::pin(async move { this.run_on_call().await })
        });
        service("refusals", |this| {
            Box::pin(async move { this.run_refusals().await })
        });
        service("upkeep", |this| Box::pin(async move { this.run_upkeep().await }));
        if self.has_activity_source() {
            service("activity", |this| {
                Box::pin(async move { this.run_activity().await })
            });
        }
    }

    /// Takes new settings.
    pub fn reconfigure(&self, settings: EngineSettings) {
        self.settings.store(Arc::new(settings));
    }

    /// The settings in force.
    #[must_use]
    pub fn settings(&self) -> Arc<EngineSettings> {
        self.settings.load_full()
    }

    /// The directory copy, if there is one.
    #[must_use]
    pub fn directory(&self) -> Option<Arc<Directory>> {
        self.directory.load_full()
    }

    /// The policy in force, if there is one.
    #[must_use]
    pub fn policy(&self) -> Option<Arc<InForce>> {
        self.policy.load_full()
    }

    /// The store, for reading.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// How long a loop that should not miss anything may sleep although it could: `usual`, longer under a clock that
    /// cannot jump.
    fn nap(&self, usual: Duration) -> Duration {
        usual.max(self.clock.longest_nap().to_std().unwrap_or_default())
    }

    /// The daemon's time.
    #[must_use]
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// The moment of the last turn of the deadline loop: the watchdog is fed from it.
    #[must_use]
    pub fn ticks(&self) -> watch::Receiver<Option<Time>> {
        self.tick.subscribe()
    }

    /// Done when the engine stops: open streams end then.
    #[must_use]
    pub fn stopped(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Whether creates may be sent.
    #[must_use]
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// How AWS answers.
    #[must_use]
    pub fn aws(&self) -> teamd_aws::health::Snapshot {
        self.health.snapshot()
    }

    /// Everything that decides what a caller may do, held still for one decision.
    #[must_use]
    pub fn facts(&self) -> Facts {
        self.heed_refusals();
        let policy = self.policy();
        let directory = self.directory();
        let is_known = |source: &str| {
            let on_call = directory.as_ref().map(|directory| &directory.on_call);
            matches!(
                on_call.and_then(|members| members.get(source)),
                Some(OnCallMembers::Known(_))
            )
        };
        let settings = self.settings();
        let unknown_on_call = settings.on_call.keys().filter(|source| {
            let in_force = policy.as_ref();
            in_force.is_some_and(|in_force| in_force.policy.names_on_call_source(source)) && !is_known(source)
        });
        let unknown_on_call = unknown_on_call.cloned().collect();
        let (protected, certainly_protected) = self.protected(directory.as_deref());
        Facts {
            policy,
            directory,
            protected,
            certainly_protected,
            allow_sudo: self.settings().identity.allow_sudo,
            now: self.clock.now(),
            holds: guards::heeded(self.gate.holds()),
            unknown_on_call,
        }
    }
}

/// Counts by word.
pub(crate) type Counts = BTreeMap<String, u64>;
