//! Values that are well-formed TOML and mean nothing.

use super::{faults, rule};
use crate::document::parse;

#[test]
fn accounts_that_could_never_match_are_faults() {
    for (written, says) in [
        ("12345", "has 5 digits: an account id has 12"),
        ("prod-ledger", "names no account"),
        ("nmae:prod", "did you mean \"name:prod\"?"),
        ("OU:Workloads", "did you mean \"ou:Workloads\"?"),
        ("ou:", "names nothing"),
        ("ou: Prod", "write \"ou:Prod\""),
        ("ou:/Workloads/Prod", "\"ou:Workloads/Prod\""),
        ("ou:Workloads/", "\"ou:Workloads\""),
        ("ou-direct:a//b", "\"ou-direct:a/b\""),
        ("ou://", "\"ou:/\""),
        ("tag:env", "write \"tag:KEY=VALUE\""),
        ("tag:=x", "names no tag"),
        ("tag:env=*", "compared exactly"),
        (" *", "blanks at an end"),
        ("", "is blank"),
        ("name:a\\u202e", "U+202E"),
    ] {
        let found = rule(&format!(
            "approvers = [\"user:b\"]\n[[deny]]\nid=\"d\"\nwho=[\"user:a\"]\npermission_sets=[\"*\"]\naccounts=[\"{written}\"]"
        ));
        assert!(
            found.len() == 1 && found[0].contains(says),
            "{written}: {found:?}"
        );
        assert!(found[0].starts_with("12:11 accounts: "), "{found:?}");
    }
}

#[test]
fn values_that_could_never_be_meant_are_faults() {
    for (lines, says) in [
        (
            "max_duration = 4",
            "7:16 max_duration: a text in quotes is needed here, not a number",
        ),
        (
            "max_duration = \"1m\"",
            "7:16 max_duration: 1m is under min_duration, 5m: the rule could never match",
        ),
        (
            "max_duration = \"0s\"",
            "7:16 max_duration: \"0s\" is not a duration",
        ),
        (
            "default_duration = \"10h\"",
            "is not between min_duration, 5m, and the rule's longest, 9h",
        ),
        (
            "approval = \"maybe\"",
            "7:12 approval: \"maybe\" is not known: write \"required\", \"none\" or \"break-glass\"",
        ),
        ("quorum = 0", "7:10 quorum: 0 is out of range: from 1 to 100"),
        ("quorum = 99999999999999999999", "is out of range"),
        (
            "quorum = 2\napprovers = [\"user:b\", \"user:b\"]",
            "7:10 quorum: 2 can never be met: 1 can approve",
        ),
        ("approvers = []", "7:13 approvers: is empty"),
        ("valid_until = 2027-01-31", "write date, time and zone"),
        ("valid_until = 2027-01-31T00:00:00", "write date, time and zone"),
        (
            "valid_until = \"2027-01-31T00:00:00Z\"",
            "a moment without quotes",
        ),
        (
            "ticket_pattern = \"(\"",
            "\"(\" is not a regular expression: unclosed group",
        ),
        ("ticket_url = \"javascript:alert(1)\"", "is no address"),
        ("rejected_justifications = [\" \"]", "is blank"),
        ("justification_min = 2000", "from 0 to 1024"),
        (
            "require_comment = true",
            "unknown key \"require_comment\" in [[eligibility]]",
        ),
        ("owner = \"a\\u0007\"", "U+0007"),
        ("protected = 1", "true or false is needed here, not a number"),
    ] {
        let found = rule(lines);
        assert!(found.len() == 1 && found[0].contains(says), "{lines}: {found:?}");
    }
}

#[test]
fn settings_that_contradict_each_other_are_faults() {
    for (lines, says) in [
        (
            "min_duration = \"10h\"",
            "3:16 min_duration: the shortest access, 10h, is over the longest, 9h",
        ),
        (
            "max_duration = \"1m\"",
            "3:16 max_duration: the shortest access, 5m, is over the longest, 1m",
        ),
        (
            "default_duration = \"10h\"",
            "3:20 default_duration: 10h is not between min_duration, 5m, and max_duration, 9h",
        ),
        ("on_lost_eligibility = \"stay\"", "write \"end\" or \"keep\""),
    ] {
        let found = faults(&format!("version = 1\n[settings]\n{lines}"));
        assert!(found.len() == 1 && found[0].contains(says), "{found:?}");
    }
    assert!(
        parse("version = 1\n[settings]\nmax_duration = \"30m\"").is_ok(),
        "the default is cut to it"
    );
}
