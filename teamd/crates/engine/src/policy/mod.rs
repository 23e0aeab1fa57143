//! The policy document: planned, applied as a whole or not at all, versioned in the store.
//!
//! * `apply` a document, with its checks · `proposal` where two administrators are needed · `planned` what it would change
//! * `history` versions with their differences

mod apply;
mod history;
mod planned;
mod proposal;

pub use apply::Applied;
pub use history::{HistoryRow, diff, sha256};

use super::Engine;
use super::refused::Refused;
use team_shared::problem::{Code, FieldError};
use teamd_policy::document;
use teamd_policy::plan::dead_ends;
use teamd_policy::{Policy, stale_references};
use teamd_store::port::PolicyRow;

/// The policy in force.
#[derive(Debug, Clone)]
pub struct InForce {
    /// Version.
    pub version: u64,
    /// The policy.
    pub policy: Policy,
    /// The row that it came from.
    pub row: PolicyRow,
}

/// A document to apply.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyInput {
    /// Byte for byte.
    pub document: String,
    /// The version that it was made from.
    pub base_version: Option<u64>,
    /// Why it is applied although it would be refused.
    pub force_reason: Option<String>,
    /// The version whose document it is.
    pub rolled_back_to: Option<u64>,
}

impl InForce {
    /// From a row of the store. A document that an earlier release accepted and this one cannot read is a fault that
    /// operators must see; nothing is granted meanwhile.
    pub(super) fn from_row(row: &PolicyRow) -> Option<Self> {
        match document::parse(&row.document) {
            Ok(policy) => Some(Self {
                version: row.version,
                policy,
                row: row.clone(),
            }),
            Err(faults) => {
                tracing::error!(
                    version = row.version,
                    faults = faults.len(),
                    "the policy in the store cannot be read"
                );
                None
            }
        }
    }
}

/// The document, or everything that is wrong with it.
///
/// # Errors
/// Every fault, with its line and column.
pub fn read(document: &str) -> Result<Policy, Refused> {
    document::parse(document).map_err(|faults| {
        Refused::invalid(
            faults
                .into_iter()
                .map(|f| FieldError {
                    field: format!("line {}, column {}", f.line, f.column),
                    message: f.message,
                })
                .collect(),
        )
        .help("nothing was applied; the policy in force stays")
    })
}

fn refuse_stale_base(base: Option<u64>, current: u64) -> Result<(), Refused> {
    match base.filter(|base| *base != current) {
        None => Ok(()),
        Some(base) => Err(Refused::new(
            Code::Stale,
            format!("the document was made from version {base}, version {current} is in force"),
        )
        .help("`team-tui policy show`, and make the change again")),
    }
}

impl Engine {
    /// What about the policy in force deserves a look: references that AWS does not know, routes that lead to what is
    /// not configured here.
    #[must_use]
    pub fn policy_warnings(&self) -> Vec<String> {
        let Some(in_force) = self.policy() else {
            return Vec::new();
        };
        let directory = self.directory();
        let mut lines = directory.map_or_else(Vec::new, |directory| {
            stale_references(&in_force.policy, &directory)
        });
        let ends = dead_ends(&in_force.policy, |target| self.lacks(target));
        lines.extend(ends.into_iter().map(|end| format!("{}: {}", end.about, end.says)));
        lines
    }

    /// The version in force; 0: none.
    async fn policy_version_in_force(&self) -> Result<u64, Refused> {
        self.store
            .read(|read| Ok::<_, Refused>(read.policy()?.map_or(0, |row| row.version)))
            .await
    }
}
