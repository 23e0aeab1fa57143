//! The handle: lanes, wake-ups, panics, faults, closing.
#![allow(
    clippy::disallowed_methods,
    reason = "these tests hold the writer on its own thread for a while"
)]

use super::builders::{at, event, id, request};
use super::{Bench, Place, suite};
use crate::port::StoreError;
use crate::{Fault, Memory, Store, WriteLane};
use std::sync::{Arc, Mutex, mpsc};
use teamd_domain::request::State;

suite!(
    a_refusal_of_the_caller_comes_back_as_it_is,
    a_panic_is_answered_and_rolled_back,
    changes_tell_the_last_row,
    changes_are_silent_without_a_row,
    a_closed_store_says_so,
    futures_work,
);

#[derive(Debug, PartialEq)]
enum Refusal {
    NotYours,
    Store(StoreError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

fn a_refusal_of_the_caller_comes_back_as_it_is(bench: &mut Bench) {
    let answer: Result<(), Refusal> = bench.store.write_blocking(WriteLane::Normal, |tx| {
        tx.append(at(0), &event(1))?;
        Err(Refusal::NotYours)
    });
    assert_eq!(answer, Err(Refusal::NotYours));
    assert_eq!(bench.read(|read| read.last_seq()), 0);
    let answer: Result<(), Refusal> = bench.store.read_blocking(|_| Err(Refusal::NotYours));
    assert_eq!(answer, Err(Refusal::NotYours));
}

fn a_panic_is_answered_and_rolled_back(bench: &mut Bench) {
    let answer: Result<(), StoreError> = bench.store.write_blocking(WriteLane::Normal, |tx| {
        tx.append(at(0), &event(1))?;
        panic!("on purpose")
    });
    assert!(matches!(answer, Err(StoreError::Database(why)) if why.contains("on purpose")));
    let answer: Result<(), StoreError> = bench.store.read_blocking(|_| panic!("on purpose"));
    assert!(answer.is_err());
    assert_eq!(bench.read(|read| read.last_seq()), 0);
    assert_eq!(bench.write(|tx| tx.append(at(0), &event(1))), Ok(1));
}

fn changes_tell_the_last_row(bench: &mut Bench) {
    let mut changes = bench.store.changes();
    assert_eq!(*changes.borrow_and_update(), 0);
    bench
        .write(|tx| {
            tx.append(at(0), &event(1))
                .and_then(|_| tx.append(at(0), &event(2)))
        })
        .unwrap();
    assert!(changes.has_changed().unwrap());
    assert_eq!(*changes.borrow_and_update(), 2);
}

fn changes_are_silent_without_a_row(bench: &mut Bench) {
    let changes = bench.store.changes();
    bench.write(|tx| tx.set_meta("mark", "x")).unwrap();
    let failed: Result<(), StoreError> = bench.write(|tx| {
        tx.append(at(0), &event(1))?;
        Err(StoreError::Full)
    });
    assert_eq!(failed, Err(StoreError::Full));
    assert!(!changes.has_changed().unwrap());
}

fn a_closed_store_says_so(bench: &mut Bench) {
    let copy = bench.store.clone();
    bench.store.close();
    assert_eq!(
        bench.write(|tx| tx.append(at(0), &event(1))),
        Err(StoreError::Closed)
    );
    let answer: Result<u64, StoreError> = copy.read_blocking(|read| read.last_seq());
    assert_eq!(answer, Err(StoreError::Closed));
    bench.store.close();
}

fn futures_work(bench: &mut Bench) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut changes = bench.store.changes();
        let seq: Result<u64, StoreError> = bench
            .store
            .write(WriteLane::Removal, |tx| tx.append(at(0), &event(1)))
            .await;
        assert_eq!(seq, Ok(1));
        changes.changed().await.unwrap();
        let seq: Result<u64, StoreError> = bench.store.read(|read| read.last_seq()).await;
        assert_eq!(seq, Ok(1));
    });
}

#[test]
fn removals_first_at_the_writer() {
    let bench = Bench::disk();
    let order = Arc::new(Mutex::new(Vec::new()));
    let (release, hold) = mpsc::channel::<()>();
    let (started, running) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let store = &bench.store;
        scope.spawn(move || {
            store.write_blocking::<(), StoreError>(WriteLane::Background, move |_| {
                started.send(()).unwrap();
                hold.recv().unwrap();
                Ok(())
            })
        });
        running.recv().unwrap();
        // The writer is busy: these queue up, in the wrong order.
        for lane in [WriteLane::Background, WriteLane::Normal, WriteLane::Removal] {
            let order = Arc::clone(&order);
            scope.spawn(move || {
                store.write_blocking::<(), StoreError>(lane, move |_| {
                    order.lock().unwrap().push(lane);
                    Ok(())
                })
            });
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        release.send(()).unwrap();
    });
    assert_eq!(
        *order.lock().unwrap(),
        [WriteLane::Removal, WriteLane::Normal, WriteLane::Background]
    );
}

#[test]
fn readers_do_not_wait_for_the_writer() {
    let bench = Bench::disk();
    let (release, hold) = mpsc::channel::<()>();
    let (started, running) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let store = &bench.store;
        scope.spawn(move || {
            store.write_blocking::<u64, StoreError>(WriteLane::Normal, move |tx| {
                let seq = tx.append(at(0), &event(1))?;
                started.send(()).unwrap();
                hold.recv().unwrap();
                Ok(seq)
            })
        });
        running.recv().unwrap();
        assert_eq!(bench.read(|read| read.last_seq()), 0);
        release.send(()).unwrap();
    });
    assert_eq!(bench.read(|read| read.last_seq()), 1);
}

#[test]
fn work_that_waits_is_done_before_closing() {
    let mut bench = Bench::disk();
    let (store, clone) = (bench.store.clone(), bench.store.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let writes = (0..50).map(|n| {
            store.write::<u64, StoreError>(WriteLane::Normal, move |tx| tx.append(at(0), &event(n)))
        });
        let close = async { tokio::task::yield_now().await };
        let (answers, ()) = tokio::join!(futures::future::join_all(writes), close);
        assert!(answers.iter().all(Result::is_ok));
    });
    clone.close();
    bench.reopen();
    assert_eq!(bench.read(|read| read.last_seq()), 50);
}

#[test]
fn the_next_commit_in_memory_can_fail() {
    let memory = Memory::new();
    let bench = Bench {
        store: Store::on_memory(&memory),
        place: Place::Memory(memory.clone()),
    };
    let file = |number| bench.write(move |tx| tx.insert_request(&request(number, State::Pending)));
    memory.fail_next_commit(Fault::Refuse(StoreError::Full));
    assert_eq!(file(1), Err(StoreError::Full));
    assert_eq!(bench.read(|read| read.request(&id(1))), None);
    assert_eq!(file(1), Ok(()));
    let lost = StoreError::Database("lost".into());
    memory.fail_next_commit(Fault::LoseAnswer(lost.clone()));
    assert_eq!(file(2), Err(lost));
    assert!(bench.read(|read| read.request(&id(2))).is_some());
}
