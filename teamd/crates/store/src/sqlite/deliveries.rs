//! Who is told of what over which channel, and what came of it.

use super::failed;
use crate::port::{DeliveryFilter, StoreResult};
use crate::record::{Place, millis, note, signed};
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter, types::Value};
use teamd_domain::Time;
use teamd_domain::delivery::{Delivery, DeliveryState};

const COLUMNS: &str = "number, id, seq, kind, request_id, channel, recipient, created_at, state, attempts, not_before, \
                       tried_at, reply";

struct Columns {
    number: i64,
    id: String,
    seq: i64,
    kind: String,
    request_id: Option<String>,
    channel: String,
    recipient: String,
    created_at: i64,
    state: String,
    attempts: i64,
    not_before: i64,
    tried_at: Option<i64>,
    reply: Option<String>,
}

/// By filter, newest first.
pub(super) fn list(conn: &Connection, filter: &DeliveryFilter) -> StoreResult<Vec<Delivery>> {
    let (mut parts, mut values) = (vec!["true".to_owned()], Vec::<Value>::new());
    let mut only = |part: &str, value: Value| {
        values.push(value);
        parts.push(part.replace('?', &format!("?{}", values.len())));
    };
    if let Some(id) = &filter.request {
        only("request_id = ?", id.to_string().into());
    }
    if let Some(state) = filter.state {
        only("state = ?", state.as_str().to_owned().into());
    }
    if let Some(channel) = &filter.channel {
        only("channel = ?", channel.clone().into());
    }
    if let Some(recipient) = &filter.recipient {
        only("recipient = ?", recipient.clone().into());
    }
    if let Some(before) = filter.before {
        only("number < ?", signed(before)?.into());
    }
    values.push(i64::try_from(filter.limit).unwrap_or(i64::MAX).into());
    let sql = format!(
        "SELECT {COLUMNS} FROM deliveries WHERE {} ORDER BY number DESC LIMIT ?{}",
        parts.join(" AND "),
        values.len()
    );
    let rows: Vec<Columns> = conn
        .prepare_cached(&sql)
        .and_then(|mut statement| statement.query_map(params_from_iter(values), columns)?.collect())
        .map_err(failed)?;
    rows.into_iter().map(from_columns).collect()
}

/// The one of that identity.
pub(super) fn get(conn: &Connection, id: &str) -> StoreResult<Option<Delivery>> {
    conn.prepare_cached(&format!("SELECT {COLUMNS} FROM deliveries WHERE id = ?"))
        .and_then(|mut statement| statement.query_row([id], columns).optional())
        .map_err(failed)?
        .map(from_columns)
        .transpose()
}

/// What is due on a channel, the one that waits longest first.
pub(super) fn due(conn: &Connection, channel: &str, now: Time, limit: usize) -> StoreResult<Vec<Delivery>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows: Vec<Columns> = conn
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM deliveries WHERE state = 'due' AND channel = ?1 AND not_before <= ?2
             ORDER BY not_before, number LIMIT ?3"
        ))
        .and_then(|mut statement| {
            statement
                .query_map(params![channel, millis(now), limit], columns)?
                .collect()
        })
        .map_err(failed)?;
    rows.into_iter().map(from_columns).collect()
}

/// When the next one on a channel is due that is not due now.
pub(super) fn next(conn: &Connection, channel: &str, now: Time) -> StoreResult<Option<Time>> {
    let at: Option<i64> = conn
        .prepare_cached(
            "SELECT min(not_before) FROM deliveries WHERE state = 'due' AND channel = ?1 AND not_before > ?2",
        )
        .and_then(|mut statement| statement.query_row(params![channel, millis(now)], |row| row.get(0)))
        .map_err(failed)?;
    let place = Place {
        table: "deliveries",
        row: channel,
    };
    place.maybe_time("not_before", at)
}

