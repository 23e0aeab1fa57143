//! `teamd`: the daemon.

pub mod aws;
pub mod config;
pub mod domain;
pub mod store;
