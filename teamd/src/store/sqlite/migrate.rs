//! The schema and its versions. To change it: a new file in `migrations/` and a line here; files that were released are
//! never edited.

use super::failed;
use crate::store::port::{StoreError, StoreResult};
use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

/// `tmd1`: tells our file from any other SQLite database.
pub(super) const APPLICATION_ID: i32 = 0x746d_6431;

const STEPS: &[&str] = &[
    include_str!("migrations/0001_initial.sql"),
    include_str!("migrations/0002_faults.sql"),
];

/// Refuses a database of another program or of a newer daemon, before anything is written to it.
pub(super) fn refuse_foreign(conn: &Connection) -> StoreResult<()> {
    let number = |pragma: &str| conn.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let application_id = number("application_id").map_err(failed)?;
    let version = number("user_version").map_err(failed)?;
    let tables: i64 = conn
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(failed)?;
    let empty = application_id == 0 && version == 0 && tables == 0;
    if application_id != APPLICATION_ID && !empty {
        return Err(StoreError::Database(
            "this is the database of another program".into(),
        ));
    }
    let newest = STEPS.len();
    if usize::try_from(version).is_ok_and(|version| version <= newest) {
        Ok(())
    } else {
        Err(StoreError::Database(format!(
            "schema version {version} is newer than this daemon's {newest}: start the newer daemon, or restore a backup"
        )))
    }
}

/// Brings the schema up to date.
pub(super) fn migrate(conn: &mut Connection) -> StoreResult<()> {
    conn.pragma_update(None, "application_id", APPLICATION_ID)
        .map_err(failed)?;
    let steps = STEPS.iter().map(|sql| M::up(sql)).collect();
    Migrations::new(steps)
        .to_latest(conn)
        .map_err(|error| StoreError::Database(format!("migration: {error}")))
}
