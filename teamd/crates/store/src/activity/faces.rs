//! Who somebody was, and as what, when their session was first followed: the directory may have forgotten either since.

use super::{ActivityStore, failed};
use crate::port::StoreResult;
use rusqlite::{Row, params};
use std::collections::HashMap;
use team_shared::ids::RequestId;

/// The names of a session, and its length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Face {
    /// The person's user name.
    pub user_name: String,
    /// The permission set's name.
    pub permission_set: String,
    /// How long credentials of the set live, in seconds.
    pub session_seconds: i64,
}

impl ActivityStore {
    /// All of them.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn faces(&self) -> StoreResult<HashMap<RequestId, Face>> {
        self.read(|conn| {
            let sql = "SELECT request, user_name, permission_set, session_seconds FROM faces";
            let read = |row: &Row<'_>| {
                let face = Face {
                    user_name: row.get(1)?,
                    permission_set: row.get(2)?,
                    session_seconds: row.get(3)?,
                };
                Ok((row.get::<_, String>(0)?, face))
            };
            let rows: rusqlite::Result<Vec<_>> = conn
                .prepare_cached(sql)
                .and_then(|mut sql| sql.query_map([], read)?.collect());
            let known = rows.map_err(failed)?.into_iter();
            Ok(known
                .filter_map(|(id, face)| Some((id.parse().ok()?, face)))
                .collect())
        })
        .await
    }

    /// Keeps those of a request; the first are those that stay.
    ///
    /// # Errors
    /// The file cannot be written, or is damaged.
    pub async fn save_face(&self, request: RequestId, face: Face) -> StoreResult<()> {
        self.write(move |conn| {
            conn.execute(
                "INSERT OR IGNORE INTO faces (request, user_name, permission_set, session_seconds) \
                 VALUES (?1, ?2, ?3, ?4)",
                params![
                    request.to_string(),
                    face.user_name,
                    face.permission_set,
                    face.session_seconds
                ],
            )
            .map(drop)
            .map_err(failed)
        })
        .await
    }
}
