//! The commands of `teamd` that run something: each makes its runtime and waits.

pub mod clock;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use teamd_config::{Config, ConfigErrors};
use teamd_host::priority;
use teamd_store as store;
use tokio::runtime::{Builder, Runtime};

/// The configuration, or a message that lists every error.
pub(crate) fn load(path: Option<&Path>) -> Result<Config, ConfigErrors> {
    Config::load(path, teamd_config::environment())
}

pub(crate) fn runtime() -> anyhow::Result<Runtime> {
    named_runtime("teamd", 16)
}

/// Two workers, and at most `blocking` threads beside them: with those of the store, of logging and of the heavy pool
/// the sum stays far below the unit's `TasksMax=256`.
fn named_runtime(name: &str, blocking: usize) -> anyhow::Result<Runtime> {
    Ok(builder(name, blocking).build()?)
}

fn builder(name: &str, blocking: usize) -> Builder {
    let mut builder = Builder::new_multi_thread();
    builder
        .worker_threads(2)
        .max_blocking_threads(blocking)
        .thread_name(name)
        .enable_all();
    builder
}

/// How long threads that are blocked at a stop are waited for. One that hangs in the kernel never returns.
const BLOCKED_THREADS_TIMEOUT: Duration = Duration::from_secs(2);

/// `teamd run`.
///
/// # Errors
/// It cannot start, or an essential task died.
pub fn run(path: Option<&Path>) -> anyhow::Result<()> {
    let config = load(path)?;
    if nix::unistd::geteuid().is_root() {
        tracing::warn!("running as root: use an account of its own, as the unit in systemd/ does");
    }
    // Before there are threads: taking the socket over changes the environment.
    let inherited = teamd_host::lifecycle::systemd::inherited_listener("api")?;
    // Before anything is spawned: the removal path shares no thread with what callers can keep busy.
    let removal = named_runtime("removal", 8)?;
    let service = builder("service", 16)
        .on_thread_start(|| priority::lower(priority::SERVICE))
        .build()?;
    let path = path.map(Path::to_owned);
    let ended = removal.block_on(crate::run::run(config, path, inherited, service.handle().clone()));
    service.shutdown_timeout(BLOCKED_THREADS_TIMEOUT);
    removal.shutdown_timeout(BLOCKED_THREADS_TIMEOUT);
    ended?;
    Ok(())
}

/// `teamd audit verify`: exit 0 intact, 1 broken or unreadable.
#[must_use]
pub fn verify(path: Option<&Path>, db: Option<PathBuf>) -> ExitCode {
    let db = match db.map_or_else(|| load(path).map(|config| config.store.path), Ok) {
        Ok(db) => db,
        Err(errors) => {
            eprintln!("teamd: {errors}");
            return ExitCode::FAILURE;
        }
    };
    match store::verify_file(&db) {
        Ok(check) => {
            let head = teamd_engine::hex(&check.head);
            match &check.fault {
                None => println!("ok    rows 1..{} chain intact, head {head}", check.rows),
                Some(fault) => println!("FAIL  {fault}; intact up to row {}, head {head}", check.rows),
            }
            if check.erased_texts > 0 {
                println!(
                    "ok    {} free texts were erased; the chain holds without them",
                    check.erased_texts
                );
            }
            if check.fault.is_none() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => {
            eprintln!("teamd: {}: {error}", db.display());
            ExitCode::FAILURE
        }
    }
}

/// `teamd simulate-aws`.
///
/// # Errors
/// A file cannot be read, or the address cannot be used.
#[cfg(feature = "simulator")]
pub fn simulate_aws(arguments: crate::cli::SimulateAws) -> anyhow::Result<()> {
    use anyhow::Context;
    let read = |path: &Path| std::fs::read_to_string(path).with_context(|| path.display().to_string());
    let organisation = match &arguments.org {
        None => None,
        Some(path) => Some(
            aws_simulator::organisation::file::parse(&read(path)?)
                .with_context(|| path.display().to_string())?,
        ),
    };
    let faults = match &arguments.faults {
        None => None,
        Some(path) => {
            Some(aws_simulator::Faults::from_toml(&read(path)?).with_context(|| path.display().to_string())?)
        }
    };
    runtime()?.block_on(async {
        let shutdown = teamd_host::lifecycle::Shutdown::new();
        shutdown.listen_to_signals()?;
        let stop = shutdown.token();
        aws_simulator::cli::serve(arguments.listen, organisation, faults, stop.cancelled()).await?;
        Ok(())
    })
}

/// `teamd demo`: the demo's world without a screen.
///
/// # Errors
/// It cannot be built.
#[cfg(feature = "simulator")]
pub fn demo(arguments: crate::cli::Demo) -> anyhow::Result<()> {
    runtime()?.block_on(async {
        let shutdown = teamd_host::lifecycle::Shutdown::new();
        shutdown.listen_to_signals()?;
        let options = crate::demo::Options {
            socket: arguments.socket,
            seed: arguments.seed.unwrap_or(1),
        };
        let world = crate::demo::World::start(options).await?;
        println!("listening on {}", world.socket().display());
        println!(
            "act as anybody: team-tui --socket {} --as bob",
            world.socket().display()
        );
        shutdown.token().cancelled().await;
        world.stop().await;
        Ok(())
    })
}
