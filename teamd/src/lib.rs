//! `teamd`: the daemon.

pub mod aws;
pub mod document;
pub mod clock;
pub mod domain;
pub mod store;
