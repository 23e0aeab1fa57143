//! What is refused, in which order, with which code and which help.

use super::*;
use team_shared::problem::Code;

fn refused(policy: &Policy, text: &str) -> Refusal {
    ask(policy, text).expect_err(text)
}

#[test]
fn deny_wins_over_every_rule() {
    let mut policy = policy([EligibilityRule {
        precedence: 99,
        ..allow("r", "group:oncall", "*", "*")
    }]);
    policy.deny = vec![deny(
        "contractors-no-admin",
        "group:contractors",
        "*",
        "AdministratorAccess",
    )];
    let refusal = refused(&policy, "erin prod-ledger AdministratorAccess 1h");
    assert_eq!(refusal.code(), Code::Denied);
    assert_eq!(
        refusal.to_string(),
        "deny rule contractors-no-admin refuses it: because"
    );
    assert!(ask(&policy, "erin prod-ledger ReadOnly 1h").is_ok());
    assert!(ask(&policy, "alice prod-ledger AdministratorAccess 1h").is_ok());
}

#[test]
fn deny_wins_over_break_glass() {
    let glass = EligibilityRule {
        approval: ApprovalMode::BreakGlass,
        ..allow("glass", "user:erin", "*", "*")
    };
    let mut policy = policy([glass]);
    policy.deny = vec![deny("no", "user:erin", "ou:Workloads", "*")];
    assert_eq!(
        refused(&policy, "erin prod-eu ReadOnly 1h break-glass").code(),
        Code::Denied
    );
    assert!(ask(&policy, "erin sandbox-a ReadOnly 1h break-glass").is_ok());
}

#[test]
fn deny_is_said_before_anything_about_rules() {
    let mut policy = policy([]);
    policy.deny = vec![deny("no", "user:erin", "*", "*")];
    assert_eq!(
        refused(&policy, "erin sandbox-a ReadOnly 1s").code(),
        Code::Denied
    );
    assert_eq!(
        refused(&policy, "frank sandbox-a ReadOnly 1s").code(),
        Code::NotEligible
    );
}

#[test]
fn disabled_people_ask_for_nothing() {
    let policy = policy([allow("r", "user:dave", "*", "*")]);
    let refusal = refused(&policy, "dave sandbox-a ReadOnly 1h");
    assert!(matches!(refusal, Refusal::PersonDisabled { .. }));
    assert!(refusal.to_string().contains("dave"), "{refusal}");
}

#[test]
fn strangers_are_refused() {
    let policy = policy([allow("r", "user:zoe", "*", "*")]);
    assert_eq!(
        refused(&policy, "zoe sandbox-a ReadOnly 1h").code(),
        Code::UnknownIdentity
    );
}

#[test]
fn closed_accounts_are_refused_with_their_state() {
    let policy = policy([allow("r", "user:frank", "*", "*")]);
    let refusal = refused(&policy, "frank prod-closed ReadOnly 1h");
    assert!(matches!(refusal, Refusal::AccountInactive { .. }));
    assert!(refusal.to_string().contains("SUSPENDED"), "{refusal}");
}

#[test]
fn unknown_targets_are_not_found() {
    let policy = policy([allow("r", "user:frank", "*", "*")]);
    let mut directory = directory();
    directory.accounts.remove(&account_id("sandbox-a"));
    directory.permission_sets.remove(&set_arn("ReadOnly"));
    for (text, unknown) in [
        ("frank sandbox-a AdministratorAccess 1h", "account 333333333333"),
        ("frank prod-eu ReadOnly 1h", "permission set arn:"),
    ] {
        let refusal = ask_in(&policy, &directory, text).unwrap_err();
        assert_eq!(refusal.code(), Code::NotFound);
        assert!(refusal.to_string().contains(unknown), "{refusal}");
    }
}

#[test]
fn no_policy_lets_nobody_do_anything() {
    let refusal = refused(&Policy::default(), "alice prod-ledger AdministratorAccess 1h");
    assert_eq!(refusal.code(), Code::NotEligible);
    assert_eq!(
        refusal.help().unwrap(),
        "no rule comes near: ask an administrator. Your groups: oncall"
    );
}

