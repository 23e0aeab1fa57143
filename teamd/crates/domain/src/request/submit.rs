//! How a request comes to be.

use super::super::event::{Actor, Datum};
use super::transition::{Next, Step};
use super::{Request, Time};
use team_shared::event::EventType;

/// What a new request turns into, and what the audit trail is told: `pending`, or straight on where nothing must be
/// approved. The request comes in as `pending` at version 1.
#[must_use]
pub fn submit(request: Request, actor: &Actor, now: Time) -> Next {
    let approval_needed = !request.basis.demands.is_empty();
    let mut step = Step {
        request,
        events: Vec::new(),
        actor,
        now,
    };
    let (key, terms) = (step.request.key.clone(), step.request.terms.clone());
    let expires_at = step.request.expires_at;
    let rules = step.request.basis.rules.clone();
    step.tell(EventType::RequestSubmitted, |e| {
        let mut e = e
            .text("user_id", key.user.as_str())
            .text("account_id", key.account.as_str())
            .text("permission_set_arn", key.permission_set.as_str())
            .with("duration_seconds", Datum::Number(terms.duration.get()))
            .with("break_glass", Datum::Flag(terms.break_glass))
            .with("rules", Datum::List(rules))
            .with("expires_at", Datum::Moment(expires_at))
            .text("shape", terms.shape.as_str())
            .free("justification", Some(&terms.justification))
            .free("ticket", terms.ticket.as_deref());
        for (name, at) in [("start_at", terms.start_at), ("end_at", terms.end_at)] {
            if let Some(at) = at {
                e = e.with(name, Datum::Moment(at));
            }
        }
        e
    });
    if !approval_needed {
        step.tell(EventType::RequestApproved, |e| {
            e.with("approval_required", Datum::Flag(false))
        });
        step.begin();
    }
    Next {
        request: step.request,
        events: step.events,
    }
}
