//! Cases of parsing.

mod budget;
mod cases;
mod expectations;
mod organisation;
mod robust;
mod routes;
mod values;

use super::*;
use crate::{AccountPattern, ApprovalMode, OnLostEligibility, SetPattern, Subject};

/// Every key of the contract, spelt as it spells them.
const WHOLE: &str = r#"
version = 1

[roles]
admins = ["group:team-admins"]
auditors = ["group:team-auditors", "user:ann"]
security = ["group:soc"]

[settings]
approval = true
require_justification = true
justification_min = 10
rejected_justifications = ["test"]
require_ticket = false
ticket_pattern = "INC-[0-9]+"
ticket_url = "https://tickets.example.com/{ticket}"
require_comment = false
max_duration = "9h"
min_duration = "5m"
default_duration = "1h"
request_expiry = "3h"
max_extensions = 2
max_per_day = ""
claim_timeout = "10m"
remind_before_end = ["30m", "15m"]
remind_approvers_every = "30m"
escalate_after = ""
on_lost_eligibility = "keep"
max_permission_set_session = ""
break_glass_justification_min = 30
policy_changes_need = 1

[[eligibility]]
id = "oncall-prod"
who = ["group:On Call", "user:alice"]
owner = "bob"
change_ticket = "SEC-12"
accounts = ["111122223333", "name:prod-*", "ou:Workloads/Prod", "ou:ou-ab12-cdefgh34", "ou:/", "ou-direct:Sandbox", "tag:env=prod", "*"]
permission_sets = ["AdministratorAccess", "Incident*"]
max_duration = "4h"
approval = "required"
approvers = ["group:prod-leads"]
quorum = 2
precedence = 3
valid_until = 2027-01-31T01:00:00+01:00
protected = true
guarded = true
require_ticket = true
ticket_pattern = ""
request_expiry = "1h"
default_duration = "30m"
max_extensions = 2
max_per_day = ""

[[approver]]
id = "prod-leads"
accounts = ["ou:Workloads/Prod"]
permission_sets = ["*"]
who = ["group:prod-leads"]
quorum = 1
escalate_to = []

[[deny]]
id = "contractors-no-admin"
who = ["group:contractors"]
accounts = ["*"]
permission_sets = ["AdministratorAccess"]
reason = "contractors have their own accounts"
"#;

/// `line:column message` of every fault.
fn faults(text: &str) -> Vec<String> {
    match parse(text) {
        Ok(policy) => panic!("no fault in {policy:?}"),
        Err(faults) => faults
            .iter()
            .map(|fault| format!("{}:{} {}", fault.line, fault.column, fault.message))
            .collect(),
    }
}

/// The faults of a rule with these lines added; the rule begins at line 2, they at line 7.
fn rule(lines: &str) -> Vec<String> {
    faults(&format!(
        "version = 1\n[[eligibility]]\nid = \"r\"\nwho = [\"user:a\"]\naccounts = [\"*\"]\npermission_sets = [\"*\"]\n{lines}"
    ))
}

#[test]
fn the_whole_document_is_understood() {
    let policy = parse(WHOLE).unwrap();
    assert_eq!(policy.roles.auditors.len(), 2);
    assert_eq!(policy.settings.on_lost_eligibility, OnLostEligibility::Keep);
    assert!(
        policy
            .settings
            .texts
            .ticket_pattern
            .as_ref()
            .unwrap()
            .fits("INC-1")
    );
    let rule = &policy.eligibility[0];
    assert_eq!(rule.who[0], Subject::Group("On Call".to_owned()));
    assert_eq!(
        rule.accounts[0],
        AccountPattern::Id("111122223333".parse().unwrap())
    );
    assert_eq!(rule.accounts[4], AccountPattern::Ou("/".to_owned()));
    assert_eq!(rule.accounts[5], AccountPattern::OuDirect("Sandbox".to_owned()));
    assert_eq!(
        rule.accounts[6],
        AccountPattern::Tag {
            key: "env".to_owned(),
            value: "prod".to_owned()
        }
    );
    assert_eq!(rule.accounts[7], AccountPattern::All);
    assert_eq!(rule.permission_sets[1], SetPattern("Incident*".to_owned()));
    assert_eq!(
        (rule.quorum, rule.precedence, rule.protected, rule.guarded),
        (Some(2), 3, true, true)
    );
    assert_eq!(rule.valid_until, Some("2027-01-31T00:00:00Z".parse().unwrap()));
    assert_eq!(rule.overrides.require_ticket, Some(true));
    assert_eq!(
        rule.overrides.ticket_pattern,
        Some(None),
        "none, whatever the setting says"
    );
    assert_eq!(rule.owner.as_deref(), Some("bob"));
    assert_eq!(policy.approvers[0].quorum, Some(1));
    assert!(policy.deny[0].reason.is_some());
}

