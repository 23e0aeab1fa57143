//! Look-ups of logins and uids in the name service of the machine, which may be slow or hang.
//!
//! Each look-up runs on a thread of its own and is given up after a time-out. The thread of a look-up that hangs keeps
//! its permit, so that there are never more of them than permits.

use nix::unistd::{Uid, User};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OnceCell, Semaphore, oneshot};

/// How long a caller waits for a look-up, its turn included.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a login name is remembered.
const REMEMBERED: Duration = Duration::from_secs(60);

/// Look-ups of callers at the same time.
const LOGIN_LOOKUPS: usize = 4;

/// The most uids whose login name is remembered.
const MAX_LOGINS: usize = 4096;

/// There is no answer: this says nothing about whether the login exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name service of this machine does not answer")]
pub(super) struct NoAnswer;

/// A bounded number of look-ups at a time.
#[derive(Debug, Clone)]
pub(super) struct NameService {
    permits: Arc<Semaphore>,
    timeout: Duration,
}

impl NameService {
    pub(super) fn new(lookups: usize) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(lookups)),
            timeout: LOOKUP_TIMEOUT,
        }
    }

    /// The login name of a uid; none: it has none.
    ///
    /// # Errors
    /// The name service does not answer in time, or with an error.
    async fn login_of(&self, uid: u32) -> Result<Option<String>, NoAnswer> {
        let user = self.ask(move || User::from_uid(Uid::from_raw(uid)).map_err(|_| NoAnswer));
        Ok(user.await?.map(|user| user.name))
    }

    /// The uid of a login; none: there is no such login.
    ///
    /// # Errors
    /// The name service does not answer in time, or with an error.
    pub(super) async fn uid_of(&self, login: &str) -> Result<Option<u32>, NoAnswer> {
        let login = login.to_owned();
        let user = self.ask(move || User::from_name(&login).map_err(|_| NoAnswer));
        Ok(user.await?.map(|user| user.uid.as_raw()))
    }

    async fn ask<T: Send + 'static>(
        &self,
        lookup: impl FnOnce() -> Result<T, NoAnswer> + Send + 'static,
    ) -> Result<T, NoAnswer> {
        let answer = async {
            let permits = Arc::clone(&self.permits);
            let permit = permits.acquire_owned().await.map_err(|_| NoAnswer)?;
            let (sender, receiver) = oneshot::channel();
            // Not a blocking task of the runtime: one that hangs would hold up the end of the process.
            let thread = std::thread::Builder::new().name("name service".to_owned());
            let started = thread.spawn(move || {
                let found = lookup();
                drop(permit);
                // Nobody waits any more where it took too long.
                let _ = sender.send(found);
            });
            started.map_err(|_| NoAnswer)?;
            receiver.await.map_err(|_| NoAnswer)?
        };
        tokio::time::timeout(self.timeout, answer)
            .await
            .unwrap_or(Err(NoAnswer))
    }
}

/// A look-up that everybody who asks about one uid shares.
type Shared = Arc<OnceCell<(Instant, Option<String>)>>;

/// Login names by uid, remembered for a minute.
#[derive(Debug)]
pub(super) struct Logins {
    name_service: NameService,
    by_uid: Mutex<HashMap<u32, Shared>>,
}

impl Default for Logins {
    fn default() -> Self {
        Self {
            name_service: NameService::new(LOGIN_LOOKUPS),
            by_uid: Mutex::default(),
        }
    }
}

impl Logins {
    /// The login name of a uid; none: it has none.
    ///
    /// # Errors
    /// The name service does not answer. That is not remembered.
    pub(super) async fn name(&self, uid: u32) -> Result<Option<String>, NoAnswer> {
        if uid == 0 {
            // The operator works on a machine whose name service does not answer.
            return Ok(Some("root".to_owned()));
        }
        let service = &self.name_service;
        self.shared(uid, || service.login_of(uid)).await
    }

