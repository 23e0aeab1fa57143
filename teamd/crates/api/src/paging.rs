//! Bounds of one call: the rows and the time that it reads, and the size of its answer.
//!
//! A list reads in several store jobs, each short, so that others get their turn in between. What does not fit one call
//! is on the next page: a page can be short, or empty, and still have a cursor.

use super::error::ApiError;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};
use team_shared::problem::Code;
use teamd_engine::Refused;

/// The largest answer, in bytes.
pub(super) const MAX_ANSWER: usize = 8 * 1024 * 1024;
/// Rows that a scan reads at once. A job checks its time only between batches: a batch that was read is used, so a slow
/// machine still makes progress.
pub(super) const BATCH: usize = 50;
/// Rows and time of one store job.
const JOB: (usize, Duration) = (1_000, Duration::from_millis(25));
/// Rows and time of one call.
const CALL: (usize, Duration) = (20_000, Duration::from_secs(2));

/// Rows that are older than a period by this much end a search for it: what was written while the clock was wrong by more
/// is not found by time.
pub(super) const CLOCK_SET_BACK: chrono::TimeDelta = chrono::TimeDelta::days(1);

/// What is left to read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    rows: usize,
    until: Instant,
}

impl Bounds {
    fn of((rows, time): (usize, Duration)) -> Self {
        Self {
            rows,
            until: Instant::now() + time,
        }
    }

    /// Those of one store job.
    pub(super) fn of_job() -> Self {
        Self::of(JOB)
    }

    /// Those of one call.
    pub(super) fn of_call() -> Self {
        Self::of(CALL)
    }

    /// One more row was read.
    pub(super) fn count(&mut self) {
        self.rows = self.rows.saturating_sub(1);
    }

    /// Whether nothing more should be read.
    pub(super) fn is_spent(&self) -> bool {
        self.rows == 0 || Instant::now() >= self.until
    }
}

/// A page, written as it goes: it ends early where it would become larger than [`MAX_ANSWER`]. Each row comes with the
/// cursor that goes on behind it; `next` goes on behind all of them.
///
/// # Errors
/// A row cannot be written.
pub(super) fn page<T: Serialize>(
    rows: impl IntoIterator<Item = (T, String)>,
    next: Option<String>,
) -> Result<Response, ApiError> {
    page_within(MAX_ANSWER, rows, next)
}

fn page_within<T: Serialize>(
    most: usize,
    rows: impl IntoIterator<Item = (T, String)>,
    mut next: Option<String>,
) -> Result<Response, ApiError> {
    let failed = |error: serde_json::Error| Refused::new(Code::Internal, error.to_string());
    let mut body = b"{\"items\":[".to_vec();
    let mut behind: Option<String> = None;
    for (row, cursor) in rows {
        let before = body.len();
        if behind.is_some() {
            body.push(b',');
        }
        serde_json::to_writer(&mut body, &row).map_err(failed)?;
        if body.len() > most
            && let Some(last) = behind.take()
        {
            body.truncate(before);
            next = Some(last);
            break;
        }
        behind = Some(cursor);
    }
    body.extend_from_slice(b"],\"next_cursor\":");
    serde_json::to_writer(&mut body, &next).map_err(failed)?;
    body.push(b'}');
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// Query of a list that has nothing to search for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ListQuery {
    pub(super) cursor: Option<String>,
}

/// The page of a list that is made anew for each call, and has no keys to go on from: cursors count its rows.
///
/// # Errors
/// The cursor is none of this list.
pub(super) fn page_of_list<T: Serialize>(
    rows: impl IntoIterator<Item = T>,
    cursor: Option<&str>,
) -> Result<Response, ApiError> {
    let skip: usize = match cursor {
        None => 0,
        Some(cursor) => cursor
            .parse()
            .map_err(|_| Refused::field("cursor", "not a cursor of this list"))?,
    };
    let numbered = rows.into_iter().enumerate().skip(skip);
    page(numbered.map(|(at, row)| (row, (at + 1).to_string())), None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    async fn read(response: Response) -> Value {
        let body = axum::body::to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    #[tokio::test]
    async fn large_page_ends_with_a_cursor() {
        let rows = || (1..=5).map(|n| ("x".repeat(100), n.to_string()));
        let whole = read(page_within(10_000, rows(), None).unwrap()).await;
        assert_eq!(
            (whole["items"].as_array().unwrap().len(), &whole["next_cursor"]),
            (5, &Value::Null)
        );
        let cut = read(page_within(250, rows(), Some("9".to_owned())).unwrap()).await;
        assert_eq!(
            (cut["items"].as_array().unwrap().len(), &cut["next_cursor"]),
            (2, &json!("2"))
        );
        // One row is always there, or nobody would get behind it.
        let one = read(page_within(10, rows(), None).unwrap()).await;
        assert_eq!(
            (one["items"].as_array().unwrap().len(), &one["next_cursor"]),
            (1, &json!("1"))
        );
        let none = read(page_within(10, Vec::<(u8, String)>::new(), Some("7".to_owned())).unwrap()).await;
        assert_eq!(none, json!({"items": [], "next_cursor": "7"}));
    }
}
