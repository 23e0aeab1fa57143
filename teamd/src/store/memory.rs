//! The twin in memory, for simulation: the same records and the same chain, with faults on demand.
//!
//! [`Memory`] is what a disk would be: it outlives the [`Store`](super::Store)s that are opened on it, so a crash is to
//! drop the one and open another.

use super::chain::{Head, Row, RowRef, Text, Verifier, link, restore};
use super::port::{
    AuditFilter, AuditRecord, Backend, ChainCheck, OutboxRow, PolicyRow, Read, Remembered, RequestFilter,
    StoreError, StoreResult, Tx,
};
use super::record::{GrantRow, RequestRow, directory_from_json, directory_to_json, millis, rounded};
use super::sqlite::{MEMORY, refuse_own};
use crate::domain::Time;
use crate::domain::directory::Directory;
use crate::domain::event::EventDraft;
use crate::domain::grant::{Grant, State as GrantState};
use crate::domain::request::{Key, Request, State};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use team_shared::ids::RequestId;
use team_shared::state::RequestState;

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

    /// Counts the epoch up, as every opening does.
    pub(super) fn opened(&self) -> Self {
        self.tables().epoch += 1;
        self.clone()
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        // A panic inside of a transaction is caught and rolled back before it could poison anything half done.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backend for Memory {
    fn write(&mut self, work: &mut dyn FnMut(&mut dyn Tx) -> StoreResult<()>) -> StoreResult<()> {
        let mut tables = self.tables();
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

#[derive(Default)]
struct Tables {
    requests: BTreeMap<RequestId, Request>,
    grants: BTreeMap<Key, Grant>,
    audit: Vec<(Row, Vec<Text>)>,
    policy: Vec<PolicyRow>,
    directory: Option<Directory>,
    idempotency: BTreeMap<(String, String), Remembered>,
    outbox: BTreeMap<i64, OutboxRow>,
    last_outbox: i64,
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
        let old = self.requests.insert(id, request);
        self.undo(move |tables| restore_entry(&mut tables.requests, id, old));
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
        self.requests
            .values()
            .any(|request| request.key == *key && request.state.holds_lease())
    }
}

fn restore_entry<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, old: Option<V>) {
    match old {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    };
}

fn due_end(request: &Request) -> Option<Time> {
    match &request.state {
        State::Active { session } => Some(session.end_at),
        State::Ending { due_at, .. } => Some(*due_at),
        _ => None,
    }
}

impl Read for Tables {
    fn request(&mut self, id: &RequestId) -> StoreResult<Option<Request>> {
        Ok(self.requests.get(id).cloned())
    }

    fn requests(&mut self, filter: &RequestFilter) -> StoreResult<Vec<Request>> {
        let suffix = filter
            .id_suffix
            .as_deref()
            .unwrap_or_default()
            .to_ascii_uppercase();
        let (since, until) = (filter.since.map(millis), filter.until.map(millis));
        let mut found = self.select(|request| {
            (filter.states.is_empty() || filter.states.contains(&request.state.word()))
                && filter.user.as_ref().is_none_or(|user| *user == request.key.user)
                && filter
                    .account
                    .as_ref()
                    .is_none_or(|account| *account == request.key.account)
                && since.is_none_or(|since| millis(request.created_at) >= since)
                && until.is_none_or(|until| millis(request.created_at) < until)
                && request.id.to_string().ends_with(&suffix)
                && filter.before.is_none_or(|before| request.id < before)
        });
        found.reverse();
        found.truncate(filter.limit);
        Ok(found)
    }

    fn open_requests_on(&mut self, key: &Key) -> StoreResult<Vec<Request>> {
        Ok(self.select(|request| request.key == *key && !request.state.word().is_terminal()))
    }

    fn due_requests(&mut self, now: Time, limit: usize) -> StoreResult<Vec<Request>> {
        let mut due = self.select(|request| request.deadline().is_some_and(|at| millis(at) <= millis(now)));
        due.sort_by_key(|request| {
            let ends = request.state.word() != RequestState::Scheduled;
            (ends, request.deadline(), request.id)
        });
        due.truncate(limit);
        Ok(due)
    }

    fn next_deadline(&mut self) -> StoreResult<Option<Time>> {
        Ok(self.requests.values().filter_map(Request::deadline).min())
    }

    fn count_requests(&mut self) -> StoreResult<Vec<(RequestState, u64)>> {
        let count = |state| self.requests.values().filter(|r| r.state.word() == state).count() as u64;
        Ok(RequestState::ALL
            .iter()
            .map(|state| (*state, count(*state)))
            .collect())
    }

