//! Which rules match, and which of the matching ones count.

use super::*;

/// Names of the accounts in which frank may ask for `ReadOnly`, by a rule for these accounts.
fn reached(places: &str) -> Vec<&'static str> {
    let rule = EligibilityRule {
        protected: true,
        ..allow("r", "user:frank", places, "ReadOnly")
    };
    let policy = policy([rule]);
    ACCOUNTS
        .iter()
        .map(|(_, name, _, _)| *name)
        .filter(|name| ask(&policy, &format!("frank {name} ReadOnly 1h")).is_ok())
        .collect()
}

#[test]
fn accounts_by_id_name_and_star() {
    assert_eq!(reached("111111111112"), ["prod-eu"]);
    assert_eq!(reached("name:prod-*"), ["prod-ledger", "prod-eu"]);
    assert_eq!(reached("name:*-ledger"), ["prod-ledger", "dev-ledger"]);
    assert_eq!(reached("name:prod-eu"), ["prod-eu"]);
    assert_eq!(reached("name:PROD-*"), [""; 0], "names compare with case");
    assert_eq!(reached("*").len(), 6, "all but the closed one");
}

#[test]
fn an_ou_is_its_whole_subtree_d22_d23() {
    assert_eq!(reached("ou:Workloads/Prod"), ["prod-ledger", "prod-eu"]);
    assert_eq!(reached("ou:Workloads").len(), 4);
    assert_eq!(reached("ou:/").len(), 6);
}

#[test]
fn an_ou_is_not_a_prefix_of_a_name() {
    assert!(!reached("ou:Workloads/Prod").contains(&"production-x"));
    assert_eq!(reached("ou:Prod"), [""; 0]);
    assert_eq!(reached("ou:workloads/prod"), [""; 0]);
}

#[test]
fn an_ou_by_id_is_the_same_subtree() {
    assert_eq!(reached("ou:ou-wp"), reached("ou:Workloads/Prod"));
    assert_eq!(reached("ou-direct:ou-wp"), ["prod-ledger"]);
}

#[test]
fn ou_direct_is_its_own_accounts_only_d23() {
    assert_eq!(reached("ou-direct:Workloads/Prod"), ["prod-ledger"]);
    assert_eq!(reached("ou-direct:Workloads"), [""; 0]);
    assert_eq!(reached("ou-direct:/"), ["management"]);
}

#[test]
fn tags_compare_exactly() {
    assert_eq!(reached("tag:env=prod"), ["prod-ledger", "prod-eu"]);
    assert_eq!(reached("tag:Env=prod"), ["production-x"]);
    assert_eq!(reached("tag:env=Prod"), [""; 0]);
    assert_eq!(reached("tag:env="), [""; 0]);
}

#[test]
fn what_aws_does_not_know_matches_nothing() {
    assert_eq!(reached("ou:Gone 999999999999 name:gone-* tag:gone=yes"), [""; 0]);
}

#[test]
fn several_patterns_add_up() {
    assert_eq!(
        reached("name:sandbox-* 222222222222"),
        ["dev-ledger", "sandbox-a"]
    );
}

#[test]
fn permission_sets_by_name_pattern_and_arn() {
    let arn = set_arn("ReadOnly");
    for (pattern, fitting) in [
        ("Incident*", vec!["IncidentResponse", "IncidentReader"]),
        ("*Re*er", vec!["IncidentReader"]),
        ("ReadOnly", vec!["ReadOnly"]),
        ("readonly", vec![]),
        (arn.as_str(), vec!["ReadOnly"]),
        ("*", SETS.to_vec()),
    ] {
        let policy = policy([allow("r", "user:frank", "*", pattern)]);
        let found: Vec<&str> = SETS
            .into_iter()
            .filter(|set| ask(&policy, &format!("frank sandbox-a {set} 1h")).is_ok())
            .collect();
        assert_eq!(found, fitting, "{pattern}");
    }
}

#[test]
fn globs_need_every_part_in_order_and_once() {
    use crate::matching::fits_glob;
    for (glob, text, fits) in [
        ("a*a", "a", false),
        ("a*a", "aa", true),
        ("*", "", true),
        ("", "", true),
        ("", "x", false),
        ("a**b", "ab", true),
        ("*ab*ab", "ab", false),
        ("*ab*ab", "xabyabzab", true),
        ("a*b*c", "abbc", true),
        ("a*b*c", "acb", false),
        ("ü*ß", "ü東ß", true),
        ("a.c", "abc", false),
        ("a?c", "abc", false),
        ("[a]*", "ab", false),
    ] {
        assert_eq!(fits_glob(glob, text), fits, "{glob} {text}");
    }
}

