//! Expectations about a policy, run: the answer of `POST /v1/policy/test`.

use serde::{Deserialize, Serialize};

/// Body of `POST /v1/policy/test`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestPolicy {
    /// The document; absent: the one in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// The expectations, as TOML: `[[expect]]`.
    pub expectations: String,
}

/// What came of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyTest {
    /// How many there are.
    pub total: usize,
    /// How many do not hold.
    pub failed: usize,
    /// One by one, in the order of the file.
    pub results: Vec<TestResult>,
}

/// One expectation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestResult {
    /// Line at which it begins, from 1.
    pub line: usize,
    /// What it says, in words.
    pub says: String,
    /// Whether it holds.
    pub passed: bool,
    /// What is otherwise, a line each; empty where it holds.
    pub faults: Vec<String>,
}
