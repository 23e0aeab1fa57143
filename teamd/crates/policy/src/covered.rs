//! Whom and what a rule comes to at present.

use super::matching::{account_fits, set_fits};
use super::model::{AccountPattern, SetPattern, Subject};
use teamd_domain::directory::{Account, Directory, PermissionSet, Person};

/// The enabled people that subjects name, by user name.
#[must_use]
pub fn people_of<'a>(who: &[Subject], directory: &'a Directory) -> Vec<&'a Person> {
    let mut people: Vec<&Person> = Vec::new();
    for subject in who {
        match subject {
            Subject::User(name) => people.extend(directory.person_named(name)),
            Subject::Group(name) => {
                let members = directory
                    .groups_named(name)
                    .into_iter()
                    .flat_map(|group| &group.members);
                people.extend(members.filter_map(|id| directory.people.get(id)));
            }
            Subject::OnCall(name) => {
                let ids = directory.on_call.get(name).into_iter().flatten();
                people.extend(ids.filter_map(|id| directory.people.get(id)));
            }
        }
    }
    people.retain(|person| person.enabled);
    people.sort_by_key(|person| (&person.user_name, &person.id));
    people.dedup_by_key(|person| &person.id);
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
