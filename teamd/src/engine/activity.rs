//! What was done with the access: CloudTrail events of live sessions, kept in memory for as long as the daemon runs.
//! CloudTrail keeps them for 90 days, so that a restart reads them again.

use super::Engine;
use super::refused::Refused;
use crate::aws::port::{AwsError, CalledBy, Look, RawEvent};
use crate::aws::record;
use crate::domain::Time;
use crate::domain::activity::{Call, MarkRule, Watched, marks, via};
use crate::domain::directory::Directory;
use crate::domain::request::Request;
use crate::store::port::RequestFilter;
use chrono::TimeDelta;
use futures::TryStreamExt;
use serde_json::Value;
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use team_shared::ids::{AccountId, RequestId};
use team_shared::state::RequestState;
use tokio::sync::broadcast;

/// Events kept a request; older ones stay in CloudTrail.
const KEPT: usize = 2000;

/// Events that may lag behind for a slow reader of the stream.
const STREAMED: usize = 1024;

/// How far back each look goes again: CloudTrail delivers late and out of order.
const OVERLAP: TimeDelta = TimeDelta::minutes(15);

/// One event of a session.
#[derive(Debug, Clone, PartialEq)]
pub struct ActivityLine {
    /// CloudTrail's id.
    pub event_id: String,
    /// When it happened.
    pub at: Time,
    /// The request whose session it belongs to.
    pub request: RequestId,
    /// The account that recorded it.
    pub account: AccountId,
    /// The record as received.
    pub record: Value,
    /// What it says.
    pub call: Call,
    /// What about it is worth a look.
    pub marks: Vec<String>,
}

/// Events of one request.
#[derive(Debug, Clone, Default)]
pub struct Activity {
    /// Oldest first.
    pub lines: Vec<ActivityLine>,
    /// When the source was last read without a fault.
    pub read_at: Option<Time>,
    /// Why the last reading failed.
    pub error: Option<String>,
}

/// All of them.
#[derive(Debug)]
pub(super) struct ActivityBook {
    kept: Mutex<BTreeMap<RequestId, Kept>>,
    stream: broadcast::Sender<Arc<ActivityLine>>,
}

#[derive(Debug, Default)]
struct Kept {
    lines: VecDeque<ActivityLine>,
    ids: HashSet<String>,
    read_at: Option<Time>,
    error: Option<String>,
}

impl Default for ActivityBook {
    fn default() -> Self {
        Self {
            kept: Mutex::default(),
            stream: broadcast::Sender::new(STREAMED),
        }
    }
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
        self.activity_source.is_some()
    }

    /// Events of one request, reading the source first where it has not been read for this request.
    pub async fn activity_of(&self, request: &Request) -> Activity {
        let known = {
            let kept = self.activity.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.get(&request.id).is_some_and(|kept| kept.read_at.is_some())
        };
        if !known && request.state.session().is_some() {
            self.read_activity(request).await;
        }
        let kept = self.activity.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&request.id).map_or_else(Activity::default, |kept| {
            let mut lines: Vec<_> = kept.lines.iter().cloned().collect();
            lines.sort_by(|a, b| (a.at, &a.event_id).cmp(&(b.at, &b.event_id)));
            Activity {
                lines,
                read_at: kept.read_at,
                error: kept.error.clone(),
            }
        })
    }

    pub(super) async fn run_activity(&self) {
        while !self.stop.is_cancelled() {
            let live = self.store.read(|read| {
                let filter = RequestFilter {
                    states: vec![RequestState::Active, RequestState::Ending],
                    limit: 500,
                    ..RequestFilter::default()
                };
                Ok::<_, Refused>(read.requests(&filter)?)
            });
            match live.await {
                Ok(live) => {
                    for request in &live {
                        self.read_activity(request).await;
                    }
                }
                Err(error) => tracing::error!(%error, "live sessions cannot be read"),
            }
            tokio::select! {
                () = tokio::time::sleep(self.settings().activity_poll) => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    async fn read_activity(&self, request: &Request) {
        let (Some(source), Some(directory)) = (&self.activity_source, self.directory()) else {
            return;
        };
        let Some(session) = request.state.session() else {
            return;
        };
        let Some(person) = directory.people.get(&request.key.user) else {
            return;
        };
        let since = {
            let kept = self.activity.kept.lock().unwrap_or_else(PoisonError::into_inner);
            let newest = kept
                .get(&request.id)
                .and_then(|kept| kept.lines.iter().map(|line| line.at).max());
            newest.map_or(session.start_at, |at| session.start_at.max(at - OVERLAP))
        };
        let settings = self.settings();
        let own = self.own_account.load_full();
        let mut accounts: Vec<AccountId> = own.as_deref().cloned().into_iter().collect();
        if settings.activity_role && !accounts.contains(&request.key.account) {
            accounts.push(request.key.account.clone());
        }
        for account in &accounts {
            for region in &settings.activity_regions {
                let look = Look {
                    account: account.clone(),
                    region: Some(region.clone()),
                    called_by: CalledBy::Name(person.user_name.clone()),
                    since,
                    until: self.clock.now(),
                };
                let read = source.read(&look).try_concat().await;
                self.keep_activity(request, &directory, read);
            }
        }
    }

    fn keep_activity(&self, request: &Request, directory: &Directory, read: Result<Vec<RawEvent>, AwsError>) {
        let mut kept = self.activity.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.entry(request.id).or_default();
        let events = match read {
            Ok(events) => events,
            Err(error) => {
                kept.error = Some(error.to_string());
                return;
            }
        };
        kept.read_at = Some(self.clock.now());
        kept.error = None;
        let Some(watched) = watched(request, directory) else {
            return;
        };
        let rules = MarkRule::defaults();
        for event in events {
            let call = record::call(&event);
            let Some(via) = via(&call, &watched) else {
                continue;
            };
            if !kept.ids.insert(event.event_id.clone()) {
                continue;
            }
            let record = serde_json::from_str(&event.record).unwrap_or(Value::String(event.record));
            let recorded = record.get("recipientAccountId").and_then(Value::as_str);
            let account = recorded
                .and_then(|id| id.parse().ok())
                .unwrap_or_else(|| request.key.account.clone());
            let line = ActivityLine {
                event_id: event.event_id,
                at: event.at,
                request: request.id,
                account,
                record,
                marks: marks(&call, via, &rules),
                call,
            };
            // Nobody listening is no fault.
            let _ = self.activity.stream.send(Arc::new(line.clone()));
            kept.lines.push_back(line);
            if kept.lines.len() > KEPT {
                kept.lines.pop_front();
            }
        }
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