#[test]
fn the_nearest_rule_is_named_with_what_it_lacks() {
    let policy = policy([
        allow("far", "group:heads", "ou:Sandbox", "ReadOnly"),
        allow(
            "oncall-prod",
            "group:oncall user:carol",
            "ou:Workloads/Prod",
            "AdministratorAccess",
        ),
    ]);
    for (text, help) in [
        (
            "frank prod-eu AdministratorAccess 1h",
            "rule oncall-prod would fit, but you are not in group:oncall or user:carol. You are in no group",
        ),
        (
            "alice dev-ledger AdministratorAccess 1h",
            "rule oncall-prod would fit, but it is for the accounts ou:Workloads/Prod",
        ),
        (
            "alice prod-eu ReadOnly 1h",
            "rule oncall-prod would fit, but it is for the permission sets AdministratorAccess",
        ),
        (
            "alice prod-eu AdministratorAccess 1h break-glass",
            "rule oncall-prod would fit, but it does not count for break-glass: ask without",
        ),
        (
            "frank dev-ledger AdministratorAccess 1h",
            "rule oncall-prod would fit, but you are not in group:oncall or user:carol, and it is for the accounts \
             ou:Workloads/Prod. You are in no group",
        ),
    ] {
        assert_eq!(refused(&policy, text).help().unwrap(), help);
    }
}

#[test]
fn a_rule_for_break_glass_says_so() {
    let glass = EligibilityRule {
        approval: ApprovalMode::BreakGlass,
        ..allow("glass", "user:frank", "*", "*")
    };
    let help = refused(&policy([glass]), "frank sandbox-a ReadOnly 1h")
        .help()
        .unwrap();
    assert!(help.contains("--break-glass"), "{help}");
}

#[test]
fn a_rule_that_has_ended_says_so() {
    let ended = EligibilityRule {
        valid_until: Some(time("2026-11-01T00:00:00Z")),
        ..allow("r", "user:frank", "*", "*")
    };
    let help = refused(&policy([ended]), "frank sandbox-a ReadOnly 1h")
        .help()
        .unwrap();
    assert!(help.contains("it ended at 2026-11-01"), "{help}");
}

#[test]
fn a_protected_account_says_so() {
    let refusal = refused(
        &policy([allow("r", "user:frank", "*", "*")]),
        "frank management ReadOnly 1h",
    );
    assert_eq!(refusal.code(), Code::NotEligible);
    assert_eq!(
        refusal.to_string(),
        "account management is protected, and rule r does not cover protected accounts"
    );
}

#[test]
fn over_the_cap_names_the_longest_and_its_rule() {
    let one = |id, cap, precedence| EligibilityRule {
        precedence,
        ..capped(cap, allow(id, "user:frank", "*", "*"))
    };
    let refusal = refused(
        &policy([one("a", "1h", 1), one("b", "4h", 0)]),
        "frank sandbox-a ReadOnly 5h",
    );
    assert_eq!(refusal.code(), Code::OverCap);
    assert_eq!(refusal.to_string(), "rule b allows 4h at most");
    assert_eq!(refusal.help().unwrap(), "ask for 4h or less");
}

#[test]
fn under_the_minimum_names_it() {
    let refusal = refused(
        &policy([allow("r", "user:frank", "*", "*")]),
        "frank sandbox-a ReadOnly 4m59s",
    );
    assert_eq!(refusal.code(), Code::UnderMin);
    assert_eq!(refusal.help().unwrap(), "ask for 5m or more");
}

#[test]
fn under_the_minimum_comes_before_missing_approvers() {
    let refusal = refused(
        &policy([approved_by("")]),
        "alice prod-ledger AdministratorAccess 1m",
    );
    assert_eq!(refusal.code(), Code::UnderMin);
}

#[test]
fn help_stays_short_with_many_groups() {
    let names: Vec<String> = (0..200).map(|n| format!("group:g{n}")).collect();
    let policy = policy([allow("r", &names.join(" "), "*", "*")]);
    let help = refused(&policy, "frank sandbox-a ReadOnly 1h").help().unwrap();
    assert!(help.contains("group:g7 and 192 more"), "{help}");
}
