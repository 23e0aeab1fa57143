//! The emergency stop.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Body of `POST /v1/freeze`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Freeze {
    /// Why; everybody reads it.
    #[serde(default)]
    pub reason: String,
    /// Also end all access that is live or on its way.
    #[serde(default)]
    pub revoke: bool,
}

/// Body of `POST /v1/unfreeze`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unfreeze {
    /// A word for the audit trail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A freeze that is on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrozenView {
    /// Since when.
    pub since: DateTime<Utc>,
    /// By whom: a user name, or `operator`.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Answer of both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreezeState {
    /// What is on; absent: nothing is.
    pub frozen: Option<FrozenView>,
    /// Requests that the call has ended.
    pub ended: usize,
}
