//! Pages, digests, summaries.

use super::write::memory_ms;
use super::{ActivityStore, Look, failed, moment};
use crate::port::StoreResult;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::{BTreeMap, HashMap, HashSet};
use team_shared::ids::RequestId;
use teamd_domain::Time;
use teamd_domain::activity::{
    Counted, DENIED_BURST, Digest, Habit, LeftBehind, Recorded, Summary, Via, bursts,
};

/// Sign-ins are shown, and not counted as use.
pub(super) const SIGN_IN: i64 = 0;

/// Actions and addresses that a digest names.
const NAMED: usize = 10;

/// Records that are read for one page, in bytes: some hundred ordinary ones. Whoever calls with records of the largest size
/// must not fill the memory of the daemon.
const BYTES: usize = 2 * 1024 * 1024;

/// A place between the lines of a request: the moment in milliseconds, and the order of arrival.
pub type Position = (i64, i64);

/// Which lines of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageOf {
    /// The oldest behind a position, or from the beginning.
    After(Option<Position>),
    /// The newest.
    Newest,
}

/// A kept event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it stands.
    pub position: Position,
    /// CloudTrail's id.
    pub event_id: String,
    /// When it happened.
    pub at: Time,
    /// The record as received.
    pub record: String,
    /// Whether it is a sign-in.
    pub is_sign_in: bool,
    /// What is worth a look, by its record alone.
    pub marks: Vec<String>,
}

/// Lines of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines {
    /// Oldest first.
    pub lines: Vec<Line>,
    /// Whether there are more of them.
    pub has_more: bool,
}

impl ActivityStore {
    /// Lines of a request: so many at most, and fewer where their records are large.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn page(&self, request: RequestId, page: PageOf, limit: usize) -> StoreResult<Lines> {
        self.read(move |conn| lines(conn, &request, page, limit)).await
    }

    /// The line of one event.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn line(&self, request: RequestId, event_id: String) -> StoreResult<Option<Line>> {
        self.read(move |conn| {
            let sql = format!("{LINES} AND e.event_id = ?2");
            conn.prepare_cached(&sql)
                .and_then(|mut sql| {
                    sql.query_row(params![request.to_string(), event_id], line_of)
                        .optional()
                })
                .map_err(failed)
        })
        .await
    }

    /// What was done in a request's session.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn digest(&self, request: RequestId) -> StoreResult<Digest> {
        self.read(move |conn| digest(conn, &request)).await
    }

    /// What a request's session left behind, oldest first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn left_behind(&self, request: RequestId) -> StoreResult<Vec<LeftBehind>> {
        self.read(move |conn| left_behind(conn, &request)).await
    }

    /// How far each place was read for a request.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn looks(&self, request: RequestId) -> StoreResult<BTreeMap<String, Look>> {
        self.read(move |conn| {
            let at = |row: &Row<'_>, n| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(n)?.map(moment));
            let sql = "SELECT place, read_at, deep_at, error, error_since FROM looks WHERE request = ?1";
            all(conn, sql, &request, |row| {
                let look = Look {
                    read_at: at(row, 1)?,
                    deep_at: at(row, 2)?,
                    error: row.get(3)?,
                    error_since: at(row, 4)?,
                };
                Ok((row.get(0)?, look))
            })
            .map(|looks| looks.into_iter().collect())
        })
        .await
    }

    /// Access keys of the roles that a session went on to, and since when: the newest first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn chain_keys(&self, request: RequestId) -> StoreResult<Vec<(String, Time)>> {
        self.read(move |conn| {
            let sql = "SELECT access_key, at FROM chains WHERE request = ?1 ORDER BY at DESC, access_key";
            all(conn, sql, &request, |row| Ok((row.get(0)?, moment(row.get(1)?))))
        })
        .await
    }

    /// The counts of every request that was ever followed.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn summaries(&self) -> StoreResult<HashMap<RequestId, Summary>> {
        self.read(|conn| {
            let mut sql = conn
                .prepare(&format!("SELECT {SUMMARY}, request FROM followed"))
                .map_err(failed)?;
            let rows = sql
                .query_map([], |row| Ok((row.get::<_, String>(8)?, summary_of(row)?)))
                .map_err(failed)?;
            let mut known = HashMap::new();
            for row in rows {
                let (id, summary) = row.map_err(failed)?;
                if let Ok(id) = id.parse() {
                    known.insert(id, summary);
                }
            }
            Ok(known)
        })
        .await
    }
}

