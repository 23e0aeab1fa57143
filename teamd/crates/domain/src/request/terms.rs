//! The terms of a request: what a vote is given on.

use super::super::Time;
use super::Key;
use chrono::TimeDelta;
use team_shared::duration::Seconds;
use team_shared::ids::RequestId;
use team_shared::terms::{DigestInput, Shape, digest};

/// What is decided on. Windows do not move; a floating request has neither start nor end until it is active.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Counts changes, from 1.
    pub revision: u32,
    /// How its time is meant.
    pub shape: Shape,
    /// Start, for windows.
    pub start_at: Option<Time>,
    /// End, for windows.
    pub end_at: Option<Time>,
    /// Length.
    pub duration: Seconds,
    /// Why.
    pub justification: String,
    /// Ticket.
    pub ticket: Option<String>,
    /// Asked as break-glass.
    pub break_glass: bool,
}

impl Terms {
    /// The digest that votes are bound to.
    #[must_use]
    pub fn digest(&self, id: &RequestId, key: &Key, extends: Option<&RequestId>) -> String {
        digest(&DigestInput {
            request_id: id,
            revision: self.revision,
            user_id: &key.user,
            account_id: &key.account,
            permission_set_arn: &key.permission_set,
            shape: self.shape,
            start_at: self.start_at,
            end_at: self.end_at,
            duration_seconds: self.duration.get(),
            justification: &self.justification,
            ticket: self.ticket.as_deref(),
            break_glass: self.break_glass,
            extends,
        })
    }

    /// The same with another length and perhaps a start. `--for` keeps the start; `--at` makes a floating request a
    /// window, and leaves the end of "until" where it is. The revision is counted up only if anything changed.
    #[must_use]
    pub fn changed(&self, duration: Option<Seconds>, start_at: Option<Time>) -> Self {
        let mut terms = self.clone();
        terms.duration = duration.unwrap_or(terms.duration);
        if let Some(start) = start_at {
            if terms.shape == Shape::Floating {
                terms.shape = Shape::Window;
            }
            terms.start_at = Some(start);
            if terms.shape == Shape::Until
                && duration.is_none()
                && let Some(end) = terms.end_at
            {
                // Rounded up, as at a submission; the end stays where it is to the millisecond.
                let rest = (end - start).num_milliseconds().saturating_add(999) / 1000;
                terms.duration = Seconds::new(rest).unwrap_or(terms.duration);
            }
        }
        if let Some(start) = terms.start_at
            && (duration.is_some() || start_at.is_some() && terms.shape != Shape::Until)
        {
            terms.end_at = Some(start + TimeDelta::seconds(terms.duration.get()));
        }
        if terms != *self {
            terms.revision = self.revision + 1;
        }
        terms
    }

    /// The window is over.
    #[must_use]
    pub fn is_over(&self, now: Time) -> bool {
        self.end_at.is_some_and(|end| end <= now)
    }
}

/// Whether a vote for `old` also counts for `new`: same start, end and duration not longer, nothing else changed.
#[must_use]
pub fn narrower(new: &Terms, old: &Terms) -> bool {
    let end_fits = match (new.end_at, old.end_at) {
        (None, None) => true,
        (Some(new), Some(old)) => new <= old,
        (None, Some(_)) | (Some(_), None) => false,
    };
    new.shape == old.shape
        && new.start_at == old.start_at
        && end_fits
        && new.duration <= old.duration
        && new.justification == old.justification
        && new.ticket == old.ticket
        && new.break_glass == old.break_glass
}

/// Until when a request can be decided: created + `expiry`; for a future start, at the start if that is later; never
/// after its end.
#[must_use]
pub fn expires_at(created_at: Time, expiry: Seconds, terms: &Terms) -> Time {
    let mut at = created_at + TimeDelta::seconds(expiry.get());
    if let Some(start) = terms.start_at {
        at = at.max(start);
    }
    terms.end_at.map_or(at, |end| at.min(end))
}
