//! A grant: the assignment in AWS behind one [`Key`]. One per key, however many requests hold it.
//!
//! [`plan`] says what to do next, [`record`] what a reply means. Both are total and pure; there is one loop from
//! "desired" (leases) to "actual" (state), level-triggered, which re-reads the truth before every step. Retries are
//! attributes, not states; nothing here gives up on a removal.

mod inventory;
mod listed;
mod pause;
mod plan;
mod record;
mod sweep;

pub use inventory::{Drift, Holder, Standing};
pub use pause::LONGEST_PAUSE;
pub use plan::{Plan, Step, Wanted, plan};
pub use record::{Note, Recorded, record};
pub use sweep::{SETTLED, Swept, look_again, look_every, swept};

use super::Time;
use super::request::Key;
use chrono::TimeDelta;
pub use team_shared::state::DriftKind;
use team_shared::state::GrantState as Word;

/// For how long a create attempt of unknown outcome may still surface.
pub const ZOMBIE_WINDOW: TimeDelta = TimeDelta::hours(24);

/// Where a write of ours stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// The intent is durable; the call may or may not have been sent.
    Intent,
    /// AWS took it under this request id; its status is being polled.
    Accepted {
        /// AWS's request id.
        request_id: String,
        /// When.
        at: Time,
    },
    /// It is finished, or nobody can say any more; a listing must tell.
    Verifying {
        /// The operation that AWS says succeeded: the first listing that agrees is enough. None: nothing vouches for
        /// what a listing shows, and listings lag. A delete then waits for a later one, a create is sent again.
        request_id: Option<String>,
        /// Since when.
        since: Time,
    },
}

/// What we know of the assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Not there, as far as we know.
    Absent {
        /// When a listing last said so.
        listed_at: Option<Time>,
    },
    /// A create of ours is under way.
    Creating(Phase),
    /// There, and ours.
    Present,
    /// A delete of ours is under way.
    Deleting(Phase),
    /// There, and not ours.
    Foreign {
        /// When a listing last said so.
        listed_at: Time,
    },
    /// The reply to a create was lost: look before acting.
    Unknown,
}

/// A grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Whose, where, as what.
    pub key: Key,
    /// What we know of it.
    pub state: State,
    /// Failed calls since the last success.
    pub attempts: u32,
    /// Not before this moment.
    pub next_attempt_at: Option<Time>,
    /// What AWS said last.
    pub last_error: Option<String>,
    /// AWS's id of the last operation.
    pub aws_request_id: Option<String>,
    /// The last create attempt whose outcome is not known: it may surface within [`ZOMBIE_WINDOW`].
    pub ambiguous_create_at: Option<Time>,
    /// Until when it was ours at least: set at each intent to create, while present, and when its absence is verified.
    /// Keys that were ours within [`ZOMBIE_WINDOW`] are looked at again.
    pub owned_at: Option<Time>,
    /// Creates in a row that AWS accepted and that ended FAILED.
    pub failed_creates: u32,
    /// Alarms raised about its removal: after 1, 5 and 15 minutes.
    pub stuck_alarms: u32,
}

impl Grant {
    /// A key that nothing is known about.
    #[must_use]
    pub fn new(key: Key) -> Self {
        Self {
            key,
            state: State::Absent { listed_at: None },
            attempts: 0,
            next_attempt_at: None,
            last_error: None,
            aws_request_id: None,
            ambiguous_create_at: None,
            owned_at: None,
            failed_creates: 0,
            stuck_alarms: 0,
        }
    }

    /// The word for its state.
    #[must_use]
    pub fn word(&self) -> Word {
        match self.state {
            State::Absent { .. } => Word::Absent,
            State::Creating(_) => Word::Creating,
            State::Present => Word::Present,
            State::Deleting(_) => Word::Deleting,
            State::Foreign { .. } => Word::Foreign,
            State::Unknown => Word::Unknown,
        }
    }
}

/// What a call to AWS came back with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// A listing of the key.
    Listed {
        /// The USER assignment on exactly this key is there.
        present: bool,
    },
    /// A create or delete was taken.
    Accepted {
        /// AWS's request id.
        request_id: String,
        /// Its status already.
        status: Status,
    },
    /// The status of an operation.
    Status(Status),
    /// AWS knows no such assignment, operation or target.
    NotFound {
        /// In AWS's words.
        message: String,
    },
    /// A refusal that certainly had no effect.
    Refused {
        /// What kind.
        class: Refusal,
        /// In AWS's words.
        message: String,
    },
    /// No usable answer: the effect is unknown.
    Unknown {
        /// What happened.
        message: String,
    },
}

/// Status of an asynchronous operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Not finished.
    InProgress,
    /// Done.
    Succeeded,
    /// Not done.
    Failed {
        /// In AWS's words.
        reason: String,
    },
}

/// Why AWS refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Too fast.
    Throttled,
    /// A write before has not settled.
    Conflict,
    /// A fault of AWS, or of the way to it, before anything was sent.
    Transient,
    /// Our credentials may not.
    AccessDenied,
    /// It can never work: validation, or a quota that waiting does not lift.
    Permanent,
}

#[cfg(test)]
mod tests;
