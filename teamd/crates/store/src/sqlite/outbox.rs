//! Effects that are still to be performed.

use super::failed;
use crate::port::{OutboxRow, StoreResult};
use crate::record::{Place, millis, signed};
use rusqlite::{Connection, params};
use teamd_domain::Time;

/// Rows that are due, oldest first.
pub(super) fn due(conn: &Connection, now: Time, limit: usize) -> StoreResult<Vec<OutboxRow>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows: Vec<(i64, i64, i64, i64)> = conn
        .prepare_cached(
            "SELECT id, seq, attempts, not_before FROM outbox WHERE not_before <= ?1 ORDER BY id LIMIT ?2",
        )
        .and_then(|mut statement| {
            statement
                .query_map([millis(now), limit], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
                })?
                .collect()
        })
        .map_err(failed)?;
    rows.into_iter()
        .map(|(id, seq, attempts, not_before)| {
            let name = id.to_string();
            let place = Place {
                table: "outbox",
                row: &name,
            };
            Ok(OutboxRow {
                id,
                seq: place.count("seq", seq)?,
                attempts: place.count("attempts", attempts)?,
                not_before: place.time("not_before", not_before)?,
            })
        })
        .collect()
}

/// Asks for the effect of an event.
pub(super) fn push(conn: &Connection, seq: u64, at: Time) -> StoreResult<()> {
    let seq = signed(seq)?;
    conn.prepare_cached("INSERT INTO outbox(seq, attempts, not_before) VALUES (?1, 0, ?2)")
        .and_then(|mut statement| statement.execute([seq, millis(at)]))
        .map(drop)
        .map_err(failed)
}

/// The effect is performed; a row that is gone already is no error.
pub(super) fn done(conn: &Connection, id: i64) -> StoreResult<()> {
    conn.prepare_cached("DELETE FROM outbox WHERE id = ?1")
        .and_then(|mut statement| statement.execute([id]))
        .map(drop)
        .map_err(failed)
}

/// The effect failed.
pub(super) fn retry(conn: &Connection, id: i64, not_before: Time) -> StoreResult<()> {
    conn.prepare_cached(
        "UPDATE outbox SET attempts = min(attempts + 1, 4294967295), not_before = ?2 WHERE id = ?1",
    )
    .and_then(|mut statement| statement.execute(params![id, millis(not_before)]))
    .map(drop)
    .map_err(failed)
}
