//! `teamd simulate-aws`: the simulator as a program.

use std::future::Future;
use std::io::{self, Write};
use std::net::SocketAddr;

use thiserror::Error;

use crate::faults::Faults;
use crate::organisation::Organisation;
use crate::server::{Simulator, SimulatorConfig, StartError};

/// Why the program ended badly.
#[derive(Debug, Error)]
pub enum ServeError {
    /// It did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Standard output is closed.
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
}

/// Simulates until `shutdown` resolves: `organisation` (the demo organisation if none) with a week of
/// history in every account and people at work, and `faults` (no injected errors if none).
///
/// Prints `listening on http://127.0.0.1:PORT` as soon as that is true.
pub async fn serve(
    listen: SocketAddr,
    organisation: Option<Organisation>,
    faults: Option<Faults>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let mut config = SimulatorConfig {
        listen,
        ..SimulatorConfig::lively()
    };
    if let Some(organisation) = organisation {
        config.organisation = organisation;
    }
    config.faults = faults.unwrap_or_default();
    let simulator = Simulator::start(config).await?;
    // Not println!, which panics when whoever started us has gone.
    let mut out = io::stdout();
    writeln!(out, "listening on {}", simulator.url())?;
    out.flush()?;
    shutdown.await;
    simulator.shutdown().await;
    Ok(())
}
