//! Who runs the system, and who may decide on a target.

use super::matching::{Named, account_fits, is_protected, set_fits};
use super::model::{Policy, Subject};
use std::collections::BTreeSet;
use team_shared::ids::{AccountId, PermissionSetArn, UserId};
use teamd_domain::directory::Directory;

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
/// eligibility rule for it does as its own approvers. Once a request for it has waited for `escalate_after`, those whom
/// the approver rule escalates to do as well.
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
    is_escalated: bool,
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
            (named.is_in(&rule.who) || is_escalated && named.is_in(&rule.escalate_to))
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

/// Whom the policy names to decide on a target, whoever asks: of approver rules, and as the own approvers of eligibility
/// rules. Those for whom [`approver_of`] holds, as the document names them.
#[must_use]
pub fn deciders_on(
    policy: &Policy,
    directory: &Directory,
    account: &AccountId,
    set: &PermissionSetArn,
) -> Vec<Subject> {
    let (Some(account), Some(set)) = (
        directory.accounts.get(account),
        directory.permission_sets.get(set),
    ) else {
        return Vec::new();
    };
    let is_protected = is_protected(&account.id, &BTreeSet::new(), directory);
    let shared = policy
        .approvers
        .iter()
        .filter(|rule| {
            account_fits(&rule.accounts, account, directory) && set_fits(&rule.permission_sets, set)
        })
        .flat_map(|rule| &rule.who);
    let own = policy
        .eligibility
        .iter()
        .filter(|rule| {
            (rule.protected || !is_protected)
                && account_fits(&rule.accounts, account, directory)
                && set_fits(&rule.permission_sets, set)
        })
        .flat_map(|rule| &rule.approvers);
    shared.chain(own).cloned().collect()
}

/// The accounts and the permission sets that somebody decides on, in any combination: rule by rule, since an organisation
/// has hundreds of thousands of combinations.
#[must_use]
pub fn decided_by(
    policy: &Policy,
    directory: &Directory,
    protected: &BTreeSet<AccountId>,
    person: &UserId,
) -> (BTreeSet<AccountId>, BTreeSet<PermissionSetArn>) {
    let (mut accounts, mut sets) = (BTreeSet::new(), BTreeSet::new());
    let Some(person) = directory.people.get(person).filter(|person| person.enabled) else {
        return (accounts, sets);
    };
    let named = Named::of(person, directory);
    let shared = policy
        .approvers
        .iter()
        .map(|rule| (&rule.who, &rule.accounts, &rule.permission_sets, true));
    let own = policy.eligibility.iter().map(|rule| {
        (
            &rule.approvers,
            &rule.accounts,
            &rule.permission_sets,
            rule.protected,
        )
    });
    for (who, at, with, covers) in shared.chain(own) {
        if !named.is_in(who) {
            continue;
        }
        let theirs: Vec<&AccountId> = directory
            .accounts
            .values()
            .filter(|account| covers || !is_protected(&account.id, protected, directory))
            .filter(|account| account_fits(at, account, directory))
            .map(|account| &account.id)
            .collect();
        let fitting = directory
            .permission_sets
            .values()
            .filter(|set| set_fits(with, set));
        let fitting: Vec<&PermissionSetArn> = fitting.map(|set| &set.arn).collect();
        if !theirs.is_empty() && !fitting.is_empty() {
            accounts.extend(theirs.into_iter().cloned());
            sets.extend(fitting.into_iter().cloned());
        }
    }
    (accounts, sets)
}
