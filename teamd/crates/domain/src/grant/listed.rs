//! What a listing means. Listings lag: a single one proves something only together with what AWS said before.

use super::plan::{LISTING_FRESH, is_doubtful, may_surface};
use super::record::{After, Note};
use super::sweep::SETTLED;
use super::{Phase, Reply, State, Status};
use chrono::TimeDelta;

/// For how long a listing may lag behind what is.
pub(super) const LISTING_LAG: TimeDelta = TimeDelta::seconds(30);

/// How long a create whose reply was lost is looked for before another is sent.
const LOST_CREATE: TimeDelta = TimeDelta::seconds(5);

impl After {
    pub(super) fn listed(&mut self, reply: Reply) {
        match reply {
            Reply::Listed { present: true } => self.seen_present(),
            // A permission set or account that AWS no longer knows has no assignments.
            Reply::Listed { present: false } | Reply::NotFound { .. } => self.seen_absent(),
            Reply::Refused { message, .. } | Reply::Unknown { message } => self.retry("list", message),
            // Asked once more because it still shows: the delete had not done it.
            Reply::Status(Status::Failed { reason }) if matches!(self.grant.state, State::Deleting(_)) => {
                self.delete_failed(reason);
            }
            Reply::Accepted { .. } | Reply::Status(_) => {
                self.retry("list", "an answer of another call".to_owned());
            }
        }
    }

    fn seen_present(&mut self) {
        match self.grant.state.clone() {
            State::Absent { listed_at } if !may_surface(&self.grant, self.now) => {
                // Just seen absent, now present: more likely what we have removed ourselves than somebody's new one.
                match listed_at.filter(|at| self.now - *at < LISTING_FRESH + LISTING_LAG) {
                    Some(at) => {
                        self.grant.state = State::Absent {
                            listed_at: Some(at.min(self.now - LISTING_FRESH)),
                        };
                        self.retry("list", "a listing shows what the one before did not".to_owned());
                    }
                    None => self.seen_foreign(),
                }
            }
            State::Foreign { .. } if !may_surface(&self.grant, self.now) => self.seen_foreign(),
            State::Absent { .. } | State::Foreign { .. } if self.leases == 0 => {
                self.settle_present();
                self.notes.push(Note::Reappeared);
            }
            // With an earlier life of this grant just over, a listing may still show that one, and a delete of it may
            // still be under way: only a create that succeeds now vouches for what is there.
            State::Absent { .. } | State::Foreign { .. } | State::Unknown
                if self.leases > 0 && self.grant.aws_request_id.is_some() =>
            {
                self.grant.state = State::Creating(Phase::Verifying {
                    request_id: None,
                    since: self.now,
                });
            }
            State::Creating(Phase::Verifying { request_id: None, .. }) => {}
            State::Absent { .. } | State::Foreign { .. } | State::Unknown | State::Creating(_) => {
                self.settle_present();
                self.notes.push(Note::Confirmed);
            }
            State::Deleting(Phase::Verifying { request_id, since }) => {
                // A delete that AWS vouches for has the benefit of the doubt.
                if request_id.is_some() && self.now - since < LISTING_LAG {
                    self.pause(self.lag_pause(since));
                } else {
                    self.grant.state = State::Deleting(Phase::Intent);
                    self.retry("delete", "a listing still shows the assignment".to_owned());
                }
            }
            State::Deleting(Phase::Intent | Phase::Accepted { .. }) | State::Present => {}
        }
    }

    fn seen_foreign(&mut self) {
        self.settle(State::Foreign { listed_at: self.now });
        self.notes.push(Note::Standing);
    }

    fn seen_absent(&mut self) {
        let listed = State::Absent {
            listed_at: Some(self.now),
        };
        match self.grant.state.clone() {
            State::Deleting(Phase::Verifying { request_id, since }) => {
                // Where no delete is known to have succeeded, an old listing must not close the matter: one of before
                // the create, seconds ago, would leave it there for good.
                if request_id.is_none() && self.now - since < SETTLED {
                    self.pause(TimeDelta::seconds(5));
                } else {
                    self.settle(listed);
                    self.notes.push(Note::Removed);
                    self.grant.owned_at = Some(self.now);
                    self.forget_lost_create();
                }
            }
            State::Creating(Phase::Verifying {
                request_id: Some(_),
                since,
            }) => {
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
            State::Unknown | State::Creating(Phase::Verifying { request_id: None, .. })
                if self.leases == 0 =>
            {
                self.remove();
            }
            State::Absent { .. } if self.leases == 0 && is_doubtful(&self.grant, self.now) => self.remove(),
            State::Absent { .. } | State::Foreign { .. } if self.leases == 0 => {
                self.settle(listed);
                self.forget_lost_create();
            }
            // AWS may still be at work on it: another create now would be one too many.
            State::Unknown if self.lost_create_may_show() => {
                let sent = self.grant.ambiguous_create_at.unwrap_or(self.now);
                self.pause(self.lag_pause(sent));
            }
            State::Absent { .. }
            | State::Foreign { .. }
            | State::Unknown
            | State::Creating(Phase::Verifying { request_id: None, .. }) => self.grant.state = listed,
            // Drift: reported by the sweep, acted on by nobody here.
            State::Present
            | State::Creating(Phase::Intent | Phase::Accepted { .. })
            | State::Deleting(Phase::Intent | Phase::Accepted { .. }) => {}
        }
    }

    /// Whether a create whose reply was lost may be about to show: creates take AWS seconds.
    fn lost_create_may_show(&self) -> bool {
        let sent = self.grant.ambiguous_create_at;
        sent.is_some_and(|at| at <= self.now && self.now - at < LOST_CREATE)
    }

    /// On to a delete. What the create cost in tries must not slow it.
    fn remove(&mut self) {
        self.grant.state = State::Deleting(Phase::Intent);
        self.grant.attempts = 0;
    }

    /// A success: what failed before is history.
    fn settle(&mut self, state: State) {
        self.grant.state = state;
        self.grant.attempts = 0;
        self.grant.last_error = None;
        self.grant.failed_creates = 0;
        self.grant.stuck_alarms = 0;
    }

    fn settle_present(&mut self) {
        self.settle(State::Present);
        self.grant.owned_at = Some(self.now);
    }

    /// What can no longer surface needs no sweep.
    fn forget_lost_create(&mut self) {
        if !may_surface(&self.grant, self.now) {
            self.grant.ambiguous_create_at = None;
        }
    }
}
