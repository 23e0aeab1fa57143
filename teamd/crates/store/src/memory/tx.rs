//! Writing to tables in memory. Every change leaves behind how to take it back.

use super::{Seen, Tables, restore_entry};
use crate::chain::link;
use crate::port::{OutboxRow, PolicyRow, Remembered, StoreError, StoreResult, Tx};
use crate::record::{AttentionRow, GrantRow, directory_from_json, directory_to_json, millis, rounded};
use crate::sqlite::{MEMORY, refuse_own};
use team_shared::ids::{AccountId, PermissionSetArn, RequestId};
use teamd_domain::Time;
use teamd_domain::attention::Attention;
use teamd_domain::backstop::Backstop;
use teamd_domain::delivery::Delivery;
use teamd_domain::directory::Directory;
use teamd_domain::event::EventDraft;
use teamd_domain::grant::{Drift, Grant, Holder};
use teamd_domain::request::{Key, Request};

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

    fn save_attention(&mut self, id: &RequestId, attention: &Attention) -> StoreResult<()> {
        let Some(request) = self.requests.get(id) else {
            return Err(StoreError::Database(format!("there is no request {id}")));
        };
        let normal = AttentionRow::normal(id, attention)?;
        let stored = self.attention.get(id).and_then(|one| one.review.as_ref());
        if normal
            .review
            .as_ref()
            .is_some_and(|review| review.by == request.key.user)
        {
            return Err(StoreError::Database("nobody reviews their own access".into()));
        }
        if stored.is_some_and(|stored| {
            normal
                .review
                .as_ref()
                .is_none_or(|next| (&next.by, next.at) != (&stored.by, stored.at))
        }) {
            return Err(StoreError::Database("a review is closed once".into()));
        }
        let (id, old) = (*id, self.attention.insert(*id, normal));
        self.undo(move |tables| restore_entry(&mut tables.attention, id, old));
        Ok(())
    }

    fn save_grant(&mut self, grant: &Grant) -> StoreResult<()> {
        let grant = GrantRow::normal(grant)?;
        let key = grant.key.clone();
        let old = self.grants.insert(key.clone(), grant);
        self.undo(move |tables| restore_entry(&mut tables.grants, key, old));
        Ok(())
    }

    fn save_backstop(&mut self, backstop: &Backstop) -> StoreResult<()> {
        let key = backstop.key.clone();
        let backstop = Backstop {
            ends_at: backstop.ends_at.map(rounded),
            ..backstop.clone()
        };
        let old = self.backstops.insert(key.clone(), backstop);
        self.undo(move |tables| restore_entry(&mut tables.backstops, key, old));
        Ok(())
    }

    fn forget_backstop(&mut self, key: &Key) -> StoreResult<()> {
        let (key, old) = (key.clone(), self.backstops.remove(key));
        self.undo(move |tables| restore_entry(&mut tables.backstops, key, old));
        Ok(())
    }

    fn save_drift(&mut self, drift: &Drift) -> StoreResult<()> {
        let drift = Drift {
            found_at: rounded(drift.found_at),
            ..drift.clone()
        };
        let key = drift.key.clone();
        let old = self.drift.insert(key.clone(), drift);
        self.undo(move |tables| restore_entry(&mut tables.drift, key, old));
        Ok(())
    }

    fn remove_drift(&mut self, key: &Key) -> StoreResult<()> {
        let (key, old) = (key.clone(), self.drift.remove(key));
        self.undo(move |tables| restore_entry(&mut tables.drift, key, old));
        Ok(())
    }

    fn replace_standing(
        &mut self,
        account: &AccountId,
        set: &PermissionSetArn,
        found: &[Holder],
        now: Time,
    ) -> StoreResult<()> {
        let old = self.standing.clone();
        let seen_at = rounded(now);
        self.standing
            .retain(|(a, s, holder), _| a != account || s != set || found.contains(holder));
        for holder in found {
            self.standing
                .entry((account.clone(), set.clone(), holder.clone()))
                .and_modify(|seen| seen.seen_at = seen_at)
                .or_insert(Seen {
                    found_at: seen_at,
                    seen_at,
                });
        }
        self.undo(move |tables| tables.standing = old);
        Ok(())
    }

    fn forget_standing(&mut self, before: Time) -> StoreResult<()> {
        let old = self.standing.clone();
        self.standing
            .retain(|_, seen| millis(seen.seen_at) >= millis(before));
        self.undo(move |tables| tables.standing = old);
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

    fn push_delivery(&mut self, delivery: &Delivery) -> StoreResult<bool> {
        self.file_delivery(delivery)
    }

    fn save_delivery(&mut self, delivery: &Delivery) -> StoreResult<()> {
        self.write_delivery(delivery);
        Ok(())
    }

    fn forget_deliveries(&mut self, before: Time) -> StoreResult<usize> {
        Ok(self.drop_deliveries(before))
    }

    fn set_meta(&mut self, name: &str, value: &str) -> StoreResult<()> {
        refuse_own(name)?;
        let old = self.meta.insert(name.to_owned(), value.to_owned());
        let name = name.to_owned();
        self.undo(move |tables| restore_entry(&mut tables.meta, name, old));
        Ok(())
    }
}
