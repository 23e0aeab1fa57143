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
    /// Time of the newest event of this request.
    pub newest_event_at: Option<DateTime<Utc>>,
    /// Until when everything is there, as far as CloudTrail has delivered it; absent: nothing is certain yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complete_until: Option<DateTime<Utc>>,
    /// What was done in all, on demand (`?digest=true`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<ActivityDigest>,
}

/// How a request was used, beside the request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivitySummary {
    /// Calls.
    pub events: u64,
    /// Of these, what changed something.
    pub writes: u64,
    /// Of these, what AWS refused.
    pub errors: u64,
    /// What outlives the access, to be acknowledged in its review.
    pub left_behind: u64,
    /// The last call.
    pub newest_event_at: Option<DateTime<Utc>>,
    /// Whether all is known: no calls then means that the access was not used.
    pub complete: bool,
}

/// A name with how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    /// What.
    pub name: String,
    /// How often.
    pub times: u64,
}

/// A credential or a door that a session left behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftBehind {
    /// What the review's `acknowledged` calls it.
    pub label: String,
    /// What it is: `access key`.
    pub kind: String,
    /// Which one.
    pub name: String,
    /// When it was first made.
    pub at: DateTime<Utc>,
    /// By which event.
    pub event_id: String,
}

/// What was done in a request's session.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityDigest {
    /// Sessions: of the console by signing in, of programs by their access keys.
    pub sessions: u64,
    /// Calls.
    pub events: u64,
    /// Of these, what changed something.
    pub writes: u64,
    /// Of these, what AWS refused.
    pub errors: u64,
    /// The first call.
    pub first_event_at: Option<DateTime<Utc>>,
    /// The last call.
    pub last_event_at: Option<DateTime<Utc>>,
    /// The last sign-in to the account with the permission set.
    pub signed_in_at: Option<DateTime<Utc>>,
    /// Services, the most used first; at most ten.
    pub services: Vec<Times>,
    /// Actions, in the same way.
    pub actions: Vec<Times>,
    /// Addresses, in the same way.
    pub addresses: Vec<Times>,
    /// Marks.
    pub marks: Vec<Times>,
    /// What is still there when the access is gone.
    pub left_behind: Vec<LeftBehind>,
}