#[test]
fn people_by_user_name_and_by_group() {
    let policy = policy([allow("r", "group:contractors user:frank", "*", "*")]);
    for (person, allowed) in [("erin", true), ("frank", true), ("alice", false)] {
        assert_eq!(
            ask(&policy, &format!("{person} sandbox-a ReadOnly 1h")).is_ok(),
            allowed,
            "{person}"
        );
    }
}

#[test]
fn people_and_groups_compare_with_case() {
    let policy = policy([allow("r", "user:Frank group:Oncall", "*", "*")]);
    for person in ["frank", "alice"] {
        assert!(
            ask(&policy, &format!("{person} sandbox-a ReadOnly 1h")).is_err(),
            "{person}"
        );
    }
}

#[test]
fn a_user_is_not_a_group_of_that_name() {
    let policy = policy([allow("r", "user:oncall group:frank", "*", "*")]);
    for person in ["frank", "alice"] {
        assert!(
            ask(&policy, &format!("{person} sandbox-a ReadOnly 1h")).is_err(),
            "{person}"
        );
    }
}

#[test]
fn rules_of_one_group_are_no_cross_product_d25() {
    let policy = policy([
        allow("read", "group:contractors", "name:prod-*", "ReadOnly"),
        allow(
            "administer",
            "group:contractors",
            "name:sandbox-*",
            "AdministratorAccess",
        ),
    ]);
    for (account, set, allowed) in [
        ("prod-eu", "ReadOnly", true),
        ("sandbox-a", "AdministratorAccess", true),
        ("prod-eu", "AdministratorAccess", false),
        ("sandbox-a", "ReadOnly", false),
    ] {
        let asked = ask(&policy, &format!("erin {account} {set} 1h"));
        assert_eq!(asked.is_ok(), allowed, "{account} {set}");
    }
}

#[test]
fn a_rule_allows_its_cap_and_not_a_second_more() {
    let policy = policy([capped("2h", allow("r", "user:frank", "*", "*"))]);
    assert!(ask(&policy, "frank sandbox-a ReadOnly 2h").is_ok());
    assert!(ask(&policy, "frank sandbox-a ReadOnly 7201s").is_err());
}

#[test]
fn a_rule_without_a_cap_has_the_settings() {
    let policy = policy([allow("r", "user:frank", "*", "*")]);
    assert!(ask(&policy, "frank sandbox-a ReadOnly 9h").is_ok());
    assert!(ask(&policy, "frank sandbox-a ReadOnly 9h1m").is_err());
}

#[test]
fn a_rules_cap_may_be_over_the_settings() {
    let policy = policy([capped("3d", allow("r", "user:frank", "*", "*"))]);
    assert!(ask(&policy, "frank sandbox-a ReadOnly 3d").is_ok());
}

#[test]
fn the_longest_cap_leads_and_the_first_of_several() {
    let one = |id, cap| capped(cap, allow(id, "user:frank", "*", "*"));
    let policy = policy([one("a", "2h"), one("b", "4h"), one("c", "4h")]);
    let judgement = ask(&policy, "frank sandbox-a ReadOnly 1h").unwrap();
    assert_eq!(judgement.basis.rule.as_deref(), Some("b"));
    assert_eq!(judgement.basis.rules, ["a", "b", "c"]);
    assert_eq!(judgement.cap, length("4h"));
    assert_eq!(
        counting(&policy, "frank sandbox-a ReadOnly 3h"),
        ["b", "c"],
        "too short a cap does not count"
    );
}

#[test]
fn only_the_highest_precedence_counts() {
    let one = |id, precedence| EligibilityRule {
        precedence,
        ..allow(id, "user:frank", "*", "*")
    };
    let policy = policy([one("low", -1), one("high", 5), one("mid", 0), one("high-too", 5)]);
    assert_eq!(
        counting(&policy, "frank sandbox-a ReadOnly 1h"),
        ["high", "high-too"]
    );
}

