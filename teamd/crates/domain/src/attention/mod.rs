//! What people do around a request without changing what it is: who looks at it, who was reminded of it, who has looked at
//! what was done with it. Kept beside the request, so that none of it makes an approver's reading stale.
//!
//! Reminders are in `teamd_policy`, whose settings say when they are due.

#[cfg(test)]
mod tests;

use super::Time;
use super::event::{Actor, Datum, EventDraft};
use super::request::{Request, State};
use chrono::TimeDelta;
use team_shared::duration::Seconds;
use team_shared::event::EventType;
use team_shared::ids::UserId;
use team_shared::state::RequestState;

/// Somebody looks at a request, so that others need not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Who.
    pub by: UserId,
    /// Since when.
    pub at: Time,
    /// It means nothing from then on.
    pub until: Time,
}

/// Somebody has looked at what was done with the access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// Who; never the requester.
    pub by: UserId,
    /// When.
    pub at: Time,
    /// What they said.
    pub comment: Option<String>,
}

/// All of it. The default: nobody has done anything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attention {
    /// Who looks at it, or has.
    pub claim: Option<Claim>,
    /// When its approvers were reminded last.
    pub reminded_at: Option<Time>,
    /// When it went to those whom `escalate_to` names.
    pub escalated_at: Option<Time>,
    /// When its requester was warned of the end last.
    pub warned_at: Option<Time>,
    /// Who has closed its review.
    pub review: Option<Review>,
}

/// Why it does not apply. None of them is worth a retry with the same input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttentionError {
    /// The requester's own.
    #[error("nobody {0} their own request")]
    Own(&'static str),
    /// Only what waits for a decision is claimed.
    #[error("request is {0}: only a pending one is claimed")]
    NotPending(RequestState),
    /// Somebody else looks at it.
    #[error("somebody else is looking at it until {}", .until.format("%H:%M:%SZ"))]
    Claimed {
        /// Who.
        by: UserId,
        /// Until when.
        until: Time,
    },
    /// There is no claim of theirs.
    #[error("you have not claimed it")]
    NotClaimed,
    /// Nothing was done with it yet.
    #[error("request is {0}: a review is closed once its access is over")]
    NotOver(RequestState),
    /// It never was access.
    #[error("request is {0}: it never was access, so there is nothing to review")]
    NothingToReview(RequestState),
    /// What the session left behind is not acknowledged.
    #[error("not acknowledged: {}", .0.join("; "))]
    Unacknowledged(Vec<String>),
    /// What is acknowledged was not left behind.
    #[error("the session did not leave behind: {}", .0.join("; "))]
    NotLeftBehind(Vec<String>),
    /// It was closed.
    #[error("its review is closed since {}", .at.format("%Y-%m-%d %H:%M:%SZ"))]
    Reviewed {
        /// By whom.
        by: UserId,
        /// When.
        at: Time,
    },
}

/// What is to be kept, and what the trail is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    /// To be kept.
    pub attention: Attention,
    /// To be told.
    pub event: EventDraft,
}

type Answer = Result<Noted, AttentionError>;

impl Attention {
    /// The claim that holds now: only what waits for a decision is claimed.
    #[must_use]
    pub fn claim_on(&self, request: &Request, now: Time) -> Option<&Claim> {
        let is_pending = matches!(request.state, State::Pending);
        self.claim
            .as_ref()
            .filter(|claim| is_pending && claim.until > now)
    }

    /// Whether somebody still has to look at what was done with the access. Break-glass needs it from the first moment
    /// of access on, although it is closed only when that is over.
    #[must_use]
    pub fn needs_review(&self, request: &Request) -> bool {
        let is_glass_broken = request.terms.break_glass
            && (request.state.is_live() || matches!(request.state, State::Ending { .. }));
        self.review.is_none() && (was_access(request) || is_glass_broken)
    }
}

/// Whether the request is over and was access, or break-glass that got as far as AWS.
#[must_use]
pub fn was_access(request: &Request) -> bool {
    let is_over = matches!(
        request.state,
        State::Ended(_) | State::Revoked(_) | State::Failed(_) | State::Lost { .. }
    );
    is_over && (request.state.session().is_some() || request.terms.break_glass)
}

