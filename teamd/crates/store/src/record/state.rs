//! The columns in which the state of a request stands. Each state owns some of them; a value in any other makes the
//! row impossible.

use super::{Place, millis, note};
use crate::port::StoreResult;
use team_shared::state::RequestState;
use teamd_domain::Time;
use teamd_domain::request::{Finish, Outcome, Session, Signature, State};

/// The columns beside the word of the state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct StateColumns {
    pub(crate) approved_at: Option<i64>,
    pub(crate) since: Option<i64>,
    pub(crate) first_attempt_at: Option<i64>,
    pub(crate) session_start: Option<i64>,
    pub(crate) session_end: Option<i64>,
    pub(crate) due_at: Option<i64>,
    pub(crate) reason: Option<String>,
    pub(crate) outcome: Option<String>,
    pub(crate) finished_at: Option<i64>,
    pub(crate) late_by_seconds: Option<i64>,
    pub(crate) residual_until: Option<i64>,
    pub(crate) still_held_by: Option<String>,
    pub(crate) decided_by: Option<String>,
    pub(crate) comment: Option<String>,
    pub(crate) given_up_by: Option<String>,
    pub(crate) given_up_at: Option<i64>,
    pub(crate) given_up_reason: Option<String>,
}

impl From<&State> for StateColumns {
    fn from(state: &State) -> Self {
        let mut columns = Self::default();
        match state {
            State::Pending => {}
            State::Scheduled { approved_at } => columns.approved_at = Some(millis(*approved_at)),
            State::Activating {
                since,
                first_attempt_at,
            } => {
                columns.since = Some(millis(*since));
                columns.first_attempt_at = first_attempt_at.map(millis);
            }
            State::Active { session } => columns.put_session(Some(*session)),
            State::Ending {
                since,
                due_at,
                reason,
                outcome,
                session,
                given_up,
            } => {
                columns.since = Some(millis(*since));
                columns.due_at = Some(millis(*due_at));
                columns.reason = Some(note(reason));
                columns.outcome = Some(outcome_word(*outcome).to_owned());
                columns.put_session(*session);
                if let Some(signature) = given_up {
                    columns.given_up_by = Some(signature.by.to_string());
                    columns.given_up_at = Some(millis(signature.at));
                    columns.given_up_reason = Some(note(&signature.reason));
                }
            }
            State::Ended(finish) | State::Revoked(finish) | State::Failed(finish) => {
                columns.put_finish(finish)
            }
            State::Rejected { at, by, comment } => {
                columns.finished_at = Some(millis(*at));
                columns.decided_by = Some(by.to_string());
                columns.comment.clone_from(comment);
            }
            State::Cancelled { at } | State::Expired { at } => columns.finished_at = Some(millis(*at)),
            State::Withdrawn { at, reason } => {
                columns.finished_at = Some(millis(*at));
                columns.reason = Some(note(reason));
            }
            State::Lost { at, reason, session } => {
                columns.finished_at = Some(millis(*at));
                columns.reason = Some(note(reason));
                columns.put_session(*session);
            }
        }
        columns
    }
}

impl StateColumns {
    /// The state that they stand for.
    pub(super) fn into_state(mut self, place: Place<'_>, word: RequestState) -> StoreResult<State> {
        let state = match word {
            RequestState::Pending => State::Pending,
            RequestState::Scheduled => State::Scheduled {
                approved_at: time(place, "approved_at", &mut self.approved_at)?,
            },
            RequestState::Activating => State::Activating {
                since: time(place, "since", &mut self.since)?,
                first_attempt_at: place.maybe_time("first_attempt_at", self.first_attempt_at.take())?,
            },
            RequestState::Active => State::Active {
                session: need(place, "session_start", self.take_session(place)?)?,
            },
            RequestState::Ending => State::Ending {
                since: time(place, "since", &mut self.since)?,
                due_at: time(place, "due_at", &mut self.due_at)?,
                reason: need(place, "reason", self.reason.take())?,
                outcome: outcome_of(place, &need(place, "outcome", self.outcome.take())?)?,
                session: self.take_session(place)?,
                given_up: self.take_signature(place)?,
            },
            RequestState::Ended => State::Ended(self.take_finish(place)?),
            RequestState::Revoked => State::Revoked(self.take_finish(place)?),
            RequestState::Failed => State::Failed(self.take_finish(place)?),
            RequestState::Rejected => State::Rejected {
                at: time(place, "finished_at", &mut self.finished_at)?,
                by: place.parse("decided_by", &need(place, "decided_by", self.decided_by.take())?)?,
                comment: self.comment.take(),
            },
            RequestState::Cancelled => State::Cancelled {
                at: time(place, "finished_at", &mut self.finished_at)?,
            },
            RequestState::Expired => State::Expired {
                at: time(place, "finished_at", &mut self.finished_at)?,
            },
            RequestState::Withdrawn => State::Withdrawn {
                at: time(place, "finished_at", &mut self.finished_at)?,
                reason: need(place, "reason", self.reason.take())?,
            },
            RequestState::Lost => State::Lost {
                at: time(place, "finished_at", &mut self.finished_at)?,
                reason: need(place, "reason", self.reason.take())?,
                session: self.take_session(place)?,
            },
        };
        if self == Self::default() {
            Ok(state)
        } else {
            Err(place.impossible(format!("values that {word} does not have: {self:?}")))
        }
    }

