//! CloudTrail Lake: `StartQuery`, `GetQueryResults`, `CancelQuery`.

use serde_json::{Value, json};

use super::Call;
use super::input::{Input, invalid_token};
use super::page::{decode_token, encode_token};
use crate::organisation::{Answer, AwsError, ErrorKind, Operation, QueryStatus};

/// Rows of a page, and characters of a statement, at most.
const PAGE: i64 = 1000;
const STATEMENT: usize = 10_000;

pub(super) fn start_query(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    let statement = input.required("QueryStatement")?;
    if statement.chars().count() > STATEMENT {
        return Err(input
            .invalid(
                "QueryStatement",
                "Member must have length less than or equal to 10000",
            )
            .into());
    }
    let id = call.org.start_query(call.by, statement, call.now_ms)?;
    Ok(json!({ "QueryId": id }))
}

pub(super) fn get_query_results(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    let id = input.required("QueryId")?;
    let size = input.number("MaxQueryResults")?.unwrap_or(PAGE);
    if !(1..=PAGE).contains(&size) {
        let kind = ErrorKind::Named("InvalidMaxResultsException");
        return Err(AwsError::new(kind, "MaxQueryResults is between 1 and 1000").into());
    }
    let parameters = input.parameters();
    let offset = match input.optional("NextToken")? {
        None => 0,
        Some(token) => match decode_token(token, parameters).as_deref() {
            Some([offset]) => usize::try_from(*offset).unwrap_or(usize::MAX),
            _ => return Err(invalid_token(Operation::GetQueryResults).into()),
        },
    };
    let results = call.org.get_query_results(call.by, id, call.now_ms)?;
    let total = results.rows.len();
    let size = usize::try_from(size).unwrap_or(1);
    let rows: Vec<Value> = results
        .rows
        .into_iter()
        .skip(offset)
        .take(size)
        .map(|record| json!([{ "eventJson": record }]))
        .collect();
    let end = offset.saturating_add(rows.len());
    let mut answer = json!({
        "QueryStatus": name(results.status),
        "QueryStatistics": { "ResultsCount": rows.len(), "TotalResultsCount": total },
        "QueryResultRows": rows,
    });
    if end < total {
        answer["NextToken"] = encode_token(&[end as u64], parameters).into();
    }
    if let Some(error) = results.error {
        answer["ErrorMessage"] = error.into();
    }
    Ok(answer)
}

pub(super) fn cancel_query(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    let id = input.required("QueryId")?;
    let status = call.org.cancel_query(call.by, id, call.now_ms)?;
    Ok(json!({ "QueryId": id, "QueryStatus": name(status) }))
}

fn name(status: QueryStatus) -> &'static str {
    match status {
        QueryStatus::Queued => "QUEUED",
        QueryStatus::Running => "RUNNING",
        QueryStatus::Finished => "FINISHED",
        QueryStatus::Failed => "FAILED",
        QueryStatus::Cancelled => "CANCELLED",
        QueryStatus::TimedOut => "TIMED_OUT",
    }
}
