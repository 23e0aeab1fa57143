//! What fits what: people and subjects, accounts and patterns, permission sets and patterns.

use super::model::{AccountPattern, SetPattern, Subject};
use std::collections::BTreeSet;
use team_shared::ids::{AccountId, UserId};
use teamd_domain::bits::Bits;
use teamd_domain::directory::{Account, Directory, PermissionSet, Person};

/// A person with the names that rules can call them by.
#[derive(Debug)]
pub(super) struct Named<'a> {
    user_name: &'a str,
    groups: BTreeSet<&'a str>,
    on_call: Vec<&'a str>,
}

impl<'a> Named<'a> {
    /// The person as the directory has them now.
    pub(super) fn of(person: &'a Person, directory: &'a Directory) -> Self {
        Self {
            user_name: &person.user_name,
            groups: directory
                .groups_of(&person.id)
                .into_iter()
                .map(|group| group.name.as_str())
                .collect(),
            on_call: directory
                .on_call
                .iter()
                .filter(|(_, people)| people.contains(&person.id))
                .map(|(source, _)| source.as_str())
                .collect(),
        }
    }

    /// Whether any of the subjects is this person.
    pub(super) fn is_in(&self, subjects: &[Subject]) -> bool {
        subjects.iter().any(|subject| match subject {
            Subject::User(name) => name == self.user_name,
            Subject::Group(name) => self.groups.contains(name.as_str()),
            Subject::OnCall(name) => self.on_call.contains(&name.as_str()),
        })
    }

    /// Their groups, for people.
    pub(super) fn group_names(&self) -> Vec<String> {
        self.groups.iter().map(|name| (*name).to_owned()).collect()
    }
}

/// The enabled people that the subjects name, without one of them: by number.
pub(super) fn people(subjects: &[Subject], directory: &Directory, except: &UserId) -> Bits {
    let mut found = directory.nobody();
    for subject in subjects {
        match subject {
            Subject::User(name) => {
                let person = directory.person_named(name).filter(|person| person.enabled);
                if let Some(number) = person.and_then(|person| directory.number_of(&person.id)) {
                    found.set(number);
                }
            }
            Subject::Group(name) => {
                if let Some(members) = directory.members_named(name) {
                    found.join(members);
                }
            }
            Subject::OnCall(name) => {
                let people = directory.on_call.get(name).into_iter().flatten();
                let enabled = people.filter(|id| directory.people.get(*id).is_some_and(|one| one.enabled));
                enabled
                    .filter_map(|id| directory.number_of(id))
                    .for_each(|number| found.set(number));
            }
        }
    }
    if let Some(number) = directory.number_of(except) {
        found.clear(number);
    }
    found
}

/// Whether any pattern fits the account.
pub(super) fn account_fits(patterns: &[AccountPattern], account: &Account, directory: &Directory) -> bool {
    patterns.iter().any(|pattern| pattern.fits(account, directory))
}

/// Whether any pattern fits the permission set.
pub(super) fn set_fits(patterns: &[SetPattern], set: &PermissionSet) -> bool {
    patterns.iter().any(|pattern| pattern.fits(set))
}

/// Whether only rules with `protected = true` may match the account.
pub(super) fn is_protected(
    account: &AccountId,
    protected: &BTreeSet<AccountId>,
    directory: &Directory,
) -> bool {
    protected.contains(account) || directory.management_account.as_ref() == Some(account)
}

impl AccountPattern {
    /// Whether the account is one of those meant. OUs that AWS does not know fit nothing.
    #[must_use]
    pub fn fits(&self, account: &Account, directory: &Directory) -> bool {
        match self {
            Self::Id(id) => account.id == *id,
            Self::Name(glob) => fits_glob(glob, &account.name),
            Self::Ou(ou) => {
                let units = directory.units_called(ou);
                ou == "/" || account.ou_ids.iter().any(|id| units.contains(id))
            }
            Self::OuDirect(ou) => match account.ou_ids.last() {
                None => ou == "/",
                Some(id) => directory.units_called(ou).contains(id),
            },
            Self::Tag { key, value } => account.tags.get(key) == Some(value),
            Self::All => true,
        }
    }
}

impl SetPattern {
    /// Whether the permission set is one of those meant.
    #[must_use]
    pub fn fits(&self, set: &PermissionSet) -> bool {
        set.arn.as_str() == self.0 || fits_glob(&self.0, &set.name)
    }
}

/// `*` stands for any characters, none included; everything else for itself. Linear in the text for each `*`, so that
/// no document can make it slow.
pub(super) fn fits_glob(glob: &str, text: &str) -> bool {
    let mut parts = glob.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        // No `*` at all.
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}
