//! The body of an audit row: canonical JSON (RFC 8785) with `type`, `actor`, `request_id` and `data`.
//!
//! In `data`, an object stands for a free text and for nothing else: `{"sha256": …}`. RFC 8785 knows numbers only as
//! doubles, so integers beyond ±(2^53 − 1) stand as decimal text.

use super::{Row, Text, impossible, text_hash};
use crate::port::{AuditRecord, StoreError, StoreResult};
use chrono::SecondsFormat;
use rand::RngCore;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use team_shared::event::EventType;
use team_shared::ids::{RequestId, UserId};
use teamd_domain::Time;
use teamd_domain::event::{Actor, Datum, EventDraft};

/// The longest body in bytes. A longer one is cut and says so: an audit row is never refused for its length.
pub(super) const MAX_BODY: usize = 16_384;

/// Integers that a double holds exactly.
const MAX_EXACT: i64 = (1 << 53) - 1;

#[derive(Serialize)]
struct BodyOut<'a> {
    actor: ActorOut<'a>,
    data: Map<String, Value>,
    request_id: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
    r#type: &'a str,
}

#[derive(Serialize)]
struct ActorOut<'a> {
    login_uid: Option<u32>,
    uid: Option<u32>,
    user_id: Option<&'a str>,
    user_name: Option<&'a str>,
}

#[derive(Deserialize)]
struct BodyIn {
    actor: ActorIn,
    data: Map<String, Value>,
    request_id: Option<RequestId>,
    r#type: EventType,
}

#[derive(Deserialize)]
struct ActorIn {
    login_uid: Option<u32>,
    uid: Option<u32>,
    user_id: Option<UserId>,
    user_name: Option<String>,
}

/// The body of an event, and its free texts.
pub(super) fn body(event: &EventDraft) -> StoreResult<(Vec<u8>, Vec<Text>)> {
    let mut texts = Vec::new();
    let data: Map<String, Value> = event
        .data
        .iter()
        .map(|(name, datum)| ((*name).to_owned(), value(name, datum, &mut texts)))
        .collect();
    let mut out = BodyOut {
        actor: ActorOut {
            login_uid: event.actor.login_uid,
            uid: event.actor.uid,
            user_id: event.actor.user_id.as_ref().map(UserId::as_str),
            user_name: event.actor.user_name.as_deref(),
        },
        data,
        request_id: event.request_id.map(|id| id.to_string()),
        truncated: false,
        r#type: event.kind.as_str(),
    };
    let mut bytes = canonical(&out)?;
    for longest in [2048, 256, 32, 0] {
        if bytes.len() <= MAX_BODY {
            break;
        }
        out.truncated = true;
        out.data.values_mut().for_each(|value| shorten(value, longest));
        if longest == 0 {
            // Only names are left that are too many, or an actor's name that is too long.
            out.actor.user_name = out
                .actor
                .user_name
                .map(|name| &name[..name.floor_char_boundary(256)]);
            out.data.retain(|_, value| value.is_object());
            texts.truncate(32);
            out.data
                .retain(|name, _| texts.iter().any(|text| text.field == *name));
        }
        bytes = canonical(&out)?;
    }
    Ok((bytes, texts))
}

/// The record of a row: free texts stand in full again where they have not been erased.
pub(crate) fn restore(row: Row, texts: Vec<Text>) -> StoreResult<AuditRecord> {
    let body: BodyIn =
        serde_json::from_slice(&row.body).map_err(|error| impossible(row.seq, format!("body: {error}")))?;
    let mut data = body.data;
    for text in texts {
        if let Some(value) = data.get_mut(&text.field) {
            *value = Value::String(text.text);
        }
    }
    Ok(AuditRecord {
        seq: row.seq,
        at: Time::from_timestamp_millis(row.ts_ms)
            .ok_or_else(|| impossible(row.seq, format!("ts_ms: no time: {}", row.ts_ms)))?,
        kind: body.r#type,
        actor: Actor {
            user_id: body.actor.user_id,
            user_name: body.actor.user_name,
            uid: body.actor.uid,
            login_uid: body.actor.login_uid,
        },
        request_id: body.request_id,
        data: Value::Object(data),
        prev: row.prev,
        hash: row.hash,
    })
}

/// The hashes that a body holds in place of free texts, by name, ordered.
pub(super) fn text_hashes(body: &[u8]) -> Result<Vec<(String, String)>, String> {
    #[derive(Deserialize)]
    struct DataOnly {
        data: std::collections::BTreeMap<String, Value>,
    }
    let body: DataOnly = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    Ok(body
        .data
        .into_iter()
        .filter_map(|(name, value)| match value {
            Value::Object(object) => Some((name, object.get("sha256")?.as_str()?.to_owned())),
            _ => None,
        })
        .collect())
}

