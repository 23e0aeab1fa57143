//! Reading from the store: on the shared readers, or on the removal path's own.

use super::handle::{Job, Mode, Store, inline};
use super::port::{Backend, Read, StoreError};
use std::sync::Arc;
use tokio::sync::oneshot;

/// Which readers serve a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// The removal path's own.
    Removal,
    /// Those of everybody else, before what waits there.
    Urgent,
    /// Those of everybody else.
    Shared,
}

impl Store {
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
        self.read_on(Reader::Shared, work).await
    }

    /// The same, ahead of other reads: for `status`, and for what people do to take access away.
    ///
    /// # Errors
    /// As there.
    pub async fn read_ahead<T, E>(
        &self,
        work: impl FnOnce(&mut dyn Read) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.read_on(Reader::Urgent, work).await
    }

    async fn read_on<T, E>(
        &self,
        reader: Reader,
        work: impl FnOnce(&mut dyn Read) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (send, receive) = oneshot::channel();
        let job = self.read_job(work);
        self.push_read(reader, unless_abandoned(send, job));
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
        let job = self.read_job(work);
        self.push_read(
            Reader::Shared,
            Box::new(move |backend| drop(send.send(job(backend)))),
        );
        receive.recv().unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// Reads what the next [`remove`](Self::remove) would find, on the removal path's own reader. For the expiry timer,
    /// the reconciler and the watchdog alone: nothing that a caller can ask for often may come here.
    ///
    /// # Errors
    /// Those of `work`; [`StoreError::Closed`].
    pub async fn read_for_removal<T, E>(
        &self,
        work: impl FnMut(&mut dyn Read) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.read_shadowed(Reader::Removal, work).await
    }

    /// The same as [`read_ahead`](Self::read_ahead) reads, on the shared readers. While the tables cannot be used, what is in memory answers.
    ///
    /// # Errors
    /// As there.
    pub async fn read_urgently<T, E>(
        &self,
        work: impl FnMut(&mut dyn Read) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.read_shadowed(Reader::Urgent, work).await
    }

    async fn read_shadowed<T, E>(
        &self,
        reader: Reader,
        mut work: impl FnMut(&mut dyn Read) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (send, receive) = oneshot::channel();
        let shared = Arc::clone(&self.inner.shared);
        let job = unless_abandoned(send, move |backend| shared.read(backend, true, &mut work));
        self.push_read(reader, job);
        receive.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    fn read_job<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&mut dyn Read) -> Result<T, E> + Send + 'static,
    ) -> impl FnOnce(Option<&mut (dyn Backend + 'static)>) -> Result<T, E> + Send + 'static {
        let (shared, mut work) = (Arc::clone(&self.inner.shared), Some(work));
        move |backend| {
            shared.read(backend, false, &mut |read| match work.take() {
                Some(work) => work(read),
                None => Err(StoreError::Closed.into()),
            })
        }
    }

    fn push_read(&self, reader: Reader, job: Job) {
        match &self.inner.mode {
            Mode::Threads {
                reads, removal_reads, ..
            } => {
                let (lanes, lane) = match reader {
                    Reader::Removal => (removal_reads, 0),
                    Reader::Urgent => (reads, 0),
                    Reader::Shared => (reads, 1),
                };
                drop(lanes.push(lane, job));
            }
            Mode::Inline(backend) => inline(backend, job),
            Mode::Without(_) => job(None),
        }
    }
}

/// A read for somebody who may have left: then it is dropped where it stands in the queue.
fn unless_abandoned<T: Send + 'static>(
    reply: oneshot::Sender<T>,
    work: impl FnOnce(Option<&mut (dyn Backend + 'static)>) -> T + Send + 'static,
) -> Job {
    Box::new(move |backend| {
        if !reply.is_closed() {
            drop(reply.send(work(backend)));
        }
    })
}
