//! The handle: one writer that serves removals first, readers beside it, a wake-up after each commit.
//!
//! On disk the writer is a thread, and so is each reader. In memory everything runs where it is called: a simulation
//! with paused time must not see the runtime idle while a thread works.
//!
//! A call whose future is dropped is still performed, once it was made. A panic in a closure rolls its transaction back
//! and is answered as [`StoreError::Database`].

use super::lanes::Lanes;
use super::memory::Memory;
use super::port::{Backend, Read, StoreError, StoreResult, Tx};
use super::sqlite::Sqlite;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::{oneshot, watch};

/// Threads that read.
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
    inner: Arc<Inner>,
}

type Job = Box<dyn FnOnce(&mut dyn Backend) + Send>;

struct Inner {
    mode: Mode,
    changes: watch::Sender<u64>,
}

enum Mode {
    Threads {
        writes: Arc<Lanes<Job>>,
        reads: Arc<Lanes<Job>>,
        threads: Mutex<Vec<JoinHandle<()>>>,
    },
    Inline(Mutex<Option<Box<dyn Backend>>>),
}

impl Store {
    /// Opens the database at `path` as the only daemon on it, creates it if it is not there, and starts its threads.
    ///
    /// # Errors
    /// In use by another daemon; damaged; of another program or of a newer daemon; on a network file system; not to be
    /// created or written.
    pub fn open(path: &Path) -> StoreResult<Self> {
        let mut backend = Sqlite::open(path)?;
        let changes = watch::Sender::new(last_seq(&mut backend)?);
        let (writes, reads) = (Arc::new(Lanes::new()), Arc::new(Lanes::new()));
        let mode = Mode::Threads {
            writes: Arc::clone(&writes),
            reads: Arc::clone(&reads),
            threads: Mutex::default(),
        };
        // From here on, a failure closes what was started.
        let store = Self {
            inner: Arc::new(Inner { mode, changes }),
        };
        for number in 0..READERS {
            let Some(reader) = backend.reader()? else { break };
            store.start(&format!("store-read-{number}"), &reads, reader)?;
        }
        store.start("store-write", &writes, Box::new(backend))?;
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
        let changes = watch::Sender::new(last_seq(&mut backend).unwrap_or_default());
        let mode = Mode::Inline(Mutex::new(Some(Box::new(backend))));
        Self {
            inner: Arc::new(Inner { mode, changes }),
        }
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
        self.push_write(lane, work, move |answer| drop(send.send(answer)));
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
        self.push_write(lane, work, move |answer| drop(send.send(answer)));
        receive.recv().unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// Runs `work` on one consistent state, which holds every write that has returned.
    ///
    /// # Errors
    /// Those of `work`; [`StoreError::Closed`].
    pub async fn read<T, E>(
        &self,
        work: impl FnOnce(&mut dyn Read) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (send, receive) = oneshot::channel();
        self.push_read(work, move |answer| drop(send.send(answer)));
        receive.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// [`read`](Self::read) for tools and tests: blocks the thread.
    ///
    /// # Errors
    /// As there.
    pub fn read_blocking<T, E>(
        &self,
        work: impl FnOnce(&mut dyn Read) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (send, receive) = std::sync::mpsc::sync_channel(1);
        self.push_read(work, move |answer| drop(send.send(answer)));
        receive.recv().unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// The number of the last audit row, sent after each commit that wrote one. It only wakes: read the rows.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.changes.subscribe()
    }

    /// Takes no more work, performs what waits, and closes the tables. Blocks until then.
    pub fn close(&self) {
        self.inner.close();
    }

    fn push_write<T, E: From<StoreError>>(
        &self,
        lane: WriteLane,
        work: impl FnOnce(&mut dyn Tx) -> Result<T, E> + Send + 'static,
        reply: impl FnOnce(Result<T, E>) + Send + 'static,
    ) {
        let lane = match lane {
            WriteLane::Removal => 0,
            WriteLane::Normal => 1,
            WriteLane::Background => 2,
        };
        let changes = self.inner.changes.clone();
        let job = move |backend: &mut dyn Backend| {
            let (answer, seq) = perform_write(backend, work);
            // First the news, then the answer: who has the answer finds the news there.
            changes.send_if_modified(|last| match seq {
                Some(seq) if seq > *last => {
                    *last = seq;
                    true
                }
                _ => false,
            });
            reply(answer);
        };
        match &self.inner.mode {
            Mode::Threads { writes, .. } => drop(writes.push(lane, Box::new(job))),
            Mode::Inline(backend) => inline(backend, job),
        }
    }

    fn push_read<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&mut dyn Read) -> Result<T, E> + Send + 'static,
        reply: impl FnOnce(Result<T, E>) + Send + 'static,
    ) {
        let job = move |backend: &mut dyn Backend| reply(perform_read(backend, work));
        match &self.inner.mode {
            Mode::Threads { reads, .. } => drop(reads.push(0, Box::new(job))),
            Mode::Inline(backend) => inline(backend, job),
        }
    }

