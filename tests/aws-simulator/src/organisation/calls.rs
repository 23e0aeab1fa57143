//! The log of every API call the organisation received, for tests to read.

use std::collections::VecDeque;

use serde::{Serialize, Serializer};

use super::operation::Operation;
use super::types::AssignmentKey;

/// How many calls are kept; older ones are forgotten.
const KEPT: usize = 200_000;

/// One API call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CallLog {
    /// Counts from 1, without gaps.
    pub number: u64,
    /// When it arrived, milliseconds since the epoch.
    pub at_ms: i64,
    /// What was called.
    #[serde(serialize_with = "operation_name")]
    pub operation: Operation,
    /// The calling account.
    pub caller: String,
    /// What an assignment operation was about.
    pub key: Option<AssignmentKey>,
    /// The schedule that made the call; `None`: a client did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", content = "code", rename_all = "snake_case")]
pub enum Outcome {
    /// Answered.
    Ok,
    /// Answered with this exception.
    Refused(String),
    /// The connection broke before anything happened.
    Dropped,
    /// Performed, and the caller was never told.
    PerformedUnanswered,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Calls {
    kept: VecDeque<CallLog>,
    total: u64,
}

impl Calls {
    pub(crate) fn push(&mut self, mut call: CallLog) {
        self.total += 1;
        call.number = self.total;
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(call);
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &CallLog> {
        self.kept.iter()
    }
}

fn operation_name<S: Serializer>(operation: &Operation, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(operation)
}
