//! Whether creates may be sent. Whoever finds a reason against it holds the gate, and lets go when the reason is gone.
//!
//! Removals never ask: there is no way from here to the removal path. To add a reason: a variant of [`Hold`].

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A reason for which no create is sent. Starts that are due wait meanwhile, and so do creates not yet sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hold {
    /// The clock cannot be trusted.
    ClockSuspect,
    /// The store or the audit trail is damaged: access is only taken back.
    RevokeOnly,
    /// The disk is nearly full.
    DiskLow,
    /// AWS refuses our credentials.
    AwsRefuses,
    /// Somebody has frozen everything.
    Frozen,
    /// The file of leases cannot be written: nothing is created that it does not name.
    LeasesFile,
}

/// The holds in force, each with words for people.
#[derive(Debug, Default)]
pub struct Gate(Mutex<BTreeMap<Hold, String>>);

impl Gate {
    /// Holds the gate; whether that is news.
    pub fn hold(&self, hold: Hold, why: impl Into<String>) -> bool {
        self.lock().insert(hold, why.into()).is_none()
    }

    /// Lets go; whether it was held for this reason.
    pub fn release(&self, hold: Hold) -> bool {
        self.lock().remove(&hold).is_some()
    }

    /// Nobody holds it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.lock().is_empty()
    }

    /// Whether it is held for this reason.
    #[must_use]
    pub fn is_held(&self, hold: Hold) -> bool {
        self.lock().contains_key(&hold)
    }

    /// Who holds it, and why.
    #[must_use]
    pub fn holds(&self) -> BTreeMap<Hold, String> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Hold, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_when_the_last_reason_is_gone() {
        let gate = Gate::default();
        assert!(gate.hold(Hold::ClockSuspect, "stepped"));
        assert!(gate.hold(Hold::DiskLow, "3 % left"));
        assert!(!gate.hold(Hold::DiskLow, "2 % left"));
        assert!(gate.release(Hold::ClockSuspect));
        assert!(!gate.is_open());
        assert!(gate.release(Hold::DiskLow) && !gate.release(Hold::DiskLow));
        assert!(gate.is_open());
    }
}
