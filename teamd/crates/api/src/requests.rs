//! Requests: submit, list, show.

use super::beside::Beside;
use super::body::{Id, Raw, query};
use super::caller::{Calling, Known};
use super::error::ApiError;
use super::paging::{Bounds, page};
use super::search::{Scan, Search};
use super::views;
use super::{Api, idempotency};
use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;
use team_shared::ids::RequestId;
use team_shared::request::{RequestQuery, RequestView, Submit};
use teamd_domain::identity::Caller;
use teamd_domain::request::Request;
use teamd_engine::{Engine, Refused, Submission};

/// `POST /v1/requests`.
pub(super) async fn submit(
    State(api): State<Api>,
    Calling(caller): Calling,
    headers: HeaderMap,
    raw: Raw,
) -> Result<Response, ApiError> {
    let work = async |turn: idempotency::Turn| {
        if let Some(id) = turn.filed.first() {
            let view = one(&api, &caller, *id).await?;
            return Ok((StatusCode::CREATED, view));
        }
        // Rate goes before JSON, but a call that is sent again is no second one.
        api.engine.check_submit_rate(&caller)?;
        let body: Submit = raw.json()?;
        let dry_run = body.dry_run;
        let filed = api
            .engine
            .submit_once(&caller, submission(body), dry_run, turn.mark)
            .await?;
        let facts = api.engine.facts();
        let view = views::request(&filed.request, &Beside::default(), &facts, &facts.access(&caller));
        Ok((
            if filed.is_filed {
                StatusCode::CREATED
            } else {
                StatusCode::OK
            },
            view,
        ))
    };
    filing(&api, &caller, &headers, "submit", &raw, work).await
}

/// What files requests: identity before everything but size, once for a key, and what is refused counted and told.
pub(super) async fn filing<T: Serialize>(
    api: &Api,
    caller: &Caller,
    headers: &HeaderMap,
    what: &str,
    raw: &Raw,
    work: impl AsyncFnOnce(idempotency::Turn) -> Result<(StatusCode, T), ApiError>,
) -> Result<Response, ApiError> {
    let answer = match api.engine.facts().access(caller).acting_person() {
        Ok(_) => idempotency::once(api, caller, headers, what, &raw.0, work).await,
        Err(refused) => Err(refused.into()),
    };
    if let Err(error) = &answer {
        api.engine.count_refused_submit(caller, &error.refused());
        api.engine
            .note_refusal(caller, "submit", None, &error.refused())
            .await;
    }
    answer
}

pub(super) fn submission(body: Submit) -> Submission {
    Submission {
        account: body.account_id,
        permission_set: body.permission_set,
        duration_seconds: body.duration_seconds,
        end_at: body.end_at,
        start_at: body.start_at,
        justification: body.justification,
        ticket: body.ticket,
        break_glass: body.break_glass,
        batch_id: body.batch_id,
    }
}

/// `GET /v1/requests/{id}`.
pub(super) async fn show(
    State(api): State<Api>,
    Known(caller): Known,
    id: Id,
) -> Result<Json<RequestView>, ApiError> {
    one(&api, &caller, id.get()?).await.map(Json)
}

pub(super) async fn one(api: &Api, caller: &Caller, id: RequestId) -> Result<RequestView, ApiError> {
    let (facts, engine) = (api.engine.facts(), Arc::clone(&api.engine));
    let found = api
        .engine
        .store()
        .read(move |read| {
            Ok::<_, Refused>(match read.request(&id)? {
                Some(request) => {
                    let beside = Beside::of(read, &request, &engine)?;
                    Some((request, beside))
                }
                None => None,
            })
        })
        .await?;
    let access = facts.access(caller);
    match found {
        Some((request, beside)) if access.can_see(&request) => {
            Ok(views::request(&request, &beside, &facts, &access))
        }
        _ => Err(Refused::not_found(format!("request {id}")).into()),
    }
}

/// `GET /v1/requests`.
pub(super) async fn list(
    State(api): State<Api>,
    Known(caller): Known,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, ApiError> {
    let asked: RequestQuery = query(&uri)?;
    let facts = api.engine.facts();
    let search = Arc::new(Search::read(&asked, &facts, caller.person())?);
    let mut scan = Scan {
        position: search.before,
        is_done: search.is_void,
        ..Scan::default()
    };
    let mut call = Bounds::of_call();
    while !scan.is_done && !call.is_spent() {
        let (search, facts, caller, engine) = (
            Arc::clone(&search),
            facts.clone(),
            caller.clone(),
            Arc::clone(&api.engine),
        );
        (scan, call) = api
            .engine
            .store()
            .read(move |read| {
                search.run(read, (&facts, &caller, &engine), &mut scan, &mut call)?;
                Ok::<_, Refused>((scan, call))
            })
            .await?;
    }
    let access = facts.access(&caller);
    let mut views = Vec::with_capacity(scan.rows.len());
    for (request, beside) in &scan.rows {
        // Evaluating policy takes a while: what is urgent gets its turn in between.
        tokio::task::yield_now().await;
        let view = views::request(request, beside, &facts, &access);
        views.push((view, request.id.to_string()));
    }
    let next = scan.position.filter(|_| !scan.is_done || scan.has_more);
    page(views, next.map(|id| id.to_string()))
}

/// Access that was there, of which all is known, and nothing was done with it.
pub(super) fn is_unused(engine: &Engine, request: &Request) -> bool {
    let summary = engine.activity_summary(&request.id);
    summary.is_some_and(|summary| summary.closed_at.is_some() && summary.events == 0)
}
