//! Entitlements, roles, approvers of a target, stale references.

use super::*;

fn listed(policy: &Policy, person: &str) -> Vec<String> {
    entitlements(policy, &directory(), &BTreeSet::new(), &user(person), noon())
        .into_iter()
        .map(|one| {
            let set = one
                .permission_set
                .as_str()
                .rsplit("ps-")
                .next()
                .unwrap_or_default()
                .to_owned();
            let glass = if one.break_glass { " break-glass" } else { "" };
            let approval = if one.approval_required {
                format!(" {} of {}", one.quorum, one.approvers.len())
            } else {
                String::new()
            };
            format!(
                "{} {set} {} {}{approval}{glass}",
                one.account, one.max_duration, one.rule
            )
        })
        .collect()
}

#[test]
fn the_longest_cap_is_listed_with_what_it_demands() {
    let short = EligibilityRule {
        precedence: 1,
        ..capped("1h", allow("short", "group:oncall", "ou:Sandbox", "ReadOnly"))
    };
    let long = EligibilityRule {
        approval: ApprovalMode::Required,
        approvers: who("group:leads"),
        quorum: Some(2),
        ..capped("4h", allow("long", "group:oncall", "ou:Sandbox", "ReadOnly"))
    };
    let policy = policy([short, long]);
    assert_eq!(listed(&policy, "alice"), ["333333333333 ReadOnly 4h long 2 of 2"]);
    assert_eq!(
        listed(&policy, "bob"),
        ["333333333333 ReadOnly 4h long 2 of 1"],
        "too few: bob is one of them"
    );
}

#[test]
fn denied_closed_and_protected_targets_are_not_listed() {
    let mut policy = policy([allow("r", "user:frank", "*", "Incident*")]);
    policy.deny = vec![deny("no", "user:frank", "ou:Workloads/Production", "*")];
    policy
        .deny
        .push(deny("no-reader", "user:frank", "*", "IncidentReader"));
    assert_eq!(
        listed(&policy, "frank"),
        ["111111111111", "111111111112", "222222222222", "333333333333"]
            .map(|id| format!("{id} IncidentResponse 9h r"))
    );
}

#[test]
fn break_glass_is_listed_after_the_ordinary_way() {
    let glass = EligibilityRule {
        approval: ApprovalMode::BreakGlass,
        ..capped("30m", allow("glass", "user:frank", "ou:Sandbox", "ReadOnly"))
    };
    let policy = policy([glass, allow("plain", "user:frank", "ou:Sandbox", "ReadOnly")]);
    assert_eq!(
        listed(&policy, "frank"),
        [
            "333333333333 ReadOnly 9h plain",
            "333333333333 ReadOnly 30m glass break-glass"
        ]
    );
}

#[test]
fn a_rule_about_to_end_is_not_listed() {
    let ending = |at| {
        policy([EligibilityRule {
            valid_until: Some(time(at)),
            ..allow("r", "user:frank", "ou:Sandbox", "ReadOnly")
        }])
    };
    assert_eq!(listed(&ending("2026-11-22T12:04:59Z"), "frank"), [""; 0]);
    assert_eq!(
        listed(&ending("2026-11-22T12:30:00Z"), "frank"),
        ["333333333333 ReadOnly 30m r"]
    );
}

#[test]
fn nobody_disabled_or_unknown_is_entitled() {
    let policy = policy([allow("r", "user:dave user:zoe", "*", "*")]);
    assert_eq!(listed(&policy, "dave"), [""; 0]);
    assert_eq!(listed(&policy, "zoe"), [""; 0]);
}

#[test]
fn roles_add_up_and_disabled_people_have_none() {
    let policy = Policy {
        roles: RoleAssignments {
            admins: who("user:carol user:dave"),
            auditors: who("group:leads"),
            security: who("group:heads"),
        },
        ..Policy::default()
    };
    let roles = |person: &str| roles_of(&policy, &directory(), &user(person));
    assert_eq!(
        roles("carol"),
        Roles {
            admin: true,
            auditor: true,
            security: true
        }
    );
    assert_eq!(
        roles("bob"),
        Roles {
            auditor: true,
            ..Roles::default()
        }
    );
    assert_eq!(roles("dave"), Roles::default());
    assert_eq!(roles("zoe"), Roles::default());
}

