//! Who was told of what over which channel, and what came of it.

use crate::event::EventType;
use crate::ids::RequestId;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One event, told to one recipient over one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// Stable over tries: mails, webhooks and messages carry it.
    pub id: String,
    /// Number of the event.
    pub seq: u64,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// Of which request.
    #[serde(default)]
    pub request_id: Option<RequestId>,
    /// The channel; `-` where there is none that reaches the recipient.
    pub channel: String,
    /// Who or what was told: a user name, an address, a room, or `its place`.
    pub recipient: String,
    /// `due`, `sent`, `dead` (given up) or `skipped`.
    pub state: String,
    /// When it was decided that it should be sent.
    pub created_at: DateTime<Utc>,
    /// Tries.
    pub attempts: u32,
    /// When it was tried last.
    #[serde(default)]
    pub tried_at: Option<DateTime<Utc>>,
    /// When it is tried next, where it is.
    #[serde(default)]
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// What the channel said last, or why it was not sent.
    #[serde(default)]
    pub reply: Option<String>,
}

/// Asks for a sample over a channel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestChannel {
    /// Which channel.
    pub channel: String,
    /// To which address or room; absent: the caller's own address, or the channel's own place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelTested {
    /// Which channel.
    pub channel: String,
    /// Where to.
    pub to: String,
    /// Whether the channel took it.
    pub taken: bool,
    /// What the channel said.
    pub reply: String,
}

/// Asks to send again what was given up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryNotifications {
    /// A channel, for all of it, or the id of one.
    pub which: String,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationsRetried {
    /// How many are sent again.
    pub count: usize,
}
