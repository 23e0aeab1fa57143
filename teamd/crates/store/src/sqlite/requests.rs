//! Requests and their votes. Votes are never changed or deleted; which of them count now stands in the request.

use super::failed;
use crate::port::{RequestFilter, StoreError, StoreResult};
use crate::record::{Place, RequestRow, VoteRow, millis, to_json};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params, params_from_iter};
use std::sync::LazyLock;
use team_shared::ids::RequestId;
use team_shared::state::RequestState;
use teamd_domain::Time;
use teamd_domain::request::{Key, Request};

/// The columns of a row and the values for them: one list for reading, inserting and updating. `counting` follows them.
macro_rules! columns {
    ($($name:literal => $($path:ident).+;)+) => {
        const COLUMNS: &[&str] = &[$($name),+];

        fn values<'a>(row: &'a RequestRow, counting: &'a dyn ToSql) -> Vec<&'a dyn ToSql> {
            let mut values: Vec<&dyn ToSql> = vec![$(&row.$($path).+),+];
            values.push(counting);
            values
        }

        /// Reads by position: a lookup by name compares every column's name.
        fn from_row(row: &Row<'_>) -> rusqlite::Result<(RequestRow, String)> {
            let mut request = RequestRow::default();
            let mut index = 0;
            $(
                request.$($path).+ = row.get(index)?;
                index += 1;
            )+
            Ok((request, row.get(index)?))
        }
    };
}

columns! {
    "id" => id;
    "version" => version;
    "user_id" => user_id;
    "account_id" => account_id;
    "permission_set" => permission_set;
    "revision" => revision;
    "shape" => shape;
    "start_at" => start_at;
    "end_at" => end_at;
    "duration_seconds" => duration_seconds;
    "justification" => justification;
    "ticket" => ticket;
    "break_glass" => break_glass;
    "extends" => extends;
    "batch_id" => batch_id;
    "created_at" => created_at;
    "expires_at" => expires_at;
    "basis" => basis;
    "also_held_through" => also_held_through;
    "state" => state;
    "approved_at" => columns.approved_at;
    "since" => columns.since;
    "first_attempt_at" => columns.first_attempt_at;
    "session_start" => columns.session_start;
    "session_end" => columns.session_end;
    "due_at" => columns.due_at;
    "reason" => columns.reason;
    "outcome" => columns.outcome;
    "finished_at" => columns.finished_at;
    "late_by_seconds" => columns.late_by_seconds;
    "residual_until" => columns.residual_until;
    "still_held_by" => columns.still_held_by;
    "decided_by" => columns.decided_by;
    "comment" => columns.comment;
    "given_up_by" => columns.given_up_by;
    "given_up_at" => columns.given_up_at;
    "given_up_reason" => columns.given_up_reason;
    "deadline_ms" => deadline_ms;
}

static SELECT: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {}, counting FROM requests", COLUMNS.join(", ")));

static INSERT: LazyLock<String> = LazyLock::new(|| {
    let marks = vec!["?"; COLUMNS.len() + 1].join(", ");
    format!(
        "INSERT INTO requests({}, counting) VALUES ({marks})",
        COLUMNS.join(", ")
    )
});

static UPDATE: LazyLock<String> = LazyLock::new(|| {
    let set: Vec<String> = COLUMNS
        .iter()
        .enumerate()
        .map(|(index, column)| format!("{column} = ?{}", index + 1))
        .collect();
    format!(
        "UPDATE requests SET {}, counting = ?{} WHERE id = ?1 AND version = ?2 - 1",
        set.join(", "),
        COLUMNS.len() + 1
    )
});

/// One request.
pub(super) fn get(conn: &Connection, id: &RequestId) -> StoreResult<Option<Request>> {
    Ok(select(conn, "WHERE id = ?", &[&id.to_string()])?.pop())
}