#[test]
fn a_high_precedence_that_does_not_match_hides_nothing() {
    let high = EligibilityRule {
        precedence: 9,
        ..allow("high", "user:frank", "*", "Incident*")
    };
    let policy = policy([high, allow("low", "user:frank", "*", "*")]);
    assert_eq!(counting(&policy, "frank sandbox-a ReadOnly 1h"), ["low"]);
}

#[test]
fn short_is_automatic_and_long_needs_approval() {
    let short = EligibilityRule {
        precedence: 1,
        approval: ApprovalMode::None,
        id: "short".to_owned(),
        ..capped("1h", approved_by("group:leads"))
    };
    let long = EligibilityRule {
        id: "long".to_owned(),
        ..capped("4h", approved_by("group:leads"))
    };
    let policy = policy([short, long]);
    let short = ask(&policy, "alice prod-ledger AdministratorAccess 1h").unwrap();
    assert!(short.basis.demands.is_empty());
    let long = ask(&policy, "alice prod-ledger AdministratorAccess 2h").unwrap();
    assert_eq!(long.basis.demands[0].rule, "long");
}

#[test]
fn break_glass_rules_count_for_break_glass_and_only_they_do() {
    let glass = EligibilityRule {
        approval: ApprovalMode::BreakGlass,
        ..allow("glass", "user:frank", "*", "*")
    };
    let policy = policy([
        glass,
        EligibilityRule {
            precedence: 3,
            ..allow("plain", "user:frank", "*", "*")
        },
    ]);
    assert_eq!(counting(&policy, "frank sandbox-a ReadOnly 1h"), ["plain"]);
    assert_eq!(
        counting(&policy, "frank sandbox-a ReadOnly 1h break-glass"),
        ["glass"],
        "whatever the precedence"
    );
}

#[test]
fn protected_accounts_are_matched_by_protected_rules_only_d44() {
    let plain = allow("plain", "user:frank", "*", "*");
    let covering = EligibilityRule {
        protected: true,
        ..allow("covering", "user:frank", "*", "*")
    };
    let both = policy([plain, covering]);
    assert_eq!(counting(&both, "frank management ReadOnly 1h"), ["covering"]);
    assert_eq!(
        counting(&both, "frank sandbox-a ReadOnly 1h"),
        ["plain", "covering"]
    );
}

#[test]
fn configured_accounts_are_protected_too() {
    let policy = policy([allow("plain", "user:frank", "*", "*")]);
    let ask = Ask {
        is_escalated: false,
        person: &user("frank"),
        account: &account_id("sandbox-a"),
        permission_set: &set_arn("ReadOnly"),
        duration: length("1h"),
        break_glass: false,
        now: noon(),
    };
    let protected = BTreeSet::from([account_id("sandbox-a")]);
    let refusal = evaluate(&policy, &directory(), &protected, &ask).unwrap_err();
    assert!(matches!(refusal, Refusal::Protected { .. }), "{refusal}");
}

#[test]
fn no_access_goes_past_the_end_of_its_rule() {
    let ending = |at: &str| {
        policy([EligibilityRule {
            valid_until: Some(time(at)),
            ..allow("r", "user:frank", "*", "*")
        }])
    };
    let soon = ending("2026-11-22T14:00:00Z");
    let judgement = ask(&soon, "frank sandbox-a ReadOnly 2h").unwrap();
    assert_eq!(judgement.basis.valid_until, Some(time("2026-11-22T14:00:00Z")));
    assert_eq!(judgement.cap, length("2h"));
    let refusal = ask(&soon, "frank sandbox-a ReadOnly 2h1s").unwrap_err();
    assert_eq!(refusal.code(), team_shared::problem::Code::OverCap);
    assert!(refusal.to_string().contains("2026-11-22 14:00"), "{refusal}");
    let over = ending("2026-11-22T12:00:00Z");
    assert!(matches!(
        ask(&over, "frank sandbox-a ReadOnly 5m"),
        Err(Refusal::NotEligible { .. })
    ));
}

#[test]
fn a_rule_without_an_end_lifts_the_end() {
    let ending = EligibilityRule {
        valid_until: Some(time("2026-12-01T00:00:00Z")),
        ..allow("ending", "user:frank", "*", "*")
    };
    let policy = policy([ending, allow("lasting", "user:frank", "*", "*")]);
    assert_eq!(
        ask(&policy, "frank sandbox-a ReadOnly 1h")
            .unwrap()
            .basis
            .valid_until,
        None
    );
}
