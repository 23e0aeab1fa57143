//! What was done with the access: CloudTrail's events of sessions, in a store of their own. It is a task of its own with a
//! budget of calls of its own, and nothing on the way of a removal waits for it.
//!
//! * `anything` whatever a record holds, the whole way: for the fuzzer
//! * `places` where a request's events are looked for, and from when on
//! * `following` what is live, what is over and not yet complete, and what somebody looks at: each in rounds of its own
//! * `reading` one request: its places read, its events kept
//! * `sign_ins` everybody's, where they are a question of their own
//! * `tell` security hears of marks, once for each and session
//! * `shown` pages, digests, what is covered

mod anything;
mod following;
mod places;
mod reading;
mod shown;
mod sign_ins;
mod tell;
#[cfg(test)]
mod tests;

#[doc(hidden)]
pub use anything::anything;
pub use shown::{Activity, Coverage};

use super::Engine;
use chrono::TimeDelta;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use team_shared::ids::{AccountId, RequestId};
use teamd_domain::Time;
use teamd_domain::activity::{Call, Recorded, Summary, Watched};
use teamd_domain::directory::Directory;
use teamd_domain::request::{Request, State};
use teamd_store::activity::{Face, Position};
use tokio::sync::{Notify, broadcast, watch};

/// Events that may lag behind for a slow reader of the stream.
const STREAMED: usize = 4096;

/// One event of a session.
#[derive(Debug)]
pub struct ActivityLine {
    /// The request whose session it belongs to.
    pub request: RequestId,
    /// Where it stands among the lines of its request; none while it is streamed.
    pub position: Option<Position>,
    /// The account that recorded it.
    pub account: AccountId,
    /// What it says.
    pub call: Call,
    /// The record as received.
    pub record: String,
    /// What about it is worth a look.
    pub marks: Vec<String>,
    /// Its form on the wire: made once, for however many watch.
    pub wire: OnceLock<Arc<str>>,
}

impl ActivityLine {
    /// An event of a request's session.
    fn of(request: &Request, position: Option<Position>, event: Recorded) -> Self {
        let account = event.call.account.parse();
        Self {
            request: request.id,
            position,
            account: account.unwrap_or_else(|_| request.key.account.clone()),
            call: event.call,
            record: event.record,
            marks: event.marks,
            wire: OnceLock::new(),
        }
    }
}

/// What the daemon keeps in mind of it.
#[derive(Debug)]
pub(super) struct ActivityBook {
    /// Counts of every request that was followed.
    summaries: Mutex<HashMap<RequestId, Summary>>,
    /// Who and as what, as sessions began.
    faces: Mutex<HashMap<RequestId, Face>>,
    /// Requests that are being read now: nobody reads one twice at a time.
    at_work: Mutex<HashSet<RequestId>>,
    /// Requests that somebody looks at and that were never read; `wanted_wake` says so.
    wanted: Mutex<BTreeSet<RequestId>>,
    wanted_wake: Notify,
    /// Counts the requests that were read.
    looked: watch::Sender<u64>,
    /// Access that is over and whose events are not complete, and when it was last tried.
    open: Mutex<BTreeMap<RequestId, Option<Time>>>,
    /// Accounts and regions that could not be read.
    pauses: Mutex<HashMap<places::Where, reading::Pause>>,
    /// When all places of a request were last read without a fault, sign-ins among them.
    read_through: Mutex<HashMap<RequestId, Time>>,
    /// Marks that security has heard of.
    told: Mutex<HashSet<(RequestId, String)>>,
    stream: broadcast::Sender<Arc<ActivityLine>>,
}

impl Default for ActivityBook {
    fn default() -> Self {
        Self {
            summaries: Mutex::default(),
            faces: Mutex::default(),
            at_work: Mutex::default(),
            wanted: Mutex::default(),
            wanted_wake: Notify::new(),
            looked: watch::Sender::new(0),
            open: Mutex::default(),
            pauses: Mutex::default(),
            read_through: Mutex::default(),
            told: Mutex::default(),
            stream: broadcast::Sender::new(STREAMED),
        }
    }
}

impl ActivityBook {
    fn summary(&self, id: &RequestId) -> Option<Summary> {
        held(&self.summaries).get(id).copied()
    }
}

/// None of them is held over anything that can panic.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    /// New events as they are read.
    #[must_use]
    pub fn activity_stream(&self) -> broadcast::Receiver<Arc<ActivityLine>> {
        self.activity.stream.subscribe()
    }

    /// Whether a source is configured.
    #[must_use]
    pub fn has_activity_source(&self) -> bool {
        self.activity_ports.is_some()
    }

    /// Where activity comes from, for people; none where no source is configured.
    #[must_use]
    pub fn activity_source(&self) -> Option<String> {
        let source = &self.activity_ports.as_ref()?.source;
        let regions = self.settings().activity_regions.join(", ");
        Some(match source.is_regional() {
            true => format!("{} of {regions}", source.name()),
            false => source.name(),
        })
    }
}

impl Engine {
    /// What tells the events of a request's session from all others, where it has one: by the names that it began with,
    /// or by the directory's.
    fn watched(&self, request: &Request, now: Time) -> Option<Watched> {
        let session = request.state.session()?;
        let directory = self.directory()?;
        let known = held(&self.activity.faces).get(&request.id).cloned();
        let current = face_in(&directory, request);
        // The longest that the set has allowed since: credentials of either length may be about.
        let length = known
            .iter()
            .chain(&current)
            .map(|face| face.session_seconds)
            .max()?;
        let face = known.or(current)?;
        let name = face.user_name.to_lowercase();
        let case_matters = directory
            .people
            .iter()
            .any(|(id, other)| *id != request.key.user && other.user_name.to_lowercase() == name);
        Some(Watched {
            request: request.id,
            user: request.key.user.clone(),
            user_name: face.user_name,
            case_matters,
            account: request.key.account.clone(),
            permission_set: face.permission_set,
            from: session.start_at,
            until: issued_until(&request.state, session.end_at, now) + TimeDelta::seconds(length),
            keys: Vec::new(),
        })
    }
}

/// What the directory calls the person and the permission set of a request.
fn face_in(directory: &Directory, request: &Request) -> Option<Face> {
    let set = directory.permission_sets.get(&request.key.permission_set)?;
    let person = directory.people.get(&request.key.user)?;
    Some(Face {
        user_name: person.user_name.clone(),
        permission_set: set.name.clone(),
        session_seconds: set.session_seconds,
    })
}

/// Until when credentials could be had: while the assignment is there, now. A removal that hangs ends nothing.
fn issued_until(state: &State, end_at: Time, now: Time) -> Time {
    match state {
        State::Active { .. } | State::Ending { .. } => end_at.max(now),
        State::Ended(finish) | State::Revoked(finish) | State::Failed(finish) => finish.at,
        // Nobody has seen it gone.
        State::Lost { at, .. } => end_at.max(*at),
        State::Pending
        | State::Scheduled { .. }
        | State::Activating { .. }
        | State::Rejected { .. }
        | State::Cancelled { .. }
        | State::Expired { .. }
        | State::Withdrawn { .. } => end_at,
    }
}
