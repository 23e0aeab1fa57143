//! One transaction: the port's methods, each sent to its table family.

use super::{
    attention, audit, backstops, deliveries, directory, grants, idempotency, inventory, meta, outbox, policy,
    requests,
};
use crate::port::{
    AuditFilter, AuditRecord, ChainProgress, ChainStep, DeliveryFilter, OutboxRow, PolicyRow, Read,
    Remembered, RequestFilter, StoreResult, Tx,
};
use rusqlite::Connection;
use team_shared::ids::{AccountId, PermissionSetArn, RequestId};
use team_shared::state::RequestState;
use teamd_domain::Time;
use teamd_domain::attention::Attention;
use teamd_domain::backstop::Backstop;
use teamd_domain::delivery::{Delivery, DeliveryState};
use teamd_domain::directory::Directory;
use teamd_domain::event::EventDraft;
use teamd_domain::grant::{Drift, Grant, Holder, Standing};
use teamd_domain::request::{Key, Request};

/// A connection inside of a transaction.
pub(super) struct Session<'c> {
    pub(super) conn: &'c Connection,
    pub(super) epoch: u64,
}

impl Read for Session<'_> {
    fn request(&mut self, id: &RequestId) -> StoreResult<Option<Request>> {
        requests::get(self.conn, id)
    }

    fn requests(&mut self, filter: &RequestFilter) -> StoreResult<Vec<Request>> {
        requests::list(self.conn, filter)
    }

    fn open_requests_on(&mut self, key: &Key) -> StoreResult<Vec<Request>> {
        requests::open_on(self.conn, key)
    }

    fn due_requests(&mut self, now: Time, limit: usize) -> StoreResult<Vec<Request>> {
        requests::due(self.conn, now, limit)
    }

    fn next_deadline(&mut self) -> StoreResult<Option<Time>> {
        requests::next_deadline(self.conn)
    }

    fn count_requests(&mut self) -> StoreResult<Vec<(RequestState, u64)>> {
        requests::count(self.conn)
    }

    fn overdue_requests(&mut self, before: Time) -> StoreResult<Vec<Request>> {
        requests::overdue(self.conn, before)
    }

    fn attention(&mut self, id: &RequestId) -> StoreResult<Attention> {
        attention::get(self.conn, id)
    }

    fn grant(&mut self, key: &Key) -> StoreResult<Option<Grant>> {
        grants::get(self.conn, key)
    }

    fn grants(&mut self) -> StoreResult<Vec<Grant>> {
        grants::unsettled(self.conn)
    }

    fn keys_with_work(&mut self) -> StoreResult<Vec<Key>> {
        grants::keys_with_work(self.conn)
    }

    fn backstop(&mut self, key: &Key) -> StoreResult<Option<Backstop>> {
        backstops::get(self.conn, key)
    }

    fn backstops(&mut self) -> StoreResult<Vec<Backstop>> {
        backstops::all(self.conn)
    }

    fn grants_on(&mut self, account: &AccountId, set: &PermissionSetArn) -> StoreResult<Vec<Grant>> {
        grants::on(self.conn, account, set)
    }

    fn recent_grants(&mut self, since: Time) -> StoreResult<Vec<Grant>> {
        grants::recent(self.conn, since)
    }

    fn drift(&mut self) -> StoreResult<Vec<Drift>> {
        inventory::drift(self.conn)
    }

    fn standing(&mut self) -> StoreResult<Vec<Standing>> {
        inventory::standing(self.conn)
    }

    fn last_seq(&mut self) -> StoreResult<u64> {
        Ok(meta::head(self.conn)?.unwrap_or_default().seq)
    }

    fn audit(&mut self, filter: &AuditFilter) -> StoreResult<Vec<AuditRecord>> {
        audit::list(self.conn, filter)
    }

    fn verify_rows(&mut self, so_far: ChainProgress, limit: usize) -> StoreResult<ChainStep> {
        audit::verify(self.conn, so_far.0, limit)
    }

    fn policy(&mut self) -> StoreResult<Option<PolicyRow>> {
        policy::current(self.conn)
    }

    fn policy_in_force(&mut self) -> StoreResult<u64> {
        policy::in_force(self.conn)
    }

    fn policy_version(&mut self, version: u64) -> StoreResult<Option<PolicyRow>> {
        policy::version(self.conn, version)
    }

    fn policy_history(&mut self) -> StoreResult<Vec<PolicyRow>> {
        policy::history(self.conn)
    }

    fn directory(&mut self) -> StoreResult<Option<Directory>> {
        directory::get(self.conn)
    }

    fn remembered(&mut self, caller: &str, key: &str, now: Time) -> StoreResult<Option<Remembered>> {
        idempotency::get(self.conn, caller, key, now)
    }

    fn outbox_due(&mut self, now: Time, limit: usize) -> StoreResult<Vec<OutboxRow>> {
        outbox::due(self.conn, now, limit)
    }

    fn deliveries(&mut self, filter: &DeliveryFilter) -> StoreResult<Vec<Delivery>> {
        deliveries::list(self.conn, filter)
    }

    fn delivery(&mut self, id: &str) -> StoreResult<Option<Delivery>> {
        deliveries::get(self.conn, id)
    }

    fn deliveries_due(&mut self, channel: &str, now: Time, limit: usize) -> StoreResult<Vec<Delivery>> {
        deliveries::due(self.conn, channel, now, limit)
    }

    fn next_delivery(&mut self, channel: &str, now: Time) -> StoreResult<Option<Time>> {
        deliveries::next(self.conn, channel, now)
    }

    fn count_deliveries(&mut self) -> StoreResult<Vec<(String, DeliveryState, u64)>> {
        deliveries::count(self.conn)
    }

    fn meta(&mut self, name: &str) -> StoreResult<Option<String>> {
        meta::get(self.conn, name)
    }
}