const SUMMARY: &str = "events, writes, errors, first_at, newest_at, signed_in_at, closed_at, \
    (SELECT COUNT(*) FROM left_behind l WHERE l.request = followed.request)";

fn summary_of(row: &Row<'_>) -> rusqlite::Result<Summary> {
    let at = |n| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(n)?.map(moment));
    Ok(Summary {
        events: number(row, 0)?,
        writes: number(row, 1)?,
        errors: number(row, 2)?,
        first_at: at(3)?,
        newest_at: at(4)?,
        signed_in_at: at(5)?,
        closed_at: at(6)?,
        left_behind: number(row, 7)?,
    })
}

/// SQLite counts with a sign.
fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(column)?.unsigned_abs())
}

pub(super) fn summary(conn: &Connection, request: &RequestId) -> StoreResult<Option<Summary>> {
    conn.prepare_cached(&format!("SELECT {SUMMARY} FROM followed WHERE request = ?1"))
        .and_then(|mut sql| sql.query_row([request.to_string()], summary_of).optional())
        .map_err(failed)
}

fn all<T>(
    conn: &Connection,
    sql: &str,
    request: &RequestId,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> StoreResult<Vec<T>> {
    conn.prepare_cached(sql)
        .and_then(|mut sql| sql.query_map([request.to_string()], read)?.collect())
        .map_err(failed)
}

const LINES: &str = "SELECT b.at, b.n, e.event_id, e.record, b.marks, b.via \
    FROM belongs b JOIN events e ON e.n = b.n WHERE b.request = ?1";

fn line_of(row: &Row<'_>) -> rusqlite::Result<Line> {
    let position: Position = (row.get(0)?, row.get(1)?);
    Ok(Line {
        position,
        event_id: row.get(2)?,
        at: moment(position.0),
        record: row.get(3)?,
        marks: words(&row.get::<_, String>(4)?),
        is_sign_in: row.get::<_, i64>(5)? == SIGN_IN,
    })
}

fn lines(conn: &Connection, request: &RequestId, page: PageOf, limit: usize) -> StoreResult<Lines> {
    let (order, (at, n)) = match page {
        PageOf::After(position) => ("ASC", position.unwrap_or((i64::MIN, i64::MIN))),
        PageOf::Newest => ("DESC", (i64::MIN, i64::MIN)),
    };
    let sql = format!("{LINES} AND (b.at, b.n) > (?2, ?3) ORDER BY b.at {order}, b.n {order} LIMIT ?4");
    let one_more = i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX);
    let read = || -> rusqlite::Result<Lines> {
        let mut sql = conn.prepare_cached(&sql)?;
        let mut rows = sql.query(params![request.to_string(), at, n, one_more])?;
        let mut found = Lines::default();
        let mut bytes = 0;
        while let Some(row) = rows.next()? {
            let line = line_of(row)?;
            bytes += line.record.len();
            // One at least, so that whoever pages gets on.
            if found.lines.len() == limit || bytes > BYTES && !found.lines.is_empty() {
                found.has_more = true;
                break;
            }
            found.lines.push(line);
        }
        Ok(found)
    };
    let mut found = read().map_err(failed)?;
    if page == PageOf::Newest {
        found.lines.reverse();
    }
    Ok(found)
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(ToOwned::to_owned).collect()
}

/// The marks that only the whole of a session, and of those before it, shows.
#[derive(Debug, Clone, Default)]
pub struct WiderMarks {
    bursts: HashSet<Time>,
    /// Refusals at these moments: CloudTrail's times are whole seconds.
    in_bursts: u64,
    /// What is new, and when it was first done.
    new: HashMap<(i64, String), Time>,
}

impl WiderMarks {
    /// Adds those of a call to its marks.
    pub fn add_to(&self, event: &mut Recorded) {
        if event.via == Via::SignIn {
            return;
        }
        for habit in Habit::ALL {
            let value = habit.of(&event.call);
            let first = value.and_then(|value| self.new.get(&(habit as i64, value)));
            if first == Some(&event.call.at) {
                event.marks.push(habit.mark().to_owned());
            }
        }
        if self.bursts.contains(&event.call.at) && teamd_domain::activity::is_denied(&event.call) {
            event.marks.push(DENIED_BURST.to_owned());
        }
    }

    fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let of = |habit: Habit| {
            let new = self.new.keys().filter(|(kind, _)| *kind == habit as i64);
            (habit.mark(), new.count() as u64)
        };
        let bursts = (DENIED_BURST, self.in_bursts);
        Habit::ALL
            .map(of)
            .into_iter()
            .chain([bursts])
            .filter(|(_, count)| *count > 0)
    }
}

impl ActivityStore {
    /// See [`WiderMarks`].
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn wider_marks(&self, request: RequestId) -> StoreResult<WiderMarks> {
        self.read(move |conn| wider_marks(conn, &request)).await
    }
}

/// New is what no earlier session of the same person and permission set had in 90 days, where there was one at all.
pub(super) fn wider_marks(conn: &Connection, request: &RequestId) -> StoreResult<WiderMarks> {
    let denied = all(
        conn,
        "SELECT at FROM belongs WHERE request = ?1 AND denied = 1 ORDER BY at",
        request,
        |row| row.get(0).map(moment),
    )?;
    let same = "o.person = u.person AND o.permission_set = u.permission_set AND o.kind = u.kind \
                AND o.request <> u.request AND o.first_at < u.first_at";
    let sql = format!(
        "SELECT u.kind, u.value, u.first_at FROM used u WHERE u.request = ?1 \
         AND EXISTS (SELECT 1 FROM used o WHERE {same}) AND NOT EXISTS \
         (SELECT 1 FROM used o WHERE {same} AND o.value = u.value AND o.last_at >= u.first_at - {})",
        memory_ms()
    );
    let new = all(conn, &sql, request, |row| {
        Ok(((row.get(0)?, row.get(1)?), moment(row.get(2)?)))
    })?;
    let bursts: HashSet<Time> = bursts(&denied).into_iter().collect();
    Ok(WiderMarks {
        in_bursts: denied.iter().filter(|at| bursts.contains(at)).count() as u64,
        bursts,
        new: new.into_iter().collect(),
    })
}

fn left_behind(conn: &Connection, request: &RequestId) -> StoreResult<Vec<LeftBehind>> {
    let sql = "SELECT kind, name, at, event_id FROM left_behind WHERE request = ?1 ORDER BY at, kind, name";
    all(conn, sql, request, |row| {
        Ok(LeftBehind {
            kind: row.get(0)?,
            name: row.get(1)?,
            at: moment(row.get(2)?),
            event_id: row.get(3)?,
        })
    })
}

fn digest(conn: &Connection, request: &RequestId) -> StoreResult<Digest> {
    let counted = |column: &str, limit: usize| -> StoreResult<Counted> {
        let sql = format!(
            "SELECT {column}, COUNT(*) AS times FROM belongs WHERE request = ?1 AND via <> {SIGN_IN} \
             GROUP BY {column} ORDER BY times DESC, {column} LIMIT {limit}"
        );
        all(conn, &sql, request, |row| Ok((row.get(0)?, number(row, 1)?)))
    };
    let mut marks: BTreeMap<String, u64> = BTreeMap::new();
    for (together, times) in counted("marks", usize::from(u16::MAX))? {
        for mark in words(&together) {
            *marks.entry(mark).or_default() += times;
        }
    }
    for (mark, times) in wider_marks(conn, request)?.counts() {
        *marks.entry(mark.to_owned()).or_default() += times;
    }
    let mut marks: Counted = marks.into_iter().collect();
    marks.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(&other.0)));
    let sessions =
        format!("SELECT COUNT(DISTINCT anchor) FROM belongs WHERE request = ?1 AND via <> {SIGN_IN}");
    let sessions = all(conn, &sessions, request, |row| number(row, 0))?;
    Ok(Digest {
        summary: summary(conn, request)?.unwrap_or_default(),
        sessions: sessions.first().copied().unwrap_or(0),
        services: counted("service", NAMED)?,
        actions: counted("action", NAMED)?,
        addresses: counted("source_ip", NAMED)?,
        marks,
        left_behind: left_behind(conn, request)?,
    })
}

/// For positions on the wire.
impl Line {
    /// A position as a text.
    #[must_use]
    pub fn cursor_at((at, n): Position) -> String {
        format!("{at}.{n}")
    }

    /// The way back.
    #[must_use]
    pub fn position_of(cursor: &str) -> Option<Position> {
        let (at, n) = cursor.split_once('.')?;
        Some((at.parse().ok()?, n.parse().ok()?))
    }
}
