//! The machine's clocks, bent.

use chrono::TimeDelta;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use teamd_domain::clock::Reading;
use teamd_host::clock::{Machine, Readings};

/// Clocks that run as the machine's do, and can be set. Clones are the same clocks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Clocks(Arc<Bends>);

/// By how many seconds they differ from the machine's, and how often it was started.
#[derive(Debug, Default)]
struct Bends {
    wall: AtomicI64,
    passed: AtomicI64,
    boots: AtomicI64,
}

impl Clocks {
    /// Somebody sets the wall clock.
    pub(crate) fn set_wall(&self, by: i64) {
        self.0.wall.fetch_add(by, Ordering::SeqCst);
    }

    /// So many seconds are over, for both.
    pub(crate) fn pass(&self, seconds: i64) {
        self.0.passed.fetch_add(seconds, Ordering::SeqCst);
    }

    /// The machine is started anew.
    pub(crate) fn reboot(&self) {
        self.0.boots.fetch_add(1, Ordering::SeqCst);
    }
}

impl Readings for Clocks {
    fn read(&self) -> Reading {
        let read = Machine.read();
        let passed = TimeDelta::seconds(self.0.passed.load(Ordering::SeqCst));
        Reading {
            wall: read.wall + passed + TimeDelta::seconds(self.0.wall.load(Ordering::SeqCst)),
            boot: read.boot + passed,
        }
    }

    fn boot_id(&self) -> Option<String> {
        Some(format!("boot-{}", self.0.boots.load(Ordering::SeqCst)))
    }
}
