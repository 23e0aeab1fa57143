//! AWS against our book: keys that were ours are looked at again for a day, everything within each hour.
//!
//! * `look` one account and permission set: a listing, and what it means for every key there
//! * `recent` when keys that were ours are due for a look
//! * `pass` all accounts × provisioned permission sets, spread over the hour, resumed after a restart
//!
//! Both are held to a budget in front of AWS ([`Inventory`](teamd_aws::port::Inventory)) and list in the last lane. A
//! sweep deletes nothing: where a lost create of ours has surfaced, it says so to the reconciler. Anything else that AWS
//! and the book differ in is told when it is found and when it is gone.

mod look;
mod pass;
mod recent;

use super::refused::Refused;
use crate::Engine;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use team_shared::ids::{AccountId, PermissionSetArn};
use teamd_domain::Time;
use teamd_domain::grant::{Drift, DriftKind};

/// One listing of AWS's serves all keys of an account and permission set.
type Pair = (AccountId, PermissionSetArn);

/// What the sweeps know beside the store; nothing of it must outlive a restart.
#[derive(Debug, Default)]
pub(super) struct DriftBook(Mutex<Notes>);

#[derive(Debug, Default)]
struct Notes {
    /// When a recent pair was last looked at, and whether AWS answered.
    looked: BTreeMap<Pair, (Time, bool)>,
    /// AWS does not name what is provisioned where: every permission set is looked at in every account.
    every_pair: bool,
    /// Accounts done and to do in the pass under way.
    position: Option<(usize, usize)>,
    last_error: Option<String>,
}

impl DriftBook {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The sweeps and their findings, for `status`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DriftOverview {
    /// When a pass over everything was last complete.
    pub completed_at: Option<Time>,
    /// Accounts done and to do in the pass under way.
    pub position: Option<(usize, usize)>,
    /// Assignments that are not ours.
    pub standing: usize,
    /// Differences between AWS and our book.
    pub findings: Vec<Drift>,
    /// What the sweep has to do without.
    pub note: Option<&'static str>,
    /// Why AWS could not be asked.
    pub last_error: Option<String>,
}

impl DriftOverview {
    /// How many findings are of this kind.
    #[must_use]
    pub fn count(&self, kind: DriftKind) -> usize {
        self.findings.iter().filter(|drift| drift.kind == kind).count()
    }
}

impl Engine {
    /// What the sweeps have found.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn drift_overview(&self) -> Result<DriftOverview, Refused> {
        let (completed_at, standing, findings) = self
            .store
            // What is in memory answers where the database cannot.
            .read_urgently(|read| {
                let completed_at = read.meta(pass::COMPLETED)?.and_then(|text| pass::moment(&text));
                Ok::<_, Refused>((completed_at, read.standing()?.len(), read.drift()?))
            })
            .await?;
        let notes = self.drift.notes();
        Ok(DriftOverview {
            completed_at,
            position: notes.position,
            standing,
            findings,
            note: notes.every_pair.then_some(
                "AWS does not name what is provisioned in an account: every permission set is looked at in every account",
            ),
            last_error: notes.last_error.clone(),
        })
    }
}