#[test]
fn what_is_left_out_has_the_contracts_default() {
    assert_eq!(parse("version = 1").unwrap(), Policy::default());
    let policy = parse(WHOLE).unwrap();
    let defaults = Settings::default();
    assert_eq!(policy.settings.max_duration, defaults.max_duration);
    assert_eq!(policy.settings.min_duration, defaults.min_duration);
    assert_eq!(policy.settings.default_duration, defaults.default_duration);
    assert_eq!(policy.settings.request_expiry, defaults.request_expiry);
    assert_eq!(policy.settings.texts.break_glass_justification_min, 30);
    let text = "version = 1\n[[eligibility]]\nid = \"r\"\nwho = [\"user:a\"]\naccounts = [\"*\"]\npermission_sets = [\"*\"]";
    let rule = &parse(text).unwrap().eligibility[0];
    assert_eq!(rule.approval, ApprovalMode::Required, "the safe one");
    assert!(rule.max_duration.is_none() && rule.approvers.is_empty() && !rule.protected);
}

#[test]
fn the_version_must_be_there_and_be_one() {
    assert_eq!(faults(""), ["1:1 the document needs the key version"]);
    assert_eq!(
        faults("version = 2"),
        ["1:11 version: 2 is not understood: write version = 1"]
    );
    assert_eq!(
        faults("version = \"1\""),
        ["1:11 version: a whole number is needed here, not a text"]
    );
}

#[test]
fn unknown_keys_are_faults_with_what_was_meant() {
    assert_eq!(
        faults("version = 1\nelegibility = 1\n[settings]\nmax_durations = \"1h\"\nzebra = 1\n[rolls]\n")
            .iter()
            .map(|fault| fault.split("; known").next().unwrap())
            .collect::<Vec<_>>(),
        [
            "2:1 unknown key \"elegibility\"; did you mean eligibility?",
            "4:1 unknown key \"max_durations\" in [settings]; did you mean max_duration?",
            "5:1 unknown key \"zebra\" in [settings]",
            "6:2 unknown key \"rolls\"; did you mean roles?",
        ]
    );
    assert_eq!(
        rule("aprovers = []"),
        ["7:1 unknown key \"aprovers\" in [[eligibility]]; did you mean approvers?"]
    );
}

#[test]
fn all_faults_come_at_once_in_order() {
    let found = faults(
        "version = 1\n[settings]\nmax_duration = \"4 parsecs\"\napproval = \"yes\"\n[[eligibility]]\nwho = [\"alice\", 7]\n\
         accounts = \"*\"\n[[deny]]\nid = \"d\"\n",
    );
    assert_eq!(
        found,
        [
            "3:16 max_duration: \"4 parsecs\" is not a duration: write it like 90s, 45m, 2h30m or 3d, from one second \
             to ten years",
            "4:12 approval: true or false is needed here, not a text",
            "5:1 [[eligibility]] needs the key id",
            "5:1 [[eligibility]] needs the key permission_sets",
            "6:8 who: \"alice\" is neither a user nor a group: write \"user:NAME\" or \"group:NAME\"",
            "6:17 who: a text in quotes is needed here, not a number",
            "7:12 accounts: a list in brackets is needed here, not a text",
            "8:1 [[deny]] needs the key accounts",
            "8:1 [[deny]] needs the key permission_sets",
            "8:1 [[deny]] needs the key who",
        ]
    );
}

#[test]
fn text_that_is_not_toml_says_where() {
    let found = faults("version = 1\n[settings]\napproval = treu\nmax_duration = 4h\n[[deny\n");
    let places: Vec<&str> = found
        .iter()
        .map(|fault| fault.split(' ').next().unwrap())
        .collect();
    assert_eq!(places, ["3:12", "4:16", "5:7"], "{found:?}");
    let twice = faults("version = 1\nversion = 1");
    assert_eq!(twice, ["2:1 duplicate key: \"version\""]);
}

