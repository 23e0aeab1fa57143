//! AWS: ports in our own types, and their adapters.
//!
//! * [`port`] what the rest of the daemon sees
//! * [`messages`] what AWS sends for us
//! * [`config`] how AWS is reached
//! * [`record`] CloudTrail's records, read leniently
//! * [`limiter`] our own pace, with lanes: removals first
//! * [`health`] how AWS has answered lately

pub mod config;
pub mod health;
pub mod limiter;
pub mod messages;
pub mod port;
pub mod record;
