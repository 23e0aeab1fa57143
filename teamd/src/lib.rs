//! `teamd`: the daemon.

pub mod api;
pub mod aws;
pub mod clock;
pub mod config;
pub mod document;
pub mod domain;
pub mod engine;
pub mod store;
