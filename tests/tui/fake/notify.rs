//! What the fake knows of messages to people.

use super::{Shared, now};
use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::collections::HashMap;

pub(super) async fn list(
    State(fake): State<Shared>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let one = fake.world().requests[0].id;
    let row = |recipient: &str, state: &str, reply: &str| {
        json!({"id": "ntf_1", "seq": 7, "type": "request.submitted", "request_id": one, "channel": "smtp",
               "recipient": recipient, "state": state, "created_at": now(), "attempts": 2, "tried_at": now(),
               "next_attempt_at": null, "reply": reply})
    };
    let all = [
        row("bob", "sent", "250 queued as 4711"),
        row("carol", "dead", "550 no such mailbox \u{1b}[2J"),
    ];
    let fits = |row: &&Value| {
        query.get("state").is_none_or(|state| row["state"] == *state)
            && query.get("request").is_none_or(|id| row["request_id"] == *id)
    };
    let items: Vec<&Value> = all.iter().filter(fits).collect();
    Json(json!({"items": items, "next_cursor": null})).into_response()
}

pub(super) async fn test(State(fake): State<Shared>, Json(body): Json<Value>) -> Response {
    fake.world()
        .seen
        .push(("notify test".to_owned(), None, body.clone()));
    let taken = body["channel"] == "smtp";
    let reply = if taken { "250 ok" } else { "HTTP 503" };
    Json(json!({"channel": body["channel"], "to": "ann@example.com", "taken": taken, "reply": reply}))
        .into_response()
}

pub(super) async fn retry(State(fake): State<Shared>, Json(body): Json<Value>) -> Response {
    fake.world().seen.push(("notify retry".to_owned(), None, body));
    Json(json!({"count": 2})).into_response()
}
