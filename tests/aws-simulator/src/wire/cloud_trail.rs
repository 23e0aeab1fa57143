//! CloudTrail, `CloudTrail_20131101`: `LookupEvents` over the caller's account and region, newest first.

use serde_json::{Value, json};

use super::Call;
use super::input::{Input, invalid_token};
use super::page::{decode_token, encode_token};
use super::sso_admin::seconds;
use crate::organisation::{Answer, AwsError, ErrorKind, LookupCursor, LookupQuery, Operation, TrailEvent};

const PAGE: usize = 50;

const ATTRIBUTES: &[&str] = &[
    "EventId",
    "EventName",
    "ReadOnly",
    "Username",
    "ResourceType",
    "ResourceName",
    "EventSource",
    "AccessKeyId",
];

pub(super) fn lookup_events(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    let (size, token, parameters) = input.page_parts(PAGE)?;
    let query = LookupQuery {
        attribute: attribute(input)?,
        start_ms: input.time_ms("StartTime")?,
        end_ms: input.time_ms("EndTime")?,
        cursor: token.map(|token| cursor(&token, parameters)).transpose()?,
        limit: size,
    };
    if input
        .optional("EventCategory")?
        .is_some_and(|category| category != "insight")
    {
        return Err(AwsError::new(
            ErrorKind::Named("InvalidEventCategoryException"),
            "Invalid category",
        )
        .into());
    }
    let page = call.org.lookup_events(call.by, &query, call.now_ms)?;
    let mut answer = json!({ "Events": page.events.iter().map(event).collect::<Vec<_>>() });
    if let Some(next) = page.next {
        let fields = [next.last_serial, next.as_of_ms.unsigned_abs(), next.offset as u64];
        answer["NextToken"] = encode_token(&fields, parameters).into();
    }
    Ok(answer)
}

fn attribute(input: &Input<'_>) -> Result<Option<(String, String)>, AwsError> {
    let invalid =
        |problem: &str| AwsError::new(ErrorKind::Named("InvalidLookupAttributesException"), problem);
    let Some(attributes) = input.value("LookupAttributes").and_then(Value::as_array) else {
        return Ok(None);
    };
    match attributes.as_slice() {
        [] => Ok(None),
        [one] => {
            let key = one["AttributeKey"]
                .as_str()
                .filter(|key| ATTRIBUTES.contains(key));
            let value = one["AttributeValue"]
                .as_str()
                .filter(|value| (1..=2000).contains(&value.len()));
            let pair = key
                .zip(value)
                .ok_or_else(|| invalid("Invalid lookup attribute"))?;
            Ok(Some((pair.0.to_owned(), pair.1.to_owned())))
        }
        _ => Err(invalid("You may specify at most one lookup attribute")),
    }
}

fn cursor(token: &str, parameters: u64) -> Result<LookupCursor, AwsError> {
    let fields = decode_token(token, parameters).unwrap_or_default();
    let [last_serial, as_of_ms, offset] = fields[..] else {
        return Err(invalid_token(Operation::LookupEvents));
    };
    Ok(LookupCursor {
        last_serial,
        as_of_ms: as_of_ms as i64,
        offset: offset as usize,
    })
}

fn event(event: &TrailEvent) -> Value {
    let resource = |(kind, name): &(String, String)| json!({ "ResourceType": kind, "ResourceName": name });
    let mut value = json!({
        "EventId": event.id,
        "EventName": event.name,
        "ReadOnly": event.read_only.to_string(),
        // Whole seconds, as in the record.
        "EventTime": seconds(event.time_ms.div_euclid(1000) * 1000),
        "EventSource": event.source,
        "Resources": event.resources.iter().map(resource).collect::<Vec<_>>(),
        "CloudTrailEvent": event.record,
    });
    if !event.username.is_empty() {
        value["Username"] = event.username.as_str().into();
    }
    if let Some(key) = &event.access_key_id {
        value["AccessKeyId"] = key.as_str().into();
    }
    value
}
