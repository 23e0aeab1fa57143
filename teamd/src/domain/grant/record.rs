//! What a reply of AWS means for a grant.

use super::plan::{LISTING_FRESH, Step, may_surface};
use super::{Grant, Phase, Refusal, Reply, State, Status, Time};
use chrono::TimeDelta;

/// Failed results of a create after which it counts as refused for good.
const FAILED_CREATES: u32 = 4;

/// For how long a listing may lag behind a finished operation before the operation is doubted.
const LISTING_LAG: TimeDelta = TimeDelta::seconds(30);

/// The longest pause between two tries of a removal, in seconds.
pub const LONGEST_PAUSE: f64 = 60.0;

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

struct After {
    grant: Grant,
    notes: Vec<Note>,
    leases: usize,
    jitter: f64,
    now: Time,
}

impl After {
    fn listed(&mut self, reply: Reply) {
        match reply {
            Reply::Listed { present: true } => self.seen_present(),
            // A permission set or account that AWS no longer knows has no assignments.
            Reply::Listed { present: false } | Reply::NotFound { .. } => self.seen_absent(),
            Reply::Refused { message, .. } | Reply::Unknown { message } => self.retry("list", message),
            Reply::Accepted { .. } | Reply::Status(_) => {
                self.retry("list", "an answer of another call".to_owned())
            }
        }
    }

    fn seen_present(&mut self) {
        let ours = match &self.grant.state {
            State::Absent { .. } | State::Foreign { .. } => may_surface(&self.grant, self.now),
            State::Creating(_) | State::Present | State::Unknown | State::Deleting(_) => true,
        };
        if !ours {
            self.settle(State::Foreign { listed_at: self.now });
            self.notes.push(Note::Standing);
            return;
        }
        match self.grant.state.clone() {
            State::Deleting(Phase::Verifying { request_id, since }) => {
                if self.now - since < LISTING_LAG {
                    self.pause(self.lag_pause(since));
                    self.grant.state = State::Deleting(Phase::Verifying { request_id, since });
                } else {
                    self.grant.state = State::Deleting(Phase::Intent);
                    self.retry("delete", "a listing still shows the assignment".to_owned());
                }
            }
            State::Deleting(Phase::Intent | Phase::Accepted { .. }) | State::Present => {}
            State::Absent { .. } | State::Foreign { .. } => {
                self.settle(State::Present);
                self.notes.push(Note::Reappeared);
            }
            State::Creating(_) | State::Unknown => {
                self.settle(State::Present);
                self.notes.push(Note::Confirmed);
            }
        }
    }

    fn seen_absent(&mut self) {
        let listed = State::Absent {
            listed_at: Some(self.now),
        };
        match self.grant.state.clone() {
            State::Deleting(Phase::Verifying { .. }) => {
                self.settle(listed);
                self.notes.push(Note::Removed);
                self.schedule_sweep();
            }
            State::Creating(Phase::Verifying { since, .. }) => {
                if self.now - since < LISTING_LAG {
                    self.pause(self.lag_pause(since));
                } else {
                    // AWS called it done and shows nothing: it may yet appear.
                    self.grant.ambiguous_create_at = Some(self.now);
                    self.grant.state = listed;
                    self.retry(
                        "create",
                        "AWS reported success, but a listing does not show it".to_owned(),
                    );
                }
            }
            // Unwanted and of unknown outcome: only a delete and a listing after it settle it.
            State::Unknown if self.leases == 0 => self.grant.state = State::Deleting(Phase::Intent),
            State::Absent { .. } | State::Foreign { .. } | State::Unknown => {
                if self.leases == 0 {
                    self.settle(listed);
                } else {
                    self.grant.state = listed;
                }
                self.schedule_sweep();
            }
            // Drift: reported by the sweep, acted on by nobody here.
            State::Present | State::Creating(_) | State::Deleting(_) => {}
        }
    }

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
                self.grant.state = State::Absent {
                    listed_at: Some(self.now - LISTING_FRESH),
                };
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
            // AWS has forgotten the operation: only a listing can tell.
            Reply::NotFound { .. } => self.verify_create(request_id),
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
                if self.grant.attempts + 1 >= FAILED_CREATES {
                    self.hopeless(reason);
                } else {
                    self.grant.state = State::Absent { listed_at: None };
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

    fn hopeless(&mut self, message: String) {
        self.grant.state = State::Absent { listed_at: None };
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
            Reply::NotFound { .. } => self.verify_delete(None, self.now),
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
            Reply::NotFound { .. } => self.verify_delete(Some(request_id), self.now),
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
            Status::Succeeded => self.verify_delete(Some(request_id), self.now),
            Status::Failed { reason } => {
                // It may have failed because nothing was there; if a listing shows it, it is deleted again at once.
                self.grant.last_error = Some(reason.clone());
                self.grant.attempts += 1;
                self.verify_delete(Some(request_id), self.now - LISTING_LAG);
                self.notes.push(Note::Retry {
                    call: "delete",
                    message: reason,
                    at: self.now,
                });
            }
        }
    }

