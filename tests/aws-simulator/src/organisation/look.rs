//! Looking at what is true, by id or by name, without an API call.

use super::ledger::AssignmentChange;
use super::types::{Account, AssignmentKey, Group, PermissionSet, Principal, User};
use super::{Organisation, SetupError};

impl Organisation {
    /// All accounts, by id.
    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    /// All users, by id.
    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.users.values()
    }

    /// All groups, by id.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.values()
    }

    /// All permission sets, in the order they were added.
    pub fn permission_sets(&self) -> impl Iterator<Item = &PermissionSet> {
        self.sets.iter()
    }

    /// The assignments that exist, and since when.
    pub fn assignments(&self) -> impl Iterator<Item = (&AssignmentKey, i64)> {
        self.ledger.iter()
    }

    /// Every change of assignments since the beginning, oldest first (the first 200,000).
    pub fn assignment_changes(&self) -> &[AssignmentChange] {
        self.ledger.journal()
    }

    /// Whether the assignment exists.
    pub fn is_assigned(&self, key: &AssignmentKey) -> bool {
        self.ledger.contains(key)
    }

    /// The account with this id.
    pub fn account(&self, id: &str) -> Option<&Account> {
        self.accounts.get(id)
    }

    /// The account with this name.
    pub fn account_named(&self, name: &str) -> Option<&Account> {
        self.accounts.values().find(|account| account.name == name)
    }

    /// The user with this id.
    pub fn user(&self, id: &str) -> Option<&User> {
        self.users.get(id)
    }

    /// The user with this user name.
    pub fn user_named(&self, user_name: &str) -> Option<&User> {
        self.users.values().find(|user| user.user_name == user_name)
    }

    /// The group with this id.
    pub fn group(&self, id: &str) -> Option<&Group> {
        self.groups.get(id)
    }

    /// The group with this name.
    pub fn group_named(&self, display_name: &str) -> Option<&Group> {
        self.groups
            .values()
            .find(|group| group.display_name == display_name)
    }

    /// The permission set with this ARN.
    pub fn permission_set(&self, arn: &str) -> Option<&PermissionSet> {
        self.sets.iter().find(|set| set.arn == arn)
    }

    /// The permission set with this name.
    pub fn permission_set_named(&self, name: &str) -> Option<&PermissionSet> {
        self.sets.iter().find(|set| set.name == name)
    }

    /// The key of a user's assignment, from ids or names.
    pub fn user_key(&self, user: &str, account: &str, set: &str) -> Result<AssignmentKey, SetupError> {
        let found = self.user(user).or_else(|| self.user_named(user));
        let user = found.ok_or_else(|| SetupError::Unknown(format!("user {user}")))?;
        self.key(Principal::User(user.id.clone()), account, set)
    }

    /// The key of a group's assignment, from ids or names.
    pub fn group_key(&self, group: &str, account: &str, set: &str) -> Result<AssignmentKey, SetupError> {
        let found = self.group(group).or_else(|| self.group_named(group));
        let group = found.ok_or_else(|| SetupError::Unknown(format!("group {group}")))?;
        self.key(Principal::Group(group.id.clone()), account, set)
    }

    fn key(&self, principal: Principal, account: &str, set: &str) -> Result<AssignmentKey, SetupError> {
        let found = self.account(account).or_else(|| self.account_named(account));
        let account = found.ok_or_else(|| SetupError::Unknown(format!("account {account}")))?;
        let found = self
            .permission_set(set)
            .or_else(|| self.permission_set_named(set));
        let set = found.ok_or_else(|| SetupError::Unknown(format!("permission set {set}")))?;
        Ok(AssignmentKey {
            account: account.id.clone(),
            permission_set: set.arn.clone(),
            principal,
        })
    }
}
