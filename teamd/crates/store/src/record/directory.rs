//! The directory copy as one document: it is written and read as a whole, and searched only in memory.

use super::{Place, millis, to_json};
use crate::port::StoreResult;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use team_shared::ids::{AccountId, GroupId, PermissionSetArn, UserId};
use teamd_domain::directory::{Account, Directory, Group, OrganizationalUnit, PermissionSet, Person};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    loaded_at_ms: i64,
    instance_arn: String,
    identity_store_id: String,
    management_account: Option<AccountId>,
    organizational_units: Vec<UnitRow>,
    accounts: Vec<AccountRow>,
    permission_sets: Vec<PermissionSetRow>,
    people: Vec<PersonRow>,
    groups: Vec<GroupRow>,
    group_access: BTreeSet<(AccountId, PermissionSetArn, GroupId)>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct UnitRow {
    id: String,
    path: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountRow {
    id: AccountId,
    name: String,
    active: bool,
    state: String,
    ou_ids: Vec<String>,
    tags: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PermissionSetRow {
    arn: PermissionSetArn,
    name: String,
    description: String,
    session_seconds: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonRow {
    id: UserId,
    user_name: String,
    display_name: String,
    email: Option<String>,
    // Copies from before have none.
    #[serde(default)]
    zone: Option<String>,
    enabled: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupRow {
    id: GroupId,
    name: String,
    members: BTreeSet<UserId>,
}

/// The document of a directory.
pub(crate) fn directory_to_json(directory: &Directory) -> StoreResult<String> {
    let directory = directory.clone();
    to_json(&Document {
        loaded_at_ms: millis(directory.loaded_at),
        instance_arn: directory.instance_arn,
        identity_store_id: directory.identity_store_id,
        management_account: directory.management_account,
        organizational_units: directory
            .organizational_units
            .into_values()
            .map(|OrganizationalUnit { id, path }| UnitRow { id, path })
            .collect(),
        accounts: directory.accounts.into_values().map(AccountRow::from).collect(),
        permission_sets: directory
            .permission_sets
            .into_values()
            .map(PermissionSetRow::from)
            .collect(),
        people: directory.people.into_values().map(PersonRow::from).collect(),
        groups: directory
            .groups
            .into_values()
            .map(|Group { id, name, members }| GroupRow { id, name, members })
            .collect(),
        group_access: directory.group_access,
    })
}

/// The directory of a document.
pub(crate) fn directory_from_json(text: &str) -> StoreResult<Directory> {
    let place = Place {
        table: "directory",
        row: "1",
    };
    let document: Document = place.json("document", text)?;
    Ok(Directory {
        loaded_at: place.time("loaded_at_ms", document.loaded_at_ms)?,
        instance_arn: document.instance_arn,
        identity_store_id: document.identity_store_id,
        management_account: document.management_account,
        organizational_units: document
            .organizational_units
            .into_iter()
            .map(|UnitRow { id, path }| (id.clone(), OrganizationalUnit { id, path }))
            .collect(),
        accounts: document
            .accounts
            .into_iter()
            .map(|row| (row.id.clone(), row.into()))
            .collect(),
        permission_sets: document
            .permission_sets
            .into_iter()
            .map(|row| (row.arn.clone(), row.into()))
            .collect(),
        people: document
            .people
            .into_iter()
            .map(|row| (row.id.clone(), row.into()))
            .collect(),
        groups: document
            .groups
            .into_iter()
            .map(|GroupRow { id, name, members }| (id.clone(), Group { id, name, members }))
            .collect(),
        group_access: document.group_access,
        // Read anew by whoever watches the sources.
        on_call: Default::default(),
        index: Default::default(),
    })
}

/// Two structs with the same fields, each made from the other; a field that is added to one must be added to both.
macro_rules! twins {
    ($row:ident, $domain:ident { $($field:ident),+ }) => {
        impl From<$domain> for $row {
            fn from($domain { $($field),+ }: $domain) -> Self {
                Self { $($field),+ }
            }
        }

        impl From<$row> for $domain {
            fn from($row { $($field),+ }: $row) -> Self {
                Self { $($field),+ }
            }
        }
    };
}

twins!(
    AccountRow,
    Account {
        id,
        name,
        active,
        state,
        ou_ids,
        tags
    }
);
twins!(
    PermissionSetRow,
    PermissionSet {
        arn,
        name,
        description,
        session_seconds
    }
);
twins!(
    PersonRow,
    Person {
        id,
        user_name,
        display_name,
        email,
        zone,
        enabled
    }
);
