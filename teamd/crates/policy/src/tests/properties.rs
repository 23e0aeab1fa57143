//! What holds for every policy.

use super::*;
use proptest::prelude::*;
use proptest::sample::select;

pub(super) const SUBJECTS: [&str; 10] = [
    "user:alice",
    "user:bob",
    "user:carol",
    "user:dave",
    "user:frank",
    "group:oncall",
    "group:leads",
    "group:contractors",
    "group:gone",
    "oncall:payments",
];
pub(super) const PLACES: [&str; 9] = [
    "*",
    "ou:/",
    "ou:Workloads",
    "ou:Workloads/Prod",
    "ou-direct:Workloads/Prod",
    "name:*-ledger",
    "tag:env=prod",
    "333333333333",
    "ou:Gone",
];
pub(super) const PATTERNS: [&str; 4] = ["*", "Incident*", "AdministratorAccess", "ReadOnly"];

pub(super) fn words(
    from: &'static [&'static str],
    count: std::ops::Range<usize>,
) -> impl Strategy<Value = String> {
    prop::collection::vec(select(from), count).prop_map(|words| words.join(" "))
}

prop_compose! {
    pub(super) fn any_rule()(
        id in "[a-z]{3}",
        people in words(&SUBJECTS, 1..4),
        places in words(&PLACES, 1..3),
        permission_sets in words(&PATTERNS, 1..3),
        approvers in words(&SUBJECTS, 0..3),
        quorum in prop::option::of(1_u32..3),
        approval in select(vec![ApprovalMode::Required, ApprovalMode::None, ApprovalMode::BreakGlass]),
        hours in prop::option::of(1_i64..12),
        ends_in in prop::option::weighted(0.2, -2_i64..8),
        precedence in 0_i64..3,
        protected in any::<bool>(),
    ) -> EligibilityRule {
        EligibilityRule {
            approval,
            approvers: who(&approvers),
            quorum,
            precedence,
            protected,
            max_duration: hours.map(|hours| Seconds::new(hours * 3600).unwrap()),
            valid_until: ends_in.map(|hours| noon() + chrono::TimeDelta::hours(hours)),
            ..allow(&id, &people, &places, &permission_sets)
        }
    }
}

prop_compose! {
    pub(super) fn any_policy()(
        eligibility in prop::collection::vec(any_rule(), 0..6),
        approvers in prop::collection::vec((words(&SUBJECTS, 1..3), words(&PLACES, 1..3), prop::option::of(1_u32..3)), 0..3),
        denied in prop::collection::vec((words(&SUBJECTS, 1..3), words(&PLACES, 1..3), words(&PATTERNS, 1..2)), 0..2),
        approval in prop::bool::weighted(0.8),
    ) -> Policy {
        let mut policy = policy(eligibility);
        policy.settings.approval = approval;
        policy.approvers = approvers.iter().map(|(who, at, quorum)| approver("a", who, at, *quorum)).collect();
        policy.deny = denied.iter().map(|(who, at, set)| deny("d", who, at, set)).collect();
        policy
    }
}

pub(super) fn any_ask() -> impl Strategy<Value = String> {
    let accounts: Vec<&str> = ACCOUNTS.iter().map(|(_, name, _, _)| *name).collect();
    let way = vec!["", "break-glass"];
    (
        select(&PEOPLE),
        select(accounts),
        select(&SETS),
        1_i64..40_000,
        select(way),
    )
        .prop_map(|(person, account, set, seconds, way)| format!("{person} {account} {set} {seconds}s {way}"))
}

pub(super) fn is_eligible(answer: &Result<Judgement, Refusal>) -> bool {
    matches!(answer, Ok(_) | Err(Refusal::NoApprover { .. }))
}

