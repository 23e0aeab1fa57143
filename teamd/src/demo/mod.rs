//! The demo's world: the simulated organisation, a daemon on a temporary store and socket, weeks of history, and
//! people at work. Only with the feature `simulator`.

mod chaos;
mod habits;
mod history;
mod people;

use anyhow::Context;
use aws_simulator::{Simulator, SimulatorConfig};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use teamd_api as api;
use teamd_api::Api;
use teamd_config::{ActivitySource, Config};
use teamd_engine::Engine;
use teamd_host::lifecycle::Shutdown;
use tokio::sync::Mutex;

/// The policy of the demo.
pub const POLICY: &str = include_str!("policy.toml");

/// How to build it.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; absent: in the temporary directory.
    pub socket: Option<PathBuf>,
    /// Seed of the history.
    pub seed: u64,
}

/// The world. Dropped, it takes its temporary directory with it.
pub struct World {
    config: Config,
    simulator: Simulator,
    daemon: Mutex<Option<Daemon>>,
    directory: PathBuf,
}

struct Daemon {
    engine: Arc<Engine>,
    shutdown: Shutdown,
}

impl World {
    /// Builds it, and lets people file what the queue shows.
    ///
    /// # Errors
    /// A directory, socket or port cannot be made.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let directory = temporary_directory()?;
        let simulator = Simulator::start(SimulatorConfig::lively())
            .await
            .context("the simulated organisation")?;
        let socket = options.socket.unwrap_or_else(|| directory.join("teamd.sock"));
        let config = configuration(&directory, socket, &simulator.url());
        let world = Self {
            config,
            simulator,
            daemon: Mutex::new(None),
            directory,
        };
        history::write(&world.config, options.seed)
            .await
            .context("history")?;
        world.run_daemon().await?;
        if let Some(daemon) = world.daemon.lock().await.as_ref() {
            people::file_requests(&daemon.engine).await.context("requests")?;
        }
        Ok(world)
    }

    /// The socket.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.config.server.socket
    }

    /// The simulated organisation.
    #[must_use]
    pub fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    /// User names of everybody, for `:as`.
    #[must_use]
    pub fn people(&self) -> Vec<String> {
        let model = self.simulator.model();
        let model = model.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        model.users().map(|user| user.user_name.clone()).collect()
    }

    /// The engine of the daemon that runs now.
    pub async fn engine(&self) -> Option<Arc<Engine>> {
        self.daemon
            .lock()
            .await
            .as_ref()
            .map(|daemon| Arc::clone(&daemon.engine))
    }

    /// Starts the daemon on the store as it is.
    ///
    /// # Errors
    /// The store or the socket.
    pub async fn run_daemon(&self) -> anyhow::Result<()> {
        let shutdown = Shutdown::new();
        let engine = crate::run::open(&self.config, &shutdown).await?;
        let listener = api::bind(&self.config.server.socket, 0o600, None)?;
        crate::run::serve(
            &engine,
            listener,
            Api::demo(Arc::clone(&engine)).with_portal(
                self.config.aws.portal_url.as_deref(),
                self.config.aws.region.as_deref(),
            ),
            &shutdown,
        );
        *self.daemon.lock().await = Some(Daemon { engine, shutdown });
        Ok(())
    }

    /// Kills the daemon: no step is finished, nothing is said good-bye to.
    pub async fn kill_daemon(&self) {
        if let Some(daemon) = self.daemon.lock().await.take() {
            daemon.shutdown.hard_token().cancel();
            daemon.shutdown.stop();
            daemon.shutdown.finished(Duration::ZERO).await;
            daemon.engine.store().close();
        }
    }

    /// Stops everything.
    pub async fn stop(self) {
        if let Some(daemon) = self.daemon.lock().await.take() {
            daemon.shutdown.stop();
            daemon.shutdown.finished(Duration::from_secs(2)).await;
            daemon.engine.announce_stop().await;
            daemon.engine.store().close();
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // What is left in a temporary directory harms nobody.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn temporary_directory() -> anyhow::Result<PathBuf> {
    use std::os::unix::fs::DirBuilderExt;
    let base = std::env::temp_dir();
    for attempt in 0..100u32 {
        let path = base.join(format!("teamd-demo-{}-{attempt}", std::process::id()));
        match std::fs::DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).with_context(|| path.display().to_string()),
        }
    }
    anyhow::bail!("no temporary directory could be made in {}", base.display())
}

fn configuration(directory: &Path, socket: PathBuf, endpoint: &str) -> Config {
    let mut config = Config::default();
    config.server.socket = socket;
    config.store.path = directory.join("teamd.db");
    config.store.activity_path = directory.join("activity.db");
    config.store.leases_path = directory.join("leases.json");
    config.aws.region = Some("eu-west-1".to_owned());
    config.aws.endpoint_url = Some(endpoint.to_owned());
    config.activity.source = ActivitySource::CloudtrailLookup;
    config.activity.regions = vec!["eu-west-1".to_owned(), "us-east-1".to_owned()];
    config.activity.role_name = Some("teamd-trail-reader".to_owned());
    if let Ok(poll) = "5s".parse() {
        config.activity.poll = poll;
    }
    config
}
