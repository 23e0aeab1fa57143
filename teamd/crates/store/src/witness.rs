//! Sees what passes between a transaction and its tables: which fault the tables reported, and what was changed. The
//! closure of a caller answers in its own errors; only here can a full disk still be told from a refusal.

use super::port::{
    AuditFilter, AuditRecord, ChainProgress, ChainStep, DeliveryFilter, OutboxRow, PolicyRow, Read,
    Remembered, RequestFilter, StoreError, StoreResult, Tx,
};
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

/// What a transaction did that matters to whoever must be able to go on without the tables.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Change {
    /// A request was filed or changed.
    Request(Box<Request>),
    /// A grant was written.
    Grant(Box<Grant>),
    /// A row of the trail, with the number that it got.
    Row(u64, Time, EventDraft),
    /// An effect of that row.
    Outbox(u64, Time),
    /// A small value by name, such as the freeze.
    Meta(String, String),
    /// An event that the trail did not take.
    Spooled(Time, EventDraft),
}

/// The port, watched.
pub(super) struct Witness<'a, P: ?Sized> {
    inner: &'a mut P,
    /// The first fault of the tables themselves, or the first row that cannot be.
    pub(super) fault: Option<StoreError>,
    /// In the order of the calls.
    pub(super) changes: Vec<Change>,
}

impl<'a, P: ?Sized> Witness<'a, P> {
    pub(super) fn new(inner: &'a mut P) -> Self {
        Self {
            inner,
            fault: None,
            changes: Vec::new(),
        }
    }

    fn saw<T>(&mut self, answer: StoreResult<T>) -> StoreResult<T> {
        if let Err(error) = &answer
            && self.fault.is_none()
            && (error.is_fault() || matches!(error, StoreError::ImpossibleRow { .. }))
        {
            self.fault = Some(error.clone());
        }
        answer
    }
}

/// Methods that are passed on as they are.
macro_rules! passed_on {
    ($($name:ident($($arg:ident: $kind:ty),*) -> $answer:ty;)+) => {
        $(fn $name(&mut self, $($arg: $kind),*) -> StoreResult<$answer> {
            let answer = self.inner.$name($($arg),*);
            self.saw(answer)
        })+
    };
}

impl<P: Read + ?Sized> Read for Witness<'_, P> {
    passed_on! {
        request(id: &RequestId) -> Option<Request>;
        requests(filter: &RequestFilter) -> Vec<Request>;
        open_requests_on(key: &Key) -> Vec<Request>;
        due_requests(now: Time, limit: usize) -> Vec<Request>;
        next_deadline() -> Option<Time>;
        count_requests() -> Vec<(RequestState, u64)>;
        overdue_requests(before: Time) -> Vec<Request>;
        grant(key: &Key) -> Option<Grant>;
        grants() -> Vec<Grant>;
        keys_with_work() -> Vec<Key>;
        attention(id: &RequestId) -> Attention;
        backstop(key: &Key) -> Option<Backstop>;
        backstops() -> Vec<Backstop>;
        grants_on(account: &AccountId, set: &PermissionSetArn) -> Vec<Grant>;
        recent_grants(since: Time) -> Vec<Grant>;
        drift() -> Vec<Drift>;
        standing() -> Vec<Standing>;
        last_seq() -> u64;
        audit(filter: &AuditFilter) -> Vec<AuditRecord>;
        verify_rows(so_far: ChainProgress, limit: usize) -> ChainStep;
        policy() -> Option<PolicyRow>;
        policy_in_force() -> u64;
        policy_version(version: u64) -> Option<PolicyRow>;
        policy_history() -> Vec<PolicyRow>;
        directory() -> Option<Directory>;
        remembered(caller: &str, key: &str, now: Time) -> Option<Remembered>;
        outbox_due(now: Time, limit: usize) -> Vec<OutboxRow>;
        deliveries(filter: &DeliveryFilter) -> Vec<Delivery>;
        delivery(id: &str) -> Option<Delivery>;
        deliveries_due(channel: &str, now: Time, limit: usize) -> Vec<Delivery>;
        next_delivery(channel: &str, now: Time) -> Option<Time>;
        count_deliveries() -> Vec<(String, DeliveryState, u64)>;
        meta(name: &str) -> Option<String>;
    }
}

impl<P: Tx + ?Sized> Tx for Witness<'_, P> {
    passed_on! {
        append_policy(document: &str, sha256: &str, applied_by: &str, at: Time) -> u64;
        save_directory(directory: &Directory) -> ();
        save_attention(id: &RequestId, attention: &Attention) -> ();
        save_backstop(backstop: &Backstop) -> ();
        forget_backstop(key: &Key) -> ();
        save_drift(drift: &Drift) -> ();
        remove_drift(key: &Key) -> ();
        replace_standing(account: &AccountId, set: &PermissionSetArn, found: &[Holder], now: Time) -> ();
        forget_standing(before: Time) -> ();
        remember(caller: &str, key: &str, answer: &Remembered) -> ();
        outbox_done(id: i64) -> ();
        outbox_retry(id: i64, not_before: Time) -> ();
        push_delivery(delivery: &Delivery) -> bool;
        save_delivery(delivery: &Delivery) -> ();
        forget_deliveries(before: Time) -> usize;
    }

    fn set_meta(&mut self, name: &str, value: &str) -> StoreResult<()> {
        let answer = self.inner.set_meta(name, value);
        self.changes.push(Change::Meta(name.to_owned(), value.to_owned()));
        self.saw(answer)
    }

    fn insert_request(&mut self, request: &Request) -> StoreResult<()> {
        let answer = self.inner.insert_request(request);
        self.changes.push(Change::Request(Box::new(request.clone())));
        self.saw(answer)
    }

    fn update_request(&mut self, request: &Request) -> StoreResult<()> {
        let answer = self.inner.update_request(request);
        self.changes.push(Change::Request(Box::new(request.clone())));
        self.saw(answer)
    }

    fn save_grant(&mut self, grant: &Grant) -> StoreResult<()> {
        let answer = self.inner.save_grant(grant);
        self.changes.push(Change::Grant(Box::new(grant.clone())));
        self.saw(answer)
    }

    fn append(&mut self, at: Time, event: &EventDraft) -> StoreResult<u64> {
        let answer = self.inner.append(at, event);
        if let Ok(seq) = answer {
            self.changes.push(Change::Row(seq, at, event.clone()));
        }
        self.saw(answer)
    }

    fn push_outbox(&mut self, seq: u64, at: Time) -> StoreResult<()> {
        let answer = self.inner.push_outbox(seq, at);
        self.changes.push(Change::Outbox(seq, at));
        self.saw(answer)
    }

    fn spool(&mut self, at: Time, event: &EventDraft) {
        self.changes.push(Change::Spooled(at, event.clone()));
    }
}
