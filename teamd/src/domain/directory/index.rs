//! Look-ups of the copy by name and by member. The copy is large and asked at every decision; it never changes, so they
//! are made once, when somebody first asks.

use super::{Directory, Group, Person};
use std::collections::HashMap;
use std::sync::OnceLock;
use team_shared::ids::{GroupId, UserId};

/// The look-ups of one copy. A clone makes its own: it may be changed before it is asked.
#[derive(Debug, Default)]
pub struct Index(OnceLock<Tables>);

#[derive(Debug, Default)]
struct Tables {
    groups_of: HashMap<UserId, Vec<GroupId>>,
    people: HashMap<String, UserId>,
    groups: HashMap<String, Vec<GroupId>>,
}

impl Tables {
    fn of(directory: &Directory) -> Self {
        let mut tables = Self::default();
        for person in directory.people.values() {
            // Of several of a name the first by id, as a walk over them would find.
            tables
                .people
                .entry(person.user_name.clone())
                .or_insert_with(|| person.id.clone());
        }
        for group in directory.groups.values() {
            let same = tables.groups.entry(group.name.clone()).or_default();
            same.push(group.id.clone());
            for member in &group.members {
                let theirs = tables.groups_of.entry(member.clone()).or_default();
                theirs.push(group.id.clone());
            }
        }
        tables
    }
}

impl Clone for Index {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// Two copies are the same by what they hold.
impl PartialEq for Index {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Index {}

impl Directory {
    fn tables(&self) -> &Tables {
        self.index.0.get_or_init(|| Tables::of(self))
    }

    /// The enabled or disabled person of that user name, compared exactly.
    #[must_use]
    pub fn person_named(&self, user_name: &str) -> Option<&Person> {
        self.tables()
            .people
            .get(user_name)
            .and_then(|id| self.people.get(id))
    }

    /// The groups that the person is a member of.
    #[must_use]
    pub fn groups_of(&self, user: &UserId) -> Vec<&Group> {
        let ids = self.tables().groups_of.get(user);
        ids.into_iter()
            .flatten()
            .filter_map(|id| self.groups.get(id))
            .collect()
    }

    /// The groups of that display name: names need not be unique.
    #[must_use]
    pub fn groups_named(&self, name: &str) -> Vec<&Group> {
        let ids = self.tables().groups.get(name);
        ids.into_iter()
            .flatten()
            .filter_map(|id| self.groups.get(id))
            .collect()
    }
}
