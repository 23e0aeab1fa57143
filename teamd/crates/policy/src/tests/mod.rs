//! Cases of the documented semantics, on one small organisation:
//!
//! ```text
//! /                     management 444444444444 (the management account)
//! ├── Workloads
//! │   ├── Prod          prod-ledger 111111111111 env=prod · prod-closed 555555555555 (SUSPENDED)
//! │   │   └── EU        prod-eu 111111111112 env=prod
//! │   ├── Production    production-x 666666666666 Env=prod
//! │   └── Dev           dev-ledger 222222222222 env=dev
//! └── Sandbox           sandbox-a 333333333333
//! ```
//!
//! oncall: alice bob erin · leads: bob carol dave · contractors: erin · heads: carol; dave is disabled, frank is in no
//! group.

mod demands;
mod laws;
mod lists;
mod matching;
mod properties;
mod reference;
mod refusals;
mod texts;
mod widened;

use super::*;
use std::collections::{BTreeMap, BTreeSet};
use team_shared::duration::Seconds;
use team_shared::ids::{AccountId, PermissionSetArn, UserId};
use teamd_domain::Time;
use teamd_domain::directory::{Account, Directory, Group, OrganizationalUnit, PermissionSet, Person};

pub(super) const SETS: [&str; 4] = [
    "AdministratorAccess",
    "ReadOnly",
    "IncidentResponse",
    "IncidentReader",
];
pub(super) const PEOPLE: [&str; 6] = ["alice", "bob", "carol", "dave", "erin", "frank"];
pub(super) const ACCOUNTS: [(&str, &str, &str, &str); 7] = [
    ("111111111111", "prod-ledger", "ou-w ou-wp", "env=prod"),
    ("111111111112", "prod-eu", "ou-w ou-wp ou-wpe", "env=prod"),
    ("222222222222", "dev-ledger", "ou-w ou-wd", "env=dev"),
    ("333333333333", "sandbox-a", "ou-s", ""),
    ("444444444444", "management", "", ""),
    ("555555555555", "prod-closed", "ou-w ou-wp", "env=prod"),
    ("666666666666", "production-x", "ou-w ou-wpn", "Env=prod"),
];

pub(super) fn time(text: &str) -> Time {
    text.parse().unwrap()
}

pub(super) fn noon() -> Time {
    time("2026-11-22T12:00:00Z")
}

pub(super) fn user(name: &str) -> UserId {
    format!("id-{name}").parse().unwrap()
}

pub(super) fn users(names: &str) -> Vec<UserId> {
    names.split_whitespace().map(user).collect()
}

pub(super) fn set_arn(name: &str) -> PermissionSetArn {
    format!("arn:aws:sso:::permissionSet/ssoins-1/ps-{name}")
        .parse()
        .unwrap()
}

pub(super) fn account_id(name: &str) -> AccountId {
    let known = ACCOUNTS.iter().find(|(_, known, _, _)| *known == name);
    known
        .unwrap_or_else(|| panic!("no account {name}"))
        .0
        .parse()
        .unwrap()
}

pub(super) fn length(text: &str) -> Seconds {
    text.parse().unwrap()
}

pub(super) fn directory() -> Directory {
    let group = |name: &str, members: &str| {
        let id: team_shared::ids::GroupId = format!("g-{name}").parse().unwrap();
        let members = users(members).into_iter().collect();
        (
            id.clone(),
            Group {
                id,
                name: name.to_owned(),
                members,
            },
        )
    };
    let ou = |id: &str, path: &str| {
        (
            id.to_owned(),
            OrganizationalUnit {
                id: id.to_owned(),
                path: path.to_owned(),
            },
        )
    };
    let account = |(id, name, ous, tag): &(&str, &str, &str, &str)| Account {
        id: id.parse().unwrap(),
        name: (*name).to_owned(),
        active: *name != "prod-closed",
        state: if *name == "prod-closed" {
            "SUSPENDED"
        } else {
            "ACTIVE"
        }
        .to_owned(),
        ou_ids: ous.split_whitespace().map(str::to_owned).collect(),
        tags: tag
            .split_once('=')
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into_iter()
            .collect(),
    };
    let person = |name: &str| Person {
        id: user(name),
        user_name: name.to_owned(),
        display_name: name.to_uppercase(),
        email: None,
        zone: None,
        enabled: name != "dave",
    };
    let set = |name: &str| PermissionSet {
        arn: set_arn(name),
        name: name.to_owned(),
        description: String::new(),
        session_seconds: 3600,
    };
    Directory {
        loaded_at: noon(),
        instance_arn: "arn:aws:sso:::instance/ssoins-1".to_owned(),
        identity_store_id: "d-1".to_owned(),
        management_account: Some(account_id("management")),
        organizational_units: BTreeMap::from([
            ou("ou-w", "Workloads"),
            ou("ou-wp", "Workloads/Prod"),
            ou("ou-wpe", "Workloads/Prod/EU"),
            ou("ou-wpn", "Workloads/Production"),
            ou("ou-wd", "Workloads/Dev"),
            ou("ou-s", "Sandbox"),
        ]),
        accounts: ACCOUNTS
            .iter()
            .map(account)
            .map(|account| (account.id.clone(), account))
            .collect(),
        permission_sets: SETS.iter().map(|name| (set_arn(name), set(name))).collect(),
        people: PEOPLE.iter().map(|name| (user(name), person(name))).collect(),
        groups: BTreeMap::from([
            group("oncall", "alice bob erin"),
            group("leads", "bob carol dave"),
            group("contractors", "erin"),
            group("heads", "carol"),
        ]),
        group_access: BTreeSet::new(),
        on_call: Default::default(),
        index: Default::default(),
    }
}

