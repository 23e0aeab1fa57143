//! Rules and settings as text, key by key: for what differs between two documents, and for lists of rules.

use crate::{
    ApprovalMode, ApproverRule, DenyRule, EligibilityRule, OnLostEligibility, Overrides, Policy,
    RoleAssignments, Route, Settings,
};
use std::fmt::Display;
use team_shared::duration::Seconds;
use team_shared::policy::{RuleChange, SettingChange};
use teamd_domain::event::Severity;

/// Keys as the document spells them, with their values; keys that are not written are left out.
pub type Fields = Vec<(&'static str, String)>;

/// Of an eligibility rule.
#[must_use]
pub fn eligibility_fields(rule: &EligibilityRule) -> Fields {
    let approval = match rule.approval {
        ApprovalMode::Required => "required",
        ApprovalMode::None => "none",
        ApprovalMode::BreakGlass => "break-glass",
    };
    let mut fields = vec![
        ("who", list(&rule.who)),
        ("accounts", list(&rule.accounts)),
        ("permission_sets", list(&rule.permission_sets)),
        ("approval", approval.to_owned()),
    ];
    if !rule.approvers.is_empty() {
        fields.push(("approvers", list(&rule.approvers)));
    }
    put(&mut fields, "max_duration", rule.max_duration);
    put(&mut fields, "quorum", rule.quorum);
    put(
        &mut fields,
        "precedence",
        Some(rule.precedence).filter(|one| *one != 0),
    );
    put(
        &mut fields,
        "valid_until",
        rule.valid_until.map(|at| at.to_rfc3339()),
    );
    put(&mut fields, "protected", Some(true).filter(|_| rule.protected));
    put(&mut fields, "guarded", Some(true).filter(|_| rule.guarded));
    put(&mut fields, "owner", rule.owner.clone());
    put(&mut fields, "change_ticket", rule.change_ticket.clone());
    override_fields(&mut fields, &rule.overrides);
    fields
}

/// Of an approver rule.
#[must_use]
pub fn approver_fields(rule: &ApproverRule) -> Fields {
    let mut fields = vec![
        ("who", list(&rule.who)),
        ("accounts", list(&rule.accounts)),
        ("permission_sets", list(&rule.permission_sets)),
    ];
    put(&mut fields, "quorum", rule.quorum);
    if !rule.escalate_to.is_empty() {
        fields.push(("escalate_to", list(&rule.escalate_to)));
    }
    fields
}

/// Of a deny rule.
#[must_use]
pub fn deny_fields(rule: &DenyRule) -> Fields {
    let mut fields = vec![
        ("who", list(&rule.who)),
        ("accounts", list(&rule.accounts)),
        ("permission_sets", list(&rule.permission_sets)),
    ];
    put(&mut fields, "reason", rule.reason.clone());
    fields
}

/// Of a route.
#[must_use]
pub fn route_fields(route: &Route) -> Fields {
    let mut fields = vec![("to", list(&route.to))];
    let named = [
        ("events", list(&route.events)),
        ("accounts", list(&route.accounts)),
        ("permission_sets", list(&route.permission_sets)),
    ];
    fields.extend(named.into_iter().filter(|(_, value)| !value.is_empty()));
    let severity = Some(route.severity).filter(|least| *least != Severity::Info);
    put(&mut fields, "severity", severity.map(Severity::as_str));
    fields
}

/// Every role.
#[must_use]
pub fn role_fields(roles: &RoleAssignments) -> Fields {
    vec![
        ("roles.admins", list(&roles.admins)),
        ("roles.auditors", list(&roles.auditors)),
        ("roles.security", list(&roles.security)),
    ]
}

/// Every setting.
#[must_use]
pub fn setting_fields(settings: &Settings) -> Fields {
    let Settings {
        approval,
        texts,
        max_duration,
        min_duration,
        default_duration,
        request_expiry,
        max_extensions,
        on_lost_eligibility,
        max_per_day,
        claim_timeout,
        remind_before_end,
        remind_approvers_every,
        escalate_after,
        max_permission_set_session,
        policy_changes_need,
    } = settings;
    let optional = |duration: &Option<Seconds>| duration.map_or_else(String::new, |one| one.to_string());
    let lost = match on_lost_eligibility {
        OnLostEligibility::End => "end",
        OnLostEligibility::Keep => "keep",
    };
    vec![
        ("approval", approval.to_string()),
        ("require_justification", texts.require_justification.to_string()),
        ("justification_min", texts.justification_min.to_string()),
        (
            "rejected_justifications",
            texts.rejected_justifications.join(", "),
        ),
        ("require_ticket", texts.require_ticket.to_string()),
        (
            "ticket_pattern",
            texts
                .ticket_pattern
                .as_ref()
                .map_or_else(String::new, ToString::to_string),
        ),
        ("ticket_url", texts.ticket_url.clone()),
        ("require_comment", texts.require_comment.to_string()),
        ("max_duration", max_duration.to_string()),
        ("min_duration", min_duration.to_string()),
        ("default_duration", default_duration.to_string()),
        ("request_expiry", request_expiry.to_string()),
        ("max_extensions", max_extensions.to_string()),
        ("on_lost_eligibility", lost.to_owned()),
        (
            "break_glass_justification_min",
            texts.break_glass_justification_min.to_string(),
        ),
        ("max_per_day", optional(max_per_day)),
        ("claim_timeout", claim_timeout.to_string()),
        ("remind_before_end", list(remind_before_end)),
        ("remind_approvers_every", optional(remind_approvers_every)),
        ("escalate_after", optional(escalate_after)),
        ("max_permission_set_session", optional(max_permission_set_session)),
        ("policy_changes_need", policy_changes_need.to_string()),
    ]
}

fn override_fields(fields: &mut Fields, own: &Overrides) {
    put(fields, "require_justification", own.require_justification);
    put(fields, "justification_min", own.justification_min);
    put(
        fields,
        "break_glass_justification_min",
        own.break_glass_justification_min,
    );
    put(
        fields,
        "rejected_justifications",
        own.rejected_justifications.as_deref().map(list),
    );
    put(fields, "require_ticket", own.require_ticket);
    let pattern = own.ticket_pattern.as_ref();
    put(
        fields,
        "ticket_pattern",
        pattern.map(|pattern| pattern.as_ref().map_or_else(String::new, ToString::to_string)),
    );
    put(fields, "ticket_url", own.ticket_url.clone());
    put(fields, "request_expiry", own.request_expiry);
    put(fields, "default_duration", own.default_duration);
    put(fields, "max_extensions", own.max_extensions);
    put(
        fields,
        "max_per_day",
        own.max_per_day
            .as_ref()
            .map(|most| most.map_or_else(String::new, |most| most.to_string())),
    );
}

/// Rules that are new, gone, different or elsewhere in the order.
pub(super) fn rule_changes(before: &Policy, after: &Policy) -> Vec<RuleChange> {
    let mut changes = Vec::new();
    compare(
        "eligibility",
        &named(&before.eligibility, |rule| (&rule.id, eligibility_fields(rule))),
        &named(&after.eligibility, |rule| (&rule.id, eligibility_fields(rule))),
        &mut changes,
    );
    compare(
        "approver",
        &named(&before.approvers, |rule| (&rule.id, approver_fields(rule))),
        &named(&after.approvers, |rule| (&rule.id, approver_fields(rule))),
        &mut changes,
    );
    compare(
        "deny",
        &named(&before.deny, |rule| (&rule.id, deny_fields(rule))),
        &named(&after.deny, |rule| (&rule.id, deny_fields(rule))),
        &mut changes,
    );
    compare(
        "route",
        &named(&before.routes, |route| (&route.id, route_fields(route))),
        &named(&after.routes, |route| (&route.id, route_fields(route))),
        &mut changes,
    );
    changes
}

/// Settings that differ.
pub(super) fn setting_changes(before: &Policy, after: &Policy) -> Vec<SettingChange> {
    let all = |policy: &Policy| {
        let mut fields = setting_fields(&policy.settings);
        fields.extend(role_fields(&policy.roles));
        fields
    };
    differing(&all(before), &all(after))
        .into_iter()
        .map(|(key, from, to)| SettingChange {
            key: key.to_owned(),
            from,
            to,
        })
        .collect()
}

type Named<'a> = Vec<(&'a String, Fields)>;

