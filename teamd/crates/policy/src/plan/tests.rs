//! Plans for the sample organisation.

mod routes;

use super::*;
use crate::document::parse;
use crate::entitlements;
use crate::exported as directory;
use crate::exported::Exported;
use std::collections::BTreeSet;
use team_shared::policy::EntitlementChange;

const SAMPLE: &str = include_str!("../../../../../docs/sample-policy/policy.toml");

fn exported() -> Exported {
    directory::parse(include_str!("../../../../../docs/sample-policy/directory.json")).unwrap()
}

fn now() -> Time {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

/// The plan from one document to another.
fn planned(before: Option<&str>, after: &str) -> PolicyPlan {
    let (before, after) = (before.map(|text| parse(text).unwrap()), parse(after).unwrap());
    let exported = exported();
    plan(&Change {
        before: before.as_ref(),
        after: &after,
        directory: &exported.directory,
        protected: &exported.protected,
        author: None,
        now: now(),
    })
}

fn replaced(from: &str, to: &str) -> String {
    assert!(SAMPLE.contains(from), "{from}");
    SAMPLE.replacen(from, to, 1)
}

/// The sample without the rule of this id, up to the next.
fn without(id: &str) -> String {
    let at = SAMPLE.find(&format!("id = \"{id}\"")).unwrap();
    let begin = SAMPLE[..at].rfind("[[").unwrap();
    let end = SAMPLE[at..].find("\n[[").map_or(SAMPLE.len(), |end| at + end + 1);
    format!("{}{}", &SAMPLE[..begin], &SAMPLE[end..])
}

fn in_short(changes: &[EntitlementChange]) -> Vec<String> {
    changes
        .iter()
        .map(|one| {
            let who = one.group.clone().unwrap_or_else(|| one.people.join(" "));
            format!(
                "{who}: {} in {}: {:?} -> {:?}",
                one.permission_sets.join(" "),
                one.accounts.join(" "),
                one.from,
                one.to
            )
        })
        .collect()
}

fn codes(plan: &PolicyPlan, severity: &str) -> Vec<String> {
    let of = plan.findings.iter().filter(|one| one.severity == severity);
    of.map(|one| format!("{} {}", one.code, one.about)).collect()
}

#[test]
fn the_same_document_changes_nothing() {
    let plan = planned(Some(SAMPLE), SAMPLE);
    assert!(plan.rules.is_empty() && plan.settings.is_empty() && plan.roles.is_empty());
    assert!(plan.gains.is_empty() && plan.losses.is_empty() && plan.changes.is_empty());
    assert!(plan.approvals.is_empty() && refusals(&plan).is_empty());
    assert_eq!(plan.administrators_before, plan.administrators_after);
}

#[test]
fn a_shorter_cap_is_other_conditions_for_those_it_is_about() {
    let changed = replaced(
        "permission_sets = [\"IncidentResponse\", \"AdministratorAccess\"]\nmax_duration = \"4h\"",
        "permission_sets = [\"IncidentResponse\", \"AdministratorAccess\"]\nmax_duration = \"2h\"",
    );
    let plan = planned(Some(SAMPLE), &changed);
    assert!(plan.gains.is_empty() && plan.losses.is_empty());
    assert_eq!(plan.changes.len(), 1, "{:?}", in_short(&plan.changes));
    let change = &plan.changes[0];
    assert_eq!(
        (change.group.as_deref(), change.people_count),
        (Some("oncall"), 2)
    );
    assert_eq!(
        change.permission_sets,
        ["AdministratorAccess", "IncidentResponse"]
    );
    assert!(change.from.starts_with("up to 4h, approval by 1 of ") && change.to.starts_with("up to 2h"));
    assert_eq!(plan.rules.len(), 1);
    assert_eq!(plan.rules[0].fields, ["max_duration: 4h -> 2h"]);
}

#[test]
fn a_rule_that_goes_takes_what_only_it_gave() {
    let plan = planned(Some(SAMPLE), &without("engineers-sandbox"));
    assert_eq!(
        in_short(&plan.losses),
        [
            "engineers: PowerUserAccess ReadOnlyAccess in sandbox-nora sandbox-team: \"up to 8h, no approval\" -> \"\""
        ]
    );
    assert!(plan.gains.is_empty() && plan.changes.is_empty());
    let back = planned(Some(&without("engineers-sandbox")), SAMPLE);
    assert_eq!(back.gains.len(), 1);
    assert_eq!(back.gains[0].rule, "engineers-sandbox");
}

#[test]
fn a_deny_rule_takes_and_a_role_is_gained() {
    let deny = "[[deny]]\nid = \"no-night-shift\"\nwho = [\"user:petra\"]\naccounts = [\"ou:Workloads/Prod\"]\npermission_sets = [\"*\"]\n";
    let changed = replaced("admins   = [", "admins   = [\"user:zoe\", ") + deny;
    let plan = planned(Some(SAMPLE), &changed);
    assert!(
        plan.losses.iter().all(|one| one.people == ["petra"]),
        "{:?}",
        in_short(&plan.losses)
    );
    assert!(!plan.losses.is_empty() && plan.gains.is_empty());
    assert_eq!(
        (plan.roles[0].role.as_str(), plan.roles[0].gain.as_slice()),
        ("admin", &["zoe".to_owned()][..])
    );
    assert_eq!(plan.settings[0].key, "roles.admins");
}

#[test]
fn who_decides_is_said_apart() {
    let approver = SAMPLE.find("[[approver]]").unwrap();
    let changed = format!(
        "{}{}",
        &SAMPLE[..approver],
        SAMPLE[approver..].replacen("group:prod-leads", "user:zoe", 1)
    );
    let plan = planned(Some(SAMPLE), &changed);
    let of = |gain: bool| -> BTreeSet<&str> {
        let changes = plan.approvals.iter().filter(|one| one.gain == gain);
        changes
            .flat_map(|one| one.people.iter().map(String::as_str))
            .collect()
    };
    assert_eq!(of(true), BTreeSet::from(["zoe"]));
    assert!(of(false).contains("quinn"), "{:?}", plan.approvals);
    assert!(plan.gains.is_empty() && plan.losses.is_empty() && !plan.changes.is_empty());
}

#[test]
fn what_locks_somebody_out_is_refused_where_it_is_new() {
    let no_admin = replaced(
        "admins   = [\"group:platform-leads\"]",
        "admins   = [\"group:gone\"]",
    );
    assert_eq!(
        codes(&planned(Some(SAMPLE), &no_admin), "refused"),
        ["no-admin roles.admins"]
    );
    assert!(
        refusals(&planned(None, &no_admin)).is_empty(),
        "the first document may come in pieces"
    );
    assert!(
        refusals(&planned(Some(&no_admin), &no_admin)).is_empty(),
        "it was so before"
    );
    let nobody = replaced(
        "approvers = [\"group:finance-leads\"]",
        "approvers = [\"group:gone\"]",
    );
    let plan = planned(Some(SAMPLE), &nobody);
    assert_eq!(
        codes(&plan, "refused"),
        ["no-approver eligibility rule finance-close"]
    );
    assert!(
        plan.findings[0]
            .says
            .starts_with("Billing in billing-group takes approval by 1, and 0 can give it")
    );
    assert!(
        plan.stale
            .iter()
            .any(|line| line.contains("group:gone is not in Identity Center"))
    );
    let many = replaced("quorum = 2\nprotected", "quorum = 9\nprotected");
    assert_eq!(
        codes(&planned(Some(SAMPLE), &many), "refused"),
        ["no-approver eligibility rule organisation-admin"]
    );
}

#[test]
fn what_deserves_a_look_is_found() {
    let rule = |id: &str, rest: &str| {
        format!("[[eligibility]]\nid = \"{id}\"\nwho = [\"group:engineers\"]\n{rest}\n")
    };
    let found = |rest: &str| {
        codes(
            &planned(Some(SAMPLE), &format!("{SAMPLE}\n{}", rule("new", rest))),
            "warning",
        )
    };
    let of_new = |found: Vec<String>| -> Vec<String> {
        found
            .into_iter()
            .filter(|one| one.ends_with(" new") || one.ends_with("the change"))
            .collect()
    };
    assert_eq!(
        of_new(found(
            "accounts = [\"*\"]\npermission_sets = [\"*Admin*\"]\napproval = \"none\""
        )),
        [
            "admin-everywhere eligibility rule new",
            "admin-unapproved eligibility rule new",
            "more-administrators the change"
        ]
    );
    assert_eq!(
        of_new(found(
            "accounts = [\"name:shop-*\"]\npermission_sets = [\"ReadOnlyAccess\"]\napproval = \"none\""
        )),
        ["depends-on-name eligibility rule new"]
    );
    for never in [
        "accounts = [\"ou:Gone\"]\npermission_sets = [\"ReadOnlyAccess\"]\napproval = \"none\"",
        "accounts = [\"ou:Sandbox\"]\npermission_sets = [\"Gone\"]\napproval = \"none\"",
        "accounts = [\"ou:Sandbox\"]\npermission_sets = [\"ReadOnlyAccess\"]\napproval = \"none\"\nvalid_until = 2020-01-01T00:00:00Z",
        "accounts = [\"900000000001\"]\npermission_sets = [\"ReadOnlyAccess\"]\napproval = \"none\"",
    ] {
        assert_eq!(
            of_new(found(never)),
            ["never-matches eligibility rule new"],
            "{never}"
        );
    }
    let off = replaced("[settings]\n", "[settings]\napproval = false\n");
    assert!(codes(&planned(Some(SAMPLE), &off), "warning").contains(&"approval-off settings".to_owned()));
    let deny = "[[deny]]\nid = \"d\"\nwho = [\"group:soc\"]\naccounts = [\"tag:data=cardholder\"]\npermission_sets = [\"*\"]\n";
    let plan = planned(Some(SAMPLE), &format!("{SAMPLE}\n{deny}"));
    assert!(codes(&plan, "warning").contains(&"depends-on-tag deny rule d".to_owned()));
}

#[test]
fn an_administrator_who_widens_their_own_access_is_told_on() {
    let rule = "\n[[eligibility]]\nid = \"mine\"\nwho = [\"user:ines\"]\naccounts = [\"ou:Sandbox\"]\npermission_sets = [\"ReadOnlyAccess\"]\napproval = \"none\"\n";
    let (before, after) = (parse(SAMPLE).unwrap(), parse(&format!("{SAMPLE}{rule}")).unwrap());
    let exported = exported();
    let id = |name: &str| {
        exported
            .directory
            .person_named(name)
            .map(|person| person.id.clone())
    };
    for (author, widens) in [("ines", true), ("jonas", false)] {
        let author = id(author);
        let plan = plan(&Change {
            before: Some(&before),
            after: &after,
            directory: &exported.directory,
            protected: &exported.protected,
            author: author.as_ref(),
            now: now(),
        });
        assert_eq!(plan.findings.iter().any(|one| one.code == "widens-own"), widens);
    }
}

/// (person, account, permission set, break-glass).
type Right = (String, String, String, bool);

fn rights(text: &str) -> BTreeSet<Right> {
    let (policy, exported) = (parse(text).unwrap(), exported());
    let directory = &exported.directory;
    let mut rights = BTreeSet::new();
    for person in directory.people.values() {
        for one in entitlements(&policy, directory, &exported.protected, &person.id, now()) {
            rights.insert((
                person.user_name.clone(),
                directory.accounts[&one.account].name.clone(),
                directory.permission_sets[&one.permission_set].name.clone(),
                one.break_glass,
            ));
        }
    }
    rights
}

fn spread(changes: &[EntitlementChange]) -> BTreeSet<Right> {
    let mut rights = BTreeSet::new();
    for one in changes {
        assert_eq!(
            one.people.len(),
            one.people_count,
            "the sample is small enough to be listed whole"
        );
        for person in &one.people {
            for account in &one.accounts {
                for set in &one.permission_sets {
                    rights.insert((person.clone(), account.clone(), set.clone(), one.break_glass));
                }
            }
        }
    }
    rights
}

/// Whatever the change: what a plan says is gained and lost is what the entitlements before and after differ by.
#[test]
fn plans_agree_with_entitlements() {
    let ids = [
        "engineers-sandbox",
        "oncall-prod-fix",
        "oncall-break-glass",
        "payments-admin",
        "organisation-admin",
    ];
    let mut documents: Vec<String> = ids.iter().map(|id| without(id)).collect();
    documents.extend([
        SAMPLE.to_owned(),
        replaced(
            "who = [\"group:oncall\"]",
            "who = [\"group:finance\", \"user:nora\"]",
        ),
        replaced("accounts = [\"ou:Sandbox\"]", "accounts = [\"*\"]"),
        replaced("permission_sets = [\"Billing\"]", "permission_sets = [\"*\"]"),
        replaced("max_duration = \"8h\"", "max_duration = \"6h\""),
        replaced("protected = true", "protected = false"),
        "version = 1\n".to_owned(),
    ]);
    for before in &documents {
        for after in &documents {
            let plan = planned(Some(before), after);
            let (was, is) = (rights(before), rights(after));
            assert_eq!(spread(&plan.gains), is.difference(&was).cloned().collect());
            assert_eq!(spread(&plan.losses), was.difference(&is).cloned().collect());
        }
    }
}
