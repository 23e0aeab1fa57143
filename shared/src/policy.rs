//! The policy document on the wire.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Body of `PUT /v1/policy`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutPolicy {
    /// The document, byte for byte.
    pub document: String,
    /// The version that it was made from; wrong: 409.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_version: Option<u64>,
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
    /// References that AWS does not know.
    pub warnings: Vec<String>,
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
    /// When.
    pub applied_at: DateTime<Utc>,
    /// Whether it is in force.
    pub current: bool,
}