    fn put_session(&mut self, session: Option<Session>) {
        self.session_start = session.map(|session| millis(session.start_at));
        self.session_end = session.map(|session| millis(session.end_at));
    }

    fn take_session(&mut self, place: Place<'_>) -> StoreResult<Option<Session>> {
        match (self.session_start.take(), self.session_end.take()) {
            (None, None) => Ok(None),
            (Some(start), Some(end)) => Ok(Some(Session {
                start_at: place.time("session_start", start)?,
                end_at: place.time("session_end", end)?,
            })),
            (Some(_), None) | (None, Some(_)) => Err(place.impossible("half a session")),
        }
    }

    fn take_signature(&mut self, place: Place<'_>) -> StoreResult<Option<Signature>> {
        let Some(by) = self.given_up_by.take() else {
            return Ok(None);
        };
        Ok(Some(Signature {
            by: place.parse("given_up_by", &by)?,
            at: time(place, "given_up_at", &mut self.given_up_at)?,
            reason: need(place, "given_up_reason", self.given_up_reason.take())?,
        }))
    }

    fn put_finish(&mut self, finish: &Finish) {
        self.finished_at = Some(millis(finish.at));
        self.reason = Some(note(&finish.reason));
        self.put_session(finish.session);
        self.late_by_seconds = Some(finish.late_by_seconds);
        self.residual_until = finish.residual_until.map(millis);
        self.still_held_by = finish.still_held_by.map(|id| id.to_string());
    }

    fn take_finish(&mut self, place: Place<'_>) -> StoreResult<Finish> {
        Ok(Finish {
            at: time(place, "finished_at", &mut self.finished_at)?,
            reason: need(place, "reason", self.reason.take())?,
            session: self.take_session(place)?,
            late_by_seconds: need(place, "late_by_seconds", self.late_by_seconds.take())?,
            residual_until: place.maybe_time("residual_until", self.residual_until.take())?,
            still_held_by: self
                .still_held_by
                .take()
                .map(|id| place.parse("still_held_by", &id))
                .transpose()?,
        })
    }
}

fn need<T>(place: Place<'_>, column: &str, value: Option<T>) -> StoreResult<T> {
    value.ok_or_else(|| place.impossible(format!("{column} is missing")))
}

fn time(place: Place<'_>, column: &str, value: &mut Option<i64>) -> StoreResult<Time> {
    place.time(column, need(place, column, value.take())?)
}

fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ended => "ended",
        Outcome::Revoked => "revoked",
        Outcome::Failed => "failed",
    }
}

fn outcome_of(place: Place<'_>, word: &str) -> StoreResult<Outcome> {
    match word {
        "ended" => Ok(Outcome::Ended),
        "revoked" => Ok(Outcome::Revoked),
        "failed" => Ok(Outcome::Failed),
        other => Err(place.impossible(format!("outcome: {other:?}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place<'static> = Place {
        table: "requests",
        row: "X",
    };

    #[test]
    fn a_value_of_another_state_makes_the_row_impossible() {
        let columns = StateColumns {
            due_at: Some(1),
            ..StateColumns::default()
        };
        let error = columns
            .into_state(PLACE, RequestState::Pending)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("impossible row in requests: X") && error.contains("due_at"),
            "{error}"
        );
    }

    #[test]
    fn a_missing_value_is_named() {
        for word in RequestState::ALL
            .iter()
            .filter(|word| **word != RequestState::Pending)
        {
            assert!(
                StateColumns::default().into_state(PLACE, *word).is_err(),
                "{word}"
            );
        }
        let half = StateColumns {
            session_start: Some(1),
            ..StateColumns::default()
        };
        assert!(
            half.into_state(PLACE, RequestState::Active)
                .unwrap_err()
                .to_string()
                .contains("half")
        );
    }
}
