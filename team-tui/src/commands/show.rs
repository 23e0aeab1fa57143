//! `show ID`: a readable sheet, which ends in what the request waits for and what helps.

use super::{Context, Outcome, resolve};
use crate::format::{self, Zone};
use crate::glass;
use crate::residual;
use chrono::{DateTime, Utc};
use team_shared::request::{PersonRef, RequestView};

pub(super) async fn run(cx: &Context, id: &str) -> Outcome {
    let view = resolve::request(cx, id).await?;
    if cx.out.is_json() {
        return cx.out.document(&view);
    }
    for (label, text) in sheet(&view, cx.now, cx.out.zone()) {
        cx.out.line(format!("{label:<15} {text}").trim_end())?;
    }
    Ok(())
}

fn names(people: &[PersonRef]) -> String {
    let names: Vec<&str> = people.iter().map(|p| p.user_name.as_str()).collect();
    if names.is_empty() {
        "nobody".to_owned()
    } else {
        names.join(", ")
    }
}

/// The sheet as labels and texts; the dashboard's detail shows the same one.
pub(crate) fn sheet(view: &RequestView, now: DateTime<Utc>, zone: Zone) -> Vec<(&'static str, String)> {
    let mut rows: Vec<(&'static str, String)> = Vec::new();
    let both = |at| format::both(at, now, zone);
    rows.push((
        "request",
        format!(
            "{} (short {}, version {})",
            view.id,
            view.id.short(),
            view.version
        ),
    ));
    rows.push(("state", view.state.to_string()));
    if view.break_glass {
        rows.push((
            glass::WORD,
            "nobody had to approve it; those who oversee the target were told".to_owned(),
        ));
    }
    let who = &view.requester;
    rows.push(("who", format!("{} ({})", who.user_name, who.display_name)));
    let account = &view.account;
    rows.push((
        "account",
        format!("{}  {}  in {}", account.name, account.id, account.ou_path),
    ));
    rows.push(("permission set", view.permission_set.name.clone()));
    rows.push(("for", format::length(view.duration_seconds)));
    // Of a request that is over nothing is to come any more.
    let unmet = |at: DateTime<Utc>| view.state.is_terminal() && at > now;
    let when = |at| {
        if unmet(at) {
            format::full(at, zone)
        } else {
            both(at)
        }
    };
    rows.push((
        if view.start_at.is_some_and(unmet) {
            "was to start"
        } else {
            "starts"
        },
        view.start_at.map_or_else(|| "on approval".to_owned(), when),
    ));
    let floating = || format!("{} after the start", format::length(view.duration_seconds));
    rows.push((
        if view.end_at.is_some_and(unmet) {
            "was to end"
        } else {
            "ends"
        },
        view.end_at.map_or_else(floating, when),
    ));
    rows.push(("reason", view.justification.clone()));
    rows.push(("ticket", view.ticket.clone().unwrap_or_else(|| "none".to_owned())));
    if let Some(link) = &view.ticket_link {
        rows.push(("read at", link.clone()));
    }
    if let Some(parent) = view.extends {
        rows.push(("extends", parent.short()));
    }
    rows.push(("filed", both(view.created_at)));
    if view.state == team_shared::state::RequestState::Pending {
        rows.push(("expires", both(view.expires_at)));
    }
    rows.push(("rule", view.rule.clone().unwrap_or_else(|| "none".to_owned())));
    approval(view, zone, &mut rows);
    if let Some(who) = crate::claim::words(view, now, |until| format::full(until, zone)) {
        rows.push(("looked at by", who));
    }
    credentials(view, &mut rows);
    if !view.also_held_through.is_empty() {
        rows.push((
            "also held",
            format!("through group {}", view.also_held_through.join(", ")),
        ));
    }
    if let Some(grant) = &view.grant {
        rows.push(("in AWS", grant.state.to_string()));
        if let Some(id) = &grant.aws_request_id {
            rows.push(("AWS request", id.clone()));
        }
    }
    if let Some(first) = &view.given_up {
        rows.push((
            "given up",
            format!(
                "by {} at {}: {}; takes a second administrator",
                first.by.user_name,
                format::full(first.at, zone),
                first.reason
            ),
        ));
    }
    ending(view, now, zone, &mut rows);
    if let Some(used) = view.activity.as_ref().and_then(crate::digest::in_short) {
        rows.push(("used", used));
    }
    review(view, zone, &mut rows);
    waiting(view, now, zone, &mut rows);
    rows
}

fn approval(view: &RequestView, zone: Zone, rows: &mut Vec<(&'static str, String)>) {
    if !view.approval.required {
        rows.push((
            "approval",
            format!("not needed; overseen by {}", names(&view.overseers)),
        ));
    }
    for demand in &view.approval.demands {
        rows.push((
            "approval",
            format!(
                "{} of {} by {} (rule {})",
                demand.votes.len(),
                demand.quorum,
                names(&demand.approvers),
                demand.rule
            ),
        ));
        for vote in &demand.votes {
            let comment = vote
                .comment
                .as_ref()
                .map_or_else(String::new, |c| format!(": {c}"));
            rows.push((
                "vote",
                format!(
                    "{} at {}{comment}",
                    vote.by.user_name,
                    format::full(vote.at, zone)
                ),
            ));
        }
    }
}

/// How much longer than asked credentials may live: whoever decides should know.
fn credentials(view: &RequestView, rows: &mut Vec<(&'static str, String)>) {
    if view.state.is_terminal() {
        return;
    }
    rows.push(("credentials", residual_in_words(view)));
}

/// `2h asked; keys may live 12h more`, and whether that is longer than the access itself.
pub(crate) fn residual_in_words(view: &RequestView) -> String {
    residual_of(
        view.duration_seconds,
        view.permission_set.session_duration_seconds,
    )
}

/// The same of what is not filed yet: how long is asked for, how long sessions last.
pub(crate) fn residual_of(asked: i64, session: i64) -> String {
    let mut text = format!(
        "{} asked; keys may live {} more",
        format::length(asked),
        format::length(session)
    );
    if session > asked {
        text += ": longer than the access itself";
    }
    text
}

fn review(view: &RequestView, zone: Zone, rows: &mut Vec<(&'static str, String)>) {
    if let (Some(by), Some(at)) = (&view.review.by, view.review.at) {
        let comment = view.review.comment.as_ref();
        let comment = comment.map_or_else(String::new, |comment| format!(": {comment}"));
        rows.push((
            "reviewed",
            format!("by {} at {}{comment}", by.user_name, format::full(at, zone)),
        ));
    } else if view.review.needed {
        let how = if view.state.is_terminal() {
            format!("needed: team-tui review {} --comment TEXT", view.id.short())
        } else {
            "needed once it is over".to_owned()
        };
        rows.push(("review", how));
    }
}

fn ending(view: &RequestView, now: DateTime<Utc>, zone: Zone, rows: &mut Vec<(&'static str, String)>) {
    let Some(ended) = &view.ended else { return };
    rows.push((
        "over",
        format!("{}: {}", format::both(ended.at, now, zone), ended.reason),
    ));
    if ended.late_by_seconds > 0 {
        rows.push(("late by", format::length(ended.late_by_seconds)));
    }
    let keys = residual::words(ended, now, |at| format::full(at, zone));
    rows.extend(keys.map(|keys| ("credentials", keys)));
    let held = residual::held(ended, |at| format::full(at, zone));
    rows.extend(held.map(|held| ("still held", held)));
}

fn waiting(view: &RequestView, now: DateTime<Utc>, zone: Zone, rows: &mut Vec<(&'static str, String)>) {
    let Some(waiting) = &view.waiting_for else {
        rows.push(("waiting for", "nothing: it is over".to_owned()));
        return;
    };
    rows.push(("waiting for", waiting.detail.clone()));
    if let Some(grant) = &view.grant {
        if grant.attempts > 0 {
            rows.push(("attempt", grant.attempts.to_string()));
        }
        if let Some(next) = grant.next_attempt_at {
            rows.push(("next at", format::both(next, now, zone)));
        }
        if let Some(error) = &grant.last_error {
            rows.push(("last error", error.clone()));
        }
    }
    let approvers: Vec<PersonRef> = view
        .approval
        .demands
        .iter()
        .flat_map(|demand| demand.approvers.clone())
        .collect();
    let help = match (&waiting.help, waiting.what.as_str()) {
        (Some(help), _) => Some(help.clone()),
        (None, "approval") => Some(format!("ask {}", names(&approvers))),
        (None, "aws") => {
            Some("nothing to do: teamd keeps trying; team-tui status shows AWS's health".to_owned())
        }
        _ => None,
    };
    rows.extend(help.map(|help| ("what helps", help)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use chrono::{DateTime, Duration};
    use team_shared::state::RequestState;

    fn labels(state: RequestState, starts_in: i64) -> Vec<(&'static str, String)> {
        let now = DateTime::from_timestamp(1_795_000_000, 0).expect("a moment");
        let mut view = fixtures::request(now, "7FQHX2", "bob", 5);
        view.state = state;
        view.start_at = Some(now + Duration::minutes(starts_in));
        view.end_at = Some(now + Duration::hours(2));
        sheet(&view, now, Zone::Utc)
    }

    #[test]
    fn what_is_over_is_not_said_to_be_still_to_come() {
        let of = |rows: &[(&'static str, String)], label: &str| {
            rows.iter().find(|row| row.0 == label).map(|row| row.1.clone())
        };
        let live = labels(RequestState::Active, -5);
        assert!(
            of(&live, "ends").is_some_and(|text| text.contains("(in 2h00m)")),
            "{live:?}"
        );
        let over = labels(RequestState::Ended, -5);
        assert!(of(&over, "starts").is_some(), "{over:?}");
        assert!(
            of(&over, "was to end").is_some_and(|text| !text.contains("(in")),
            "{over:?}"
        );
        let never = labels(RequestState::Withdrawn, 30);
        assert!(
            of(&never, "was to start").is_some() && of(&never, "ends").is_none(),
            "{never:?}"
        );
    }
}
