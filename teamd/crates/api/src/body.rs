//! Paths, bodies and queries, with problem documents where they are wrong.

use super::Api;
use super::error::ApiError;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::Uri;
use axum::http::request::Parts;
use axum::response::IntoResponse;
use serde::de::DeserializeOwned;
use std::convert::Infallible;
use team_shared::ids::RequestId;
use team_shared::problem::{Code, FieldError, Problem};
use teamd_engine::Refused;

/// The request in the path. Never rejects: JSON is looked at before visibility.
pub(super) struct Id(Option<RequestId>);

impl Id {
    /// The id.
    ///
    /// # Errors
    /// The path holds something else: then there is no such request.
    pub(super) fn get(&self) -> Result<RequestId, ApiError> {
        self.0
            .ok_or_else(|| Refused::not_found("request of that id").into())
    }
}

impl FromRequestParts<Api> for Id {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Infallible> {
        // What is not UTF-8 is no id either; axum's own rejection would be plain text.
        let path = Path::<String>::from_request_parts(parts, api).await;
        Ok(Self(path.ok().and_then(|Path(text)| text.parse().ok())))
    }
}

/// A body within its limit, not yet parsed: identity is looked at before JSON.
pub(super) struct Raw(pub(super) Bytes);

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        Bytes::from_request(request, state)
            .await
            .map(Raw)
            .map_err(|rejection: BytesRejection| {
                if rejection.into_response().status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
                    Problem::new(Code::TooLarge, "the body is over the limit of this path").into()
                } else {
                    Problem::new(Code::BadJson, "the body could not be read").into()
                }
            })
    }
}

impl Raw {
    /// The body as JSON. An empty body counts as `{}`.
    ///
    /// # Errors
    /// Not JSON, not of the right shape, or with a field that does not exist.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        let bytes: &[u8] = if self.0.is_empty() { b"{}" } else { &self.0 };
        // serde would take a list for a struct, value by value.
        if bytes.trim_ascii_start().first() == Some(&b'[') {
            return Err(Problem::new(Code::BadJson, "body: a list, where an object is expected").into());
        }
        let mut deserializer = serde_json::Deserializer::from_slice(bytes);
        let parsed = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            let (field, message) = (error.path().to_string(), error.inner().to_string());
            let code = if message.starts_with("unknown field") {
                Code::UnknownField
            } else {
                Code::BadJson
            };
            let problem = Problem::new(code, format!("body: {message}"));
            ApiError::from(Problem {
                errors: vec![FieldError { field, message }],
                ..problem
            })
        })?;
        deserializer
            .end()
            .map_err(|e| ApiError::from(Problem::new(Code::BadJson, format!("body: {e}"))))?;
        Ok(parsed)
    }
}

/// The query of a call.
///
/// # Errors
/// A value that does not parse, or a name that does not exist.
pub(super) fn query<T: DeserializeOwned>(uri: &Uri) -> Result<T, ApiError> {
    axum::extract::Query::<T>::try_from_uri(uri)
        .map(|q| q.0)
        .map_err(|rejection| {
            let message = rejection.body_text();
            let field = field_of(&message).to_owned();
            let problem = Problem::new(Code::Invalid, message.clone());
            ApiError::from(Problem {
                errors: vec![FieldError { field, message }],
                ..problem
            })
        })
}

/// The parameter that a message is about: before a colon where its value is wrong, else the first word in quotes.
fn field_of(message: &str) -> &str {
    let named = message
        .split(": ")
        .nth(1)
        .filter(|_| message.matches(": ").count() > 1);
    let named = named.filter(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
    named.or_else(|| message.split('`').nth(1)).unwrap_or("query")
}
