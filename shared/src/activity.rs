//! CloudTrail events that belong to a request's session.

use crate::ids::{AccountId, RequestId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One event. Every text in it comes from outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActivityItem {
    /// CloudTrail's id of the event.
    pub event_id: String,
    /// When it happened.
    pub event_time: DateTime<Utc>,
    /// The API call.
    pub event_name: String,
    /// The service.
    pub event_source: String,
    /// Where.
    pub region: String,
    /// In which account.
    pub account_id: AccountId,
    /// Under which request.
    pub request_id: Option<RequestId>,
    /// From which address.
    pub source_ip: String,
    /// With which program.
    pub user_agent: String,
    /// Read, not write.
    pub read_only: bool,
    /// AWS's refusal, where it was refused.
    pub error_code: Option<String>,
    /// What it touched.
    pub resources: Vec<String>,
    /// What is worth a look: `write`, `error`, …
    pub marks: Vec<String>,
    /// The record as received, on demand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<serde_json::Value>,
}

/// Activity of one request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActivityPage {
    /// Events, oldest first.
    pub items: Vec<ActivityItem>,
    /// Where the next page begins.
    pub next_cursor: Option<String>,
    /// What is covered and how fresh it is, in a sentence.
    pub coverage: String,
    /// Time of the newest event that the source has delivered for this account.
    pub newest_event_at: Option<DateTime<Utc>>,
}
