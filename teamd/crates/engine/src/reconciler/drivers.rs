//! Which keys are being driven, which are asleep until their next attempt, and which wait for a place.

use super::listings::Listings;
use super::places::Places;
use super::statuses::Statuses;
use futures::FutureExt;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use team_shared::ids::AccountId;
use teamd_aws::port::Lane;
use teamd_domain::Time;
use teamd_domain::request::Key;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};

/// Drivers that look at the store at a time.
const LOOKING: usize = 32;

/// The loops under way, by key, and the keys that have none now.
pub(crate) struct Drivers {
    table: Arc<Mutex<Table>>,
    wanted: mpsc::UnboundedSender<Key>,
    pub(super) queue: Mutex<Option<mpsc::UnboundedReceiver<Key>>>,
    changed: Arc<Notify>,
    looking: Arc<Semaphore>,
    pub(super) listings: Listings,
    pub(super) statuses: Statuses,
}

struct Table {
    running: HashMap<Key, Arc<Notify>>,
    asleep: BTreeSet<(Time, Key)>,
    until: HashMap<Key, Time>,
    places: Places,
    most_running: usize,
}

/// Why a driver goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    /// Nothing is to be done until somebody pokes the key.
    UntilPoked,
    /// Nothing before this moment.
    Until(Time),
    /// A write is due, and there is no place for it yet; the moment since when it is due.
    ForPlace(Lane, Time),
}

/// A place for an unfinished operation; given back when dropped.
pub(super) struct Slot {
    table: Arc<Mutex<Table>>,
    changed: Arc<Notify>,
    number: u64,
}

impl Drop for Slot {
    fn drop(&mut self) {
        lock(&self.table).places.give_back(self.number);
        self.changed.notify_one();
    }
}

impl Drivers {
    pub(crate) fn new(max_in_flight: usize) -> Self {
        let (wanted, queue) = mpsc::unbounded_channel();
        Self {
            table: Arc::new(Mutex::new(Table {
                running: HashMap::new(),
                asleep: BTreeSet::new(),
                until: HashMap::new(),
                places: Places::new(max_in_flight),
                most_running: 0,
            })),
            wanted,
            queue: Mutex::new(Some(queue)),
            changed: Arc::new(Notify::new()),
            looking: Arc::new(Semaphore::new(LOOKING)),
            listings: Listings::default(),
            statuses: Statuses::default(),
        }
    }

    /// Something about this key has changed.
    pub(crate) fn poke(&self, key: &Key) {
        match self.table().running.get(key) {
            Some(driver) => driver.notify_one(),
            // The loop only goes away with the engine.
            None => drop(self.wanted.send(key.clone())),
        }
    }

    /// The same for a key of which nothing is known to have changed: who waits for a place looks when it has one.
    pub(super) fn poke_unless_queued(&self, key: &Key) {
        let is_queued = self.table().places.is_waiting(key);
        if !is_queued {
            self.poke(key);
        }
    }

    /// Takes a key out of bed and out of the queue. None: it has a driver, which looks again.
    pub(super) fn start(&self, key: &Key) -> Option<Arc<Notify>> {
        let table = &mut *self.table();
        if let Some(driver) = table.running.get(key) {
            driver.notify_one();
            return None;
        }
        if let Some(at) = table.until.remove(key) {
            table.asleep.remove(&(at, key.clone()));
        }
        table.places.forget(key);
        let wake = Arc::new(Notify::new());
        table.running.insert(key.clone(), Arc::clone(&wake));
        table.most_running = table.most_running.max(table.running.len());
        Some(wake)
    }

    /// Lets a driver go. False: the key was poked since it looked, so it looks again.
    pub(super) fn retire(&self, key: &Key, wake: &Notify, rest: Rest) -> bool {
        let table = &mut *self.table();
        if wake.notified().now_or_never().is_some() {
            return false;
        }
        table.running.remove(key);
        match rest {
            Rest::UntilPoked => return true,
            Rest::Until(at) => {
                table.asleep.insert((at, key.clone()));
                table.until.insert(key.clone(), at);
            }
            Rest::ForPlace(lane, due) => table.places.ask(key, lane, due),
        }
        self.changed.notify_one();
        true
    }

    /// A driver that is gone without having said so.
    pub(super) fn lost(&self, key: &Key, wake: &Arc<Notify>) {
        let table = &mut *self.table();
        if table
            .running
            .get(key)
            .is_some_and(|driver| Arc::ptr_eq(driver, wake))
        {
            table.running.remove(key);
        }
    }

