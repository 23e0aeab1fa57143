//! A removal waits for nothing that callers can occupy. Everything that they share is taken here, all of it and for
//! good; whatever the removal path shares with them from now on makes these tests fail.

use crate::support::*;
use chrono::TimeDelta;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use teamd_engine::Refused;
use teamd_store::{Store, WriteLane};

/// Blocks threads until it is dropped.
#[derive(Default)]
struct Occupation {
    gate: Arc<(Mutex<bool>, Condvar)>,
    inside: Arc<AtomicUsize>,
}

impl Occupation {
    /// What blocks the thread that runs it.
    fn blocker(&self) -> impl FnOnce() + Send + 'static {
        let (gate, inside) = (Arc::clone(&self.gate), Arc::clone(&self.inside));
        move || {
            inside.fetch_add(1, Ordering::SeqCst);
            let mut is_over = gate.0.lock().expect("not poisoned");
            while !*is_over {
                is_over = gate.1.wait(is_over).expect("not poisoned");
            }
        }
    }

    fn inside(&self) -> usize {
        self.inside.load(Ordering::SeqCst)
    }

    /// Every worker of the runtime, and every thread that it may have for blocking work.
    async fn of_runtime(runtime: &tokio::runtime::Handle, workers: usize, blocking: usize) -> Self {
        let it = Self::default();
        for _ in 0..workers {
            let block = it.blocker();
            runtime.spawn(async move { block() });
        }
        for _ in 0..blocking * 4 {
            runtime.spawn_blocking(it.blocker());
        }
        soon("all threads are blocked", || it.inside() >= workers + blocking).await;
        it
    }

    /// All readers that callers share, with a queue behind them.
    async fn of_readers(store: &Store) -> Self {
        let it = Self::default();
        for _ in 0..50 {
            let (store, block) = (store.clone(), it.blocker());
            std::thread::spawn(move || {
                store.read_blocking(move |_| {
                    block();
                    Ok::<_, Refused>(())
                })
            });
        }
        soon("all readers are blocked", || it.inside() >= 4).await;
        it
    }
}

impl Drop for Occupation {
    fn drop(&mut self) {
        *self.gate.0.lock().expect("not poisoned") = true;
        self.gate.1.notify_all();
    }
}

/// Callers' writes wait in the hundreds, each of the longest length that a caller's write may have.
#[allow(
    clippy::disallowed_methods,
    reason = "what occupies the writer is what this is about"
)]
fn queue_writes(store: &Store) {
    for _ in 0..200 {
        let store = store.clone();
        std::thread::spawn(move || {
            store.write_blocking(WriteLane::Normal, |_| {
                std::thread::sleep(Duration::from_millis(50));
                Ok::<_, Refused>(())
            })
        });
    }
}

#[tokio::test]
async fn removal_passes_occupied_service_runtime() {
    let world = Setup::new().service_runtime().start().await;
    world.active().await;
    let service = world.service_handle().expect("a runtime");
    let _occupied = Occupation::of_runtime(&service, 2, 16).await;
    world.clock.shift(TimeDelta::hours(2));
    soon("the access is gone", || {
        !world.is_assigned("alice", "prod-ledger", ADMIN)
    })
    .await;
}

#[tokio::test]
async fn removal_passes_occupied_readers_and_writes() {
    let world = Setup::new().service_runtime().start().await;
    world.active().await;
    let store = world.engine().store().clone();
    let _occupied = Occupation::of_readers(&store).await;
    queue_writes(&store);
    world.clock.shift(TimeDelta::hours(2));
    soon("the access is gone", || {
        !world.is_assigned("alice", "prod-ledger", ADMIN)
    })
    .await;
    // What feeds the watchdog answers too.
    let answer = store.read_for_removal(|read| Ok::<_, Refused>(read.last_seq()?));
    let answer = tokio::time::timeout(Duration::from_secs(5), answer).await;
    assert!(answer.expect("in time").expect("an answer") > 0);
}

#[tokio::test]
async fn reads_of_callers_who_left_are_not_begun() {
    let world = World::new().await;
    let store = world.engine().store().clone();
    let occupied = Occupation::of_readers(&store).await;
    let begun = Arc::new(AtomicUsize::new(0));
    for _ in 0..100 {
        let begun = Arc::clone(&begun);
        let read = store.read(move |_| {
            begun.fetch_add(1, Ordering::SeqCst);
            Ok::<_, Refused>(())
        });
        // Queued at its first poll, and given up.
        assert!(tokio::time::timeout(Duration::ZERO, read).await.is_err());
    }
    drop(occupied);
    let last = store.read(|read| Ok::<_, Refused>(read.last_seq()?)).await;
    assert!(last.is_ok());
    assert_eq!(begun.load(Ordering::SeqCst), 0);
}
