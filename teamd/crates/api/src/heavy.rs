//! Threads for heavy computations: policy plans and tests, reports, exports, entitlements.
//!
//! They are plain threads of low priority, so that a computation takes neither a worker nor a blocking thread of the
//! runtime. The queue is bounded, and fair because a user has one computation in it at a time ([`super::budget`]).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use team_shared::problem::Code;
use teamd_engine::Refused;
use teamd_host::priority;
use tokio::sync::oneshot;

/// Threads that compute.
const THREADS: usize = 2;
/// Computations that may wait for a thread.
const QUEUE: usize = 256;
/// How long a computation waits for a thread.
const MAX_WAIT: Duration = Duration::from_secs(10);

type Job = Box<dyn FnOnce() + Send>;

/// The threads. They end when the last handle is dropped.
#[derive(Debug)]
pub(super) struct HeavyPool {
    jobs: SyncSender<Job>,
}

impl HeavyPool {
    /// Starts the threads.
    pub(super) fn start() -> Self {
        let (jobs, queue) = sync_channel(QUEUE);
        let queue = Arc::new(Mutex::new(queue));
        for number in 0..THREADS {
            let queue = Arc::clone(&queue);
            let started = std::thread::Builder::new()
                .name(format!("api-heavy-{number}"))
                .spawn(move || work(&queue));
            if let Err(error) = started {
                tracing::error!(%error, "a thread for heavy computations could not be started");
            }
        }
        Self { jobs }
    }

    /// Runs `work` on a thread of the pool; not at all where the caller has left before it began.
    ///
    /// # Errors
    /// No thread became free in time; `work` panicked.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refused> {
        let (begun, begins) = oneshot::channel();
        let (answer, answered) = oneshot::channel();
        let job = Box::new(move || {
            if begun.send(()).is_ok() {
                drop(answer.send(work()));
            }
        });
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => busy(),
            TrySendError::Disconnected(_) => broken(),
        })?;
        match tokio::time::timeout(MAX_WAIT, begins).await {
            Ok(Ok(())) => answered.await.map_err(|_| broken()),
            Ok(Err(_)) => Err(broken()),
            Err(_) => Err(busy()),
        }
    }
}

fn work(queue: &Mutex<Receiver<Job>>) {
    priority::lower(priority::HEAVY);
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        if catch_unwind(AssertUnwindSafe(job)).is_err() {
            tracing::error!("a heavy computation panicked");
        }
    }
}

fn busy() -> Refused {
    Refused::new(
        Code::LimitReached,
        "the computations of others take all the time that there is for them",
    )
    .help("try again in a moment")
}

fn broken() -> Refused {
    Refused::new(
        Code::Internal,
        "the computation broke off; operators: see the daemon's log",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn abandoned_computation_is_skipped() {
        let pool = HeavyPool::start();
        let (release, gates) = {
            let (sends, receives): (Vec<_>, Vec<_>) = (0..THREADS).map(|_| mpsc::channel::<()>()).unzip();
            (sends, receives)
        };
        let busy: Vec<_> = gates
            .into_iter()
            .map(|gate| pool.run(move || gate.recv()))
            .collect();
        let busy = futures::future::join_all(busy);
        let ran = Arc::new(AtomicUsize::new(0));
        let counts = Arc::clone(&ran);
        let abandoned = pool.run(move || counts.fetch_add(1, Ordering::SeqCst));
        let check = async {
            // Queued behind the two, then dropped.
            let left = tokio::time::timeout(Duration::from_millis(20), abandoned).await;
            assert!(left.is_err());
            drop(release);
        };
        tokio::join!(busy, check);
        pool.run(|| ()).await.unwrap();
        pool.run(|| ()).await.unwrap();
        assert_eq!(ran.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn panic_leaves_the_pool_usable() {
        let pool = HeavyPool::start();
        for _ in 0..4 {
            let refused = pool.run::<()>(|| panic!("as a test")).await.unwrap_err();
            assert_eq!(refused.code, Code::Internal);
        }
        assert_eq!(pool.run(|| 7).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn pool_threads_have_low_priority() {
        let pool = HeavyPool::start();
        let niceness = pool
            .run(|| rustix::process::getpriority_process(Some(rustix::thread::gettid())))
            .await
            .unwrap()
            .unwrap();
        assert!(niceness >= priority::HEAVY, "{niceness}");
    }
}
