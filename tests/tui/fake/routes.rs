//! What the fake answers.

use super::{Fake, Shared, now};
use crate::fixtures;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event as SseEvent, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::convert::Infallible;
use team_shared::event::{Event, EventType};
use team_shared::list::Page;
use team_shared::problem::{Code, MEDIA_TYPE, Problem};
use team_shared::report::ReportQuery;
use team_shared::request::{Approve, RequestView};
use team_shared::state::RequestState;

pub(super) fn problem(code: Code, detail: &str) -> Response {
    let status = StatusCode::from_u16(code.http_status()).expect("a status");
    let body = Problem::new(code, detail).help("look again");
    (status, [(header::CONTENT_TYPE, MEDIA_TYPE)], Json(body)).into_response()
}

pub(super) async fn me(State(fake): State<Shared>, headers: HeaderMap) -> Response {
    let acting_as = headers
        .get("X-Team-Demo-As")
        .and_then(|name| name.to_str().ok())
        .map(str::to_owned);
    let mut me = fixtures::me();
    if let Some(name) = &acting_as {
        me.person = Some(fixtures::person(name));
    }
    fake.world().acting_as = acting_as;
    Json(me).into_response()
}

pub(super) async fn accounts() -> Response {
    let of = |name: &str| {
        let account = fixtures::account(name);
        json!({"id": account.id, "name": name, "state": "ACTIVE", "ou_path": account.ou_path, "ou_ids": [],
               "tags": {"env": "=prod"}, "protected": false})
    };
    Json(json!({"items": [of("pay-prod"), of("web-prod"), of("data-stage")], "next_cursor": null}))
        .into_response()
}

/// As the daemon takes them, for ann.
fn is_in_scope(scope: &str, view: &RequestView) -> bool {
    match scope {
        "mine" => view.requester.user_name == "ann",
        "queue" => view.you_may.iter().any(|verb| verb == "reject"),
        _ => true,
    }
}

/// Three rows a page at most, and an empty page behind the first, so that every client must follow the cursor.
pub(super) async fn list(
    State(fake): State<Shared>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let mut world = fake.world();
    world.scopes.extend(query.get("scope").cloned());
    let has = |name: &str, fits: &dyn Fn(&str) -> bool| query.get(name).is_none_or(|value| fits(value));
    let found: Vec<&RequestView> = world
        .requests
        .iter()
        .filter(|r| has("state", &|s| s.split(',').any(|s| s == r.state.as_str())))
        .filter(|r| has("q", &|q| r.id.to_string().contains(q)))
        .filter(|r| has("scope", &|scope| is_in_scope(scope, r)))
        .filter(|r| has("batch", &|batch| r.batch_id.as_deref() == Some(batch)))
        .collect();
    let cursor = query.get("cursor").map_or("0", String::as_str);
    if let Some(next) = cursor.strip_prefix("empty-") {
        return Json(json!({"items": [], "next_cursor": next})).into_response();
    }
    let from: usize = cursor.parse().unwrap_or(0);
    let limit: usize = query.get("limit").and_then(|l| l.parse().ok()).unwrap_or(100);
    let to = (from + limit.min(3)).min(found.len());
    let empty = if from == 0 { "empty-" } else { "" };
    let next_cursor = (to < found.len()).then(|| format!("{empty}{to}"));
    Json(json!({"items": found[from..to], "next_cursor": next_cursor})).into_response()
}

pub(super) async fn one(State(fake): State<Shared>, Path(id): Path<String>) -> Response {
    match fake
        .world()
        .requests
        .iter()
        .find(|view| view.id.to_string() == id)
    {
        Some(view) => Json(view).into_response(),
        None => problem(Code::NotFound, "no such request"),
    }
}

fn saw(fake: &Fake, path: String, headers: &HeaderMap, body: &Value) {
    let key = headers
        .get("Idempotency-Key")
        .and_then(|key| key.to_str().ok())
        .map(str::to_owned);
    fake.world().seen.push((path, key, body.clone()));
}

