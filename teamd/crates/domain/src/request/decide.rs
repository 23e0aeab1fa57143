//! Decisions on a pending request: who may take them, and what a vote is worth once the terms change.

use super::super::event::Datum;
use super::transition::Step;
use super::{Basis, Change, Terms, TransitionError, Vote, narrower};
use std::collections::BTreeSet;
use team_shared::event::EventType;
use team_shared::ids::UserId;

impl Step<'_> {
    pub(super) fn approve(
        &mut self,
        by: &UserId,
        comment: Option<&str>,
        change: Change,
        basis: &Basis,
    ) -> Result<(), TransitionError> {
        self.may_decide(by)?;
        if !basis.asks(by) {
            return Err(TransitionError::NotAnApprover);
        }
        let terms = self.request.terms.changed(change.duration, change.start_at);
        if terms.is_over(self.now) {
            return Err(TransitionError::Expired(terms.end_at.unwrap_or(self.now)));
        }
        if terms != self.request.terms {
            self.change_terms(by, terms);
        } else if self.request.votes.iter().any(|vote| vote.by == *by) {
            return Err(TransitionError::AlreadyVoted);
        }
        self.request.basis = basis.clone();
        let digest = self.request.digest();
        self.request.votes.push(Vote {
            by: by.clone(),
            at: self.now,
            digest,
            comment: comment.map(ToOwned::to_owned),
        });
        self.tell(EventType::RequestVoted, |e| e.free("comment", comment));
        if self.request.is_approved() {
            self.tell(EventType::RequestApproved, |e| e);
            self.begin();
        }
        Ok(())
    }

    /// Others may decide it too, from now on. Votes that count stay.
    pub(super) fn escalate(&mut self, basis: &Basis) -> Result<(), TransitionError> {
        if self.now >= self.request.expires_at {
            return Err(TransitionError::Expired(self.request.expires_at));
        }
        let approvers = |basis: &Basis| -> BTreeSet<UserId> {
            let all = basis.demands.iter().flat_map(|demand| demand.approvers.iter());
            all.cloned().collect()
        };
        let before = approvers(&self.request.basis);
        let to: Vec<String> = approvers(basis)
            .difference(&before)
            .map(ToString::to_string)
            .collect();
        self.request.basis = basis.clone();
        let expires_at = self.request.expires_at;
        self.tell(EventType::RequestEscalated, |e| {
            e.with("to", Datum::List(to))
                .with("expires_at", Datum::Moment(expires_at))
        });
        Ok(())
    }

    pub(super) fn may_decide(&self, by: &UserId) -> Result<(), TransitionError> {
        if *by == self.request.key.user {
            return Err(TransitionError::SelfApproval);
        }
        if self.now >= self.request.expires_at {
            return Err(TransitionError::Expired(self.request.expires_at));
        }
        Ok(())
    }

    /// New terms: votes that do not fit them are void, and so is the voter's own, which is about to be given anew.
    fn change_terms(&mut self, by: &UserId, terms: Terms) {
        if !narrower(&terms, &self.request.terms) {
            self.request.votes.clear();
        }
        self.request.votes.retain(|vote| vote.by != *by);
        let expires_at = self.request.expires_at;
        let expires_at = terms.start_at.map_or(expires_at, |start| start.max(expires_at));
        let expires_at = terms.end_at.map_or(expires_at, |end| end.min(expires_at));
        self.request.expires_at = expires_at;
        self.request.terms = terms.clone();
        self.tell(EventType::RequestTermsChanged, |e| {
            let mut e = e
                .with("revision", Datum::Number(i64::from(terms.revision)))
                .text("shape", terms.shape.as_str())
                .with("duration_seconds", Datum::Number(terms.duration.get()))
                .with("expires_at", Datum::Moment(expires_at));
            for (name, at) in [("start_at", terms.start_at), ("end_at", terms.end_at)] {
                if let Some(at) = at {
                    e = e.with(name, Datum::Moment(at));
                }
            }
            e
        });
    }
}
