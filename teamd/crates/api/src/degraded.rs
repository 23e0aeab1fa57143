//! While the database is damaged: who am I, how is it, freezing, and taking access back. Everything else says why not.

use super::Api;
use super::error::ApiError;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use team_shared::routes;
use teamd_engine::Refused;
use teamd_store::port::StoreError;

/// What answers whatever the database is like. A freeze is kept in a file as well.
const ALWAYS: [&str; 5] = [
    routes::ME,
    routes::STATUS,
    routes::HEALTHZ,
    routes::READYZ,
    routes::FREEZE,
];

/// Verbs on a request that take access back.
const TAKE_BACK: [&str; 3] = ["/cancel", "/done", "/revoke"];

/// Refuses what a damaged database cannot answer.
pub(super) async fn guard(State(api): State<Api>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let passes = ALWAYS.contains(&path) || TAKE_BACK.iter().any(|verb| path.ends_with(verb));
    match api.engine.degraded() {
        Some(fault @ StoreError::Damaged(_)) if !passes => {
            ApiError::from(Refused::from(fault)).into_response()
        }
        Some(_) | None => next.run(request).await,
    }
}

/// `GET /readyz`: whether access is granted as far as the store is concerned. AWS is not asked.
pub(super) async fn ready(State(api): State<Api>) -> Result<StatusCode, ApiError> {
    match api.engine.degraded() {
        None => Ok(StatusCode::NO_CONTENT),
        Some(fault) => Err(Refused::from(fault).into()),
    }
}
