//! Everything that can happen to a request. Checks that need policy or the directory are done before, by the engine,
//! which hands in what they found.

use super::{Basis, RequestId, Time, UserId};
use team_shared::duration::Seconds;

/// Other terms that an approver sets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Change {
    /// Another length.
    pub duration: Option<Seconds>,
    /// A fixed start.
    pub start_at: Option<Time>,
}

/// A command to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// An approver approves, perhaps with other terms.
    Approve {
        /// Who.
        by: UserId,
        /// What they said.
        comment: Option<String>,
        /// Other terms.
        change: Change,
        /// Policy's judgement of the terms as changed, at this moment.
        basis: Basis,
    },
    /// An approver rejects.
    Reject {
        /// Who.
        by: UserId,
        /// Why.
        comment: Option<String>,
    },
    /// Nobody has decided it for long: it goes to others too.
    Escalate {
        /// Policy's judgement with them, at this moment.
        basis: Basis,
    },
    /// The requester takes it back.
    Cancel,
    /// The requester is done with it.
    Done,
    /// Somebody entitled takes it back.
    Revoke {
        /// Why.
        comment: Option<String>,
    },
    /// The time to decide, or the window, is over.
    Lapse,
    /// Its basis is gone: eligibility, person or target.
    LoseBasis {
        /// Why.
        reason: String,
    },
    /// The start is reached and the re-check was good.
    Start,
    /// A create is about to be sent.
    AttemptCreate,
    /// AWS confirms, or another lease already holds the grant. An extension whose start is reached becomes active by it.
    Confirm,
    /// A permanent refusal, and a listing that shows absence.
    Refuse {
        /// What AWS said, or `standing_access`.
        reason: String,
    },
    /// Fifteen minutes without confirmation.
    GiveUp {
        /// The last error.
        reason: String,
    },
    /// The end is reached.
    End,
    /// A listing taken after the accepted delete shows the key absent.
    VerifyAbsent {
        /// Session length of the permission set in seconds, where anything may still live.
        session_seconds: i64,
    },
    /// Another lease holds the grant.
    HandOver {
        /// Which request's.
        to: RequestId,
    },
    /// An administrator gives it up; the second one moves it.
    DeclareLost {
        /// Who.
        by: UserId,
        /// Why.
        reason: String,
    },
    /// A sweep sees the assignment of a lost request.
    Reappear,
}

impl Command {
    /// The command's name, for messages.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Approve { .. } => "approve",
            Self::Reject { .. } => "reject",
            Self::Escalate { .. } => "escalate",
            Self::Cancel => "cancel",
            Self::Done => "done",
            Self::Revoke { .. } => "revoke",
            Self::Lapse => "lapse",
            Self::LoseBasis { .. } => "lose-basis",
            Self::Start => "start",
            Self::AttemptCreate => "attempt-create",
            Self::Confirm => "confirm",
            Self::Refuse { .. } => "refuse",
            Self::GiveUp { .. } => "give-up",
            Self::End => "end",
            Self::VerifyAbsent { .. } => "verify-absent",
            Self::HandOver { .. } => "hand-over",
            Self::DeclareLost { .. } => "lost",
            Self::Reappear => "reappear",
        }
    }
}