    fn verify_delete(&mut self, request_id: Option<&str>, since: Time) {
        self.grant.state = State::Deleting(Phase::Verifying {
            request_id: request_id.map(ToOwned::to_owned),
            since,
        });
    }

    /// A success: what failed before is history.
    fn settle(&mut self, state: State) {
        self.grant.state = state;
        self.grant.attempts = 0;
        self.grant.last_error = None;
    }

    /// Where a create may still surface, the key is listed again: each minute at first, then every five.
    fn schedule_sweep(&mut self) {
        if self.leases > 0 {
            return;
        }
        match self.grant.ambiguous_create_at {
            Some(at) if may_surface(&self.grant, self.now) => {
                let every = if self.now - at < TimeDelta::minutes(15) {
                    1
                } else {
                    5
                };
                self.grant.next_attempt_at = Some(self.now + TimeDelta::minutes(every));
            }
            _ => self.grant.ambiguous_create_at = None,
        }
    }

    fn retry_class(&mut self, call: &'static str, class: Refusal, message: String) {
        self.retry(call, message);
        // A conflict clears when the write before has settled: two seconds at least.
        if class == Refusal::Conflict {
            let at = self.now + TimeDelta::milliseconds(2000 + self.share(1000.0));
            self.grant.next_attempt_at = self.grant.next_attempt_at.map(|next| next.max(at));
        }
    }

    fn retry(&mut self, call: &'static str, message: String) {
        let exponent = self.grant.attempts.min(10);
        let seconds = (0.5 * f64::from(1u32 << exponent)).min(LONGEST_PAUSE);
        self.grant.attempts = self.grant.attempts.saturating_add(1);
        self.grant.last_error = Some(message.clone());
        let half = seconds * 500.0;
        self.pause(TimeDelta::milliseconds(half.round() as i64 + self.share(half)));
        let at = self.grant.next_attempt_at.unwrap_or(self.now);
        self.notes.push(Note::Retry { call, message, at });
    }

    /// How soon to ask again after a status, by the age of the operation.
    fn poll_pause(&self) -> TimeDelta {
        let since = match &self.grant.state {
            State::Creating(Phase::Accepted { at, .. }) | State::Deleting(Phase::Accepted { at, .. }) => *at,
            _ => self.now,
        };
        match (self.now - since).num_milliseconds() {
            ..3_000 => TimeDelta::milliseconds(500),
            3_000..10_000 => TimeDelta::seconds(1),
            10_000..60_000 => TimeDelta::seconds(3),
            _ => TimeDelta::seconds(10),
        }
    }

    /// How soon to look again while a listing lags.
    fn lag_pause(&self, since: Time) -> TimeDelta {
        if self.now - since < TimeDelta::seconds(3) {
            TimeDelta::milliseconds(300)
        } else {
            TimeDelta::seconds(2)
        }
    }

    fn pause(&mut self, pause: TimeDelta) {
        self.grant.next_attempt_at = Some(self.now + pause);
    }

    fn share(&self, of: f64) -> i64 {
        (of * self.jitter.clamp(0.0, 1.0)).round() as i64
    }
}
