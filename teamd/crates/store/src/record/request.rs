//! A request as a row, with its votes beside it.

use super::basis::{basis_from_json, basis_to_json};
use super::{Place, StateColumns, millis, signed, to_json};
use crate::port::{StoreError, StoreResult};
use team_shared::duration::Seconds;
use team_shared::state::RequestState;
use teamd_domain::request::{Key, Request, Terms, Vote};

/// A row of `requests`, column for column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RequestRow {
    pub(crate) id: String,
    pub(crate) version: i64,
    pub(crate) user_id: String,
    pub(crate) account_id: String,
    pub(crate) permission_set: String,
    pub(crate) revision: i64,
    pub(crate) shape: String,
    pub(crate) start_at: Option<i64>,
    pub(crate) end_at: Option<i64>,
    pub(crate) duration_seconds: i64,
    pub(crate) justification: String,
    pub(crate) ticket: Option<String>,
    pub(crate) break_glass: bool,
    pub(crate) extends: Option<String>,
    pub(crate) batch_id: Option<String>,
    pub(crate) created_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) basis: String,
    pub(crate) also_held_through: String,
    pub(crate) state: String,
    pub(crate) columns: StateColumns,
    pub(crate) deadline_ms: Option<i64>,
    pub(crate) votes: Vec<VoteRow>,
}

/// A row of `votes` without its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VoteRow {
    pub(crate) voter: String,
    pub(crate) at: i64,
    pub(crate) digest: String,
    pub(crate) comment: Option<String>,
}

impl RequestRow {
    /// The request in the form and precision in which it is stored.
    pub(crate) fn normal(request: &Request) -> StoreResult<Request> {
        Request::try_from(Self::try_from(request)?)
    }
}

impl TryFrom<&Request> for RequestRow {
    type Error = StoreError;

    fn try_from(request: &Request) -> StoreResult<Self> {
        if let Some(vote) = request.votes.iter().find(|vote| vote.by == request.key.user) {
            return Err(StoreError::Database(format!(
                "vote of the requester {} on {}",
                vote.by, request.id
            )));
        }
        let terms = &request.terms;
        Ok(Self {
            id: request.id.to_string(),
            version: signed(request.version)?,
            user_id: request.key.user.to_string(),
            account_id: request.key.account.to_string(),
            permission_set: request.key.permission_set.to_string(),
            revision: i64::from(terms.revision),
            shape: terms.shape.to_string(),
            start_at: terms.start_at.map(millis),
            end_at: terms.end_at.map(millis),
            duration_seconds: terms.duration.get(),
            justification: terms.justification.clone(),
            ticket: terms.ticket.clone(),
            break_glass: terms.break_glass,
            extends: request.extends.map(|id| id.to_string()),
            batch_id: request.batch_id.clone(),
            created_at: millis(request.created_at),
            expires_at: millis(request.expires_at),
            basis: basis_to_json(&request.basis)?,
            also_held_through: to_json(&request.also_held_through)?,
            state: request.state.word().to_string(),
            columns: StateColumns::from(&request.state),
            deadline_ms: request.deadline().map(millis),
            votes: request.votes.iter().map(VoteRow::from).collect(),
        })
    }
}

impl TryFrom<RequestRow> for Request {
    type Error = StoreError;

    fn try_from(row: RequestRow) -> StoreResult<Self> {
        let place = Place {
            table: "requests",
            row: &row.id,
        };
        let word: RequestState = place.parse("state", &row.state)?;
        let duration = Seconds::new(row.duration_seconds);
        Ok(Self {
            id: place.parse("id", &row.id)?,
            version: place.count("version", row.version)?,
            key: Key {
                user: place.parse("user_id", &row.user_id)?,
                account: place.parse("account_id", &row.account_id)?,
                permission_set: place.parse("permission_set", &row.permission_set)?,
            },
            terms: Terms {
                revision: place.count("revision", row.revision)?,
                shape: place.parse("shape", &row.shape)?,
                start_at: place.maybe_time("start_at", row.start_at)?,
                end_at: place.maybe_time("end_at", row.end_at)?,
                duration: duration.map_err(|error| place.impossible(format!("duration_seconds: {error}")))?,
                justification: row.justification,
                ticket: row.ticket,
                break_glass: row.break_glass,
            },
            extends: row.extends.map(|id| place.parse("extends", &id)).transpose()?,
            batch_id: row.batch_id,
            created_at: place.time("created_at", row.created_at)?,
            expires_at: place.time("expires_at", row.expires_at)?,
            basis: basis_from_json(place, &row.basis)?,
            also_held_through: place.json("also_held_through", &row.also_held_through)?,
            votes: row
                .votes
                .into_iter()
                .map(|vote| vote.into_vote(place))
                .collect::<StoreResult<_>>()?,
            state: row.columns.into_state(place, word)?,
        })
    }
}

impl From<&Vote> for VoteRow {
    fn from(vote: &Vote) -> Self {
        Self {
            voter: vote.by.to_string(),
            at: millis(vote.at),
            digest: vote.digest.clone(),
            comment: vote.comment.clone(),
        }
    }
}

impl VoteRow {
    fn into_vote(self, place: Place<'_>) -> StoreResult<Vote> {
        Ok(Vote {
            by: place.parse("voter", &self.voter)?,
            at: place.time("vote at", self.at)?,
            digest: self.digest,
            comment: self.comment,
        })
    }
}
