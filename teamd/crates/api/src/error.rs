//! From refusals to problem documents: the one table is in `team_shared::problem`.

use super::name_service::NoAnswer;
use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use std::any::Any;
use team_shared::problem::{Code, MEDIA_TYPE, Problem};
use teamd_engine::Refused;

/// What a handler answers when it refuses.
#[derive(Debug)]
pub(super) struct ApiError(Box<Problem>);

impl ApiError {
    /// What the audit trail is told.
    pub(super) fn refused(&self) -> Refused {
        Refused {
            help: self.0.help.clone(),
            ..Refused::new(self.0.code, self.0.detail.clone())
        }
    }
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem))
    }
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        let problem = Problem::new(refused.code, refused.detail);
        Self(Box::new(Problem {
            help: refused.help,
            errors: refused.errors,
            ..problem
        }))
    }
}

impl From<teamd_store::port::StoreError> for ApiError {
    fn from(error: teamd_store::port::StoreError) -> Self {
        Refused::from(error).into()
    }
}

impl From<NoAnswer> for ApiError {
    fn from(error: NoAnswer) -> Self {
        Problem::new(Code::DirectoryUnavailable, error.to_string())
            .help("try again; operators: look at the name service (nsswitch.conf, sssd) of this machine")
            .into()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response<Body> {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&*self.0).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        response
    }
}

/// A handler that panicked: the caller learns that it is our fault, the log learns which.
pub(super) fn panicked(cause: Box<dyn Any + Send>) -> Response<Body> {
    let what = cause
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| cause.downcast_ref::<&str>().copied())
        .unwrap_or("unknown");
    tracing::error!(what, "a handler panicked");
    ApiError::from(Problem::new(
        Code::Internal,
        "the daemon failed to answer; operators: see its log",
    ))
    .into_response()
}
