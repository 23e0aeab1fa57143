//! Who runs the system, and who may decide on a target.

use super::matching::{Named, account_fits, is_protected, set_fits};
use super::model::Policy;
use crate::domain::directory::Directory;
use std::collections::BTreeSet;
use team_shared::ids::{AccountId, PermissionSetArn, UserId};

/// The roles of a person; they add up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Roles {
    /// Changes policy, freezes, revokes.
    pub admin: bool,
    /// Reads everything.
    pub auditor: bool,
    /// Reads everything, freezes, revokes.
    pub security: bool,
}

/// The roles of a person. Nobody unknown or disabled has any.
#[must_use]
pub fn roles_of(policy: &Policy, directory: &Directory, person: &UserId) -> Roles {
    let Some(person) = directory.people.get(person).filter(|person| person.enabled) else {
        return Roles::default();
    };
    let named = Named::of(person, directory);
    Roles {
        admin: named.is_in(&policy.roles.admins),
        auditor: named.is_in(&policy.roles.auditors),
        security: named.is_in(&policy.roles.security),
    }
}

/// Whether the person decides on or oversees access to the target: an approver rule for it names them, or an
/// eligibility rule for it does as its own approvers.
///
/// An account that is closed by now still has its approvers, so that they can see and review what was.
#[must_use]
pub fn approver_of(
    policy: &Policy,
    directory: &Directory,
    protected: &BTreeSet<AccountId>,
    person: &UserId,
    account: &AccountId,
    set: &PermissionSetArn,
) -> bool {
    let Some(person) = directory.people.get(person).filter(|person| person.enabled) else {
        return false;
    };
    let (Some(account), Some(set)) = (
        directory.accounts.get(account),
        directory.permission_sets.get(set),
    ) else {
        return false;
    };
    let named = Named::of(person, directory);
    let by_approver_rule = || {
        policy.approvers.iter().any(|rule| {
            named.is_in(&rule.who)
                && account_fits(&rule.accounts, account, directory)
                && set_fits(&rule.permission_sets, set)
        })
    };
    let is_protected = is_protected(&account.id, protected, directory);
    by_approver_rule()
        || policy.eligibility.iter().any(|rule| {
            named.is_in(&rule.approvers)
                && (rule.protected || !is_protected)
                && account_fits(&rule.accounts, account, directory)
                && set_fits(&rule.permission_sets, set)
        })
}
