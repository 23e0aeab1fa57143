//! Keeping events, and how far each place was read.

use super::{ActivityStore, Look, failed, millis, read};
use crate::port::StoreResult;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeMap;
use team_shared::ids::{PermissionSetArn, RequestId, UserId};
use teamd_domain::Time;
use teamd_domain::activity::{Habit, KEPT, Recorded, Summary, Via, is_denied};

/// Events that go in one step when they are old.
const STEP: i64 = 5_000;

/// Whose session it is that events belong to.
#[derive(Debug, Clone)]
pub struct Owner {
    /// The request.
    pub request: RequestId,
    /// The person.
    pub user: UserId,
    /// The permission set.
    pub permission_set: PermissionSetArn,
}

/// What became of events.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// Those that were new, with all their marks as far as they are known now; oldest first.
    pub new: Vec<Recorded>,
    /// The request's counts with them.
    pub summary: Summary,
}

impl ActivityStore {
    /// Keeps what is new of a request's events.
    ///
    /// # Errors
    /// The file cannot be written, or is damaged.
    pub async fn keep(&self, owner: Owner, events: Vec<Recorded>) -> StoreResult<Kept> {
        self.write(move |conn| {
            let mut new = Vec::new();
            let mut events = events;
            events.sort_by(|a, b| (a.call.at, &a.call.event_id).cmp(&(b.call.at, &b.call.event_id)));
            for event in events {
                if insert(conn, &owner, &event)? {
                    new.push(event);
                }
            }
            note_use(conn, &owner, &new)?;
            count(conn, &owner, &new)?;
            let marks = read::wider_marks(conn, &owner.request)?;
            for event in &mut new {
                marks.add_to(event);
            }
            let summary = read::summary(conn, &owner.request)?.unwrap_or_default();
            Ok(Kept { new, summary })
        })
        .await
    }

