//! `/_simulator/…`: the strings behind the scene, for tests and demonstrations. Answers are JSON; a request
//! that makes no sense is answered 400 with a text.

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::faults::Faults;
use crate::organisation::{AssignmentKey, Organisation, Principal, Schedule, SetupError};
use crate::server::Shared;

#[derive(Deserialize)]
pub(super) struct After {
    #[serde(default)]
    after: u64,
}

/// `GET /_simulator/calls?after=N`: the call log, from the call with number N + 1 on.
pub(super) async fn calls(State(shared): State<Shared>, Query(query): Query<After>) -> Json<Value> {
    let org = shared.lock();
    let calls: Vec<_> = org.calls().filter(|call| call.number > query.after).collect();
    Json(json!({ "calls": calls, "total": org.call_count() }))
}

/// `GET /_simulator/faults`: the faults installed, and how often each rule was hit.
pub(super) async fn faults(State(shared): State<Shared>) -> Json<Value> {
    let org = shared.lock();
    Json(json!({ "faults": org.faults(), "hits": org.fault_hits() }))
}

/// `POST /_simulator/faults`: replaces the faults by a TOML document, or JSON if the content type says so.
pub(super) async fn install_faults(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, BadRequest> {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let faults = if content_type.is_some_and(|kind| kind.contains("json")) {
        Faults::from_json(&body).map_err(bad_request)?
    } else {
        let text = std::str::from_utf8(&body).map_err(bad_request)?;
        Faults::from_toml(text).map_err(bad_request)?
    };
    shared.lock().install_faults(faults, shared.now_ms());
    Ok(Json(json!({ "installed": true })))
}

/// `POST /_simulator/reset-faults`: back to the faults the simulator was started with.
pub(super) async fn reset_faults(State(shared): State<Shared>) -> Json<Value> {
    shared
        .lock()
        .install_faults(shared.initial_faults().clone(), shared.now_ms());
    Json(json!({ "installed": true }))
}

/// `GET /_simulator/assignments`: what is really there, with names.
pub(super) async fn assignments(State(shared): State<Shared>) -> Json<Value> {
    let now_ms = shared.now_ms();
    let mut org = shared.lock();
    org.advance(now_ms);
    let rows: Vec<_> = org
        .assignments()
        .map(|(key, since_ms)| row(&org, key, since_ms))
        .collect();
    Json(json!({ "assignments": rows }))
}

/// An assignment by names or ids.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AssignmentBody {
    user: Option<String>,
    group: Option<String>,
    account: String,
    permission_set: String,
}

/// `POST /_simulator/assignments`: adds one at once, as somebody at the console would.
pub(super) async fn add_assignment(
    State(shared): State<Shared>,
    body: Bytes,
) -> Result<Json<Value>, BadRequest> {
    let now_ms = shared.now_ms();
    let mut org = shared.lock();
    let key = key(&org, &body)?;
    org.put_assignment(&key, now_ms);
    Ok(Json(row(&org, &key, now_ms)))
}

/// `DELETE /_simulator/assignments`: takes one away at once.
pub(super) async fn remove_assignment(
    State(shared): State<Shared>,
    body: Bytes,
) -> Result<Json<Value>, BadRequest> {
    let now_ms = shared.now_ms();
    let mut org = shared.lock();
    let key = key(&org, &body)?;
    org.remove_assignment(&key, now_ms);
    Ok(Json(row(&org, &key, now_ms)))
}

/// `GET /_simulator/schedules`: the schedules, and how many calls of schedules were given up.
pub(super) async fn schedules(State(shared): State<Shared>) -> Json<Value> {
    let now_ms = shared.now_ms();
    let mut org = shared.lock();
    org.advance(now_ms);
    let rows: Vec<_> = org.schedules().map(schedule_row).collect();
    Json(json!({ "schedules": rows, "dead_letters": org.dead_letters() }))
}

