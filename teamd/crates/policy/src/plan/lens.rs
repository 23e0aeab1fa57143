//! All rules of two documents over people, accounts and permission sets, as sets of bits.
//!
//! People whom the same rules name are one class, accounts and permission sets that the same rules mean are one kind:
//! organisations have thousands of people and few kinds of them. What holds for one of a class holds for all.

use super::Change;
use crate::{AccountPattern, Policy, SetPattern, Subject};
use std::collections::HashMap;
use teamd_domain::Time;
use teamd_domain::bits::Bits;
use teamd_domain::directory::{Account, PermissionSet, Person};

/// Which document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    After,
}

/// What is alike, and by which rules.
pub(super) struct Kind<T> {
    pub(super) members: Vec<T>,
    pub(super) bits: Bits,
    /// Of accounts: only rules with `protected = true` match them. Of permission sets: they are like an administrator's.
    pub(super) is_special: bool,
}

/// Rules of one document: where their bits begin, and which are which.
pub(super) struct Places {
    pub(super) eligibility: usize,
    pub(super) deny: usize,
    pub(super) approver: usize,
    /// Eligibility rules that count at present: for ordinary asks, and for break-glass.
    pub(super) eligible: [Bits; 2],
    pub(super) denies: Bits,
    /// Eligibility rules that cover protected accounts.
    pub(super) covering: Bits,
}

impl Places {
    fn of(policy: &Policy, eligibility: usize, deny: usize, length: usize, now: Time) -> Self {
        let mut places = Self {
            eligibility,
            deny,
            approver: deny + policy.deny.len(),
            eligible: [Bits::none(length), Bits::none(length)],
            denies: Bits::none(length),
            covering: Bits::none(length),
        };
        for (at, rule) in policy.eligibility.iter().enumerate() {
            let cap = rule.cap_at(&policy.settings, now);
            if cap.is_some_and(|cap| cap >= policy.settings.min_duration) {
                places.eligible[usize::from(rule.is_for(true))].set(eligibility + at);
            }
            if rule.protected {
                places.covering.set(eligibility + at);
            }
        }
        for at in 0..policy.deny.len() {
            places.denies.set(deny + at);
        }
        places
    }
}

pub(super) struct Lens<'a> {
    pub(super) before: &'a Policy,
    pub(super) after: &'a Policy,
    pub(super) change: &'a Change<'a>,
    places: [Places; 2],
    /// Classes by eligibility and deny rules that name them.
    pub(super) people: Vec<Kind<&'a Person>>,
    pub(super) accounts: Vec<Kind<&'a Account>>,
    pub(super) sets: Vec<Kind<&'a PermissionSet>>,
    /// Rules by which the two documents differ.
    pub(super) changed: Bits,
    /// How many rules there are in both.
    pub(super) length: usize,
}

impl<'a> Lens<'a> {
    pub(super) fn new(before: &'a Policy, after: &'a Policy, change: &'a Change<'a>) -> Self {
        let mut length = 0;
        let mut places = |policy: &Policy| {
            let begin = length;
            let eligible = policy.eligibility.len();
            length += eligible + policy.deny.len() + policy.approvers.len();
            (begin, begin + eligible)
        };
        let begins = [places(before), places(after)];
        let places = [(before, begins[0]), (after, begins[1])]
            .map(|(policy, (eligibility, deny))| Places::of(policy, eligibility, deny, length, change.now));
        let mut lens = Self {
            before,
            after,
            change,
            places,
            people: Vec::new(),
            accounts: Vec::new(),
            sets: Vec::new(),
            changed: Bits::none(length),
            length,
        };
        lens.people = lens.classes();
        lens.accounts = lens.kinds_of_accounts();
        lens.sets = lens.kinds_of_sets();
        lens.changed = lens.differing();
        lens
    }

