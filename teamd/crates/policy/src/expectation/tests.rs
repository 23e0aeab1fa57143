//! What holds, what does not, and what is said of it.

use super::*;
use crate::document;
use crate::exported as directory;
use crate::exported::Exported;
use teamd_domain::Time;

const POLICY: &str = r#"
version = 1
[[eligibility]]
id = "oncall"
who = ["group:oncall"]
accounts = ["ou:Prod"]
permission_sets = ["Admin"]
max_duration = "2h"
approvers = ["group:leads"]
[[deny]]
id = "no-contractors"
who = ["group:contractors"]
accounts = ["*"]
permission_sets = ["Admin"]
reason = "they have their own"
"#;

const WORLD: &str = r#"{
    "loaded_at": "2026-11-22T12:00:00Z", "instance_arn": "i", "identity_store_id": "d",
    "management_account": null, "organizational_units": [{ "id": "ou-p", "path": "Prod" }],
    "accounts": [
        { "id": "111111111111", "name": "ledger", "state": "ACTIVE", "ou_path": "Prod", "ou_ids": ["ou-p"], "tags": {}, "protected": false },
        { "id": "222222222222", "name": "shop", "state": "ACTIVE", "ou_path": "Prod", "ou_ids": ["ou-p"], "tags": {}, "protected": false },
        { "id": "333333333333", "name": "old", "state": "SUSPENDED", "ou_path": "Prod", "ou_ids": ["ou-p"], "tags": {}, "protected": false }
    ],
    "permission_sets": [{ "arn": "arn:admin", "name": "Admin", "description": "", "session_duration_seconds": 3600 }],
    "people": [
        { "user_id": "a", "user_name": "alice", "display_name": "A", "email": null, "enabled": true },
        { "user_id": "b", "user_name": "bob", "display_name": "B", "email": null, "enabled": true },
        { "user_id": "e", "user_name": "erin", "display_name": "E", "email": null, "enabled": true }
    ],
    "groups": [
        { "group_id": "o", "name": "oncall", "members": ["a", "b", "e"] },
        { "group_id": "l", "name": "leads", "members": ["b"] },
        { "group_id": "c", "name": "contractors", "members": ["e"] }
    ]
}"#;

fn now() -> Time {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

/// What became of one expectation with these keys.
fn one(keys: &str) -> Checked {
    let policy = document::parse(POLICY).unwrap();
    let Exported { directory, protected } = directory::parse(WORLD).unwrap();
    let expectations =
        document::parse_expectations(&format!("[[expect]]\n{}", keys.replace("; ", "\n"))).unwrap();
    check(&expectations, &policy, &directory, &protected, now()).remove(0)
}

#[test]
fn what_is_as_expected_holds() {
    for keys in [
        r#"who = "alice"; account = "ledger"; permission_set = "Admin"; for = "2h"; result = "allowed"; approval = "required"; approvers = ["bob"]; quorum = 1; max = "2h"; rule = "oncall""#,
        r#"who = "alice"; account = "ledger"; permission_set = "Admin"; for = "3h"; result = "refused"; code = "over_cap"; says = "ask for 2h or less""#,
        r#"who = "erin"; account = "*"; permission_set = "*"; result = "refused"; code = "denied"; rule = "no-contractors"; says = "they have their own""#,
        r#"who = "bob"; account = "111111111111"; permission_set = "Admin"; result = "refused"; code = "no_approver""#,
        r#"who = "alice"; account = "old"; permission_set = "Admin"; result = "refused"; code = "not_eligible""#,
    ] {
        let checked = one(keys);
        assert!(checked.holds(), "{checked:?}");
    }
}

#[test]
fn what_is_not_says_what_was_expected_and_what_came() {
    let checked = one(
        r#"who = "group:oncall"; account = "ou:Prod"; permission_set = "Admin"; result = "allowed"; reason = "they are on call""#,
    );
    assert_eq!(checked.expected, "everybody in oncall may Admin in ou:Prod");
    assert_eq!(
        (checked.asks, checked.failed, checked.came.len()),
        (6, 4, 3),
        "two people are refused, in two accounts"
    );
    assert!(
        checked.came[0].starts_with("bob, Admin in ledger: refused with no_approver: "),
        "{checked:?}"
    );
    assert_eq!(checked.reason.as_deref(), Some("they are on call"));
    let checked = one(r#"who = "alice"; account = "ledger"; permission_set = "Admin"; result = "refused""#);
    assert_eq!(checked.came, ["allowed by oncall with the approval of 1 of bob"]);
    let checked = one(
        r#"who = "alice"; account = "ledger"; permission_set = "Admin"; result = "allowed"; quorum = 2; approvers = []; max = "1h"; ticket = "required""#,
    );
    assert_eq!(
        checked.came,
        ["approvers nobody expected, bob came; quorum 2 expected, 1 came; \
          ticket required expected, optional came; max 1h expected, 2h came"]
    );
}

#[test]
fn an_expectation_about_nothing_does_not_hold() {
    for (keys, says) in [
        (
            r#"who = "zoe"; account = "*"; permission_set = "*""#,
            "zoe is not in Identity Center",
        ),
        (
            r#"who = "group:gone"; account = "*"; permission_set = "*""#,
            "group gone has no enabled member",
        ),
        (
            r#"who = "alice"; account = "ou:Gone"; permission_set = "*""#,
            "ou:Gone fits no account",
        ),
        (
            r#"who = "alice"; account = "*"; permission_set = "Gone""#,
            "Gone fits no permission set",
        ),
    ] {
        let checked = one(&format!("{keys}; result = \"refused\""));
        assert_eq!(
            (checked.came.as_slice(), checked.asks),
            ([says.to_owned()].as_slice(), 0)
        );
    }
}

#[test]
fn a_run_is_bounded() {
    let policy = document::parse(POLICY).unwrap();
    let Exported {
        mut directory,
        protected,
    } = directory::parse(WORLD).unwrap();
    let mold = directory.permission_sets.values().next().unwrap().clone();
    for n in 0..60_000 {
        let set = teamd_domain::directory::PermissionSet {
            arn: format!("arn:{n}").parse().unwrap(),
            ..mold.clone()
        };
        directory.permission_sets.insert(set.arn.clone(), set);
    }
    let text = "[[expect]]\nwho = \"alice\"\naccount = \"*\"\npermission_set = \"*\"\nresult = \"refused\"";
    let checked = check(
        &document::parse_expectations(text).unwrap(),
        &policy,
        &directory,
        &protected,
        now(),
    );
    assert!(
        checked[0].came[0].starts_with("is about 120002 asks, and a run has 100000"),
        "{checked:?}"
    );
}
