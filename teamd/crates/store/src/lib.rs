//! The store: the only place that names `rusqlite`.
//!
//! * [`port`] what the rest of the daemon sees: reading, transactions, errors
//! * [`Store`] the handle: one writer that serves removals first, a wake-up after each commit; `reads` a pool of readers,
//!   and one for the removal path alone
//! * `sqlite` the tables on disk, one file per family; `memory` the twin for simulation
//! * `record` rows as both keep them, and the way back, which names every impossible row
//! * `chain` the hash chain of the audit trail, shared by both
//! * `disk` how full it is, and the ballast; `removals`, `fallback`, `witness`: taking access back goes on in memory while
//!   the tables cannot be used, and is written down later
//! * `lock_holder` which other process keeps us from the database
//! * [`activity`] what CloudTrail recorded: a file and a writer of its own
//! * `conformance` the one suite that holds both to the same behaviour
//!
//! To add a table: a migration, a file in `sqlite`, a field in `memory`, methods in [`port`], checks in `conformance`.

pub mod activity;
mod chain;
#[cfg(test)]
mod conformance;
mod disk;
mod fallback;
mod handle;
mod lanes;
pub mod leases;
mod lock_holder;
mod memory;
pub mod port;
mod reads;
mod record;
mod removals;
mod sqlite;
mod witness;

pub use disk::{Disk, LEVELS, Level, Levels, Space};
pub use fallback::Live;
pub use handle::{Store, WriteLane};
pub use lock_holder::LockHolder;
pub use memory::{Fault, Memory};
pub use sqlite::{examine, is_locked, salvage, verify_file};
