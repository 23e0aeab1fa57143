//! The machine of a request: total over (state, command), no catch-all arm. The full table is a snapshot in the tests.

use super::super::event::{Actor, Datum, EventDraft};
use super::{
    ACTIVATION_DEADLINE, Basis, Change, Command, FLOATING_GRACE, Finish, Outcome, Request, Session, State,
    Time, Vote, narrower,
};
use chrono::TimeDelta;
use team_shared::event::EventType;
use team_shared::ids::UserId;
use team_shared::state::RequestState;

/// A request after a command, and what the audit trail is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// The request; its version is one up.
    pub request: Request,
    /// What happened, in order.
    pub events: Vec<EventDraft>,
}

/// Why a command does not apply. None of them is worth a retry with the same input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransitionError {
    /// The requester's own vote.
    #[error("nobody decides their own request")]
    SelfApproval,
    /// No demand lists them.
    #[error("no rule makes you an approver of this request")]
    NotAnApprover,
    /// They voted on these terms.
    #[error("you have approved these terms already")]
    AlreadyVoted,
    /// The time to decide is over.
    #[error("the time to decide was over at {0}")]
    Expired(Time),
    /// It is decided.
    #[error("it is {0} already")]
    AlreadyDecided(RequestState),
    /// Not before this moment.
    #[error("not before {0}")]
    TooEarly(Time),
    /// The command makes no sense in this state.
    #[error("{command} does not apply to a request that is {state}")]
    NotNow {
        /// Where it stands.
        state: RequestState,
        /// What was asked.
        command: &'static str,
    },
}

impl Command {
    /// The command's name, for messages.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Approve { .. } => "approve",
            Self::Reject { .. } => "reject",
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
            Self::DeclareLost { .. } => "declare-lost",
            Self::Reappear => "reappear",
        }
    }
}

/// What `command` makes of `request` at `now`.
///
/// # Errors
/// The command does not apply; the request is unchanged.
pub fn transition(
    request: &Request,
    command: &Command,
    actor: &Actor,
    now: Time,
) -> Result<Next, TransitionError> {
    let mut step = Step {
        request: request.clone(),
        events: Vec::new(),
        actor,
        now,
    };
    step.request.version += 1;
    match &request.state {
        State::Pending => step.from_pending(command)?,
        State::Scheduled { .. } => step.from_scheduled(command)?,
        State::Activating {
            since,
            first_attempt_at,
        } => step.from_activating(command, *since, *first_attempt_at)?,
        State::Active { session } => step.from_active(command, *session)?,
        State::Ending {
            due_at,
            reason,
            outcome,
            session,
            ..
        } => {
            step.from_ending(command, *due_at, reason, *outcome, *session)?;
        }
        State::Lost { .. } => step.from_lost(command)?,
        State::Ended(_)
        | State::Revoked(_)
        | State::Failed(_)
        | State::Rejected { .. }
        | State::Cancelled { .. }
        | State::Expired { .. }
        | State::Withdrawn { .. } => return Err(step.refuse_terminal(command)),
    }
    Ok(Next {
        request: step.request,
        events: step.events,
    })
}

struct Step<'a> {
    request: Request,
    events: Vec<EventDraft>,
    actor: &'a Actor,
    now: Time,
}

