//! Whom and what an expectation names in a directory.

use super::model::Expectation;
use crate::{AccountPattern, Subject};
use teamd_domain::directory::{Account, Directory, PermissionSet, Person};

/// Everything that an expectation is about.
pub(super) struct Named<'a> {
    pub(super) people: Vec<&'a Person>,
    pub(super) accounts: Vec<&'a Account>,
    pub(super) sets: Vec<&'a PermissionSet>,
}

impl<'a> Named<'a> {
    /// What is named now.
    ///
    /// # Errors
    /// A part names nothing: such an expectation could never fail, which would look like protection.
    pub(super) fn of(expectation: &Expectation, directory: &'a Directory) -> Result<Self, String> {
        let people = people(&expectation.who, directory);
        if people.is_empty() {
            return Err(match &expectation.who {
                Subject::User(name) => format!("{name} is not in Identity Center"),
                Subject::Group(name) => format!("group {name} has no enabled member"),
                Subject::OnCall(name) => format!("oncall:{name} names nobody here"),
            });
        }
        // A closed account is meant where it is named, not where everything of a kind is.
        let one = match &expectation.account {
            AccountPattern::Id(_) => true,
            AccountPattern::Name(name) => !name.contains('*'),
            _ => false,
        };
        let accounts: Vec<&Account> = directory
            .accounts
            .values()
            .filter(|account| (one || account.active) && expectation.account.fits(account, directory))
            .collect();
        if accounts.is_empty() {
            return Err(format!("{} fits no account", expectation.account));
        }
        let sets: Vec<&PermissionSet> = directory
            .permission_sets
            .values()
            .filter(|set| expectation.permission_set.fits(set))
            .collect();
        if sets.is_empty() {
            return Err(format!("{} fits no permission set", expectation.permission_set));
        }
        Ok(Self {
            people,
            accounts,
            sets,
        })
    }

    /// How many asks that makes.
    pub(super) fn count(&self) -> usize {
        self.people
            .len()
            .saturating_mul(self.accounts.len())
            .saturating_mul(self.sets.len())
    }
}

fn people<'a>(who: &Subject, directory: &'a Directory) -> Vec<&'a Person> {
    match who {
        Subject::User(name) => directory
            .people
            .values()
            .filter(|p| p.user_name == *name)
            .collect(),
        Subject::Group(name) => directory
            .people
            .values()
            .filter(|person| {
                person.enabled
                    && directory
                        .groups
                        .values()
                        .any(|group| group.name == *name && group.members.contains(&person.id))
            })
            .collect(),
        Subject::OnCall(name) => {
            let ids = directory.on_call.get(name).into_iter().flatten();
            let people = ids.filter_map(|id| directory.people.get(id));
            people.filter(|person| person.enabled).collect()
        }
    }
}
