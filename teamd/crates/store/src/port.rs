//! The narrow port through which everything else sees the store. Two implementations: SQLite, and an in-memory twin
//! for simulation; one conformance suite holds both to the same behaviour.
//!
//! Transactions are synchronous closures: all reads see one state, all writes become durable together or not at all.

pub use super::chain::{ChainProgress, ChainStep};
use team_shared::event::EventType;
use team_shared::ids::{AccountId, PermissionSetArn, RequestId, UserId};
use team_shared::state::RequestState;
use teamd_domain::Time;
use teamd_domain::attention::Attention;
use teamd_domain::backstop::Backstop;
use teamd_domain::delivery::{Delivery, DeliveryState};
use teamd_domain::directory::Directory;
use teamd_domain::event::{Actor, EventDraft};
use teamd_domain::grant::{Drift, Grant, Holder, Standing};
use teamd_domain::request::{Key, Request};

/// Why the store could not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A row that cannot be. Operators must look at it; it is never skipped in silence.
    #[error("impossible row in {table}: {row}: {why}")]
    ImpossibleRow {
        /// Table.
        table: &'static str,
        /// Which row.
        row: String,
        /// What is wrong with it.
        why: String,
    },
    /// The row was changed by somebody else since it was read. Read again and retry.
    #[error("request {id} is at version {found}, not {expected}")]
    VersionConflict {
        /// Request.
        id: RequestId,
        /// In the store.
        found: u64,
        /// Expected.
        expected: u64,
    },
    /// The disk is full. Grants are refused, removals go on.
    #[error("the disk is full")]
    Full,
    /// The audit trail takes no row: it was meddled with. Nothing is decided, removals go on.
    #[error("the audit trail takes no row: {0}")]
    AuditBroken(String),
    /// What is on the disk is damaged, or no database. Nothing is granted, removals go on from memory until somebody has
    /// restored a backup; the file is not touched.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    /// The disk does not read or write. Nothing is granted, removals go on from memory until it does.
    #[error("the disk fails: {0}")]
    Failing(String),
    /// Another process holds the lock of the database. Nothing is granted, removals go on from memory until it lets go.
    #[error("the database is locked by another process: {0}")]
    Busy(String),
    /// Another daemon has opened the database since. This one must not write, nor grant, any more.
    #[error("another daemon has taken the database over (its epoch {found}, ours {ours})")]
    Superseded {
        /// Counted at our opening.
        ours: u64,
        /// In the database now.
        found: String,
    },
    /// The store is closed: the daemon is stopping.
    #[error("the store is closed")]
    Closed,
    /// The database does not take it. Not retried by itself.
    #[error("database: {0}")]
    Database(String),
}

impl StoreError {
    /// It is the tables that cannot, whatever the transaction was.
    #[must_use]
    pub fn is_fault(&self) -> bool {
        match self {
            Self::Full | Self::Damaged(_) | Self::Failing(_) | Self::Busy(_) | Self::Superseded { .. } => {
                true
            }
            Self::ImpossibleRow { .. }
            | Self::VersionConflict { .. }
            | Self::AuditBroken(_)
            | Self::Closed
            | Self::Database(_) => false,
        }
    }
}

impl From<teamd_host::failpoint::Injected> for StoreError {
    fn from(injected: teamd_host::failpoint::Injected) -> Self {
        Self::Database(injected.to_string())
    }
}

/// Result of the store.
pub type StoreResult<T> = Result<T, StoreError>;

/// Which requests to list. Newest first.
#[derive(Debug, Clone, Default)]
pub struct RequestFilter {
    /// Only these states; empty: all.
    pub states: Vec<RequestState>,
    /// Only of this person.
    pub user: Option<UserId>,
    /// Only in this account.
    pub account: Option<AccountId>,
    /// Only of this batch.
    pub batch: Option<String>,
    /// Only those whose review is not closed.
    pub unreviewed: bool,
    /// Created at or after.
    pub since: Option<Time>,
    /// Created before.
    pub until: Option<Time>,
    /// Only those that are not over, or were over at this moment or after.
    pub over_since: Option<Time>,
    /// Ids that end so: the short form.
    pub id_suffix: Option<String>,
    /// Only ids below this one: where the page before ended.
    pub before: Option<RequestId>,
    /// At most so many rows.
    pub limit: usize,
}

