//! Adapter tests against a small fake of AWS on loopback that answers as each test says. What AWS itself does over time
//! is the simulator's to show, not the fake's.

#![allow(clippy::disallowed_methods, reason = "servers of a test end with its runtime")]

mod activity;
mod assignments;
mod directory;
mod environment;
mod inventory;
mod messages;
mod moto;
mod schedules;
mod trail;
mod transport;

use super::Aws;
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use teamd_aws::config::{AwsSettings, Timeouts};
use teamd_aws::health::AwsHealth;
use teamd_domain::Time;
use teamd_domain::request::Key;
use teamd_host::clock::ManualClock;
use tokio::net::TcpListener;

const INSTANCE: &str = "arn:aws:sso:::instance/ssoins-1111222233334444";
const STORE: &str = "d-1234567890";
const SET: &str = "arn:aws:sso:::permissionSet/ssoins-1111222233334444/ps-aaaabbbbccccdddd";
const USER: &str = "9067642c9c-AAAAbbbb-1111-2222-3333-444455556666";

/// What the fake answers.
enum Answer {
    /// 200 with this document.
    Ok(Value),
    /// AWS's error document with this status, code and message.
    Error(u16, &'static str, &'static str),
    /// Anything at all.
    Raw(u16, &'static str, String),
    /// Nothing for so long.
    Silence(Duration),
}

/// A call as received: operation, body (of the query protocol: none).
type Call = (String, Value);

struct Fake {
    url: String,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Fake {
    async fn start(answer: impl Fn(&str, &Value) -> Answer + Send + Sync + 'static) -> Self {
        let calls: Arc<Mutex<Vec<Call>>> = Arc::default();
        let answer = Arc::new(answer);
        let heard = Arc::clone(&calls);
        let router = Router::new().fallback(move |headers: HeaderMap, body: Bytes| {
            let (answer, heard) = (Arc::clone(&answer), Arc::clone(&heard));
            async move {
                let call = understood(&headers, &body);
                heard.lock().unwrap().push(call.clone());
                respond(answer(&call.0, &call.1)).await
            }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, calls }
    }

    /// Operations in the order of arrival.
    fn heard(&self) -> Vec<String> {
        let calls = self.calls.lock().unwrap();
        calls.iter().map(|(operation, _)| operation.clone()).collect()
    }

    fn count(&self, operation: &str) -> usize {
        self.heard().iter().filter(|heard| *heard == operation).count()
    }

    /// Bodies of the calls of one operation.
    fn bodies(&self, operation: &str) -> Vec<Value> {
        let calls = self.calls.lock().unwrap();
        let mine = calls.iter().filter(|(heard, _)| heard == operation);
        mine.map(|(_, body)| body.clone()).collect()
    }
}

fn understood(headers: &HeaderMap, body: &[u8]) -> Call {
    if let Some(target) = headers.get("x-amz-target") {
        let operation = target.to_str().unwrap().rsplit('.').next().unwrap().to_owned();
        return (operation, serde_json::from_slice(body).unwrap());
    }
    let form = String::from_utf8_lossy(body);
    let action = form.split('&').find_map(|field| field.strip_prefix("Action="));
    (action.unwrap_or("?").to_owned(), Value::Null)
}

async fn respond(answer: Answer) -> Response {
    let (status, kind, body) = match answer {
        Answer::Ok(body) => (200, "application/x-amz-json-1.1", body.to_string()),
        Answer::Error(status, code, message) => {
            let body = json!({ "__type": format!("com.amazonaws.sso#{code}"), "Message": message });
            (status, "application/x-amz-json-1.1", body.to_string())
        }
        Answer::Raw(status, kind, body) => (status, kind, body),
        Answer::Silence(pause) => {
            tokio::time::sleep(pause).await;
            (200, "application/x-amz-json-1.1", "{}".to_owned())
        }
    };
    let status = StatusCode::from_u16(status).unwrap();
    (status, [(header::CONTENT_TYPE, kind)], body).into_response()
}

/// AWS's page for a request that an emulator cannot serve.
fn page_of_html() -> Answer {
    let page = "<!doctype html><title>500 Internal Server Error</title>";
    Answer::Raw(500, "text/html", page.to_owned())
}

fn caller_is(account: &str) -> Answer {
    let xml = format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <Arn>arn:aws:sts::{account}:assumed-role/teamd/i-1</Arn><UserId>A:i-1</UserId><Account>{account}</Account>\
         </GetCallerIdentityResult></GetCallerIdentityResponse>"
    );
    Answer::Raw(200, "text/xml", xml)
}

fn start() -> Time {
    chrono::DateTime::from_timestamp(1_795_000_000, 0).unwrap()
}

fn key() -> Key {
    Key {
        user: USER.parse().unwrap(),
        account: "111122223333".parse().unwrap(),
        permission_set: SET.parse().unwrap(),
    }
}

/// Settings that wait for nothing.
fn settings(url: &str) -> AwsSettings {
    AwsSettings {
        region: Some("eu-west-1".to_owned()),
        endpoint_url: Some(url.to_owned()),
        instance_arn: Some(INSTANCE.to_owned()),
        identity_store_id: Some(STORE.to_owned()),
        requests_per_second: 1000.0,
        removal_requests_per_second: 1000.0,
        other_rates_factor: 1000.0,
        timeouts: Timeouts {
            connect: Duration::from_millis(300),
            read: Duration::from_millis(600),
            attempt: Duration::from_millis(600),
            operation: Duration::from_secs(10),
        },
        ..AwsSettings::default()
    }
}

async fn connect(settings: AwsSettings) -> (Aws, Arc<AwsHealth>) {
    let health = Arc::new(AwsHealth::new());
    let clock = Arc::new(ManualClock::new(start()));
    let aws = Aws::connect(settings, clock, Arc::clone(&health)).await;
    (aws.unwrap(), health)
}
