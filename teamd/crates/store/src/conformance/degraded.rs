//! Tables that cannot be used: full, taken over, or with a trail that takes no row.

use super::builders::{active, at, event, id, key, next, request};
use super::{Bench, Place, suite};
use crate::port::{AuditFilter, StoreError, StoreResult};
use crate::{Fault, Memory, Store, WriteLane};
use teamd_domain::grant::{Grant, State as GrantState};
use teamd_domain::request::State;

suite!(
    whoever_opens_last_is_the_only_writer,
    what_the_trail_did_not_take_is_appended_later,
);

fn whoever_opens_last_is_the_only_writer(bench: &mut Bench) {
    bench.write(|tx| tx.append(at(0), &event(1))).unwrap();
    match &bench.place {
        Place::Memory(memory) => drop(Store::on_memory(memory)),
        // The lock keeps a second daemon out; this is the one whose lock was lost.
        Place::Disk(folder) => {
            let file = rusqlite::Connection::open(folder.path().join("teamd.db")).unwrap();
            file.execute("UPDATE meta SET value = value + 1 WHERE name = 'audit.epoch'", [])
                .unwrap();
        }
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let removal: StoreResult<u64> = runtime.block_on(bench.store.remove(|tx| tx.append(at(1), &event(2))));
    assert!(
        matches!(removal, Err(StoreError::Superseded { .. })),
        "{removal:?}"
    );
    let written = bench.write(|tx| tx.append(at(1), &event(2)));
    assert!(
        matches!(written, Err(StoreError::Superseded { .. })),
        "{written:?}"
    );
    let condition = bench.store.condition().borrow().clone();
    assert!(matches!(condition, Some(StoreError::Superseded { .. })));
    assert_eq!(bench.read(|read| read.last_seq()), 1);
}

fn what_the_trail_did_not_take_is_appended_later(bench: &mut Bench) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let done: StoreResult<()> = runtime.block_on(bench.store.remove(|tx| {
        tx.spool(at(1), &event(1));
        tx.save_grant(&Grant::new(key("anna")))
    }));
    assert_eq!(done, Ok(()));
    // What was rolled back has not happened.
    let undone: StoreResult<()> = runtime.block_on(bench.store.remove(|tx| {
        tx.spool(at(2), &event(2));
        Err(StoreError::Database("no".into()))
    }));
    assert!(undone.is_err());
    assert_eq!(runtime.block_on(bench.store.recover(at(9))), Ok(1));
    assert_eq!(runtime.block_on(bench.store.recover(at(10))), Ok(0));
    let rows = bench.read(|read| {
        read.audit(&AuditFilter {
            limit: 9,
            ..AuditFilter::default()
        })
    });
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].at, at(1));
    assert_eq!(
        rows[0].data["recorded_at"],
        at(9).to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
    );
    assert_eq!(bench.read(|read| read.verify_chain()).fault, None);
}

/// A live request and its grant, on tables that the test can make fail.
fn with_access() -> (Memory, Store) {
    let memory = Memory::new();
    let store = Store::on_memory(&memory);
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
    (memory, store)
}

async fn end(store: &Store) -> StoreResult<u64> {
    store
        .remove(|tx| {
            let live = tx.due_requests(at(100), 9)?;
            let Some(live) = live.first() else { return Ok(0) };
            let seq = tx.append(at(100), &event(7))?;
            tx.push_outbox(seq, at(100))?;
            tx.update_request(&next(live, super::builders::ending(60)))?;
            Ok(seq)
        })
        .await
}

#[tokio::test]
async fn a_removal_goes_on_in_memory_and_is_written_down_later() {
    let (memory, store) = with_access();
    memory.fail_next_commit(Fault::Refuse(StoreError::Full));
    assert_eq!(end(&store).await, Ok(1));
    assert_eq!(*store.condition().borrow(), Some(StoreError::Full));
    // Nothing is built on tables that are behind, and the next removal finds what the last has done.
    let refused: StoreResult<u64> = store
        .write(WriteLane::Normal, |tx| tx.append(at(101), &event(8)))
        .await;
    assert_eq!(refused, Err(StoreError::Full));
    let keys: StoreResult<_> = store.read_for_removal(|read| read.keys_with_work()).await;
    assert_eq!(keys, Ok(vec![key("anna")]));
    let open: StoreResult<_> = store
        .read_for_removal(|read| read.open_requests_on(&key("anna")))
        .await;
    assert_eq!(open.map(|open| open.len()), Ok(1));
    let on_disk: StoreResult<_> = store.read(|read| read.request(&id(1))).await;
    assert_eq!(
        on_disk.unwrap().unwrap().state.word(),
        team_shared::state::RequestState::Active
    );

    memory.fail_next_commit(Fault::Refuse(StoreError::Full));
    assert_eq!(store.recover(at(200)).await, Err(StoreError::Full));
    assert_eq!(store.recover(at(201)).await, Ok(3));
    assert_eq!(*store.condition().borrow(), None);
    let found: StoreResult<_> = store
        .read(|read| {
            Ok((
                read.request(&id(1))?,
                read.verify_chain()?,
                read.outbox_due(at(300), 9)?,
            ))
        })
        .await;
    let (request, chain, outbox) = found.unwrap();
    assert_eq!(
        request.unwrap().state.word(),
        team_shared::state::RequestState::Ending
    );
    assert_eq!((chain.rows, chain.fault, outbox.len()), (1, None, 1));
    let written: StoreResult<u64> = store
        .write(WriteLane::Normal, |tx| tx.append(at(202), &event(8)))
        .await;
    assert_eq!(written, Ok(2));
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_not_undone() {
    let (memory, store) = with_access();
    let lost = StoreError::Failing("the answer was lost".into());
    memory.fail_next_commit(Fault::LoseAnswer(lost.clone()));
    assert!(end(&store).await.is_ok());
    assert_eq!(*store.condition().borrow(), Some(lost));
    assert!(store.recover(at(201)).await.is_ok());
    let found: StoreResult<_> = store
        .read(|read| Ok((read.request(&id(1))?, read.verify_chain()?)))
        .await;
    let (request, chain) = found.unwrap();
    assert_eq!(
        request.unwrap().state.word(),
        team_shared::state::RequestState::Ending
    );
    assert_eq!(chain.fault, None);
}

#[tokio::test]
async fn damage_is_for_good() {
    let (memory, store) = with_access();
    memory.fail_next_commit(Fault::Refuse(StoreError::Damaged("page 7".into())));
    assert!(end(&store).await.is_ok());
    assert!(matches!(
        store.recover(at(200)).await,
        Err(StoreError::Damaged(_))
    ));
    assert!(matches!(
        *store.condition().borrow(),
        Some(StoreError::Damaged(_))
    ));
}
