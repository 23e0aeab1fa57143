//! What a submission says about time and reason, before policy is asked.

use super::refused::Refused;
use super::submit::Submission;
use chrono::{SubsecRound, TimeDelta};
use std::sync::LazyLock;
use team_shared::duration::Seconds;
use team_shared::ids::RequestId;
use team_shared::problem::FieldError;
use team_shared::terms::Shape;
use team_shared::text;
use teamd_domain::Time;
use teamd_domain::request::Terms;

/// A start this little in the past is meant as "now".
pub(super) const START_SLACK: TimeDelta = TimeDelta::seconds(60);

/// The end of the year 9999: RFC 3339 knows no later time, and arithmetic on far later ones overflows.
pub(super) static FAR_AWAY: LazyLock<Time> =
    LazyLock::new(|| Time::from_timestamp(253_402_300_799, 0).unwrap_or(Time::MAX_UTC));

/// The time and texts of a submission, checked for what they are; policy comes later.
pub(super) fn read_terms(submission: &Submission, now: Time) -> Result<Terms, Refused> {
    let mut faults = Vec::new();
    let mut fault = |field: &str, message: String| {
        faults.push(FieldError {
            field: field.to_owned(),
            message,
        })
    };
    for (field, at) in [("start_at", submission.start_at), ("end_at", submission.end_at)] {
        if at.is_some_and(|at| at > *FAR_AWAY) {
            return Err(Refused::field(field, "lies after the year 9999"));
        }
    }
    // The store keeps milliseconds: a digest over finer times would not be found again.
    let end_at = submission.end_at.map(|end| end.trunc_subsecs(3));
    let start_at = submission.start_at.map(|start| start.trunc_subsecs(3).max(now));
    if submission.start_at.is_some_and(|start| start < now - START_SLACK) {
        fault("start_at", "lies in the past".to_owned());
    }
    let from = start_at.unwrap_or(now);
    let length = match (submission.duration_seconds, end_at) {
        (Some(_), Some(_)) => Err(("end_at", "give duration_seconds or end_at, not both".to_owned())),
        (None, None) => Err((
            "duration_seconds",
            "say for how long (duration_seconds) or until when (end_at)".to_owned(),
        )),
        (Some(seconds), None) => Seconds::new(seconds).map_err(|e| ("duration_seconds", e.to_string())),
        (None, Some(end)) if end <= from => Err(("end_at", "lies before the start".to_owned())),
        (None, Some(end)) => {
            // Rounded up: a window is never judged as shorter than it is.
            let seconds = (end - from).num_milliseconds().saturating_add(999) / 1000;
            Seconds::new(seconds).map_err(|e| ("end_at", e.to_string()))
        }
    };
    if let Err((field, message)) = &length {
        fault(field, message.clone());
    }
    for (field, value) in [
        ("justification", Some(&submission.justification)),
        ("ticket", submission.ticket.as_ref()),
    ] {
        if let Some(Err(error)) = value
            .filter(|value| !value.is_empty())
            .map(|value| text::check(value))
        {
            fault(field, error.to_string());
        }
    }
    if let Some(batch) = &submission.batch_id
        && batch.parse::<RequestId>().is_err()
    {
        fault("batch_id", "is not a ULID".to_owned());
    }
    let Ok(duration) = length else {
        return Err(Refused::invalid(faults));
    };
    if !faults.is_empty() {
        return Err(Refused::invalid(faults));
    }
    let (shape, start_at, end_at) = match (start_at, end_at) {
        (start, Some(end)) => (Shape::Until, Some(start.unwrap_or(now)), Some(end)),
        (Some(start), None) => (
            Shape::Window,
            Some(start),
            Some(start + TimeDelta::seconds(duration.get())),
        ),
        (None, None) => (Shape::Floating, None, None),
    };
    Ok(Terms {
        revision: 1,
        shape,
        start_at,
        end_at,
        duration,
        justification: submission.justification.clone(),
        ticket: submission.ticket.clone().filter(|ticket| !ticket.is_empty()),
        break_glass: submission.break_glass,
    })
}
