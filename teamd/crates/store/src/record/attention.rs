//! What people have done around a request, as a row.

use super::{Place, millis};
use crate::port::StoreResult;
use team_shared::ids::RequestId;
use teamd_domain::attention::{Attention, Claim, Review};

/// A row of `attention` without its request, column for column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AttentionRow {
    pub(crate) claimed_by: Option<String>,
    pub(crate) claimed_at: Option<i64>,
    pub(crate) claimed_until: Option<i64>,
    pub(crate) reminded_at: Option<i64>,
    pub(crate) escalated_at: Option<i64>,
    pub(crate) warned_at: Option<i64>,
    pub(crate) reviewed_by: Option<String>,
    pub(crate) reviewed_at: Option<i64>,
    pub(crate) review_comment: Option<String>,
}

impl AttentionRow {
    /// In the form and precision in which it is stored.
    pub(crate) fn normal(id: &RequestId, attention: &Attention) -> StoreResult<Attention> {
        Self::from(attention).read(id)
    }

    /// What the row says.
    pub(crate) fn read(self, id: &RequestId) -> StoreResult<Attention> {
        let name = id.to_string();
        let place = Place {
            table: "attention",
            row: &name,
        };
        let claim = match (self.claimed_by, self.claimed_at, self.claimed_until) {
            (None, None, None) => None,
            (Some(by), Some(at), Some(until)) => Some(Claim {
                by: place.parse("claimed_by", &by)?,
                at: place.time("claimed_at", at)?,
                until: place.time("claimed_until", until)?,
            }),
            half => return Err(place.impossible(format!("half a claim: {half:?}"))),
        };
        let review = match (self.reviewed_by, self.reviewed_at) {
            (None, None) => None,
            (Some(by), Some(at)) => Some(Review {
                by: place.parse("reviewed_by", &by)?,
                at: place.time("reviewed_at", at)?,
                comment: self.review_comment,
            }),
            half => return Err(place.impossible(format!("half a review: {half:?}"))),
        };
        Ok(Attention {
            claim,
            reminded_at: place.maybe_time("reminded_at", self.reminded_at)?,
            escalated_at: place.maybe_time("escalated_at", self.escalated_at)?,
            warned_at: place.maybe_time("warned_at", self.warned_at)?,
            review,
        })
    }
}

impl From<&Attention> for AttentionRow {
    fn from(attention: &Attention) -> Self {
        let (claim, review) = (attention.claim.as_ref(), attention.review.as_ref());
        Self {
            claimed_by: claim.map(|claim| claim.by.to_string()),
            claimed_at: claim.map(|claim| millis(claim.at)),
            claimed_until: claim.map(|claim| millis(claim.until)),
            reminded_at: attention.reminded_at.map(millis),
            escalated_at: attention.escalated_at.map(millis),
            warned_at: attention.warned_at.map(millis),
            reviewed_by: review.map(|review| review.by.to_string()),
            reviewed_at: review.map(|review| millis(review.at)),
            review_comment: review.and_then(|review| review.comment.clone()),
        }
    }
}
