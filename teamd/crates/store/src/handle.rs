//! The handle: one writer that serves removals first, readers beside it, a wake-up after each commit.
//!
//! On disk the writer is a thread, and so is each reader. One reader serves the removal path alone
//! ([`Store::read_for_removal`], in `reads`): whatever callers read, the expiry timer and the reconciler do not wait behind it. In memory everything runs where it is called: a simulation
//! with paused time must not see the runtime idle while a thread works.
//!
//! A write whose future is dropped is still performed; a read that nobody waits for any more is not begun. A panic in a closure rolls back: [`StoreError::Database`].

use super::disk::{Disk, LEVELS, Levels};
use super::fallback::Live;
use super::lanes::Lanes;
use super::memory::Memory;
use super::port::{Backend, StoreError, StoreResult, Tx};
use super::removals::Shared;
use super::sqlite::{Lock, Sqlite, lock};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use teamd_domain::Time;
use teamd_host::priority;
use tokio::sync::{oneshot, watch};

/// Threads that read for callers and services.
const READERS: usize = 4;

/// Who goes first at the writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteLane {
    /// What takes access away: before everything else.
    Removal,
    /// What people and timers ask for.
    Normal,
    /// What can wait: directory copies, remembered answers.
    Background,
}

/// The store. Clones are the same store; it closes with the last of them.
#[derive(Clone)]
pub struct Store {
    pub(super) inner: Arc<Inner>,
}

