//! CloudTrail Lake, of one event data store with the events of every account and region: queries that take their time.

use std::collections::BTreeMap;

use serde_json::Value;

use super::condition::{Statement, sql};
use super::error::{Answer, AwsError, ErrorKind};
use super::operation::Operation;
use super::types::Caller;
use super::{About, Organisation, ids};

/// So many queries may be unfinished at once.
const CONCURRENT: usize = 10;

/// How a query is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryStatus {
    /// Not begun.
    Queued,
    /// At work.
    Running,
    /// It has its results.
    Finished,
    /// It has none.
    Failed,
    /// It took too long.
    TimedOut,
    /// It was cancelled.
    Cancelled,
}

/// What `GetQueryResults` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryResults {
    /// How it is doing.
    pub status: QueryStatus,
    /// All rows of `eventJson`; empty unless finished.
    pub rows: Vec<String>,
    /// Why it failed.
    pub error: Option<String>,
}

/// All queries.
#[derive(Debug, Clone, Default)]
pub(crate) struct Queries(BTreeMap<String, Query>);

#[derive(Debug, Clone)]
struct Query {
    statement: Statement,
    running_ms: i64,
    ended_ms: i64,
    end: QueryStatus,
    error: Option<String>,
    /// Once it was seen finished.
    rows: Option<Vec<String>>,
}

impl Query {
    fn status(&self, now_ms: i64) -> QueryStatus {
        match now_ms {
            _ if now_ms >= self.ended_ms => self.end,
            _ if now_ms >= self.running_ms => QueryStatus::Running,
            _ => QueryStatus::Queued,
        }
    }
}

impl Organisation {
    /// The event data store of the organisation, in the management account and the organisation's region.
    pub fn event_data_store(&self) -> String {
        let (region, account) = (&self.region, &self.management);
        let id = ids::uuid(&format!("{} event data store", self.id));
        format!("arn:aws:cloudtrail:{region}:{account}:eventdatastore/{id}")
    }

    /// Starts a query; its id.
    pub fn start_query(&mut self, by: &Caller, text: &str, now_ms: i64) -> Answer<String> {
        let about = About::account(&by.account);
        self.call(by, Operation::StartQuery, about, now_ms, |org, verdict| {
            let named = |code, message: String| AwsError::new(ErrorKind::Named(code), message);
            let statement = sql(text).map_err(|problem| named("InvalidQueryStatementException", problem))?;
            let store = org.event_data_store();
            let known = by.account == org.management
                && by.region == org.region
                && store.ends_with(&format!("/{}", statement.from));
            if !known {
                let message = format!("Event data store {} not found", statement.from);
                return Err(named("EventDataStoreNotFoundException", message));
            }
            let unfinished = org.queries.0.values().filter(|it| now_ms < it.ended_ms).count();
            if unfinished >= CONCURRENT {
                let message = format!("{CONCURRENT} queries are at work");
                return Err(named("MaxConcurrentQueriesException", message));
            }
            let serial = org.next_serial();
            let id = ids::uuid(&format!("{} query {serial}", org.id));
            let running_ms = now_ms + org.faults().lake_queued_ms;
            let end = match (&verdict.fail_with, verdict.time_out) {
                (Some(_), _) => QueryStatus::Failed,
                (None, true) => QueryStatus::TimedOut,
                (None, false) => QueryStatus::Finished,
            };
            let query = Query {
                statement,
                running_ms,
                ended_ms: running_ms + org.faults().lake_running_ms + verdict.slow_ms,
                end,
                error: verdict.fail_with.clone(),
                rows: None,
            };
            org.queries.0.insert(id.clone(), query);
            Ok(id)
        })
    }

    /// How a query is doing, and its results.
    pub fn get_query_results(&mut self, by: &Caller, id: &str, now_ms: i64) -> Answer<QueryResults> {
        let about = About::account(&by.account);
        self.call(by, Operation::GetQueryResults, about, now_ms, |org, _| {
            let query = org.queries.0.get(id).ok_or_else(|| unknown(id))?;
            let status = query.status(now_ms);
            let rows = match (&query.rows, status) {
                (Some(rows), _) => rows.clone(),
                (None, QueryStatus::Finished) => org.rows_of(query),
                (None, _) => Vec::new(),
            };
            let error = query.error.clone().filter(|_| status == QueryStatus::Failed);
            if status == QueryStatus::Finished
                && let Some(query) = org.queries.0.get_mut(id)
            {
                query.rows = Some(rows.clone());
            }
            Ok(QueryResults { status, rows, error })
        })
    }

    /// Ends a query that has not ended; how it is doing now.
    pub fn cancel_query(&mut self, by: &Caller, id: &str, now_ms: i64) -> Answer<QueryStatus> {
        let about = About::account(&by.account);
        self.call(by, Operation::CancelQuery, about, now_ms, |org, _| {
            let query = org.queries.0.get_mut(id).ok_or_else(|| unknown(id))?;
            if now_ms >= query.ended_ms {
                let code = ErrorKind::Named("InactiveQueryException");
                return Err(AwsError::new(code, format!("Query {id} has ended")));
            }
            (query.end, query.ended_ms) = (QueryStatus::Cancelled, now_ms);
            Ok(query.status(now_ms))
        })
    }

    fn rows_of(&self, query: &Query) -> Vec<String> {
        let mut found: Vec<_> = self
            .trail
            .everything()
            .map(|(_, _, event)| event)
            .filter(|event| {
                event.visible_ms <= query.ended_ms
                    && serde_json::from_str::<Value>(&event.record)
                        .is_ok_and(|record| query.statement.condition.holds(&record))
            })
            .collect();
        let shuffled = self.faults().delivery.shuffled;
        found.sort_by_key(|event| match shuffled {
            true => (0, event.shuffled()),
            false => (event.time_ms, (event.serial, 0)),
        });
        found.into_iter().map(|event| event.record.clone()).collect()
    }
}

fn unknown(id: &str) -> AwsError {
    let code = ErrorKind::Named("QueryIdNotFoundException");
    AwsError::new(code, format!("Query {id} not found"))
}
