//! The way down: from the end, whoever brought it about, to the moment when absence is verified.

use super::super::event::Datum;
use super::transition::Step;
use super::{
    Command, FLOATING_GRACE, Finish, Outcome, Request, Session, Signature, State, Time, TransitionError,
    UserId,
};
use chrono::TimeDelta;
use team_shared::event::EventType;
use team_shared::state::RequestState;

impl Request {
    /// When the access that it holds or waits for is over at the latest; none: nothing says so yet. A floating request
    /// has such a moment from its first create attempt on, whatever becomes of the attempt.
    #[must_use]
    pub fn latest_end(&self) -> Option<Time> {
        match &self.state {
            State::Activating {
                first_attempt_at: Some(first),
                ..
            } if self.terms.end_at.is_none() => Some(self.session_from(*first + FLOATING_GRACE).end_at),
            state => state
                .session()
                .map(|session| session.end_at)
                .or(self.terms.end_at),
        }
    }

    /// The session of a floating request whose clock starts at `start_at`.
    pub(super) fn session_from(&self, start_at: Time) -> Session {
        let end_at = start_at + TimeDelta::seconds(self.terms.duration.get());
        self.within_rules(Session { start_at, end_at })
    }

    /// A session that does not go past the end of the rules that allow it.
    pub(super) fn within_rules(&self, session: Session) -> Session {
        let rules_end = self.basis.valid_until.unwrap_or(session.end_at);
        Session {
            end_at: session.end_at.min(rules_end.max(session.start_at)),
            ..session
        }
    }
}

impl Step<'_> {
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
            given_up: None,
        };
    }

    /// The first administrator signs, another one's signature makes it lost. Nothing about the removal changes.
    pub(super) fn give_up(
        &mut self,
        by: &UserId,
        reason: &str,
        session: Option<Session>,
        first: Option<&Signature>,
    ) -> Result<(), TransitionError> {
        if *by == self.request.key.user {
            return Err(TransitionError::SelfApproval);
        }
        match first {
            Some(first) if first.by == *by => return Err(TransitionError::AlreadySigned),
            Some(first) => {
                let first_by = first.by.to_string();
                self.tell(EventType::RequestLost, |e| {
                    e.text("first_by", first_by).free("reason", Some(reason))
                });
                self.request.state = State::Lost {
                    at: self.now,
                    reason: reason.to_owned(),
                    session,
                };
            }
            None => {
                self.tell(EventType::RequestGivenUp, |e| e.free("reason", Some(reason)));
                let signature = Signature {
                    by: by.clone(),
                    at: self.now,
                    reason: reason.to_owned(),
                };
                if let State::Ending { given_up, .. } = &mut self.request.state {
                    *given_up = Some(signature);
                }
            }
        }
        Ok(())
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

    pub(super) fn in_ending(
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
            Command::Approve { .. } | Command::Reject { .. } => {
                return Err(TransitionError::AlreadyDecided(RequestState::Ending));
            }
            Command::Cancel
            | Command::Escalate { .. }
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
            | Command::DeclareLost { .. }
            | Command::Reappear => return Err(self.not_now(command)),
        }
        Ok(())
    }

    pub(super) fn in_lost(
        &mut self,
        command: &Command,
        session: Option<Session>,
    ) -> Result<(), TransitionError> {
        match command {
            Command::Reappear => self.end(Outcome::Ended, "reappeared", session, None),
            Command::Approve { .. }
            | Command::Reject { .. }
            | Command::Escalate { .. }
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
}
