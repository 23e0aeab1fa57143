//! What the counting rules demand.

use super::*;

const ASK: &str = "alice prod-ledger AdministratorAccess 1h";

/// `rule quorum approver approver…` for each demand.
fn demanded(policy: &Policy) -> Vec<String> {
    let judgement = ask(policy, ASK).unwrap_or_else(|refusal| panic!("{refusal}"));
    judgement
        .basis
        .demands
        .iter()
        .map(|demand| {
            let approvers: Vec<&str> = demand.approvers.iter().map(|id| &id.as_str()[3..]).collect();
            format!("{} {} {}", demand.rule, demand.quorum, approvers.join(" "))
        })
        .collect()
}

#[test]
fn a_rules_own_approvers_come_first() {
    let mut policy = policy([approved_by("group:heads")]);
    policy.approvers = vec![approver("all", "group:leads", "*", Some(2))];
    assert_eq!(
        demanded(&policy),
        ["prod 1 carol"],
        "neither people nor quorum of the approver rules"
    );
}

#[test]
fn without_own_approvers_all_matching_approver_rules_do() {
    let mut policy = policy([approved_by("")]);
    policy.approvers = vec![
        approver("ledger", "user:bob", "name:*-ledger", None),
        approver("prod", "user:frank", "ou:Workloads/Prod", None),
        approver("dev", "user:erin", "ou:Workloads/Dev", None),
    ];
    assert_eq!(demanded(&policy), ["prod 1 bob frank"]);
}

#[test]
fn approver_rules_are_for_permission_sets_too() {
    let mut policy = policy([approved_by("")]);
    let readers = ApproverRule {
        permission_sets: sets("Read*"),
        ..approver("readers", "user:erin", "*", None)
    };
    policy.approvers = vec![readers, approver("rest", "user:bob", "*", None)];
    assert_eq!(demanded(&policy), ["prod 1 bob"]);
}

#[test]
fn the_quorum_is_the_rules_own_else_the_largest_of_theirs_else_one() {
    let theirs = vec![
        approver("one", "user:bob user:frank", "*", Some(1)),
        approver("two", "user:carol", "*", Some(2)),
    ];
    for (own, approvers, quorum) in [
        (Some(3), &theirs[..], 3),
        (Some(1), &theirs, 1),
        (None, &theirs, 2),
    ] {
        let mut policy = policy([EligibilityRule {
            quorum: own,
            ..approved_by("")
        }]);
        policy.approvers = approvers.to_vec();
        assert_eq!(demanded(&policy), [format!("prod {quorum} bob carol frank")]);
    }
    let mut policy = policy([approved_by("")]);
    policy.approvers = vec![approver("none", "user:bob", "*", None)];
    assert_eq!(demanded(&policy), ["prod 1 bob"]);
}

#[test]
fn each_counting_rule_that_requires_approval_is_a_demand_d12() {
    let second = EligibilityRule {
        id: "second".to_owned(),
        ..approved_by("user:bob user:frank")
    };
    let policy = policy([
        approved_by("group:heads"),
        allow("free", "user:alice", "*", "*"),
        second,
    ]);
    assert_eq!(demanded(&policy), ["prod 1 carol", "second 1 bob frank"]);
    assert!(
        ask(&policy, ASK).unwrap().basis.overseers.is_empty(),
        "there are approvers"
    );
}

#[test]
fn a_rule_that_does_not_count_demands_nothing() {
    let first = EligibilityRule {
        precedence: 1,
        ..approved_by("group:heads")
    };
    let lower = EligibilityRule {
        id: "lower".to_owned(),
        ..approved_by("user:bob")
    };
    assert_eq!(demanded(&policy([first, lower])), ["prod 1 carol"]);
}

#[test]
fn disabled_people_do_not_approve() {
    assert_eq!(
        demanded(&policy([approved_by("group:leads user:dave")])),
        ["prod 1 bob carol"]
    );
}

#[test]
fn the_requester_does_not_approve() {
    assert_eq!(
        demanded(&policy([approved_by("group:oncall user:alice")])),
        ["prod 1 bob erin"]
    );
}

#[test]
fn somebody_named_twice_is_one_approver_d28() {
    let rule = EligibilityRule {
        quorum: Some(2),
        ..approved_by("group:heads user:carol")
    };
    assert!(matches!(
        ask(&policy([rule]), ASK),
        Err(Refusal::NoApprover {
            quorum: 2,
            available: 1,
            ..
        })
    ));
}

#[test]
fn too_few_approvers_are_refused_naming_the_rule_d28() {
    for (approvers, quorum, available) in [
        ("user:dave", 1, 0),
        ("user:alice", 1, 0),
        ("group:leads", 3, 2),
        ("", 1, 0),
    ] {
        let rule = EligibilityRule {
            quorum: Some(quorum),
            ..approved_by(approvers)
        };
        assert_eq!(
            ask(&policy([rule]), ASK),
            Err(Refusal::NoApprover {
                rule: "prod".to_owned(),
                quorum,
                available
            }),
            "{approvers}"
        );
    }
}

