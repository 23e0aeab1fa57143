//! Who gains or loses which entitlements, and the decision on what: grouped, so that people can read it.

use super::lens::{Lens, Side};
use super::terms::Terms;
use crate::{EligibilityRule, Policy};
use std::collections::{BTreeMap, BTreeSet};
use team_shared::ids::UserId;
use team_shared::policy::{ApprovalChange, EntitlementChange};
use teamd_domain::directory::Person;

/// Names shown of each list; the counts are of all.
const SHOWN: usize = 20;

#[derive(Default)]
pub(super) struct Access {
    pub(super) gains: Vec<EntitlementChange>,
    pub(super) losses: Vec<EntitlementChange>,
    pub(super) changes: Vec<EntitlementChange>,
    /// Whoever wants the change gains something by it.
    pub(super) widens_author: bool,
}

/// What changes in the same way: as it was, as it would be, as break-glass.
type Way = (Option<Terms>, Option<Terms>, bool);

/// Kinds of accounts and sets, by number.
type Targets = BTreeSet<(usize, usize)>;

pub(super) fn changes(lens: &Lens<'_>) -> Access {
    let mut ways: BTreeMap<Way, BTreeMap<Targets, Vec<usize>>> = BTreeMap::new();
    let mut access = Access::default();
    if lens.changed.is_empty() {
        return access;
    }
    for (number, class) in lens.people.iter().enumerate() {
        let mut theirs: BTreeMap<Way, Targets> = BTreeMap::new();
        for (place, account) in lens.accounts.iter().enumerate() {
            // Nothing that differs is about these people in these accounts.
            if !class.bits.meet(&account.bits, &lens.changed) {
                continue;
            }
            let differing = class.bits.and(&account.bits).and(&lens.changed);
            for (column, set) in lens.sets.iter().enumerate() {
                // Nor as this.
                if !differing.meets(&set.bits) {
                    continue;
                }
                for break_glass in [false, true] {
                    let terms = |side| lens.terms(side, &class.bits, account, &set.bits, break_glass);
                    let (before, after) = (terms(Side::Before), terms(Side::After));
                    // The same terms by another rule are no change.
                    let says = |terms: &Option<Terms>| terms.as_ref().map(|terms| terms.says.clone());
                    if says(&before) != says(&after) {
                        let way = (before, after, break_glass);
                        theirs.entry(way).or_default().insert((place, column));
                    }
                }
            }
        }
        for (way, targets) in theirs {
            let is_gain = way.1.is_some() && way.0.is_none();
            let is_author = |person: &&Person| Some(&person.id) == lens.change.author;
            access.widens_author |= is_gain && class.members.iter().any(is_author);
            ways.entry(way)
                .or_default()
                .entry(targets)
                .or_default()
                .push(number);
        }
    }
    for ((before, after, break_glass), groups) in ways {
        for (targets, classes) in groups {
            for (accounts, sets) in rectangles(&targets) {
                let change = described(lens, &classes, &accounts, &sets, (&before, &after, break_glass));
                match (&before, &after) {
                    (None, _) => access.gains.push(change),
                    (_, None) => access.losses.push(change),
                    _ => access.changes.push(change),
                }
            }
        }
    }
    access
}

/// Targets as accounts × sets: accounts with the same sets together.
fn rectangles(targets: &Targets) -> Vec<(Vec<usize>, Vec<usize>)> {
    let mut by_account: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (account, set) in targets {
        by_account.entry(*account).or_default().push(*set);
    }
    let mut by_sets: BTreeMap<Vec<usize>, Vec<usize>> = BTreeMap::new();
    for (account, sets) in by_account {
        by_sets.entry(sets).or_default().push(account);
    }
    by_sets
        .into_iter()
        .map(|(sets, accounts)| (accounts, sets))
        .collect()
}

