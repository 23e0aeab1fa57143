//! What is looked at before a database is opened for writing: a damaged file is left exactly as it is, for whoever must
//! find out what happened to it.

use super::{Session, directory, failed, migrate, open, policy};
use crate::fallback::Live;
use crate::port::{Read, StoreError, StoreResult};
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;
use teamd_domain::grant::{Grant, State as GrantState};
use teamd_domain::request::{Key, State};

/// What can only be told by reading the table itself, and by its index: a damaged index would hide what is due.
const INDEXED: &[(&str, &str, &str)] = &[
    ("requests", "deadline_ms IS NOT NULL", "requests_deadline"),
    ("requests", "open = 1", "requests_key"),
    (
        "requests",
        "state IN ('scheduled', 'activating', 'active', 'ending')",
        "requests_state",
    ),
];

/// Looks at the database without writing to it.
///
/// # Errors
/// [`StoreError::Damaged`] where it cannot be relied on; of another program, or of a newer daemon; the disk fails.
pub(super) fn look(path: &Path) -> StoreResult<()> {
    if path.metadata().is_ok_and(|file| file.len() == 0) {
        return Ok(());
    }
    let mut conn = open::reader(path)?;
    let tx = conn
        .transaction_with_behavior(TransactionBehavior::Deferred)
        .map_err(failed)?;
    let version = migrate::refuse_foreign(&tx)?;
    migrate::refuse_other_schema(&tx, version)?;
    open::quick_check(&tx)?;
    // An older schema is read after its migration.
    if version == migrate::newest() {
        indexes(&tx)?;
        rows(&tx).map_err(|error| match error {
            fault @ (StoreError::Full | StoreError::Failing(_) | StoreError::Busy(_)) => fault,
            other => StoreError::Damaged(other.to_string()),
        })?;
    }
    Ok(())
}

/// What can still be read, row by row.
pub(super) fn salvage(path: &Path) -> Live {
    let mut live = Live::default();
    let Ok(mut conn) = open::reader(path) else {
        return live;
    };
    let Ok(tx) = conn.transaction_with_behavior(TransactionBehavior::Deferred) else {
        return live;
    };
    let mut session = Session { conn: &tx, epoch: 0 };
    let open = "SELECT id FROM requests NOT INDEXED WHERE state IN ('activating', 'active', 'ending') \
                OR extends IS NOT NULL AND state IN ('pending', 'scheduled')";
    for id in texts(&tx, open, 1).iter().filter_map(|row| row[0].parse().ok()) {
        if let Ok(Some(request)) = session.request(&id) {
            live.request(&request);
        }
    }
    for row in texts(&tx, "SELECT user_id, account_id, permission_set FROM grants", 3) {
        let (Ok(user), Ok(account), Ok(permission_set)) = (row[0].parse(), row[1].parse(), row[2].parse())
        else {
            continue;
        };
        let key = Key {
            user,
            account,
            permission_set,
        };
        if let Ok(Some(grant)) = session.grant(&key) {
            live.grant(&grant);
        }
    }
    // Access whose grant cannot be read is taken to be there, and taken back.
    let lost: Vec<Grant> = live
        .requests
        .values()
        .filter(|request| !live.grants.contains_key(&request.key))
        .filter(|request| request.state.is_live() || matches!(request.state, State::Ending { .. }))
        .map(|request| Grant {
            state: GrantState::Present,
            owned_at: Some(request.created_at),
            ..Grant::new(request.key.clone())
        })
        .collect();
    lost.iter().for_each(|grant| live.grant(grant));
    live
}

/// Rows of texts, as far as they can be read.
fn texts(conn: &Connection, sql: &str, columns: usize) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    if let Ok(mut statement) = conn.prepare(sql)
        && let Ok(mut rows) = statement.query([])
    {
        while let Ok(Some(row)) = rows.next() {
            let row: rusqlite::Result<Vec<String>> = (0..columns).map(|column| row.get(column)).collect();
            found.extend(row);
        }
    }
    found
}

/// Everything that a removal reads, and what the engine begins with.
fn rows(conn: &Connection) -> StoreResult<()> {
    let mut session = Session { conn, epoch: 0 };
    Live::of(&mut session)?;
    session.keys_with_work()?;
    session.due_requests(teamd_domain::Time::MAX_UTC, usize::MAX)?;
    session.next_deadline()?;
    session.last_seq()?;
    super::meta::epoch(conn)?;
    policy::current(conn)?;
    directory::get(conn)?;
    Ok(())
}

fn indexes(conn: &Connection) -> StoreResult<()> {
    for (table, condition, index) in INDEXED {
        let count =
            |how: &str| {
                conn.query_row(
                &format!(
                    "SELECT count(*), total(rowid), total(deadline_ms) FROM {table} {how} WHERE {condition}"
                ),
                [],
                |row| Ok((row.get::<_, i64>(0)?, row.get::<_, f64>(1)?, row.get::<_, f64>(2)?)),
            )
            .map_err(failed)
            };
        if count("NOT INDEXED")? != count(&format!("INDEXED BY {index}"))? {
            return Err(StoreError::Damaged(format!(
                "the index {index} does not agree with its table"
            )));
        }
    }
    Ok(())
}