pub(super) async fn submit(
    State(fake): State<Shared>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    saw(&fake, "submit".to_owned(), &headers, &body);
    let account = body["account_id"].as_str().unwrap_or_default();
    if account.parse::<team_shared::ids::AccountId>().is_err() {
        return problem(
            Code::NotFound,
            &format!("the organisation has no account {account}"),
        );
    }
    if body["permission_set"] == "Nope" {
        return problem(Code::NotEligible, "no rule lets you ask for Nope");
    }
    let mut view = fixtures::request(now(), "NEWREQ", "ann", 0);
    view.you_may = vec!["cancel".to_owned()];
    view.justification = body["justification"].as_str().unwrap_or_default().to_owned();
    view.duration_seconds = body["duration_seconds"].as_i64().unwrap_or(60);
    if body["dry_run"] == true {
        return Json(view).into_response();
    }
    fake.world().requests.push(view.clone());
    let fate = fake.world().fate;
    fake.change("NEWREQ", EventType::RequestSubmitted, |view| {
        view.state = fate.unwrap_or(view.state);
    });
    (StatusCode::CREATED, Json(view)).into_response()
}

/// One for each, `NEWRQ1` and on; the last of them comes to what `fate` says, the others are active.
pub(super) async fn submit_batch(
    State(fake): State<Shared>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    saw(&fake, "batch".to_owned(), &headers, &body);
    let count = body["requests"].as_array().map_or(0, Vec::len);
    let mut world = fake.world();
    let mut filed = Vec::new();
    for number in 1..=count {
        let mut view = fixtures::request(now(), &format!("NEWRQ{number}"), "ann", 0);
        filed.push(view.clone());
        view.state = match world.fate {
            Some(fate) if number == count => fate,
            _ => RequestState::Active,
        };
        world.requests.push(view);
    }
    (StatusCode::CREATED, Json(Page::whole(filed))).into_response()
}

/// Both of them: frozen where there is a reason to be.
pub(super) async fn freeze(
    State(fake): State<Shared>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    saw(&fake, "freeze".to_owned(), &headers, &body);
    let is_on = body["revoke"].is_boolean();
    let frozen = is_on.then(|| json!({"since": now(), "by": "ann", "reason": body["reason"]}));
    Json(json!({"frozen": frozen, "ended": if body["revoke"] == true { 3 } else { 0 }})).into_response()
}

/// The rules of the route are the daemon's; here it is live or not.
pub(super) async fn use_of(State(fake): State<Shared>, Path(id): Path<String>) -> Response {
    let world = fake.world();
    let Some(view) = world.requests.iter().find(|view| view.id.to_string() == id) else {
        return problem(Code::NotFound, "no such request");
    };
    if view.requester.user_name != "ann" {
        return problem(Code::NotAllowed, "only its requester may use it");
    }
    if view.state != RequestState::Active {
        return problem(
            Code::AlreadyDecided,
            "use does not apply to a request that is not active",
        );
    }
    Json(
        json!({"request_id": view.id, "portal_url": world.portal_url, "sso_region": "eu-west-1",
                "region": "eu-west-1", "account_id": view.account.id, "account_name": view.account.name,
                "role_name": view.permission_set.name, "profile": "x]\n[default", "until": now()}),
    )
    .into_response()
}

pub(super) async fn act(
    State(fake): State<Shared>,
    Path((id, verb)): Path<(String, String)>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    saw(&fake, verb.clone(), &headers, &body);
    let Some(view) = fake
        .world()
        .requests
        .iter()
        .find(|view| view.id.to_string() == id)
        .cloned()
    else {
        return problem(Code::NotFound, "no such request");
    };
    if body["version"]
        .as_u64()
        .is_some_and(|version| version != view.version)
    {
        return problem(Code::Stale, "it has changed since you read it");
    }
    if verb == "approve" {
        if view.requester.user_name == "ann" {
            return problem(Code::SelfApproval, "nobody decides on their own request");
        }
        if serde_json::from_value::<Approve>(body).is_err() {
            return problem(Code::BadJson, "not an approval");
        }
    }
    if verb == "done" && fake.world().done_fails {
        return problem(Code::Internal, "the daemon has a fault");
    }
    let (state, kind) = match verb.as_str() {
        "approve" => (RequestState::Active, EventType::RequestApproved),
        "reject" => (RequestState::Rejected, EventType::RequestRejected),
        "cancel" => (RequestState::Cancelled, EventType::RequestCancelled),
        "claim" => (view.state, EventType::RequestClaimed),
        "review" => (view.state, EventType::RequestReviewed),
        _ => (RequestState::Ending, EventType::RequestEnding),
    };
    match fake.change(&view.id.short(), kind, |view| {
        view.state = state;
        view.you_may.clear();
    }) {
        Some(view) => Json(view).into_response(),
        None => problem(Code::NotFound, "no such request"),
    }
}

