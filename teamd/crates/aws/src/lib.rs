//! AWS: ports in our own types, and their adapters.
//!
//! * [`port`] what the rest of the daemon sees
//! * [`messages`] what AWS sends for us
//! * [`config`] how AWS is reached
//! * [`record`] CloudTrail's records, read leniently
//! * [`limiter`] our own pace, with lanes: removals first
//! * [`health`] how AWS has answered lately
//! * [`sdk`] the adapters; SDK types stay inside

pub mod config;
pub mod health;
pub mod limiter;
pub mod messages;
pub mod port;
pub mod record;
#[path = "../../aws-sdk/src/lib.rs"]
pub mod sdk;
