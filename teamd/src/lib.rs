//! `teamd`: the daemon.

pub mod aws;
pub mod document;
pub mod domain;
pub mod store;
