//! The audit trail on the wire.

use crate::event::Event;
use serde::{Deserialize, Serialize};

/// A row: the event and its place in the chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditRow {
    /// The event.
    #[serde(flatten)]
    pub event: Event,
    /// Hash of the row, lower-case hex.
    pub hash: String,
    /// Hash of the row before, lower-case hex.
    pub prev: String,
}

/// Result of a check of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// The chain holds.
    pub ok: bool,
    /// Rows checked.
    pub rows: u64,
    /// Hash of the last row, lower-case hex.
    pub head: String,
    /// Free texts that were erased; the chain holds without them.
    pub erased_texts: u64,
    /// The first fault, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}