#[test]
fn columns_count_characters() {
    assert!(
        faults("version = 1\n\"größe東京🚑\" = 1 # 🚑\n[[deny]]\n\"🚑\" = \"🚑\"\nwho = [\"🚑\", 1]")
            .iter()
            .any(|fault| fault.starts_with("5:13 who"))
    );
    // Past the end of a line stands the line's own end, not the next line.
    assert!(rule("owner = \"😀😀\" x")[0].starts_with("7:14 "));
}

#[test]
fn ids_are_unique_within_their_kind() {
    let text = |second: &str| {
        format!(
            "version = 1\n[[deny]]\nid = \"x\"\nwho = [\"user:a\"]\naccounts = [\"*\"]\npermission_sets = [\"*\"]\n\
             [[{second}]]\nid = \"x\"\nwho = [\"user:a\"]\naccounts = [\"*\"]\npermission_sets = [\"*\"]\n"
        )
    };
    assert_eq!(
        faults(&text("deny")),
        ["8:6 id: \"x\" is the id of an earlier [[deny]] too"]
    );
    assert!(parse(&text("approver")).is_ok());
}

#[test]
fn every_setting_is_kept_as_written() {
    let text = "version = 1\n[settings]\nescalate_after = \"1h\"\nremind_before_end = [\"1h\"]\n\
                remind_approvers_every = \"\"\nclaim_timeout = \"5m\"\nmax_per_day = \"4h\"\n\
                policy_changes_need = 2\nmax_permission_set_session = \"2h\"\n\
                [[eligibility]]\nid = \"e\"\nwho = [\"oncall:pay\"]\naccounts = [\"*\"]\npermission_sets = [\"*\"]\n\
                max_per_day = \"\"\napprovers = [\"oncall:heads\"]\n\
                [[approver]]\nid = \"a\"\nwho = [\"user:a\"]\naccounts = [\"*\"]\npermission_sets = [\"*\"]\n\
                escalate_to = [\"group:heads\"]";
    let policy = parse(text).unwrap();
    let length = |text: &str| text.parse().ok();
    assert_eq!(policy.settings.escalate_after, length("1h"));
    assert_eq!(policy.settings.remind_before_end, ["1h".parse().unwrap()]);
    assert_eq!(policy.settings.remind_approvers_every, None);
    assert_eq!(policy.settings.claim_timeout, "5m".parse().unwrap());
    assert_eq!(policy.settings.max_per_day, length("4h"));
    assert_eq!(policy.settings.policy_changes_need, 2);
    assert_eq!(policy.settings.max_permission_set_session, length("2h"));
    let rule = &policy.eligibility[0];
    assert_eq!(
        rule.overrides.max_per_day,
        Some(None),
        "any, whatever the setting says"
    );
    assert_eq!(rule.who, [Subject::OnCall("pay".to_owned())]);
    assert_eq!(
        policy.approvers[0].escalate_to,
        [Subject::Group("heads".to_owned())]
    );
}

#[test]
fn settings_out_of_their_range_are_faults() {
    for (setting, says) in [
        (
            "policy_changes_need = 3",
            "3:23 policy_changes_need: 3 is out of range: from 1 to 2",
        ),
        (
            "max_per_day = \"soon\"",
            "3:15 max_per_day: \"soon\" is not a duration",
        ),
        ("claim_timeout = \"\"", "3:17 claim_timeout: "),
        (
            "remind_before_end = [\"1h\", \"x\"]",
            "3:28 remind_before_end: \"x\" is not a duration",
        ),
        (
            "escalate_after = 5",
            "3:18 escalate_after: a text in quotes is needed here",
        ),
    ] {
        let found = faults(&format!("version = 1\n[settings]\n{setting}"));
        assert!(found.len() == 1 && found[0].starts_with(says), "{found:?}");
    }
    assert!(rule("approvers = [\"oncal:pay\"]")[0].contains("did you mean \"oncall:pay\"?"));
    assert!(rule("approvers = [\"oncall:\"]")[0].contains("names nothing"));
}

#[test]
fn tables_and_lists_of_tables_are_told_apart() {
    assert_eq!(
        faults("version = 1\nroles = 3\n[eligibility]\nid = \"x\"\n[[settings]]\napproval = true"),
        [
            "2:9 roles is a table: write [roles]",
            "3:1 eligibility is a list of tables: write [[eligibility]]",
            "5:1 settings is a table: write [settings]",
        ]
    );
    assert_eq!(
        faults("version = 1\ndeny = [1]"),
        ["2:9 deny: a table is needed here, not a number"]
    );
}
