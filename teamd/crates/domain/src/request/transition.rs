//! The machine of a request: total over (state, command), no catch-all arm. The full table is a snapshot in the tests.

use super::super::event::{Actor, Datum, EventDraft};
use super::{
    ACTIVATION_DEADLINE, Command, FLOATING_GRACE, Finish, Outcome, Request, Session, State, Time,
    TransitionError,
};
use team_shared::event::EventType;
use team_shared::state::RequestState;

/// A request after a command, and what the audit trail is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// The request; its version is one up.
    pub request: Request,
    /// What happened, in order.
    pub events: Vec<EventDraft>,
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
        State::Pending => step.in_pending(command)?,
        State::Scheduled { .. } => step.in_scheduled(command)?,
        State::Activating {
            since,
            first_attempt_at,
        } => step.in_activating(command, *since, *first_attempt_at)?,
        State::Active { session } => step.in_active(command, *session)?,
        State::Ending {
            due_at,
            reason,
            outcome,
            session,
            given_up,
            ..
        } => match command {
            Command::DeclareLost { by, reason } => {
                step.give_up(by, reason, *session, given_up.as_ref())?;
            }
            command => step.in_ending(command, *due_at, reason, *outcome, *session)?,
        },
        State::Lost { session, .. } => step.in_lost(command, *session)?,
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

/// A transition under way: the request as it becomes, and what is told about it.
pub(super) struct Step<'a> {
    pub(super) request: Request,
    pub(super) events: Vec<EventDraft>,
    pub(super) actor: &'a Actor,
    pub(super) now: Time,
}

impl Step<'_> {
    fn in_pending(&mut self, command: &Command) -> Result<(), TransitionError> {
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
            Command::Escalate { basis } => self.escalate(basis)?,
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

    fn in_scheduled(&mut self, command: &Command) -> Result<(), TransitionError> {
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
            // An extension takes over the grant as it is: nothing is asked of AWS.
            Command::Confirm if self.request.holds_lease() => {
                if let Some(start) = self.request.terms.start_at.filter(|start| *start > self.now) {
                    return Err(TransitionError::TooEarly(start));
                }
                if self.request.terms.is_over(self.now) {
                    self.withdraw("window_over")
                } else {
                    self.confirm(None)
                }
            }
            Command::Confirm
            | Command::Escalate { .. }
            | Command::AttemptCreate
            | Command::Refuse { .. }
            | Command::GiveUp { .. }
            | Command::VerifyAbsent { .. }
            | Command::HandOver { .. }
            | Command::DeclareLost { .. }
            | Command::Reappear => return Err(self.not_now(command)),
        }
        Ok(())
    }

    fn in_activating(
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
            Command::Confirm => self.confirm(first_attempt_at),
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
            Command::GiveUp { reason } => self.end(Outcome::Failed, reason, None, None),
            Command::Cancel => self.end(Outcome::Ended, "cancelled", None, None),
            Command::Done => self.end(Outcome::Ended, "done", None, None),
            Command::Revoke { comment } => {
                self.end(Outcome::Revoked, "revoked", None, comment.as_deref());
            }
            Command::LoseBasis { reason } => self.end(Outcome::Revoked, reason, None, None),
            Command::End => {
                // A floating request that AWS has not confirmed has had no access: what is over is the wait for AWS, or
                // the longest session that could still have come of its first attempt.
                let give_up = since + ACTIVATION_DEADLINE;
                let (outcome, reason, due_at) = match self.request.terms.end_at {
                    Some(end) => (Outcome::Ended, "end", end),
                    None => {
                        let latest = self.request.latest_end().unwrap_or(give_up);
                        (Outcome::Failed, "not_confirmed", latest.min(give_up))
                    }
                };
                if due_at > self.now {
                    return Err(TransitionError::TooEarly(due_at));
                }
                self.end(outcome, reason, None, None);
            }
            Command::Lapse
            | Command::Escalate { .. }
            | Command::Start
            | Command::VerifyAbsent { .. }
            | Command::HandOver { .. }
            | Command::DeclareLost { .. }
            | Command::Reappear => return Err(self.not_now(command)),
        }
        Ok(())
    }

    fn in_active(&mut self, command: &Command, session: Session) -> Result<(), TransitionError> {
        let live = Some(session);
        match command {
            Command::Approve { .. } | Command::Reject { .. } => {
                return Err(TransitionError::AlreadyDecided(RequestState::Active));
            }
            Command::Done => self.end(Outcome::Ended, "done", live, None),
            Command::Revoke { comment } => {
                self.end(Outcome::Revoked, "revoked", live, comment.as_deref());
            }
            Command::LoseBasis { reason } => self.end(Outcome::Revoked, reason, live, None),
            Command::End => {
                if session.end_at > self.now {
                    return Err(TransitionError::TooEarly(session.end_at));
                }
                self.end(Outcome::Ended, "end", live, None);
            }
            Command::Cancel
            | Command::Escalate { .. }
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

    /// Approved, or no approval needed: on to its start.
    pub(super) fn begin(&mut self) {
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

    fn confirm(&mut self, first_attempt_at: Option<Time>) {
        let session = self.session(first_attempt_at);
        self.tell(EventType::RequestActive, |e| {
            e.with("start_at", Datum::Moment(session.start_at))
                .with("end_at", Datum::Moment(session.end_at))
        });
        self.request.state = State::Active { session };
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

    /// The session of a request that AWS has just confirmed. A slow AWS shortens a window, and a floating one past
    /// the grace; neither goes past the end of the rules that allow it.
    fn session(&self, first_attempt_at: Option<Time>) -> Session {
        let terms = &self.request.terms;
        match terms.end_at {
            // A fixed end stays where it is, also where no start was set: until T means until T.
            Some(end_at) => self.request.within_rules(Session {
                start_at: terms.start_at.unwrap_or(self.now),
                end_at,
            }),
            None => self.request.session_from(
                first_attempt_at.map_or(self.now, |first| self.now.min(first + FLOATING_GRACE)),
            ),
        }
    }

    pub(super) fn tell(&mut self, kind: EventType, with: impl FnOnce(EventDraft) -> EventDraft) {
        let event = self.request.event(kind, self.actor);
        self.events.push(with(event));
    }

    pub(super) fn not_now(&self, command: &Command) -> TransitionError {
        TransitionError::NotNow {
            state: self.request.state.word(),
            command: command.name(),
        }
    }

    pub(super) fn refuse_terminal(&self, command: &Command) -> TransitionError {
        match command {
            Command::Approve { .. } | Command::Reject { .. } => match self.request.state {
                State::Expired { at } => TransitionError::Expired(at),
                _ => TransitionError::AlreadyDecided(self.request.state.word()),
            },
            _ => self.not_now(command),
        }
    }
}