fn canonical(body: &BodyOut<'_>) -> StoreResult<Vec<u8>> {
    serde_json_canonicalizer::to_vec(body)
        .map_err(|error| StoreError::Database(format!("audit body: {error}")))
}

fn value(name: &str, datum: &Datum, texts: &mut Vec<Text>) -> Value {
    match datum {
        Datum::Text(text) => Value::from(text.as_str()),
        Datum::FreeText(text) => {
            let salt = salt();
            let hash = text_hash(&salt, text);
            texts.push(Text {
                field: name.to_owned(),
                salt,
                text: text.clone(),
            });
            json!({ "sha256": hash })
        }
        Datum::Number(number) if number.unsigned_abs() > MAX_EXACT.unsigned_abs() => {
            Value::from(number.to_string())
        }
        Datum::Number(number) => Value::from(*number),
        Datum::Flag(flag) => Value::from(*flag),
        Datum::Moment(at) => {
            Value::from(super::super::record::rounded(*at).to_rfc3339_opts(SecondsFormat::AutoSi, true))
        }
        Datum::List(words) => Value::from(words.clone()),
    }
}

/// Cuts texts to `longest` bytes and lists to 64 words of them, and says how much is gone.
fn shorten(value: &mut Value, longest: usize) {
    match value {
        Value::String(text) if text.len() > longest + 32 => {
            let cut = text.floor_char_boundary(longest);
            *text = format!("{}…[{} bytes cut]", &text[..cut], text.len() - cut);
        }
        Value::Array(words) => {
            let keep = if longest == 0 { 0 } else { 64 };
            if words.len() > keep {
                let gone = words.len() - keep;
                words.truncate(keep);
                words.push(Value::from(format!("…[{gone} more]")));
            }
            words.iter_mut().for_each(|word| shorten(word, longest));
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {}
    }
}

/// 32 bytes that nobody can guess: without them a short text could be found again from its hash.
#[expect(
    clippy::disallowed_methods,
    reason = "salts must not repeat under any seed: the one place of the store"
)]
fn salt() -> Vec<u8> {
    let mut salt = vec![0; 32];
    rand::rng().fill_bytes(&mut salt);
    salt
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> EventDraft {
        EventDraft::new(EventType::GrantRetry)
    }

    fn text_of(event: &EventDraft) -> (String, Vec<Text>) {
        let (bytes, texts) = body(event).unwrap();
        assert!(bytes.len() <= MAX_BODY, "{}", bytes.len());
        (String::from_utf8(bytes).unwrap(), texts)
    }

    #[test]
    fn every_kind_of_datum_has_its_form() {
        let at = Time::from_timestamp_millis(1_795_000_000_123).unwrap();
        let event = draft()
            .with("b", Datum::Number(-3))
            .with("a", Datum::Number(i64::MAX))
            .with("c", Datum::Flag(true))
            .with("d", Datum::Moment(at))
            .with("e", Datum::List(vec!["x".into(), "ü\n".into()]));
        let (json, _) = text_of(&event);
        let data = r#""data":{"a":"9223372036854775807","b":-3,"c":true,"d":"2026-11-18T11:06:40.123Z","e":["x","ü\n"]}"#;
        assert!(json.contains(data), "{json}");
    }

    #[test]
    fn free_text_is_salted_and_stays_out_of_the_body() {
        let event = draft().free("justification", Some("on call"));
        let (first, texts) = text_of(&event);
        let (second, _) = text_of(&event);
        assert_ne!(first, second);
        assert!(!first.contains("on call"));
        assert_eq!(texts[0].salt.len(), 32);
        let hash = text_hash(&texts[0].salt, "on call");
        assert_eq!(
            text_hashes(first.as_bytes()).unwrap(),
            [("justification".to_owned(), hash)]
        );
    }

    #[test]
    fn what_is_too_long_is_cut_and_says_so() {
        let long = "é".repeat(50_000);
        let words = vec!["w".repeat(900); 500];
        let event = draft()
            .text("error", long.clone())
            .with("list", Datum::List(words))
            .free("comment", Some(&long));
        let (json, texts) = text_of(&event);
        assert!(
            json.contains(r#""truncated":true"#) && json.contains("bytes cut]"),
            "{json}"
        );
        assert_eq!(texts[0].text, long);

        let mut event = draft();
        event.actor.user_name = Some("n".repeat(40_000));
        assert!(text_of(&event).0.contains(r#""truncated":true"#));

        let mut event = draft();
        for index in 0..2000 {
            let name: &'static str = Box::leak(format!("k{index}").into_boxed_str());
            event = event.free(name, Some("x"));
        }
        let (_, texts) = text_of(&event);
        assert_eq!(texts.len(), 32);
    }

    #[test]
    fn a_body_within_the_limit_is_left_alone() {
        let (json, _) = text_of(&draft().text("error", "e".repeat(16_000)));
        assert!(!json.contains("truncated"));
    }
}
