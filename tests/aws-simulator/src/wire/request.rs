//! From an HTTP request to an operation, its caller and its input.

use axum::http::{HeaderMap, Method, Uri};
use serde_json::{Map, Value};

use super::scheduler;
use crate::organisation::{Operation, Service};

/// A request for an operation the simulator knows.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) operation: Operation,
    /// The input's members; those of the Query protocol are all strings.
    pub(super) input: Value,
    pub(super) access_key: Option<String>,
    pub(super) region: Option<String>,
}

impl Request {
    pub(super) fn parse(
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Self, String> {
        let (access_key, region) = credential_scope(headers);
        let (operation, input) = match headers.get("x-amz-target").and_then(|value| value.to_str().ok()) {
            None if scheduler::is_path(uri.path()) => scheduler::operation(method, uri, json_input(body)?)?,
            _ if *method != Method::POST => return Err(format!("{method} is not how AWS is called")),
            Some(target) => (json_operation(target)?, json_input(body)?),
            None => query(body)?,
        };
        Ok(Self {
            operation,
            input,
            access_key,
            region,
        })
    }
}

/// `Authorization: AWS4-HMAC-SHA256 Credential=KEY/20260101/REGION/SERVICE/aws4_request, …`
fn credential_scope(headers: &HeaderMap) -> (Option<String>, Option<String>) {
    let scope = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once("Credential="))
        .map(|(_, rest)| rest.split([',', ' ']).next().unwrap_or_default());
    let mut parts = scope.unwrap_or_default().split('/').map(str::to_owned);
    let access_key = parts.next().filter(|key| !key.is_empty());
    (access_key, parts.nth(1))
}

fn json_operation(target: &str) -> Result<Operation, String> {
    let unknown = || format!("the simulator does not know {target}");
    let (service, name) = target.rsplit_once('.').ok_or_else(unknown)?;
    let service = match service {
        "SWBExternalService" => Service::Sso,
        "AWSIdentityStore" => Service::IdentityStore,
        "AWSOrganizationsV20161128" => Service::Organizations,
        "Logs_20140328" => Service::Logs,
        _ if service.ends_with("CloudTrail_20131101") => Service::CloudTrail,
        _ => return Err(unknown()),
    };
    Operation::find(service, name).ok_or_else(unknown)
}

fn json_input(body: &[u8]) -> Result<Value, String> {
    if body.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    serde_json::from_slice(body).map_err(|error| format!("the body is not JSON: {error}"))
}

fn query(body: &[u8]) -> Result<(Operation, Value), String> {
    let body = std::str::from_utf8(body).map_err(|_| "the body is not text".to_owned())?;
    let mut input = Map::new();
    for pair in body.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        input.insert(decode(name), decode(value).into());
    }
    let action = input
        .get("Action")
        .and_then(Value::as_str)
        .ok_or("neither X-Amz-Target nor Action")?;
    let operation = Operation::find(Service::Sts, action);
    let operation = operation.ok_or_else(|| format!("the simulator does not know the action {action}"))?;
    Ok((operation, Value::Object(input)))
}

/// Decodes `application/x-www-form-urlencoded`; what is not valid stays as it is.
pub(super) fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        let digits = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match (first, digits.and_then(|pair| u8::from_str_radix(pair, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            (b'+', _) => bytes.push(b' '),
            (byte, _) => bytes.push(*byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_and_scope() {
        let mut headers = HeaderMap::new();
        let authorization =
            "AWS4-HMAC-SHA256 Credential=ASIA1/20261122/eu-west-1/sts/aws4_request, Signature=x";
        headers.insert("authorization", authorization.parse().unwrap());
        let body = b"Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fx&RoleSessionName=a+b%";
        let request = Request::parse(&Method::POST, &Uri::from_static("/"), &headers, body).unwrap();
        assert_eq!(request.operation, Operation::AssumeRole);
        assert_eq!(request.input["RoleArn"], "arn:aws:iam::1:role/x");
        assert_eq!(request.input["RoleSessionName"], "a b%");
        assert_eq!(request.access_key.as_deref(), Some("ASIA1"));
        assert_eq!(request.region.as_deref(), Some("eu-west-1"));
    }

    #[test]
    fn one_name_two_services() {
        assert_eq!(
            json_operation("AWSOrganizationsV20161128.ListTagsForResource"),
            Ok(Operation::ListOrganizationTags)
        );
        assert_eq!(
            json_operation("SWBExternalService.ListTagsForResource"),
            Ok(Operation::ListPermissionSetTags)
        );
        assert!(json_operation("SWBExternalService.DeleteInstance").is_err());
    }
}
