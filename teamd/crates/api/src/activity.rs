//! What was done with the access. Every text in an event comes from outside; clients escape it for their medium.

use super::Api;
use super::body::{Id, query};
use super::budget::UserBudget;
use super::caller::Known;
use super::error::ApiError;
use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::Value;
use team_shared::activity::{ActivityDigest, ActivityItem, ActivityPage, LeftBehind, Times};
use teamd_domain::activity::{Counted, Digest};
use teamd_engine::{Activity, ActivityLine, Coverage, Refused};
use teamd_store::activity::{Line, PageOf};

/// Rows a page.
const PAGE: usize = 500;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default)]
    raw: bool,
    limit: Option<usize>,
    cursor: Option<String>,
    /// The newest rows; a cursor has no sense then.
    #[serde(default)]
    newest: bool,
    #[serde(default)]
    digest: bool,
    /// This one alone.
    event: Option<String>,
}

/// `GET /v1/requests/{id}/activity`.
pub(super) async fn of_request(
    State(api): State<Api>,
    Known(caller): Known,
    budget: UserBudget,
    id: Id,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, ApiError> {
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
    let limit = asked.limit.unwrap_or(PAGE).clamp(1, PAGE);
    let activity = match &asked.event {
        Some(event) => Activity {
            lines: api
                .engine
                .activity_line(&request, event)
                .await?
                .into_iter()
                .collect(),
            has_more: false,
        },
        None => {
            let page = page_of(&asked)?;
            api.engine.activity_page(&request, page, limit).await?
        }
    };
    let digest = match asked.digest {
        true => Some(api.engine.activity_digest(&request).await?),
        false => None,
    };
    let coverage = api.engine.activity_coverage(&request).await?;
    let newest = api
        .engine
        .activity_summary(&id)
        .and_then(|summary| summary.newest_at);
    let last = activity.lines.last().and_then(|line| line.position);
    let raw = asked.raw;
    let page = ActivityPage {
        items: Vec::new(),
        next_cursor: last
            .filter(|_| activity.has_more && !asked.newest)
            .map(Line::cursor_at),
        coverage: sentence(api.engine.has_activity_source(), &coverage),
        newest_event_at: newest,
        complete_until: coverage.complete_until,
        digest: digest.map(digest_view),
    };
    let written = move || {
        let items = activity.lines.iter().map(|line| item(line, raw)).collect();
        Json(ActivityPage { items, ..page }).into_response()
    };
    // Whole records are parsed and written where nobody waits.
    match raw {
        true => Ok(budget.compute(&api.heavy, written).await?),
        false => Ok(written()),
    }
}

fn page_of(asked: &Asked) -> Result<PageOf, Refused> {
    let position = match &asked.cursor {
        None => None,
        Some(cursor) => Some(
            Line::position_of(cursor).ok_or_else(|| Refused::field("cursor", "not a cursor of this list"))?,
        ),
    };
    match (asked.newest, position) {
        (false, position) => Ok(PageOf::After(position)),
        (true, None) => Ok(PageOf::Newest),
        (true, Some(_)) => Err(Refused::field("cursor", "not together with newest")),
    }
}

/// What the lines cover, and what they do not.
fn sentence(has_source: bool, coverage: &Coverage) -> String {
    if !has_source {
        return "no activity source is configured: set [activity] source".to_owned();
    }
    if let Some(account) = &coverage.unseen {
        return format!("account {account} cannot be read: set [activity] role_name (docs/ACTIVITY.md)");
    }
    let mut parts = vec![match coverage.regions.as_slice() {
        [] => "events of all regions that the trail has".to_owned(),
        regions => format!("management events of {}; no other region", regions.join(", ")),
    }];
    parts.push(match coverage.complete_until {
        Some(_) if coverage.is_closed => "complete".to_owned(),
        Some(until) => format!("complete until {}", until.format("%Y-%m-%d %H:%MZ")),
        None => "nothing is complete yet".to_owned(),
    });
    if let Some((place, error, since)) = coverage.faults.first() {
        let since = since.format("%Y-%m-%d %H:%MZ");
        let more = match coverage.faults.len() {
            1 => String::new(),
            n => format!(" (and {} more)", n - 1),
        };
        parts.push(format!("{place} cannot be read since {since}: {error}{more}"));
    }
    if !coverage.also_through.is_empty() {
        parts.push(format!(
            "the same access is also held through {}: calls by either are shown",
            coverage.also_through.join(", ")
        ));
    }
    parts.join("; ")
}

pub(super) fn item(line: &ActivityLine, raw: bool) -> ActivityItem {
    let call = &line.call;
    ActivityItem {
        event_id: call.event_id.clone(),
        event_time: call.at,
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
        // What is no JSON is shown as the text that it is.
        raw: raw.then(|| {
            serde_json::from_str(&line.record).unwrap_or_else(|_| Value::String(line.record.clone()))
        }),
    }
}

fn digest_view(digest: Digest) -> ActivityDigest {
    let times = |counted: Counted| {
        counted
            .into_iter()
            .map(|(name, times)| Times { name, times })
            .collect()
    };
    let summary = digest.summary;
    ActivityDigest {
        sessions: digest.sessions,
        events: summary.events,
        writes: summary.writes,
        errors: summary.errors,
        first_event_at: summary.first_at,
        last_event_at: summary.newest_at,
        signed_in_at: summary.signed_in_at,
        services: times(digest.services),
        actions: times(digest.actions),
        addresses: times(digest.addresses),
        marks: times(digest.marks),
        left_behind: digest
            .left_behind
            .into_iter()
            .map(|left| LeftBehind {
                label: left.label(),
                kind: left.kind,
                name: left.name,
                at: left.at,
                event_id: left.event_id,
            })
            .collect(),
    }
}
