//! A grant as a row.

use super::{Place, millis, note};
use crate::port::{StoreError, StoreResult};
use team_shared::state::GrantState;
use teamd_domain::grant::{Grant, Phase, State};
use teamd_domain::request::Key;

/// A row of `grants`, column for column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GrantRow {
    pub(crate) user_id: String,
    pub(crate) account_id: String,
    pub(crate) permission_set: String,
    pub(crate) state: String,
    pub(crate) listed_at: Option<i64>,
    pub(crate) phase: Option<String>,
    pub(crate) phase_request_id: Option<String>,
    pub(crate) phase_at: Option<i64>,
    pub(crate) attempts: i64,
    pub(crate) next_attempt_at: Option<i64>,
    pub(crate) last_error: Option<String>,
    pub(crate) aws_request_id: Option<String>,
    pub(crate) ambiguous_create_at: Option<i64>,
    pub(crate) owned_at: Option<i64>,
    pub(crate) failed_creates: i64,
    pub(crate) stuck_alarms: i64,
}

impl GrantRow {
    /// The grant in the form and precision in which it is stored.
    pub(crate) fn normal(grant: &Grant) -> StoreResult<Grant> {
        Grant::try_from(Self::from(grant))
    }

    fn put_phase(&mut self, phase: &Phase) {
        let (word, request_id, at) = match phase {
            Phase::Intent => ("intent", None, None),
            Phase::Accepted { request_id, at } => ("accepted", Some(request_id.as_str()), Some(*at)),
            Phase::Verifying { request_id, since } => ("verifying", request_id.as_deref(), Some(*since)),
        };
        self.phase = Some(word.to_owned());
        self.phase_request_id = request_id.map(note);
        self.phase_at = at.map(millis);
    }

    fn take_phase(&mut self, place: Place<'_>) -> StoreResult<Phase> {
        let (request_id, at) = (self.phase_request_id.take(), self.phase_at.take());
        match (self.phase.take().as_deref(), request_id, at) {
            (Some("intent"), None, None) => Ok(Phase::Intent),
            (Some("accepted"), Some(request_id), Some(at)) => Ok(Phase::Accepted {
                request_id,
                at: place.time("phase_at", at)?,
            }),
            (Some("verifying"), request_id, Some(since)) => Ok(Phase::Verifying {
                request_id,
                since: place.time("phase_at", since)?,
            }),
            (phase, request_id, at) => {
                Err(place.impossible(format!("phase {phase:?}, request {request_id:?}, at {at:?}")))
            }
        }
    }
}

impl From<&Grant> for GrantRow {
    fn from(grant: &Grant) -> Self {
        let mut row = Self {
            user_id: grant.key.user.to_string(),
            account_id: grant.key.account.to_string(),
            permission_set: grant.key.permission_set.to_string(),
            state: grant.word().to_string(),
            listed_at: None,
            phase: None,
            phase_request_id: None,
            phase_at: None,
            attempts: i64::from(grant.attempts),
            next_attempt_at: grant.next_attempt_at.map(millis),
            last_error: grant.last_error.as_deref().map(note),
            aws_request_id: grant.aws_request_id.as_deref().map(note),
            ambiguous_create_at: grant.ambiguous_create_at.map(millis),
            owned_at: grant.owned_at.map(millis),
            failed_creates: i64::from(grant.failed_creates),
            stuck_alarms: i64::from(grant.stuck_alarms),
        };
        match &grant.state {
            State::Absent { listed_at } => row.listed_at = listed_at.map(millis),
            State::Foreign { listed_at } => row.listed_at = Some(millis(*listed_at)),
            State::Creating(phase) | State::Deleting(phase) => row.put_phase(phase),
            State::Present | State::Unknown => {}
        }
        row
    }
}

impl TryFrom<GrantRow> for Grant {
    type Error = StoreError;

    fn try_from(mut row: GrantRow) -> StoreResult<Self> {
        let name = format!("{} {} {}", row.user_id, row.account_id, row.permission_set);
        let place = Place {
            table: "grants",
            row: &name,
        };
        let state = match place.parse("state", &row.state)? {
            GrantState::Absent => State::Absent {
                listed_at: place.maybe_time("listed_at", row.listed_at.take())?,
            },
            GrantState::Creating => State::Creating(row.take_phase(place)?),
            GrantState::Present => State::Present,
            GrantState::Deleting => State::Deleting(row.take_phase(place)?),
            GrantState::Foreign => State::Foreign {
                listed_at: match row.listed_at.take() {
                    Some(at) => place.time("listed_at", at)?,
                    None => return Err(place.impossible("listed_at is missing")),
                },
            },
            GrantState::Unknown => State::Unknown,
        };
        if row.listed_at.is_some()
            || row.phase.is_some()
            || row.phase_request_id.is_some()
            || row.phase_at.is_some()
        {
            return Err(place.impossible(format!("values that {} does not have", row.state)));
        }
        Ok(Self {
            key: Key {
                user: place.parse("user_id", &row.user_id)?,
                account: place.parse("account_id", &row.account_id)?,
                permission_set: place.parse("permission_set", &row.permission_set)?,
            },
            state,
            attempts: place.count("attempts", row.attempts)?,
            next_attempt_at: place.maybe_time("next_attempt_at", row.next_attempt_at)?,
            last_error: row.last_error,
            aws_request_id: row.aws_request_id,
            ambiguous_create_at: place.maybe_time("ambiguous_create_at", row.ambiguous_create_at)?,
            owned_at: place.maybe_time("owned_at", row.owned_at)?,
            failed_creates: place.count("failed_creates", row.failed_creates)?,
            stuck_alarms: place.count("stuck_alarms", row.stuck_alarms)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_belong_to_their_states() {
        let key = Key {
            user: "u".parse().unwrap(),
            account: "111122223333".parse().unwrap(),
            permission_set: "arn:ps".parse().unwrap(),
        };
        let mut row = GrantRow::from(&Grant::new(key));
        row.phase = Some("intent".into());
        assert!(Grant::try_from(row.clone()).is_err());
        row.state = "creating".into();
        assert!(Grant::try_from(row.clone()).is_ok());
        row.phase = Some("accepted".into());
        let error = Grant::try_from(row).unwrap_err().to_string();
        assert!(error.contains("grants: u 111122223333 arn:ps"), "{error}");
    }
}
