//! The policy in force rule by rule, with what each resolves to now: `GET /v1/policy/rules`.

use crate::request::{AccountRef, PermissionSetRef, PersonRef};
use serde::{Deserialize, Serialize};

/// Answer of `GET /v1/policy/rules`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRules {
    /// Version of the policy; 0: none.
    pub version: u64,
    /// In document order: eligibility, approver, deny, route.
    pub rules: Vec<PolicyRule>,
    /// Every setting and role.
    pub settings: Vec<SettingView>,
}

/// A rule as a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRule {
    /// `eligibility`, `approver`, `deny` or `route`.
    pub kind: String,
    /// Id of the rule.
    pub id: String,
    /// Line of the document at which it begins, from 1.
    pub line: usize,
    /// Whom it is about, as written.
    pub who: Vec<String>,
    /// Where, as written.
    pub accounts: Vec<String>,
    /// As what, as written.
    pub permission_sets: Vec<String>,
    /// `required`, `none`, `break-glass`; empty for the other kinds.
    pub approval: String,
    /// As written; empty: the approver rules.
    pub approvers: Vec<String>,
    /// As written.
    pub quorum: Option<u32>,
    /// The cap that holds, in seconds; for eligibility rules.
    pub max_duration_seconds: Option<i64>,
    /// Other keys that the rule has, as `key = value`.
    pub other: Vec<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The change that brought it.
    pub change_ticket: Option<String>,
    /// How many people `who` is now.
    pub people_count: usize,
    /// How many accounts it covers now.
    pub account_count: usize,
    /// How many permission sets.
    pub permission_set_count: usize,
    /// References of it that AWS does not know, and why it cannot match.
    pub warnings: Vec<String>,
}

/// Answer of `GET /v1/policy/rules/{kind}/{id}`: a rule, resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleDetail {
    /// The row.
    pub rule: PolicyRule,
    /// Its text in the document, with its comments.
    pub text: String,
    /// Whom `who` is now.
    pub people: Vec<PersonRef>,
    /// The accounts it covers now.
    pub accounts: Vec<AccountRef>,
    /// The permission sets.
    pub permission_sets: Vec<PermissionSetRef>,
    /// Who would decide: its own approvers, else those of the approver rules that match any of it.
    pub approvers: Vec<PersonRef>,
}

/// A setting or a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingView {
    /// `max_duration`, `roles.admins`, …
    pub key: String,
    /// As in the document.
    pub value: String,
    /// Whether it is what holds where nothing is written.
    pub is_default: bool,
}
