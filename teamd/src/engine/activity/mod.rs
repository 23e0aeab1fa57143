//! What was done with the access: CloudTrail's events of sessions, in a store of their own. It is a task of its own with a
//! budget of calls of its own, and nothing on the way of a removal waits for it.
//!
//! * `places` where a request's events are looked for, and from when on
//! * `following` the rounds: what is live, then what is over and not yet complete
//! * `reading` one request: its places read, its events kept
//! * `tell` security hears of marks, once for each and session
//! * `shown` pages, digests, what is covered

mod following;
mod places;
mod reading;
mod shown;
mod tell;
#[cfg(test)]
mod tests;

pub use shown::{Activity, Coverage};

use super::Engine;
use crate::domain::Time;
use crate::domain::activity::{Call, Recorded, Summary, Watched};
use crate::domain::directory::Directory;
use crate::domain::request::Request;
use crate::store::activity::Position;
use chrono::TimeDelta;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use team_shared::ids::{AccountId, RequestId};
use tokio::sync::broadcast;

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

/// What tells the events of a request's session from all others, where it has one and the directory knows it.
fn watched(request: &Request, directory: &Directory) -> Option<Watched> {
    let session = request.state.session()?;
    let set = directory.permission_sets.get(&request.key.permission_set)?;
    let person = directory.people.get(&request.key.user)?;
    let name = person.user_name.to_lowercase();
    let case_matters = directory
        .people
        .iter()
        .any(|(id, other)| *id != request.key.user && other.user_name.to_lowercase() == name);
    Some(Watched {
        request: request.id,
        user: request.key.user.clone(),
        user_name: person.user_name.clone(),
        case_matters,
        account: request.key.account.clone(),
        permission_set: set.name.clone(),
        from: session.start_at,
        until: session.end_at + TimeDelta::seconds(set.session_seconds),
        keys: Vec::new(),
    })
}
