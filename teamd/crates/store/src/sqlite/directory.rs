//! The directory copy: one row, one document.

use super::failed;
use crate::port::StoreResult;
use crate::record::{directory_from_json, directory_to_json};
use rusqlite::{Connection, OptionalExtension};
use teamd_domain::directory::Directory;

/// The last complete copy.
pub(super) fn get(conn: &Connection) -> StoreResult<Option<Directory>> {
    let document: Option<String> = conn
        .prepare_cached("SELECT document FROM directory WHERE id = 1")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)).optional())
        .map_err(failed)?;
    document.as_deref().map(directory_from_json).transpose()
}

/// Replaces it.
pub(super) fn save(conn: &Connection, directory: &Directory) -> StoreResult<()> {
    let document = directory_to_json(directory)?;
    conn.prepare_cached(
        "INSERT INTO directory(id, document) VALUES (1, ?1)
         ON CONFLICT(id) DO UPDATE SET document = excluded.document",
    )
    .and_then(|mut statement| statement.execute([document]))
    .map(drop)
    .map_err(failed)
}
