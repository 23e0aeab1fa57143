//! The directory from the JSON that `team-tui directory export` and `GET /v1/directory` give.

use std::collections::BTreeSet;
use team_shared::directory as wire;
use team_shared::ids::AccountId;
use teamd_domain::directory::{Account, Directory, Group, OrganizationalUnit, PermissionSet, Person};

/// AWS's word for an account in which it grants.
const ACTIVE: &str = "ACTIVE";

/// A directory, with what the daemon that exported it protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The directory. Who holds what through groups is not exported: policy does not ask for it.
    pub directory: Directory,
    /// Accounts that only rules with `protected = true` match.
    pub protected: BTreeSet<AccountId>,
}

/// Why a text is no exported directory.
#[derive(Debug, thiserror::Error)]
#[error("is no exported directory: {0}; write it with `team-tui directory export`")]
pub struct Unreadable(#[from] serde_json::Error);

/// Reads the JSON of an export.
///
/// # Errors
/// It is not one; with line, column and what is missing.
pub fn parse(json: &str) -> Result<Exported, Unreadable> {
    Ok(serde_json::from_str::<wire::Directory>(json)?.into())
}

impl From<wire::Directory> for Exported {
    fn from(from: wire::Directory) -> Self {
        let protected = from
            .accounts
            .iter()
            .filter(|account| account.protected)
            .map(|account| account.id.clone())
            .chain(from.management_account.clone())
            .collect();
        let directory = Directory {
            loaded_at: from.loaded_at,
            instance_arn: from.instance_arn,
            identity_store_id: from.identity_store_id,
            management_account: from.management_account,
            organizational_units: from
                .organizational_units
                .into_iter()
                .map(|ou| {
                    (
                        ou.id.clone(),
                        OrganizationalUnit {
                            id: ou.id,
                            path: ou.path,
                        },
                    )
                })
                .collect(),
            accounts: from
                .accounts
                .into_iter()
                .map(|from| (from.id.clone(), account(from)))
                .collect(),
            permission_sets: from
                .permission_sets
                .into_iter()
                .map(|from| (from.arn.clone(), set(from)))
                .collect(),
            people: from
                .people
                .into_iter()
                .map(|from| (from.user_id.clone(), person(from)))
                .collect(),
            groups: from
                .groups
                .into_iter()
                .map(|from| (from.group_id.clone(), group(from)))
                .collect(),
            group_access: BTreeSet::new(),
            on_call: Default::default(),
            index: Default::default(),
        };
        Self { directory, protected }
    }
}

fn account(from: wire::Account) -> Account {
    Account {
        id: from.id,
        name: from.name,
        active: from.state == ACTIVE,
        state: from.state,
        ou_ids: from.ou_ids,
        tags: from.tags,
    }
}

fn set(from: wire::PermissionSet) -> PermissionSet {
    PermissionSet {
        arn: from.arn,
        name: from.name,
        description: from.description,
        session_seconds: from.session_duration_seconds,
    }
}

fn person(from: wire::Person) -> Person {
    Person {
        id: from.user_id,
        user_name: from.user_name,
        display_name: from.display_name,
        email: from.email,
        zone: None,
        enabled: from.enabled,
    }
}

fn group(from: wire::Group) -> Group {
    Group {
        id: from.group_id,
        name: from.name,
        members: from.members.into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPORT: &str = r#"{
        "loaded_at": "2026-11-22T12:00:00Z", "instance_arn": "arn:aws:sso:::instance/ssoins-1",
        "identity_store_id": "d-1", "management_account": "444444444444",
        "organizational_units": [{ "id": "ou-w", "path": "Workloads" }],
        "accounts": [
            { "id": "111111111111", "name": "prod", "state": "ACTIVE", "ou_path": "Workloads", "ou_ids": ["ou-w"],
              "tags": { "env": "prod" }, "protected": true },
            { "id": "222222222222", "name": "old", "state": "SUSPENDED", "ou_path": "/", "ou_ids": [], "tags": {},
              "protected": false }
        ],
        "permission_sets": [{ "arn": "arn:aws:sso:::permissionSet/ssoins-1/ps-1", "name": "ReadOnly",
                              "description": "", "session_duration_seconds": 3600 }],
        "people": [{ "user_id": "u-1", "user_name": "alice", "display_name": "Alice", "email": null,
                     "enabled": true }],
        "groups": [{ "group_id": "g-1", "name": "oncall", "members": ["u-1"] }]
    }"#;

    #[test]
    fn an_export_is_the_directory_that_it_was_written_from() {
        let Exported { directory, protected } = parse(EXPORT).unwrap();
        let account = &directory.accounts[&"111111111111".parse().unwrap()];
        assert_eq!(directory.ou_path(account), "Workloads");
        assert!(account.active && account.tags["env"] == "prod");
        assert!(!directory.accounts[&"222222222222".parse().unwrap()].active);
        assert_eq!(directory.groups_of(&"u-1".parse().unwrap()).len(), 1);
        let protected: Vec<&str> = protected.iter().map(AccountId::as_str).collect();
        assert_eq!(
            protected,
            ["111111111111", "444444444444"],
            "the management account always is"
        );
    }

    #[test]
    fn what_is_no_export_says_where_and_how_to_get_one() {
        let said = parse("{\n \"people\": []}").unwrap_err().to_string();
        assert!(
            said.contains("line 2") && said.contains("team-tui directory export"),
            "{said}"
        );
    }
}
