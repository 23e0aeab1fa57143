//! The store: the only place that names `rusqlite`.
//!
//! * [`port`] what the rest of the daemon sees: reading, transactions, errors
//! * [`Store`] the handle: one writer that serves removals first, a pool of readers, a wake-up after each commit
//! * `sqlite` the tables on disk, one file per family; `memory` the twin for simulation
//! * `record` rows as both keep them, and the way back, which names every impossible row
//! * `chain` the hash chain of the audit trail, shared by both
//! * `conformance` the one suite that holds both to the same behaviour
//!
//! To add a table: a migration, a file in `sqlite`, a field in `memory`, methods in [`port`], checks in `conformance`.

mod chain;
#[cfg(test)]
mod conformance;
mod handle;
mod lanes;
mod memory;
pub mod port;
mod record;
mod sqlite;

pub use handle::{Store, WriteLane};
pub use memory::{Fault, Memory};
pub use sqlite::verify_file;