impl Step<'_> {
    fn from_pending(&mut self, command: &Command) -> Result<(), TransitionError> {
        match command {
            Command::Approve {
                by,
                comment,
                change,
                basis,
            } => self.approve(by, comment.as_deref(), *change, basis)?,
            Command::Reject { by, comment } => {
                self.may_decide(by)?;
                self.tell(EventType::RequestRejected, |e| {
                    e.free("comment", comment.as_deref())
                });
                self.request.state = State::Rejected {
                    at: self.now,
                    by: by.clone(),
                    comment: comment.clone(),
                };
            }
            Command::Cancel | Command::Done => self.cancel(),
            Command::Lapse => {
                if self.now < self.request.expires_at {
                    return Err(TransitionError::TooEarly(self.request.expires_at));
                }
                self.tell(EventType::RequestExpired, |e| e);
                self.request.state = State::Expired { at: self.now };
            }
            Command::LoseBasis { reason } => self.withdraw(reason),
            Command::Revoke { .. }
            | Command::Start
            | Command::AttemptCreate
            | Command::Confirm
            | Command::Refuse { .. }
            | Command::GiveUp { .. }
            | Command::End
            | Command::VerifyAbsent { .. }
            | Command::HandOver { .. }
            | Command::DeclareLost { .. }
            | Command::Reappear => return Err(self.not_now(command)),
        }
        Ok(())
    }

    fn from_scheduled(&mut self, command: &Command) -> Result<(), TransitionError> {
        match command {
            Command::Approve { .. } | Command::Reject { .. } => {
                return Err(TransitionError::AlreadyDecided(RequestState::Scheduled));
            }
            Command::Cancel | Command::Done => self.cancel(),
            Command::Revoke { comment } => {
                self.tell(EventType::RequestWithdrawn, |e| {
                    e.text("reason", "revoked").free("comment", comment.as_deref())
                });
                self.request.state = State::Withdrawn {
                    at: self.now,
                    reason: "revoked".to_owned(),
                };
            }
            Command::LoseBasis { reason } => self.withdraw(reason),
            Command::Lapse | Command::End => {
                if !self.request.terms.is_over(self.now) {
                    return Err(TransitionError::TooEarly(
                        self.request.terms.end_at.unwrap_or(self.now),
                    ));
                }
                self.withdraw("window_over");
            }
            Command::Start => {
                if let Some(start) = self.request.terms.start_at.filter(|start| *start > self.now) {
                    return Err(TransitionError::TooEarly(start));
                }
                if self.request.terms.is_over(self.now) {
                    self.withdraw("window_over")
                } else {
                    self.activate()
                }
            }
            Command::AttemptCreate
            | Command::Confirm
            | Command::Refuse { .. }
            | Command::GiveUp { .. }
            | Command::VerifyAbsent { .. }
            | Command::HandOver { .. }
            | Command::DeclareLost { .. }
            | Command::Reappear => return Err(self.not_now(command)),
        }
        Ok(())
    }

    fn from_activating(
        &mut self,
        command: &Command,
        since: Time,
        first_attempt_at: Option<Time>,
    ) -> Result<(), TransitionError> {
        match command {
            Command::Approve { .. } | Command::Reject { .. } => {
                return Err(TransitionError::AlreadyDecided(RequestState::Activating));
            }
            Command::AttemptCreate => {
                let first_attempt_at = first_attempt_at.or(Some(self.now));
                self.request.state = State::Activating {
                    since,
                    first_attempt_at,
                };
            }
            Command::Confirm => {
                let session = self.session(first_attempt_at);
                self.tell(EventType::RequestActive, |e| {
                    e.with("start_at", Datum::Moment(session.start_at))
                        .with("end_at", Datum::Moment(session.end_at))
                });
                self.request.state = State::Active { session };
            }
            Command::Refuse { reason } => {
                self.tell(EventType::RequestFailed, |e| e.text("reason", reason));
                self.request.state = State::Failed(Finish {
                    at: self.now,
                    reason: reason.clone(),
                    session: None,
                    late_by_seconds: 0,
                    residual_until: None,
                    still_held_by: None,
                });
            }
            Command::GiveUp { reason } => self.end(Outcome::Failed, reason, None, self.now, None),
            Command::Cancel => self.end(Outcome::Ended, "cancelled", None, self.now, None),
            Command::Done => self.end(Outcome::Ended, "done", None, self.now, None),
            Command::Revoke { comment } => {
                self.end(Outcome::Revoked, "revoked", None, self.now, comment.as_deref());
            }
            Command::LoseBasis { reason } => self.end(Outcome::Revoked, reason, None, self.now, None),
            Command::End => {
                let due_at = self.request.terms.end_at.unwrap_or(since + ACTIVATION_DEADLINE);
                if due_at > self.now {
                    return Err(TransitionError::TooEarly(due_at));
                }
                self.end(Outcome::Ended, "end", None, due_at, None);
            }
            Command::Lapse
            | Command::Start
            | Command::VerifyAbsent { .. }
            | Command::HandOver { .. }
            | Command::DeclareLost { .. }
            | Command::Reappear => return Err(self.not_now(command)),
        }
        Ok(())
    }

    fn from_active(&mut self, command: &Command, session: Session) -> Result<(), TransitionError> {
        let live = Some(session);
        match command {
            Command::Approve { .. } | Command::Reject { .. } => {
                return Err(TransitionError::AlreadyDecided(RequestState::Active));
            }
            Command::Done => self.end(Outcome::Ended, "done", live, self.now, None),
            Command::Revoke { comment } => {
                self.end(Outcome::Revoked, "revoked", live, self.now, comment.as_deref());
            }
            Command::LoseBasis { reason } => self.end(Outcome::Revoked, reason, live, self.now, None),
            Command::End => {
                if session.end_at > self.now {
                    return Err(TransitionError::TooEarly(session.end_at));
                }
                self.end(Outcome::Ended, "end", live, session.end_at, None);
            }
            Command::Cancel
            | Command::Lapse
            | Command::Start
            | Command::AttemptCreate
            | Command::Confirm
            | Command::Refuse { .. }
            | Command::GiveUp { .. }
            | Command::VerifyAbsent { .. }
            | Command::HandOver { .. }
            | Command::DeclareLost { .. }
            | Command::Reappear => return Err(self.not_now(command)),
        }
        Ok(())
    }

    fn from_ending(
        &mut self,
        command: &Command,
        due_at: Time,
        reason: &str,
        outcome: Outcome,
        session: Option<Session>,
    ) -> Result<(), TransitionError> {
        let finish = |now: Time, residual_until, still_held_by| Finish {
            at: now,
            reason: reason.to_owned(),
            session,
            late_by_seconds: (now - due_at).num_seconds().max(0),
            residual_until,
            still_held_by,
        };
        match command {
            Command::VerifyAbsent { session_seconds } => {
                let residual =
                    (*session_seconds > 0).then(|| self.now + TimeDelta::seconds(*session_seconds));
                self.finish(outcome, finish(self.now, residual, None));
            }
            Command::HandOver { to } => self.finish(outcome, finish(self.now, None, Some(*to))),
            Command::DeclareLost { reason } => {
                self.tell(EventType::RequestLost, |e| e.free("reason", Some(reason)));
                self.request.state = State::Lost {
                    at: self.now,
                    reason: reason.clone(),
                };
            }
            Command::Approve { .. } | Command::Reject { .. } => {
                return Err(TransitionError::AlreadyDecided(RequestState::Ending));
            }
            Command::Cancel
            | Command::Done
            | Command::Revoke { .. }
            | Command::Lapse
            | Command::LoseBasis { .. }
            | Command::Start
            | Command::AttemptCreate
            | Command::Confirm
            | Command::Refuse { .. }
            | Command::GiveUp { .. }
            | Command::End
            | Command::Reappear => return Err(self.not_now(command)),
        }
        Ok(())
    }

    fn from_lost(&mut self, command: &Command) -> Result<(), TransitionError> {
        match command {
            Command::Reappear => self.end(Outcome::Ended, "reappeared", None, self.now, None),
            Command::Approve { .. }
            | Command::Reject { .. }
            | Command::Cancel
            | Command::Done
            | Command::Revoke { .. }
            | Command::Lapse
            | Command::LoseBasis { .. }
            | Command::Start
            | Command::AttemptCreate
            | Command::Confirm
            | Command::Refuse { .. }
            | Command::GiveUp { .. }
            | Command::End
            | Command::VerifyAbsent { .. }
            | Command::HandOver { .. }
            | Command::DeclareLost { .. } => return Err(self.refuse_terminal(command)),
        }
        Ok(())
    }

    fn may_decide(&self, by: &UserId) -> Result<(), TransitionError> {
        if *by == self.request.key.user {
            return Err(TransitionError::SelfApproval);
        }
        if self.now >= self.request.expires_at {
            return Err(TransitionError::Expired(self.request.expires_at));
        }
        Ok(())
    }

    fn approve(
        &mut self,
        by: &UserId,
        comment: Option<&str>,
        change: Change,
        basis: &Basis,
    ) -> Result<(), TransitionError> {
        self.may_decide(by)?;
        let listed = basis.demands.iter().any(|demand| demand.approvers.contains(by))
            || basis.demands.is_empty() && basis.overseers.contains(by);
        if !listed {
            return Err(TransitionError::NotAnApprover);
        }
        let terms = self.request.terms.changed(change.duration, change.start_at);
        let is_changed = terms != self.request.terms;
        if is_changed {
            if !narrower(&terms, &self.request.terms) {
                self.request.votes.clear();
            }
            self.request.votes.retain(|vote| vote.by != *by);
            self.request.terms = terms;
            self.request.expires_at = self
                .request
                .terms
                .end_at
                .map_or(self.request.expires_at, |end| end.min(self.request.expires_at));
            let (revision, seconds) = (self.request.terms.revision, self.request.terms.duration.get());
            let start_at = self.request.terms.start_at;
            self.tell(EventType::RequestTermsChanged, |e| {
                let e = e
                    .with("revision", Datum::Number(i64::from(revision)))
                    .with("duration_seconds", Datum::Number(seconds));
                match start_at {
                    Some(start) => e.with("start_at", Datum::Moment(start)),
                    None => e,
                }
            });
        } else if self.request.votes.iter().any(|vote| vote.by == *by) {
            return Err(TransitionError::AlreadyVoted);
        }
        self.request.basis = basis.clone();
        let digest = self.request.digest();
        self.request.votes.push(Vote {
            by: by.clone(),
            at: self.now,
            digest: digest.clone(),
            comment: comment.map(ToOwned::to_owned),
        });
        self.tell(EventType::RequestVoted, |e| {
            e.text("terms_digest", digest).free("comment", comment)
        });
        if self.request.is_approved() {
            let digest = self.request.digest();
            let rule = self.request.basis.rule.clone().unwrap_or_default();
            self.tell(EventType::RequestApproved, |e| {
                e.text("terms_digest", digest).text("rule", rule)
            });
            self.begin();
        }
        Ok(())
    }

    /// Approved, or no approval needed: on to its start.
    fn begin(&mut self) {
        match self.request.terms.start_at.filter(|start| *start > self.now) {
            Some(start) => {
                self.tell(EventType::RequestScheduled, |e| {
                    e.with("start_at", Datum::Moment(start))
                });
                self.request.state = State::Scheduled {
                    approved_at: self.now,
                };
            }
            None => self.activate(),
        }
    }

    fn activate(&mut self) {
        self.tell(EventType::RequestActivating, |e| e);
        self.request.state = State::Activating {
            since: self.now,
            first_attempt_at: None,
        };
    }

    fn cancel(&mut self) {
        self.tell(EventType::RequestCancelled, |e| e);
        self.request.state = State::Cancelled { at: self.now };
    }

    fn withdraw(&mut self, reason: &str) {
        self.tell(EventType::RequestWithdrawn, |e| e.text("reason", reason));
        self.request.state = State::Withdrawn {
            at: self.now,
            reason: reason.to_owned(),
        };
    }

    fn end(
        &mut self,
        outcome: Outcome,
        reason: &str,
        session: Option<Session>,
        due_at: Time,
        comment: Option<&str>,
    ) {
        self.tell(EventType::RequestEnding, |e| {
            e.text("reason", reason).free("comment", comment)
        });
        self.request.state = State::Ending {
            since: self.now,
            due_at,
            reason: reason.to_owned(),
            outcome,
            session,
        };
    }

    fn finish(&mut self, outcome: Outcome, finish: Finish) {
        let kind = match outcome {
            Outcome::Ended => EventType::RequestEnded,
            Outcome::Revoked => EventType::RequestRevoked,
            Outcome::Failed => EventType::RequestFailed,
        };
        self.tell(kind, |e| {
            let mut e = e
                .text("reason", &finish.reason)
                .with("late_by_seconds", Datum::Number(finish.late_by_seconds));
            if let Some(until) = finish.residual_until {
                e = e.with("residual_until", Datum::Moment(until));
            }
            if let Some(holder) = finish.still_held_by {
                e = e.text("still_held_by", holder.to_string());
            }
            e
        });
        self.request.state = match outcome {
            Outcome::Ended => State::Ended(finish),
            Outcome::Revoked => State::Revoked(finish),
            Outcome::Failed => State::Failed(finish),
        };
    }

    /// The session of a request that AWS has just confirmed. A slow AWS shortens a window, and a floating one past
    /// the grace.
    fn session(&self, first_attempt_at: Option<Time>) -> Session {
        let terms = &self.request.terms;
        match (terms.start_at, terms.end_at) {
            (Some(start_at), Some(end_at)) => Session { start_at, end_at },
            _ => {
                let start_at =
                    first_attempt_at.map_or(self.now, |first| self.now.min(first + FLOATING_GRACE));
                Session {
                    start_at,
                    end_at: start_at + TimeDelta::seconds(terms.duration.get()),
                }
            }
        }
    }

    fn tell(&mut self, kind: EventType, with: impl FnOnce(EventDraft) -> EventDraft) {
        self.events
            .push(with(EventDraft::new(kind).of(self.request.id).by(self.actor)));
    }

    fn not_now(&self, command: &Command) -> TransitionError {
        TransitionError::NotNow {
            state: self.request.state.word(),
            command: command.name(),
        }
    }

    fn refuse_terminal(&self, command: &Command) -> TransitionError {
        match command {
            Command::Approve { .. } | Command::Reject { .. } => match self.request.state {
                State::Expired { at } => TransitionError::Expired(at),
                _ => TransitionError::AlreadyDecided(self.request.state.word()),
            },
            _ => self.not_now(command),
        }
    }
}

