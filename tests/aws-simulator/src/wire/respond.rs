//! Answers in AWS's shape.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use chrono::DateTime;
use serde_json::{Value, json};

use crate::organisation::ids;
use crate::organisation::{AwsError, ErrorKind, Operation, Service};

/// Put into a response's extensions, makes the server close the connection instead of answering.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DropConnection;

/// What every answer carries.
pub(super) struct Stamp {
    request_id: String,
    date: String,
}

impl Stamp {
    pub(super) fn new(request_id: &str, now_ms: i64) -> Self {
        let date = DateTime::from_timestamp_millis(now_ms).unwrap_or_default();
        // HTTP's date format, which is always GMT.
        let date = date.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        Self {
            request_id: request_id.to_owned(),
            date,
        }
    }
}

/// The id of the n-th request.
pub(super) fn request_id(number: u64) -> String {
    ids::uuid(&format!("http request {number}"))
}

pub(super) fn ok(operation: Operation, value: &Value, stamp: &Stamp) -> Response {
    if operation.service() == Service::Sts {
        let (name, id) = (operation.name(), &stamp.request_id);
        let body = format!(
            "<{name}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
             <{name}Result>{}</{name}Result>\
             <ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></{name}Response>",
            xml(value)
        );
        return respond(200, "text/xml", body, None, stamp);
    }
    respond(
        200,
        json_type(operation.service()),
        value.to_string(),
        None,
        stamp,
    )
}

fn json_type(service: Service) -> &'static str {
    match service {
        Service::Scheduler => "application/json",
        _ => "application/x-amz-json-1.1",
    }
}

pub(super) fn error(operation: Operation, error: &AwsError, stamp: &Stamp) -> Response {
    let service = operation.service();
    let (code, status) = (error.code(service), error.status(service));
    if service == Service::Sts {
        let fault = if status < 500 { "Sender" } else { "Receiver" };
        let (message, id) = (escape(&error.message), &stamp.request_id);
        let body = format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>{fault}</Type>\
             <Code>{code}</Code><Message>{message}</Message></Error><RequestId>{id}</RequestId></ErrorResponse>"
        );
        return respond(status, "text/xml", body, Some(code), stamp);
    }
    let mut body = json!({ "__type": code, "Message": error.message, "message": error.message });
    match (service, error.kind) {
        (Service::Organizations, ErrorKind::Throttled) => body["Type"] = "REQUEST_RATE".into(),
        (Service::Organizations, ErrorKind::Validation) => body["Reason"] = "INVALID_PATTERN".into(),
        _ => {}
    }
    respond(status, json_type(service), body.to_string(), Some(code), stamp)
}

pub(super) fn unknown_operation(problem: &str, stamp: &Stamp) -> Response {
    let code = "UnknownOperationException";
    let body = json!({ "__type": code, "Message": problem, "message": problem }).to_string();
    respond(400, "application/x-amz-json-1.1", body, Some(code), stamp)
}

pub(super) fn drop_connection() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(DropConnection);
    response
}

fn respond(status: u16, content_type: &str, body: String, error: Option<&str>, stamp: &Stamp) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, content_type);
    set(header::DATE, &stamp.date);
    set(HeaderName::from_static("x-amzn-requestid"), &stamp.request_id);
    if let Some(code) = error {
        set(HeaderName::from_static("x-amzn-errortype"), code);
    }
    response
}

/// A JSON object as the elements of the Query protocol.
fn xml(value: &Value) -> String {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| format!("<{name}>{}</{name}>", xml(value)))
            .collect(),
        Value::String(text) => escape(text),
        other => other.to_string(),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
