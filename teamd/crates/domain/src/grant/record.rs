//! What a reply of AWS means for a grant.

use super::listed::LISTING_LAG;
use super::plan::{LISTING_FRESH, Step};
use super::{Grant, Phase, Refusal, Reply, State, Status, Time};

/// Creates in a row that AWS accepted and that ended FAILED after which it is hopeless. Being throttled or not reached
/// in between counts for nothing, neither way.
const FAILED_CREATES: u32 = 4;

/// What a reply tells the requests and the audit trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// AWS took a write under this request id.
    Accepted {
        /// `create` or `delete`.
        call: &'static str,
        /// AWS's request id.
        request_id: String,
    },
    /// A listing shows the assignment, and it is ours.
    Confirmed,
    /// A listing shows its absence after a delete of ours.
    Removed,
    /// A call failed and is tried again.
    Retry {
        /// Which.
        call: &'static str,
        /// What AWS said.
        message: String,
        /// When it is tried again.
        at: Time,
    },
    /// A create that was thought lost has surfaced.
    Reappeared,
    /// Somebody else's assignment is there.
    Standing,
    /// It can never be created.
    Hopeless {
        /// What AWS said.
        message: String,
    },
}

/// A grant after a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The grant.
    pub grant: Grant,
    /// What to tell.
    pub notes: Vec<Note>,
}

/// What `reply` to `step` means. `leases` counts the requests that want it now; `jitter` is in 0..1.
#[must_use]
pub fn record(grant: &Grant, step: &Step, reply: Reply, leases: usize, jitter: f64, now: Time) -> Recorded {
    let mut after = After {
        grant: grant.clone(),
        notes: Vec::new(),
        leases,
        jitter,
        now,
    };
    after.grant.next_attempt_at = None;
    match step {
        Step::List => after.listed(reply),
        Step::Create => after.created(reply),
        Step::PollCreate { request_id } => after.create_polled(request_id, reply),
        Step::Delete => after.deleted(reply),
        Step::PollDelete { request_id } => after.delete_polled(request_id, reply),
        Step::Rest | Step::Wait(_) | Step::Settle => {}
    }
    Recorded {
        grant: after.grant,
        notes: after.notes,
    }
}

/// A grant as a reply makes it.
pub(super) struct After {
    pub(super) grant: Grant,
    pub(super) notes: Vec<Note>,
    pub(super) leases: usize,
    pub(super) jitter: f64,
    pub(super) now: Time,
}

impl After {
    fn created(&mut self, reply: Reply) {
        match reply {
            Reply::Accepted { request_id, status } => {
                self.notes.push(Note::Accepted {
                    call: "create",
                    request_id: request_id.clone(),
                });
                self.grant.aws_request_id = Some(request_id.clone());
                self.grant.state = State::Creating(Phase::Accepted {
                    request_id: request_id.clone(),
                    at: self.now,
                });
                self.create_status(&request_id, status);
            }
            Reply::NotFound { message }
            | Reply::Refused {
                class: Refusal::Permanent,
                message,
            } => {
                self.hopeless(message);
            }
            Reply::Refused { class, message } => {
                self.not_created();
                self.retry_class("create", class, message);
            }
            Reply::Unknown { message } => self.create_unknown(message),
            Reply::Listed { .. } | Reply::Status(_) => {
                self.create_unknown("an answer of another call".to_owned());
            }
        }
    }

    fn create_unknown(&mut self, message: String) {
        self.grant.state = State::Unknown;
        self.grant.ambiguous_create_at = Some(self.now);
        self.retry("create", message);
    }

    fn create_polled(&mut self, request_id: &str, reply: Reply) {
        match reply {
            Reply::Status(status) => self.create_status(request_id, status),
            Reply::NotFound { message } => match self.grant.state {
                // It may not have heard of it yet.
                State::Creating(Phase::Accepted { at, .. }) if self.now - at < LISTING_LAG => {
                    self.retry("create status", message);
                }
                // AWS has forgotten the operation: it is like a reply that was lost.
                _ => self.create_unknown(message),
            },
            Reply::Refused { message, .. } | Reply::Unknown { message } => {
                self.retry("create status", message)
            }
            Reply::Accepted { .. } | Reply::Listed { .. } => {
                self.retry("create status", "an answer of another call".to_owned());
            }
        }
    }

    fn create_status(&mut self, request_id: &str, status: Status) {
        match status {
            Status::InProgress => self.pause(self.poll_pause()),
            Status::Succeeded => self.verify_create(request_id),
            Status::Failed { reason } => {
                self.grant.failed_creates = self.grant.failed_creates.saturating_add(1);
                if self.grant.failed_creates >= FAILED_CREATES {
                    self.hopeless(reason);
                } else {
                    self.not_created();
                    self.retry("create", reason);
                }
            }
        }
    }

    fn verify_create(&mut self, request_id: &str) {
        self.grant.state = State::Creating(Phase::Verifying {
            request_id: Some(request_id.to_owned()),
            since: self.now,
        });
    }

    /// Nothing came of it: what the look before it saw still holds, but is too old to try again on.
    fn not_created(&mut self) {
        self.grant.state = State::Absent {
            listed_at: Some(self.now - LISTING_FRESH),
        };
    }

    fn hopeless(&mut self, message: String) {
        self.not_created();
        self.grant.attempts += 1;
        self.grant.last_error = Some(message.clone());
        self.notes.push(Note::Hopeless { message });
    }

    fn deleted(&mut self, reply: Reply) {
        match reply {
            Reply::Accepted { request_id, status } => {
                self.notes.push(Note::Accepted {
                    call: "delete",
                    request_id: request_id.clone(),
                });
                self.grant.aws_request_id = Some(request_id.clone());
                self.grant.state = State::Deleting(Phase::Accepted {
                    request_id: request_id.clone(),
                    at: self.now,
                });
                self.delete_status(&request_id, status);
            }
            Reply::NotFound { .. } => self.verify_delete(None),
            Reply::Refused { class, message } => self.retry_class("delete", class, message),
            Reply::Unknown { message } => self.retry("delete", message),
            Reply::Listed { .. } | Reply::Status(_) => {
                self.retry("delete", "an answer of another call".to_owned());
            }
        }
    }

    fn delete_polled(&mut self, request_id: &str, reply: Reply) {
        match reply {
            Reply::Status(status) => self.delete_status(request_id, status),
            Reply::NotFound { .. } => self.verify_delete(None),
            Reply::Refused { message, .. } | Reply::Unknown { message } => {
                self.retry("delete status", message)
            }
            Reply::Accepted { .. } | Reply::Listed { .. } => {
                self.retry("delete status", "an answer of another call".to_owned());
            }
        }
    }

    fn delete_status(&mut self, request_id: &str, status: Status) {
        match status {
            Status::InProgress => self.pause(self.poll_pause()),
            Status::Succeeded => self.verify_delete(Some(request_id)),
            Status::Failed { reason } => self.delete_failed(reason),
        }
    }

    /// Perhaps because nothing was there. Where a listing shows it, it is deleted again.
    pub(super) fn delete_failed(&mut self, reason: String) {
        self.grant.last_error = Some(reason.clone());
        self.grant.attempts = self.grant.attempts.saturating_add(1);
        self.verify_delete(None);
        self.notes.push(Note::Retry {
            call: "delete",
            message: reason,
            at: self.now,
        });
    }

    fn verify_delete(&mut self, request_id: Option<&str>) {
        self.grant.state = State::Deleting(Phase::Verifying {
            request_id: request_id.map(ToOwned::to_owned),
            since: self.now,
        });
    }
}
