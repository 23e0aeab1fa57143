//! What people have done around requests, one row for each that anybody has done anything about.

use super::failed;
use crate::port::StoreResult;
use crate::record::AttentionRow;
use rusqlite::{Connection, OptionalExtension, params};
use team_shared::ids::RequestId;
use teamd_domain::attention::Attention;

/// That of one request; the default where there is no row.
pub(super) fn get(conn: &Connection, id: &RequestId) -> StoreResult<Attention> {
    let row = conn
        .prepare_cached(
            "SELECT claimed_by, claimed_at, claimed_until, reminded_at, escalated_at, warned_at, reviewed_by,
                    reviewed_at, review_comment
             FROM attention WHERE request_id = ?",
        )
        .and_then(|mut statement| {
            statement
                .query_row([id.to_string()], |row| {
                    Ok(AttentionRow {
                        claimed_by: row.get(0)?,
                        claimed_at: row.get(1)?,
                        claimed_until: row.get(2)?,
                        reminded_at: row.get(3)?,
                        escalated_at: row.get(4)?,
                        warned_at: row.get(5)?,
                        reviewed_by: row.get(6)?,
                        reviewed_at: row.get(7)?,
                        review_comment: row.get(8)?,
                    })
                })
                .optional()
        })
        .map_err(failed)?;
    row.map_or_else(|| Ok(Attention::default()), |row| row.read(id))
}

/// Writes that of one request.
pub(super) fn save(conn: &Connection, id: &RequestId, attention: &Attention) -> StoreResult<()> {
    let row = AttentionRow::from(attention);
    conn.prepare_cached(
        "INSERT INTO attention(request_id, claimed_by, claimed_at, claimed_until, reminded_at, escalated_at, warned_at,
                               reviewed_by, reviewed_at, review_comment)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT(request_id) DO UPDATE SET claimed_by = ?2, claimed_at = ?3, claimed_until = ?4, reminded_at = ?5,
           escalated_at = ?6, warned_at = ?7, reviewed_by = ?8, reviewed_at = ?9, review_comment = ?10",
    )
    .and_then(|mut statement| {
        statement.execute(params![
            id.to_string(),
            row.claimed_by,
            row.claimed_at,
            row.claimed_until,
            row.reminded_at,
            row.escalated_at,
            row.warned_at,
            row.reviewed_by,
            row.reviewed_at,
            row.review_comment,
        ])
    })
    .map(drop)
    .map_err(failed)
}