/// Without tables a job is given none.
pub(super) type Job = Box<dyn FnOnce(Option<&mut (dyn Backend + 'static)>) + Send>;

pub(super) struct Inner {
    pub(super) mode: Mode,
    pub(super) shared: Arc<Shared>,
    disk: Option<Disk>,
}

pub(super) enum Mode {
    Threads {
        writes: Arc<Lanes<Job>>,
        reads: Arc<Lanes<Job>>,
        removal_reads: Arc<Lanes<Job>>,
        threads: Mutex<Vec<JoinHandle<()>>>,
    },
    Inline(Mutex<Option<Box<dyn Backend>>>),
    Without(#[expect(dead_code, reason = "held, never read")] Option<Lock>),
}

impl Store {
    /// Opens the database at `path` as the only daemon on it, creates it if it is not there, and starts its threads.
    ///
    /// # Errors
    /// In use by another daemon; damaged; of another program or of a newer daemon; on a network file system; not to be
    /// created or written.
    pub fn open(path: &Path) -> StoreResult<Self> {
        Self::open_on(path, LEVELS)
    }

    /// The same on a disk with other limits.
    ///
    /// # Errors
    /// As there.
    pub fn open_on(path: &Path, levels: Levels) -> StoreResult<Self> {
        let disk = Disk::of(path, levels);
        let backend = Sqlite::open(path, &disk)?;
        Self::start_on(backend, disk)
    }

    /// On a disk that is full at so many pages, for tests.
    #[cfg(any(test, feature = "simulator"))]
    pub fn open_limited(
        path: &Path,
        pages: &std::sync::Arc<std::sync::atomic::AtomicU32>,
    ) -> StoreResult<Self> {
        let disk = Disk::of(path, LEVELS);
        let mut backend = Sqlite::open(path, &disk)?;
        backend.page_limit = std::sync::Arc::clone(pages);
        Self::start_on(backend, disk)
    }

    /// Starts its threads.
    pub(super) fn start_on(mut backend: Sqlite, disk: Disk) -> StoreResult<Self> {
        let shared = Arc::new(Shared::of(&mut backend)?);
        let (writes, reads) = (Arc::new(Lanes::new()), Arc::new(Lanes::new()));
        let removal_reads = Arc::new(Lanes::new());
        let mode = Mode::Threads {
            writes: Arc::clone(&writes),
            reads: Arc::clone(&reads),
            removal_reads: Arc::clone(&removal_reads),
            threads: Mutex::default(),
        };
        // From here on, a failure closes what was started.
        let store = Self {
            inner: Arc::new(Inner {
                mode,
                shared,
                disk: Some(disk),
            }),
        };
        for number in 0..READERS {
            let Some(reader) = backend.reader()? else { break };
            store.start(&format!("store-read-{number}"), priority::SERVICE, &reads, reader)?;
        }
        if let Some(reader) = backend.reader()? {
            store.start("store-removal", 0, &removal_reads, reader)?;
        }
        store.start("store-write", 0, &writes, Box::new(backend))?;
        Ok(store)
    }

    /// A store in memory that nothing outlives.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::on_memory(&Memory::new())
    }

    /// A store on tables in memory, which outlive it.
    #[must_use]
    pub fn on_memory(memory: &Memory) -> Self {
        let mut backend = memory.opened();
        let shared = Shared::of(&mut backend).unwrap_or_else(|_| Shared::new(0, Live::default()));
        let mode = Mode::Inline(Mutex::new(Some(Box::new(backend))));
        Self {
            inner: Arc::new(Inner {
                mode,
                shared: Arc::new(shared),
                disk: None,
            }),
        }
    }

    /// In place of the database at `path`, which cannot be used: writes are refused with `why`, removals are done in
    /// memory on what is known from elsewhere. The files stay as they are, and no other daemon may open them.
    ///
    /// # Errors
    /// In use by another daemon.
    pub fn in_place_of(path: &Path, why: StoreError, live: Live) -> StoreResult<Self> {
        let lock = match lock(path) {
            Ok(lock) => Some(lock),
            // Not even room for that.
            Err(StoreError::Full) => None,
            Err(error) => return Err(error),
        };
        Ok(Self {
            inner: Arc::new(Inner {
                mode: Mode::Without(lock),
                shared: Arc::new(Shared::without_tables(why, live)),
                disk: None,
            }),
        })
    }

    /// Runs `work` in one transaction: durable when this returns `Ok`, without a trace when it returns `Err`.
    ///
    /// # Errors
    /// Those of `work`; those of the commit; [`StoreError::Closed`].
    pub async fn write<T, E>(
        &self,
        lane: WriteLane,
        work: impl FnOnce(&mut dyn Tx) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (send, receive) = oneshot::channel();
        self.push_write(lane, self.write_job(work, move |answer| drop(send.send(answer))));
        receive.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// [`write`](Self::write) for tools and tests: blocks the thread.
    ///
    /// # Errors
    /// As there.
    pub fn write_blocking<T, E>(
        &self,
        lane: WriteLane,
        work: impl FnOnce(&mut dyn Tx) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (send, receive) = std::sync::mpsc::sync_channel(1);
        self.push_write(lane, self.write_job(work, move |answer| drop(send.send(answer))));
        receive.recv().unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// [`write`](Self::write) for what takes access away: where the disk is full, fails, or is damaged, `work` runs again
    /// on a copy in memory, and is written down once the tables can be written. `work` must not depend on being run once.
    ///
    /// # Errors
    /// Those of `work`; [`StoreError::Superseded`]; [`StoreError::Closed`].
    pub async fn remove<T, E>(
        &self,
        mut work: impl FnMut(&mut dyn Tx) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (send, receive) = oneshot::channel();
        let shared = Arc::clone(&self.inner.shared);
        self.push_write(
            WriteLane::Removal,
            Box::new(move |backend| drop(send.send(shared.remove(backend, &mut work)))),
        );
        receive.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// Writes down what was done in memory while the tables could not be written, each row with `at` and, as
    /// `recorded_at`, `now`; how many changes that were. From then on the tables are used again.
    ///
    /// # Errors
    /// They still cannot be written. Damage is not tried again.
    pub async fn recover(&self, now: Time) -> StoreResult<usize> {
        let (send, receive) = oneshot::channel();
        let shared = Arc::clone(&self.inner.shared);
        self.push_write(
            WriteLane::Removal,
            Box::new(move |backend| drop(send.send(shared.recover(backend, now)))),
        );
        receive.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Why the tables cannot be used now; `None`: they can.
    #[must_use]
    pub fn condition(&self) -> watch::Receiver<Option<StoreError>> {
        self.inner.shared.condition.subscribe()
    }

    /// The disk of the tables, where they are on one.
    #[must_use]
    pub fn disk(&self) -> Option<&Disk> {
        self.inner.disk.as_ref()
    }

    /// The number of the last audit row, sent after each commit that wrote one. It only wakes: read the rows.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.shared.changes.subscribe()
    }

    /// Takes no more work, performs what waits, and closes the tables. Blocks until then.
    pub fn close(&self) {
        self.inner.close();
    }

    fn write_job<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&mut dyn Tx) -> Result<T, E> + Send + 'static,
        reply: impl FnOnce(Result<T, E>) + Send + 'static,
    ) -> Job {
        let shared = Arc::clone(&self.inner.shared);
        Box::new(move |backend| reply(shared.write(backend, work)))
    }

    fn push_write(&self, lane: WriteLane, job: Job) {
        let lane = match lane {
            WriteLane::Removal => 0,
            WriteLane::Normal => 1,
            WriteLane::Background => 2,
        };
        match &self.inner.mode {
            Mode::Threads { writes, .. } => drop(writes.push(lane, job)),
            Mode::Inline(backend) => inline(backend, job),
            Mode::Without(_) => job(None),
        }
    }

    fn start(
        &self,
        name: &str,
        niceness: i32,
        jobs: &Arc<Lanes<Job>>,
        mut backend: Box<dyn Backend>,
    ) -> StoreResult<()> {
        let jobs = Arc::clone(jobs);
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                if niceness > 0 {
                    priority::lower(niceness);
                }
                while let Some(job) = jobs.pop() {
                    job(Some(backend.as_mut()));
                }
            })
            .map_err(|error| StoreError::Database(format!("thread {name}: {error}")))?;
        if let Mode::Threads { threads, .. } = &self.inner.mode {
            threads
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(thread);
        }
        Ok(())
    }
}

impl Inner {
    fn close(&self) {
        match &self.mode {
            Mode::Threads {
                writes,
                reads,
                removal_reads,
                threads,
            } => {
                reads.close();
                removal_reads.close();
                writes.close();
                // Readers come first in the list, so that the writer is the last to close and may tidy up the log.
                let threads = std::mem::take(&mut *threads.lock().unwrap_or_else(PoisonError::into_inner));
                for thread in threads {
                    // The last handle may go inside of a job, on a thread of ours: that one cannot wait for itself.
                    if thread.thread().id() != std::thread::current().id() {
                        drop(thread.join());
                    }
                }
            }
            Mode::Inline(backend) => {
                backend.lock().unwrap_or_else(PoisonError::into_inner).take();
            }
            Mode::Without(_) => {}
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

pub(super) fn inline(backend: &Mutex<Option<Box<dyn Backend>>>, job: Job) {
    // Where it is closed, the job is dropped, and with it the sender of its answer.
    if let Some(backend) = backend.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
        job(Some(backend.as_mut()));
    }
}
