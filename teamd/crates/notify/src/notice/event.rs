//! The event for programs, and lines for people to copy.

use super::facts::short;
use super::{Act, Part, Reader, TEXT, cut};
use crate::Told;
use serde_json::{Value, json};
use team_shared::event::EventType;
use team_shared::ids::UserId;
use team_shared::text::inert;

/// Lines that can be copied as they are: only words of ours, ids, and what the operators configured.
pub(super) fn acts(told: &Told<'_>, reader: &Reader) -> Vec<Act> {
    let line = |verb: &str| format!("{} {verb}", inert(&reader.command));
    let act = |label, verb: String| Act {
        label,
        line: line(&verb),
    };
    let Some(id) = told.request.map(|request| request.id) else {
        return match told.kind {
            EventType::PolicyProposed => vec![act("To see it", "policy history --diff".to_owned())],
            EventType::DigestWeekly => vec![
                act("What waits for you", "ls --queue".to_owned()),
                act("What nobody has looked at", "ls --review".to_owned()),
            ],
            EventType::NotifyFailing => vec![act("To see what waits", "notify log".to_owned())],
            _ => vec![act("To see more", "status".to_owned())],
        };
    };
    let mine = reader.part == Some(Part::Requester);
    match told.kind {
        EventType::RequestSubmitted
        | EventType::ReminderPending
        | EventType::RequestEscalated
        | EventType::RequestUnclaimed
        | EventType::RequestTermsChanged
            if reader.part == Some(Part::Approver) =>
        {
            vec![act("To decide", format!("open {id}"))]
        }
        EventType::RequestActive if mine => vec![
            act("To use it", format!("use {id}")),
            act("When you are done", format!("done {id}")),
        ],
        EventType::ReminderBeforeEnd if mine => vec![
            act("For more time", format!("extend {id} --for 1h --reason \"…\"")),
            act("When you are done", format!("done {id}")),
        ],
        EventType::RequestEnded | EventType::RequestRevoked if !mine => {
            vec![act("What was done", format!("activity {id} --digest"))]
        }
        _ => vec![act("To see it", format!("show {id}"))],
    }
}

/// The event as the event stream has it, its texts inert and short.
pub(super) fn event(told: &Told<'_>) -> Value {
    let actor = told.actor;
    json!({
        "seq": told.seq,
        "at": told.at,
        "type": told.kind.as_str(),
        "actor": {
            "user_id": actor.user_id.as_ref().map(UserId::as_str),
            "user_name": actor.user_name.as_deref().map(short),
            "uid": actor.uid,
            "login_uid": actor.login_uid,
        },
        "request_id": told.request.map(|request| request.id.to_string()),
        "data": made_inert(told.data),
    })
}

fn made_inert(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(cut(&inert(text), TEXT)),
        Value::Array(all) => all.iter().take(50).map(made_inert).collect(),
        Value::Object(map) => {
            let entries = map.iter().map(|(name, value)| (short(name), made_inert(value)));
            Value::Object(entries.collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}