/// A row of the audit trail.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRecord {
    /// Gapless number, from 1.
    pub seq: u64,
    /// When.
    pub at: Time,
    /// What.
    pub kind: EventType,
    /// Who.
    pub actor: Actor,
    /// Of which request.
    pub request_id: Option<RequestId>,
    /// Particulars as JSON, free texts put back where they have not been erased.
    pub data: serde_json::Value,
    /// Hash of the row before.
    pub prev: [u8; 32],
    /// Hash of this row.
    pub hash: [u8; 32],
}

/// Which audit rows to list. Oldest first, but for [`newest_before`](AuditFilter::newest_before).
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Only rows after this number.
    pub after: u64,
    /// Newest first, beginning below this number.
    pub newest_before: Option<u64>,
    /// Only of this request.
    pub request: Option<RequestId>,
    /// At or after.
    pub since: Option<Time>,
    /// Before.
    pub until: Option<Time>,
    /// At most so many rows.
    pub limit: usize,
}

/// Result of a check of the whole chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainCheck {
    /// Rows checked.
    pub rows: u64,
    /// Hash of the last good row.
    pub head: [u8; 32],
    /// Free texts that were erased.
    pub erased_texts: u64,
    /// The first fault, in words; none: intact.
    pub fault: Option<String>,
}

/// An applied policy document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRow {
    /// Counts applied documents, from 1.
    pub version: u64,
    /// Byte for byte.
    pub document: String,
    /// Lower-case hex SHA-256 of the document.
    pub sha256: String,
    /// Who applied it: a user name, or `operator`.
    pub applied_by: String,
    /// When.
    pub applied_at: Time,
}

/// A remembered answer to a POST with an `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// SHA-256 over method, path and body of the call.
    pub fingerprint: [u8; 32],
    /// Status that was answered.
    pub status: u16,
    /// Body that was answered.
    pub body: String,
    /// When.
    pub at: Time,
}

/// An effect to be performed after the transaction that asked for it. Performing it twice must be harmless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// Number of the row.
    pub id: i64,
    /// The event that asks for it.
    pub seq: u64,
    /// Performed so often without success.
    pub attempts: u32,
    /// Not before.
    pub not_before: Time,
}

/// Which deliveries to list. Newest first.
#[derive(Debug, Clone, Default)]
pub struct DeliveryFilter {
    /// Only of this request.
    pub request: Option<RequestId>,
    /// Only those that have become this.
    pub state: Option<DeliveryState>,
    /// Only over this channel.
    pub channel: Option<String>,
    /// Only to this recipient.
    pub recipient: Option<String>,
    /// Only numbers below this one: where the page before ended.
    pub before: Option<u64>,
    /// At most so many rows.
    pub limit: usize,
}

