//! When somebody is told that a request waits, that it goes to others too, or that access is about to end. Pure: what is
//! due at a moment, and when to look again. What was due while the daemon was away is told once, not once for each.

#[cfg(test)]
mod tests;

use crate::Settings;
use chrono::TimeDelta;
use team_shared::duration::Seconds;
use team_shared::event::EventType;
use teamd_domain::Time;
use teamd_domain::attention::{Attention, Noted};
use teamd_domain::event::{Actor, Datum};
use teamd_domain::request::{Request, State};

fn length(seconds: Seconds) -> TimeDelta {
    TimeDelta::seconds(seconds.get())
}

/// When a pending request goes to `escalate_to` too; `None`: never, or it is decided.
#[must_use]
pub fn escalates_at(request: &Request, settings: &Settings) -> Option<Time> {
    let is_pending = matches!(request.state, State::Pending);
    let after = settings.escalate_after.filter(|_| is_pending)?;
    Some(request.created_at + length(after)).filter(|at| *at < request.expires_at)
}

/// Whether a request has waited so long that those whom `escalate_to` names may decide it.
#[must_use]
pub fn is_escalated(request: &Request, settings: &Settings, now: Time) -> bool {
    escalates_at(request, settings).is_some_and(|at| at <= now)
}

/// When the approvers of a pending request are reminded next.
fn reminds_at(request: &Request, attention: &Attention, settings: &Settings) -> Option<Time> {
    let every = settings.remind_approvers_every?;
    let is_pending = matches!(request.state, State::Pending);
    let last = attention.reminded_at.unwrap_or(request.created_at);
    Some(last + length(every)).filter(|at| is_pending && *at < request.expires_at)
}

/// Moments before the end of live access at which its requester is warned and was not yet, in no order. A moment before
/// its beginning is none: who asks for ten minutes is not told at once that they end in less than fifteen.
fn warnings<'a>(
    request: &'a Request,
    attention: &'a Attention,
    settings: &'a Settings,
) -> impl Iterator<Item = Time> + 'a {
    let session = match &request.state {
        State::Active { session } => Some(*session),
        _ => None,
    };
    session.into_iter().flat_map(move |session| {
        settings
            .remind_before_end
            .iter()
            .map(move |before| session.end_at - length(*before))
            .filter(move |at| *at > session.start_at)
            .filter(|at| attention.warned_at.is_none_or(|warned| *at > warned))
    })
}

/// When there is something to tell about the request; `None`: never, as things stand.
#[must_use]
pub fn next(request: &Request, attention: &Attention, settings: &Settings) -> Option<Time> {
    let escalation = escalates_at(request, settings).filter(|_| attention.escalated_at.is_none());
    [escalation, reminds_at(request, attention, settings)]
        .into_iter()
        .flatten()
        .chain(warnings(request, attention, settings))
        .min()
}

/// The reminder to approvers, where it is due.
#[must_use]
pub fn to_approvers(
    request: &Request,
    attention: &Attention,
    settings: &Settings,
    now: Time,
) -> Option<Noted> {
    reminds_at(request, attention, settings).filter(|at| *at <= now && now < request.expires_at)?;
    let waited = (now - request.created_at).num_seconds();
    Some(Noted {
        attention: Attention {
            reminded_at: Some(now),
            ..attention.clone()
        },
        event: request
            .event(EventType::ReminderPending, &Actor::daemon())
            .with("waiting_seconds", Datum::Number(waited))
            .with("expires_at", Datum::Moment(request.expires_at)),
    })
}

/// The warning of the end, where one is due. With access that goes on by an extension nothing ends, and nothing is told.
#[must_use]
pub fn before_end(
    request: &Request,
    attention: &Attention,
    settings: &Settings,
    goes_on: bool,
    now: Time,
) -> Option<(Attention, Option<Noted>)> {
    let State::Active { session } = &request.state else {
        return None;
    };
    warnings(request, attention, settings).find(|at| *at <= now && now < session.end_at)?;
    let attention = Attention {
        warned_at: Some(now),
        ..attention.clone()
    };
    let noted = (!goes_on).then(|| Noted {
        attention: attention.clone(),
        event: request
            .event(EventType::ReminderBeforeEnd, &Actor::daemon())
            .with("end_at", Datum::Moment(session.end_at))
            .with(
                "seconds_left",
                Datum::Number((session.end_at - now).num_seconds()),
            ),
    });
    Some((attention, noted))
}
