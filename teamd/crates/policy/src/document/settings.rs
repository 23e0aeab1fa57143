//! `[settings]`, and those of them that a rule can have of its own.

use super::reader::{Faults, Section};
use crate::{InvalidPattern, OnLostEligibility, Overrides, Settings, TextRules, TicketPattern};
use team_shared::duration::Seconds;
use team_shared::text::{self, MAX_TEXT};

const KEYS: &[&str] = &[
    "approval",
    "require_justification",
    "justification_min",
    "rejected_justifications",
    "require_ticket",
    "ticket_pattern",
    "ticket_url",
    "require_comment",
    "max_duration",
    "min_duration",
    "default_duration",
    "request_expiry",
    "max_extensions",
    "max_per_day",
    "claim_timeout",
    "remind_before_end",
    "remind_approvers_every",
    "escalate_after",
    "on_lost_eligibility",
    "max_permission_set_session",
    "break_glass_justification_min",
    "policy_changes_need",
];

/// The keys of a rule that stand for a setting.
pub(super) const OVERRIDES: &[&str] = &[
    "require_justification",
    "justification_min",
    "break_glass_justification_min",
    "rejected_justifications",
    "require_ticket",
    "ticket_pattern",
    "ticket_url",
    "request_expiry",
    "default_duration",
    "max_extensions",
    "max_per_day",
];

pub(super) fn read(section: &Section<'_, '_>, faults: &mut Faults<'_>) -> Settings {
    section.refuse_unknown(KEYS, faults);
    let before = faults.count();
    let defaults = Settings::default();
    let own = overridable(section, faults);
    let settings = Settings {
        approval: section.boolean("approval", faults).unwrap_or(defaults.approval),
        texts: TextRules {
            require_comment: section
                .boolean("require_comment", faults)
                .unwrap_or(defaults.texts.require_comment),
            ..defaults.texts.with(&own)
        },
        max_duration: section
            .duration("max_duration", faults)
            .unwrap_or(defaults.max_duration),
        min_duration: section
            .duration("min_duration", faults)
            .unwrap_or(defaults.min_duration),
        default_duration: own.default_duration.unwrap_or(defaults.default_duration),
        request_expiry: own.request_expiry.unwrap_or(defaults.request_expiry),
        max_extensions: own.max_extensions.unwrap_or(defaults.max_extensions),
        on_lost_eligibility: section
            .parsed("on_lost_eligibility", faults, |written| match written {
                "end" => Ok(OnLostEligibility::End),
                "keep" => Ok(OnLostEligibility::Keep),
                other => Err(format!("{other:?} is not known: write \"end\" or \"keep\"")),
            })
            .unwrap_or(defaults.on_lost_eligibility),
        max_per_day: own.max_per_day.unwrap_or(defaults.max_per_day),
        claim_timeout: section
            .duration("claim_timeout", faults)
            .unwrap_or(defaults.claim_timeout),
        remind_before_end: section
            .list("remind_before_end", faults, |written| {
                written.parse().map_err(|error| format!("{error}"))
            })
            .unwrap_or(defaults.remind_before_end),
        remind_approvers_every: section
            .parsed("remind_approvers_every", faults, duration_or_none)
            .unwrap_or(defaults.remind_approvers_every),
        escalate_after: section
            .parsed("escalate_after", faults, duration_or_none)
            .unwrap_or(defaults.escalate_after),
        max_permission_set_session: section
            .parsed("max_permission_set_session", faults, duration_or_none)
            .unwrap_or(defaults.max_permission_set_session),
        policy_changes_need: section
            .integer("policy_changes_need", 1..=2, faults)
            .and_then(|count| u32::try_from(count).ok())
            .unwrap_or(defaults.policy_changes_need),
    };
    // What was misread would only be blamed on the wrong key.
    if faults.count() == before {
        check_durations(section, &settings, faults);
    }
    settings
}

