//! The Policy screen as it looks.

use crate::app::{App, Screen};
use crate::policy::{Draft, Part, Read, Sheet};
use crate::screens::tests::{live, looks_like, screen};
use serde_json::{Value, json};
use team_shared::policy::{Explanation, PolicyPlan, PolicyRules, PolicyVersion, RuleDetail};

fn of<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("a fixture")
}

fn rule(kind: &str, id: &str, who: &str, accounts: &str, sets: &str, approval: &str) -> Value {
    json!({
        "kind": kind, "id": id, "line": 12, "who": [who], "accounts": [accounts], "permission_sets": [sets],
        "approval": approval, "approvers": [], "quorum": null,
        "max_duration_seconds": if kind == "eligibility" { json!(14400) } else { Value::Null },
        "other": ["guarded = true"], "owner": "carol", "change_ticket": "SEC-12", "people_count": 3,
        "account_count": 4, "permission_set_count": 2, "warnings": []
    })
}

fn rules() -> PolicyRules {
    let mut stale = rule(
        "eligibility",
        "gone-team",
        "group:gone",
        "ou:Gone",
        "ReadOnly",
        "none",
    );
    stale["warnings"] = json!(["group:gone is not in Identity Center"]);
    of(json!({
        "version": 7,
        "rules": [
            rule("eligibility", "oncall-prod", "group:oncall", "ou:Workloads/Prod", "AdministratorAccess", "required"),
            rule("eligibility", "break-glass", "group:oncall", "ou:Workloads/Prod", "AdministratorAccess", "break-glass"),
            stale,
            rule("approver", "prod-leads", "group:prod-leads", "ou:Workloads/Prod", "*", ""),
            rule("deny", "contractors-no-admin", "group:contractors", "*", "AdministratorAccess", ""),
        ],
        "settings": [
            {"key": "approval", "value": "true", "is_default": true},
            {"key": "max_duration", "value": "8h", "is_default": false},
            {"key": "ticket_pattern", "value": "", "is_default": true},
            {"key": "roles.admins", "value": "group:team-admins", "is_default": false},
        ]
    }))
}

fn versions() -> Vec<PolicyVersion> {
    of(json!([
        {"version": 7, "sha256": "ab".repeat(32), "applied_by": "gita", "confirmed_by": "hugo",
         "applied_at": "2026-11-22T10:00:00Z", "current": true, "change": "+1 -1",
         "diff": "--- version 6\n+++ version 7\n@@ -12,3 +12,3 @@\n id = \"oncall-prod\"\n-max_duration = \"2h\"\n+max_duration = \"4h\"\n"},
        {"version": 6, "sha256": "cd".repeat(32), "applied_by": "operator", "applied_at": "2026-11-20T10:00:00Z",
         "current": false, "change": "+40 -0", "diff": "", "rolled_back_to": 2, "force_reason": "both admins away"},
    ]))
}

fn person(name: &str) -> Value {
    json!({"user_id": format!("id-{name}"), "user_name": name, "display_name": format!("{name} Example")})
}

fn detail() -> RuleDetail {
    of(json!({
        "rule": rule("eligibility", "oncall-prod", "group:oncall", "ou:Workloads/Prod", "AdministratorAccess", "required"),
        "text": "# On call repairs production.\n[[eligibility]]\nid = \"oncall-prod\"\nwho = [\"group:oncall\"]",
        "people": [person("alice"), person("bob")],
        "accounts": [{"id": "111111111111", "name": "prod-ledger", "ou_path": "Workloads/Prod"}],
        "permission_sets": [{"arn": "arn:aws:sso:::permissionSet/ssoins-1/ps-1", "name": "AdministratorAccess",
                             "session_duration_seconds": 3600}],
        "approvers": [person("carol")]
    }))
}

