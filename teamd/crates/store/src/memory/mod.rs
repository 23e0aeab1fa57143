//! The twin in memory, for simulation: the same records and the same chain, with faults on demand.
//!
//! [`Memory`] is what a disk would be: it outlives the [`Store`](super::Store)s that are opened on it, so a crash is to
//! drop the one and open another.

mod deliveries;
mod read;
mod tx;

use super::chain::{Head, Row, Text};
use super::fallback::Live;
use super::port::{Backend, OutboxRow, PolicyRow, Read, Remembered, StoreError, StoreResult, Tx};
use super::record::RequestRow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use team_shared::ids::{AccountId, PermissionSetArn, RequestId};
use teamd_domain::Time;
use teamd_domain::attention::Attention;
use teamd_domain::backstop::Backstop;
use teamd_domain::delivery::Delivery;
use teamd_domain::directory::Directory;
use teamd_domain::grant::{Drift, Grant, Holder};
use teamd_domain::request::{Key, Request};

/// A fault of the next commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is written, and the caller hears this.
    Refuse(StoreError),
    /// Everything is written, and the caller hears this nevertheless: a commit whose answer was lost.
    LoseAnswer(StoreError),
}

/// Tables in memory. Clones are the same tables.
#[derive(Clone, Default)]
pub struct Memory {
    tables: Arc<Mutex<Tables>>,
    fault: Arc<Mutex<Option<Fault>>>,
    /// What writers hear while another process holds the lock.
    lock: Arc<Mutex<Option<StoreError>>>,
    /// Counted at the opening.
    epoch: u64,
    /// Whoever is superseded goes on writing.
    #[cfg(any(test, feature = "simulator"))]
    is_shared: bool,
}

impl Memory {
    /// Empty tables.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes the next commit fail.
    pub fn fail_next_commit(&self, fault: Fault) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
    }

    /// Another process holds the lock from now on, or lets go: writes fail with this, reads go on.
    pub fn hold_lock(&self, writers_hear: Option<StoreError>) {
        *self.lock.lock().unwrap_or_else(PoisonError::into_inner) = writers_hear;
    }

    /// From now on whoever opens them supersedes nobody: to see what the epoch is for.
    #[cfg(any(test, feature = "simulator"))]
    pub fn ignore_epochs(&mut self) {
        self.is_shared = true;
    }

    /// Whether another has opened them since, who writes instead.
    #[cfg(any(test, feature = "simulator"))]
    fn is_superseded(&self, epoch: u64) -> bool {
        epoch != self.epoch && !self.is_shared
    }

    /// Whether another has opened them since, who writes instead.
    #[cfg(not(any(test, feature = "simulator")))]
    fn is_superseded(&self, epoch: u64) -> bool {
        epoch != self.epoch
    }

    /// Counts the epoch up, as every opening does.
    pub(super) fn opened(&self) -> Self {
        let mut tables = self.tables();
        tables.epoch += 1;
        Self {
            epoch: tables.epoch,
            ..self.clone()
        }
    }

    /// Tables that hold what access must be taken back, and nothing else.
    pub(super) fn holding(live: &Live) -> Self {
        let memory = Self::new();
        memory.load(live);
        memory
    }

    /// Replaces requests and grants.
    pub(super) fn load(&self, live: &Live) {
        let mut tables = self.tables();
        tables.requests.clone_from(&live.requests);
        tables.by_key.clear();
        for request in live.requests.values() {
            tables
                .by_key
                .entry(request.key.clone())
                .or_default()
                .insert(request.id);
        }
        tables.grants.clone_from(&live.grants);
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        // A panic inside of a transaction is caught and rolled back before it could poison anything half done.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backend for Memory {
    fn write(&mut self, work: &mut dyn FnMut(&mut dyn Tx) -> StoreResult<()>) -> StoreResult<()> {
        let mut tables = self.tables();
        if self.is_superseded(tables.epoch) {
            return Err(StoreError::Superseded {
                ours: self.epoch,
                found: tables.epoch.to_string(),
            });
        }
        if let Some(busy) = self.lock.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            return Err(busy);
        }
        tables.undo.clear();
        let done = work(&mut *tables);
        let fault = if done.is_ok() {
            self.fault.lock().unwrap_or_else(PoisonError::into_inner).take()
        } else {
            None
        };
        let done = match fault {
            None => done,
            Some(Fault::Refuse(error)) => Err(error),
            Some(Fault::LoseAnswer(error)) => {
                tables.undo.clear();
                return Err(error);
            }
        };
        if done.is_err() {
            tables.roll_back();
        }
        tables.undo.clear();
        done
    }

    fn read(&mut self, work: &mut dyn FnMut(&mut dyn Read) -> StoreResult<()>) -> StoreResult<()> {
        work(&mut *self.tables())
    }

    fn reader(&self) -> StoreResult<Option<Box<dyn Backend>>> {
        Ok(Some(Box::new(self.clone())))
    }
}

