//! `teamd`: the daemon.

pub mod aws;
pub mod check;
pub mod cli;
pub mod config;
pub mod domain;
pub mod lifecycle;
pub mod store;
pub mod telemetry;
