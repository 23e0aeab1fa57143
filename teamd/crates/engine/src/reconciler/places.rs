//! Who sends the next write. AWS works on fifteen assignment operations at a time and updates one role of an account at a
//! time, so an unfinished operation has a *place*, and what has none waits here: as a key, not as a task.
//!
//! * Removals before grants, and a quarter of the places for removals alone; of removals the one that was due first; of equals the account that was served longest ago.
//! * One operation of an account at a time. Where places would stay empty, an account with many removals is lent more,
//!   until AWS answers it with a conflict.
//! * An account whose operations hang or fail has the *slow* places, which are few and nobody else's, and is tried at
//!   growing distances: the others lose nothing to it. Its next success makes it one of them again.
//!
//! Synchronous, without a clock: `reconciler` drives it.

use crate::guards;
use crate::guards::Guard;
use chrono::TimeDelta;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use team_shared::ids::AccountId;
use teamd_aws::port::Lane;
use teamd_domain::Time;
use teamd_domain::request::Key;

/// What AWS allows the organisation.
const AWS_UNFINISHED: usize = 15;

/// Deletes that one account may have unfinished while nobody else wants the places. AWS says that it updates one role of
/// an account at a time; a delete touches the role only with the last assignment of its permission set.
const LENT: usize = 3;

/// Of so many places one is kept for removals: creates, which people ask for, never have them all.
const KEPT_EACH: usize = 4;

/// For how long an account that had a conflict is lent nothing.
const ALONE_FOR: TimeDelta = TimeDelta::minutes(10);

/// An operation that takes longer hangs: AWS's take seconds.
const HANGS_AFTER: TimeDelta = TimeDelta::seconds(15);

/// For how long an account where one hung is apart from the others.
const SLOW_FOR: TimeDelta = TimeDelta::minutes(10);

/// Failures in a row after which it is the account and not the one assignment.
const TROUBLED_AFTER: u32 = 2;

/// The longest pause between two tries in an account that fails.
const LONGEST_GAP: TimeDelta = TimeDelta::seconds(10);

/// The class of what is no removal: it comes last.
const GRANT: u8 = 2;

/// Places, and who waits for one.
#[derive(Debug)]
pub(super) struct Places {
    usual: usize,
    slow: usize,
    accounts: HashMap<AccountId, Account>,
    waiting: HashMap<Key, Wish>,
    taken: BTreeMap<u64, Taken>,
    next_number: u64,
}

type Wish = (Lane, Time, u64);

#[derive(Debug, Default)]
struct Account {
    removals: BTreeSet<(Time, u64, Key)>,
    others: BTreeSet<(Time, u64, Key)>,
    unfinished: usize,
    served: u64,
    failures: u32,
    not_before: Option<Time>,
    alone_until: Option<Time>,
    slow_until: Option<Time>,
}

#[derive(Debug)]
struct Taken {
    account: AccountId,
    since: Time,
    slow: bool,
}

impl Account {
    fn is_idle(&self) -> bool {
        self.removals.is_empty() && self.others.is_empty() && self.unfinished == 0
    }

    /// The key that it would send next: of what class (0 is the best), and since when due.
    fn best(&self, now: Time, lends: bool) -> Option<(u8, &(Time, u64, Key))> {
        if !guards::is_on(Guard::RemovalsFirst)
            && self.unfinished == 0
            && let Some(first) = self.others.first()
        {
            return Some((0, first));
        }
        if let Some(first) = self.removals.first() {
            let lent = lends && self.unfinished < LENT && self.alone_until.is_none_or(|at| at <= now);
            return match self.unfinished {
                0 => Some((0, first)),
                _ if lent => Some((1, first)),
                _ => None,
            };
        }
        let first = self.others.first().filter(|_| self.unfinished == 0)?;
        Some((GRANT, first))
    }
}

impl Places {
    /// So many places, and beyond them as many slow ones as AWS leaves, a quarter at most. Where AWS leaves none, one of
    /// the places is slow.
    pub(super) fn new(max_in_flight: usize) -> Self {
        let left = AWS_UNFINISHED.saturating_sub(max_in_flight);
        Self {
            usual: max_in_flight.saturating_sub(usize::from(left == 0)).max(1),
            slow: left.clamp(1, (max_in_flight / 4).max(1)),
            accounts: HashMap::new(),
            waiting: HashMap::new(),
            taken: BTreeMap::new(),
            next_number: 0,
        }
    }

    /// A key wants a place; `due` orders it among its like.
    pub(super) fn ask(&mut self, key: &Key, lane: Lane, due: Time) {
        self.forget(key);
        self.next_number += 1;
        let wish = (lane, due, self.next_number);
        self.waiting.insert(key.clone(), wish);
        let account = self.accounts.entry(key.account.clone()).or_default();
        account.queue(lane).insert((due, wish.2, key.clone()));
    }

    /// It does not want one any more; whether it did.
    pub(super) fn forget(&mut self, key: &Key) -> bool {
        let Some((lane, due, number)) = self.waiting.remove(key) else {
            return false;
        };
        if let Some(account) = self.accounts.get_mut(&key.account) {
            account.queue(lane).remove(&(due, number, key.clone()));
        }
        true
    }

    pub(super) fn is_waiting(&self, key: &Key) -> bool {
        self.waiting.contains_key(key)
    }

    /// Unfinished operations.
    pub(super) fn unfinished(&self) -> usize {
        self.taken.len()
    }