/// The longest that is allowed, found from outside.
pub(super) fn cap(policy: &Policy, words: &[&str]) -> Option<Seconds> {
    let (person, account, set) = (words[0], words[1], words[2]);
    let way = words.get(4).copied().unwrap_or_default();
    match ask(policy, &format!("{person} {account} {set} 3650d {way}")) {
        Err(Refusal::OverCap { cap, .. }) => Some(cap),
        Err(_) => None,
        Ok(_) => Some(length("3650d")),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn deny_always_wins(mut policy in any_policy(), text in any_ask()) {
        let words: Vec<&str> = text.split_whitespace().collect();
        policy.deny.push(deny("last", &format!("user:{}", words[0]), "*", words[2]));
        prop_assert!(ask(&policy, &text).is_err());
        let listed = entitlements(&policy, &directory(), &BTreeSet::new(), &user(words[0]), noon());
        prop_assert!(listed.iter().all(|one| one.permission_set != set_arn(words[2])));
    }

    #[test]
    fn nobody_approves_or_oversees_for_themselves_or_while_disabled(policy in any_policy(), text in any_ask()) {
        let requester = user(text.split_whitespace().next().unwrap());
        if let Ok(judgement) = ask(&policy, &text) {
            let demanded = judgement.basis.demands.iter().map(|demand| &demand.approvers[..]);
            for people in demanded.chain([&judgement.basis.overseers[..]]) {
                prop_assert!(!people.contains(&requester) && !people.contains(&user("dave")));
            }
        }
    }

    #[test]
    fn every_demand_can_be_met(policy in any_policy(), text in any_ask()) {
        if let Ok(judgement) = ask(&policy, &text) {
            for demand in &judgement.basis.demands {
                prop_assert!(demand.quorum >= 1 && demand.approvers.len() >= demand.quorum as usize);
            }
            prop_assert!(judgement.basis.demands.is_empty() || judgement.basis.overseers.is_empty());
            prop_assert!(judgement.basis.rules.contains(judgement.basis.rule.as_ref().unwrap()));
        }
    }

    #[test]
    fn another_rule_of_equal_precedence_takes_nothing_away(
        mut policy in any_policy(), extra in any_rule(), at in 0_usize..6, text in any_ask(),
    ) {
        for rule in &mut policy.eligibility {
            rule.precedence = 0;
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        let (before, cap_before) = (ask(&policy, &text), cap(&policy, &words));
        let at = at.min(policy.eligibility.len());
        policy.eligibility.insert(at, EligibilityRule { precedence: 0, ..extra.clone() });
        let (after, cap_after) = (ask(&policy, &text), cap(&policy, &words));
        prop_assert!(!is_eligible(&before) || is_eligible(&after), "{before:?} {after:?}");
        prop_assert!(cap_after >= cap_before);
        if let (Ok(before), Ok(after)) = (&before, &after) {
            prop_assert!(after.cap >= before.cap);
        }
        // One that needs no approval adds no demand either.
        prop_assert!(extra.approval == ApprovalMode::Required || before.is_err() || after.is_ok());
    }

    #[test]
    fn the_list_says_what_the_judgement_says(policy in any_policy(), person in select(&PEOPLE)) {
        let (directory, none) = (directory(), BTreeSet::new());
        let listed = entitlements(&policy, &directory, &none, &user(person), noon());
        for (_, account, _, _) in ACCOUNTS {
            for set in SETS {
                for way in ["", "break-glass"] {
                    let entry = listed.iter().find(|one| {
                        one.account == account_id(account)
                            && one.permission_set == set_arn(set)
                            && one.break_glass == (way == "break-glass")
                    });
                    let text = |seconds: i64| format!("{person} {account} {set} {seconds}s {way}");
                    let Some(entry) = entry else {
                        prop_assert!(!is_eligible(&ask(&policy, &text(300))), "{} is not listed", text(300));
                        continue;
                    };
                    match ask(&policy, &text(entry.max_duration.get())) {
                        Ok(judgement) => {
                            prop_assert_eq!(judgement.basis.rule.as_deref(), Some(&*entry.rule));
                            prop_assert_eq!(judgement.cap, entry.max_duration);
                            prop_assert_eq!(!judgement.basis.demands.is_empty(), entry.approval_required);
                        }
                        Err(refusal) => {
                            prop_assert!(matches!(refusal, Refusal::NoApprover { .. }), "{}", refusal);
                            prop_assert!(entry.approval_required);
                        }
                    }
                    prop_assert!(!is_eligible(&ask(&policy, &text(entry.max_duration.get() + 1))));
                }
            }
        }
    }

    #[test]
    fn what_somebody_decides_on_is_what_they_decide_on_one_by_one(policy in any_policy(), person in select(&PEOPLE)) {
        let (directory, none) = (directory(), BTreeSet::new());
        let (accounts, sets) = decided_by(&policy, &directory, &none, &user(person));
        let decides = |account: &AccountId, set: &PermissionSetArn| {
            approver_of(&policy, &directory, &none, &user(person), account, set, false)
        };
        for account in directory.accounts.keys() {
            let any = directory.permission_sets.keys().any(|set| decides(account, set));
            prop_assert_eq!(accounts.contains(account), any);
        }
        for set in directory.permission_sets.keys() {
            let any = directory.accounts.keys().any(|account| decides(account, set));
            prop_assert_eq!(sets.contains(set), any);
        }
    }

    #[test]
    fn the_trace_says_what_the_judgement_says(mut policy in any_policy(), text in any_ask()) {
        for (at, rule) in policy.eligibility.iter_mut().enumerate() {
            rule.id = format!("r{at}");
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        let directory = directory();
        let person = &directory.people[&user(words[0])];
        let question = Question {
            person,
            account: directory.accounts.get(&account_id(words[1])),
            set: directory.permission_sets.get(&set_arn(words[2])),
            duration: Some(length(words[3])),
            break_glass: words.get(4) == Some(&"break-glass"),
            now: noon(),
        };
        let rules = trace(&policy, &directory, &BTreeSet::new(), &question);
        let of = |kind: &str, outcome: &str| -> Vec<String> {
            let found = rules.iter().filter(|rule| rule.kind == kind && rule.outcome == outcome);
            found.map(|rule| rule.id.clone()).collect()
        };
        let denied = !of("deny", "denies").is_empty();
        for rule in &rules {
            let fits = rule.parts.iter().all(|part| part.fits);
            prop_assert_eq!(fits, !["does not match", "outranked"].contains(&rule.outcome.as_str()), "{:?}", rule);
        }
        match ask(&policy, &text) {
            Ok(judgement) => {
                prop_assert!(!denied);
                prop_assert_eq!(of("eligibility", "counts"), judgement.basis.rules);
            }
            Err(Refusal::Denied { .. }) => prop_assert!(denied),
            Err(Refusal::NoApprover { rule, .. }) => prop_assert!(of("eligibility", "counts").contains(&rule)),
            Err(Refusal::OverCap { .. } | Refusal::NotEligible { .. } | Refusal::Protected { .. }) => {
                prop_assert!(!denied);
                prop_assert!(of("eligibility", "counts").is_empty());
            }
            Err(_) => {}
        }
    }

    #[test]
    fn refusals_and_stale_references_can_always_be_said(policy in any_policy(), text in any_ask()) {
        if let Err(refusal) = ask(&policy, &text) {
            prop_assert!(!refusal.to_string().is_empty() && refusal.help() != Some(String::new()));
        }
        prop_assert!(stale_references(&policy, &directory()).iter().all(|line| line.contains(": ")));
    }
}
