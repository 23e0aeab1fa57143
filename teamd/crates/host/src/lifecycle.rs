//! The life of the daemon's tasks: how they start, how they are told to stop, what happens if one dies.
//!
//! Every task is started here, belongs to one tracker and watches a token. Stopping is soft first (finish what you
//! do, begin nothing), hard after a deadline (everything still running is dropped at its next `await`). An essential
//! task that panics or returns while the daemon should run stops the daemon with an error: half a daemon looks alive
//! and removes nothing, while a dead one is started again by systemd. What systemd is told, and the socket that it
//! passes, is in [`systemd`].
//!
//! There are two runtimes. [`Shutdown::spawn`] starts tasks of the removal path, from the expiry timer to AWS, on the
//! runtime that made the handle; [`Shutdown::spawn_service`] starts everything that callers and slow peers can keep busy
//! on the other one. Where only one runtime is given, both are the same.

pub mod systemd;

use futures::FutureExt as _;
use std::any::Any;
use std::future::Future;
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long tasks are given to notice the hard stop. They only have to reach their next `await`.
const AFTER_HARD_STOP: Duration = Duration::from_secs(2);

/// The handle that every part of the daemon holds. Clones are the same thing.
#[derive(Debug, Clone)]
pub struct Shutdown {
    soft: CancellationToken,
    hard: CancellationToken,
    tasks: TaskTracker,
    failed: Arc<OnceLock<&'static str>>,
    reloads: Arc<watch::Sender<u64>>,
    /// The runtime of the removal path; `None`: whichever one the caller is on.
    removal: Option<Handle>,
    /// The runtime of everything else; `None`: the same.
    service: Option<Handle>,
}

/// How the daemon ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// As asked, every task having finished.
    Cleanly,
    /// As asked, but some tasks had to be dropped.
    Forced,
    /// Because this essential task panicked or returned.
    TaskFailed(&'static str),
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}

impl Shutdown {
    /// A daemon that runs, without tasks yet. Its tasks run on the runtime on which this is called.
    #[must_use]
    pub fn new() -> Self {
        let soft = CancellationToken::new();
        Self {
            hard: CancellationToken::new(),
            soft,
            tasks: TaskTracker::new(),
            failed: Arc::new(OnceLock::new()),
            reloads: Arc::new(watch::Sender::new(0)),
            removal: Handle::try_current().ok(),
            service: None,
        }
    }

    /// The same with another runtime for [`spawn_service`](Self::spawn_service).
    #[must_use]
    pub fn with_service_runtime(mut self, service: Handle) -> Self {
        self.service = Some(service);
        self
    }

    /// The runtime of what callers can keep busy; `None`: there is only one.
    #[must_use]
    pub fn service_runtime(&self) -> Option<&Handle> {
        self.service.as_ref()
    }

    /// Cancelled when the daemon should stop: finish what you do, begin nothing.
    #[must_use]
    pub fn token(&self) -> CancellationToken {
        self.soft.clone()
    }

    /// Cancelled when there is no more time to finish anything.
    #[must_use]
    pub fn hard_token(&self) -> CancellationToken {
        self.hard.clone()
    }

    /// Changes with every SIGHUP; several in a row count as one. The value is how many there were.
    #[must_use]
    pub fn reloads(&self) -> watch::Receiver<u64> {
        self.reloads.subscribe()
    }

    /// Begins the soft stop.
    pub fn stop(&self) {
        self.soft.cancel();
    }

