//! What a document would change: the answer of `POST /v1/policy/plan`.

use crate::ids::RequestId;
use serde::{Deserialize, Serialize};

/// Body of `POST /v1/policy/plan`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanPolicy {
    /// The document, byte for byte.
    pub document: String,
    /// The version that it was made from; wrong: 409.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_version: Option<u64>,
}

/// What applying a document would change, against the one in force and the directory as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyPlan {
    /// The version in force; 0: none.
    pub base_version: u64,
    /// Lower-case hex SHA-256 of the document.
    pub sha256: String,
    /// Against the document in force, in unified form; empty: the same bytes.
    pub diff: String,
    /// Rules that are new, gone or different.
    pub rules: Vec<RuleChange>,
    /// Settings that differ.
    pub settings: Vec<SettingChange>,
    /// Roles that people gain or lose.
    pub roles: Vec<RoleChange>,
    /// What people may ask for that they may not now.
    pub gains: Vec<EntitlementChange>,
    /// What they may no longer ask for.
    pub losses: Vec<EntitlementChange>,
    /// What they may still ask for, under other conditions.
    pub changes: Vec<EntitlementChange>,
    /// Who gains or loses the decision on what.
    pub approvals: Vec<ApprovalChange>,
    /// Requests that are neither over nor active, and would be withdrawn.
    pub withdrawn: Vec<TouchedRequest>,
    /// Active access that would lose its basis.
    pub ending: Vec<TouchedRequest>,
    /// References that AWS does not know.
    pub stale: Vec<String>,
    /// What deserves a look: rules that can never match, risks, and what is refused unless it is forced.
    pub findings: Vec<Finding>,
    /// (person, account) pairs that can get administrator-like access, now.
    pub administrators_before: u64,
    /// The same, afterwards.
    pub administrators_after: u64,
}

/// A rule that is new, gone or different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleChange {
    /// `eligibility`, `approver`, `deny` or `route`.
    pub kind: String,
    /// Id of the rule.
    pub id: String,
    /// `added`, `removed`, `changed` or `moved`.
    pub change: String,
    /// What is different, a line a key: `max_duration: 2h -> 4h`.
    pub fields: Vec<String>,
}

/// A setting that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingChange {
    /// Key.
    pub key: String,
    /// As it is.
    pub from: String,
    /// As it would be.
    pub to: String,
}

/// People who gain or lose a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleChange {
    /// `admin`, `auditor` or `security`.
    pub role: String,
    /// User names.
    pub gain: Vec<String>,
    /// User names.
    pub lose: Vec<String>,
}

/// People for whom the same changes in the same accounts for the same permission sets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntitlementChange {
    /// User names, the first of them in order; `people_count` counts all.
    pub people: Vec<String>,
    /// How many people.
    pub people_count: usize,
    /// A group that is exactly these people, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Account names, the first of them in order.
    pub accounts: Vec<String>,
    /// How many accounts.
    pub account_count: usize,
    /// Names of permission sets, the first of them in order.
    pub permission_sets: Vec<String>,
    /// How many permission sets.
    pub permission_set_count: usize,
    /// As break-glass.
    pub break_glass: bool,
    /// Conditions as they are: `up to 4h, approval by 1 of prod-leads`; empty for a gain.
    pub from: String,
    /// Conditions as they would be; empty for a loss.
    pub to: String,
    /// The rule that gives it, or gave it.
    pub rule: String,
}

/// People who would decide on targets that they do not decide on now, or no longer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalChange {
    /// True: they gain it.
    pub gain: bool,
    /// User names, the first of them in order.
    pub people: Vec<String>,
    /// How many people.
    pub people_count: usize,
    /// Account names, the first of them in order.
    pub accounts: Vec<String>,
    /// How many accounts.
    pub account_count: usize,
    /// Names of permission sets, the first of them in order.
    pub permission_sets: Vec<String>,
    /// How many permission sets.
    pub permission_set_count: usize,
}

/// A request that the document would withdraw or end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TouchedRequest {
    /// Id.
    pub id: RequestId,
    /// State.
    pub state: String,
    /// User name.
    pub user_name: String,
    /// Account name.
    pub account: String,
    /// Name of the permission set.
    pub permission_set: String,
    /// Why it would no longer fit.
    pub reason: String,
}

/// Something about the document that deserves a look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable name, as docs/POLICY.md lists them: `admin-everywhere`, `no-approver`, `never-matches`, …
    pub code: String,
    /// `refused` (unless forced with a reason), `warning` or `note`.
    pub severity: String,
    /// The rule, or the setting, that it is about.
    pub about: String,
    /// What is the matter, and what would be better.
    pub says: String,
}
