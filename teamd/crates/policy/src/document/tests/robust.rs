//! Any text is answered, never with a panic.

use super::{WHOLE, organisation};
use crate::document::{parse, parse_expectations};
use crate::{Ask, Policy, entitlements, evaluate, roles_of, stale_references};
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeSet;
use team_shared::duration::Seconds;

/// Values that a key may have, or should not.
const VALUES: [&str; 14] = [
    "true",
    "0",
    "-1",
    "99999999999999999999",
    "\"\"",
    "\"*\"",
    "\"3650d\"",
    "\"1s\"",
    "\"none\"",
    "\"break-glass\"",
    "[]",
    "[\"group:oncall\", \"user:alice\"]",
    "[\"*\", \"ou:/\", \"name:*-*-*\", \"tag:=\"]",
    "1970-01-01T00:00:00Z",
];

/// Asks everything of a policy that parses: none of it may panic.
fn exercise(policy: &Policy) {
    let (directory, now) = organisation::read();
    let protected = BTreeSet::new();
    assert!(
        stale_references(policy, &directory)
            .iter()
            .all(|line| line.contains(": "))
    );
    for person in directory.people.keys() {
        let _ = roles_of(policy, &directory, person);
        let _ = entitlements(policy, &directory, &protected, person, now);
        for account in directory.accounts.keys() {
            for permission_set in directory.permission_sets.keys() {
                for (seconds, break_glass) in [(1, false), (3600, true), (315_360_000, false)] {
                    let duration = Seconds::new(seconds).unwrap();
                    let ask = Ask {
                        is_escalated: false,
                        person,
                        account,
                        permission_set,
                        duration,
                        break_glass,
                        now,
                    };
                    if let Err(refusal) = evaluate(policy, &directory, &protected, &ask) {
                        assert!(!refusal.to_string().is_empty());
                    }
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn no_text_is_too_strange(text in any::<String>()) {
        let _ = parse(&text);
    }

    #[test]
    fn no_piece_of_toml_is_too_strange(text in "([\\[\\]{}=.,\"'#\\-+_:*/\\\\a-z0-9é\u{202e} \n]|who|id|\\[\\[eligibility\\]\\]\n|version = 1\n){0,60}") {
        let _ = parse(&text);
    }

    #[test]
    fn a_cut_or_mangled_document_is_answered_with_places_in_it(
        from in 0..WHOLE.len(), length in 0_usize..40, instead in "[\\[\\]{}=.,\"'#a-z0-9\u{00e9}🚑\n]{0,6}",
    ) {
        let mut text = WHOLE.to_owned();
        text.replace_range(from..(from + length).min(WHOLE.len()), &instead);
        if let Err(faults) = parse(&text) {
            let lines: Vec<&str> = text.split('\n').collect();
            prop_assert!(!faults.is_empty());
            for fault in faults {
                prop_assert!((1..=lines.len()).contains(&fault.line), "{fault}");
                prop_assert!((1..=lines[fault.line - 1].chars().count() + 1).contains(&fault.column), "{fault}");
                prop_assert!(!fault.message.chars().any(team_shared::text::is_hidden), "{fault}");
            }
        }
    }

    #[test]
    fn no_bytes_are_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let text = String::from_utf8_lossy(&bytes);
        let _ = parse(&text);
        let _ = parse_expectations(&text);
    }

    #[test]
    fn mangled_expectations_are_answered(from in 0..EXPECTATIONS.len(), length in 0_usize..30, instead in "[\\[\\]{}=.,\"a-z0-9é🚑\n]{0,6}") {
        let mut text = EXPECTATIONS.to_owned();
        text.replace_range(from..(from + length).min(EXPECTATIONS.len()), &instead);
        if let Err(faults) = parse_expectations(&text) {
            let lines = text.split('\n').count();
            prop_assert!(faults.iter().all(|fault| (1..=lines).contains(&fault.line)), "{faults:?}");
        }
    }
}

/// One of everything that can be expected.
const EXPECTATIONS: &str = "[[expect]]\nwho = \"alice\"\naccount = \"ou:Prod\"\npermission_set = \"*\"\nfor = \"2h\"\n\
    at = 2026-11-23T09:00:00Z\nresult = \"allowed\"\napprovers = [\"bob\"]\nquorum = 1\n[[expect]]\nwho = \"group:x\"\n\
    account = \"*\"\npermission_set = \"A\"\nresult = \"refused\"\ncode = \"denied\"\nbreak_glass = true\n";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn what_is_understood_can_be_judged(
        changes in prop::collection::vec((0_usize..200, select(&VALUES)), 1..4), dropped in prop::collection::vec(0_usize..200, 0..3),
    ) {
        // Whole lines are changed, so that a good part of the documents is understood.
        let mut lines: Vec<String> = WHOLE.lines().map(str::to_owned).collect();
        let count = lines.len();
        for (at, value) in changes {
            let line = &mut lines[at % count];
            if let Some((key, _)) = line.clone().split_once(" = ") {
                *line = format!("{key} = {value}");
            }
        }
        for at in dropped {
            lines[at % count].clear();
        }
        if let Ok(policy) = parse(&lines.join("\n")) {
            exercise(&policy);
        }
    }
}
