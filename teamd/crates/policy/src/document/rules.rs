//! `[[eligibility]]`, `[[approver]]`, `[[deny]]` and `[[route]]`.

use super::reader::{Faults, Section};
use super::settings::{OVERRIDES, overrides};
use super::{patterns, targets};
use crate::{
    AccountPattern, ApprovalMode, ApproverRule, DenyRule, EligibilityRule, Route, SetPattern, Settings,
    Subject,
};
use std::collections::BTreeSet;

const ELIGIBILITY: &[&str] = &[
    "id",
    "who",
    "owner",
    "change_ticket",
    "accounts",
    "permission_sets",
    "max_duration",
    "approval",
    "approvers",
    "quorum",
    "precedence",
    "valid_until",
    "protected",
    "guarded",
];
const APPROVER: &[&str] = &[
    "id",
    "accounts",
    "permission_sets",
    "who",
    "quorum",
    "escalate_to",
];
const DENY: &[&str] = &["id", "who", "accounts", "permission_sets", "reason"];
const ROUTE: &[&str] = &["id", "events", "accounts", "permission_sets", "severity", "to"];

/// The longest id: it stands in tables, log lines and audit rows.
const LONGEST_ID: usize = 64;

/// Reads all rules of a kind; their ids are unique among them.
pub(super) fn each<T>(
    root: &Section<'_, '_>,
    kind: &str,
    faults: &mut Faults<'_>,
    mut read: impl FnMut(&Section<'_, '_>, &mut Faults<'_>) -> T,
) -> Vec<T> {
    let mut ids = BTreeSet::new();
    root.tables(kind, faults)
        .iter()
        .map(|section| {
            section.require("id", faults);
            if let Some(id) = section.parsed("id", faults, id)
                && !ids.insert(id.clone())
            {
                section.fault(
                    "id",
                    format!("{id:?} is the id of an earlier [[{kind}]] too"),
                    faults,
                );
            }
            read(section, faults)
        })
        .collect()
}

pub(super) fn eligibility(
    section: &Section<'_, '_>,
    settings: &Settings,
    faults: &mut Faults<'_>,
) -> EligibilityRule {
    section.refuse_unknown(&[ELIGIBILITY, OVERRIDES].concat(), faults);
    let before = faults.count();
    let rule = EligibilityRule {
        id: quiet_id(section),
        who: who(section, faults),
        owner: section.text("owner", faults),
        change_ticket: section.text("change_ticket", faults),
        accounts: accounts(section, faults),
        permission_sets: permission_sets(section, faults),
        max_duration: section.duration("max_duration", faults),
        approval: section.parsed("approval", faults, approval).unwrap_or_default(),
        approvers: any_or_named(section, "approvers", faults, patterns::subject),
        quorum: quorum(section, faults),
        precedence: section
            .integer("precedence", -1_000_000..=1_000_000, faults)
            .unwrap_or(0),
        valid_until: section.moment("valid_until", faults),
        protected: section.boolean("protected", faults).unwrap_or(false),
        guarded: section.boolean("guarded", faults).unwrap_or(false),
        overrides: overrides(section, faults),
    };
    // What was misread would only be blamed on the wrong key.
    if faults.count() == before {
        check(section, &rule, settings, faults);
    }
    rule
}

pub(super) fn approver(section: &Section<'_, '_>, faults: &mut Faults<'_>) -> ApproverRule {
    section.refuse_unknown(APPROVER, faults);
    let before = faults.count();
    let rule = ApproverRule {
        id: quiet_id(section),
        accounts: accounts(section, faults),
        permission_sets: permission_sets(section, faults),
        who: who(section, faults),
        quorum: quorum(section, faults),
        escalate_to: section
            .list("escalate_to", faults, patterns::subject)
            .unwrap_or_default(),
    };
    if faults.count() == before {
        check_quorum(section, &rule.who, rule.quorum, faults);
    }
    rule
}

pub(super) fn deny(section: &Section<'_, '_>, faults: &mut Faults<'_>) -> DenyRule {
    section.refuse_unknown(DENY, faults);
    DenyRule {
        id: quiet_id(section),
        who: who(section, faults),
        accounts: accounts(section, faults),
        permission_sets: permission_sets(section, faults),
        reason: section.text("reason", faults),
    }
}

pub(super) fn route(section: &Section<'_, '_>, faults: &mut Faults<'_>) -> Route {
    section.refuse_unknown(ROUTE, faults);
    Route {
        id: quiet_id(section),
        events: any_or_named(section, "events", faults, targets::event),
        accounts: any_or_named(section, "accounts", faults, patterns::account),
        permission_sets: any_or_named(section, "permission_sets", faults, patterns::set),
        severity: section
            .parsed("severity", faults, targets::severity)
            .unwrap_or_default(),
        to: named(section, "to", faults, targets::target),
    }
}

fn id(written: &str) -> Result<String, String> {
    team_shared::text::check(written).map_err(|error| format!("{written:?} {error}"))?;
    match written.chars().count() {
        _ if written.trim() != written => Err(format!("{written:?} has blanks at an end")),
        length if length > LONGEST_ID => Err(format!("has {length} characters, more than {LONGEST_ID}")),
        _ => Ok(written.to_owned()),
    }
}

/// The id, whose faults [`each`] has already reported.
fn quiet_id(section: &Section<'_, '_>) -> String {
    section.parsed("id", &mut Faults::new(""), id).unwrap_or_default()
}

fn who(section: &Section<'_, '_>, faults: &mut Faults<'_>) -> Vec<Subject> {
    named(section, "who", faults, patterns::subject)
}

fn accounts(section: &Section<'_, '_>, faults: &mut Faults<'_>) -> Vec<AccountPattern> {
    named(section, "accounts", faults, patterns::account)
}

fn permission_sets(section: &Section<'_, '_>, faults: &mut Faults<'_>) -> Vec<SetPattern> {
    named(section, "permission_sets", faults, patterns::set)
}

/// A list that must be there and must name something: a deny rule for nobody would look like protection.
fn named<T>(
    section: &Section<'_, '_>,
    key: &str,
    faults: &mut Faults<'_>,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Vec<T> {
    let before = faults.count();
    let read = section.list(key, faults, parse);
    section.require(key, faults);
    match read {
        Some(items) if items.is_empty() && faults.count() == before => {
            section.fault(key, "is empty: the rule would be about nobody or nothing", faults);
            items
        }
        Some(items) => items,
        None => Vec::new(),
    }
}

/// A list that may be left out, and names something where it is there.
fn any_or_named<T>(
    section: &Section<'_, '_>,
    key: &str,
    faults: &mut Faults<'_>,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Vec<T> {
    if section.has(key) {
        named(section, key, faults, parse)
    } else {
        Vec::new()
    }
}

fn approval(written: &str) -> Result<ApprovalMode, String> {
    match written {
        "required" => Ok(ApprovalMode::Required),
        "none" => Ok(ApprovalMode::None),
        "break-glass" => Ok(ApprovalMode::BreakGlass),
        other => Err(format!(
            "{other:?} is not known: write \"required\", \"none\" or \"break-glass\""
        )),
    }
}

fn quorum(section: &Section<'_, '_>, faults: &mut Faults<'_>) -> Option<u32> {
    section
        .integer("quorum", 1..=100, faults)
        .and_then(|quorum| u32::try_from(quorum).ok())
}

fn check(section: &Section<'_, '_>, rule: &EligibilityRule, settings: &Settings, faults: &mut Faults<'_>) {
    let min = settings.min_duration;
    let cap = rule.max_duration.unwrap_or(settings.max_duration);
    if section.has("max_duration") && cap < min {
        section.fault(
            "max_duration",
            format!("{cap} is under min_duration, {min}: the rule could never match"),
            faults,
        );
    } else if let Some(default) = rule.overrides.default_duration
        && !(min..=cap).contains(&default)
    {
        section.fault(
            "default_duration",
            format!("{default} is not between min_duration, {min}, and the rule's longest, {cap}"),
            faults,
        );
    }
    check_quorum(section, &rule.approvers, rule.quorum, faults);
}

/// Where only users are named, everybody can count them.
fn check_quorum(section: &Section<'_, '_>, who: &[Subject], quorum: Option<u32>, faults: &mut Faults<'_>) {
    let users: BTreeSet<&Subject> = who
        .iter()
        .filter(|subject| matches!(subject, Subject::User(_)))
        .collect();
    let countable = !who.is_empty() && who.iter().all(|subject| matches!(subject, Subject::User(_)));
    if let Some(quorum) = quorum
        && countable
        && users.len() < quorum as usize
    {
        section.fault(
            "quorum",
            format!("{quorum} can never be met: {} can approve", users.len()),
            faults,
        );
    }
}
