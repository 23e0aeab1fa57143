//! What was done with the access. Every text in an event comes from outside; clients escape it for their medium.

use super::Api;
use super::body::{Id, query};
use super::caller::Known;
use super::error::ApiError;
use crate::engine::{ActivityLine, Refused};
use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::response::Sse;
use axum::response::sse::{Event as SseEvent, KeepAlive};
use futures::Stream;
use serde::Deserialize;
use std::convert::Infallible;
use std::time::Duration;
use team_shared::activity::{ActivityItem, ActivityPage};
use tokio::sync::broadcast::error::RecvError;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default)]
    raw: bool,
    limit: Option<usize>,
    cursor: Option<usize>,
}

/// `GET /v1/requests/{id}/activity`.
pub(super) async fn of_request(
    State(api): State<Api>,
    Known(caller): Known,
    id: Id,
    OriginalUri(uri): OriginalUri,
) -> Result<Json<ActivityPage>, ApiError> {
    let asked: Asked = query(&uri)?;
    let id = id.get()?;
    let facts = api.engine.facts();
    let request = api
        .engine
        .store()
        .read(move |read| Ok::<_, Refused>(read.request(&id)?))
        .await?
        .filter(|request| facts.access(&caller).can_see(request))
        .ok_or_else(|| Refused::not_found(format!("request {id}")))?;
    let activity = api.engine.activity_of(&request).await;
    let newest = activity.lines.last().map(|line| line.at);
    let (start, limit) = (
        asked.cursor.unwrap_or(0),
        asked.limit.unwrap_or(500).clamp(1, 500),
    );
    let total = activity.lines.len();
    let items: Vec<_> = activity
        .lines
        .iter()
        .skip(start)
        .take(limit)
        .map(|line| item(line, asked.raw))
        .collect();
    let end = start + items.len();
    let coverage = if !api.engine.has_activity_source() {
        "no activity source is configured: set [activity] source".to_owned()
    } else {
        let settings = api.engine.settings();
        let mut text = format!(
            "management events of the CloudTrail event history in {}; AWS delivers them minutes late",
            settings.activity_regions.join(", ")
        );
        if let Some(error) = &activity.error {
            text.push_str(&format!("; the last reading failed: {error}"));
        }
        text
    };
    Ok(Json(ActivityPage {
        items,
        next_cursor: (end < total).then(|| end.to_string()),
        coverage,
        newest_event_at: newest,
    }))
}

/// `GET /v1/activity/stream`: events of the sessions that the caller may see, as they are read.
pub(super) async fn stream(
    State(api): State<Api>,
    Known(caller): Known,
) -> Result<Sse<impl Stream<Item = Result<SseEvent, Infallible>>>, ApiError> {
    if caller.person().is_none() {
        // The operator's. Not asked of people: reading is not refused to the `sudo -u` shape.
        api.engine.facts().access(&caller).acting_person()?;
    }
    let mut lines = api.engine.activity_stream();
    let stopped = api.engine.stopped();
    let stream = async_stream::stream! {
        yield Ok(SseEvent::default().comment("teamd"));
        loop {
            let line = tokio::select! {
                line = lines.recv() => line,
                () = stopped.cancelled() => break,
            };
            match line {
                Ok(line) => {
                    let (id, facts, caller) = (line.request, api.engine.facts(), caller.clone());
                    let seen = api
                        .engine
                        .store()
                        .read(move |read| {
                            let request = read.request(&id)?;
                            Ok::<_, Refused>(request.is_some_and(|r| facts.access(&caller).can_see(&r)))
                        })
                        .await;
                    if matches!(seen, Ok(true)) {
                        let data = serde_json::to_string(&item(&line, false)).unwrap_or_default();
                        yield Ok(SseEvent::default().event("activity").data(data));
                    }
                }
                // The client reads the page again and has everything.
                Err(RecvError::Lagged(missed)) => {
                    yield Ok(SseEvent::default().event("lagged").data(missed.to_string()));
                }
                Err(RecvError::Closed) => break,
            }
        }
    };
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

fn item(line: &ActivityLine, raw: bool) -> ActivityItem {
    let call = &line.call;
    ActivityItem {
        event_id: line.event_id.clone(),
        event_time: line.at,
        event_name: call.name.clone(),
        event_source: call.source.clone(),
        region: call.region.clone(),
        account_id: line.account.clone(),
        request_id: Some(line.request),
        source_ip: call.source_ip.clone(),
        user_agent: call.user_agent.clone(),
        read_only: call.read_only,
        error_code: call.error.clone(),
        resources: call.resources.clone(),
        marks: line.marks.clone(),
        raw: raw.then(|| line.record.clone()),
    }
}
