//! `team-tui`: see the library for everything but the process itself.

use std::process::ExitCode;

// One thread is enough for a screen and a socket, and costs the least memory and the shortest start.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    team_tui::run(std::env::args_os()).await
}
