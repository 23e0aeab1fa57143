//! The terminal client of `teamd`: a dashboard and a command line over the same API.
//!
//! * [`client`] the API over the Unix socket; the only part that names HTTP
//! * `commands` the command line, a file per verb; `cli` its grammar
//! * `app` all that the dashboard knows; `message` what can happen to it; `update` the pure function between the
//!   two, which answers with `effect`s; `runtime` performs those and owns the terminal
//! * `lists` what is in a list: filter, order, marks
//! * `keymap` the one table of keys, which drives dispatch, the key line, the palette and the help
//! * `screens`, `modals`, `widgets`, `theme` the view: it reads the app and writes cells, nothing else
//! * `ways` how an access is used; `profile` its AWS profile; `aws_config` the file that it may be written to
//! * `settings` what the reader has chosen; `look` what is done to a finished frame for it
//! * `claim` who looks at a request; `glass` how break-glass is marked; `residual` keys that
//!   outlive the access
//! * `format` times, durations and foreign text
//! * [`clock`] and `tasks` the only places that read the time and start tasks
//!
//! To add a screen: a variant of `app::Screen`, a file in `screens/`. To add a key: a line in `keymap/table.rs`, an arm in
//! `update/actions.rs`.

mod access;
mod alert;
mod app;
mod aws_config;
mod claim;
mod cli;
pub mod client;
pub mod clock;
mod commands;
mod coverage;
mod demo;
mod digest;
mod drawn;
mod edit;
mod effect;
mod feed;
#[cfg(test)]
#[path = "../../tests/tui/fixtures.rs"]
mod fixtures;
mod format;
mod glass;
pub mod kept;
mod keymap;
mod lists;
mod look;
mod message;
mod modals;
mod policy;
mod profile;
mod report;
mod residual;
mod rights;
mod runtime;
mod screens;
mod settings;
mod tasks;
mod theme;
mod update;
mod ways;
mod widgets;

pub use app::Screen;
pub use demo::{Chaos, DemoHooks};
pub use keymap::Keymap;
pub use lists::Columns;
pub use runtime::{DashboardOptions, dashboard};
pub use settings::{InvalidSettings, Settings, Template};
pub use theme::Palette;

use clap::Parser;
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the command line; `args` begin with the program's name.
pub async fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    match cli::Cli::try_parse_from(&args) {
        Ok(cli) => commands::run(cli).await,
        Err(error) if error.use_stderr() && args.iter().any(|arg| arg == "--json") => {
            let text = error.render().to_string();
            let first = text
                .trim_start_matches("error: ")
                .lines()
                .next()
                .unwrap_or_default();
            commands::Failure::usage(first, "see team-tui --help").report(true)
        }
        Err(error) => {
            // Help and version go to stdout with exit 0, mistakes to stderr with exit 2.
            let code = u8::try_from(error.exit_code()).unwrap_or(2);
            let _ = error.print();
            ExitCode::from(code)
        }
    }
}
