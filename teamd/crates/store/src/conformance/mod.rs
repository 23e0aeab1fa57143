//! One suite for both backends: every check runs on SQLite and on the twin in memory.
//!
//! To add a check: a function that takes a [`Bench`], and its name in the list of its file.

mod arbitrary;
mod attention;
mod audit;
mod backstops;
mod builders;
mod busy;
mod degraded;
mod deliveries;
mod grants;
mod handle;
mod inventory;
mod lists;
mod requests;
mod salvage;
mod tables;
mod tamper;

use super::port::{Read, StoreError, StoreResult, Tx};
use super::{Memory, Store, WriteLane};

/// A store that can be closed and opened again.
struct Bench {
    store: Store,
    place: Place,
}

enum Place {
    Memory(Memory),
    Disk(tempfile::TempDir),
}

impl Bench {
    fn memory() -> Self {
        let memory = Memory::new();
        Self {
            store: Store::on_memory(&memory),
            place: Place::Memory(memory),
        }
    }

    fn disk() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            store: Store::open(&folder.path().join("teamd.db")).unwrap(),
            place: Place::Disk(folder),
        }
    }

    fn reopen(&mut self) {
        self.store.close();
        self.store = match &self.place {
            Place::Memory(memory) => Store::on_memory(memory),
            Place::Disk(folder) => Store::open(&folder.path().join("teamd.db")).unwrap(),
        };
    }

    fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Tx) -> StoreResult<T> + Send + 'static,
    ) -> StoreResult<T> {
        self.store.write_blocking(WriteLane::Normal, work)
    }

    fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Read) -> StoreResult<T> + Send + 'static,
    ) -> T {
        self.store.read_blocking(work).unwrap()
    }
}

fn is_database<T>(answer: StoreResult<T>) -> bool {
    matches!(answer, Err(StoreError::Database(_)))
}

/// Makes two tests of each check.
macro_rules! suite {
    ($($check:ident),+ $(,)?) => {
        mod memory {
            $(#[test] fn $check() { super::$check(&mut super::Bench::memory()); })+
        }
        mod sqlite {
            $(#[test] fn $check() { super::$check(&mut super::Bench::disk()); })+
        }
    };
}
use suite;
