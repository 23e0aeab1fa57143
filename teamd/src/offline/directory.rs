//! A directory from a file: what `team-tui directory export` has printed.

use crate::domain::directory::{Account, Directory, Group, OrganizationalUnit, PermissionSet, Person};
use std::collections::BTreeSet;
use team_shared::directory as wire;
use team_shared::ids::AccountId;

/// A directory, and the accounts that only rules with `protected = true` match.
#[derive(Debug, Clone)]
pub struct Exported {
    /// As it was when it was exported.
    pub directory: Directory,
    /// Protected accounts.
    pub protected: BTreeSet<AccountId>,
}

/// Reads the JSON.
///
/// # Errors
/// It is not what an export looks like: with the place.
pub fn load(json: &str) -> Result<Exported, serde_json::Error> {
    serde_json::from_str::<wire::Directory>(json).map(Into::into)
}

impl From<wire::Directory> for Exported {
    fn from(read: wire::Directory) -> Self {
        let protected = read.accounts.iter().filter(|account| account.protected);
        let protected = protected.map(|account| account.id.clone()).collect();
        let directory = Directory {
            loaded_at: read.loaded_at,
            instance_arn: read.instance_arn,
            identity_store_id: read.identity_store_id,
            management_account: read.management_account,
            organizational_units: read
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
            accounts: read.accounts.into_iter().map(account).collect(),
            permission_sets: read
                .permission_sets
                .into_iter()
                .map(|set| {
                    let known = PermissionSet {
                        arn: set.arn.clone(),
                        name: set.name,
                        description: set.description,
                        session_seconds: set.session_duration_seconds,
                    };
                    (set.arn, known)
                })
                .collect(),
            people: read.people.into_iter().map(person).collect(),
            groups: read
                .groups
                .into_iter()
                .map(|group| {
                    let known = Group {
                        id: group.group_id.clone(),
                        name: group.name,
                        members: group.members.into_iter().collect(),
                    };
                    (group.group_id, known)
                })
                .collect(),
            group_access: BTreeSet::new(),
        };
        Self { directory, protected }
    }
}

fn account(read: wire::Account) -> (AccountId, Account) {
    let known = Account {
        id: read.id.clone(),
        name: read.name,
        active: read.state == "ACTIVE",
        state: read.state,
        ou_ids: read.ou_ids,
        tags: read.tags,
    };
    (read.id, known)
}

fn person(read: wire::Person) -> (team_shared::ids::UserId, Person) {
    let known = Person {
        id: read.user_id.clone(),
        user_name: read.user_name,
        display_name: read.display_name,
        email: read.email,
        enabled: read.enabled,
    };
    (read.user_id, known)
}
