//! The audit trail: list, export, check.

use super::Api;
use super::body::query;
use super::caller::Known;
use super::error::ApiError;
use super::events::{event_of, may_see};
use super::paging::{BATCH, Bounds, CLOCK_SET_BACK, page};
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
use team_shared::list::{DEFAULT_LIMIT, MAX_LIMIT};
use team_shared::problem::Code;
use team_shared::text::inert;
use teamd_domain::identity::Caller;
use teamd_engine::Refused;
use teamd_store::port::{AuditFilter, AuditRecord};

/// Rows of an export that are written at once.
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
    let (hash, prev) = (teamd_engine::hex(&record.hash), teamd_engine::hex(&record.prev));
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
) -> Result<Response, ApiError> {
    let asked: Asked = query(&uri)?;
    let limit = asked.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Refused::field("limit", format!("1 to {MAX_LIMIT}")).into());
    }
    let (rows, next) = visible(&api, &caller, &asked, limit, Order::NewestFirst).await?;
    let rows = rows.into_iter().map(|record| {
        let cursor = record.seq.to_string();
        (row_of(record), cursor)
    });
    page(rows, next.map(|seq| seq.to_string()))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    NewestFirst,
    OldestFirst,
}

/// From when to when. Compared here, not by the database: a search by time would read all rows in one job.
#[derive(Clone, Copy)]
struct Period {
    since: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
    order: Order,
}

impl Period {
    fn of(asked: &Asked, order: Order) -> Self {
        Self {
            since: asked.since,
            until: asked.until,
            order,
        }
    }

    fn holds(&self, at: DateTime<Utc>) -> bool {
        let at = at.timestamp_millis();
        self.since.is_none_or(|since| at >= since.timestamp_millis())
            && self.until.is_none_or(|until| at < until.timestamp_millis())
    }

    /// Whether no later row in this order can be of the period. Rows are in the order of their times, but for a clock
    /// that was set back.
    fn is_over_at(&self, at: DateTime<Utc>) -> bool {
        match self.order {
            Order::NewestFirst => self
                .since
                .is_some_and(|since| since.signed_duration_since(at) > CLOCK_SET_BACK),
            Order::OldestFirst => self
                .until
                .is_some_and(|until| at.signed_duration_since(until) > CLOCK_SET_BACK),
        }
    }
}

/// How far a call has read.
#[derive(Default)]
struct Scan {
    rows: Vec<AuditRecord>,
    /// The last row that was looked at.
    position: Option<u64>,
    /// Which requests the caller may see.
    known: HashMap<RequestId, bool>,
    /// The page is full, or the trail ends.
    is_done: bool,
    has_more: bool,
}

/// Rows that the caller may see, and where the next page begins. Reads in several short jobs.
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
    let mut scan = Scan {
        position: asked.cursor,
        has_more: true,
        ..Scan::default()
    };
    let mut call = Bounds::of_call();
    while !scan.is_done && !call.is_spent() {
        let (facts, caller) = (facts.clone(), caller.clone());
        let period = Period::of(asked, order);
        let mut filter = AuditFilter {
            request: asked.request,
            ..AuditFilter::default()
        };
        (scan, call) = api
            .engine
            .store()
            .read(move |read| {
                let mut job = Bounds::of_job();
                while !scan.is_done && !job.is_spent() && !call.is_spent() {
                    filter.limit = BATCH.min(limit + 1);
                    match order {
                        Order::NewestFirst => filter.newest_before = Some(scan.position.unwrap_or(u64::MAX)),
                        Order::OldestFirst => filter.after = scan.position.unwrap_or(0),
                    }
                    let found = read.audit(&filter)?;
                    scan.has_more = found.len() == filter.limit;
                    scan.is_done = !scan.has_more;
                    for record in found {
                        job.count();
                        call.count();
                        let seq = record.seq;
                        if period.is_over_at(record.at) {
                            (scan.is_done, scan.has_more) = (true, false);
                            break;
                        }
                        if period.holds(record.at)
                            && may_see(read, &facts, &caller, &record, &mut scan.known)?
                        {
                            if scan.rows.len() == limit {
                                (scan.is_done, scan.has_more) = (true, true);
                                break;
                            }
                            scan.rows.push(record);
                        }
                        scan.position = Some(seq);
                    }
                }
                Ok::<_, Refused>((scan, call))
            })
            .await?;
    }
    let next = scan.position.filter(|_| scan.has_more);
    Ok((scan.rows, next))
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
        head: teamd_engine::hex(&check.head),
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
