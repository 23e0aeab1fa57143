//! `team-tui`: see the library for everything but the process itself.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    team_tui::run(std::env::args_os()).await
}
