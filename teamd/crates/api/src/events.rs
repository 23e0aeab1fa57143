//! The event stream and the timeline of one request: both read the audit table, so that nothing lags or is lost.

use super::Api;
use super::body::{Id, query};
use super::budget::UserBudget;
use super::caller::Known;
use super::error::ApiError;
use super::paging::page;
use axum::extract::{OriginalUri, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event as SseEvent, KeepAlive};
use axum::response::{Response, Sse};
use futures::Stream;
use serde::Deserialize;
use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;
use team_shared::event::{Actor, Event, EventType};
use team_shared::ids::RequestId;
use teamd_domain::identity::Caller;
use teamd_engine::{Facts, Refused};
use teamd_store::port::{AuditFilter, AuditRecord, Read};

/// Rows read at once.
const CHUNK: usize = 200;
/// Rows of one page of a timeline.
const TIMELINE: usize = 500;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct After {
    after: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Behind {
    cursor: Option<u64>,
}

/// A row as an event.
pub(super) fn event_of(record: AuditRecord) -> Event {
    Event {
        seq: record.seq,
        at: record.at,
        kind: record.kind,
        actor: Actor {
            user_id: record.actor.user_id,
            user_name: record.actor.user_name,
            uid: record.actor.uid,
            login_uid: record.actor.login_uid,
        },
        request_id: record.request_id,
        data: record.data,
    }
}

/// Whether a caller may see a row: events of requests that they see, their own, and everything for those who see all.
pub(super) fn may_see(
    read: &mut (impl Read + ?Sized),
    facts: &Facts,
    caller: &Caller,
    record: &AuditRecord,
    known: &mut HashMap<RequestId, bool>,
) -> Result<bool, Refused> {
    let access = facts.access(caller);
    if access.sees_all() {
        return Ok(true);
    }
    let Some(person) = caller.person() else {
        return Ok(false);
    };
    if record.kind == EventType::Refused {
        return Ok(record.actor.user_id.as_ref() == Some(person));
    }
    let Some(id) = record.request_id else {
        return Ok(record.actor.user_id.as_ref() == Some(person));
    };
    if let Some(seen) = known.get(&id) {
        return Ok(*seen);
    }
    let seen = read.request(&id)?.is_some_and(|request| access.can_see(&request));
    known.insert(id, seen);
    Ok(seen)
}

/// `GET /v1/events?after=SEQ`, resumable with `Last-Event-ID`. Without either it begins now.
pub(super) async fn stream(
    State(api): State<Api>,
    Known(caller): Known,
    budget: UserBudget,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<SseEvent, Infallible>>>, ApiError> {
    let asked: After = query(&uri)?;
    let resumed = headers
        .get("last-event-id")
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.parse().ok());
    let mut after = match resumed.or(asked.after) {
        Some(after) => after,
        None => {
            let _permit = budget.read().await;
            api.engine
                .store()
                .read(|read| Ok::<_, Refused>(read.last_seq()?))
                .await?
        }
    };
    let mut changes = api.engine.store().changes();
    let stopped = api.engine.stopped();
    let stream = async_stream::stream! {
        // The first line tells a client at once that the stream stands.
        yield Ok(SseEvent::default().comment("teamd"));
        loop {
            changes.mark_unchanged();
            // The permit is given back before anything is sent: a slow reader holds none.
            let permit = budget.read().await;
            let read = chunk(&api, &caller, after).await;
            drop(permit);
            match read {
                Ok((records, last, full)) => {
                    after = last.max(after);
                    for record in records {
                        let event = event_of(record);
                        let data = serde_json::to_string(&event).unwrap_or_default();
                        yield Ok(SseEvent::default().id(event.seq.to_string()).event(event.kind.as_str()).data(data));
                    }
                    if full { continue; }
                }
                Err(error) => tracing::error!(%error, "the event stream cannot read the store"),
            }
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { break },
                () = stopped.cancelled() => break,
            }
        }
    };
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

async fn chunk(api: &Api, caller: &Caller, after: u64) -> Result<(Vec<AuditRecord>, u64, bool), Refused> {
    let (facts, caller) = (api.engine.facts(), caller.clone());
    api.engine
        .store()
        .read(move |read| {
            let records = read.audit(&AuditFilter {
                after,
                limit: CHUNK,
                ..AuditFilter::default()
            })?;
            let full = records.len() == CHUNK;
            let last = records.last().map_or(after, |record| record.seq);
            // Asked anew for each chunk: rights change, and so may who sees what.
            let mut known = HashMap::new();
            let mut visible = Vec::new();
            for record in records {
                if may_see(read, &facts, &caller, &record, &mut known)? {
                    visible.push(record);
                }
            }
            Ok((visible, last, full))
        })
        .await
}

/// `GET /v1/requests/{id}/timeline`.
pub(super) async fn timeline(
    State(api): State<Api>,
    Known(caller): Known,
    id: Id,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, ApiError> {
    let id = id.get()?;
    let asked: Behind = query(&uri)?;
    let facts = api.engine.facts();
    let records = api
        .engine
        .store()
        .read(move |read| {
            let request = read.request(&id)?;
            if !request.is_some_and(|request| facts.access(&caller).can_see(&request)) {
                return Err(Refused::not_found(format!("request {id}")));
            }
            Ok(read.audit(&AuditFilter {
                request: Some(id),
                after: asked.cursor.unwrap_or(0),
                limit: TIMELINE,
                ..AuditFilter::default()
            })?)
        })
        .await?;
    let full = records.len() == TIMELINE;
    let next = records.last().filter(|_| full).map(|last| last.seq.to_string());
    let rows = records.into_iter().map(|record| {
        let cursor = record.seq.to_string();
        (event_of(record), cursor)
    });
    page(rows, next)
}