fn described(
    lens: &Lens<'_>,
    classes: &[usize],
    accounts: &[usize],
    sets: &[usize],
    (before, after, break_glass): (&Option<Terms>, &Option<Terms>, bool),
) -> EntitlementChange {
    let members = classes.iter().flat_map(|class| &lens.people[*class].members);
    let mut people: Vec<&Person> = members.copied().collect();
    people.sort_by_key(|person| &person.user_name);
    let ids: BTreeSet<&UserId> = people.iter().map(|person| &person.id).collect();
    let (accounts, sets) = (account_names(lens, accounts), set_names(lens, sets));
    let says = |terms: &Option<Terms>| {
        terms
            .as_ref()
            .map_or_else(String::new, |terms| terms.says.clone())
    };
    let rule = after.as_ref().or(before.as_ref());
    EntitlementChange {
        people_count: people.len(),
        group: group_of(lens, &ids),
        people: first(people.iter().map(|person| person.user_name.clone()).collect()),
        account_count: accounts.len(),
        accounts: first(accounts),
        permission_set_count: sets.len(),
        permission_sets: first(sets),
        break_glass,
        from: says(before),
        to: says(after),
        rule: rule.map_or_else(String::new, |terms| terms.rule.clone()),
    }
}

/// The group that is exactly these people, of several the first by name. One person is no group.
fn group_of(lens: &Lens<'_>, people: &BTreeSet<&UserId>) -> Option<String> {
    if people.len() < 2 {
        return None;
    }
    let directory = lens.change.directory;
    let is_enabled = |id: &&UserId| directory.people.get(*id).is_some_and(|person| person.enabled);
    let same = directory.groups.values().filter(|group| {
        group.members.len() >= people.len()
            && people.iter().all(|id| group.members.contains(*id))
            && group.members.iter().filter(is_enabled).count() == people.len()
    });
    same.map(|group| group.name.clone()).min()
}

fn account_names(lens: &Lens<'_>, kinds: &[usize]) -> Vec<String> {
    names(
        kinds
            .iter()
            .flat_map(|kind| &lens.accounts[*kind].members)
            .map(|one| &one.name),
    )
}

fn set_names(lens: &Lens<'_>, kinds: &[usize]) -> Vec<String> {
    names(
        kinds
            .iter()
            .flat_map(|kind| &lens.sets[*kind].members)
            .map(|one| &one.name),
    )
}

fn names<'a>(all: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut names: Vec<String> = all.cloned().collect();
    names.sort();
    names
}

fn first(mut names: Vec<String>) -> Vec<String> {
    names.truncate(SHOWN);
    names
}

/// Who gains or loses the decision on what.
pub(super) fn approvals(lens: &Lens<'_>) -> Vec<ApprovalChange> {
    // Who decides hangs on the approver rules and on the rules with approvers of their own, and on nothing else.
    let own = |policy: &Policy| -> Vec<EligibilityRule> {
        let rules = policy
            .eligibility
            .iter()
            .filter(|rule| !rule.approvers.is_empty());
        let deciding = |rule: &EligibilityRule| EligibilityRule {
            approvers: rule.approvers.clone(),
            accounts: rule.accounts.clone(),
            permission_sets: rule.permission_sets.clone(),
            protected: rule.protected,
            ..EligibilityRule::default()
        };
        rules.map(deciding).collect()
    };
    if lens.before.approvers == lens.after.approvers && own(lens.before) == own(lens.after) {
        return Vec::new();
    }
    let mut found: BTreeMap<(bool, Targets), Vec<String>> = BTreeMap::new();
    for class in lens.deciders_by_class() {
        let (mut gained, mut lost) = (Targets::new(), Targets::new());
        for (place, account) in lens.accounts.iter().enumerate() {
            for (column, set) in lens.sets.iter().enumerate() {
                let decides = |side| lens.decides(side, &class.bits, account, &set.bits);
                match (decides(Side::Before), decides(Side::After)) {
                    (false, true) => drop(gained.insert((place, column))),
                    (true, false) => drop(lost.insert((place, column))),
                    _ => {}
                }
            }
        }
        for (gain, targets) in [(true, gained), (false, lost)] {
            if !targets.is_empty() {
                let people = class.members.iter().map(|person| person.user_name.clone());
                found.entry((gain, targets)).or_default().extend(people);
            }
        }
    }
    let mut changes = Vec::new();
    for ((gain, targets), mut people) in found {
        people.sort();
        for (accounts, sets) in rectangles(&targets) {
            let (accounts, sets) = (account_names(lens, &accounts), set_names(lens, &sets));
            changes.push(ApprovalChange {
                gain,
                people_count: people.len(),
                people: first(people.clone()),
                account_count: accounts.len(),
                accounts: first(accounts),
                permission_set_count: sets.len(),
                permission_sets: first(sets),
            });
        }
    }
    changes
}