    fn start(&self, name: &str, jobs: &Arc<Lanes<Job>>, mut backend: Box<dyn Backend>) -> StoreResult<()> {
        let jobs = Arc::clone(jobs);
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                while let Some(job) = jobs.pop() {
                    job(backend.as_mut());
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
                threads,
            } => {
                reads.close();
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
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

fn inline(backend: &Mutex<Option<Box<dyn Backend>>>, job: impl FnOnce(&mut dyn Backend)) {
    // Where it is closed, the job is dropped, and with it the sender of its answer.
    if let Some(backend) = backend.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
        job(backend.as_mut());
    }
}

fn last_seq(backend: &mut dyn Backend) -> StoreResult<u64> {
    let mut seq = 0;
    backend.read(&mut |read| {
        seq = read.last_seq()?;
        Ok(())
    })?;
    Ok(seq)
}

/// The answer of `work`, and the number of the last audit row if the transaction is durable.
fn perform_write<T, E: From<StoreError>>(
    backend: &mut dyn Backend,
    work: impl FnOnce(&mut dyn Tx) -> Result<T, E>,
) -> (Result<T, E>, Option<u64>) {
    let mut once = Once::new(work);
    let mut last = None;
    let done = catch_unwind(AssertUnwindSafe(|| {
        backend.write(&mut |tx| {
            once.run(|work| work(tx))?;
            last = Some(tx.last_seq()?);
            Ok(())
        })
    }));
    let last = last.filter(|_| matches!(done, Ok(Ok(()))));
    (once.finish(done), last)
}

fn perform_read<T, E: From<StoreError>>(
    backend: &mut dyn Backend,
    work: impl FnOnce(&mut dyn Read) -> Result<T, E>,
) -> Result<T, E> {
    let mut once = Once::new(work);
    let done = catch_unwind(AssertUnwindSafe(|| {
        backend.read(&mut |read| once.run(|work| work(read)))
    }));
    once.finish(done)
}

/// A closure that runs once, and what it answered: the port knows neither its values nor its errors.
struct Once<W, T, E> {
    work: Option<W>,
    answer: Option<Result<T, E>>,
}

impl<W, T, E: From<StoreError>> Once<W, T, E> {
    fn new(work: W) -> Self {
        Self {
            work: Some(work),
            answer: None,
        }
    }

    /// An error rolls the transaction back; what the caller hears is kept in `answer`.
    fn run(&mut self, call: impl FnOnce(W) -> Result<T, E>) -> StoreResult<()> {
        let Some(work) = self.work.take() else {
            return Err(StoreError::Database("a transaction was run twice".into()));
        };
        let answer = catch_unwind(AssertUnwindSafe(|| call(work))).map_err(panicked)?;
        let done = match &answer {
            Ok(_) => Ok(()),
            Err(_) => Err(StoreError::Database("rolled back by its own work".into())),
        };
        self.answer = Some(answer);
        done
    }

    fn finish(self, done: std::thread::Result<StoreResult<()>>) -> Result<T, E> {
        match (done, self.answer) {
            (_, Some(Err(error))) => Err(error),
            (Ok(Ok(())), Some(Ok(value))) => Ok(value),
            (Ok(Ok(())), None) => Err(StoreError::Database("a transaction was not run".into()).into()),
            (Ok(Err(error)), _) => Err(error.into()),
            (Err(panic), _) => Err(panicked(panic).into()),
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn panicked(panic: Box<dyn std::any::Any + Send>) -> StoreError {
    let words = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    StoreError::Database(format!("a transaction panicked: {words}"))
}