/// The settings that a rule has of its own.
pub(super) fn overrides(section: &Section<'_, '_>, faults: &mut Faults<'_>) -> Overrides {
    overridable(section, faults)
}

fn overridable(section: &Section<'_, '_>, faults: &mut Faults<'_>) -> Overrides {
    Overrides {
        require_justification: section.boolean("require_justification", faults),
        justification_min: length(section, "justification_min", faults),
        break_glass_justification_min: length(section, "break_glass_justification_min", faults),
        rejected_justifications: section.list("rejected_justifications", faults, |written| {
            text::check(written)
                .map(|()| written.to_owned())
                .map_err(|error| format!("{written:?} {error}"))
        }),
        require_ticket: section.boolean("require_ticket", faults),
        ticket_pattern: ticket_pattern(section, faults),
        ticket_url: section.parsed("ticket_url", faults, url),
        request_expiry: section.duration("request_expiry", faults),
        default_duration: section.duration("default_duration", faults),
        max_extensions: section
            .integer("max_extensions", 0..=100, faults)
            .and_then(|count| u32::try_from(count).ok()),
        max_per_day: section.parsed("max_per_day", faults, duration_or_none),
    }
}

/// A pattern within the budget of the document. That the budget is used up is said once, about the rule that does it.
fn ticket_pattern(section: &Section<'_, '_>, faults: &mut Faults<'_>) -> Option<Option<TicketPattern>> {
    let mut patterns = std::mem::take(&mut faults.patterns);
    let mut is_over = faults.is_over_budget;
    let read = section.parsed("ticket_pattern", faults, |written| match written {
        "" => Ok(None),
        written => match patterns.pattern(written) {
            Ok(pattern) => Ok(Some(pattern)),
            Err(InvalidPattern::OverBudget) if is_over => Ok(None),
            Err(error) => {
                is_over = error == InvalidPattern::OverBudget;
                let rule = section
                    .word("id")
                    .filter(|_| !matches!(error, InvalidPattern::Syntax { .. }))
                    .map_or_else(String::new, |id| format!(" of rule {id}"));
                Err(format!("{written:?}{rule} {error}"))
            }
        },
    });
    (faults.patterns, faults.is_over_budget) = (patterns, is_over);
    read
}

/// A duration, or an empty text for none.
fn duration_or_none(written: &str) -> Result<Option<Seconds>, String> {
    if written.is_empty() {
        return Ok(None);
    }
    written
        .parse()
        .map(Some)
        .map_err(|error| format!("{error}, or \"\" for none"))
}

/// A number of characters that a text can have.
fn length(section: &Section<'_, '_>, key: &str, faults: &mut Faults<'_>) -> Option<usize> {
    let longest = i64::try_from(MAX_TEXT).unwrap_or(i64::MAX);
    section
        .integer(key, 0..=longest, faults)
        .and_then(|length| usize::try_from(length).ok())
}

/// People will open it: nothing but the web, and nothing hidden in it.
fn url(written: &str) -> Result<String, String> {
    let is_web = ["https://", "http://"]
        .iter()
        .any(|scheme| written.starts_with(scheme));
    if written.is_empty() || (is_web && text::check(written).is_ok()) {
        Ok(written.to_owned())
    } else {
        Err(format!("{written:?} is no address: it starts with https://"))
    }
}

fn check_durations(section: &Section<'_, '_>, settings: &Settings, faults: &mut Faults<'_>) {
    let Settings {
        max_duration: max,
        min_duration: min,
        default_duration: default,
        ..
    } = settings;
    if min > max {
        let key = if section.has("min_duration") {
            "min_duration"
        } else {
            "max_duration"
        };
        section.fault(
            key,
            format!("the shortest access, {min}, is over the longest, {max}"),
            faults,
        );
    } else if section.has("default_duration") && !(min..=max).contains(&default) {
        section.fault(
            "default_duration",
            format!("{default} is not between min_duration, {min}, and max_duration, {max}"),
            faults,
        );
    }
}