    fn overdue_requests(&mut self, before: Time) -> StoreResult<Vec<Request>> {
        let mut overdue =
            self.select(|request| due_end(request).is_some_and(|end| millis(end) < millis(before)));
        overdue.sort_by_key(|request| (due_end(request), request.id));
        Ok(overdue)
    }

    fn grant(&mut self, key: &Key) -> StoreResult<Option<Grant>> {
        Ok(self.grants.get(key).cloned())
    }

    fn grants(&mut self) -> StoreResult<Vec<Grant>> {
        let settled = |grant: &&Grant| {
            matches!(grant.state, GrantState::Absent { .. })
                && grant.ambiguous_create_at.is_none()
                && grant.next_attempt_at.is_none()
        };
        Ok(self
            .grants
            .values()
            .filter(|grant| !settled(grant))
            .cloned()
            .collect())
    }

    fn keys_with_work(&mut self) -> StoreResult<Vec<Key>> {
        let mut keys = BTreeSet::new();
        for grant in self.grants.values() {
            let work = match grant.state {
                GrantState::Absent { .. } => grant.ambiguous_create_at.is_some(),
                GrantState::Present => !self.is_held(&grant.key),
                GrantState::Foreign { .. } => self.is_held(&grant.key),
                GrantState::Creating(_) | GrantState::Deleting(_) | GrantState::Unknown => true,
            };
            if work {
                keys.insert(grant.key.clone());
            }
        }
        for request in self.requests.values() {
            let present = || {
                let grant = self.grants.get(&request.key);
                grant.is_some_and(|grant| grant.state == GrantState::Present)
            };
            if match request.state.word() {
                RequestState::Activating | RequestState::Ending => true,
                RequestState::Active => !present(),
                _ => false,
            } {
                keys.insert(request.key.clone());
            }
        }
        Ok(keys.into_iter().collect())
    }

    fn last_seq(&mut self) -> StoreResult<u64> {
        Ok(self.head().seq)
    }

    fn audit(&mut self, filter: &AuditFilter) -> StoreResult<Vec<AuditRecord>> {
        let (since, until) = (filter.since.map(millis), filter.until.map(millis));
        let start = usize::try_from(filter.after)
            .unwrap_or(usize::MAX)
            .min(self.audit.len());
        self.audit[start..]
            .iter()
            .filter(|(row, _)| {
                since.is_none_or(|since| row.ts_ms >= since) && until.is_none_or(|until| row.ts_ms < until)
            })
            .map(|(row, texts)| restore(row.clone(), texts.clone()))
            .filter(|record| match (record, filter.request) {
                (Ok(record), Some(id)) => record.request_id == Some(id),
                _ => true,
            })
            .take(filter.limit)
            .collect()
    }

    fn verify_chain(&mut self) -> StoreResult<ChainCheck> {
        let mut verifier = Verifier::default();
        for (row, texts) in &self.audit {
            let seen = RowRef {
                seq: row.seq.cast_signed(),
                ts_ms: row.ts_ms,
                epoch: row.epoch.cast_signed(),
                body: &row.body,
                prev: &row.prev,
                hash: &row.hash,
            };
            if !verifier.row(seen, texts) {
                break;
            }
        }
        Ok(verifier.finish(Some(self.head())))
    }

    fn policy(&mut self) -> StoreResult<Option<PolicyRow>> {
        Ok(self.policy.last().cloned())
    }

    fn policy_version(&mut self, version: u64) -> StoreResult<Option<PolicyRow>> {
        Ok(self.policy.iter().find(|row| row.version == version).cloned())
    }

    fn policy_history(&mut self) -> StoreResult<Vec<PolicyRow>> {
        Ok(self.policy.iter().rev().cloned().collect())
    }

    fn directory(&mut self) -> StoreResult<Option<Directory>> {
        Ok(self.directory.clone())
    }

    fn remembered(&mut self, caller: &str, key: &str, now: Time) -> StoreResult<Option<Remembered>> {
        let found = self.idempotency.get(&(caller.to_owned(), key.to_owned()));
        Ok(found
            .filter(|answer| millis(answer.at) >= millis(now - MEMORY))
            .cloned())
    }

    fn outbox_due(&mut self, now: Time, limit: usize) -> StoreResult<Vec<OutboxRow>> {
        let due = |row: &&OutboxRow| millis(row.not_before) <= millis(now);
        Ok(self.outbox.values().filter(due).take(limit).cloned().collect())
    }

