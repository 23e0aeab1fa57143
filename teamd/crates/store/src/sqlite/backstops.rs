//! The dead-man's switches, one row for each key that has or may have schedules in AWS.

use super::failed;
use crate::port::StoreResult;
use crate::record::{Place, millis};
use rusqlite::{Connection, OptionalExtension, Row};
use teamd_domain::backstop::Backstop;
use teamd_domain::request::Key;

type Columns = (String, String, String, Option<i64>);

/// That of one key.
pub(super) fn get(conn: &Connection, key: &Key) -> StoreResult<Option<Backstop>> {
    conn.prepare_cached(
        "SELECT user_id, account_id, permission_set, ends_at FROM backstops
         WHERE user_id = ?1 AND account_id = ?2 AND permission_set = ?3",
    )
    .and_then(|mut statement| {
        statement
            .query_row(
                [
                    key.user.as_str(),
                    key.account.as_str(),
                    key.permission_set.as_str(),
                ],
                columns,
            )
            .optional()
    })
    .map_err(failed)?
    .map(from_columns)
    .transpose()
}

/// All of them, by key.
pub(super) fn all(conn: &Connection) -> StoreResult<Vec<Backstop>> {
    let rows: Vec<Columns> = conn
        .prepare_cached(
            "SELECT user_id, account_id, permission_set, ends_at FROM backstops
             ORDER BY user_id, account_id, permission_set",
        )
        .and_then(|mut statement| statement.query_map([], columns)?.collect())
        .map_err(failed)?;
    rows.into_iter().map(from_columns).collect()
}

/// Writes one.
pub(super) fn save(conn: &Connection, backstop: &Backstop) -> StoreResult<()> {
    let key = &backstop.key;
    conn.prepare_cached(
        "INSERT OR REPLACE INTO backstops(user_id, account_id, permission_set, ends_at) VALUES (?1, ?2, ?3, ?4)",
    )
    .and_then(|mut statement| {
        statement.execute((
            key.user.as_str(),
            key.account.as_str(),
            key.permission_set.as_str(),
            backstop.ends_at.map(millis),
        ))
    })
    .map(drop)
    .map_err(failed)
}

/// Forgets one.
pub(super) fn forget(conn: &Connection, key: &Key) -> StoreResult<()> {
    conn.prepare_cached(
        "DELETE FROM backstops WHERE user_id = ?1 AND account_id = ?2 AND permission_set = ?3",
    )
    .and_then(|mut statement| {
        statement.execute([
            key.user.as_str(),
            key.account.as_str(),
            key.permission_set.as_str(),
        ])
    })
    .map(drop)
    .map_err(failed)
}

fn columns(row: &Row<'_>) -> rusqlite::Result<Columns> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
}

fn from_columns((user, account, set, ends_at): Columns) -> StoreResult<Backstop> {
    let name = format!("{user} {account} {set}");
    let place = Place {
        table: "backstops",
        row: &name,
    };
    Ok(Backstop {
        key: Key {
            user: place.parse("user_id", &user)?,
            account: place.parse("account_id", &account)?,
            permission_set: place.parse("permission_set", &set)?,
        },
        ends_at: place.maybe_time("ends_at", ends_at)?,
    })
}
