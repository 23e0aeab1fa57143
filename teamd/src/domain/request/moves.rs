//! The moves that several states share: what changes, and what is told about it.

use super::super::event::{Datum, EventDraft};
use super::transition::Step;
use super::{Command, FLOATING_GRACE, Finish, Outcome, Session, State, Time, TransitionError};
use chrono::TimeDelta;
use team_shared::event::EventType;

impl Step<'_> {
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

    pub(super) fn activate(&mut self) {
        self.tell(EventType::RequestActivating, |e| e);
        self.request.state = State::Activating {
            since: self.now,
            first_attempt_at: None,
        };
    }

    pub(super) fn cancel(&mut self) {
        self.tell(EventType::RequestCancelled, |e| e);
        self.request.state = State::Cancelled { at: self.now };
    }

    pub(super) fn withdraw(&mut self, reason: &str) {
        self.tell(EventType::RequestWithdrawn, |e| e.text("reason", reason));
        self.request.state = State::Withdrawn {
            at: self.now,
            reason: reason.to_owned(),
        };
    }

    pub(super) fn end(
        &mut self,
        outcome: Outcome,
        reason: &str,
        session: Option<Session>,
        comment: Option<&str>,
    ) {
        // Whoever ends it after its end does not make it any less late.
        let end = session
            .map(|session| session.end_at)
            .or(self.request.terms.end_at);
        let due_at = end.map_or(self.now, |end| end.min(self.now));
        // The outcome and the moment are in the event: a fold cannot tell them from a reason in AWS's words.
        self.tell(EventType::RequestEnding, |e| {
            e.text("reason", reason)
                .text("outcome", outcome.as_str())
                .with("due_at", Datum::Moment(due_at))
                .free("comment", comment)
        });
        self.request.state = State::Ending {
            since: self.now,
            due_at,
            reason: reason.to_owned(),
            outcome,
            session,
        };
    }

    pub(super) fn finish(&mut self, outcome: Outcome, finish: Finish) {
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
    pub(super) fn session(&self, first_attempt_at: Option<Time>) -> Session {
        let terms = &self.request.terms;
        match terms.end_at {
            // A fixed end stays where it is, also where no start was set: until T means until T.
            Some(end_at) => Session {
                start_at: terms.start_at.unwrap_or(self.now),
                end_at,
            },
            None => {
                let start_at =
                    first_attempt_at.map_or(self.now, |first| self.now.min(first + FLOATING_GRACE));
                Session {
                    start_at,
                    end_at: start_at + TimeDelta::seconds(terms.duration.get()),
                }
            }
        }
    }

    pub(super) fn tell(&mut self, kind: EventType, with: impl FnOnce(EventDraft) -> EventDraft) {
        self.events
            .push(with(EventDraft::new(kind).of(self.request.id).by(self.actor)));
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
