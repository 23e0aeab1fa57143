//! The grammar of `run`.

use clap::Args;
use std::ffi::OsString;

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// An account's id or name
    pub(crate) account: String,
    /// A permission set's name or ARN
    #[arg(value_name = "SET")]
    pub(crate) permission_set: String,
    /// How long at most: 90s, 45m, 2h30m
    #[arg(long = "for", value_name = "DURATION")]
    pub(crate) duration: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// The ticket behind it
    #[arg(long, value_name = "ID")]
    pub(crate) ticket: Option<String>,
    /// Ask under the break-glass rules: everyone concerned is told
    #[arg(long)]
    pub(crate) break_glass: bool,
    /// Give up waiting for the access after this long (exit 7)
    #[arg(long, default_value = "10m")]
    pub(crate) timeout: String,
    /// The command, after --
    #[arg(last = true, required = true, value_name = "CMD")]
    pub(crate) command: Vec<OsString>,
}
