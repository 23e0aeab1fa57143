//! Calls as another uid, without a program of its own: on Linux each thread has credentials, and the kernel notes those
//! of the thread that connects.

use rustix::process::{Gid, Uid, geteuid};
use std::future::Future;
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// Runs a future to its end on a new thread, as that uid with a group of the same number.
///
/// # Panics
/// There can be no thread, or it cannot be that uid: only root can be everybody.
pub fn spawn_as<T, F>(uid: u32, work: impl FnOnce() -> F + Send + 'static) -> JoinHandle<T>
where
    T: Send + 'static,
    F: Future<Output = T>,
{
    let run = move || {
        become_uid(uid);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(work())
    };
    let thread = std::thread::Builder::new().name(format!("uid-{uid}"));
    thread.spawn(run).expect("a thread")
}

/// The same, and waits for what it answers.
///
/// # Panics
/// As there, and where `work` panics.
pub async fn run_as<T, F>(uid: u32, work: impl FnOnce() -> F + Send + 'static) -> T
where
    T: Send + 'static,
    F: Future<Output = T>,
{
    let (send, receive) = oneshot::channel();
    drop(spawn_as(uid, move || async move {
        drop(send.send(work().await));
    }));
    receive.await.unwrap_or_else(|_| panic!("uid {uid} panicked"))
}

fn become_uid(uid: u32) {
    if uid == geteuid().as_raw() {
        return;
    }
    let (user, group) = (Uid::from_raw(uid), Gid::from_raw(uid));
    rustix::thread::set_thread_groups(&[]).expect("no other groups");
    rustix::thread::set_thread_res_gid(group, group, group).expect("another gid");
    rustix::thread::set_thread_res_uid(user, user, user).expect("another uid");
}
