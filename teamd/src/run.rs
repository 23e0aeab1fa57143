//! The composition root: configuration, store, AWS, engine, socket, in the order that keeps the promises. Overdue
//! removals are durably queued before the socket accepts; readiness does not wait for AWS.

pub(crate) mod activity;
mod adopt;
mod revoke_only;
mod uid_map;

use crate::telemetry;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use teamd_api as api;
use teamd_api::Api;
use teamd_aws::config::AwsSettings;
use teamd_aws::health::AwsHealth;
use teamd_aws::messages::Messages;
use teamd_aws::port::{Assignments, Schedules};
use teamd_aws_sdk::Aws;
use teamd_config::Config;
use teamd_engine::{Deps, Engine, EngineSettings, Refused, start_clock};
use teamd_host::clock::{Clock, Machine, Readings};
use teamd_host::descriptors;
use teamd_host::files;
use teamd_host::lifecycle::{Ended, Shutdown, systemd};
use teamd_host::procfs;
use teamd_store::port::StoreError;
use tokio::net::UnixListener;

/// How long steps under way are given at a stop. What is cut off is found again by its intent.
const PATIENCE: Duration = Duration::from_secs(10);

/// The watchdog is fed while the deadline loop has turned within this.
const TICK_LIMIT: chrono::TimeDelta = chrono::TimeDelta::seconds(10);

