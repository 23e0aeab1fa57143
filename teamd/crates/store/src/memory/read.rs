//! Reading from tables in memory.

use super::Tables;
use crate::chain::{RowRef, restore};
use crate::port::{
    AuditFilter, AuditRecord, ChainProgress, ChainStep, DeliveryFilter, OutboxRow, PolicyRow, Read,
    Remembered, RequestFilter, StoreResult,
};
use crate::record::{StateColumns, millis};
use crate::sqlite::MEMORY;
use std::collections::BTreeSet;
use team_shared::ids::{AccountId, PermissionSetArn, RequestId};
use team_shared::state::RequestState;
use teamd_domain::Time;
use teamd_domain::attention::Attention;
use teamd_domain::backstop::Backstop;
use teamd_domain::delivery::{Delivery, DeliveryState};
use teamd_domain::directory::Directory;
use teamd_domain::grant::{Drift, Grant, Standing, State as GrantState};
use teamd_domain::request::{Key, Request, State};

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
                && filter
                    .batch
                    .as_ref()
                    .is_none_or(|batch| request.batch_id.as_ref() == Some(batch))
                && !(filter.unreviewed
                    && self
                        .attention
                        .get(&request.id)
                        .is_some_and(|one| one.review.is_some()))
                && since.is_none_or(|since| millis(request.created_at) >= since)
                && until.is_none_or(|until| millis(request.created_at) < until)
                && filter.over_since.is_none_or(|since| {
                    StateColumns::from(&request.state)
                        .finished_at
                        .is_none_or(|at| at >= millis(since))
                })
                && request.id.to_string().ends_with(&suffix)
                && filter.before.is_none_or(|before| request.id < before)
        });
        found.reverse();
        found.truncate(filter.limit);
        Ok(found)
    }

    fn attention(&mut self, id: &RequestId) -> StoreResult<Attention> {
        Ok(self.attention.get(id).cloned().unwrap_or_default())
    }

    fn open_requests_on(&mut self, key: &Key) -> StoreResult<Vec<Request>> {
        let open = self
            .on_key(key)
            .filter(|request| !request.state.word().is_terminal());
        Ok(open.cloned().collect())
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
                GrantState::Absent { .. } => grant.ambiguous_create_at.is_some() && grant.attempts > 0,
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

    fn backstop(&mut self, key: &Key) -> StoreResult<Option<Backstop>> {
        Ok(self.backstops.get(key).cloned())
    }

    fn backstops(&mut self) -> StoreResult<Vec<Backstop>> {
        Ok(self.backstops.values().cloned().collect())
    }

    fn grants_on(&mut self, account: &AccountId, set: &PermissionSetArn) -> StoreResult<Vec<Grant>> {
        let is_there = |grant: &&Grant| grant.key.account == *account && grant.key.permission_set == *set;
        Ok(self.grants.values().filter(is_there).cloned().collect())
    }

    fn recent_grants(&mut self, since: Time) -> StoreResult<Vec<Grant>> {
        let is_recent = |grant: &&Grant| {
            matches!(
                grant.state,
                GrantState::Absent { .. } | GrantState::Foreign { .. }
            ) && (grant.owned_at.is_some_and(|at| millis(at) >= millis(since))
                || grant.ambiguous_create_at.is_some())
        };
        Ok(self.grants.values().filter(is_recent).cloned().collect())
    }

    fn drift(&mut self) -> StoreResult<Vec<Drift>> {
        Ok(self.drift.values().cloned().collect())
    }

    fn standing(&mut self) -> StoreResult<Vec<Standing>> {
        let row = |((account, set, holder), seen): (&(_, _, _), &super::Seen)| Standing {
            holder: Clone::clone(holder),
            account: AccountId::clone(account),
            permission_set: PermissionSetArn::clone(set),
            found_at: seen.found_at,
        };
        Ok(self.standing.iter().map(row).collect())
    }

    fn last_seq(&mut self) -> StoreResult<u64> {
        Ok(self.head().seq)
    }

    fn audit(&mut self, filter: &AuditFilter) -> StoreResult<Vec<AuditRecord>> {
        let (since, until) = (filter.since.map(millis), filter.until.map(millis));
        let start = usize::try_from(filter.after)
            .unwrap_or(usize::MAX)
            .min(self.audit.len());
        let end = filter.newest_before.map_or(self.audit.len(), |before| {
            usize::try_from(before.saturating_sub(1))
                .unwrap_or(usize::MAX)
                .min(self.audit.len())
        });
        let rows = &self.audit[start.min(end)..end];
        let in_order: Box<dyn Iterator<Item = _>> = if filter.newest_before.is_some() {
            Box::new(rows.iter().rev())
        } else {
            Box::new(rows.iter())
        };
        in_order
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

    fn verify_rows(&mut self, so_far: ChainProgress, limit: usize) -> StoreResult<ChainStep> {
        let mut verifier = so_far.0;
        let good = usize::try_from(verifier.position()).unwrap_or(usize::MAX);
        for (count, (row, texts)) in self.audit.iter().skip(good).enumerate() {
            if count == limit {
                return Ok(ChainStep::More(ChainProgress(verifier)));
            }
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
        Ok(ChainStep::Done(verifier.finish(Some(self.head()))))
    }

    fn policy(&mut self) -> StoreResult<Option<PolicyRow>> {
        Ok(self.policy.last().cloned())
    }

    fn policy_in_force(&mut self) -> StoreResult<u64> {
        Ok(self.policy.last().map_or(0, |row| row.version))
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

    fn deliveries(&mut self, filter: &DeliveryFilter) -> StoreResult<Vec<Delivery>> {
        Ok(self.list_deliveries(filter))
    }

    fn delivery(&mut self, id: &str) -> StoreResult<Option<Delivery>> {
        Ok(self.get_delivery(id))
    }

    fn deliveries_due(&mut self, channel: &str, now: Time, limit: usize) -> StoreResult<Vec<Delivery>> {
        let due = self.due_on(channel).into_iter();
        Ok(due
            .filter(|one| millis(one.not_before) <= millis(now))
            .take(limit)
            .cloned()
            .collect())
    }

    fn next_delivery(&mut self, channel: &str, now: Time) -> StoreResult<Option<Time>> {
        let mut later = self.due_on(channel).into_iter().map(|one| one.not_before);
        Ok(later.find(|at| millis(*at) > millis(now)))
    }

    fn count_deliveries(&mut self) -> StoreResult<Vec<(String, DeliveryState, u64)>> {
        Ok(self.open_deliveries())
    }

    fn meta(&mut self, name: &str) -> StoreResult<Option<String>> {
        Ok(match name {
            "audit.epoch" => Some(self.epoch.to_string()),
            "audit.head" if !self.audit.is_empty() => Some(self.head().to_string()),
            name => self.meta.get(name).cloned(),
        })
    }
}

fn due_end(request: &Request) -> Option<Time> {
    match &request.state {
        State::Active { session } => Some(session.end_at),
        State::Ending { due_at, .. } => Some(*due_at),
        _ => None,
    }
}