impl Tx for Session<'_> {
    fn insert_request(&mut self, request: &Request) -> StoreResult<()> {
        requests::insert(self.conn, request)
    }

    fn update_request(&mut self, request: &Request) -> StoreResult<()> {
        requests::update(self.conn, request)
    }

    fn save_attention(&mut self, id: &RequestId, noted: &Attention) -> StoreResult<()> {
        attention::save(self.conn, id, noted)
    }

    fn save_grant(&mut self, grant: &Grant) -> StoreResult<()> {
        grants::save(self.conn, grant)
    }

    fn save_backstop(&mut self, backstop: &Backstop) -> StoreResult<()> {
        backstops::save(self.conn, backstop)
    }

    fn forget_backstop(&mut self, key: &Key) -> StoreResult<()> {
        backstops::forget(self.conn, key)
    }

    fn save_drift(&mut self, drift: &Drift) -> StoreResult<()> {
        inventory::save_drift(self.conn, drift)
    }

    fn remove_drift(&mut self, key: &Key) -> StoreResult<()> {
        inventory::remove_drift(self.conn, key)
    }

    fn replace_standing(
        &mut self,
        account: &AccountId,
        set: &PermissionSetArn,
        found: &[Holder],
        now: Time,
    ) -> StoreResult<()> {
        inventory::replace_standing(self.conn, account, set, found, now)
    }

    fn forget_standing(&mut self, before: Time) -> StoreResult<()> {
        inventory::forget_standing(self.conn, before)
    }

    fn append(&mut self, at: Time, event: &EventDraft) -> StoreResult<u64> {
        audit::append(self.conn, self.epoch, at, event)
    }

    fn append_policy(
        &mut self,
        document: &str,
        sha256: &str,
        applied_by: &str,
        at: Time,
    ) -> StoreResult<u64> {
        policy::append(self.conn, document, sha256, applied_by, at)
    }

    fn save_directory(&mut self, directory: &Directory) -> StoreResult<()> {
        directory::save(self.conn, directory)
    }

    fn remember(&mut self, caller: &str, key: &str, answer: &Remembered) -> StoreResult<()> {
        idempotency::remember(self.conn, caller, key, answer)
    }

    fn push_outbox(&mut self, seq: u64, at: Time) -> StoreResult<()> {
        outbox::push(self.conn, seq, at)
    }

    fn outbox_done(&mut self, id: i64) -> StoreResult<()> {
        outbox::done(self.conn, id)
    }

    fn outbox_retry(&mut self, id: i64, not_before: Time) -> StoreResult<()> {
        outbox::retry(self.conn, id, not_before)
    }

    fn push_delivery(&mut self, delivery: &Delivery) -> StoreResult<bool> {
        deliveries::push(self.conn, delivery)
    }

    fn save_delivery(&mut self, delivery: &Delivery) -> StoreResult<()> {
        deliveries::save(self.conn, delivery)
    }

    fn forget_deliveries(&mut self, before: Time) -> StoreResult<usize> {
        deliveries::forget(self.conn, before)
    }

    fn set_meta(&mut self, name: &str, value: &str) -> StoreResult<()> {
        meta::set(self.conn, name, value)
    }
}