/// Requests by filter, newest first.
pub(super) fn list(conn: &Connection, filter: &RequestFilter) -> StoreResult<Vec<Request>> {
    let mut clauses = Vec::new();
    let mut values: Vec<Box<dyn ToSql>> = Vec::new();
    let mut add = |clause: String, value: Box<dyn ToSql>| {
        clauses.push(clause);
        values.push(value);
    };
    if !filter.states.is_empty() {
        let words: Vec<&str> = filter.states.iter().map(|state| state.as_str()).collect();
        add(
            "state IN (SELECT value FROM json_each(?))".into(),
            Box::new(to_json(&words)?),
        );
    }
    if let Some(user) = &filter.user {
        add("user_id = ?".into(), Box::new(user.to_string()));
    }
    if let Some(account) = &filter.account {
        add("account_id = ?".into(), Box::new(account.to_string()));
    }
    if let Some(batch) = &filter.batch {
        add("batch_id = ?".into(), Box::new(batch.clone()));
    }
    if filter.unreviewed {
        add(
            "NOT EXISTS (SELECT 1 FROM attention WHERE request_id = requests.id AND reviewed_at IS NOT NULL) AND ?"
                .into(),
            Box::new(true),
        );
    }
    let times = [
        ("created_at >= ?", filter.since),
        ("created_at < ?", filter.until),
        ("ifnull(finished_at >= ?, 1)", filter.over_since),
    ];
    for (clause, at) in times.into_iter().filter_map(|(clause, at)| Some((clause, at?))) {
        add(clause.into(), Box::new(millis(at)));
    }
    if let Some(suffix) = &filter.id_suffix {
        let suffix = suffix.to_ascii_uppercase();
        // With the length written out, six characters are found by their index.
        match suffix.len() {
            0 => {}
            length @ 1..=26 => add(format!("substr(id, -{length}) = ?"), Box::new(suffix)),
            _ => return Ok(Vec::new()),
        }
    }
    if let Some(before) = &filter.before {
        add("id < ?".into(), Box::new(before.to_string()));
    }
    values.push(Box::new(i64::try_from(filter.limit).unwrap_or(i64::MAX)));
    let rest = match clauses.as_slice() {
        [] => "ORDER BY id DESC LIMIT ?".to_owned(),
        clauses => format!("WHERE {} ORDER BY id DESC LIMIT ?", clauses.join(" AND ")),
    };
    let values: Vec<&dyn ToSql> = values.iter().map(AsRef::as_ref).collect();
    select(conn, &rest, &values)
}

/// Requests on a key that are not terminal, oldest first.
pub(super) fn open_on(conn: &Connection, key: &Key) -> StoreResult<Vec<Request>> {
    select(
        conn,
        "WHERE user_id = ? AND account_id = ? AND permission_set = ? AND open = 1 ORDER BY id",
        &[
            &key.user.as_str(),
            &key.account.as_str(),
            &key.permission_set.as_str(),
        ],
    )
}

/// Requests whose deadline is at or before `now`: `scheduled` first, then by deadline.
pub(super) fn due(conn: &Connection, now: Time, limit: usize) -> StoreResult<Vec<Request>> {
    select(
        conn,
        "WHERE deadline_ms <= ? ORDER BY state <> 'scheduled', deadline_ms, id LIMIT ?",
        &[&millis(now), &i64::try_from(limit).unwrap_or(i64::MAX)],
    )
}

/// The earliest deadline.
pub(super) fn next_deadline(conn: &Connection) -> StoreResult<Option<Time>> {
    let earliest: Option<i64> = conn
        .prepare_cached("SELECT min(deadline_ms) FROM requests WHERE deadline_ms IS NOT NULL")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .map_err(failed)?;
    place("earliest deadline").maybe_time("deadline_ms", earliest)
}

/// How many are in each state, every state named.
pub(super) fn count(conn: &Connection) -> StoreResult<Vec<(RequestState, u64)>> {
    let mut counts: Vec<(RequestState, u64)> = RequestState::ALL.iter().map(|state| (*state, 0)).collect();
    let rows: Vec<(String, i64)> = conn
        .prepare_cached("SELECT state, count(*) FROM requests GROUP BY state")
        .and_then(|mut statement| {
            statement
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })
        .map_err(failed)?;
    for (word, number) in rows {
        let state: RequestState = place("count").parse("state", &word)?;
        for (_, count) in counts.iter_mut().filter(|(counted, _)| *counted == state) {
            *count = place("count").count("count", number)?;
        }
    }
    Ok(counts)
}

/// `active` and `ending` ones whose due end is before `before`, the longest overdue first.
pub(super) fn overdue(conn: &Connection, before: Time) -> StoreResult<Vec<Request>> {
    select(
        conn,
        "WHERE state IN ('active', 'ending') AND coalesce(due_at, session_end) < ?
         ORDER BY coalesce(due_at, session_end), id",
        &[&millis(before)],
    )
}

