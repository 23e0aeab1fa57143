//! What AWS says exists: accounts, permission sets, people and groups.

use crate::ids::{AccountId, GroupId, PermissionSetArn, UserId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Id.
    pub id: AccountId,
    /// Name.
    pub name: String,
    /// AWS's `State`: only `ACTIVE` can be requested.
    pub state: String,
    /// OU names from the root, `/` between them; `/` for the root itself.
    pub ou_path: String,
    /// OU ids from the root down.
    pub ou_ids: Vec<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Management account, or named in `[protected]`.
    pub protected: bool,
}

/// A permission set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PermissionSet {
    /// ARN.
    pub arn: PermissionSetArn,
    /// Name.
    pub name: String,
    /// Description.
    pub description: String,
    /// How long its sessions last, in seconds.
    pub session_duration_seconds: i64,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Immutable id.
    pub user_id: UserId,
    /// User name.
    pub user_name: String,
    /// Display name.
    pub display_name: String,
    /// Mail address, where there is one.
    pub email: Option<String>,
    /// Not disabled in Identity Center.
    pub enabled: bool,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Immutable id.
    pub group_id: GroupId,
    /// Display name.
    pub name: String,
    /// Members.
    pub members: Vec<UserId>,
}

/// An organisational unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationalUnit {
    /// Id.
    pub id: String,
    /// Names from the root, `/` between them.
    pub path: String,
}

/// The whole copy, as `GET /v1/directory` answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directory {
    /// When the last complete load finished.
    pub loaded_at: DateTime<Utc>,
    /// The Identity Center instance.
    pub instance_arn: String,
    /// Its identity store.
    pub identity_store_id: String,
    /// The management account, where Organizations said.
    pub management_account: Option<AccountId>,
    /// OUs.
    pub organizational_units: Vec<OrganizationalUnit>,
    /// Accounts.
    pub accounts: Vec<Account>,
    /// Permission sets.
    pub permission_sets: Vec<PermissionSet>,
    /// People.
    pub people: Vec<Person>,
    /// Groups.
    pub groups: Vec<Group>,
}
