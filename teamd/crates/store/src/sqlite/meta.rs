//! Small values by name. Names that begin with `audit.` are the store's own.

use super::failed;
use crate::chain::Head;
use crate::port::{StoreError, StoreResult};
use crate::record::Place;
use rusqlite::{Connection, OptionalExtension};

const EPOCH: &str = "audit.epoch";
const HEAD: &str = "audit.head";

/// A value.
pub(super) fn get(conn: &Connection, name: &str) -> StoreResult<Option<String>> {
    conn.prepare_cached("SELECT value FROM meta WHERE name = ?1")
        .and_then(|mut statement| statement.query_row([name], |row| row.get(0)).optional())
        .map_err(failed)
}

/// Sets a value that is not the store's own.
pub(super) fn set(conn: &Connection, name: &str, value: &str) -> StoreResult<()> {
    refuse_own(name)?;
    put(conn, name, value)
}

/// Where the trail ends, as recorded with its last row; `None`: nothing is recorded.
pub(super) fn head(conn: &Connection) -> StoreResult<Option<Head>> {
    get(conn, HEAD)?
        .map(|text| place(HEAD).parse("value", &text))
        .transpose()
}

/// Records where the trail ends.
pub(super) fn set_head(conn: &Connection, head: Head) -> StoreResult<()> {
    put(conn, HEAD, &head.to_string())
}

/// The last epoch; 0: never opened.
pub(super) fn epoch(conn: &Connection) -> StoreResult<u64> {
    match get(conn, EPOCH)? {
        Some(text) => place(EPOCH).parse("value", &text),
        None => Ok(0),
    }
}

/// Counts the epoch up and returns the new one.
pub(super) fn next_epoch(conn: &Connection) -> StoreResult<u64> {
    let last = epoch(conn)?;
    put(conn, EPOCH, &(last + 1).to_string())?;
    Ok(last + 1)
}

/// Refuses to write where another daemon has counted the epoch up since.
pub(super) fn refuse_superseded(conn: &Connection, ours: u64) -> StoreResult<()> {
    let found = get(conn, EPOCH)?.unwrap_or_default();
    if found.parse() == Ok(ours) {
        return Ok(());
    }
    Err(StoreError::Superseded { ours, found })
}

/// Refuses to set what is the store's own.
pub(crate) fn refuse_own(name: &str) -> StoreResult<()> {
    if name.starts_with("audit.") {
        return Err(StoreError::Database(format!("{name} is the store's own")));
    }
    Ok(())
}

fn put(conn: &Connection, name: &str, value: &str) -> StoreResult<()> {
    conn.prepare_cached(
        "INSERT INTO meta(name, value) VALUES (?1, ?2) ON CONFLICT(name) DO UPDATE SET value = excluded.value",
    )
    .and_then(|mut statement| statement.execute([name, value]))
    .map(drop)
    .map_err(failed)
}

fn place(row: &str) -> Place<'_> {
    Place { table: "meta", row }
}
