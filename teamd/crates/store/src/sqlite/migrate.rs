//! The schema and its versions. To change it: a new file in `migrations/` and a line here; files that were released are
//! never edited.

use super::failed;
use crate::port::{StoreError, StoreResult};
use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};
use std::collections::BTreeSet;

/// `tmd1`: tells our file from any other SQLite database.
pub(super) const APPLICATION_ID: i32 = 0x746d_6431;

const STEPS: &[&str] = &[
    include_str!("migrations/0001_initial.sql"),
    include_str!("migrations/0002_faults.sql"),
    include_str!("migrations/0003_life.sql"),
    include_str!("migrations/0004_deliveries.sql"),
];

/// Refuses a database of another program or of a newer daemon, before anything is written to it; its version.
pub(super) fn refuse_foreign(conn: &Connection) -> StoreResult<usize> {
    let number = |pragma: &str| conn.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let application_id = number("application_id").map_err(failed)?;
    let version = number("user_version").map_err(failed)?;
    let tables: i64 = conn
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(failed)?;
    let empty = application_id == 0 && version == 0 && tables == 0;
    if application_id != APPLICATION_ID && !empty {
        if has_our_tables(conn)? {
            return Err(StoreError::Damaged(
                "the file does not say that it is ours".into(),
            ));
        }
        return Err(StoreError::Database(
            "this is the database of another program".into(),
        ));
    }
    let newest = STEPS.len();
    if let Some(version) = usize::try_from(version).ok().filter(|version| *version <= newest) {
        Ok(version)
    } else {
        Err(StoreError::Database(format!(
            "schema version {version} is newer than this daemon's {newest}: start the newer daemon, or restore a backup"
        )))
    }
}

/// The newest version.
pub(super) fn newest() -> usize {
    STEPS.len()
}

/// Refuses a schema without our tables and indexes as they are in its version. What others have added, such as a
/// replicator, is theirs; triggers are a seat belt, and their absence is what the check of the trail finds out.
pub(super) fn refuse_other_schema(conn: &Connection, version: usize) -> StoreResult<()> {
    let model = Connection::open_in_memory().map_err(failed)?;
    for step in STEPS.iter().take(version) {
        model.execute_batch(step).map_err(failed)?;
    }
    let found = schema(conn)?;
    match schema(&model)?.into_iter().find(|part| !found.contains(part)) {
        None => Ok(()),
        Some((kind, name, _)) => Err(StoreError::Damaged(format!("its {kind} {name} is not ours"))),
    }
}

fn schema(conn: &Connection) -> StoreResult<BTreeSet<(String, String, String)>> {
    conn.prepare(
        "SELECT type, name, sql FROM sqlite_schema WHERE type IN ('table', 'index') AND sql IS NOT NULL",
    )
    .and_then(|mut statement| {
        statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect()
    })
    .map_err(failed)
}

fn has_our_tables(conn: &Connection) -> StoreResult<bool> {
    conn.query_row(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('requests', 'grants', 'audit', 'meta')",
        [],
        |row| row.get::<_, i64>(0),
    )
    .map(|tables| tables > 1)
    .map_err(failed)
}

/// Brings the schema up to date.
pub(super) fn migrate(conn: &mut Connection) -> StoreResult<()> {
    conn.pragma_update(None, "application_id", APPLICATION_ID)
        .map_err(failed)?;
    let steps = STEPS.iter().map(|sql| M::up(sql)).collect();
    Migrations::new(steps)
        .to_latest(conn)
        .map_err(|error| match error {
            rusqlite_migration::Error::RusqliteError { err, .. } => failed(err),
            other => StoreError::Database(format!("migration: {other}")),
        })
}
