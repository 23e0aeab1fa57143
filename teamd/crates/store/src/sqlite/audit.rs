//! The audit trail and the free texts beside it.

use super::{failed, meta};
use crate::chain::{Head, Row, RowRef, Text, Verifier, link, restore};
use crate::port::{AuditFilter, AuditRecord, ChainProgress, ChainStep, StoreError, StoreResult};
use crate::record::{Place, millis, signed};
use rusqlite::{Connection, Rows, params, params_from_iter};
use teamd_domain::Time;
use teamd_domain::event::EventDraft;

/// Appends a row after the recorded end of the trail. If rows were taken away there, the trigger refuses: nothing is ever
/// chained to a trail that was cut.
pub(super) fn append(conn: &Connection, epoch: u64, at: Time, event: &EventDraft) -> StoreResult<u64> {
    let (row, texts) = link(meta::head(conn)?.unwrap_or_default(), epoch, at, event)?;
    let (seq, epoch) = (signed(row.seq)?, signed(row.epoch)?);
    let run = || -> rusqlite::Result<()> {
        conn.prepare_cached(
            "INSERT INTO audit(seq, ts_ms, epoch, body, prev, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![seq, row.ts_ms, epoch, row.body, row.prev, row.hash])?;
        for text in &texts {
            conn.prepare_cached("INSERT INTO audit_text(seq, field, salt, text) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![seq, text.field, text.salt, text.text])?;
        }
        if let Some(id) = event.request_id {
            conn.prepare_cached("INSERT INTO audit_request(request_id, seq) VALUES (?1, ?2)")?
                .execute(params![id.to_string(), seq])?;
        }
        Ok(())
    };
    run().map_err(refused)?;
    meta::set_head(
        conn,
        Head {
            seq: row.seq,
            hash: row.hash,
        },
    )?;
    Ok(row.seq)
}

/// What the trigger on the table says is about the trail; everything else is the database's.
fn refused(error: rusqlite::Error) -> StoreError {
    match failed(error) {
        StoreError::Database(why) if why.contains("an audit row must follow the one before") => {
            StoreError::AuditBroken(why)
        }
        other => other,
    }
}

/// Rows by filter, oldest first.
pub(super) fn list(conn: &Connection, filter: &AuditFilter) -> StoreResult<Vec<AuditRecord>> {
    let mut sql = "SELECT seq, ts_ms, epoch, body, prev, hash FROM audit WHERE seq > ?".to_owned();
    let mut values = vec![rusqlite::types::Value::from(signed(filter.after)?)];
    if let Some(id) = filter.request {
        sql.push_str(" AND seq IN (SELECT seq FROM audit_request WHERE request_id = ?)");
        values.push(id.to_string().into());
    }
    if let Some(since) = filter.since {
        sql.push_str(" AND ts_ms >= ?");
        values.push(millis(since).into());
    }
    if let Some(until) = filter.until {
        sql.push_str(" AND ts_ms < ?");
        values.push(millis(until).into());
    }
    if let Some(before) = filter.newest_before {
        sql.push_str(" AND seq < ?");
        values.push(i64::try_from(before).unwrap_or(i64::MAX).into());
    }
    sql.push_str(if filter.newest_before.is_some() {
        " ORDER BY seq DESC LIMIT ?"
    } else {
        " ORDER BY seq LIMIT ?"
    });
    values.push(i64::try_from(filter.limit).unwrap_or(i64::MAX).into());
    let rows: Vec<RawRow> = conn
        .prepare_cached(&sql)
        .and_then(|mut statement| statement.query_map(params_from_iter(values), raw)?.collect())
        .map_err(failed)?;
    rows.into_iter()
        .map(|row| {
            let texts = texts(conn, row.0)?;
            restore(from_raw(row)?, texts)
        })
        .collect()
}

/// Checks the next rows of the trail, one at a time.
pub(super) fn verify(conn: &Connection, mut verifier: Verifier, limit: usize) -> StoreResult<ChainStep> {
    if stream(conn, &mut verifier, limit).map_err(failed)? {
        return Ok(ChainStep::More(ChainProgress(verifier)));
    }
    // A recorded end that cannot be read is a fault of the trail, not of the reader.
    Ok(ChainStep::Done(
        verifier.finish(meta::head(conn).unwrap_or_default()),
    ))
}

/// Reads rows and free texts in order of their number, so that neither needs a look-up; whether there may be more. What
/// was meddled with can have any number: before the first good row none is left out.
fn stream(conn: &Connection, verifier: &mut Verifier, limit: usize) -> rusqlite::Result<bool> {
    let (first, also) = match verifier.position() {
        0 => (i64::MIN, "OR seq IS NULL"),
        good => (i64::try_from(good + 1).unwrap_or(i64::MAX), ""),
    };
    let mut statement = conn.prepare_cached(
        "SELECT seq, ts_ms, epoch, body, prev, hash FROM audit WHERE seq >= ?1 ORDER BY seq",
    )?;
    let mut text_statement = conn.prepare_cached(&format!(
        "SELECT coalesce(seq, 0), coalesce(field, ''), coalesce(salt, x''), coalesce(text, '')
             FROM audit_text WHERE seq >= ?1 {also} ORDER BY seq, field"
    ))?;
    let mut rows = statement.query([first])?;
    let mut text_rows = text_statement.query([first])?;
    let mut next = next_text(&mut text_rows)?;
    let (mut texts, mut count) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        if count == limit {
            return Ok(true);
        }
        count += 1;
        let seq: i64 = row.get(0)?;
        texts.clear();
        while let Some((of, text)) = next.take_if(|(of, _)| *of <= seq) {
            if of < seq {
                verifier.stray_text(of, &text.field);
                return Ok(false);
            }
            texts.push(text);
            next = next_text(&mut text_rows)?;
        }
        let good = verifier.row(
            RowRef {
                seq,
                ts_ms: row.get(1)?,
                epoch: row.get(2)?,
                body: row.get_ref(3)?.as_blob()?,
                prev: row.get_ref(4)?.as_blob()?,
                hash: row.get_ref(5)?.as_blob()?,
            },
            &texts,
        );
        if !good {
            return Ok(false);
        }
    }
    if let Some((of, text)) = next {
        verifier.stray_text(of, &text.field);
    }
    Ok(false)
}

fn next_text(rows: &mut Rows<'_>) -> rusqlite::Result<Option<(i64, Text)>> {
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let text = Text {
        field: row.get(1)?,
        salt: row.get(2)?,
        text: row.get(3)?,
    };
    Ok(Some((row.get(0)?, text)))
}

type RawRow = (i64, i64, i64, Vec<u8>, [u8; 32], [u8; 32]);

fn raw(row: &rusqlite::Row<'_>) -> rusqlite::Result<RawRow> {
    Ok((
        row.get(0)?,
        row.get(1)?,
        row.get(2)?,
        row.get(3)?,
        row.get(4)?,
        row.get(5)?,
    ))
}

fn from_raw((seq, ts_ms, epoch, body, prev, hash): RawRow) -> StoreResult<Row> {
    let name = seq.to_string();
    let place = Place {
        table: "audit",
        row: &name,
    };
    Ok(Row {
        seq: place.count("seq", seq)?,
        ts_ms,
        epoch: place.count("epoch", epoch)?,
        body,
        prev,
        hash,
    })
}

fn texts(conn: &Connection, seq: i64) -> StoreResult<Vec<Text>> {
    conn.prepare_cached("SELECT field, salt, text FROM audit_text WHERE seq = ?1 ORDER BY field")
        .and_then(|mut statement| {
            statement
                .query_map([seq], |row| {
                    Ok(Text {
                        field: row.get(0)?,
                        salt: row.get(1)?,
                        text: row.get(2)?,
                    })
                })?
                .collect()
        })
        .map_err(failed)
}
