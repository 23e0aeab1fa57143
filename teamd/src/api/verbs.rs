//! The verbs on a request. One file: they differ only in which command they give.

use super::body::{Id, Raw};
use super::caller::Calling;
use super::error::ApiError;
use super::{Api, idempotency, views};
use crate::domain::identity::Caller;
use crate::domain::request::Request;
use crate::engine::{Act, Approval, Extension, Refused};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::de::DeserializeOwned;
use team_shared::ids::RequestId;
use team_shared::request::{Act as ActBody, Approve, Extend, GiveUp};

/// `POST /v1/requests/{id}/approve`.
pub(super) async fn approve(
    State(api): State<Api>,
    Calling(caller): Calling,
    id: Id,
    headers: HeaderMap,
    raw: Raw,
) -> Result<Response, ApiError> {
    perform(
        &api,
        &caller,
        &id,
        "approve",
        &headers,
        &raw,
        async |id, body: Approve| {
            let approval = Approval {
                comment: body.comment,
                duration_seconds: body.duration_seconds,
                start_at: body.start_at,
                version: body.version,
                terms_digest: body.terms_digest,
            };
            api.engine.approve(&caller, &id, approval).await
        },
    )
    .await
}

/// `POST /v1/requests/{id}/reject`.
pub(super) async fn reject(
    State(api): State<Api>,
    Calling(caller): Calling,
    id: Id,
    headers: HeaderMap,
    raw: Raw,
) -> Result<Response, ApiError> {
    perform(
        &api,
        &caller,
        &id,
        "reject",
        &headers,
        &raw,
        async |id, body: ActBody| {
            let approval = Approval {
                comment: body.comment,
                version: body.version,
                terms_digest: body.terms_digest,
                ..Approval::default()
            };
            api.engine.reject(&caller, &id, approval).await
        },
    )
    .await
}

/// `POST /v1/requests/{id}/cancel`.
pub(super) async fn cancel(
    State(api): State<Api>,
    Calling(caller): Calling,
    id: Id,
    headers: HeaderMap,
    raw: Raw,
) -> Result<Response, ApiError> {
    perform(&api, &caller, &id, "cancel", &headers, &raw, async |id, body| {
        api.engine.cancel(&caller, &id, act(body)).await
    })
    .await
}

/// `POST /v1/requests/{id}/done`.
pub(super) async fn done(
    State(api): State<Api>,
    Calling(caller): Calling,
    id: Id,
    headers: HeaderMap,
    raw: Raw,
) -> Result<Response, ApiError> {
    perform(&api, &caller, &id, "done", &headers, &raw, async |id, body| {
        api.engine.done(&caller, &id, act(body)).await
    })
    .await
}

/// `POST /v1/requests/{id}/revoke`.
pub(super) async fn revoke(
    State(api): State<Api>,
    Calling(caller): Calling,
    id: Id,
    headers: HeaderMap,
    raw: Raw,
) -> Result<Response, ApiError> {
    perform(&api, &caller, &id, "revoke", &headers, &raw, async |id, body| {
        api.engine.revoke(&caller, &id, act(body)).await
    })
    .await
}

/// `POST /v1/requests/{id}/lost`.
pub(super) async fn lost(
    State(api): State<Api>,
    Calling(caller): Calling,
    id: Id,
    headers: HeaderMap,
    raw: Raw,
) -> Result<Response, ApiError> {
    perform(
        &api,
        &caller,
        &id,
        "lost",
        &headers,
        &raw,
        async |id, body: GiveUp| {
            let act = Act {
                comment: body.reason,
                version: body.version,
                terms_digest: body.terms_digest,
            };
            api.engine.give_up(&caller, &id, act).await
        },
    )
    .await
}

/// `POST /v1/requests/{id}/extend`.
pub(super) async fn extend(
    State(api): State<Api>,
    Calling(caller): Calling,
    id: Id,
    headers: HeaderMap,
    raw: Raw,
) -> Result<Response, ApiError> {
    let answer = perform(
        &api,
        &caller,
        &id,
        "extend",
        &headers,
        &raw,
        async |id, body: Extend| {
            let extension = Extension {
                duration_seconds: body.duration_seconds,
                reason: body.reason,
                version: body.version,
                terms_digest: body.terms_digest,
            };
            api.engine.extend(&caller, &id, extension).await
        },
    )
    .await;
    if let Err(error) = &answer {
        api.engine.count_refused_submit(&caller, &error.refused());
    }
    answer
}

fn act(body: ActBody) -> Act {
    Act {
        comment: body.comment,
        version: body.version,
        terms_digest: body.terms_digest,
    }
}

/// Identity, JSON, idempotency, the answer, and the refusal in the audit trail: the same for every verb.
async fn perform<B: DeserializeOwned>(
    api: &Api,
    caller: &Caller,
    id: &Id,
    verb: &str,
    headers: &HeaderMap,
    raw: &Raw,
    command: impl AsyncFnOnce(RequestId, B) -> Result<Request, Refused>,
) -> Result<Response, ApiError> {
    let work = async {
        let body = raw.json()?;
        let request = command(id.get()?, body).await?;
        let about = request.clone();
        let (grant, holder) = api
            .engine
            .store()
            .read(move |read| Ok::<_, Refused>((read.grant(&about.key)?, views::holder_of(read, &about)?)))
            .await?;
        let facts = api.engine.facts();
        // Only an extension makes a request that was not there.
        let status = if verb == "extend" {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        };
        let view = views::request(&request, grant.as_ref(), &facts, &facts.access(caller));
        Ok((status, views::with_holder(view, holder.as_ref())))
    };
    let request_id = id.get().ok();
    let what = format!(
        "{verb}\0{}",
        request_id.map(|id| id.to_string()).unwrap_or_default()
    );
    // Identity goes before everything but size.
    let answer = match api.engine.facts().access(caller).acting_person() {
        Ok(_) => idempotency::once(api, caller, headers, &what, &raw.0, async |_| work.await).await,
        Err(refused) => Err(refused.into()),
    };
    if let Err(error) = &answer {
        api.engine
            .note_refusal(caller, verb, request_id, &error.refused())
            .await;
    }
    answer
}