    /// Notes how a place was read for a request.
    ///
    /// # Errors
    /// The file cannot be written, or is damaged.
    pub async fn save_look(&self, request: RequestId, place: String, look: Look) -> StoreResult<()> {
        self.write(move |conn| {
            conn.prepare_cached(
                "INSERT OR REPLACE INTO looks (request, place, read_at, deep_at, error, error_since) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )
            .and_then(|mut sql| {
                sql.execute(params![
                    request.to_string(),
                    place,
                    look.read_at.map(millis),
                    look.deep_at.map(millis),
                    look.error,
                    look.error_since.map(millis),
                ])
            })
            .map(drop)
            .map_err(failed)
        })
        .await
    }

    /// Everything that can be known of a request's session is there.
    ///
    /// # Errors
    /// The file cannot be written, or is damaged.
    pub async fn close(&self, request: RequestId, at: Time) -> StoreResult<Summary> {
        self.write(move |conn| {
            let id = request.to_string();
            follow(conn, &id)?;
            conn.execute(
                "UPDATE followed SET closed_at = ?2 WHERE request = ?1",
                params![id, millis(at)],
            )
            .map_err(failed)?;
            Ok(read::summary(conn, &request)?.unwrap_or_default())
        })
        .await
    }

    /// Forgets the events from before a moment, a step at a time; how many. What was counted of them and what they left
    /// behind stays.
    ///
    /// # Errors
    /// The file cannot be written, or is damaged.
    pub async fn forget(&self, before: Time) -> StoreResult<usize> {
        let mut gone = 0;
        loop {
            let step = self.write(move |conn| forget_some(conn, before)).await?;
            gone += step;
            if step == 0 {
                self.write(move |conn| forget_how(conn, before)).await?;
                return Ok(gone);
            }
        }
    }
}

fn forget_some(conn: &Connection, before: Time) -> StoreResult<usize> {
    let old = "SELECT n FROM events WHERE at < ?1 ORDER BY at LIMIT ?2";
    let run = |sql: &str| {
        conn.prepare_cached(sql)
            .and_then(|mut sql| sql.execute(params![millis(before), STEP]))
            .map_err(failed)
    };
    run(&format!("DELETE FROM belongs WHERE n IN ({old})"))?;
    conn.prepare_cached("DELETE FROM used WHERE last_at < ?1")
        .and_then(|mut sql| sql.execute([millis(before)]))
        .map_err(failed)?;
    run(&format!("DELETE FROM events WHERE n IN ({old})"))
}

/// How requests were read, of whom no event is left: access keys, roles, names.
fn forget_how(conn: &Connection, before: Time) -> StoreResult<()> {
    for table in ["looks", "chains", "faces"] {
        let sql = format!(
            "DELETE FROM {table} WHERE request IN (SELECT request FROM followed f WHERE f.closed_at < ?1 \
             AND NOT EXISTS (SELECT 1 FROM belongs b WHERE b.request = f.request))"
        );
        conn.execute(&sql, [millis(before)]).map_err(failed)?;
    }
    Ok(())
}

/// Whether it was new for this request.
fn insert(conn: &Connection, owner: &Owner, event: &Recorded) -> StoreResult<bool> {
    let (call, request) = (&event.call, owner.request.to_string());
    conn.prepare_cached(
        "INSERT INTO events (event_id, at, record) VALUES (?1, ?2, ?3) ON CONFLICT (event_id) DO NOTHING",
    )
    .and_then(|mut sql| {
        sql.execute(params![
            call.event_id,
            millis(call.at),
            super::large::kept(&event.record)
        ])
    })
    .map_err(failed)?;
    // Under one id, one event: whichever came first.
    let (n, at): (i64, i64) = conn
        .prepare_cached("SELECT n, at FROM events WHERE event_id = ?1")
        .and_then(|mut sql| sql.query_row([&call.event_id], |row| Ok((row.get(0)?, row.get(1)?))))
        .map_err(failed)?;
    let inserted = conn
        .prepare_cached(
            "INSERT OR IGNORE INTO belongs (request, at, n, via, service, action, source_ip, anchor, read_only, \
             error, denied, marks) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )
        .and_then(|mut sql| {
            sql.execute(params![
                request,
                at,
                n,
                via_number(event.via),
                call.service(),
                call.action(),
                call.source_ip,
                call.anchor,
                call.read_only,
                call.error.is_some(),
                is_denied(call),
                event.marks.join(" "),
            ])
        })
        .map_err(failed)?;
    if inserted == 0 {
        return Ok(false);
    }
    for door in &call.doors {
        conn.prepare_cached(
            "INSERT INTO left_behind (request, kind, name, at, event_id) VALUES (?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT (request, kind, name) DO UPDATE SET at = excluded.at, event_id = excluded.event_id \
             WHERE excluded.at < at",
        )
        .and_then(|mut sql| sql.execute(params![request, door.kind, door.name, at, call.event_id]))
        .map_err(failed)?;
    }
    let chained = call.assumed.as_ref().filter(|_| call.error.is_none());
    if let Some((assumed, key)) = chained.and_then(|a| Some((a, a.access_key.as_ref()?)))
        && assumed.account == call.account
    {
        conn.prepare_cached(
            "INSERT OR IGNORE INTO chains (request, access_key, role, at) VALUES (?1, ?2, ?3, ?4)",
        )
        .and_then(|mut sql| sql.execute(params![request, key, assumed.role, millis(call.at)]))
        .map_err(failed)?;
    }
    Ok(true)
}

/// Addresses, programs and actions, for the comparison with other sessions of the same person and permission set.
fn note_use(conn: &Connection, owner: &Owner, new: &[Recorded]) -> StoreResult<()> {
    let mut used: BTreeMap<(Habit, String), (i64, i64)> = BTreeMap::new();
    for event in new.iter().filter(|event| event.via != Via::SignIn) {
        let at = millis(event.call.at);
        for habit in Habit::ALL {
            if let Some(value) = habit.of(&event.call) {
                let span = used.entry((habit, value)).or_insert((at, at));
                *span = (span.0.min(at), span.1.max(at));
            }
        }
    }
    let mut sql = conn
        .prepare_cached(
            "INSERT INTO used (person, permission_set, kind, value, request, first_at, last_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET \
             first_at = MIN(first_at, excluded.first_at), last_at = MAX(last_at, excluded.last_at)",
        )
        .map_err(failed)?;
    for ((habit, value), (first, last)) in used {
        sql.execute(params![
            owner.user.as_str(),
            owner.permission_set.as_str(),
            habit as i64,
            value,
            owner.request.to_string(),
            first,
            last,
        ])
        .map_err(failed)?;
    }
    Ok(())
}

fn count(conn: &Connection, owner: &Owner, new: &[Recorded]) -> StoreResult<()> {
    let id = owner.request.to_string();
    follow(conn, &id)?;
    let number = |fits: &dyn Fn(&Recorded) -> bool| {
        i64::try_from(new.iter().filter(|event| fits(event)).count()).unwrap_or(i64::MAX)
    };
    let is_call = |event: &Recorded| event.via != Via::SignIn;
    let calls = || {
        new.iter()
            .filter(|event| is_call(event))
            .map(|event| millis(event.call.at))
    };
    let signed_in = new
        .iter()
        .filter(|event| !is_call(event))
        .map(|event| millis(event.call.at));
    conn.prepare_cached(
        "UPDATE followed SET events = events + ?2, writes = writes + ?3, errors = errors + ?4, \
         first_at = CASE WHEN first_at IS NULL OR ?5 < first_at THEN COALESCE(?5, first_at) ELSE first_at END, \
         newest_at = CASE WHEN newest_at IS NULL OR ?6 > newest_at THEN COALESCE(?6, newest_at) ELSE newest_at END, \
         signed_in_at = CASE WHEN signed_in_at IS NULL OR ?7 > signed_in_at THEN COALESCE(?7, signed_in_at) \
         ELSE signed_in_at END WHERE request = ?1",
    )
    .and_then(|mut sql| {
        sql.execute(params![
            id,
            number(&is_call),
            number(&|event| is_call(event) && !event.call.read_only),
            number(&|event| is_call(event) && event.call.error.is_some()),
            calls().min(),
            calls().max(),
            signed_in.max(),
        ])
    })
    .map(drop)
    .map_err(failed)
}

fn follow(conn: &Connection, request: &str) -> StoreResult<()> {
    let known: Option<i64> = conn
        .prepare_cached("SELECT 1 FROM followed WHERE request = ?1")
        .and_then(|mut sql| sql.query_row([request], |row| row.get(0)).optional())
        .map_err(failed)?;
    if known.is_none() {
        conn.execute("INSERT INTO followed (request) VALUES (?1)", [request])
            .map_err(failed)?;
    }
    Ok(())
}

fn via_number(via: Via) -> i64 {
    match via {
        Via::SignIn => read::SIGN_IN,
        Via::Session => 1,
        Via::Chain => 2,
    }
}

/// How long uses count against what is new.
pub(super) fn memory_ms() -> i64 {
    KEPT.num_milliseconds()
}
