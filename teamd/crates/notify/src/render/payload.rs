//! JSON for programs: the payload of a webhook by the Standard Webhooks specification, and the default message of a topic.

use crate::Notice;
use crate::notice::cut;
use chrono::SecondsFormat;
use serde_json::{Value, json};

/// The specification asks for payloads below 20 kB.
pub const MOST_BYTES: usize = 20_000;

/// `{"type", "timestamp", "data": {the event, and what is said about it}}`, in one line.
#[must_use]
pub fn payload(notice: &Notice, id: &str) -> String {
    let whole = body(notice, id, notice.event.clone());
    if whole.len() <= MOST_BYTES {
        return whole;
    }
    // The event can be read in full from the stream by its number.
    let mut event = notice.event.clone();
    event["data"] = Value::Null;
    event["cut"] = Value::Bool(true);
    let less = body(notice, id, event.clone());
    if less.len() <= MOST_BYTES {
        return less;
    }
    let bare = Notice {
        facts: Vec::new(),
        lead: cut(&notice.lead, 2000),
        ..notice.clone()
    };
    body(&bare, id, event)
}

fn body(notice: &Notice, id: &str, event: Value) -> String {
    let facts: serde_json::Map<String, Value> = notice
        .facts
        .iter()
        .map(|fact| (fact.label.to_lowercase().replace(' ', "_"), json!(fact.value)))
        .collect();
    let kind = event["type"].as_str().unwrap_or(notice.kind.as_str()).to_owned();
    json!({
        "type": kind,
        "timestamp": notice.at.to_rfc3339_opts(SecondsFormat::Millis, true),
        "data": {
            "id": id,
            "severity": notice.severity.as_str(),
            "subject": notice.subject,
            "text": notice.lead,
            "facts": facts,
            "commands": notice.acts.iter().map(|act| act.line.as_str()).collect::<Vec<_>>(),
            "account_id": notice.account_id,
            "permission_set": notice.permission_set,
            "event": event,
        },
    })
    .to_string()
}