/// What a new request turns into, and what the audit trail is told: `pending`, or straight on where nothing must be
/// approved. The request comes in as `pending` at version 1.
#[must_use]
pub fn submit(request: Request, actor: &Actor, now: Time) -> Next {
    let approval_needed = !request.basis.demands.is_empty();
    let mut step = Step {
        request,
        events: Vec::new(),
        actor,
        now,
    };
    let (key, terms) = (step.request.key.clone(), step.request.terms.clone());
    let (digest, expires_at) = (step.request.digest(), step.request.expires_at);
    let rules = step.request.basis.rules.clone();
    step.tell(EventType::RequestSubmitted, |e| {
        let mut e = e
            .text("user_id", key.user.as_str())
            .text("account_id", key.account.as_str())
            .text("permission_set_arn", key.permission_set.as_str())
            .with("duration_seconds", Datum::Number(terms.duration.get()))
            .with("break_glass", Datum::Flag(terms.break_glass))
            .with("rules", Datum::List(rules))
            .with("expires_at", Datum::Moment(expires_at))
            .text("shape", terms.shape.as_str())
            .text("terms_digest", digest)
            .free("justification", Some(&terms.justification))
            .free("ticket", terms.ticket.as_deref());
        for (name, at) in [("start_at", terms.start_at), ("end_at", terms.end_at)] {
            if let Some(at) = at {
                e = e.with(name, Datum::Moment(at));
            }
        }
        e
    });
    if !approval_needed {
        step.tell(EventType::RequestApproved, |e| {
            e.with("approval_required", Datum::Flag(false))
        });
        step.begin();
    }
    Next {
        request: step.request,
        events: step.events,
    }
}