    /// Whether a removal waits for a place.
    pub(super) fn removals_wait(&self) -> bool {
        self.accounts.values().any(|account| !account.removals.is_empty())
    }

    /// Gives a place to the next key, if there is one for it: the key, and the number of the place.
    pub(super) fn next(&mut self, now: Time) -> Option<(Key, u64)> {
        if self.waiting.is_empty() {
            return None;
        }
        self.move_hanging(now);
        let free = self.usual.saturating_sub(self.count(false));
        let (usual, slow) = (free > 0, self.slow > self.count(true));
        if !usual && !slow {
            return None;
        }
        let usual_for_grants = free > self.usual / KEPT_EACH;
        let troubled = self.apart(now);
        let choice = self
            .accounts
            .iter()
            .filter(|(_, account)| account.not_before.is_none_or(|at| at <= now))
            .filter_map(|(id, account)| {
                let apart = troubled.contains(id);
                let (class, (due, _, key)) = account.best(now, !apart)?;
                let has_place = match (apart, class) {
                    (true, _) => slow,
                    (false, GRANT) => usual_for_grants,
                    (false, _) => usual,
                };
                has_place.then_some(((class, *due, account.served), key, apart))
            })
            .min_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.cmp(b.1)));
        let (key, apart) = choice.map(|(_, key, apart)| (key.clone(), apart))?;
        self.forget(&key);
        self.next_number += 1;
        let number = self.next_number;
        let account = self.accounts.entry(key.account.clone()).or_default();
        account.unfinished += 1;
        account.served = number;
        let taken = Taken {
            account: key.account.clone(),
            since: now,
            slow: apart,
        };
        self.taken.insert(number, taken);
        Some((key, number))
    }

    /// When [`next`](Self::next) may have another answer although nothing has happened.
    pub(super) fn look_again_at(&self, now: Time) -> Option<Time> {
        if self.waiting.is_empty() {
            return None;
        }
        let gaps = self.accounts.values().filter(|account| !account.is_idle());
        let gaps = gaps.filter_map(|account| account.not_before);
        let hangs = self.taken.values().map(|taken| taken.since + HANGS_AFTER);
        gaps.chain(hangs).filter(|at| *at > now).min()
    }

    /// Its operation is finished, or given up.
    pub(super) fn give_back(&mut self, number: u64) {
        let Some(taken) = self.taken.remove(&number) else {
            return;
        };
        if let Some(account) = self.accounts.get_mut(&taken.account) {
            account.unfinished = account.unfinished.saturating_sub(1);
            // What is remembered of an account is only what matters to those who wait for it.
            let is_plain = account.failures == 0 && account.alone_until.is_none();
            if is_plain && account.slow_until.is_none() && account.is_idle() {
                self.accounts.remove(&taken.account);
            }
        }
    }

    /// An operation there did what it should.
    pub(super) fn succeeded(&mut self, account: &AccountId) {
        if let Some(account) = self.accounts.get_mut(account) {
            account.failures = 0;
            account.not_before = None;
        }
    }

    /// One there failed, or was refused for another reason than our pace.
    pub(super) fn failed(&mut self, account: &AccountId, now: Time) {
        let account = self.accounts.entry(account.clone()).or_default();
        account.failures = account.failures.saturating_add(1);
        if account.failures >= TROUBLED_AFTER {
            let exponent = (account.failures - TROUBLED_AFTER).min(10);
            let gap = TimeDelta::milliseconds(500 * (1 << exponent)).min(LONGEST_GAP);
            account.not_before = Some(now + gap);
        }
    }

    /// AWS was still busy there with another write.
    pub(super) fn conflicted(&mut self, account: &AccountId, now: Time) {
        let account = self.accounts.entry(account.clone()).or_default();
        account.alone_until = Some(now + ALONE_FOR);
    }

    fn count(&self, slow: bool) -> usize {
        self.taken.values().filter(|taken| taken.slow == slow).count()
    }

    /// What hangs goes to the slow places, as far as there are any.
    fn move_hanging(&mut self, now: Time) {
        let mut free = self.slow.saturating_sub(self.count(true));
        let hang = |taken: &&mut Taken| now - taken.since >= HANGS_AFTER;
        for taken in self.taken.values_mut().filter(hang) {
            if free > 0 && !taken.slow {
                taken.slow = true;
                free -= 1;
            }
            if let Some(account) = self.accounts.get_mut(&taken.account) {
                account.slow_until = Some(now + SLOW_FOR);
            }
        }
    }

    /// Accounts that are apart from the others. Where most of them are, it is not theirs but AWS's fault.
    fn apart(&self, now: Time) -> BTreeSet<AccountId> {
        let mut troubled = self.troubled(now);
        if troubled.len() * 2 > self.accounts.len() {
            troubled.clear();
        }
        troubled
    }

    /// Accounts whose operations hang or fail.
    pub(super) fn troubled(&self, now: Time) -> BTreeSet<AccountId> {
        let is_troubled = |account: &Account| {
            account.failures >= TROUBLED_AFTER || account.slow_until.is_some_and(|at| at > now)
        };
        let troubled = self.accounts.iter().filter(|(_, account)| is_troubled(account));
        troubled.map(|(id, _)| id.clone()).collect()
    }
}

impl Account {
    fn queue(&mut self, lane: Lane) -> &mut BTreeSet<(Time, u64, Key)> {
        match lane {
            Lane::Removal => &mut self.removals,
            Lane::Grant | Lane::Background => &mut self.others,
        }
    }
}

#[cfg(test)]
mod tests;