type Undo = Box<dyn FnOnce(&mut Tables) + Send>;

/// When something was seen for the first and for the last time.
#[derive(Debug, Clone, Copy)]
struct Seen {
    found_at: Time,
    seen_at: Time,
}

#[derive(Default)]
struct Tables {
    requests: BTreeMap<RequestId, Request>,
    /// Their ids by key, which never changes.
    by_key: BTreeMap<Key, BTreeSet<RequestId>>,
    attention: BTreeMap<RequestId, Attention>,
    grants: BTreeMap<Key, Grant>,
    backstops: BTreeMap<Key, Backstop>,
    drift: BTreeMap<Key, Drift>,
    standing: BTreeMap<(AccountId, PermissionSetArn, Holder), Seen>,
    audit: Vec<(Row, Vec<Text>)>,
    policy: Vec<PolicyRow>,
    directory: Option<Directory>,
    idempotency: BTreeMap<(String, String), Remembered>,
    outbox: BTreeMap<i64, OutboxRow>,
    last_outbox: i64,
    deliveries: BTreeMap<u64, Delivery>,
    /// Their numbers by identity.
    delivery_ids: BTreeMap<String, u64>,
    last_delivery: u64,
    meta: BTreeMap<String, String>,
    epoch: u64,
    /// How to take back what the transaction has done, newest last.
    undo: Vec<Undo>,
}

impl Tables {
    fn roll_back(&mut self) {
        while let Some(undo) = self.undo.pop() {
            undo(self);
        }
    }

    fn undo(&mut self, undo: impl FnOnce(&mut Self) + Send + 'static) {
        self.undo.push(Box::new(undo));
    }

    fn head(&self) -> Head {
        self.audit.last().map_or_else(Head::default, |(row, _)| Head {
            seq: row.seq,
            hash: row.hash,
        })
    }

    fn put_request(&mut self, request: &Request) -> StoreResult<()> {
        let request = RequestRow::normal(request)?;
        let id = request.id;
        let key = request.key.clone();
        self.by_key.entry(key.clone()).or_default().insert(id);
        let old = self.requests.insert(id, request);
        self.undo(move |tables| {
            if let (None, Some(ids)) = (&old, tables.by_key.get_mut(&key)) {
                ids.remove(&id);
            }
            restore_entry(&mut tables.requests, id, old);
        });
        Ok(())
    }

    fn conflict(&self, request: &Request) -> StoreResult<()> {
        let found = self.requests.get(&request.id).map_or(0, |stored| stored.version);
        let expected = request.version.saturating_sub(1);
        if found == expected && request.version > 0 {
            return Ok(());
        }
        Err(StoreError::VersionConflict {
            id: request.id,
            found,
            expected,
        })
    }

    fn select(&self, matches: impl Fn(&Request) -> bool) -> Vec<Request> {
        self.requests
            .values()
            .filter(|request| matches(request))
            .cloned()
            .collect()
    }

    fn is_held(&self, key: &Key) -> bool {
        self.on_key(key).any(|request| request.holds_lease())
    }

    /// Requests on a key, oldest first.
    fn on_key<'a>(&'a self, key: &Key) -> impl Iterator<Item = &'a Request> {
        let ids = self.by_key.get(key).into_iter().flatten();
        ids.filter_map(|id| self.requests.get(id))
    }
}

fn restore_entry<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, old: Option<V>) {
    match old {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    };
}
