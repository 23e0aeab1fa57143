//! `teamd`: just-in-time privileged access for AWS IAM Identity Center.
//!
//! A request that people decide on becomes an assignment in AWS for a limited time, and the assignment is taken back
//! when the time is up: by a timer that is a row, a loop that never gives up, and a listing that shows it gone.
//!
//! * [`api`] the HTTP API on the Unix socket: who is calling, verbs, errors
//! * [`engine`] the only write path: commands, deadlines, the reconciler of grants
//! * [`aws`] ports in our own types, and the SDK behind them; [`store`] the port of the tables, and SQLite behind it
//! * [`notify`] whom an event concerns, in which words, and the channels
//! * [`domain`] the two machines and the policy: pure
//! * [`document`] the policy document as people write it; [`config`] the daemon's own settings
//! * [`offline`] what works from files, without a daemon
//! * [`leases`] what is ours in a file of its own; [`sweep`] takes it back without the daemon
//! * `files` reading files that may hang, or that others may have put there
//! * [`failpoint`] where tests make it fail, compiled in for them alone
//! * [`run`] the composition root; [`cli`], [`check`], [`lifecycle`], [`telemetry`], [`clock`] around it
//!
//! Imports point downwards only: `run → api → engine → aws | store → domain`, and `domain` names nothing but `std`,
//! `chrono` and the identifiers of `team_shared`. The invariants are named functions in the tests.

#[path = "../crates/api/src/lib.rs"]
pub mod api;
#[path = "../crates/aws/src/lib.rs"]
pub mod aws;
pub mod check;
pub mod cli;
pub mod commands;
#[path = "../crates/config/src/lib.rs"]
pub mod config;
#[cfg(feature = "simulator")]
pub mod demo;
#[path = "../crates/policy/src/document/mod.rs"]
pub mod document;
#[path = "../crates/domain/src/lib.rs"]
pub mod domain;
#[path = "../crates/engine/src/lib.rs"]
pub mod engine;
#[path = "../crates/store/src/leases/mod.rs"]
pub mod leases;
#[path = "../crates/host/src/lib.rs"]
mod host;
pub use host::{clock, failpoint, lifecycle};
use host::{descriptors, files, priority, procfs};
#[path = "../crates/notify/src/lib.rs"]
pub mod notify;
pub mod offline;
pub mod run;
#[path = "../crates/store/src/lib.rs"]
pub mod store;
pub mod sweep;
pub mod telemetry;
