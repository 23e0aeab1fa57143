//! Parsing of expectations.

use crate::document::parse_expectations;

const WHOLE: &str = r#"
[[expect]]
who = "alice"
account = "prod-ledger"
permission_set = "AdministratorAccess"
for = "2h"
at = 2026-11-23T09:00:00Z
result = "allowed"
rule = "oncall-prod"
rules = ["oncall-prod"]
approval = "required"
approvers = ["bob", "user:carol"]
overseers = []
quorum = 1
max = "4h"
ticket = "optional"
reason = "they carry the pager"

[[expect]]
who = "group:contractors"
account = "ou:Workloads/Prod"
permission_set = "*"
break_glass = true
result = "refused"
code = "denied"
says = "not for contractors"
"#;

fn faults(text: &str) -> Vec<String> {
    let faults = parse_expectations(text).unwrap_err();
    faults.iter().map(ToString::to_string).collect()
}

/// The faults of one expectation with these lines after the necessary ones; they begin at line 6.
fn one(lines: &str) -> Vec<String> {
    faults(&format!(
        "[[expect]]\nwho = \"a\"\naccount = \"x\"\npermission_set = \"S\"\n# \n{lines}"
    ))
}

#[test]
fn every_key_is_understood() {
    let read = parse_expectations(WHOLE).unwrap();
    assert_eq!(read.len(), 2);
    assert_eq!((read[0].line, read[1].line), (2, 19));
    assert!(read[1].break_glass && read[0].at.is_some() && read[0].reason.is_some());
}

#[test]
fn faults_come_with_their_place_and_what_was_meant() {
    assert_eq!(
        faults(""),
        ["line 1, column 1: the document needs the key expect"]
    );
    assert_eq!(
        faults("[[expects]]\nwho = \"a\"")[0],
        "line 1, column 1: the document needs the key expect"
    );
    assert_eq!(
        one("resul = \"allowed\""),
        [
            "line 1, column 1: [[expect]] needs the key result",
            "line 6, column 1: unknown key \"resul\" in [[expect]]; did you mean result?",
        ]
    );
    for (lines, says) in [
        (
            "result = \"yes\"",
            "line 6, column 10: result: \"yes\" is not known: write \"allowed\" or \"refused\"",
        ),
        (
            "result = \"refused\"\ncode = \"overcap\"",
            "did you mean \"over_cap\"?",
        ),
        (
            "result = \"refused\"\ncode = \"stale\"",
            "known are not_eligible, denied, over_cap, under_min, no_approver",
        ),
        (
            "result = \"refused\"\nquorum = 1",
            "line 7, column 10: quorum: has no meaning where the result is \"refused\"",
        ),
        (
            "result = \"allowed\"\ncode = \"denied\"",
            "code: has no meaning where the result is \"allowed\"",
        ),
        (
            "result = \"allowed\"\napproval = \"none\"\nquorum = 1",
            "is 0 where no approval is needed",
        ),
        ("result = \"allowed\"\nmax = \"4\"", "is not a duration"),
        (
            "result = \"allowed\"\nticket = true",
            "a text in quotes is needed here",
        ),
    ] {
        let found = one(lines);
        assert!(found.len() == 1 && found[0].contains(says), "{lines}: {found:?}");
    }
    let found = faults(
        "[[expect]]\nwho = \"grup:x\"\naccount = \"12345\"\npermission_set = \" \"\nresult = \"allowed\"",
    );
    assert!(
        found[0].contains("did you mean \"group:x\"?")
            && found[1].contains("12")
            && found[2].contains("blank"),
        "{found:?}"
    );
}
