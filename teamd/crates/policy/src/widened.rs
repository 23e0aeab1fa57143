//! What a new copy of the directory lets people do that the one before did not, without a word of policy being changed:
//! rule by rule, in lines for people.

use super::covered::{accounts_of, people_of, sets_of};
use super::model::{AccountPattern, Policy, SetPattern, Subject};
use std::collections::BTreeSet;
use teamd_domain::directory::Directory;

/// Names in a line; more are counted.
const SHOWN: usize = 10;

/// A line for each rule that is about more people, accounts or permission sets than before; of deny rules, about fewer.
///
/// An account that has just been made counts: a rule that names an OU covers it from now on.
#[must_use]
pub fn widened(policy: &Policy, before: &Directory, after: &Directory) -> Vec<String> {
    let mut lines = Vec::new();
    for rule in &policy.eligibility {
        let (was, is) = (
            Covered::of(&rule.who, &rule.accounts, &rule.permission_sets, before),
            Covered::of(&rule.who, &rule.accounts, &rule.permission_sets, after),
        );
        if !is.is_nothing() {
            lines.extend(is.beyond(&was, &format!("eligibility rule {} is about more", rule.id)));
        }
    }
    for rule in &policy.approvers {
        let (was, is) = (
            Covered::of(&rule.who, &rule.accounts, &rule.permission_sets, before),
            Covered::of(&rule.who, &rule.accounts, &rule.permission_sets, after),
        );
        if !is.is_nothing() {
            lines.extend(is.beyond(&was, &format!("approver rule {} is about more", rule.id)));
        }
    }
    for rule in &policy.deny {
        let (was, is) = (
            Covered::of(&rule.who, &rule.accounts, &rule.permission_sets, before),
            Covered::of(&rule.who, &rule.accounts, &rule.permission_sets, after),
        );
        // What is gone altogether is not let in by that.
        let still = was.still_there(after);
        lines.extend(still.beyond(&is, &format!("deny rule {} is no more about", rule.id)));
    }
    lines
}

/// What a rule comes to, by names.
struct Covered {
    people: BTreeSet<String>,
    accounts: BTreeSet<String>,
    sets: BTreeSet<String>,
}

impl Covered {
    fn of(who: &[Subject], accounts: &[AccountPattern], sets: &[SetPattern], directory: &Directory) -> Self {
        let people = people_of(who, directory).into_iter();
        let accounts = accounts_of(accounts, directory).into_iter();
        let sets = sets_of(sets, directory).into_iter();
        Self {
            // By what cannot be renamed; the name is for people.
            people: people
                .map(|person| format!("{} ({})", person.user_name, person.id))
                .collect(),
            accounts: accounts
                .map(|account| format!("{} ({})", account.name, account.id))
                .collect(),
            sets: sets.map(|set| set.name.clone()).collect(),
        }
    }

    /// About nobody or nothing: whatever it names, nobody gains.
    fn is_nothing(&self) -> bool {
        self.people.is_empty() || self.accounts.is_empty() || self.sets.is_empty()
    }

    fn still_there(self, directory: &Directory) -> Self {
        let all = Self::of(
            &[],
            &[AccountPattern::All],
            &[SetPattern("*".to_owned())],
            directory,
        );
        let enabled = directory.people.values().filter(|person| person.enabled);
        let people: BTreeSet<String> = enabled
            .map(|person| format!("{} ({})", person.user_name, person.id))
            .collect();
        Self {
            people: self.people.intersection(&people).cloned().collect(),
            accounts: self.accounts.intersection(&all.accounts).cloned().collect(),
            sets: self.sets.intersection(&all.sets).cloned().collect(),
        }
    }

    fn beyond(&self, other: &Self, what: &str) -> Option<String> {
        let parts = [
            ("people", &self.people, &other.people),
            ("accounts", &self.accounts, &other.accounts),
            ("permission sets", &self.sets, &other.sets),
        ];
        let more: Vec<String> = parts
            .into_iter()
            .filter_map(|(kind, mine, theirs)| {
                let names: Vec<&String> = mine.difference(theirs).collect();
                (!names.is_empty()).then(|| format!("{kind} {}", few(&names)))
            })
            .collect();
        (!more.is_empty()).then(|| format!("{what}: {}", more.join("; ")))
    }
}

fn few(names: &[&String]) -> String {
    let shown: Vec<&str> = names.iter().take(SHOWN).map(|name| name.as_str()).collect();
    match names.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
