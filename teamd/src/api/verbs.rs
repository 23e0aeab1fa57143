//! The verbs on a request. One file: they differ only in which command they give.

use super::body::Raw;
use super::caller::Calling;
use super::error::ApiError;
use super::requests::parse_id;
use super::{Api, idempotency, views};
use crate::domain::identity::Caller;
use crate::domain::request::Request;
use crate::engine::{Act, Approval, Refused};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use std::future::Future;
use team_shared::ids::RequestId;
use team_shared::request::{Act as ActBody, Approve};

/// `POST /v1/requests/{id}/approve`.
pub(super) async fn approve(
    State(api): State<Api>,
    Calling(caller): Calling,
    Path(id): Path<String>,
    headers: HeaderMap,
    raw: Raw,
) -> Result<Response, ApiError> {
    perform(&api, &caller, &id, "approve", &headers, &raw, |id| {
        let (api, caller, raw) = (&api, &caller, &raw);
        async move {
            let body: Approve = raw.json()?;
            let approval = Approval {
                comment: body.comment,
                duration_seconds: body.duration_seconds,
                start_at: body.start_at,
                version: body.version,
                terms_digest: body.terms_digest,
            };
            Ok(api.engine.approve(caller, &id, approval).await?)
        }
    })
    .await
}

/// `POST /v1/requests/{id}/reject`.
pub(super) async fn reject(
    State(api): State<Api>,
    Calling(caller): Calling,
    Path(id): Path<String>,
    headers: HeaderMap,
    raw: Raw,
) -> Result<Response, ApiError> {
    perform(&api, &caller, &id, "reject", &headers, &raw, |id| {
        let (api, caller, raw) = (&api, &caller, &raw);
        async move {
            let Act {
                comment,
                version,
                terms_digest,
            } = act(raw)?;
            let approval = Approval {
                comment,
                version,
                terms_digest,
                ..Approval::default()
            };
            Ok(api.engine.reject(caller, &id, approval).await?)
        }
    })
    .await
}

/// `POST /v1/requests/{id}/cancel`.
pub(super) async fn cancel(
    State(api): State<Api>,
    Calling(caller): Calling,
    Path(id): Path<String>,
    headers: HeaderMap,
    raw: Raw,
) -> Result<Response, ApiError> {
    perform(&api, &caller, &id, "cancel", &headers, &raw, |id| {
        let (api, caller, raw) = (&api, &caller, &raw);
        async move { Ok(api.engine.cancel(caller, &id, act(raw)?).await?) }
    })
    .await
}

/// `POST /v1/requests/{id}/done`.
pub(super) async fn done(
    State(api): State<Api>,
    Calling(caller): Calling,
    Path(id): Path<String>,
    headers: HeaderMap,
    raw: Raw,
) -> Result<Response, ApiError> {
    perform(&api, &caller, &id, "done", &headers, &raw, |id| {
        let (api, caller, raw) = (&api, &caller, &raw);
        async move { Ok(api.engine.done(caller, &id, act(raw)?).await?) }
    })
    .await
}

/// `POST /v1/requests/{id}/revoke`.
pub(super) async fn revoke(
    State(api): State<Api>,
    Calling(caller): Calling,
    Path(id): Path<String>,
    headers: HeaderMap,
    raw: Raw,
) -> Result<Response, ApiError> {
    perform(&api, &caller, &id, "revoke", &headers, &raw, |id| {
        let (api, caller, raw) = (&api, &caller, &raw);
        async move { Ok(api.engine.revoke(caller, &id, act(raw)?).await?) }
    })
    .await
}

fn act(raw: &Raw) -> Result<Act, ApiError> {
    let body: ActBody = raw.json()?;
    Ok(Act {
        comment: body.comment,
        version: body.version,
        terms_digest: body.terms_digest,
    })
}

/// Identity, idempotency, the answer, and the refusal in the audit trail: the same for every verb.
async fn perform<F>(
    api: &Api,
    caller: &Caller,
    id: &str,
    verb: &str,
    headers: &HeaderMap,
    raw: &Raw,
    command: impl FnOnce(RequestId) -> F,
) -> Result<Response, ApiError>
where
    F: Future<Output = Result<Request, ApiError>>,
{
    let parsed = parse_id(id);
    let request_id = parsed.as_ref().ok().copied();
    let work = async {
        api.engine.facts().access(caller).acting_person()?;
        let id = parsed?;
        let request = command(id).await?;
        let key = request.key.clone();
        let grant = api
            .engine
            .store()
            .read(move |read| Ok::<_, Refused>(read.grant(&key)?))
            .await?;
        let facts = api.engine.facts();
        Ok((
            StatusCode::OK,
            views::request(&request, grant.as_ref(), &facts, &facts.access(caller)),
        ))
    };
    let what = format!("{verb}\0{id}");
    let answer = idempotency::once(api, caller, headers, &what, &raw.0, work).await;
    if let Err(error) = &answer {
        api.engine
            .note_refusal(caller, verb, request_id, &error.refused())
            .await;
    }
    answer
}
