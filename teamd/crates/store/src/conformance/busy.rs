//! A database that another process has locked: a second connection, on a real file.

use super::builders::{active, at, event, id, key, next, request};
use crate::port::{AuditFilter, StoreError, StoreResult};
use crate::{Store, WriteLane};
use rusqlite::Connection;
use std::path::Path;
use std::time::{Duration, Instant};
use team_shared::state::RequestState;
use teamd_domain::grant::{Grant, State as GrantState};
use teamd_domain::request::State;

/// Well below the second in which a delete has to be sent, and well above what a loaded machine adds.
const SOON: Duration = Duration::from_millis(800);

fn open(folder: &Path) -> (Store, Connection) {
    let path = folder.join("teamd.db");
    let store = Store::open(&path).unwrap();
    store
        .write_blocking::<(), StoreError>(WriteLane::Normal, |tx| {
            tx.insert_request(&request(1, State::Pending))?;
            tx.update_request(&next(&request(1, State::Pending), active(60)))?;
            tx.save_grant(&Grant {
                state: GrantState::Present,
                ..Grant::new(key("anna"))
            })
        })
        .unwrap();
    let other = Connection::open(&path).unwrap();
    (store, other)
}

async fn end(store: &Store) -> StoreResult<u64> {
    store
        .remove(|tx| {
            let live = tx.due_requests(at(100), 9)?;
            let Some(live) = live.first() else { return Ok(0) };
            let seq = tx.append(at(100), &event(7))?;
            tx.update_request(&next(live, super::builders::ending(60)))?;
            Ok(seq)
        })
        .await
}

#[tokio::test]
async fn locked_database_delays_no_removal() {
    let folder = tempfile::tempdir().unwrap();
    let (store, other) = open(folder.path());
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    // An ordinary write waits for the lock already when the access ends.
    let ordinary = store.write(WriteLane::Normal, |tx| tx.set_meta("a", "b"));
    let begun = Instant::now();
    let (ordinary, ended): (StoreResult<()>, _) = tokio::join!(biased; ordinary, end(&store));
    assert!(ended.is_ok());
    assert!(begun.elapsed() < SOON, "the removal took {:?}", begun.elapsed());
    assert!(matches!(ordinary, Err(StoreError::Busy(_))));
    assert!(matches!(*store.condition().borrow(), Some(StoreError::Busy(_))));
    // The next one does not even try, and finds what the last has done.
    let keys: StoreResult<_> = store.read_for_removal(|read| read.keys_with_work()).await;
    assert_eq!(keys, Ok(vec![key("anna")]));
    let refused: StoreResult<()> = store.write(WriteLane::Normal, |tx| tx.set_meta("a", "b")).await;
    assert!(matches!(refused, Err(StoreError::Busy(_))));
    // A try to go back to the tables does not hold up a removal for long.
    let begun = Instant::now();
    assert!(store.recover(at(150)).await.is_err());
    assert!(begun.elapsed() < SOON, "the recovery took {:?}", begun.elapsed());

    other.execute_batch("ROLLBACK").unwrap();
    assert!(store.recover(at(200)).await.is_ok_and(|written| written > 0));
    assert_eq!(*store.condition().borrow(), None);
    let (ended, rows, chain) = store
        .read(|read| {
            let rows = read.audit(&AuditFilter {
                limit: 9,
                ..AuditFilter::default()
            })?;
            StoreResult::Ok((read.request(&id(1))?, rows, read.verify_chain()?))
        })
        .await
        .unwrap();
    assert_eq!(ended.unwrap().state.word(), RequestState::Ending);
    assert_eq!((rows.len(), rows[0].at, chain.fault), (1, at(100), None));
    let recorded = at(200).to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
    assert_eq!(rows[0].data["recorded_at"], recorded);
    store.close();
}

#[tokio::test]
async fn database_locked_for_a_moment_heals() {
    let folder = tempfile::tempdir().unwrap();
    let (store, other) = open(folder.path());
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let write =
        async || -> StoreResult<()> { store.write(WriteLane::Normal, |tx| tx.set_meta("a", "b")).await };
    assert!(matches!(write().await, Err(StoreError::Busy(_))));
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(write().await, Ok(()));
    assert_eq!(*store.condition().borrow(), None);
    store.close();
}

#[tokio::test]
async fn long_reader_delays_no_commit() {
    let folder = tempfile::tempdir().unwrap();
    let (store, other) = open(folder.path());
    other.execute_batch("BEGIN; SELECT count(*) FROM meta").unwrap();
    let count: i64 = other
        .query_row("SELECT count(*) FROM meta", [], |row| row.get(0))
        .unwrap();
    assert!(count > 0);
    let mut longest = Duration::ZERO;
    // Past the size at which the log is checkpointed, which the reader keeps from being finished.
    for number in 0..12 {
        let begun = Instant::now();
        let written: StoreResult<()> = store
            .write(WriteLane::Normal, move |tx| {
                tx.set_meta(&format!("big-{number}"), &"x".repeat(1 << 19))
            })
            .await;
        assert_eq!(written, Ok(()));
        longest = longest.max(begun.elapsed());
    }
    assert!(longest < SOON, "a commit took {longest:?}");
    store.close();
}
