//! Look-ups of the copy by name and by member. The copy is large and asked at every decision; it never changes, so they
//! are made once, when somebody first asks.

use super::{Directory, Group, Person};
use crate::bits::Bits;
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
    /// OUs by id and by path: of several that are called alike, all.
    units: HashMap<String, Vec<String>>,
    /// People by their number: their place in the order of ids.
    numbered: Vec<UserId>,
    numbers: HashMap<UserId, usize>,
    /// The enabled people of each group name, by number.
    members: HashMap<String, Bits>,
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
            tables.numbers.insert(person.id.clone(), tables.numbered.len());
            tables.numbered.push(person.id.clone());
        }
        for unit in directory.organizational_units.values() {
            for called in [&unit.id, &unit.path] {
                let same = tables.units.entry(called.clone()).or_default();
                if !same.contains(&unit.id) {
                    same.push(unit.id.clone());
                }
            }
        }
        for group in directory.groups.values() {
            let same = tables.groups.entry(group.name.clone()).or_default();
            same.push(group.id.clone());
            let together = tables
                .members
                .entry(group.name.clone())
                .or_insert_with(|| Bits::none(tables.numbered.len()));
            for member in &group.members {
                let is_enabled = directory.people.get(member).is_some_and(|person| person.enabled);
                if let Some(number) = tables.numbers.get(member).filter(|_| is_enabled) {
                    together.set(*number);
                }
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

    /// Nobody, in the numbers of this copy's people.
    #[must_use]
    pub fn nobody(&self) -> Bits {
        Bits::none(self.people.len())
    }

    /// The number of a person in this copy.
    #[must_use]
    pub fn number_of(&self, user: &UserId) -> Option<usize> {
        self.tables().numbers.get(user).copied()
    }

    /// The people of these numbers, by id.
    pub fn people_of<'a>(&'a self, numbers: &'a Bits) -> impl Iterator<Item = &'a UserId> {
        let numbered = &self.tables().numbered;
        numbers.iter().filter_map(|number| numbered.get(number))
    }

    /// The numbers of the enabled people in the groups of that display name.
    #[must_use]
    pub fn members_named(&self, group: &str) -> Option<&Bits> {
        self.tables().members.get(group)
    }

    /// The ids of the OUs of that id or path. Paths are looked up, not compared by prefix: `Prod` is not `Production`.
    #[must_use]
    pub fn units_called(&self, id_or_path: &str) -> &[String] {
        self.tables().units.get(id_or_path).map_or(&[], Vec::as_slice)
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
