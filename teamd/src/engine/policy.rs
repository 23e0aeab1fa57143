//! The policy document: read, applied as a whole or not at all, versioned in the store.

use super::refused::Refused;
use super::{Engine, commit};
use crate::document;
use crate::domain::event::{Datum, EventDraft};
use crate::domain::identity::{Caller, Who};
use crate::domain::policy::{Policy, stale_references, unenforced};
use crate::failpoint::{hit, pass};
use crate::store::WriteLane;
use crate::store::port::PolicyRow;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use team_shared::event::EventType;
use team_shared::problem::{Code, FieldError};

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyInput {
    /// Byte for byte.
    pub document: String,
    /// The version that it was made from.
    pub base_version: Option<u64>,
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
    /// Applies a document.
    ///
    /// # Errors
    /// The role does not allow it, the base is stale, or the document has faults; the policy in force stays.
    pub async fn apply_policy(&self, caller: &Caller, input: PolicyInput) -> Result<Arc<InForce>, Refused> {
        let facts = self.facts();
        let access = facts.access(caller);
        access.refuse_sudo()?;
        let applied_by = match &caller.who {
            Who::Operator => "operator".to_owned(),
            Who::Person { user_name, .. } if access.roles().admin => user_name.clone(),
            Who::Person { .. } => {
                return Err(Refused::new(
                    Code::NotAllowed,
                    "applying a policy takes an administrator or the operator",
                ));
            }
            Who::Nobody { why } => return Err(Refused::new(Code::UnknownIdentity, why.clone())),
        };
        // State goes before validation; looked at again in the transaction that decides.
        let current = self
            .store
            .read(|read| Ok::<_, Refused>(read.policy()?.map_or(0, |row| row.version)))
            .await?;
        refuse_stale_base(input.base_version, current)?;
        let policy = document::parse(&input.document).map_err(|faults| {
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
        })?;
        let sha256: String = Sha256::digest(input.document.as_bytes())
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        let (now, actor) = (self.clock.now(), caller.actor());
        let row = PolicyRow {
            version: 0,
            document: input.document,
            sha256,
            applied_by,
            applied_at: now,
        };
        let mut kept = row.clone();
        let version = self
            .store
            .write(WriteLane::Normal, move |tx| {
                let current = tx.policy()?.map_or(0, |row| row.version);
                refuse_stale_base(input.base_version, current)?;
                hit("policy.apply")?;
                let version = tx.append_policy(&row.document, &row.sha256, &row.applied_by, now)?;
                let event = EventDraft::new(EventType::PolicyApplied)
                    .by(&actor)
                    .with(
                        "version",
                        Datum::Number(i64::try_from(version).unwrap_or(i64::MAX)),
                    )
                    .text("sha256", &row.sha256);
                commit::tell(tx, &event, now)?;
                Ok::<_, Refused>(version)
            })
            .await?;
        pass("policy.applied").await?;
        kept.version = version;
        let in_force = Arc::new(InForce {
            version,
            policy,
            row: kept,
        });
        self.policy.store(Some(Arc::clone(&in_force)));
        self.outbox_wake.notify_one();
        if self.directory().is_some() {
            self.recheck_open_requests().await?;
        }
        Ok(in_force)
    }

    /// What of the policy in force means nothing: references that AWS does not know, and keys without effect.
    #[must_use]
    pub fn policy_warnings(&self) -> Vec<String> {
        let Some(in_force) = self.policy() else {
            return Vec::new();
        };
        let mut warnings = unenforced(&in_force.policy);
        if let Some(directory) = self.directory() {
            warnings.extend(stale_references(&in_force.policy, &directory));
        }
        warnings
    }
}