/// Files a new request.
pub(super) fn insert(conn: &Connection, request: &Request) -> StoreResult<()> {
    let stored = stored_version(conn, &request.id)?;
    if request.version != 1 || stored != 0 {
        return Err(conflict(request, stored));
    }
    let row = RequestRow::try_from(request)?;
    let counting = to_json(&(1_i64..).zip(&row.votes).map(|(n, _)| n).collect::<Vec<_>>())?;
    conn.prepare_cached(&INSERT)
        .and_then(|mut statement| statement.execute(params_from_iter(values(&row, &counting))))
        .map_err(failed)?;
    for (n, vote) in (1..).zip(&row.votes) {
        insert_vote(conn, &row.id, n, vote)?;
    }
    Ok(())
}

/// Replaces a request by its next version.
pub(super) fn update(conn: &Connection, request: &Request) -> StoreResult<()> {
    let row = RequestRow::try_from(request)?;
    let mut stored = if row.votes.is_empty() {
        Vec::new()
    } else {
        votes(conn, &row.id).map_err(failed)?
    };
    let mut next = stored.last().map_or(1, |(n, _)| n + 1);
    let (mut counting, mut fresh) = (Vec::new(), Vec::new());
    for vote in &row.votes {
        let n = match stored.iter().position(|(_, known)| known == vote) {
            Some(index) => stored.remove(index).0,
            None => {
                fresh.push((next, vote));
                next += 1;
                next - 1
            }
        };
        counting.push(n);
    }
    let counting = to_json(&counting)?;
    let changed = conn
        .prepare_cached(&UPDATE)
        .and_then(|mut statement| statement.execute(params_from_iter(values(&row, &counting))))
        .map_err(failed)?;
    if changed == 0 {
        return Err(conflict(request, stored_version(conn, &request.id)?));
    }
    for (n, vote) in fresh {
        insert_vote(conn, &row.id, n, vote)?;
    }
    Ok(())
}

fn conflict(request: &Request, found: u64) -> StoreError {
    StoreError::VersionConflict {
        id: request.id,
        found,
        expected: request.version.saturating_sub(1),
    }
}

/// 0: there is no such request.
fn stored_version(conn: &Connection, id: &RequestId) -> StoreResult<u64> {
    let id = id.to_string();
    let version: Option<i64> = conn
        .prepare_cached("SELECT version FROM requests WHERE id = ?")
        .and_then(|mut statement| statement.query_row([&id], |row| row.get(0)).optional())
        .map_err(failed)?;
    version.map_or(Ok(0), |version| place(&id).count("version", version))
}

fn insert_vote(conn: &Connection, request: &str, n: i64, vote: &VoteRow) -> StoreResult<()> {
    conn.prepare_cached(
        "INSERT INTO votes(request_id, n, voter, at, digest, comment) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .and_then(|mut statement| {
        statement.execute(params![
            request,
            n,
            vote.voter,
            vote.at,
            vote.digest,
            vote.comment
        ])
    })
    .map(drop)
    .map_err(failed)
}

fn select(conn: &Connection, rest: &str, values: &[&dyn ToSql]) -> StoreResult<Vec<Request>> {
    let rows: Vec<(RequestRow, String)> = conn
        .prepare_cached(&format!("{} {rest}", *SELECT))
        .and_then(|mut statement| statement.query_map(values, from_row)?.collect())
        .map_err(failed)?;
    rows.into_iter()
        .map(|(mut row, counting)| {
            row.votes = counting_votes(conn, &row.id, &counting)?;
            Request::try_from(row)
        })
        .collect()
}

fn counting_votes(conn: &Connection, id: &str, counting: &str) -> StoreResult<Vec<VoteRow>> {
    let numbers: Vec<i64> = place(id).json("counting", counting)?;
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let stored = votes(conn, id).map_err(failed)?;
    numbers
        .into_iter()
        .map(|number| {
            let vote = stored.iter().find(|(n, _)| *n == number);
            vote.map(|(_, vote)| vote.clone())
                .ok_or_else(|| place(id).impossible(format!("vote {number} counts, but there is none")))
        })
        .collect()
}

fn votes(conn: &Connection, id: &str) -> rusqlite::Result<Vec<(i64, VoteRow)>> {
    conn.prepare_cached("SELECT n, voter, at, digest, comment FROM votes WHERE request_id = ? ORDER BY n")?
        .query_map([id], |row| {
            let vote = VoteRow {
                voter: row.get(1)?,
                at: row.get(2)?,
                digest: row.get(3)?,
                comment: row.get(4)?,
            };
            Ok((row.get(0)?, vote))
        })?
        .collect()
}

fn place(row: &str) -> Place<'_> {
    Place {
        table: "requests",
        row,
    }
}
