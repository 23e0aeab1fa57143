//! `GET /v1/report`: who asked for how much, of what the caller may see.

use super::Api;
use super::body::query;
use super::caller::Known;
use super::error::ApiError;
use super::requests::is_unused;
use super::search::is_before;
use super::views::Names;
use axum::Json;
use axum::extract::{OriginalUri, State};
use std::sync::Arc;
use team_shared::report::{Report, ReportBy, ReportQuery, ReportRow};
use teamd_domain::Time;
use teamd_domain::report::{Counted, Known as Beside};
use teamd_engine::Refused;
use teamd_store::port::RequestFilter;

/// Requests read at once.
const CHUNK: usize = 250;
/// Requests that a report reads at most.
const MAX_REQUESTS: usize = 200_000;
/// The period where none is asked for, and the longest, in days.
const DAYS: (i64, i64) = (30, 400);

/// Reads, counts, names.
pub(super) async fn report(
    State(api): State<Api>,
    Known(caller): Known,
    OriginalUri(uri): OriginalUri,
) -> Result<Json<Report>, ApiError> {
    let asked: ReportQuery = query(&uri)?;
    let now = api.engine.now();
    let (since, until) = period(&asked, now)?;
    let (facts, engine) = (api.engine.facts(), Arc::clone(&api.engine));
    let (counting, by) = (facts.clone(), asked.by);
    let (mut counted, mut before, mut left) = (Counted::default(), None, MAX_REQUESTS);
    loop {
        let (counting, engine, caller) = (counting.clone(), Arc::clone(&engine), caller.clone());
        // Several short jobs: others get their turn in between.
        let read = api.engine.store().read(move |read| {
            let access = counting.access(&caller);
            let page = read.requests(&RequestFilter {
                before,
                limit: CHUNK,
                ..RequestFilter::default()
            })?;
            let has_more = page.len() == CHUNK;
            for request in &page {
                before = Some(request.id);
                if is_before(request, Some(since)) {
                    return Ok((counted, None));
                }
                if (since..until).contains(&request.created_at) && access.can_see(request) {
                    let known = Beside {
                        is_unused: is_unused(&engine, request),
                        is_review_open: teamd_domain::attention::was_access(request)
                            && read.attention(&request.id)?.needs_review(request),
                    };
                    counted.add(by, request, known, now);
                }
            }
            Ok::<_, Refused>((counted, before.filter(|_| has_more)))
        });
        (counted, before) = read.await?;
        left = left.saturating_sub(CHUNK);
        if before.is_none() {
            break;
        }
        if left == 0 {
            let most = format!("a report reads {MAX_REQUESTS} requests at most: ask for a later period");
            return Err(Refused::field("since", most).into());
        }
    }
    let names = Names(facts.directory.as_deref());
    let mut items: Vec<ReportRow> = counted
        .rows
        .into_iter()
        .map(|(id, counter)| ReportRow {
            name: name_of(names, by, &id),
            last_at: counter.last_at().unwrap_or(since),
            counts: counter.into_counts(),
            id,
        })
        .collect();
    items.sort_by_key(|row| {
        let most = std::cmp::Reverse((row.counts.live_seconds, row.counts.requests));
        (most, row.name.clone())
    });
    Ok(Json(Report {
        by,
        since,
        until,
        total: counted.total.into_counts(),
        items,
    }))
}

fn period(asked: &ReportQuery, now: Time) -> Result<(Time, Time), Refused> {
    let until = asked.until.unwrap_or(now);
    let since = asked.since.unwrap_or(until - chrono::Duration::days(DAYS.0));
    if since >= until {
        return Err(Refused::field("since", "must be before until".to_owned()));
    }
    if until - since > chrono::Duration::days(DAYS.1) {
        let most = format!("a report covers {} days at most", DAYS.1);
        return Err(Refused::field("since", most));
    }
    Ok((since, until))
}

/// What people call it; what is no longer there keeps its id.
fn name_of(names: Names<'_>, by: ReportBy, id: &str) -> String {
    let known = match by {
        ReportBy::Person | ReportBy::Approver => id.parse().ok().map(|id| names.person(&id).user_name),
        ReportBy::Account => id.parse().ok().map(|id| names.account(&id).name),
        ReportBy::Set => id.parse().ok().map(|arn| names.permission_set(&arn).name),
        ReportBy::Rule => None,
    };
    known.unwrap_or_else(|| id.to_owned())
}