/// Reading.
pub trait Read {
    /// One request.
    fn request(&mut self, id: &RequestId) -> StoreResult<Option<Request>>;
    /// Requests by filter, newest first.
    fn requests(&mut self, filter: &RequestFilter) -> StoreResult<Vec<Request>>;
    /// Requests on a key that are not terminal, oldest first.
    fn open_requests_on(&mut self, key: &Key) -> StoreResult<Vec<Request>>;
    /// Requests whose [deadline](Request::deadline) is at or before `now`: `scheduled` first (so that starts are taken
    /// before ends), then by deadline.
    fn due_requests(&mut self, now: Time, limit: usize) -> StoreResult<Vec<Request>>;
    /// The earliest deadline of all requests.
    fn next_deadline(&mut self) -> StoreResult<Option<Time>>;
    /// How many requests are in each state.
    fn count_requests(&mut self) -> StoreResult<Vec<(RequestState, u64)>>;
    /// Requests in `ending` or `active` whose due end is before `before`: the candidates for "overdue".
    fn overdue_requests(&mut self, before: Time) -> StoreResult<Vec<Request>>;
    /// What people have done around a request; the default where nobody has.
    fn attention(&mut self, id: &RequestId) -> StoreResult<Attention>;
    /// One grant.
    fn grant(&mut self, key: &Key) -> StoreResult<Option<Grant>>;
    /// All grants that are not settled `absent`: for the list, and for the start.
    fn grants(&mut self) -> StoreResult<Vec<Grant>>;
    /// Keys with work: a grant that is neither settled nor present-and-held, or open requests that wait for one. Every
    /// key on which [`plan`](teamd_domain::grant::plan) could answer anything but "nothing" must be in it.
    fn keys_with_work(&mut self) -> StoreResult<Vec<Key>>;
    /// What schedules a key has in AWS; `None`: none.
    fn backstop(&mut self, key: &Key) -> StoreResult<Option<Backstop>>;
    /// All keys that have or may have schedules in AWS, by key.
    fn backstops(&mut self) -> StoreResult<Vec<Backstop>>;
    /// All grants of one account and permission set, also those that are settled `absent`, by key.
    fn grants_on(&mut self, account: &AccountId, set: &PermissionSetArn) -> StoreResult<Vec<Grant>>;
    /// Grants that are `absent` or `foreign`, and were ours at or after `since` or have a create of unknown outcome.
    fn recent_grants(&mut self, since: Time) -> StoreResult<Vec<Grant>>;
    /// Where AWS and our book differ, by key.
    fn drift(&mut self) -> StoreResult<Vec<Drift>>;
    /// Assignments that are not ours, by account, permission set and holder: people before groups.
    fn standing(&mut self) -> StoreResult<Vec<Standing>>;
    /// The number of the last audit row; 0: none.
    fn last_seq(&mut self) -> StoreResult<u64>;
    /// Audit rows, oldest first.
    fn audit(&mut self, filter: &AuditFilter) -> StoreResult<Vec<AuditRecord>>;
    /// Checks the next rows of the chain, at most so many: rows are only ever added, so that a check may be spread over
    /// several states.
    fn verify_rows(&mut self, so_far: ChainProgress, limit: usize) -> StoreResult<ChainStep>;
    /// Checks the chain from the first row to the last, on one state.
    fn verify_chain(&mut self) -> StoreResult<ChainCheck> {
        let mut so_far = ChainProgress::default();
        loop {
            match self.verify_rows(so_far, usize::MAX)? {
                ChainStep::More(further) => so_far = further,
                ChainStep::Done(check) => return Ok(check),
            }
        }
    }
    /// The policy in force.
    fn policy(&mut self) -> StoreResult<Option<PolicyRow>>;
    /// The version of the policy in force; 0: there is none.
    fn policy_in_force(&mut self) -> StoreResult<u64>;
    /// One version of the policy.
    fn policy_version(&mut self, version: u64) -> StoreResult<Option<PolicyRow>>;
    /// All versions, newest first.
    fn policy_history(&mut self) -> StoreResult<Vec<PolicyRow>>;
    /// The last complete directory copy.
    fn directory(&mut self) -> StoreResult<Option<Directory>>;
    /// A remembered answer of at most 24 hours ago.
    fn remembered(&mut self, caller: &str, key: &str, now: Time) -> StoreResult<Option<Remembered>>;
    /// Outbox rows that are due, oldest first.
    fn outbox_due(&mut self, now: Time, limit: usize) -> StoreResult<Vec<OutboxRow>>;
    /// Deliveries by filter, newest first.
    fn deliveries(&mut self, filter: &DeliveryFilter) -> StoreResult<Vec<Delivery>>;
    /// The delivery of that identity.
    fn delivery(&mut self, id: &str) -> StoreResult<Option<Delivery>>;
    /// What is due on a channel, that which waits longest first.
    fn deliveries_due(&mut self, channel: &str, now: Time, limit: usize) -> StoreResult<Vec<Delivery>>;
    /// When the next delivery on a channel is due that is not due at `now`.
    fn next_delivery(&mut self, channel: &str, now: Time) -> StoreResult<Option<Time>>;
    /// How many deliveries are due and how many dead, by channel.
    fn count_deliveries(&mut self) -> StoreResult<Vec<(String, DeliveryState, u64)>>;
    /// A small value by name: high-water mark, instance id.
    fn meta(&mut self, name: &str) -> StoreResult<Option<String>>;
}