    fn meta(&mut self, name: &str) -> StoreResult<Option<String>> {
        Ok(match name {
            "audit.epoch" => Some(self.epoch.to_string()),
            "audit.head" if !self.audit.is_empty() => Some(self.head().to_string()),
            name => self.meta.get(name).cloned(),
        })
    }
}

impl Tx for Tables {
    fn insert_request(&mut self, request: &Request) -> StoreResult<()> {
        self.conflict(request)?;
        if request.version != 1 {
            return Err(StoreError::VersionConflict {
                id: request.id,
                found: request.version - 1,
                expected: request.version - 1,
            });
        }
        self.put_request(request)
    }

    fn update_request(&mut self, request: &Request) -> StoreResult<()> {
        self.conflict(request)?;
        let Some(stored) = self.requests.get(&request.id) else {
            return Err(StoreError::VersionConflict {
                id: request.id,
                found: 0,
                expected: 0,
            });
        };
        if stored.key != request.key
            || millis(stored.created_at) != millis(request.created_at)
            || stored.extends != request.extends
            || stored.batch_id != request.batch_id
        {
            return Err(StoreError::Database(
                "what a request is about never changes".into(),
            ));
        }
        self.put_request(request)
    }

    fn save_grant(&mut self, grant: &Grant) -> StoreResult<()> {
        let grant = GrantRow::normal(grant)?;
        let key = grant.key.clone();
        let old = self.grants.insert(key.clone(), grant);
        self.undo(move |tables| restore_entry(&mut tables.grants, key, old));
        Ok(())
    }

    fn append(&mut self, at: Time, event: &EventDraft) -> StoreResult<u64> {
        let (row, texts) = link(self.head(), self.epoch, at, event)?;
        let seq = row.seq;
        self.audit.push((row, texts));
        self.undo(|tables| drop(tables.audit.pop()));
        Ok(seq)
    }

    fn append_policy(
        &mut self,
        document: &str,
        sha256: &str,
        applied_by: &str,
        at: Time,
    ) -> StoreResult<u64> {
        let version = self.policy.len() as u64 + 1;
        self.policy.push(PolicyRow {
            version,
            document: document.to_owned(),
            sha256: sha256.to_owned(),
            applied_by: applied_by.to_owned(),
            applied_at: rounded(at),
        });
        self.undo(|tables| drop(tables.policy.pop()));
        Ok(version)
    }

    fn save_directory(&mut self, directory: &Directory) -> StoreResult<()> {
        let stored = directory_from_json(&directory_to_json(directory)?)?;
        let old = self.directory.replace(stored);
        self.undo(move |tables| tables.directory = old);
        Ok(())
    }

    fn remember(&mut self, caller: &str, key: &str, answer: &Remembered) -> StoreResult<()> {
        let old = self.idempotency.clone();
        self.undo(move |tables| tables.idempotency = old);
        let oldest = millis(answer.at - MEMORY);
        self.idempotency.retain(|_, kept| millis(kept.at) >= oldest);
        let answer = Remembered {
            at: rounded(answer.at),
            ..answer.clone()
        };
        self.idempotency
            .insert((caller.to_owned(), key.to_owned()), answer);
        Ok(())
    }

    fn push_outbox(&mut self, seq: u64, at: Time) -> StoreResult<()> {
        if seq == 0 || seq > self.head().seq {
            return Err(StoreError::Database(format!("there is no event {seq}")));
        }
        self.last_outbox += 1;
        let id = self.last_outbox;
        let row = OutboxRow {
            id,
            seq,
            attempts: 0,
            not_before: rounded(at),
        };
        self.outbox.insert(id, row);
        self.undo(move |tables| {
            tables.outbox.remove(&id);
            tables.last_outbox = id - 1;
        });
        Ok(())
    }

    fn outbox_done(&mut self, id: i64) -> StoreResult<()> {
        let old = self.outbox.remove(&id);
        self.undo(move |tables| restore_entry(&mut tables.outbox, id, old));
        Ok(())
    }

    fn outbox_retry(&mut self, id: i64, not_before: Time) -> StoreResult<()> {
        let old = self.outbox.get(&id).cloned();
        if let Some(row) = self.outbox.get_mut(&id) {
            row.attempts = row.attempts.saturating_add(1);
            row.not_before = rounded(not_before);
        }
        self.undo(move |tables| restore_entry(&mut tables.outbox, id, old));
        Ok(())
    }

    fn set_meta(&mut self, name: &str, value: &str) -> StoreResult<()> {
        refuse_own(name)?;
        let old = self.meta.insert(name.to_owned(), value.to_owned());
        let name = name.to_owned();
        self.undo(move |tables| restore_entry(&mut tables.meta, name, old));
        Ok(())
    }
}
