//! The pure core: no async, no I/O, no clock, no logging. `now` is always an argument.
//!
//! * [`directory`] what AWS says exists, as last read
//! * [`request`] what people decide on, and its machine
//! * [`report`] requests of a period, counted
//! * [`grant`] the assignment in AWS, and its machine
//! * [`attention`] what people do around a request: claims, reminders, reviews
//! * [`event`] what every change says to the audit trail
//! * [`delivery`] telling somebody over a channel, and when it is tried again
//! * [`backstop`] when AWS itself should delete, should the daemon be gone
//! * [`identity`] who is calling
//! * [`clock`] which time it is, when no clock can be believed alone
//! * [`weekly`] what happened in a week, in numbers, and when that is told
//! * [`bits`] sets of numbered things, for what must be fast

pub mod activity;
pub mod attention;
pub mod backstop;
pub mod bits;
pub mod clock;
pub mod delivery;
pub mod directory;
pub mod event;
pub mod grant;
pub mod identity;
pub mod report;
pub mod request;

pub mod weekly;

/// A moment in UTC.
pub type Time = chrono::DateTime<chrono::Utc>;