    /// The uid of a login; none: there is no such login.
    ///
    /// # Errors
    /// The name service does not answer.
    pub(super) async fn uid_of(&self, login: &str) -> Result<Option<u32>, NoAnswer> {
        self.name_service.uid_of(login).await
    }

    async fn shared<F>(&self, uid: u32, lookup: impl FnOnce() -> F) -> Result<Option<String>, NoAnswer>
    where
        F: Future<Output = Result<Option<String>, NoAnswer>>,
    {
        let cell = self.cell(uid);
        let found = cell.get_or_try_init(|| async { Ok((Instant::now(), lookup().await?)) });
        // Those who wait for a look-up under way wait no longer than the look-up may take.
        let found = tokio::time::timeout(self.name_service.timeout, found).await;
        let (_, name) = found.unwrap_or(Err(NoAnswer))?;
        Ok(name.clone())
    }

    /// The look-up of a uid: the last one, where it is not too old, else a new one.
    fn cell(&self, uid: u32) -> Shared {
        let mut by_uid = self.by_uid.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = |cell: &Shared| cell.get().is_none_or(|(at, _)| at.elapsed() < REMEMBERED);
        if let Some(cell) = by_uid.get(&uid).filter(|cell| is_fresh(cell)) {
            return Arc::clone(cell);
        }
        if by_uid.len() >= MAX_LOGINS {
            // Look-ups that nobody waits for and that gave no answer go too.
            by_uid.retain(|_, cell| match cell.get() {
                Some(_) => is_fresh(cell),
                None => Arc::strong_count(cell) > 1,
            });
            if by_uid.len() >= MAX_LOGINS {
                by_uid.clear();
            }
        }
        let cell = Shared::default();
        by_uid.insert(uid, Arc::clone(&cell));
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn impatient(lookups: usize) -> NameService {
        NameService {
            timeout: Duration::from_millis(50),
            ..NameService::new(lookups)
        }
    }

    #[tokio::test]
    async fn hanging_lookups_use_bounded_threads() {
        let service = impatient(2);
        let (started, gate) = (Arc::new(AtomicUsize::new(0)), Arc::new(Barrier::new(3)));
        for _ in 0..6 {
            let (started, gate) = (Arc::clone(&started), Arc::clone(&gate));
            let hanging = service.ask(move || {
                started.fetch_add(1, Ordering::SeqCst);
                gate.wait();
                Ok(())
            });
            assert_eq!(hanging.await, Err(NoAnswer));
        }
        assert_eq!(started.load(Ordering::SeqCst), 2);
        gate.wait();
        // The threads that hung have given their permits back.
        let waiting = NameService {
            timeout: LOOKUP_TIMEOUT,
            ..service
        };
        assert_eq!(waiting.ask(|| Ok(7)).await, Ok(7));
    }

    #[tokio::test]
    async fn one_uid_is_looked_up_once() {
        let logins = Logins::default();
        let count = AtomicUsize::new(0);
        let lookup = || async {
            count.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            Ok(Some("alice".to_owned()))
        };
        let ask = || logins.shared(1000, lookup);
        let (one, two, three) = tokio::join!(ask(), ask(), ask());
        let alice = Ok(Some("alice".to_owned()));
        assert_eq!([one, two, three], [alice.clone(), alice.clone(), alice]);
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn missing_answer_is_not_remembered() {
        let logins = Logins::default();
        assert_eq!(
            logins.shared(1000, || async { Err(NoAnswer) }).await,
            Err(NoAnswer)
        );
        assert_eq!(logins.shared(1000, || async { Ok(None) }).await, Ok(None));
        // That there is no such login is.
        let other = logins.shared(1000, || async { Ok(Some("late".to_owned())) });
        assert_eq!(other.await, Ok(None));
    }

    #[tokio::test]
    async fn remembered_logins_are_bounded() {
        let logins = Logins::default();
        for uid in 1..10_000 {
            let _ = logins.shared(uid, || async { Err(NoAnswer) }).await;
        }
        assert!(logins.by_uid.lock().unwrap().len() <= MAX_LOGINS);
    }
}