    /// Starts a task of the removal path, without which there is no daemon. It must run until [`Shutdown::token`] is
    /// cancelled: if it panics or returns earlier, that is logged and the daemon stops.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.start(self.removal.as_ref(), self.essential(name, task));
    }

    /// Starts a task that is as essential, but not part of the removal path, on the service runtime.
    pub fn spawn_service(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let runtime = self.service.as_ref().or(self.removal.as_ref());
        self.start(runtime, self.essential(name, task));
    }

    fn essential(
        &self,
        name: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static {
        let shutdown = self.clone();
        async move {
            match shutdown.guarded(task).await {
                Outcome::Panicked(why) => {
                    tracing::error!(task = name, panic = %why, "an essential task panicked; stopping");
                    shutdown.fail(name);
                }
                Outcome::Returned if !shutdown.soft.is_cancelled() => {
                    tracing::error!(task = name, "an essential task ended unexpectedly; stopping");
                    shutdown.fail(name);
                }
                Outcome::Returned | Outcome::Dropped => {}
            }
        }
    }

    /// Starts a task of the removal path that may end at any time, such as one for a key. A panic is logged and stays
    /// its own. Whoever calls it, the task runs on the removal path's runtime.
    pub fn spawn_short(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let shutdown = self.clone();
        self.start(self.removal.as_ref(), async move {
            if let Outcome::Panicked(why) = shutdown.guarded(task).await {
                tracing::error!(task = name, panic = %why, "a task panicked");
            }
        });
    }

    /// Turns SIGTERM and SIGINT into the soft stop, a second of them into the hard one, SIGHUP into a reload.
    ///
    /// # Errors
    /// If the handlers cannot be installed.
    pub fn listen_to_signals(&self) -> io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let shutdown = self.clone();
        // Ends with the hard stop only, so that a second signal is heard; nobody waits for this task.
        let listen = async move {
            loop {
                let name = tokio::select! {
                    () = shutdown.hard.cancelled() => return,
                    _ = terminate.recv() => "SIGTERM",
                    _ = interrupt.recv() => "SIGINT",
                    _ = hangup.recv() => {
                        tracing::info!("SIGHUP: reading the configuration again");
                        shutdown.reloads.send_modify(|count| *count += 1);
                        continue;
                    }
                };
                if shutdown.soft.is_cancelled() {
                    tracing::warn!(signal = name, "second signal: stopping at once");
                    shutdown.hard.cancel();
                } else {
                    tracing::info!(signal = name, "stopping");
                    shutdown.soft.cancel();
                }
            }
        };
        #[allow(
            clippy::disallowed_methods,
            reason = "this module is the one place that starts tasks"
        )]
        drop(tokio::spawn(listen));
        Ok(())
    }

    /// Waits until the daemon should stop, then for its tasks: `patience` softly, then hard.
    pub async fn finished(&self, patience: Duration) -> Ended {
        self.soft.cancelled().await;
        self.tasks.close();
        let soft_end = tokio::select! {
            // First: where the hard stop has come, empty means dropped, not finished.
            biased;
            () = self.hard.cancelled() => false,
            () = self.tasks.wait() => true,
            () = tokio::time::sleep(patience) => false,
        };
        self.hard.cancel();
        if !soft_end {
            tracing::warn!(tasks = self.tasks.len(), "dropping tasks that did not finish");
            // One that blocks its thread cannot be dropped; the process ends without it.
            let _ = tokio::time::timeout(AFTER_HARD_STOP, self.tasks.wait()).await;
        }
        match self.failed.get() {
            Some(name) => Ended::TaskFailed(name),
            None if soft_end => Ended::Cleanly,
            None => Ended::Forced,
        }
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "this module is the one place that starts tasks"
    )]
    fn start(&self, runtime: Option<&Handle>, task: impl Future<Output = ()> + Send + 'static) {
        match runtime {
            Some(runtime) => drop(self.tasks.spawn_on(task, runtime)),
            None => drop(self.tasks.spawn(task)),
        }
    }

    /// Stops the daemon with an error, for what an essential task has found out.
    pub fn fail(&self, name: &'static str) {
        // The first to fail is the cause; the others may only have lost their partner.
        let _ = self.failed.set(name);
        self.soft.cancel();
    }

    async fn guarded(&self, task: impl Future<Output = ()>) -> Outcome {
        // A task that panicked is never polled again, so nothing sees what it left half done but locks, which are
        // poisoned, and the store, which rolls back.
        let task = AssertUnwindSafe(task).catch_unwind();
        tokio::select! {
            // First: what is dropped does not take another step.
            biased;
            () = self.hard.cancelled() => Outcome::Dropped,
            result = task => match result {
                Ok(()) => Outcome::Returned,
                Err(panic) => Outcome::Panicked(panic_text(panic.as_ref())),
            },
        }
    }
}

enum Outcome {
    Returned,
    Dropped,
    Panicked(String),
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use crate::lifecycle::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    const LONG: Duration = Duration::from_secs(3600);

