//! Expectations put to a policy: `POST /v1/policy/test`.

use serde::{Deserialize, Serialize};

/// Body of `POST /v1/policy/test`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestPolicy {
    /// The policy document; absent: the one in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// The document of expectations.
    pub expectations: String,
}

/// What became of the expectations, against the directory as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyTest {
    /// The version in force that was tested; absent: the document that was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_version: Option<u64>,
    /// How many hold.
    pub passed: usize,
    /// How many do not.
    pub failed: usize,
    /// Each, in document order.
    pub results: Vec<ExpectationResult>,
    /// What of the policy means nothing: references that AWS does not know, and keys without effect.
    pub warnings: Vec<String>,
}

/// What became of one expectation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectationResult {
    /// Line of its document at which it begins, from 1.
    pub line: usize,
    /// Whether it holds for all that it is about.
    pub holds: bool,
    /// What was expected, in a sentence.
    pub expected: String,
    /// How many (person, account, permission set) it is about.
    pub asks: usize,
    /// For how many of them it does not hold.
    pub asks_failed: usize,
    /// What came instead, for the first of those; or why it could not be tried.
    pub came: Vec<String>,
    /// Why it must be so, in the author's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
