//! Why somebody may or may not have an access: the answer of `GET /v1/policy/explain`.

use crate::duration::Seconds;
use crate::request::{AccountRef, DemandView, PermissionSetRef, PersonRef};
use serde::{Deserialize, Serialize};

/// Query of `GET /v1/policy/explain`. Each by name or by id; without account or permission set, the question is what
/// the person can ask for at all, and why there is nothing to choose from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainQuery {
    /// Whose access; absent: the caller's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// As what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission_set: Option<String>,
    /// For how long; absent: what is asked for when nobody says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<i64>,
    /// Asked as break-glass.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub break_glass: bool,
}

/// The decision and how it came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// Whose access.
    pub person: PersonRef,
    /// Their groups, as Identity Center has them now.
    pub groups: Vec<String>,
    /// Where; absent if the question named none, or none that exists.
    pub account: Option<AccountRef>,
    /// As what; the same.
    pub permission_set: Option<PermissionSetRef>,
    /// For how long.
    pub duration_seconds: Option<Seconds>,
    /// Asked as break-glass.
    pub break_glass: bool,
    /// Whether a request would be taken at this moment.
    pub allowed: bool,
    /// The code with which it would be refused.
    pub code: Option<String>,
    /// The answer in one sentence.
    pub summary: String,
    /// What would make it pass, or what happens next; the nearest first.
    pub help: Vec<String>,
    /// The counting rule with the longest cap.
    pub rule: Option<String>,
    /// The longest that could be asked for.
    pub max_duration_seconds: Option<Seconds>,
    /// What has to be approved, and by whom; empty: nothing.
    pub demands: Vec<DemandView>,
    /// Who looks on where nobody need approve.
    pub overseers: Vec<PersonRef>,
    /// Every rule that was considered, in document order: deny rules, eligibility rules, approver rules.
    pub rules: Vec<RuleTrace>,
    /// Version of the policy.
    pub policy_version: u64,
}

/// One rule, as far as it bears on the question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleTrace {
    /// `eligibility`, `approver` or `deny`.
    pub kind: String,
    /// Id of the rule.
    pub id: String,
    /// `counts`, `denies`, `approves`, `outranked` (fits, but another has a higher precedence), `not asked` (approvers of
    /// the target, where the rules that count name their own) or `does not match`.
    pub outcome: String,
    /// Part by part: person, account, permission set, duration, break-glass, protection, end, precedence.
    pub parts: Vec<PartTrace>,
    /// The longest that the rule allows now.
    pub cap_seconds: Option<Seconds>,
}

/// One part of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartTrace {
    /// `person`, `account`, `permission set`, `duration`, `break-glass`, `protected`, `valid until`, `precedence`.
    pub part: String,
    /// Whether it fits.
    pub fits: bool,
    /// By what it fits, or why it does not.
    pub says: String,
}