/// Somebody looks at a request, for `hold`. Saying so again prolongs it.
///
/// # Errors
/// It is their own, not pending, or somebody else has claimed it and that still holds.
pub fn claim(
    request: &Request,
    attention: &Attention,
    by: &UserId,
    hold: Seconds,
    actor: &Actor,
    now: Time,
) -> Answer {
    if request.key.user == *by {
        return Err(AttentionError::Own("claims"));
    }
    if !matches!(request.state, State::Pending) {
        return Err(AttentionError::NotPending(request.state.word()));
    }
    if let Some(other) = attention.claim_on(request, now).filter(|claim| claim.by != *by) {
        return Err(AttentionError::Claimed {
            by: other.by.clone(),
            until: other.until,
        });
    }
    let until = now + TimeDelta::seconds(hold.get());
    let claim = Claim {
        by: by.clone(),
        at: now,
        until,
    };
    Ok(Noted {
        attention: Attention {
            claim: Some(claim),
            ..attention.clone()
        },
        event: request
            .event(EventType::RequestClaimed, actor)
            .with("until", Datum::Moment(until)),
    })
}

/// They do not look at it any more.
///
/// # Errors
/// There is no claim of theirs.
pub fn unclaim(request: &Request, attention: &Attention, by: &UserId, actor: &Actor, now: Time) -> Answer {
    match attention.claim_on(request, now) {
        Some(claim) if claim.by == *by => Ok(Noted {
            attention: Attention {
                claim: None,
                ..attention.clone()
            },
            event: request.event(EventType::RequestUnclaimed, actor),
        }),
        Some(_) | None => Err(AttentionError::NotClaimed),
    }
}

/// What a review has found.
#[derive(Debug, Clone, Copy, Default)]
pub struct Found<'a> {
    /// In the reviewer's words.
    pub comment: Option<&'a str>,
    /// What the session left behind, by its labels.
    pub left_behind: &'a [String],
    /// Of that, what may stay or is gone.
    pub acknowledged: &'a [String],
}

/// Somebody has looked at what was done with the access.
///
/// # Errors
/// It is their own, not over, never was access, or closed already.
pub fn review(
    request: &Request,
    attention: &Attention,
    by: &UserId,
    found: Found<'_>,
    actor: &Actor,
    now: Time,
) -> Answer {
    if request.key.user == *by {
        return Err(AttentionError::Own("reviews"));
    }
    if let Some(done) = &attention.review {
        return Err(AttentionError::Reviewed {
            by: done.by.clone(),
            at: done.at,
        });
    }
    if !was_access(request) {
        let word = request.state.word();
        return Err(if word.is_terminal() {
            AttentionError::NothingToReview(word)
        } else {
            AttentionError::NotOver(word)
        });
    }
    let differs = |one: &[String], other: &[String]| -> Vec<String> {
        one.iter()
            .filter(|label| !other.contains(label))
            .cloned()
            .collect()
    };
    let (open, unknown) = (
        differs(found.left_behind, found.acknowledged),
        differs(found.acknowledged, found.left_behind),
    );
    if !open.is_empty() {
        return Err(AttentionError::Unacknowledged(open));
    }
    if !unknown.is_empty() {
        return Err(AttentionError::NotLeftBehind(unknown));
    }
    let review = Review {
        by: by.clone(),
        at: now,
        comment: found.comment.map(ToOwned::to_owned),
    };
    let acknowledged = match found.left_behind {
        [] => None,
        left => Some(Datum::List(left.to_vec())),
    };
    Ok(Noted {
        attention: Attention {
            review: Some(review),
            ..attention.clone()
        },
        event: acknowledged.into_iter().fold(
            request
                .event(EventType::RequestReviewed, actor)
                .with("break_glass", Datum::Flag(request.terms.break_glass))
                .free("comment", found.comment),
            |event, labels| event.with("acknowledged", labels),
        ),
    })
}
