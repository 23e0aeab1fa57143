//! The audit trail: list, export, check.

use super::Api;
use super::body::query;
use super::caller::Known;
use super::error::ApiError;
use super::events::{event_of, may_see};
use crate::domain::identity::Caller;
use crate::engine::Refused;
use crate::store::port::{AuditFilter, AuditRecord};
use axum::Json;
use axum::body::Body;
use axum::extract::{OriginalUri, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;
use std::collections::HashMap;
use team_shared::audit::{AuditRow, Verification};
use team_shared::ids::RequestId;
use team_shared::list::{DEFAULT_LIMIT, MAX_LIMIT, Page};
use team_shared::problem::Code;
use team_shared::text::inert;

/// Rows read at once for an export.
const CHUNK: usize = 500;

/// Query of the list and of the export.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    request: Option<RequestId>,
    since: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
    limit: Option<usize>,
    cursor: Option<u64>,
    format: Option<String>,
}

fn row_of(record: AuditRecord) -> AuditRow {
    let (hash, prev) = (crate::engine::hex(&record.hash), crate::engine::hex(&record.prev));
    AuditRow {
        event: event_of(record),
        hash,
        prev,
    }
}

/// `GET /v1/audit`: newest first, those that the caller may see.
pub(super) async fn list(
    State(api): State<Api>,
    Known(caller): Known,
    OriginalUri(uri): OriginalUri,
) -> Result<Json<Page<AuditRow>>, ApiError> {
    let asked: Asked = query(&uri)?;
    let limit = asked.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Refused::field("limit", format!("1 to {MAX_LIMIT}")).into());
    }
    let (rows, next) = visible(&api, &caller, &asked, limit, Order::NewestFirst).await?;
    Ok(Json(Page {
        items: rows.into_iter().map(row_of).collect(),
        next_cursor: next.map(|seq| seq.to_string()),
    }))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    NewestFirst,
    OldestFirst,
}

/// Rows that the caller may see, and where the next page begins.
async fn visible(
    api: &Api,
    caller: &Caller,
    asked: &Asked,
    limit: usize,
    order: Order,
) -> Result<(Vec<AuditRecord>, Option<u64>), Refused> {
    let facts = api.engine.facts();
    if caller.person().is_none() {
        // The operator runs the daemon; what people did is not theirs to read here.
        facts.access(caller).acting_person()?;
    }
    let (caller, asked) = (caller.clone(), asked.clone());
    api.engine
        .store()
        .read(move |read| {
            let mut filter = AuditFilter {
                request: asked.request,
                since: asked.since,
                until: asked.until,
                limit: CHUNK,
                ..AuditFilter::default()
            };
            let (mut rows, mut known) = (Vec::new(), HashMap::new());
            let mut position = asked.cursor;
            loop {
                match order {
                    Order::NewestFirst => filter.newest_before = Some(position.unwrap_or(u64::MAX)),
                    Order::OldestFirst => filter.after = position.unwrap_or(0),
                }
                let page = read.audit(&filter)?;
                let full = page.len() == CHUNK;
                for record in page {
                    let seq = record.seq;
                    if may_see(read, &facts, &caller, &record, &mut known)? {
                        if rows.len() == limit {
                            return Ok((rows, position));
                        }
                        rows.push(record);
                    }
                    position = Some(seq);
                }
                if !full {
                    return Ok((rows, None));
                }
            }
        })
        .await
}

/// `GET /v1/audit/export?format=csv|jsonl`.
pub(super) async fn export(
    State(api): State<Api>,
    Known(caller): Known,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, ApiError> {
    let mut asked: Asked = query(&uri)?;
    let format = asked.format.take().unwrap_or_else(|| "jsonl".to_owned());
    let (write, media): (Writer, _) = match format.as_str() {
        "jsonl" => (json_lines, "application/jsonl"),
        "csv" => (csv_lines, "text/csv; charset=utf-8"),
        _ => return Err(Refused::field("format", "csv or jsonl").into()),
    };
    // The first page is read before the answer begins, so that a refusal is still a refusal.
    let (first, mut next) = visible(&api, &caller, &asked, CHUNK, Order::OldestFirst).await?;
    let stream = async_stream::stream! {
        let rows: Vec<_> = first.into_iter().map(row_of).collect();
        yield Ok::<_, std::io::Error>(write(&rows, true));
        while let Some(cursor) = next {
            asked.cursor = Some(cursor);
            match visible(&api, &caller, &asked, CHUNK, Order::OldestFirst).await {
                Ok((records, after)) => {
                    next = after;
                    let rows: Vec<_> = records.into_iter().map(row_of).collect();
                    yield Ok(write(&rows, false));
                }
                Err(error) => {
                    // A torn export must not look like a whole one.
                    yield Err(std::io::Error::other(error.to_string()));
                    return;
                }
            }
        }
    };
    Ok(([(header::CONTENT_TYPE, media)], Body::from_stream(stream)).into_response())
}

/// Rows as text; the flag says whether they are the first.
type Writer = fn(&[AuditRow], bool) -> Vec<u8>;

fn json_lines(rows: &[AuditRow], _is_first: bool) -> Vec<u8> {
    let mut text = Vec::new();
    for row in rows {
        // Strings of JSON hold no raw control character, so that one row is one line.
        if serde_json::to_writer(&mut text, row).is_ok() {
            text.push(b'\n');
        }
    }
    text
}

fn csv_lines(rows: &[AuditRow], is_first: bool) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    if is_first {
        let header = [
            "seq",
            "at",
            "type",
            "user_id",
            "user_name",
            "uid",
            "login_uid",
            "request_id",
            "data",
            "prev",
            "hash",
        ];
        if writer.write_record(header).is_err() {
            return Vec::new();
        }
    }
    for row in rows {
        let event = &row.event;
        let number = |n: Option<u32>| n.map(|n| n.to_string()).unwrap_or_default();
        let fields = [
            event.seq.to_string(),
            event.at.to_rfc3339_opts(SecondsFormat::Millis, true),
            event.kind.to_string(),
            event
                .actor
                .user_id
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            event.actor.user_name.clone().unwrap_or_default(),
            number(event.actor.uid),
            number(event.actor.login_uid),
            event.request_id.map(|id| id.to_string()).unwrap_or_default(),
            event.data.to_string(),
            row.prev.clone(),
            row.hash.clone(),
        ];
        if writer.write_record(fields.map(|field| csv_safe(&field))).is_err() {
            return Vec::new();
        }
    }
    writer.into_inner().unwrap_or_default()
}

/// A cell that a spreadsheet takes as text, never as a formula.
fn csv_safe(text: &str) -> String {
    let text = inert(text);
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text
    }
}

/// `GET /v1/audit/verify`.
pub(super) async fn verify(
    State(api): State<Api>,
    Known(caller): Known,
) -> Result<Json<Verification>, ApiError> {
    if !api.engine.facts().access(&caller).sees_operations() {
        return Err(Refused::new(
            Code::NotAllowed,
            "checking the audit trail takes security, auditor, administrator or operator",
        )
        .into());
    }
    let check = api.engine.verify_chain().await?;
    Ok(Json(Verification {
        ok: check.fault.is_none(),
        rows: check.rows,
        head: crate::engine::hex(&check.head),
        erased_texts: check.erased_texts,
        fault: check.fault,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_never_formulas() {
        for (cell, safe) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("plain", "plain"),
            ("\t=1", " =1"),
        ] {
            assert_eq!(csv_safe(cell), safe);
        }
    }
}
