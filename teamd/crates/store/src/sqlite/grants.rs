//! Grants, one row per key.

use super::failed;
use crate::port::StoreResult;
use crate::record::{GrantRow, Place, millis};
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};
use team_shared::ids::{AccountId, PermissionSetArn};
use teamd_domain::Time;
use teamd_domain::grant::Grant;
use teamd_domain::request::Key;

const COLUMNS: &str = "user_id, account_id, permission_set, state, listed_at, phase, phase_request_id, phase_at, \
    attempts, next_attempt_at, last_error, aws_request_id, ambiguous_create_at, owned_at, failed_creates, \
    stuck_alarms";

/// One grant.
pub(super) fn get(conn: &Connection, key: &Key) -> StoreResult<Option<Grant>> {
    conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM grants WHERE user_id = ?1 AND account_id = ?2 AND permission_set = ?3"
    ))
    .and_then(|mut statement| {
        let key = [
            key.user.as_str(),
            key.account.as_str(),
            key.permission_set.as_str(),
        ];
        statement.query_row(key, from_row).optional()
    })
    .map_err(failed)?
    .map(Grant::try_from)
    .transpose()
}

/// All that are not settled `absent`, by key.
pub(super) fn unsettled(conn: &Connection) -> StoreResult<Vec<Grant>> {
    let rows: Vec<GrantRow> = conn
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM grants
             WHERE state <> 'absent' OR ambiguous_create_at IS NOT NULL OR next_attempt_at IS NOT NULL
             ORDER BY user_id, account_id, permission_set"
        ))
        .and_then(|mut statement| statement.query_map([], from_row)?.collect())
        .map_err(failed)?;
    rows.into_iter().map(Grant::try_from).collect()
}

/// All of one account and permission set, by key.
pub(super) fn on(conn: &Connection, account: &AccountId, set: &PermissionSetArn) -> StoreResult<Vec<Grant>> {
    select(
        conn,
        "account_id = ?1 AND permission_set = ?2",
        params![account.as_str(), set.as_str()],
    )
}

/// Those that a sweep looks at again: not there or not ours, and ours since, or perhaps ours.
pub(super) fn recent(conn: &Connection, since: Time) -> StoreResult<Vec<Grant>> {
    select(
        conn,
        "state IN ('absent', 'foreign') AND (owned_at >= ?1 OR ambiguous_create_at IS NOT NULL)",
        params![millis(since)],
    )
}

fn select(conn: &Connection, condition: &str, values: &[&dyn rusqlite::ToSql]) -> StoreResult<Vec<Grant>> {
    let rows: Vec<GrantRow> = conn
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM grants WHERE {condition} ORDER BY user_id, account_id, permission_set"
        ))
        .and_then(|mut statement| statement.query_map(values, from_row)?.collect())
        .map_err(failed)?;
    rows.into_iter().map(Grant::try_from).collect()
}

/// Keys with work, ordered. More than needed is harmless, less is not: grants under way; doubtful creates; access
/// without a lease, and a lease without access; requests that wait for either.
pub(super) fn keys_with_work(conn: &Connection) -> StoreResult<Vec<Key>> {
    let rows: Vec<(String, String, String)> = conn
        .prepare_cached(
            "SELECT user_id, account_id, permission_set FROM grants AS g
             WHERE state IN ('creating', 'deleting', 'unknown')
                OR state = 'absent' AND ambiguous_create_at IS NOT NULL AND attempts > 0
                OR state IN ('present', 'foreign') AND (state = 'foreign') = EXISTS(
                     SELECT 1 FROM requests AS r
                     WHERE r.user_id = g.user_id AND r.account_id = g.account_id
                       AND r.permission_set = g.permission_set AND r.open = 1 AND r.leased = 1)
             UNION
             SELECT user_id, account_id, permission_set FROM requests WHERE state IN ('activating', 'ending')
             UNION
             SELECT user_id, account_id, permission_set FROM requests AS r
             WHERE state = 'active' AND NOT EXISTS(
                     SELECT 1 FROM grants AS g
                     WHERE g.user_id = r.user_id AND g.account_id = r.account_id
                       AND g.permission_set = r.permission_set AND g.state = 'present')
             ORDER BY 1, 2, 3",
        )
        .and_then(|mut statement| {
            statement
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
                .collect()
        })
        .map_err(failed)?;
    rows.into_iter()
        .map(|(user, account, set)| {
            let name = format!("{user} {account} {set}");
            let place = Place {
                table: "grants",
                row: &name,
            };
            Ok(Key {
                user: place.parse("user_id", &user)?,
                account: place.parse("account_id", &account)?,
                permission_set: place.parse("permission_set", &set)?,
            })
        })
        .collect()
}

/// Writes a grant.
pub(super) fn save(conn: &Connection, grant: &Grant) -> StoreResult<()> {
    let row = GrantRow::from(grant);
    conn.prepare_cached(
        "INSERT OR REPLACE INTO grants(user_id, account_id, permission_set, state, listed_at, phase,
           phase_request_id, phase_at, attempts, next_attempt_at, last_error, aws_request_id, ambiguous_create_at,
           owned_at, failed_creates, stuck_alarms)
         VALUES (:user_id, :account_id, :permission_set, :state, :listed_at, :phase,
           :phase_request_id, :phase_at, :attempts, :next_attempt_at, :last_error, :aws_request_id,
           :ambiguous_create_at, :owned_at, :failed_creates, :stuck_alarms)",
    )
    .and_then(|mut statement| {
        statement.execute(named_params! {
            ":user_id": row.user_id,
            ":account_id": row.account_id,
            ":permission_set": row.permission_set,
            ":state": row.state,
            ":listed_at": row.listed_at,
            ":phase": row.phase,
            ":phase_request_id": row.phase_request_id,
            ":phase_at": row.phase_at,
            ":attempts": row.attempts,
            ":next_attempt_at": row.next_attempt_at,
            ":last_error": row.last_error,
            ":aws_request_id": row.aws_request_id,
            ":ambiguous_create_at": row.ambiguous_create_at,
            ":owned_at": row.owned_at,
            ":failed_creates": row.failed_creates,
            ":stuck_alarms": row.stuck_alarms,
        })
    })
    .map(drop)
    .map_err(failed)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<GrantRow> {
    Ok(GrantRow {
        user_id: row.get("user_id")?,
        account_id: row.get("account_id")?,
        permission_set: row.get("permission_set")?,
        state: row.get("state")?,
        listed_at: row.get("listed_at")?,
        phase: row.get("phase")?,
        phase_request_id: row.get("phase_request_id")?,
        phase_at: row.get("phase_at")?,
        attempts: row.get("attempts")?,
        next_attempt_at: row.get("next_attempt_at")?,
        last_error: row.get("last_error")?,
        aws_request_id: row.get("aws_request_id")?,
        ambiguous_create_at: row.get("ambiguous_create_at")?,
        owned_at: row.get("owned_at")?,
        failed_creates: row.get("failed_creates")?,
        stuck_alarms: row.get("stuck_alarms")?,
    })
}