fn why() -> Explanation {
    of(json!({
        "person": person("alice"), "groups": ["oncall", "developers"],
        "account": {"id": "111111111111", "name": "prod-ledger", "ou_path": "Workloads/Prod"},
        "permission_set": {"arn": "arn:aws:sso:::permissionSet/ssoins-1/ps-1", "name": "AdministratorAccess",
                           "session_duration_seconds": 3600},
        "duration_seconds": null, "break_glass": false, "allowed": false, "code": "over_cap",
        "summary": "rule oncall-prod allows 4h at most", "help": ["ask for 4h or less"], "rule": "oncall-prod",
        "max_duration_seconds": 14400, "demands": [], "overseers": [], "policy_version": 7,
        "rules": [
            {"kind": "deny", "id": "contractors-no-admin", "outcome": "does not match", "cap_seconds": null,
             "parts": [{"part": "person", "fits": false, "says": "alice is not group:contractors"}]},
            {"kind": "eligibility", "id": "oncall-prod", "outcome": "does not match", "cap_seconds": 14400,
             "parts": [{"part": "person", "fits": true, "says": "alice is in group:oncall"},
                       {"part": "duration", "fits": false, "says": "6h is over the 4h that it allows"}]},
        ]
    }))
}

fn plan() -> PolicyPlan {
    let none: [Value; 0] = [];
    of(json!({
        "base_version": 7, "sha256": "ef".repeat(32), "diff": "--- version 7\n+++ planned\n-max_duration = \"4h\"\n+max_duration = \"8h\"\n",
        "rules": [{"kind": "eligibility", "id": "oncall-prod", "change": "changed", "fields": ["max_duration: 4h -> 8h"]}],
        "settings": none, "roles": none, "gains": none, "losses": none,
        "changes": [{"people": ["alice", "bob", "erin"], "people_count": 3, "group": "oncall", "accounts": ["prod-ledger"],
                     "account_count": 1, "permission_sets": ["AdministratorAccess"], "permission_set_count": 1,
                     "break_glass": false, "from": "up to 4h, approval by 1 of group:prod-leads",
                     "to": "up to 8h, approval by 1 of group:prod-leads", "rule": "oncall-prod"}],
        "approvals": none, "withdrawn": none, "ending": none, "stale": none,
        "findings": [{"code": "widens-own", "severity": "warning", "about": "the change", "says": "whoever wants it gains by it"}],
        "administrators_before": 12, "administrators_after": 12
    }))
}

fn on(part: Part) -> App {
    let mut app = live();
    if let Some(me) = &mut app.me {
        me.roles.push("admin".to_owned());
    }
    app.screen = Screen::Policy;
    app.policy.part = part;
    app.policy.take(Read::Rules(rules(), versions()));
    app
}

fn with(sheet: Sheet) -> App {
    let mut app = on(Part::Rules);
    app.policy.take(Read::Sheet(sheet));
    app
}

#[test]
fn every_part() {
    looks_like("policy_mine", &on(Part::Mine));
    looks_like("policy_rules", &on(Part::Rules));
    looks_like("policy_settings", &on(Part::Settings));
    looks_like("policy_history", &on(Part::History));
}

#[test]
fn every_sheet() {
    looks_like("policy_rule", &with(Sheet::Rule(Box::new(detail()))));
    looks_like("policy_why", &with(Sheet::Why(Box::new(why()))));
    looks_like(
        "policy_version",
        &with(Sheet::Version(Box::new(versions().remove(0)))),
    );
    let draft = Draft {
        document: String::new(),
        base: 7,
        file: "/run/user/1000/team-policy-1/policy.toml".to_owned(),
    };
    looks_like("policy_plan", &with(Sheet::Plan(Box::new(plan()), draft)));
}

#[test]
fn nothing_to_ask_for_and_nothing_read_yet() {
    let mut nobody = on(Part::Mine);
    nobody.entitlements.clear();
    looks_like("policy_mine_empty", &nobody);
    let mut reading = on(Part::Rules);
    reading.policy.rules = None;
    assert!(screen(&reading, 80, 24).contains("reading…"));
    let mut fresh = on(Part::Rules);
    fresh.policy.rules = Some(PolicyRules::default());
    assert!(screen(&fresh, 80, 24).contains("No policy; as root: team-tui policy apply FILE"));
}

#[test]
fn text_from_outside_is_inert() {
    let mut hostile = detail();
    hostile.text = "# \u{1b}[2Jgone \u{202e}back".to_owned();
    let shown = screen(&with(Sheet::Rule(Box::new(hostile))), 80, 24);
    assert!(
        !shown.contains('\u{1b}') && !shown.contains('\u{202e}'),
        "{shown}"
    );
}
