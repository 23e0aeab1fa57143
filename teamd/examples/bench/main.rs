//! Measures the daemon against the simulated AWS; docs/PERFORMANCE.md has the figures and says what they mean.
//!
//! ```text
//! cargo run --release -p teamd --example bench -- idle [COUNT]               decision or end → AWS call, one at a time
//! cargo run --release -p teamd --example bench -- path [COUNT] [PER_SECOND]  decision → active, end → verified absence
//! cargo run --release -p teamd --example bench -- footprint [TEAMD]          memory and start of the real binary
//! cargo run --release -p teamd --example bench -- dashboard [IDLE] [TEAM-TUI]   the client with 10,000 requests, and idle for so many seconds
//! cargo run --release -p teamd --example bench -- mass-expiry [SESSIONS]     many sessions that end in the same second
//! cargo run --release -p teamd --example bench -- activity [EVENTS]          CloudTrail events read, matched and kept
//! cargo run --release -p teamd --example bench -- activity-pages [EVENTS]    a session's page behind so many events
//! cargo run --release -p teamd --example bench -- activity-streams [CLIENTS] [PER_SECOND]   from kept to the sockets
//! ```
//!
//! The store is in the temporary directory: `TMPDIR` decides which disk is measured. The simulator runs in this process,
//! the daemon in one of its own, on the same clock.

mod activity;
mod dashboard;
mod expiry;
mod footprint;
mod http;
mod path;
mod stats;
mod streams;
mod world;

use anyhow::{Context, bail};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |at: usize, default: usize| match words.get(at) {
        Some(text) => text.parse().with_context(|| format!("{text} is not a number")),
        None => Ok(default),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    match words.first().copied() {
        Some("idle") => runtime.block_on(path::idle(number(1, 200)?)),
        Some("path") => runtime.block_on(path::spread(number(1, 1000)?, number(2, 8)?)),
        Some("footprint") => runtime.block_on(footprint::measure(words.get(1).copied())),
        Some("dashboard") => runtime.block_on(dashboard::measure(number(1, 60)?, words.get(2).copied())),
        // What `world` starts as the daemon's process.
        Some("daemon") => match words[1..] {
            [directory, endpoint] => runtime.block_on(world::daemon(directory.as_ref(), endpoint, false)),
            [directory, endpoint, "limited"] => {
                runtime.block_on(world::daemon(directory.as_ref(), endpoint, true))
            }
            _ => bail!("daemon DIRECTORY ENDPOINT [limited]"),
        },
        Some("activity") => runtime.block_on(activity::ingestion(number(1, 50_000)?)),
        Some("activity-pages") => runtime.block_on(activity::pages(number(1, 200_000)?)),
        Some("activity-streams") => runtime.block_on(streams::measure(number(1, 200)?, number(2, 100)?)),
        Some("mass-expiry") => runtime.block_on(expiry::measure(number(1, 1000)?)),
        _ => bail!(
            "one of: idle, path, footprint, dashboard, mass-expiry, activity, activity-pages, activity-streams"
        ),
    }
}