fn named<'a, T>(rules: &'a [T], read: impl Fn(&'a T) -> (&'a String, Fields)) -> Named<'a> {
    rules.iter().map(read).collect()
}

fn compare(kind: &str, before: &Named<'_>, after: &Named<'_>, changes: &mut Vec<RuleChange>) {
    let mut say = |id: &str, change: &str, fields: Vec<String>| {
        changes.push(RuleChange {
            kind: kind.to_owned(),
            id: id.to_owned(),
            change: change.to_owned(),
            fields,
        });
    };
    let find = |all: &Named<'_>, id: &String| all.iter().position(|(other, _)| *other == id);
    let lines = |fields: &Fields| {
        fields
            .iter()
            .map(|(key, value)| format!("{key}: {value}"))
            .collect()
    };
    // Rules that are in both, in the order that each document has them.
    let both = |all: &Named<'_>, others: &Named<'_>| -> Vec<String> {
        let ids = all.iter().map(|(id, _)| *id);
        ids.filter(|id| find(others, id).is_some()).cloned().collect()
    };
    let (order_before, order_after) = (both(before, after), both(after, before));
    for (id, fields) in before {
        if find(after, id).is_none() {
            say(id, "removed", lines(fields));
        }
    }
    for (id, fields) in after {
        match find(before, id) {
            None => say(id, "added", lines(fields)),
            Some(at) => {
                let differing = differing(&before[at].1, fields);
                let place = |order: &[String]| order.iter().position(|other| other == *id);
                if !differing.is_empty() {
                    let line = |(key, from, to): (&str, String, String)| format!("{key}: {from} -> {to}");
                    say(id, "changed", differing.into_iter().map(line).collect());
                } else if place(&order_before) != place(&order_after) {
                    say(id, "moved", Vec::new());
                }
            }
        }
    }
}

fn differing<'a>(before: &Fields, after: &'a Fields) -> Vec<(&'a str, String, String)> {
    let value = |fields: &Fields, key: &str| {
        let found = fields.iter().find(|(other, _)| *other == key);
        found.map_or_else(|| "(not set)".to_owned(), |(_, value)| value.clone())
    };
    let mut keys: Vec<&'static str> = after.iter().map(|(key, _)| *key).collect();
    keys.extend(before.iter().map(|(key, _)| *key));
    let mut seen = std::collections::BTreeSet::new();
    keys.into_iter()
        .filter(|key| seen.insert(*key))
        .map(|key| (key, value(before, key), value(after, key)))
        .filter(|(_, from, to)| from != to)
        .collect()
}

fn list<T: Display>(items: &[T]) -> String {
    let items: Vec<String> = items.iter().map(ToString::to_string).collect();
    items.join(", ")
}

fn put(fields: &mut Fields, key: &'static str, value: Option<impl Display>) {
    fields.extend(value.map(|value| (key, value.to_string())));
}