pub(super) async fn timeline(State(fake): State<Shared>, Path(id): Path<String>) -> Response {
    let of = |event: &&Event| event.request_id.is_some_and(|of| of.to_string() == id);
    let items: Vec<Event> = fake.world().events.iter().filter(of).cloned().collect();
    Json(Page::whole(items)).into_response()
}

pub(super) type Events = Sse<std::pin::Pin<Box<dyn Stream<Item = Result<SseEvent, Infallible>> + Send>>>;

pub(super) async fn events(
    State(fake): State<Shared>,
    Query(query): Query<HashMap<String, String>>,
) -> Events {
    let after = query.get("after").and_then(|seq| seq.parse::<u64>().ok());
    let after = after.unwrap_or_else(|| fake.world().events.len() as u64);
    let wake = fake.changed.subscribe();
    let end = killed(&fake);
    let stream = futures::stream::unfold((fake, wake, after), |(fake, mut wake, after)| async move {
        loop {
            let next = fake
                .world()
                .events
                .get(usize::try_from(after).unwrap_or(usize::MAX))
                .cloned();
            if let Some(event) = next {
                let data = serde_json::to_string(&event).expect("json");
                let sse = SseEvent::default()
                    .id(event.seq.to_string())
                    .event(event.kind.as_str())
                    .data(data);
                return Some((Ok(sse), (fake, wake, after + 1)));
            }
            wake.changed().await.ok()?;
        }
    });
    Sse::new(stream.take_until(end).boxed())
}

/// Resolves when the daemon is killed.
pub(super) fn killed(fake: &Fake) -> futures::future::BoxFuture<'static, ()> {
    let mut killed = fake.killed.subscribe();
    Box::pin(async move {
        let _ = killed.changed().await;
    })
}

pub(super) async fn policy(State(fake): State<Shared>) -> Response {
    let document = fake.world().policy.clone();
    Json(
        json!({"version": 3, "document": document, "sha256": "ab", "applied_by": "gita", "applied_at": now(),
                "warnings": []}),
    )
    .into_response()
}

/// One expectation holds, and a second does not if the document names bob.
pub(super) async fn policy_test(Json(body): Json<Value>) -> Response {
    let text = body["expectations"].as_str().unwrap_or_default();
    let failed = usize::from(text.contains("bob"));
    let result = |holds: bool| {
        json!({"line": 4, "holds": holds, "expected": "bob may Admin in prod", "asks": 2, "asks_failed": 2,
               "came": ["bob, Admin in prod: refused\u{1b}[2J with denied"], "reason": "he is on call"})
    };
    let version = if body["document"].is_null() {
        json!(3)
    } else {
        Value::Null
    };
    let results: Vec<Value> = [true, false].into_iter().take(1 + failed).map(result).collect();
    Json(
        json!({"policy_version": version, "passed": 1, "failed": failed, "results": results,
                "warnings": ["a key without effect"]}),
    )
    .into_response()
}

pub(super) async fn directory() -> Response {
    Json(
        json!({"loaded_at": now(), "instance_arn": "i", "identity_store_id": "d", "management_account": null,
                "organizational_units": [], "accounts": [], "permission_sets": [], "people": [], "groups": []}),
    )
    .into_response()
}

pub(super) async fn audit(State(fake): State<Shared>) -> Response {
    let rows: Vec<Value> = fake
        .world()
        .events
        .iter()
        .map(|event| {
            let mut row = serde_json::to_value(event).expect("json");
            row["hash"] = json!("aa");
            row["prev"] = json!("bb");
            row
        })
        .collect();
    Json(json!({"items": rows, "next_cursor": null})).into_response()
}

pub(super) async fn verify(State(fake): State<Shared>) -> Response {
    let ok = fake.world().healthy;
    Json(json!({"ok": ok, "rows": 7, "head": "abcd", "erased_texts": 0})).into_response()
}

pub(super) async fn status(
    State(fake): State<Shared>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let world = fake.world();
    if !query.contains_key("short") && !world.full_status_allowed {
        return problem(Code::NotAllowed, "your role does not allow it");
    }
    let problems: &[&str] = if world.healthy {
        &[]
    } else {
        &["1 removal is overdue"]
    };
    let overdue = u64::from(!world.healthy);
    Json(json!({"healthy": world.healthy, "problems": problems, "pending": 4, "active": 2, "overdue": overdue}))
        .into_response()
}

pub(super) async fn report(Query(asked): Query<ReportQuery>) -> Response {
    Json(fixtures::report(now(), asked.by)).into_response()
}