    #[tokio::test(start_paused = true)]
    async fn a_soft_stop_waits_for_tasks() {
        let shutdown = Shutdown::new();
        let done = Arc::new(AtomicBool::new(false));
        let (token, flag) = (shutdown.token(), Arc::clone(&done));
        shutdown.spawn("worker", async move {
            token.cancelled().await;
            tokio::time::sleep(Duration::from_secs(5)).await;
            flag.store(true, Ordering::SeqCst);
        });
        shutdown.stop();
        assert_eq!(shutdown.finished(Duration::from_secs(10)).await, Ended::Cleanly);
        assert!(done.load(Ordering::SeqCst));
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_does_not_listen_is_dropped() {
        let shutdown = Shutdown::new();
        shutdown.spawn("deaf", std::future::pending());
        shutdown.stop();
        let before = tokio::time::Instant::now();
        assert_eq!(shutdown.finished(Duration::from_secs(10)).await, Ended::Forced);
        assert_eq!(before.elapsed().as_secs(), 10);
        assert!(shutdown.tasks.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn an_essential_task_takes_the_daemon_with_it() {
        let shutdown = Shutdown::new();
        shutdown.spawn("engine", async {});
        assert_eq!(shutdown.finished(LONG).await, Ended::TaskFailed("engine"));

        let shutdown = Shutdown::new();
        let token = shutdown.token();
        shutdown.spawn("other", async move { token.cancelled().await });
        shutdown.spawn("engine", async {
            tokio::time::sleep(LONG).await;
            panic!("row 7 makes no sense");
        });
        assert_eq!(shutdown.finished(LONG).await, Ended::TaskFailed("engine"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_during_the_stop_is_a_failure_too() {
        let shutdown = Shutdown::new();
        let token = shutdown.token();
        shutdown.spawn("engine", async move {
            token.cancelled().await;
            panic!("while stopping");
        });
        shutdown.stop();
        assert_eq!(shutdown.finished(LONG).await, Ended::TaskFailed("engine"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_short_task_may_end_and_even_panic() {
        let shutdown = Shutdown::new();
        shutdown.spawn_short("connection", async {});
        shutdown.spawn_short("connection", async { panic!("bad client") });
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(!shutdown.token().is_cancelled());
        shutdown.stop();
        assert_eq!(shutdown.finished(LONG).await, Ended::Cleanly);
    }

    #[test]
    fn task_runtime_is_the_one_of_its_kind() {
        let named = |name: &str| {
            tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .thread_name(name)
                .enable_all()
                .build()
                .unwrap()
        };
        let (removal, service) = (named("removal"), named("service"));
        let shutdown = removal
            .block_on(async { Shutdown::new() })
            .with_service_runtime(service.handle().clone());
        let (send, receive) = std::sync::mpsc::channel();
        let report = |kind: &'static str| {
            let send = send.clone();
            async move {
                let thread = std::thread::current().name().unwrap_or_default().to_owned();
                send.send((kind, thread)).unwrap();
                std::future::pending().await
            }
        };
        // A caller's task pokes a key: what that starts must not stay on the caller's runtime.
        service.block_on(async {
            shutdown.spawn_short("key", report("short"));
            shutdown.spawn("timer", report("removal"));
            shutdown.spawn_service("api", report("service"));
        });
        let mut seen: Vec<_> = (0..3).map(|_| receive.recv().unwrap()).collect();
        seen.sort_unstable();
        let expected = [
            ("removal", "removal"),
            ("service", "service"),
            ("short", "removal"),
        ];
        assert_eq!(seen, expected.map(|(kind, thread)| (kind, thread.to_owned())));
        shutdown.hard_token().cancel();
    }

    // One test for all signals: handlers are the process's.
    #[tokio::test]
    async fn signals_reload_then_stop_then_stop_hard() {
        let shutdown = Shutdown::new();
        shutdown.listen_to_signals().unwrap();
        let mut reloads = shutdown.reloads();
        let own = rustix::process::getpid();
        let send = |signal| rustix::process::kill_process(own, signal).unwrap();
        send(rustix::process::Signal::HUP);
        reloads.changed().await.unwrap();
        assert_eq!(*reloads.borrow(), 1);
        assert!(!shutdown.token().is_cancelled());
        send(rustix::process::Signal::TERM);
        shutdown.token().cancelled().await;
        assert!(!shutdown.hard_token().is_cancelled());
        shutdown.spawn_short("deaf", std::future::pending());
        send(rustix::process::Signal::INT);
        shutdown.hard_token().cancelled().await;
        assert_eq!(shutdown.finished(LONG).await, Ended::Forced);
    }
}