/// Reading and writing, in one transaction.
pub trait Tx: Read {
    /// Files a new request at version 1.
    fn insert_request(&mut self, request: &Request) -> StoreResult<()>;
    /// Replaces a request; its version must be one above the stored one.
    fn update_request(&mut self, request: &Request) -> StoreResult<()>;
    /// Writes what people have done around a request that is there.
    fn save_attention(&mut self, id: &RequestId, attention: &Attention) -> StoreResult<()>;
    /// Writes a grant.
    fn save_grant(&mut self, grant: &Grant) -> StoreResult<()>;
    /// Writes what schedules a key has in AWS.
    fn save_backstop(&mut self, backstop: &Backstop) -> StoreResult<()>;
    /// A key has no schedules any more.
    fn forget_backstop(&mut self, key: &Key) -> StoreResult<()>;
    /// Writes a difference between AWS and our book.
    fn save_drift(&mut self, drift: &Drift) -> StoreResult<()>;
    /// There is none any more on this key.
    fn remove_drift(&mut self, key: &Key) -> StoreResult<()>;
    /// Replaces what is known of one account and permission set by who was seen there at `now`. Those that stay keep the
    /// moment when they were first seen.
    fn replace_standing(
        &mut self,
        account: &AccountId,
        set: &PermissionSetArn,
        found: &[Holder],
        now: Time,
    ) -> StoreResult<()>;
    /// Forgets standing access that was last seen before.
    fn forget_standing(&mut self, before: Time) -> StoreResult<()>;
    /// Appends a row to the audit trail and returns its number.
    fn append(&mut self, at: Time, event: &EventDraft) -> StoreResult<u64>;
    /// Puts a policy in force and returns its version.
    fn append_policy(&mut self, document: &str, sha256: &str, applied_by: &str, at: Time)
    -> StoreResult<u64>;
    /// Replaces the directory copy.
    fn save_directory(&mut self, directory: &Directory) -> StoreResult<()>;
    /// Remembers an answer; those older than 24 hours are forgotten.
    fn remember(&mut self, caller: &str, key: &str, answer: &Remembered) -> StoreResult<()>;
    /// Asks for an effect of an event.
    fn push_outbox(&mut self, seq: u64, at: Time) -> StoreResult<()>;
    /// The effect is performed.
    fn outbox_done(&mut self, id: i64) -> StoreResult<()>;
    /// The effect failed; try again not before.
    fn outbox_retry(&mut self, id: i64, not_before: Time) -> StoreResult<()>;
    /// Files a delivery, whose number is the store's; whether there was none of that identity.
    fn push_delivery(&mut self, delivery: &Delivery) -> StoreResult<bool>;
    /// Writes what has become of a delivery; what it is about never changes.
    fn save_delivery(&mut self, delivery: &Delivery) -> StoreResult<()>;
    /// Forgets what waits for no try and is from before; how many.
    fn forget_deliveries(&mut self, before: Time) -> StoreResult<usize>;
    /// Sets a small value.
    fn set_meta(&mut self, name: &str, value: &str) -> StoreResult<()>;
    /// Keeps an event that the trail did not take, and appends it when the trail does, with both times.
    fn spool(&mut self, _at: Time, _event: &EventDraft) {}
}

/// A place that keeps the tables: what the writer thread owns.
pub trait Backend: Send {
    /// Runs `work` in one write transaction: commits on `Ok`, leaves no trace on `Err`. Fails with
    /// [`StoreError::Superseded`] where another has opened the tables since.
    ///
    /// # Errors
    /// Those of `work`, and those of the commit.
    fn write(&mut self, work: &mut dyn FnMut(&mut dyn Tx) -> StoreResult<()>) -> StoreResult<()>;

    /// Runs `work` on one consistent state, read-only.
    ///
    /// # Errors
    /// Those of `work`.
    fn read(&mut self, work: &mut dyn FnMut(&mut dyn Read) -> StoreResult<()>) -> StoreResult<()>;

    /// Another reader of the same tables, for the read pool; `None` where there can be none.
    ///
    /// # Errors
    /// It could not be opened.
    fn reader(&self) -> StoreResult<Option<Box<dyn Backend>>>;

    /// Gives up what was kept for a full disk; whether there was anything, so that a transaction may be tried again.
    fn make_room(&mut self) -> bool {
        false
    }
}