#[test]
fn approvers_of_a_target_are_those_whom_a_rule_for_it_names_d22() {
    let mut policy = policy([approved_by("user:frank")]);
    policy.approvers = vec![approver("prod", "group:leads", "ou:Workloads/Prod", None)];
    for (person, account, set, expected) in [
        ("frank", "prod-ledger", "AdministratorAccess", true),
        ("frank", "prod-ledger", "ReadOnly", false),
        ("frank", "prod-eu", "AdministratorAccess", false),
        ("bob", "prod-eu", "ReadOnly", true),
        ("bob", "dev-ledger", "ReadOnly", false),
        ("bob", "prod-closed", "ReadOnly", true),
        ("dave", "prod-eu", "ReadOnly", false),
        ("alice", "prod-ledger", "AdministratorAccess", false),
        ("zoe", "prod-eu", "ReadOnly", false),
    ] {
        let is = approver_of(
            &policy,
            &directory(),
            &BTreeSet::new(),
            &user(person),
            &account_id(account),
            &set_arn(set),
            false,
        );
        assert_eq!(is, expected, "{person} {account} {set}");
    }
}

#[test]
fn approvers_named_by_an_unprotected_rule_do_not_reach_protected_accounts() {
    let everywhere = EligibilityRule {
        accounts: accounts("*"),
        ..approved_by("user:frank")
    };
    let reaches = |rule| {
        approver_of(
            &policy([rule]),
            &directory(),
            &BTreeSet::new(),
            &user("frank"),
            &account_id("management"),
            &set_arn("AdministratorAccess"),
            false,
        )
    };
    assert!(!reaches(everywhere.clone()));
    assert!(reaches(EligibilityRule {
        protected: true,
        ..everywhere
    }));
}

#[test]
fn stale_references_name_rule_and_reference_d20() {
    let mut policy = policy([EligibilityRule {
        approvers: who("user:gone group:leads"),
        ..allow(
            "r",
            "user:dave group:Oncall",
            "555555555555 999999999999 ou:Gone ou:/ name:x-* tag:env=prod tag:a=b *",
            "Gone* *",
        )
    }]);
    policy.roles.admins = who("group:admins");
    policy.approvers = vec![ApproverRule {
        escalate_to: who("group:gone"),
        ..approver("a", "user:alice oncall:payments", "ou-direct:ou-gone", None)
    }];
    policy.deny = vec![deny("d", "group:oncall", "ou:Sandbox", "Nothing")];
    assert_eq!(
        stale_references(&policy, &directory()),
        [
            "roles admins: group:admins is not in Identity Center",
            "eligibility rule r: user:dave is disabled in Identity Center",
            "eligibility rule r: group:Oncall is not in Identity Center",
            "eligibility rule r: account 555555555555 (prod-closed) is SUSPENDED",
            "eligibility rule r: account 999999999999 is not in the organisation",
            "eligibility rule r: ou:Gone is no OU of the organisation",
            "eligibility rule r: name:x-* fits no account",
            "eligibility rule r: tag:a=b fits no account",
            "eligibility rule r: Gone* fits no permission set",
            "eligibility rule r: user:gone is not in Identity Center",
            "approver rule a: ou-direct:ou-gone is no OU of the organisation",
            "approver rule a: oncall:payments is nobody: no such source in [oncall] of teamd.toml",
            "approver rule a: group:gone is not in Identity Center",
            "deny rule d: Nothing fits no permission set",
        ]
    );
}

#[test]
fn a_healthy_policy_has_no_stale_references() {
    let policy = policy([allow(
        "r",
        "user:frank group:oncall",
        "ou:ou-wp ou-direct:Sandbox 111111111111",
        "Incident*",
    )]);
    assert_eq!(stale_references(&policy, &directory()), [""; 0]);
}