fn schedule_row(schedule: &Schedule) -> Value {
    let spec = &schedule.spec;
    json!({
        "name": spec.name,
        "at_ms": spec.at_ms,
        "target": spec.target,
        "role": spec.role,
        "input": serde_json::from_str::<Value>(&spec.input).unwrap_or_else(|_| json!(spec.input)),
        "attempts": schedule.attempts,
    })
}

/// `GET /_simulator/organisation`: ids and names of everything.
pub(super) async fn organisation(State(shared): State<Shared>) -> Json<Value> {
    let org = shared.lock();
    let accounts: Vec<_> = org
        .accounts()
        .map(|account| {
            let (id, name, state, unit) = (
                &account.id,
                &account.name,
                account.state,
                org.unit_names_of(&account.id),
            );
            json!({ "id": id, "name": name, "state": state, "unit": unit.join("/"), "tags": account.tags })
        })
        .collect();
    let users: Vec<_> = org
        .users()
        .map(|user| json!({ "id": user.id, "name": user.user_name, "enabled": user.enabled }))
        .collect();
    let groups: Vec<_> = org
        .groups()
        .map(|group| json!({ "id": group.id, "name": group.display_name, "members": group.members }))
        .collect();
    let sets: Vec<_> = org
        .permission_sets()
        .map(|set| json!({ "arn": set.arn, "name": set.name, "session_duration": set.session_duration }))
        .collect();
    Json(json!({
        "id": org.id(),
        "region": org.region(),
        "management_account": org.management_account(),
        "instance_arn": org.instance_arn(),
        "identity_store_id": org.identity_store_id(),
        "accounts": accounts,
        "users": users,
        "groups": groups,
        "permission_sets": sets,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatusBody {
    user: String,
    enabled: bool,
}

/// `POST /_simulator/user-status` `{"user": "alice", "enabled": false}`.
pub(super) async fn set_user_status(
    State(shared): State<Shared>,
    body: Bytes,
) -> Result<Json<Value>, BadRequest> {
    let StatusBody { user, enabled } = serde_json::from_slice(&body).map_err(bad_request)?;
    let mut org = shared.lock();
    let found = org
        .user(&user)
        .or_else(|| org.user_named(&user))
        .map(|user| user.id.clone());
    let id = found.ok_or_else(|| bad_request(SetupError::Unknown(format!("user {user}"))))?;
    org.set_user_enabled(&id, enabled);
    Ok(Json(json!({ "id": id, "enabled": enabled })))
}

fn key(org: &Organisation, body: &[u8]) -> Result<AssignmentKey, BadRequest> {
    let wanted: AssignmentBody = serde_json::from_slice(body).map_err(bad_request)?;
    match (&wanted.user, &wanted.group) {
        (Some(user), None) => org.user_key(user, &wanted.account, &wanted.permission_set),
        (None, Some(group)) => org.group_key(group, &wanted.account, &wanted.permission_set),
        _ => Err(SetupError::Invalid(
            "an assignment is for a user or for a group".into(),
        )),
    }
    .map_err(bad_request)
}

fn row(org: &Organisation, key: &AssignmentKey, since_ms: i64) -> Value {
    let name = match &key.principal {
        Principal::User(id) => org.user(id).map(|user| user.user_name.as_str()),
        Principal::Group(id) => org.group(id).map(|group| group.display_name.as_str()),
    };
    json!({
        "account": key.account,
        "account_name": org.account(&key.account).map(|account| account.name.as_str()),
        "permission_set": key.permission_set,
        "permission_set_name": org.permission_set(&key.permission_set).map(|set| set.name.as_str()),
        "principal_type": key.principal.kind(),
        "principal_id": key.principal.id(),
        "principal_name": name,
        "since_ms": since_ms,
    })
}

/// A request that makes no sense, and why.
pub(super) struct BadRequest(String);

impl IntoResponse for BadRequest {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, format!("{}\n", self.0)).into_response()
    }
}

fn bad_request(problem: impl std::fmt::Display) -> BadRequest {
    BadRequest(problem.to_string())
}