/// Why the daemon cannot start.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The store cannot be opened: operators must look at it. It is never replaced by an empty one.
    #[error("store {path}: {error}")]
    Store {
        /// Which.
        path: PathBuf,
        /// Why.
        error: StoreError,
    },
    /// Different users would look alike.
    #[error(
        "the uid map of this namespace covers {0} uids, so that other users cannot be told apart: run teamd with PrivateUsers=no, or map 65,536 uids or more"
    )]
    UidMap(u64),
    /// The store was opened and cannot be read.
    #[error("store: {0}")]
    State(#[from] Refused),
    /// The settings for AWS cannot work.
    #[error("{0}")]
    Aws(#[from] teamd_aws::port::AwsError),
    /// The socket cannot be made.
    #[error("socket {path}: {error}")]
    Socket {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A signal handler cannot be installed.
    #[error("signals: {0}")]
    Signals(std::io::Error),
    /// An essential task died.
    #[error("the {0} task failed; the log says why")]
    Task(&'static str),
}

/// Where the daemon has its time from.
pub enum TimeSource {
    /// Clocks that are watched by the clock rule.
    Readings(Box<dyn Readings>),
    /// A clock that is believed as it is: for tests.
    Clock(Arc<dyn Clock>),
}

/// Serves until told to stop, on the socket that systemd has passed or on one of its own. The removal path runs on the
/// runtime that polls this; the API and everything else that callers can keep busy on `service`.
///
/// # Errors
/// It cannot start, or an essential task died.
pub async fn run(
    config: Config,
    config_path: Option<PathBuf>,
    inherited: Option<std::os::unix::net::UnixListener>,
    service: tokio::runtime::Handle,
) -> Result<(), RunError> {
    uid_map::refuse_small(procfs::uid_map())?;
    descriptors::raise_limit();
    let shutdown = Shutdown::new().with_service_runtime(service.clone());
    shutdown.listen_to_signals().map_err(RunError::Signals)?;
    let socket_error = |error| RunError::Socket {
        path: config.server.socket.clone(),
        error,
    };
    let engine = open(&config, &shutdown).await?;
    let listener = {
        // Registered where it is served.
        let _service = service.enter();
        match inherited {
            Some(listener) => UnixListener::from_std(listener),
            None => listen(&config),
        }
    };
    let listener = listener.map_err(socket_error)?;
    serve(
        &engine,
        listener,
        Api::new(Arc::clone(&engine))
            .with_portal(config.aws.portal_url.as_deref(), config.aws.region.as_deref()),
        &shutdown,
    );
    keep_alive(&engine, &shutdown);
    report_dropped_log_lines(&shutdown);
    take_reloads(&engine, config.clone(), config_path, &shutdown);
    tracing::info!(socket = %config.server.socket.display(), version = env!("CARGO_PKG_VERSION"), "teamd serves");
    systemd::ready();
    let ended = shutdown.finished(PATIENCE).await;
    systemd::stopping();
    engine.announce_stop().await;
    engine.store().close();
    match ended {
        Ended::Cleanly | Ended::Forced => Ok(()),
        Ended::TaskFailed(name) => Err(RunError::Task(name)),
    }
}

fn listen(config: &Config) -> std::io::Result<UnixListener> {
    let group = config.server.socket_group.as_deref().map(group_id).transpose()?;
    api::bind(&config.server.socket, config.server.socket_mode, group)
}

/// Opens the store and the engine on it. Nothing runs yet, but what is overdue is durably queued.
///
/// # Errors
/// The store or the settings for AWS.
pub async fn open(config: &Config, shutdown: &Shutdown) -> Result<Arc<Engine>, RunError> {
    open_with(config, shutdown, TimeSource::Readings(Box::new(Machine))).await
}

/// The same by other clocks than the machine's.
///
/// # Errors
/// As there.
pub async fn open_with(
    config: &Config,
    shutdown: &Shutdown,
    time: TimeSource,
) -> Result<Arc<Engine>, RunError> {
    let path = config.store.path.clone();
    make_private_parent(&path);
    let store = revoke_only::open_store(&path, &config.store.leases_path).map_err(|error| {
        let path = path.clone();
        RunError::Store { path, error }
    })?;
    let is_degraded = store.condition().borrow().is_some();
    if is_degraded {
        revoke_only::watch(&store, path, shutdown);
    }
    let clock = match time {
        TimeSource::Readings(readings) => Arc::new(start_clock(&store, readings).await?) as Arc<dyn Clock>,
        TimeSource::Clock(clock) => clock,
    };
    if !is_degraded {
        adopt::compare(&store, &config.store.leases_path, clock.now()).await;
    }
    let health = Arc::new(AwsHealth::new());
    // Two sets of connections: a directory load or a caller's question must not hold up the answer to a delete.
    let removal_aws = Aws::connect(aws_settings(config), Arc::clone(&clock), Arc::clone(&health)).await?;
    let aws = Arc::new(removal_aws.with_own_connections().await?);
    let removal_aws = Arc::new(removal_aws);
    // In a degraded run nothing of it could be kept.
    let activity = (!is_degraded).then(|| activity::ports(config, &aws)).flatten();
    let assignments: Arc<dyn Assignments> = match is_degraded {
        true => Arc::new(revoke_only::OnlyRemovals(removal_aws.clone())),
        false => removal_aws.clone(),
    };
    let deps = Deps {
        store,
        clock,
        assignments,
        lookups: aws.clone(),
        directory: aws.clone(),
        inventory: aws.clone(),
        activity,
        schedules: config
            .backstop
            .as_ref()
            .map(|_| Arc::clone(&removal_aws) as Arc<dyn Schedules>),
        own: aws.clone(),
        clock_probe: removal_aws,
        health,
        leases_path: Some(config.store.leases_path.clone()),
        shutdown: shutdown.clone(),
    };
    for variable in teamd_aws_sdk::ignored_endpoint_variables() {
        tracing::warn!(
            variable,
            "endpoints come from [aws] endpoint_url only; this variable is ignored"
        );
    }
    let messages = Arc::clone(&aws) as Arc<dyn Messages>;
    let engine = Engine::open(deps, EngineSettings::from(config)).await?;
    engine.send_through(messages);
    engine.tell_by(&config.notify);
    if let Some(directory) = engine.directory() {
        // So that the first removal after a restart needs no look-up.
        aws.remember_instance(&directory.instance_arn, &directory.identity_store_id);
    }
    Ok(engine)
}

/// Starts the engine's loops and the socket's.
pub fn serve(engine: &Arc<Engine>, listener: UnixListener, api: Api, shutdown: &Shutdown) {
    engine.start();
    let stop = shutdown.token();
    shutdown.spawn_service("api", async move {
        if let Err(error) = api::serve(listener, api, async move { stop.cancelled().await }).await {
            tracing::error!(%error, "the socket failed");
        }
    });
}

/// Feeds systemd's watchdog from the deadline loop: a daemon that looks alive and ends nothing must be killed.
fn keep_alive(engine: &Arc<Engine>, shutdown: &Shutdown) {
    let Some(every) = systemd::watchdog_interval() else {
        return;
    };
    let (engine, stop) = (Arc::clone(engine), shutdown.token());
    shutdown.spawn("watchdog", async move {
        // The first turn is under way: nothing is late before it could have come.
        let mut ticks = engine.ticks();
        let first = ticks.wait_for(Option::is_some);
        let _ = tokio::time::timeout(Duration::from_secs(10), first).await;
        while !stop.is_cancelled() {
            let turned = engine
                .ticks()
                .borrow()
                .is_some_and(|at| engine.now() - at < TICK_LIMIT);
            let answers = tokio::time::timeout(
                Duration::from_secs(5),
                // In revoke-only what is in memory answers, and the work goes on.
                engine
                    .store()
                    .read_for_removal(|read| Ok::<_, Refused>(read.last_seq()?)),
            );
            if turned && matches!(answers.await, Ok(Ok(_))) {
                systemd::alive();
            } else {
                tracing::error!("the deadline loop or the store does not answer; the watchdog is not fed");
            }
            tokio::select! {
                () = tokio::time::sleep(every) => {}
                () = stop.cancelled() => {}
            }
        }
    });
}

/// Says in the log how many lines it has lost, once there is room for that.
fn report_dropped_log_lines(shutdown: &Shutdown) {
    let stop = shutdown.token();
    shutdown.spawn_service("log", async move {
        let mut reported = 0;
        while !stop.is_cancelled() {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(60)) => {}
                () = stop.cancelled() => return,
            }
            let dropped = telemetry::dropped_lines();
            if dropped > reported {
                tracing::warn!(
                    lines = dropped - reported,
                    total = dropped,
                    "log lines were dropped: nobody reads standard error fast enough"
                );
                reported = dropped;
            }
        }
    });
}

/// SIGHUP: reads the configuration again; a bad one is refused and the old one stays.
fn take_reloads(engine: &Arc<Engine>, config: Config, path: Option<PathBuf>, shutdown: &Shutdown) {
    let (engine, stop, mut reloads) = (Arc::clone(engine), shutdown.token(), shutdown.reloads());
    shutdown.spawn_service("reload", async move {
        loop {
            tokio::select! {
                changed = reloads.changed() => if changed.is_err() { stop.cancelled().await; return },
                () = stop.cancelled() => return,
            }
            systemd::reloading();
            // Its file may be on a mount that hangs: then the old one stays, and a stop does not wait.
            let from = path.clone();
            let load = move || Config::load(from.as_deref(), teamd_config::environment());
            match files::on_thread("configuration", files::READ_TIMEOUT, load).await {
                Err(unanswered) => {
                    tracing::error!(%unanswered, "the configuration cannot be read; the old one stays")
                }
                Ok(Ok(new)) => {
                    if new.server != config.server
                        || new.store != config.store
                        || new.aws != config.aws
                        || new.backstop != config.backstop
                        || new.activity.source != config.activity.source
                    {
                        tracing::warn!(
                            "[server], [store], [aws], [backstop] and the source of [activity] are taken at the next start only"
                        );
                    }
                    engine.reconfigure(EngineSettings::from(&new));
                    engine.tell_by(&new.notify);
                    tracing::info!("the new configuration is in force");
                }
                Ok(Err(errors)) => {
                    tracing::error!(%errors, "the new configuration is refused; the old one stays")
                }
            }
            systemd::ready();
        }
    });
}

/// The settings of the AWS adapters.
#[must_use]
pub fn aws_settings(config: &Config) -> AwsSettings {
    let aws = &config.aws;
    AwsSettings {
        region: aws.region.clone(),
        endpoint_url: aws.endpoint_url.clone(),
        instance_arn: aws.instance_arn.clone(),
        identity_store_id: aws.identity_store_id.clone(),
        profile: aws.profile.clone(),
        assume_role: aws.assume_role.clone(),
        requests_per_second: aws.requests_per_second,
        removal_requests_per_second: aws.removal_requests_per_second,
        max_in_flight: aws.max_in_flight as usize,
        activity_regions: config.activity_regions(),
        activity_role: config.activity.role_name.clone(),
        backstop_role: config.backstop.as_ref().map(|backstop| backstop.role_arn.clone()),
        ..AwsSettings::default()
    }
}

/// The directory of the store, for its owner only, where it does not exist. If it cannot be made, opening says why.
fn make_private_parent(path: &Path) {
    if let Some(parent) = path.parent().filter(|parent| !parent.exists()) {
        let _ = std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(parent);
    }
}

fn group_id(name: &str) -> std::io::Result<u32> {
    match nix::unistd::Group::from_name(name) {
        Ok(Some(group)) => Ok(group.gid.as_raw()),
        Ok(None) => Err(std::io::Error::new(
            std::io::ErrorKind::NotFound,
            format!("there is no group {name}"),
        )),
        Err(error) => Err(std::io::Error::from(error)),
    }
}