    pub(super) fn policy(&self, side: Side) -> &'a Policy {
        match side {
            Side::Before => self.before,
            Side::After => self.after,
        }
    }

    pub(super) fn places(&self, side: Side) -> &Places {
        &self.places[usize::from(side == Side::After)]
    }

    /// The bit of an eligibility rule.
    pub(super) fn eligibility_bit(&self, side: Side, at: usize) -> usize {
        self.places(side).eligibility + at
    }

    /// The bit of an approver rule.
    pub(super) fn approver_bit(&self, side: Side, at: usize) -> usize {
        self.places(side).approver + at
    }

    /// Rules with their bits, and whom they name.
    fn who(&self) -> Vec<(usize, &'a [Subject])> {
        let mut all: Vec<(usize, &[Subject])> = Vec::new();
        for side in [Side::Before, Side::After] {
            let (policy, places) = (self.policy(side), self.places(side));
            let eligible = policy.eligibility.iter().map(|rule| rule.who.as_slice());
            all.extend(
                eligible
                    .enumerate()
                    .map(|(at, who)| (places.eligibility + at, who)),
            );
            let denied = policy.deny.iter().map(|rule| rule.who.as_slice());
            all.extend(denied.enumerate().map(|(at, who)| (places.deny + at, who)));
        }
        all
    }

    /// Rules with their bits, and where and as what they are meant.
    fn targets(&self) -> Vec<(usize, &'a [AccountPattern], &'a [SetPattern])> {
        let mut all: Vec<(usize, &[AccountPattern], &[SetPattern])> = Vec::new();
        for side in [Side::Before, Side::After] {
            let (policy, places) = (self.policy(side), self.places(side));
            for (at, rule) in policy.eligibility.iter().enumerate() {
                all.push((places.eligibility + at, &rule.accounts, &rule.permission_sets));
            }
            for (at, rule) in policy.deny.iter().enumerate() {
                all.push((places.deny + at, &rule.accounts, &rule.permission_sets));
            }
            for (at, rule) in policy.approvers.iter().enumerate() {
                all.push((places.approver + at, &rule.accounts, &rule.permission_sets));
            }
        }
        all
    }

    /// Enabled people by the rules that name them; those whom none names are left out.
    fn classes(&self) -> Vec<Kind<&'a Person>> {
        self.people_named(&self.who())
    }

    /// Enabled people by the rules that make them decide: approver rules, and eligibility rules with their own approvers.
    pub(super) fn deciders_by_class(&self) -> Vec<Kind<&'a Person>> {
        let mut who: Vec<(usize, &[Subject])> = Vec::new();
        for side in [Side::Before, Side::After] {
            let (policy, places) = (self.policy(side), self.places(side));
            let own = policy.eligibility.iter().map(|rule| rule.approvers.as_slice());
            who.extend(own.enumerate().map(|(at, who)| (places.eligibility + at, who)));
            let shared = policy.approvers.iter().map(|rule| rule.who.as_slice());
            who.extend(shared.enumerate().map(|(at, who)| (places.approver + at, who)));
        }
        self.people_named(&who)
    }

    fn people_named(&self, rules: &[(usize, &'a [Subject])]) -> Vec<Kind<&'a Person>> {
        let directory = self.change.directory;
        let mut by_name: HashMap<&str, Vec<&Person>> = HashMap::new();
        for person in directory.people.values() {
            by_name.entry(&person.user_name).or_default().push(person);
        }
        let mut members: HashMap<&str, Vec<&Person>> = HashMap::new();
        for group in directory.groups.values() {
            let people = group.members.iter().filter_map(|id| directory.people.get(id));
            members.entry(&group.name).or_default().extend(people);
        }
        let mut on_call: HashMap<&str, Vec<&Person>> = HashMap::new();
        for (source, ids) in &directory.on_call {
            let people = ids.into_iter().filter_map(|id| directory.people.get(id));
            on_call.insert(source, people.collect());
        }
        let mut bits: HashMap<&str, (&Person, Bits)> = HashMap::new();
        for (bit, who) in rules {
            for subject in *who {
                let named = match subject {
                    Subject::User(name) => by_name.get(name.as_str()),
                    Subject::Group(name) => members.get(name.as_str()),
                    Subject::OnCall(name) => on_call.get(name.as_str()),
                };
                for person in named.into_iter().flatten().filter(|person| person.enabled) {
                    let entry = bits
                        .entry(person.id.as_str())
                        .or_insert_with(|| (person, Bits::none(self.length)));
                    entry.1.set(*bit);
                }
            }
        }
        let mut people: Vec<(&Person, Bits)> = bits.into_values().collect();
        people.sort_by_key(|(person, _)| (&person.user_name, &person.id));
        kinds(people.into_iter().map(|(person, bits)| (person, bits, false)))
    }

    fn kinds_of_accounts(&self) -> Vec<Kind<&'a Account>> {
        let directory = self.change.directory;
        let targets = self.targets();
        let mut accounts: Vec<&Account> = directory.accounts.values().filter(|one| one.active).collect();
        accounts.sort_by_key(|account| (&account.name, &account.id));
        kinds(accounts.into_iter().map(|account| {
            let mut bits = Bits::none(self.length);
            for (bit, patterns, _) in &targets {
                if patterns.iter().any(|pattern| pattern.fits(account, directory)) {
                    bits.set(*bit);
                }
            }
            let is_protected = self.change.protected.contains(&account.id)
                || directory.management_account.as_ref() == Some(&account.id);
            (account, bits, is_protected)
        }))
    }

    fn kinds_of_sets(&self) -> Vec<Kind<&'a PermissionSet>> {
        let targets = self.targets();
        let mut sets: Vec<&PermissionSet> = self.change.directory.permission_sets.values().collect();
        sets.sort_by_key(|set| (&set.name, &set.arn));
        kinds(sets.into_iter().map(|set| {
            let mut bits = Bits::none(self.length);
            for (bit, _, patterns) in &targets {
                if patterns.iter().any(|pattern| pattern.fits(set)) {
                    bits.set(*bit);
                }
            }
            // A set whose sessions last too long is as if no rule had named it.
            for side in [Side::Before, Side::After] {
                let (policy, places) = (self.policy(side), self.places(side));
                if !policy.settings.allows_session(set.session_seconds) {
                    let rules = places.eligibility..places.eligibility + policy.eligibility.len();
                    rules.for_each(|bit| bits.clear(bit));
                }
            }
            (set, bits, is_administrative(&set.name))
        }))
    }

    /// Rules that are in one document and not, or not so, in the other. Where settings differ, every rule.
    fn differing(&self) -> Bits {
        let (before, after) = (self.before, self.after);
        let everything = before.settings != after.settings;
        // Who decides is said in the terms of a rule.
        let approvers = before.approvers != after.approvers;
        let mut bits = Bits::none(self.length);
        for (side, other) in [(Side::Before, after), (Side::After, before)] {
            let (policy, places) = (self.policy(side), self.places(side));
            for (at, rule) in policy.eligibility.iter().enumerate() {
                let same = other.eligibility.iter().any(|other| other == rule);
                if everything || !same || approvers && rule.approvers.is_empty() {
                    bits.set(places.eligibility + at);
                }
            }
            for (at, rule) in policy.deny.iter().enumerate() {
                if !other.deny.contains(rule) {
                    bits.set(places.deny + at);
                }
            }
        }
        bits
    }
}

/// Whether a permission set is like an administrator's, by its name: what is in it is not known here.
pub(super) fn is_administrative(name: &str) -> bool {
    name.to_lowercase().contains("admin")
}

fn kinds<T>(items: impl Iterator<Item = (T, Bits, bool)>) -> Vec<Kind<T>> {
    let mut found: Vec<Kind<T>> = Vec::new();
    let mut places: HashMap<(Bits, bool), usize> = HashMap::new();
    for (item, bits, is_special) in items {
        let place = *places.entry((bits.clone(), is_special)).or_insert_with(|| {
            found.push(Kind {
                members: Vec::new(),
                bits,
                is_special,
            });
            found.len() - 1
        });
        found[place].members.push(item);
    }
    found
}
