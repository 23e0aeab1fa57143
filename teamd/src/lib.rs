//! `teamd`: just-in-time privileged access for AWS IAM Identity Center.
//!
//! A request that people approve becomes an assignment in AWS for a limited time. When the time is up the assignment is
//! deleted: the deadline is a row in the store, a loop retries the deletion until it succeeds, and a listing confirms it.
//!
//! This crate puts the daemon together and has its command line. The layers are crates of their own, below `teamd/crates`
//! (docs/ARCHITECTURE.md has the picture):
//!
//! * `teamd_api` HTTP API on the Unix socket: callers, verbs, errors
//! * `teamd_engine` the only write path: commands, deadlines, the reconciler of grants
//! * `teamd_notify` recipients, wording and delivery of notifications
//! * `teamd_aws` ports to AWS in our own types; `teamd_aws_sdk` their implementation with the AWS SDK
//! * `teamd_store` tables behind a port, SQLite behind it; the leases file
//! * `teamd_config` the daemon's settings; `teamd_policy` the policy document, its evaluation and its plan
//! * `teamd_host` clocks, files, descriptors, signals; `teamd_domain` the state machines of requests and grants
//!
//! In this crate: [`run`] starts the parts, [`cli`] and [`commands`] the command line, [`check`] the checks before a start,
//! [`sweep`] removal without the daemon, [`offline`] policy commands without the daemon, [`telemetry`] the log.

pub mod check;
pub mod cli;
pub mod commands;
#[cfg(feature = "simulator")]
pub mod demo;
pub mod offline;
pub mod run;
pub mod sweep;
pub mod telemetry;