/// How many are due and how many are dead, by channel.
pub(super) fn count(conn: &Connection) -> StoreResult<Vec<(String, DeliveryState, u64)>> {
    let rows: Vec<(String, String, i64)> = conn
        .prepare_cached(
            "SELECT channel, state, count(*) FROM deliveries WHERE state IN ('due', 'dead')
             GROUP BY state, channel ORDER BY channel, state",
        )
        .and_then(|mut statement| {
            statement
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
                .collect()
        })
        .map_err(failed)?;
    rows.into_iter()
        .map(|(channel, state, count)| {
            let place = Place {
                table: "deliveries",
                row: &channel,
            };
            let (state, count) = (place.parse("state", &state)?, place.count("count", count)?);
            Ok((channel, state, count))
        })
        .collect()
}

/// Files one; whether there was none of that identity.
pub(super) fn push(conn: &Connection, delivery: &Delivery) -> StoreResult<bool> {
    conn.prepare_cached(
        "INSERT INTO deliveries(id, seq, kind, request_id, channel, recipient, created_at, state, attempts, not_before,
                                tried_at, reply)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT(id) DO NOTHING",
    )
    .and_then(|mut statement| {
        statement.execute(params![
            delivery.id,
            i64::try_from(delivery.seq).unwrap_or(i64::MAX),
            delivery.kind.as_str(),
            delivery.request_id.map(|id| id.to_string()),
            delivery.channel,
            delivery.recipient,
            millis(delivery.created_at),
            delivery.state.as_str(),
            delivery.attempts,
            millis(delivery.not_before),
            delivery.tried_at.map(millis),
            delivery.reply.as_deref().map(note),
        ])
    })
    .map(|rows| rows == 1)
    .map_err(failed)
}

/// Writes what has become of one.
pub(super) fn save(conn: &Connection, delivery: &Delivery) -> StoreResult<()> {
    conn.prepare_cached(
        "UPDATE deliveries SET created_at = ?2, state = ?3, attempts = ?4, not_before = ?5, tried_at = ?6, reply = ?7
         WHERE id = ?1",
    )
    .and_then(|mut statement| {
        statement.execute(params![
            delivery.id,
            millis(delivery.created_at),
            delivery.state.as_str(),
            delivery.attempts,
            millis(delivery.not_before),
            delivery.tried_at.map(millis),
            delivery.reply.as_deref().map(note),
        ])
    })
    .map(drop)
    .map_err(failed)
}

/// Forgets what was settled and is from before a moment; how many.
pub(super) fn forget(conn: &Connection, before: Time) -> StoreResult<usize> {
    conn.prepare_cached("DELETE FROM deliveries WHERE state <> 'due' AND created_at < ?")
        .and_then(|mut statement| statement.execute([millis(before)]))
        .map_err(failed)
}

fn columns(row: &Row<'_>) -> rusqlite::Result<Columns> {
    Ok(Columns {
        number: row.get(0)?,
        id: row.get(1)?,
        seq: row.get(2)?,
        kind: row.get(3)?,
        request_id: row.get(4)?,
        channel: row.get(5)?,
        recipient: row.get(6)?,
        created_at: row.get(7)?,
        state: row.get(8)?,
        attempts: row.get(9)?,
        not_before: row.get(10)?,
        tried_at: row.get(11)?,
        reply: row.get(12)?,
    })
}

fn from_columns(row: Columns) -> StoreResult<Delivery> {
    let place = Place {
        table: "deliveries",
        row: &row.id,
    };
    let request_id = row.request_id.as_deref();
    Ok(Delivery {
        number: place.count("number", row.number)?,
        seq: place.count("seq", row.seq)?,
        kind: place.parse("kind", &row.kind)?,
        request_id: request_id.map(|id| place.parse("request_id", id)).transpose()?,
        created_at: place.time("created_at", row.created_at)?,
        state: place.parse("state", &row.state)?,
        attempts: place.count("attempts", row.attempts)?,
        not_before: place.time("not_before", row.not_before)?,
        tried_at: place.maybe_time("tried_at", row.tried_at)?,
        channel: row.channel,
        recipient: row.recipient,
        reply: row.reply,
        id: row.id,
    })
}
