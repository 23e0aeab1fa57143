//! The policy document on the wire: applied, planned, tested, explained, shown rule by rule.

mod explain;
pub mod folder;
mod plan;
mod plan_text;
mod rules;
mod test;

pub use explain::{ExplainQuery, Explanation, PartTrace, RuleTrace};
pub use plan::{
    ApprovalChange, EntitlementChange, Finding, PlanPolicy, PolicyPlan, RoleChange, RuleChange,
    SettingChange, TouchedRequest,
};
pub use plan_text::plan_lines;
pub use rules::{PolicyRule, PolicyRules, RuleDetail, SettingView};
pub use test::{ExpectationResult, PolicyTest, TestPolicy};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Body of `PUT /v1/policy`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutPolicy {
    /// The document, byte for byte.
    pub document: String,
    /// The version that it was made from; wrong: 409.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_version: Option<u64>,
    /// Why it is applied although it locks somebody out; without it such a document is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub force_reason: Option<String>,
}

/// Query of `GET /v1/policy`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyQuery {
    /// An earlier version; absent: the one in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
}

/// Body of `POST /v1/policy/rollback`: the document of an earlier version is applied again, with all checks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RollBackPolicy {
    /// The version.
    pub version: u64,
    /// Why it is applied although it locks somebody out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub force_reason: Option<String>,
}

/// Body of `POST /v1/policy/confirm`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfirmPolicy {
    /// Hash of the document that waits: what was looked at is what is confirmed. At least its first 8 digits.
    pub sha256: String,
}

/// Answer of `GET` and `PUT /v1/policy`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyView {
    /// Counts applied documents; 0: no policy yet.
    pub version: u64,
    /// The document, byte for byte; empty while there is none.
    pub document: String,
    /// Lower-case hex SHA-256 of the document.
    pub sha256: String,
    /// Who applied it.
    pub applied_by: Option<String>,
    /// When.
    pub applied_at: Option<DateTime<Utc>>,
    /// What of it means nothing: references that AWS does not know, and keys without effect.
    pub warnings: Vec<String>,
    /// A document that waits for a second administrator, where policy asks for two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<Proposal>,
}

/// A document that one administrator wants and a second one has to confirm: by applying the same bytes, or by its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Lower-case hex SHA-256 of the document.
    pub sha256: String,
    /// The version that it was made from.
    pub base_version: u64,
    /// Who wants it.
    pub proposed_by: String,
    /// When.
    pub proposed_at: DateTime<Utc>,
    /// The document, byte for byte.
    pub document: String,
}

/// A row of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyVersion {
    /// Version.
    pub version: u64,
    /// Hash of the document.
    pub sha256: String,
    /// Who applied it.
    pub applied_by: String,
    /// Who confirmed it, where policy asked for two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_by: Option<String>,
    /// When.
    pub applied_at: DateTime<Utc>,
    /// Whether it is in force.
    pub current: bool,
    /// Lines added and removed, for a list: `+3 -1`.
    #[serde(default)]
    pub change: String,
    /// Against the version before, in unified form.
    #[serde(default)]
    pub diff: String,
    /// The version whose document it brought back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rolled_back_to: Option<u64>,
    /// Why it was forced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub force_reason: Option<String>,
}
