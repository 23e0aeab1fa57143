//! The verbs on a request. One file: they differ only in which command they give. To add one: a function, and its route in
//! the parent.

use super::body::{Id, Raw};
use super::caller::Calling;
use super::error::ApiError;
use super::{Api, beside, idempotency};
use axum::extract::{FromRequest, FromRequestParts as _};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::de::DeserializeOwned;
use team_shared::ids::RequestId;
use team_shared::problem::Code;
use team_shared::request::{Act as ActBody, Approve, CloseReview, Extend, GiveUp};
use teamd_domain::identity::Caller;
use teamd_domain::request::Request;
use teamd_engine::{Act, Approval, Extension, Refused};

type Answer = Result<Response, ApiError>;

/// `POST /v1/requests/{id}/approve`.
pub(super) async fn approve(on: Verb) -> Answer {
    on.perform("approve", async |id, body: Approve| {
        let approval = Approval {
            comment: body.comment,
            duration_seconds: body.duration_seconds,
            start_at: body.start_at,
            version: body.version,
            terms_digest: body.terms_digest,
        };
        on.api.engine.approve(&on.caller, &id, approval).await
    })
    .await
}

/// `POST /v1/requests/{id}/reject`.
pub(super) async fn reject(on: Verb) -> Answer {
    on.perform("reject", async |id, body: ActBody| {
        let approval = Approval {
            comment: body.comment,
            version: body.version,
            terms_digest: body.terms_digest,
            ..Approval::default()
        };
        on.api.engine.reject(&on.caller, &id, approval).await
    })
    .await
}

/// `POST /v1/requests/{id}/cancel`.
pub(super) async fn cancel(on: Verb) -> Answer {
    on.perform("cancel", async |id, body| {
        on.api.engine.cancel(&on.caller, &id, act(body)).await
    })
    .await
}

/// `POST /v1/requests/{id}/done`.
pub(super) async fn done(on: Verb) -> Answer {
    on.perform("done", async |id, body| {
        on.api.engine.done(&on.caller, &id, act(body)).await
    })
    .await
}

/// `POST /v1/requests/{id}/revoke`.
pub(super) async fn revoke(on: Verb) -> Answer {
    on.perform("revoke", async |id, body| {
        on.api.engine.revoke(&on.caller, &id, act(body)).await
    })
    .await
}

/// `POST /v1/requests/{id}/claim`.
pub(super) async fn claim(on: Verb) -> Answer {
    on.perform("claim", async |id, body| {
        on.api.engine.claim(&on.caller, &id, act(body)).await
    })
    .await
}

/// `POST /v1/requests/{id}/unclaim`.
pub(super) async fn unclaim(on: Verb) -> Answer {
    on.perform("unclaim", async |id, body| {
        on.api.engine.unclaim(&on.caller, &id, act(body)).await
    })
    .await
}

/// `POST /v1/requests/{id}/review`.
pub(super) async fn review(on: Verb) -> Answer {
    on.perform("review", async |id, body: CloseReview| {
        let act = Act {
            comment: body.comment,
            version: body.version,
            terms_digest: body.terms_digest,
            acknowledged: body.acknowledged,
        };
        on.api.engine.review(&on.caller, &id, act).await
    })
    .await
}

/// `POST /v1/requests/{id}/lost`.
pub(super) async fn lost(on: Verb) -> Answer {
    on.perform("lost", async |id, body: GiveUp| {
        let act = Act {
            comment: body.reason,
            version: body.version,
            terms_digest: body.terms_digest,
            ..Act::default()
        };
        on.api.engine.give_up(&on.caller, &id, act).await
    })
    .await
}

/// `POST /v1/requests/{id}/extend`.
pub(super) async fn extend(on: Verb) -> Answer {
    let answer = on
        .perform_once("extend", async |id, body: Extend, turn| {
            if let Some(filed) = turn.filed.first().copied() {
                // An earlier call filed it, and its answer was cut off.
                let found = on
                    .api
                    .engine
                    .store()
                    .read(move |read| Ok::<_, Refused>(read.request(&filed)?));
                return found
                    .await?
                    .ok_or_else(|| Refused::not_found(format!("request {filed}")));
            }
            let extension = Extension {
                duration_seconds: body.duration_seconds,
                reason: body.reason,
                version: body.version,
                terms_digest: body.terms_digest,
            };
            on.api.engine.extend(&on.caller, &id, extension, turn.mark).await
        })
        .await;
    if let Err(error) = &answer {
        on.api.engine.count_refused_submit(&on.caller, &error.refused());
    }
    answer
}

fn act(body: ActBody) -> Act {
    Act {
        comment: body.comment,
        version: body.version,
        terms_digest: body.terms_digest,
        ..Act::default()
    }
}

/// A verb as it came: who says it, on which request, with which body, none of it looked at yet but for the size.
pub(super) struct Verb {
    api: Api,
    caller: Caller,
    id: Id,
    headers: HeaderMap,
    raw: Raw,
}

impl FromRequest<Api> for Verb {
    type Rejection = ApiError;

    async fn from_request(request: axum::extract::Request, api: &Api) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        let Calling(caller) = Calling::from_request_parts(&mut parts, api).await?;
        let Ok(id) = Id::from_request_parts(&mut parts, api).await;
        let headers = parts.headers.clone();
        let request = axum::extract::Request::from_parts(parts, body);
        Ok(Self {
            api: api.clone(),
            caller,
            id,
            headers,
            raw: Raw::from_request(request, api).await?,
        })
    }
}

impl Verb {
    /// Identity, JSON, idempotency, the answer, and the refusal in the audit trail: the same for every verb.
    async fn perform<B: DeserializeOwned>(
        &self,
        verb: &str,
        command: impl AsyncFnOnce(RequestId, B) -> Result<Request, Refused>,
    ) -> Answer {
        self.perform_once(verb, async |id, body, _| command(id, body).await)
            .await
    }

    /// The same for what files something, which is kept together with its key.
    async fn perform_once<B: DeserializeOwned>(
        &self,
        verb: &str,
        command: impl AsyncFnOnce(RequestId, B, idempotency::Turn) -> Result<Request, Refused>,
    ) -> Answer {
        let Self {
            api,
            caller,
            id,
            headers,
            raw,
        } = self;
        let work = async |turn| {
            let body = raw.json()?;
            let request = command(id.get()?, body, turn).await?;
            let facts = api.engine.facts();
            // Only an extension makes a request that was not there.
            let status = if verb == "extend" {
                StatusCode::CREATED
            } else {
                StatusCode::OK
            };
            let view = beside::read_beside(api, &request, &facts, &facts.access(caller)).await?;
            Ok((status, view))
        };
        let request_id = id.get().ok();
        let what = format!(
            "{verb}\0{}",
            request_id.map(|id| id.to_string()).unwrap_or_default()
        );
        // Identity goes before everything but size.
        let answer = match api.engine.facts().access(caller).acting_person() {
            Ok(_) => idempotency::once(api, caller, headers, &what, &raw.0, work).await,
            Err(refused) => Err(refused.into()),
        };
        if let Err(error) = &answer {
            let refused = error.refused();
            // What is refused because there is too much of it adds nothing to the trail.
            if refused.code != Code::LimitReached || verb == "extend" {
                api.engine.note_refusal(caller, verb, request_id, &refused).await;
            }
        }
        answer
    }
}
