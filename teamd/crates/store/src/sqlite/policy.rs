//! Applied policies. Rows are never changed or deleted.

use super::failed;
use crate::port::{PolicyRow, StoreResult};
use crate::record::{Place, millis, signed};
use rusqlite::{Connection, OptionalExtension, Row, params};
use teamd_domain::Time;

const COLUMNS: &str = "version, document, sha256, applied_by, applied_at";

type Raw = (i64, String, String, String, i64);

/// The policy in force.
pub(super) fn current(conn: &Connection) -> StoreResult<Option<PolicyRow>> {
    one(conn, "ORDER BY version DESC LIMIT 1", &[])
}

/// The version in force; 0: there is none. Asked in every decision, so the document is not read.
pub(super) fn in_force(conn: &Connection) -> StoreResult<u64> {
    let version: Option<i64> = conn
        .prepare_cached("SELECT max(version) FROM policy")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .map_err(failed)?;
    version.map_or(Ok(0), |version| {
        place(&version.to_string()).count("version", version)
    })
}

/// One version.
pub(super) fn version(conn: &Connection, version: u64) -> StoreResult<Option<PolicyRow>> {
    one(conn, "WHERE version = ?1", &[signed(version)?])
}

/// All versions, newest first.
pub(super) fn history(conn: &Connection) -> StoreResult<Vec<PolicyRow>> {
    let rows: Vec<Raw> = conn
        .prepare_cached(&format!("SELECT {COLUMNS} FROM policy ORDER BY version DESC"))
        .and_then(|mut statement| statement.query_map([], raw)?.collect())
        .map_err(failed)?;
    rows.into_iter().map(from_raw).collect()
}

/// Puts a policy in force.
pub(super) fn append(
    conn: &Connection,
    document: &str,
    sha256: &str,
    applied_by: &str,
    at: Time,
) -> StoreResult<u64> {
    let version: i64 = conn
        .prepare_cached(
            "INSERT INTO policy(version, document, sha256, applied_by, applied_at)
             SELECT coalesce(max(version), 0) + 1, ?1, ?2, ?3, ?4 FROM policy RETURNING version",
        )
        .and_then(|mut statement| {
            statement.query_row(params![document, sha256, applied_by, millis(at)], |row| {
                row.get(0)
            })
        })
        .map_err(failed)?;
    place(&version.to_string()).count("version", version)
}

fn one(conn: &Connection, rest: &str, values: &[i64]) -> StoreResult<Option<PolicyRow>> {
    conn.prepare_cached(&format!("SELECT {COLUMNS} FROM policy {rest}"))
        .and_then(|mut statement| {
            statement
                .query_row(rusqlite::params_from_iter(values), raw)
                .optional()
        })
        .map_err(failed)?
        .map(from_raw)
        .transpose()
}

fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
}

fn from_raw((version, document, sha256, applied_by, applied_at): Raw) -> StoreResult<PolicyRow> {
    let name = version.to_string();
    Ok(PolicyRow {
        version: place(&name).count("version", version)?,
        document,
        sha256,
        applied_by,
        applied_at: place(&name).time("applied_at", applied_at)?,
    })
}

fn place(row: &str) -> Place<'_> {
    Place { table: "policy", row }
}
