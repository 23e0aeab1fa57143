//! The small organisation of `tests/policy/organisation.toml` as a directory.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use teamd_domain::Time;
use teamd_domain::directory::{Account, Directory, Group, OrganizationalUnit, PermissionSet, Person};

/// What is written of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    now: toml::value::Datetime,
    people: Vec<String>,
    disabled: BTreeSet<String>,
    permission_sets: Vec<String>,
    groups: BTreeMap<String, Vec<String>>,
    /// Path by id.
    ous: BTreeMap<String, String>,
    accounts: BTreeMap<String, Place>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    name: String,
    ou: String,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    state: Option<String>,
    #[serde(default)]
    management: bool,
}

/// Where the cases are.
pub(super) fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../..", "tests", "policy"]
        .iter()
        .collect()
}

/// The organisation, and the moment at which it is looked at.
pub(super) fn read() -> (Directory, Time) {
    let text = std::fs::read_to_string(folder().join("organisation.toml")).unwrap();
    let written: Written = toml::from_str(&text).unwrap();
    let now: Time = written.now.to_string().parse().unwrap();
    (directory(&written, now), now)
}

fn directory(written: &Written, now: Time) -> Directory {
    let user = |name: &str| format!("u-{name}").parse().unwrap();
    let accounts: Vec<Account> = written
        .accounts
        .iter()
        .map(|(id, place)| account(id, place, &written.ous))
        .collect();
    let management = written.accounts.iter().find(|(_, place)| place.management);
    let sets = written.permission_sets.iter().map(|name| PermissionSet {
        arn: format!("arn:aws:sso:::permissionSet/ssoins-1/ps-{name}")
            .parse()
            .unwrap(),
        name: name.clone(),
        description: String::new(),
        session_seconds: 3600,
    });
    let people = written.people.iter().map(|name| Person {
        id: user(name),
        user_name: name.clone(),
        display_name: name.clone(),
        email: None,
        zone: None,
        enabled: !written.disabled.contains(name),
    });
    let groups = written.groups.iter().map(|(name, members)| Group {
        id: format!("g-{name}").parse().unwrap(),
        name: name.clone(),
        members: members.iter().map(|member| user(member)).collect(),
    });
    let units = written.ous.iter().map(|(id, path)| OrganizationalUnit {
        id: id.clone(),
        path: path.clone(),
    });
    Directory {
        loaded_at: now,
        instance_arn: "arn:aws:sso:::instance/ssoins-1".to_owned(),
        identity_store_id: "d-1".to_owned(),
        management_account: management.map(|(id, _)| id.parse().unwrap()),
        organizational_units: units.map(|ou| (ou.id.clone(), ou)).collect(),
        accounts: accounts
            .into_iter()
            .map(|account| (account.id.clone(), account))
            .collect(),
        permission_sets: sets.map(|set| (set.arn.clone(), set)).collect(),
        people: people.map(|person| (person.id.clone(), person)).collect(),
        groups: groups.map(|group| (group.id.clone(), group)).collect(),
        group_access: BTreeSet::new(),
        on_call: Default::default(),
        index: Default::default(),
    }
}

fn account(id: &str, place: &Place, ous: &BTreeMap<String, String>) -> Account {
    // `Workloads/Prod` is in Workloads and in Workloads/Prod.
    let mut above: Vec<(&String, &String)> = ous
        .iter()
        .filter(|(_, path)| place.ou == **path || place.ou.starts_with(&format!("{path}/")))
        .collect();
    above.sort_by_key(|(_, path)| path.len());
    let state = place.state.clone().unwrap_or_else(|| "ACTIVE".to_owned());
    Account {
        id: id.parse().unwrap(),
        name: place.name.clone(),
        active: state == "ACTIVE",
        state,
        ou_ids: above.into_iter().map(|(id, _)| id.clone()).collect(),
        tags: place.tags.clone(),
    }
}
