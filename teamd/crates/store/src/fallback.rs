//! What must be known to take access back when the tables on disk cannot be used: a copy in memory of every request
//! that holds or ends a lease and of every grant that is not settled, kept with each commit.
//!
//! When the disk is full or the database damaged, removals go on in a *shadow*: tables in memory, loaded from the copy.
//! What happens there is kept in order, and written down when the disk takes it again ([`Fallback::replay`]): the rows
//! of the trail then carry both times, `at` and `recorded_at`.

use super::memory::Memory;
use super::port::{Read, RequestFilter, StoreError, StoreResult, Tx};
use super::witness::Change;
use std::collections::{BTreeMap, HashMap};
use team_shared::ids::RequestId;
use team_shared::state::RequestState;
use teamd_domain::Time;
use teamd_domain::event::{Datum, EventDraft};
use teamd_domain::grant::{Grant, State as GrantState};
use teamd_domain::request::{Key, Request, State};

/// Events kept at most for a trail that takes none. The journal has them all.
const MAX_SPOOL: usize = 100_000;

/// What access must be taken back, now or at its end.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Live {
    /// Requests that hold a lease or end one, and open extensions.
    pub requests: BTreeMap<RequestId, Request>,
    /// Grants that are not settled.
    pub grants: BTreeMap<Key, Grant>,
}

impl Live {
    /// All of it, as the tables have it.
    ///
    /// # Errors
    /// A row cannot be read.
    pub fn of(read: &mut dyn Read) -> StoreResult<Self> {
        let mut live = Self::default();
        let filter = RequestFilter {
            states: vec![
                RequestState::Pending,
                RequestState::Scheduled,
                RequestState::Activating,
                RequestState::Active,
                RequestState::Ending,
            ],
            limit: usize::MAX,
            ..RequestFilter::default()
        };
        read.requests(&filter)?
            .iter()
            .for_each(|request| live.request(request));
        read.grants()?.iter().for_each(|grant| live.grant(grant));
        Ok(live)
    }

    /// Takes a request in, or lets it go where it is over.
    pub fn request(&mut self, request: &Request) {
        let is_open = !request.state.word().is_terminal();
        // An extension ends with what it extends, also before its start.
        if is_open
            && (request.holds_lease()
                || matches!(request.state, State::Ending { .. })
                || request.extends.is_some())
        {
            self.requests.insert(request.id, request.clone());
        } else {
            self.requests.remove(&request.id);
        }
    }

    /// Takes a grant in, or lets it go where it is settled.
    pub fn grant(&mut self, grant: &Grant) {
        let settled = matches!(grant.state, GrantState::Absent { .. })
            && grant.ambiguous_create_at.is_none()
            && grant.next_attempt_at.is_none();
        if settled {
            self.grants.remove(&grant.key);
        } else {
            self.grants.insert(grant.key.clone(), grant.clone());
        }
    }
}

/// The copy, the shadow if there is one, and what has not been written down yet.
#[derive(Default)]
pub(super) struct Fallback {
    live: Live,
    shadow: Option<Memory>,
    unwritten: Vec<Change>,
}

impl Fallback {
    pub(super) fn new(live: Live) -> Self {
        Self {
            live,
            ..Self::default()
        }
    }

    /// Removals go on in memory from now on.
    pub(super) fn enter(&mut self) {
        if self.shadow.is_none() {
            self.shadow = Some(Memory::holding(&self.live));
        }
    }

    pub(super) fn shadow(&self) -> Option<Memory> {
        self.shadow.clone()
    }

    /// A transaction of the tables is durable.
    pub(super) fn committed(&mut self, changes: Vec<Change>) {
        self.keep(&changes);
        if let Some(shadow) = &self.shadow {
            // One that was under way when the shadow came up.
            shadow.load(&self.live);
        }
        let spooled = changes
            .into_iter()
            .filter(|change| matches!(change, Change::Spooled(..)));
        self.unwritten.extend(spooled);
        self.bound();
    }

    /// A transaction of the shadow is done.
    pub(super) fn shadowed(&mut self, changes: Vec<Change>) {
        self.keep(&changes);
        self.unwritten.extend(changes);
        self.bound();
    }

    /// What is not written down yet; `None`: everything is, and removals go through the tables.
    pub(super) fn pending(&self) -> Option<Vec<Change>> {
        (self.shadow.is_some() || !self.unwritten.is_empty()).then(|| self.unwritten.clone())
    }

    /// The first `count` changes are written down. Back to the tables, but for what the trail still does not take.
    pub(super) fn written(&mut self, count: usize, refused: Vec<Change>) {
        self.unwritten.drain(..count.min(self.unwritten.len()));
        self.unwritten.splice(0..0, refused);
        self.shadow = None;
    }

    fn keep(&mut self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Request(request) => self.live.request(request),
                Change::Grant(grant) => self.live.grant(grant),
                Change::Row(..) | Change::Outbox(..) | Change::Spooled(..) | Change::Meta(..) => {}
            }
        }
    }

    fn bound(&mut self) {
        let mut excess = self.unwritten.len().saturating_sub(MAX_SPOOL);
        self.unwritten.retain(|change| {
            let row = matches!(change, Change::Row(..) | Change::Outbox(..) | Change::Spooled(..));
            let drop = row && excess > 0;
            excess -= usize::from(drop);
            !drop
        });
    }
}

/// Writes down in one transaction what was done in the shadow. What the trail does not take comes back.
pub(super) fn replay(tx: &mut dyn Tx, changes: &[Change], now: Time) -> StoreResult<Vec<Change>> {
    // An empty transaction would succeed on a full disk.
    tx.set_meta("store.recovered_at", &now.to_rfc3339())?;
    let (mut refused, mut numbers) = (Vec::new(), HashMap::new());
    for change in changes {
        match change {
            Change::Request(request) => put(tx, request)?,
            Change::Grant(grant) => tx.save_grant(grant)?,
            Change::Meta(name, value) => tx.set_meta(name, value)?,
            Change::Row(seq, at, event) => match tx.append(*at, &late(event, now)) {
                Ok(now_seq) => drop(numbers.insert(*seq, now_seq)),
                Err(StoreError::AuditBroken(_)) => refused.push(Change::Spooled(*at, event.clone())),
                Err(error) => return Err(error),
            },
            Change::Spooled(at, event) => match tx.append(*at, &late(event, now)) {
                Ok(_) => {}
                Err(StoreError::AuditBroken(_)) => refused.push(change.clone()),
                Err(error) => return Err(error),
            },
            Change::Outbox(seq, at) => {
                if let Some(seq) = numbers.get(seq) {
                    tx.push_outbox(*seq, *at)?;
                }
            }
        }
    }
    Ok(refused)
}

/// The version that the tables have may be newer than the copy was: a commit whose answer was lost. What was done since
/// counts on top of it, unless it is over there too.
fn put(tx: &mut dyn Tx, request: &Request) -> StoreResult<()> {
    let Some(stored) = tx.request(&request.id)? else {
        return Ok(());
    };
    if stored.state.word().is_terminal() {
        return Ok(());
    }
    let version = stored.version + 1;
    tx.update_request(&Request {
        version,
        ..request.clone()
    })
}

fn late(event: &EventDraft, now: Time) -> EventDraft {
    event.clone().with("recorded_at", Datum::Moment(now))
}