/// `group:oncall user:alice`
pub(super) fn who(text: &str) -> Vec<Subject> {
    text.split_whitespace()
        .map(|word| match word.split_once(':').unwrap() {
            ("user", name) => Subject::User(name.to_owned()),
            ("group", name) => Subject::Group(name.to_owned()),
            ("oncall", name) => Subject::OnCall(name.to_owned()),
            other => panic!("{other:?}"),
        })
        .collect()
}

/// `111111111111 name:prod-* ou:Workloads tag:env=prod *`
pub(super) fn accounts(text: &str) -> Vec<AccountPattern> {
    text.split_whitespace()
        .map(|word| match word.split_once(':') {
            None if word == "*" => AccountPattern::All,
            None => AccountPattern::Id(word.parse().unwrap()),
            Some(("name", glob)) => AccountPattern::Name(glob.to_owned()),
            Some(("ou", ou)) => AccountPattern::Ou(ou.to_owned()),
            Some(("ou-direct", ou)) => AccountPattern::OuDirect(ou.to_owned()),
            Some(("tag", tag)) => {
                let (key, value) = tag.split_once('=').unwrap();
                AccountPattern::Tag {
                    key: key.to_owned(),
                    value: value.to_owned(),
                }
            }
            Some(other) => panic!("{other:?}"),
        })
        .collect()
}

pub(super) fn sets(text: &str) -> Vec<SetPattern> {
    text.split_whitespace()
        .map(|word| SetPattern(word.to_owned()))
        .collect()
}

/// An eligibility rule that needs no approval.
pub(super) fn allow(id: &str, people: &str, places: &str, permission_sets: &str) -> EligibilityRule {
    EligibilityRule {
        id: id.to_owned(),
        who: who(people),
        accounts: accounts(places),
        permission_sets: sets(permission_sets),
        approval: ApprovalMode::None,
        ..EligibilityRule::default()
    }
}

/// Alice may be administrator in prod-ledger, with the approval of these people.
pub(super) fn approved_by(approvers: &str) -> EligibilityRule {
    EligibilityRule {
        approval: ApprovalMode::Required,
        approvers: who(approvers),
        ..allow("prod", "user:alice", "111111111111", "AdministratorAccess")
    }
}

pub(super) fn capped(cap: &str, rule: EligibilityRule) -> EligibilityRule {
    EligibilityRule {
        max_duration: Some(length(cap)),
        ..rule
    }
}

pub(super) fn approver(id: &str, people: &str, places: &str, quorum: Option<u32>) -> ApproverRule {
    ApproverRule {
        id: id.to_owned(),
        accounts: accounts(places),
        permission_sets: sets("*"),
        who: who(people),
        quorum,
        escalate_to: Vec::new(),
    }
}

pub(super) fn deny(id: &str, people: &str, places: &str, permission_sets: &str) -> DenyRule {
    DenyRule {
        id: id.to_owned(),
        who: who(people),
        accounts: accounts(places),
        permission_sets: sets(permission_sets),
        reason: Some("because".to_owned()),
    }
}

pub(super) fn policy(eligibility: impl IntoIterator<Item = EligibilityRule>) -> Policy {
    Policy {
        eligibility: eligibility.into_iter().collect(),
        ..Policy::default()
    }
}

/// `alice prod-ledger AdministratorAccess 1h [break-glass]`
pub(super) fn ask(policy: &Policy, text: &str) -> Result<Judgement, Refusal> {
    ask_in(policy, &directory(), text)
}

pub(super) fn ask_in(policy: &Policy, directory: &Directory, text: &str) -> Result<Judgement, Refusal> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let ask = Ask {
        is_escalated: false,
        person: &user(words[0]),
        account: &account_id(words[1]),
        permission_set: &set_arn(words[2]),
        duration: length(words[3]),
        break_glass: words.get(4) == Some(&"break-glass"),
        now: noon(),
    };
    evaluate(policy, directory, &BTreeSet::new(), &ask)
}

/// The counting rules of an ask that is allowed.
pub(super) fn counting(policy: &Policy, text: &str) -> Vec<String> {
    ask(policy, text)
        .unwrap_or_else(|refusal| panic!("{text}: {refusal}"))
        .basis
        .rules
}
