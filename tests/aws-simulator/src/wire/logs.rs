//! CloudWatch Logs, `Logs_20140328`: `FilterLogEvents` over the log group of the organisation's trail.

use serde_json::{Value, json};

use super::Call;
use super::input::{Input, invalid_token};
use super::page::{decode_token, encode_token};
use crate::organisation::{Answer, AwsError, LogCursor, LogEvent, LogQuery, Operation};

/// Events of a page, and characters of a pattern, at most.
const PAGE: i64 = 10_000;
const PATTERN: usize = 1024;

pub(super) fn filter_log_events(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    let group = match (
        input.optional("logGroupName")?,
        input.optional("logGroupIdentifier")?,
    ) {
        (Some(group), None) | (None, Some(group)) => group,
        _ => return Err(AwsError::validation("either logGroupName or logGroupIdentifier").into()),
    };
    let limit = input.number("limit")?.unwrap_or(PAGE);
    if !(1..=PAGE).contains(&limit) {
        return Err(input
            .invalid("limit", "Member must be between 1 and 10000")
            .into());
    }
    let pattern = input.optional("filterPattern")?.unwrap_or_default();
    if pattern.chars().count() > PATTERN {
        return Err(input
            .invalid(
                "filterPattern",
                "Member must have length less than or equal to 1024",
            )
            .into());
    }
    let parameters = input.parameters();
    let token = input.optional("nextToken")?;
    let query = LogQuery {
        group: group.to_owned(),
        start_ms: input.number("startTime")?,
        end_ms: input.number("endTime")?,
        pattern: pattern.to_owned(),
        limit: usize::try_from(limit).unwrap_or(1),
        cursor: token.map(|token| cursor(token, parameters)).transpose()?,
    };
    let page = call.org.filter_log_events(call.by, &query, call.now_ms)?;
    let events: Vec<Value> = page.events.iter().map(event).collect();
    let mut answer = json!({ "events": events, "searchedLogStreams": [] });
    if let Some(next) = page.next {
        let fields = [
            next.last_serial,
            next.as_of_ms.unsigned_abs(),
            next.offset as u64,
            u64::from(next.was_empty),
        ];
        answer["nextToken"] = encode_token(&fields, parameters).into();
    }
    Ok(answer)
}

fn cursor(token: &str, parameters: u64) -> Result<LogCursor, AwsError> {
    let fields = decode_token(token, parameters).unwrap_or_default();
    let [last_serial, as_of_ms, offset, was_empty] = fields[..] else {
        return Err(invalid_token(Operation::FilterLogEvents));
    };
    Ok(LogCursor {
        last_serial,
        as_of_ms: as_of_ms as i64,
        offset: offset as usize,
        was_empty: was_empty == 1,
    })
}

fn event(event: &LogEvent) -> Value {
    json!({
        "logStreamName": event.stream,
        "timestamp": event.time_ms,
        "ingestionTime": event.ingested_ms,
        "message": event.message,
        "eventId": event.id,
    })
}