    /// The next key to drive: one with a place, or one whose time has come.
    pub(super) fn next_ready(&self, now: Time) -> Option<(Key, Option<Slot>)> {
        let table = &mut *self.table();
        if let Some((key, number)) = table.places.next(now) {
            let slot = Slot {
                table: Arc::clone(&self.table),
                changed: Arc::clone(&self.changed),
                number,
            };
            return Some((key, Some(slot)));
        }
        let (at, key) = table.asleep.first().filter(|(at, _)| *at <= now).cloned()?;
        table.asleep.remove(&(at, key.clone()));
        table.until.remove(&key);
        Some((key, None))
    }

    /// When [`next_ready`](Self::next_ready) may have another answer although nothing has happened.
    pub(super) fn look_again_at(&self, now: Time) -> Option<Time> {
        let table = self.table();
        let places = table.places.look_again_at(now);
        let asleep = table.asleep.first().map(|(at, _)| *at);
        places.into_iter().chain(asleep).min()
    }

    /// Until a driver has gone, or a place has been given back.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// The right to look at the store; none: the engine is gone.
    pub(super) async fn looking(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.looking).acquire_owned().await.ok()
    }

    /// Unfinished operations.
    pub(super) fn unfinished(&self) -> usize {
        self.table().places.unfinished()
    }

    /// Whether removals wait for a place: what holds one is then as urgent as they are.
    pub(super) fn removals_wait(&self) -> bool {
        self.table().places.removals_wait()
    }

    /// Accounts whose operations hang or fail.
    pub(crate) fn troubled(&self, now: Time) -> BTreeSet<AccountId> {
        self.table().places.troubled(now)
    }

    /// An operation in the account did what it should.
    pub(super) fn succeeded(&self, account: &AccountId) {
        self.table().places.succeeded(account);
    }

    /// One there failed.
    pub(super) fn failed(&self, account: &AccountId, is_conflict: bool, now: Time) {
        let mut table = self.table();
        if is_conflict {
            table.places.conflicted(account, now);
        }
        table.places.failed(account, now);
    }

    /// The most drivers that there ever were at a time.
    pub(crate) fn most_running(&self) -> usize {
        self.table().most_running
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        lock(&self.table)
    }
}

fn lock(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        chrono::DateTime::from_timestamp(1_795_000_000 + seconds, 0).unwrap()
    }

    fn key(user: &str) -> Key {
        Key {
            user: user.parse().unwrap(),
            account: "111122223333".parse().unwrap(),
            permission_set: "arn:ps".parse().unwrap(),
        }
    }

    #[test]
    fn a_poke_between_the_look_and_the_retirement_is_not_lost() {
        let drivers = Drivers::new(12);
        let a = key("a");
        let wake = drivers.start(&a).unwrap();
        drivers.poke(&a);
        assert!(!drivers.retire(&a, &wake, Rest::UntilPoked), "look again");
        assert!(drivers.retire(&a, &wake, Rest::UntilPoked));
        assert!(drivers.start(&a).is_some());
    }

    #[test]
    fn who_sleeps_is_ready_in_time_and_who_is_poked_before() {
        let drivers = Drivers::new(12);
        for (user, until) in [("a", 5), ("b", 3)] {
            let wake = drivers.start(&key(user)).unwrap();
            assert!(drivers.retire(&key(user), &wake, Rest::Until(at(until))));
        }
        assert_eq!(drivers.look_again_at(at(0)), Some(at(3)));
        assert!(drivers.next_ready(at(2)).is_none());
        assert_eq!(drivers.next_ready(at(3)).unwrap().0, key("b"));
        assert!(drivers.start(&key("a")).is_some());
        assert!(drivers.next_ready(at(9)).is_none(), "it is at work");
    }

    #[test]
    fn a_place_is_given_back_when_dropped_and_a_poke_takes_the_key_out_of_the_queue() {
        let drivers = Drivers::new(1);
        for user in ["a", "b", "c"] {
            let wake = drivers.start(&key(user)).unwrap();
            assert!(drivers.retire(&key(user), &wake, Rest::ForPlace(Lane::Removal, at(0))));
        }
        let (first, slot) = drivers.next_ready(at(1)).unwrap();
        assert_eq!((first, drivers.unfinished()), (key("a"), 1));
        assert!(drivers.next_ready(at(1)).is_none());
        assert!(drivers.start(&key("b")).is_some());
        drop(slot);
        assert_eq!(drivers.next_ready(at(1)).unwrap().0, key("c"));
    }

    #[test]
    fn a_driver_that_was_lost_does_not_take_its_successor_along() {
        let drivers = Drivers::new(1);
        let first = drivers.start(&key("a")).unwrap();
        drivers.lost(&key("a"), &first);
        let _second = drivers.start(&key("a")).unwrap();
        drivers.lost(&key("a"), &first);
        assert!(drivers.start(&key("a")).is_none(), "the second is there");
    }
}
