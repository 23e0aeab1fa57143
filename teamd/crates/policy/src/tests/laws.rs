//! What holds for every policy, told by the slow reference and by what may not matter.

use super::properties::{PATTERNS, SUBJECTS, any_ask, any_policy, any_rule, cap, is_eligible, words};
use super::reference::{Plain, Verdict, is_like, judge};
use super::*;
use proptest::prelude::*;
use proptest::sample::select;

/// Accounts by what does not change with a name.
const STEADY: [&str; 7] = [
    "*",
    "ou:/",
    "ou:ou-w",
    "ou:ou-wp",
    "ou-direct:ou-wp",
    "tag:env=prod",
    "333333333333",
];

/// What was judged, in the reference's words.
fn verdict(answer: &Result<Judgement, Refusal>, directory: &Directory) -> Verdict {
    let names = |ids: &[UserId]| {
        ids.iter()
            .map(|id| directory.people[id].user_name.clone())
            .collect()
    };
    match answer {
        Err(Refusal::OverCap { cap, .. }) => Verdict::OverCap(cap.get()),
        Err(refusal) => Verdict::Refused(refusal.code().as_str()),
        Ok(judgement) => Verdict::Allowed {
            rules: judgement.basis.rules.clone(),
            leader: judgement.basis.rule.clone().unwrap(),
            cap: judgement.cap.get(),
            demands: judgement
                .basis
                .demands
                .iter()
                .map(|demand| {
                    (
                        demand.rule.clone(),
                        demand.quorum as usize,
                        names(&demand.approvers),
                    )
                })
                .collect(),
            overseers: names(&judgement.basis.overseers),
        },
    }
}

fn plain(text: &str) -> Plain {
    let words: Vec<&str> = text.split_whitespace().collect();
    Plain {
        person: words[0].to_owned(),
        account: words[1].to_owned(),
        set: words[2].to_owned(),
        seconds: length(words[3]).get(),
        break_glass: words.len() > 4,
        now: noon(),
    }
}

/// Rules get ids of their own: what is compared by id must not be ambiguous.
fn with_own_ids(mut policy: Policy) -> Policy {
    for (at, rule) in policy.eligibility.iter_mut().enumerate() {
        rule.id = format!("{}-{at}", rule.id);
    }
    policy
}

/// The same organisation with other names of accounts, units and people as they are shown.
fn renamed(directory: &Directory) -> Directory {
    let mut other = directory.clone();
    for account in other.accounts.values_mut() {
        account.name = format!("new {}", account.name);
    }
    for ou in other.organizational_units.values_mut() {
        ou.path = format!("New/{}", ou.path);
    }
    for person in other.people.values_mut() {
        person.display_name = format!("New {}", person.display_name);
        person.email = Some("new@example.com".to_owned());
    }
    other
}

/// The same organisation and policy with other names of people and groups.
fn renamed_people(policy: &Policy, directory: &Directory) -> (Policy, Directory) {
    let (mut policy, mut directory) = (policy.clone(), directory.clone());
    for person in directory.people.values_mut() {
        person.user_name = format!("{}@example.com", person.user_name);
    }
    for group in directory.groups.values_mut() {
        group.name = format!("New {}", group.name);
    }
    let rename = |subjects: &mut Vec<Subject>| {
        for subject in subjects {
            match subject {
                Subject::User(name) => *name = format!("{name}@example.com"),
                Subject::Group(name) => *name = format!("New {name}"),
                Subject::OnCall(_) => {}
            }
        }
    };
    for rule in &mut policy.eligibility {
        rename(&mut rule.who);
        rename(&mut rule.approvers);
    }
    policy.approvers.iter_mut().for_each(|rule| rename(&mut rule.who));
    policy.deny.iter_mut().for_each(|rule| rename(&mut rule.who));
    (policy, directory)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn the_judgement_is_the_references(policy in any_policy(), text in any_ask()) {
        let (policy, directory) = (with_own_ids(policy), directory());
        let answer = ask_in(&policy, &directory, &text);
        prop_assert_eq!(verdict(&answer, &directory), judge(&policy, &directory, &plain(&text)));
    }

    #[test]
    fn a_glob_fits_what_the_reference_fits(glob in "[ab*é]{0,6}", text in "[abé*]{0,8}") {
        let pattern = AccountPattern::Name(glob.clone());
        let directory = directory();
        let account = Account { name: text.clone(), ..directory.accounts.values().next().unwrap().clone() };
        prop_assert_eq!(pattern.fits(&account, &directory), is_like(&glob, &text));
    }

    #[test]
    fn another_rule_of_equal_or_lower_precedence_takes_nothing_away(
        mut policy in any_policy(), extra in any_rule(), below in 0_i64..3, at in 0_usize..6, text in any_ask(),
    ) {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (before, cap_before) = (ask(&policy, &text), cap(&policy, &words));
        let lowest = policy.eligibility.iter().map(|rule| rule.precedence).min().unwrap_or(0);
        let at = at.min(policy.eligibility.len());
        policy.eligibility.insert(at, EligibilityRule { precedence: lowest - below, ..extra });
        let (after, cap_after) = (ask(&policy, &text), cap(&policy, &words));
        prop_assert!(!is_eligible(&before) || is_eligible(&after), "{before:?} {after:?}");
        prop_assert!(cap_after >= cap_before);
        if let (Ok(before), Ok(after)) = (&before, &after) {
            prop_assert!(after.cap >= before.cap);
        }
    }

    #[test]
    fn new_names_of_accounts_and_units_change_names_only(
        mut policy in any_policy(),
        places in prop::collection::vec(words(&STEADY, 1..3), 12),
        text in any_ask(),
    ) {
        let mut places = places.iter();
        let mut steady = || accounts(places.next().map_or("*", String::as_str));
        policy.eligibility.iter_mut().for_each(|rule| rule.accounts = steady());
        policy.approvers.iter_mut().for_each(|rule| rule.accounts = steady());
        policy.deny.iter_mut().for_each(|rule| rule.accounts = steady());
        let before = ask_in(&policy, &directory(), &text);
        let after = ask_in(&policy, &renamed(&directory()), &text);
        match (before, after) {
            (Ok(before), Ok(after)) => prop_assert_eq!(before, after),
            (Err(before), Err(after)) => prop_assert_eq!(before.code(), after.code()),
            (before, after) => prop_assert!(false, "{before:?} {after:?}"),
        }
    }

    #[test]
    fn new_names_of_people_and_groups_change_names_only(policy in any_policy(), text in any_ask()) {
        let (other, there) = renamed_people(&policy, &directory());
        match (ask(&policy, &text), ask_in(&other, &there, &text)) {
            (Ok(before), Ok(after)) => prop_assert_eq!(before, after),
            (Err(before), Err(after)) => prop_assert_eq!(before.code(), after.code()),
            (before, after) => prop_assert!(false, "{before:?} {after:?}"),
        }
    }

    #[test]
    fn a_deny_of_the_person_wins_over_any_rule(
        mut policy in any_policy(), extra in any_rule(), subject in select(&SUBJECTS), sets_named in words(&PATTERNS, 1..3),
        text in any_ask(),
    ) {
        policy.deny.push(deny("last", subject, "*", &sets_named));
        policy.eligibility.push(EligibilityRule { precedence: 1_000_000, ..extra });
        let asked = plain(&text);
        let denies = Policy { deny: policy.deny.clone(), ..Policy::default() };
        if judge(&denies, &directory(), &asked) == Verdict::Refused("denied") {
            prop_assert_eq!(verdict(&ask(&policy, &text), &directory()), Verdict::Refused("denied"));
        }
    }
}
