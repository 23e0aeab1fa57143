//! The daemon: started, killed, started again; and now and then a second one while the first still runs.

use super::aws::Ports;
use super::record::Deed;
use super::script::{HOUR, MINUTE, SECOND};
use super::world::World;
use rand::Rng;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use team_shared::duration::Seconds;
use teamd_aws::health::AwsHealth;
use teamd_engine::{Deps, Engine, EngineSettings, Hold};
use teamd_host::lifecycle::Shutdown;
use teamd_store::Store;
use tokio::task::JoinSet;

/// A daemon that runs.
#[derive(Clone)]
pub(crate) struct Daemon {
    pub(crate) engine: Arc<Engine>,
    pub(crate) shutdown: Shutdown,
}

impl Daemon {
    /// Drops all of its tasks where they wait.
    async fn die(&self) {
        self.shutdown.hard_token().cancel();
        self.shutdown.stop();
        self.shutdown.finished(Duration::ZERO).await;
    }

    /// Superseded: it stops when it notices, and is stopped some time later where it does not.
    async fn linger(self, stays: i64) {
        tokio::select! {
            biased;
            () = self.shutdown.token().cancelled_owned() => {}
            () = tokio::time::sleep(Duration::from_millis(stays.unsigned_abs())) => {}
        }
        self.die().await;
    }
}

impl World {
    /// Starts the daemon, again and again.
    pub(crate) async fn supervise(self: Arc<Self>) {
        let mut superseded = JoinSet::new();
        loop {
            if let Some(daemon) = self.boot().await {
                self.lock().daemon = Some(daemon.clone());
                self.note(Deed::Started);
                let stays = tokio::select! {
                    biased;
                    () = self.crash.notified() => None,
                    stays = self.next_takeover() => Some(stays),
                };
                self.lock().daemon = None;
                if let Some(stays) = stays {
                    self.note(Deed::Superseded);
                    superseded.spawn(daemon.linger(stays));
                    continue;
                }
                self.note(Deed::Died);
                daemon.die().await;
            }
            let down = self.chance(|rng| match rng.random_range(0..20) {
                0 => rng.random_range(10 * MINUTE..3 * HOUR),
                1..=3 => rng.random_range(10 * SECOND..10 * MINUTE),
                _ => rng.random_range(500..10 * SECOND),
            });
            tokio::time::sleep(Duration::from_millis(down.unsigned_abs())).await;
        }
    }

    /// Returns when a second daemon is started, with how long the first would stay.
    async fn next_takeover(&self) -> i64 {
        let now = self.now();
        match self.script.takeovers.iter().find(|(at, _)| *at > now) {
            Some((at, stays)) => {
                self.clock.until(*at).await;
                *stays
            }
            None => std::future::pending().await,
        }
    }

    async fn boot(self: &Arc<Self>) -> Option<Daemon> {
        let shutdown = Shutdown::new();
        let number = {
            let mut inner = self.lock();
            inner.daemons += 1;
            inner.daemons
        };
        let store = Store::on_memory(&self.memory);
        let clock = self.daemon_clock(&store).await?;
        let ports = Arc::new(Ports {
            world: Arc::clone(self),
            daemon: number,
            clock: Arc::clone(&clock),
        });
        let deps = Deps {
            store,
            clock,
            assignments: Arc::clone(&ports) as _,
            lookups: Arc::clone(&ports) as _,
            directory: Arc::clone(self) as _,
            activity: None,
            inventory: Arc::clone(self) as _,
            schedules: None,
            own: Arc::clone(&ports) as _,
            clock_probe: ports,
            health: Arc::new(AwsHealth::new()),
            leases_path: None,
            shutdown: shutdown.clone(),
        };
        let engine = Engine::open(deps, settings(self)).await.ok()?;
        if self.lock().is_held {
            engine
                .gate()
                .hold(Hold::DiskLow, engine.now(), "the simulation says so");
        }
        engine.start();
        Some(Daemon { engine, shutdown })
    }

    pub(crate) async fn crash_at_times(self: Arc<Self>) {
        for at in &self.script.crashes {
            self.clock.until(*at).await;
            self.crash.notify_one();
        }
        std::future::pending().await
    }

    /// Whether a later daemon has been started.
    pub(crate) fn is_superseded(&self, daemon: usize) -> bool {
        self.lock().daemons > daemon
    }
}

fn settings(world: &World) -> EngineSettings {
    EngineSettings {
        on_call: Default::default(),
        identity: teamd_config::Identity::default(),
        // Half of the time the settings name the instance; else AWS lists another one.
        instance_arn: (world.is_elsewhere() && world.script.seed.is_multiple_of(2))
            .then(|| super::directory::OTHER_INSTANCE.to_owned()),
        identity_store_id: None,
        protected: BTreeSet::new(),
        drift_action: teamd_config::DriftAction::Report,
        directory_refresh: Seconds::new(3_600).expect("an hour"),
        // Few places, so that removals and creates meet.
        max_in_flight: 2,
        pending_per_user: 50,
        submits_per_minute: 50,
        refusals_per_minute: 50,
        connections_per_user: 32,
        connections: 1024,
        activity_regions: Vec::new(),
        activity_role: false,
        activity_poll: Duration::from_secs(3_600),
        activity_retention: chrono::TimeDelta::days(90),
        activity_marks: Default::default(),
        region: String::new(),
        endpoint: None,
    }
}
