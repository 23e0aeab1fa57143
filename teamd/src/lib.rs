//! `teamd`: the daemon.

pub mod aws;
pub mod domain;
pub mod store;
