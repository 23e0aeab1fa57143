//! Remembered answers, for 24 hours.

use super::failed;
use crate::port::{Remembered, StoreResult};
use crate::record::{Place, millis};
use chrono::TimeDelta;
use rusqlite::{Connection, OptionalExtension, params};
use teamd_domain::Time;

/// How long an answer is remembered.
pub(crate) const MEMORY: TimeDelta = TimeDelta::hours(24);

/// Old answers that are forgotten with each new one.
const FORGOTTEN_AT_ONCE: i64 = 100;

type Raw = (Vec<u8>, i64, String, i64);

/// The answer to a caller's key, if it is at most 24 hours old.
pub(super) fn get(conn: &Connection, caller: &str, key: &str, now: Time) -> StoreResult<Option<Remembered>> {
    let raw: Option<Raw> = conn
        .prepare_cached(
            "SELECT fingerprint, status, body, at FROM idempotency WHERE caller = ?1 AND key = ?2 AND at >= ?3",
        )
        .and_then(|mut statement| {
            statement
                .query_row(params![caller, key, millis(now - MEMORY)], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
                })
                .optional()
        })
        .map_err(failed)?;
    raw.map(|(fingerprint, status, body, at)| {
        let name = format!("{caller} {key}");
        let place = Place {
            table: "idempotency",
            row: &name,
        };
        Ok(Remembered {
            fingerprint: fingerprint
                .try_into()
                .map_err(|_| place.impossible("fingerprint: not 32 bytes"))?,
            status: place.count("status", status)?,
            body,
            at: place.time("at", at)?,
        })
    })
    .transpose()
}

/// Remembers an answer, and forgets some of those that are 24 hours older.
pub(super) fn remember(conn: &Connection, caller: &str, key: &str, answer: &Remembered) -> StoreResult<()> {
    let run = || -> rusqlite::Result<()> {
        // A few at a time: what a busy hour left behind must not hold up a writer a day later.
        conn.prepare_cached(
            "DELETE FROM idempotency WHERE (caller, key) IN
               (SELECT caller, key FROM idempotency WHERE at < ?1 ORDER BY at LIMIT ?2)",
        )?
        .execute([millis(answer.at - MEMORY), FORGOTTEN_AT_ONCE])?;
        conn.prepare_cached(
            "INSERT INTO idempotency(caller, key, fingerprint, status, body, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT(caller, key) DO UPDATE SET fingerprint = excluded.fingerprint, status = excluded.status,
               body = excluded.body, at = excluded.at",
        )?
        .execute(params![
            caller,
            key,
            answer.fingerprint,
            answer.status,
            answer.body,
            millis(answer.at)
        ])?;
        Ok(())
    };
    run().map_err(failed)
}