#[test]
fn where_no_approval_is_needed_the_same_people_oversee() {
    let own = EligibilityRule {
        approval: ApprovalMode::None,
        ..approved_by("group:leads")
    };
    assert_eq!(
        ask(&policy([own]), ASK).unwrap().basis.overseers,
        users("bob carol")
    );
    let mut shared = policy([EligibilityRule {
        approval: ApprovalMode::None,
        ..approved_by("")
    }]);
    shared.approvers = vec![approver("prod", "group:heads user:alice", "*", Some(9))];
    let basis = ask(&shared, ASK).unwrap().basis;
    assert_eq!(basis.overseers, users("carol"));
    assert!(basis.demands.is_empty());
}

#[test]
fn nobody_need_oversee() {
    let basis = ask(&policy([allow("r", "user:alice", "*", "*")]), ASK)
        .unwrap()
        .basis;
    assert!(basis.demands.is_empty() && basis.overseers.is_empty());
}

#[test]
fn break_glass_waits_for_nobody() {
    let rule = EligibilityRule {
        approval: ApprovalMode::BreakGlass,
        ..approved_by("group:leads")
    };
    let basis = ask(&policy([rule]), &format!("{ASK} break-glass")).unwrap().basis;
    assert!(basis.demands.is_empty());
    assert_eq!(basis.overseers, users("bob carol"));
}

#[test]
fn approval_off_means_nobody_needs_approval() {
    let mut policy = policy([approved_by("group:leads")]);
    policy.settings.approval = false;
    let basis = ask(&policy, ASK).unwrap().basis;
    assert!(basis.demands.is_empty());
    assert_eq!(basis.overseers, users("bob carol"));
}

#[test]
fn approval_off_needs_no_approvers_either() {
    let mut policy = policy([approved_by("user:dave")]);
    policy.settings.approval = false;
    assert!(ask(&policy, ASK).is_ok());
}

#[test]
fn the_default_duration_stays_between_minimum_and_cap() {
    for (cap, min, own, expected) in [
        ("9h", "5m", None, "1h"),
        ("30m", "5m", None, "30m"),
        ("9h", "5m", Some("2h"), "2h"),
        ("9h", "2h", None, "2h"),
    ] {
        let mut rule = capped(cap, allow("r", "user:alice", "*", "*"));
        rule.overrides.default_duration = own.map(length);
        let mut policy = policy([rule]);
        policy.settings.min_duration = length(min);
        let judgement = ask(
            &policy,
            &format!("alice prod-ledger AdministratorAccess {expected}"),
        )
        .unwrap();
        assert_eq!(judgement.default_duration, length(expected));
    }
}

#[test]
fn the_strictest_texts_and_the_shortest_expiry_apply() {
    let mut one = allow("one", "user:alice", "*", "*");
    one.overrides.require_ticket = Some(true);
    one.overrides.justification_min = Some(5);
    one.overrides.request_expiry = Some(length("1h"));
    let mut two = allow("two", "user:alice", "*", "*");
    two.overrides.justification_min = Some(40);
    two.guarded = true;
    let judgement = ask(&policy([one, two]), ASK).unwrap();
    assert!(judgement.texts.require_ticket && judgement.guarded);
    assert_eq!(judgement.texts.justification_min, 40);
    assert_eq!(judgement.request_expiry, length("1h"));
}

#[test]
fn the_least_of_a_day_applies_and_a_rule_may_lift_the_settings() {
    let with_day = |id: &str, max_per_day| EligibilityRule {
        overrides: Overrides {
            max_per_day,
            ..Overrides::default()
        },
        ..allow(id, "user:alice", "*", "ReadOnly")
    };
    let day_of = |setting: Option<&str>, rules: Vec<EligibilityRule>| {
        let mut policy = policy(rules);
        policy.settings.max_per_day = setting.map(length);
        ask(&policy, "alice prod-ledger ReadOnly 1h").unwrap().max_per_day
    };
    let (four, two) = (Some(Some(length("4h"))), Some(Some(length("2h"))));
    assert_eq!(day_of(None, vec![with_day("r", None)]), None);
    assert_eq!(day_of(Some("3h"), vec![with_day("r", None)]), Some(length("3h")));
    assert_eq!(
        day_of(Some("3h"), vec![with_day("r", Some(None))]),
        None,
        "lifted"
    );
    assert_eq!(day_of(Some("3h"), vec![with_day("r", four)]), Some(length("4h")));
    assert_eq!(
        day_of(
            None,
            vec![
                with_day("one", four),
                with_day("two", two),
                with_day("three", None)
            ]
        ),
        Some(length("2h"))
    );
}
