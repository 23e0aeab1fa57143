//! What is in AWS beside our own grants: drift and standing access.

use super::failed;
use crate::port::StoreResult;
use crate::record::{Place, millis};
use rusqlite::{Connection, named_params, params};
use team_shared::ids::{AccountId, PermissionSetArn};
use teamd_domain::Time;
use teamd_domain::grant::{Drift, Holder, Standing};
use teamd_domain::request::Key;

/// All differences, by key.
pub(super) fn drift(conn: &Connection) -> StoreResult<Vec<Drift>> {
    let rows: Vec<(String, String, String, String, i64)> = conn
        .prepare_cached(
            "SELECT user_id, account_id, permission_set, kind, found_at FROM drift
             ORDER BY user_id, account_id, permission_set",
        )
        .and_then(|mut statement| {
            statement
                .query_map([], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
                })?
                .collect()
        })
        .map_err(failed)?;
    rows.into_iter()
        .map(|(user, account, set, kind, found_at)| {
            let name = format!("{user} {account} {set}");
            let place = Place {
                table: "drift",
                row: &name,
            };
            Ok(Drift {
                key: Key {
                    user: place.parse("user_id", &user)?,
                    account: place.parse("account_id", &account)?,
                    permission_set: place.parse("permission_set", &set)?,
                },
                kind: place.parse("kind", &kind)?,
                found_at: place.time("found_at", found_at)?,
            })
        })
        .collect()
}

/// Writes a difference.
pub(super) fn save_drift(conn: &Connection, drift: &Drift) -> StoreResult<()> {
    conn.prepare_cached(
        "INSERT OR REPLACE INTO drift(user_id, account_id, permission_set, kind, found_at)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )
    .and_then(|mut statement| {
        statement.execute(params![
            drift.key.user.as_str(),
            drift.key.account.as_str(),
            drift.key.permission_set.as_str(),
            drift.kind.as_str(),
            millis(drift.found_at)
        ])
    })
    .map(drop)
    .map_err(failed)
}

/// They agree again.
pub(super) fn remove_drift(conn: &Connection, key: &Key) -> StoreResult<()> {
    conn.prepare_cached("DELETE FROM drift WHERE user_id = ?1 AND account_id = ?2 AND permission_set = ?3")
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

/// All standing access, by account, permission set and holder.
pub(super) fn standing(conn: &Connection) -> StoreResult<Vec<Standing>> {
    let rows: Vec<(String, String, String, String, i64)> = conn
        .prepare_cached(
            "SELECT account_id, permission_set, holder_kind, holder_id, found_at FROM standing
             ORDER BY account_id, permission_set, holder_kind DESC, holder_id",
        )
        .and_then(|mut statement| {
            statement
                .query_map([], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
                })?
                .collect()
        })
        .map_err(failed)?;
    rows.into_iter()
        .map(|(account, set, kind, id, found_at)| {
            let name = format!("{account} {set} {kind} {id}");
            let place = Place {
                table: "standing",
                row: &name,
            };
            Ok(Standing {
                holder: match kind.as_str() {
                    "user" => Holder::User(place.parse("holder_id", &id)?),
                    "group" => Holder::Group(place.parse("holder_id", &id)?),
                    other => return Err(place.impossible(format!("holder_kind {other:?}"))),
                },
                account: place.parse("account_id", &account)?,
                permission_set: place.parse("permission_set", &set)?,
                found_at: place.time("found_at", found_at)?,
            })
        })
        .collect()
}

/// What was found on one account and permission set; those that stay keep the moment when they were first seen.
pub(super) fn replace_standing(
    conn: &Connection,
    account: &AccountId,
    set: &PermissionSetArn,
    found: &[Holder],
    now: Time,
) -> StoreResult<()> {
    let mut insert = conn
        .prepare_cached(
            "INSERT INTO standing(account_id, permission_set, holder_kind, holder_id, found_at, seen_at)
             VALUES (:account, :set, :kind, :id, :now, :now)
             ON CONFLICT DO UPDATE SET seen_at = excluded.seen_at",
        )
        .map_err(failed)?;
    // Marks what was there, so that what is not found again can be told apart within one millisecond too.
    conn.prepare_cached("UPDATE standing SET seen_at = -1 WHERE account_id = ?1 AND permission_set = ?2")
        .and_then(|mut statement| statement.execute([account.as_str(), set.as_str()]))
        .map_err(failed)?;
    for holder in found {
        let (kind, id) = match holder {
            Holder::User(id) => ("user", id.as_str()),
            Holder::Group(id) => ("group", id.as_str()),
        };
        insert
            .execute(named_params! {
                ":account": account.as_str(),
                ":set": set.as_str(),
                ":kind": kind,
                ":id": id,
                ":now": millis(now),
            })
            .map_err(failed)?;
    }
    conn.prepare_cached("DELETE FROM standing WHERE account_id = ?1 AND permission_set = ?2 AND seen_at = -1")
        .and_then(|mut statement| statement.execute([account.as_str(), set.as_str()]))
        .map(drop)
        .map_err(failed)
}

/// Forgets what was not seen since.
pub(super) fn forget_standing(conn: &Connection, before: Time) -> StoreResult<()> {
    conn.prepare_cached("DELETE FROM standing WHERE seen_at < ?1")
        .and_then(|mut statement| statement.execute([millis(before)]))
        .map(drop)
        .map_err(failed)
}
