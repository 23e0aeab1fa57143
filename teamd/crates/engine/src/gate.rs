//! Whether creates may be sent. Whoever finds a reason against it holds the gate, and lets go when the reason is gone.
//!
//! Removals never ask: there is no way from here to the removal path. To add a reason: a variant of [`Hold`].

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use teamd_domain::Time;

/// A reason for which no create is sent. Starts that are due wait meanwhile, and so do creates not yet sent.
/// docs/OPERATIONS.md lists what may still be done by whom, and how each ends.
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
    /// The daemon's own account or the management account is not known, so that no account is known to be unprotected.
    OwnAccount,
    /// The store is of another Identity Center instance than the one in use.
    OtherInstance,
}

impl Hold {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::ClockSuspect,
        Self::RevokeOnly,
        Self::DiskLow,
        Self::AwsRefuses,
        Self::Frozen,
        Self::LeasesFile,
        Self::OwnAccount,
        Self::OtherInstance,
    ];

    /// The kind, as `GET /v1/status` names it.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::ClockSuspect => "clock",
            Self::DiskLow => "disk",
            Self::AwsRefuses => "credentials",
            Self::Frozen => "freeze",
            Self::OwnAccount => "own_account",
            Self::RevokeOnly | Self::OtherInstance => "store_held",
            Self::LeasesFile => "gate",
        }
    }

    /// Whether decisions that grant are refused with `held`. In other holds they are taken, and their creates wait; a
    /// freeze is looked up in the transaction of each decision.
    #[must_use]
    pub fn refuses_decisions(self) -> bool {
        match self {
            Self::OwnAccount | Self::OtherInstance => true,
            Self::ClockSuspect
            | Self::RevokeOnly
            | Self::DiskLow
            | Self::AwsRefuses
            | Self::Frozen
            | Self::LeasesFile => false,
        }
    }
}

/// A hold in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Since when.
    pub since: Time,
    /// Who said so; `None`: the daemon found it.
    pub by: Option<String>,
    /// Why, for people.
    pub reason: String,
}

impl Held {
    /// In one line.
    #[must_use]
    pub fn line(&self) -> String {
        match &self.by {
            Some(by) => format!(
                "frozen by {by} since {}: {}",
                self.since.format("%Y-%m-%d %H:%M:%SZ"),
                self.reason
            ),
            None => self.reason.clone(),
        }
    }
}

/// The holds in force.
#[derive(Debug, Default)]
pub struct Gate(Mutex<BTreeMap<Hold, Held>>);

impl Gate {
    /// Holds the gate; whether that is news. The time is that of the first time it was said.
    pub fn hold(&self, hold: Hold, now: Time, reason: impl Into<String>) -> bool {
        let mut holds = self.lock();
        let since = holds.get(&hold).map(|held| held.since);
        let held = Held {
            since: since.unwrap_or(now),
            by: None,
            reason: reason.into(),
        };
        holds.insert(hold, held);
        since.is_none()
    }

    /// Holds the gate because a person says so.
    pub fn hold_for(&self, hold: Hold, held: Held) {
        self.lock().insert(hold, held);
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
    pub fn holds(&self) -> BTreeMap<Hold, Held> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Hold, Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_when_the_last_reason_is_gone() {
        let (gate, now) = (Gate::default(), Time::UNIX_EPOCH);
        let later = now + chrono::TimeDelta::seconds(5);
        assert!(gate.hold(Hold::ClockSuspect, now, "stepped"));
        assert!(gate.hold(Hold::DiskLow, now, "3 % left"));
        assert!(!gate.hold(Hold::DiskLow, later, "2 % left"));
        let disk = gate.holds().remove(&Hold::DiskLow).unwrap();
        assert_eq!((disk.since, disk.line().as_str()), (now, "2 % left"));
        assert!(gate.release(Hold::ClockSuspect));
        assert!(!gate.is_open());
        assert!(gate.release(Hold::DiskLow) && !gate.release(Hold::DiskLow));
        assert!(gate.is_open());
    }
}
