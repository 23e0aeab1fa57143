//! Whom and what a rule comes to at present.

use super::matching::{account_fits, set_fits};
use super::model::{AccountPattern, SetPattern, Subject};
use crate::domain::directory::{Account, Directory, PermissionSet, Person};

/// The enabled people that subjects name, by user name.
#[must_use]
pub fn people_of<'a>(who: &[Subject], directory: &'a Directory) -> Vec<&'a Person> {
    let named = |person: &&Person| {
        who.iter().any(|subject| match subject {
            Subject::User(name) => *name == person.user_name,
            Subject::Group(name) => directory
                .groups
                .values()
                .any(|group| group.name == *name && group.members.contains(&person.id)),
            Subject::OnCall(_) => false,
        })
    };
    let enabled = directory.people.values().filter(|person| person.enabled);
    let mut people: Vec<&Person> = enabled.filter(named).collect();
    people.sort_by_key(|person| &person.user_name);
    people
}

/// The active accounts that patterns mean, by name.
#[must_use]
pub fn accounts_of<'a>(patterns: &[AccountPattern], directory: &'a Directory) -> Vec<&'a Account> {
    let active = directory.accounts.values().filter(|account| account.active);
    let mut accounts: Vec<&Account> = active
        .filter(|account| account_fits(patterns, account, directory))
        .collect();
    accounts.sort_by_key(|account| (&account.name, &account.id));
    accounts
}

/// The permission sets that patterns mean, by name.
#[must_use]
pub fn sets_of<'a>(patterns: &[SetPattern], directory: &'a Directory) -> Vec<&'a PermissionSet> {
    let sets = directory.permission_sets.values();
    let mut sets: Vec<&PermissionSet> = sets.filter(|set| set_fits(patterns, set)).collect();
    sets.sort_by_key(|set| &set.name);
    sets
}
