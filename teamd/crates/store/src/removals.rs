//! Removals, which go on whatever the disk does: through the tables while they work, else through the shadow.

use super::fallback::{Fallback, Live, replay};
use super::port::{Backend, Read, StoreError, StoreResult, Tx};
use super::witness::{Change, Witness};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use teamd_domain::Time;
use teamd_host::failpoint::hit;
use tokio::sync::watch;

/// What threads and callers share.
pub(super) struct Shared {
    pub(super) changes: watch::Sender<u64>,
    pub(super) condition: watch::Sender<Option<StoreError>>,
    fallback: Mutex<Fallback>,
}

/// What came of a transaction on the tables.
struct Tried<T, E> {
    answer: Result<T, E>,
    fault: Option<StoreError>,
    changes: Vec<Change>,
    seq: Option<u64>,
}

impl Shared {
    pub(super) fn new(last_seq: u64, live: Live) -> Self {
        Self {
            changes: watch::Sender::new(last_seq),
            condition: watch::Sender::new(None),
            fallback: Mutex::new(Fallback::new(live)),
        }
    }

    /// Begins with what the tables say.
    pub(super) fn of(backend: &mut dyn Backend) -> StoreResult<Self> {
        let (mut seq, mut live) = (0, Live::default());
        backend.read(&mut |read| {
            seq = read.last_seq()?;
            live = Live::of(read)?;
            Ok(())
        })?;
        Ok(Self::new(seq, live))
    }

    /// Tables that cannot be used from the first moment on.
    pub(super) fn without_tables(why: StoreError, live: Live) -> Self {
        let shared = Self::new(0, live);
        shared.note(why, true);
        shared
    }

    /// Why the tables cannot be used; `None`: they can.
    pub(super) fn refusal(&self) -> Option<StoreError> {
        self.condition.borrow().clone()
    }

    /// An ordinary write.
    pub(super) fn write<T, E: From<StoreError>>(
        &self,
        backend: Option<&mut (dyn Backend + 'static)>,
        work: impl FnOnce(&mut dyn Tx) -> Result<T, E>,
    ) -> Result<T, E> {
        // What has happened in the shadow must be written down before anything is built on it.
        if let Some(refusal) = self.refusal().filter(|_| self.fallback().shadow().is_some()) {
            return Err(refusal.into());
        }
        let Some(backend) = backend else {
            return Err(StoreError::Closed.into());
        };
        let mut work = Some(work);
        let tried = attempt("store.write", backend, &mut |tx| match work.take() {
            Some(work) => work(tx),
            None => Err(StoreError::Database("a transaction was run twice".into()).into()),
        });
        match &tried.fault {
            // This one has failed; the next will have room.
            Some(StoreError::Full) if backend.make_room() => {}
            // One row that cannot be is named, and no reason to stop.
            Some(StoreError::ImpossibleRow { .. }) | None => {}
            Some(fault) => self.note(fault.clone(), false),
        }
        self.take(tried)
    }

    /// A write that takes access away.
    pub(super) fn remove<T, E: From<StoreError>>(
        &self,
        mut backend: Option<&mut (dyn Backend + 'static)>,
        work: &mut dyn FnMut(&mut dyn Tx) -> Result<T, E>,
    ) -> Result<T, E> {
        let shadow = self.fallback().shadow();
        if shadow.is_none()
            && let Some(backend) = backend.as_mut()
        {
            let mut tried = attempt("store.remove", &mut **backend, work);
            if tried.fault == Some(StoreError::Full) && backend.make_room() {
                tried = attempt("store.remove", &mut **backend, work);
            }
            match tried.fault.clone() {
                None => return self.take(tried),
                Some(fault) => {
                    let superseded = matches!(fault, StoreError::Superseded { .. });
                    self.note(fault, true);
                    // Its removals are the other daemon's.
                    if superseded {
                        return tried.answer;
                    }
                }
            }
        }
        self.in_shadow(work)
    }

    /// Reads what the next removal would find.
    pub(super) fn read<T, E: From<StoreError>>(
        &self,
        backend: Option<&mut (dyn Backend + 'static)>,
        for_removal: bool,
        work: &mut dyn FnMut(&mut dyn Read) -> Result<T, E>,
    ) -> Result<T, E> {
        let shadow = self.fallback().shadow().filter(|_| for_removal);
        if let (None, Some(backend)) = (&shadow, backend) {
            let point = if for_removal {
                "store.read_for_removal"
            } else {
                "store.read"
            };
            let (answer, fault) = look(point, backend, work);
            match fault {
                None => return answer,
                Some(StoreError::ImpossibleRow { .. }) if !for_removal => return answer,
                Some(fault) => self.note(fault, for_removal),
            }
            if !for_removal {
                return answer;
            }
        } else if !for_removal {
            return Err(self.refusal().unwrap_or(StoreError::Closed).into());
        }
        let Some(mut shadow) = self.fallback().shadow() else {
            return Err(self.refusal().unwrap_or(StoreError::Closed).into());
        };
        look("store.read_for_removal", &mut shadow, work).0
    }

    /// Writes down what has not been yet, and goes back to the tables; how many changes that were.
    pub(super) fn recover(
        &self,
        backend: Option<&mut (dyn Backend + 'static)>,
        now: Time,
    ) -> StoreResult<usize> {
        let refusal = self.refusal();
        if let Some(refusal @ (StoreError::Damaged(_) | StoreError::Superseded { .. })) = refusal {
            return Err(refusal);
        }
        let pending = self.fallback().pending();
        let Some(pending) = pending.or_else(|| refusal.map(|_| Vec::new())) else {
            return Ok(0);
        };
        let Some(backend) = backend else {
            return Err(StoreError::Closed);
        };
        let tried = attempt("store.write", backend, &mut |tx| replay(tx, &pending, now));
        if let Some(fault) = tried.fault.clone() {
            self.note(fault, false);
        }
        let (seq, refused) = (tried.seq, tried.answer?);
        let count = pending.len() - refused.len();
        self.fallback().written(pending.len(), refused);
        self.works();
        self.tell(seq);
        Ok(count)
    }

    /// A fault of the tables. Where a removal has met it, or it is damage, removals are done in memory from now on.
    fn note(&self, fault: StoreError, for_removal: bool) {
        let fault = match fault {
            // On the way of a removal: one that cannot be read keeps others waiting.
            StoreError::ImpossibleRow { .. } => StoreError::Damaged(fault.to_string()),
            fault => fault,
        };
        let is_damage = matches!(fault, StoreError::Damaged(_));
        if is_damage || for_removal && !matches!(fault, StoreError::Superseded { .. }) {
            self.fallback().enter();
        }
        self.condition.send_if_modified(|was| {
            // The worst stays: damage does not heal by a full disk.
            let keep = matches!(was, Some(StoreError::Damaged(_) | StoreError::Superseded { .. }));
            let news = !keep && was.as_ref() != Some(&fault);
            if news {
                *was = Some(fault);
            }
            news
        });
    }

    /// A write is durable.
    fn works(&self) {
        if self.fallback().shadow().is_none() {
            self.condition.send_if_modified(|was| {
                let heals = matches!(
                    was,
                    Some(StoreError::Full | StoreError::Failing(_) | StoreError::Busy(_))
                );
                if heals {
                    *was = None;
                }
                heals
            });
        }
    }

    fn take<T, E>(&self, tried: Tried<T, E>) -> Result<T, E> {
        if tried.answer.is_ok() {
            self.fallback().committed(tried.changes);
            self.works();
            self.tell(tried.seq);
        }
        tried.answer
    }

    fn in_shadow<T, E: From<StoreError>>(
        &self,
        work: &mut dyn FnMut(&mut dyn Tx) -> Result<T, E>,
    ) -> Result<T, E> {
        let Some(mut shadow) = self.fallback().shadow() else {
            return Err(StoreError::Closed.into());
        };
        let tried = attempt("store.remove", &mut shadow, work);
        if tried.answer.is_ok() {
            for change in &tried.changes {
                if let Change::Row(_, at, event) | Change::Spooled(at, event) = change {
                    let request = event.request_id.map(|id| id.to_string()).unwrap_or_default();
                    let data = team_shared::text::inert(&format!("{:?}", event.data));
                    tracing::warn!(target: "teamd::spool", event = %event.kind, request, data, at = %at, "done without the database");
                }
            }
            self.fallback().shadowed(tried.changes);
        }
        tried.answer
    }

    /// First the news, then the answer: who has the answer finds the news there.
    fn tell(&self, seq: Option<u64>) {
        self.changes.send_if_modified(|last| match seq {
            Some(seq) if seq > *last => {
                *last = seq;
                true
            }
            _ => false,
        });
    }

    fn fallback(&self) -> MutexGuard<'_, Fallback> {
        self.fallback.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn attempt<T, E: From<StoreError>>(
    point: &'static str,
    backend: &mut dyn Backend,
    work: &mut dyn FnMut(&mut dyn Tx) -> Result<T, E>,
) -> Tried<T, E> {
    let (mut answer, mut fault, mut changes, mut seq) = (None, None, Vec::new(), None);
    let done = catch_unwind(AssertUnwindSafe(|| {
        hit(point)?;
        backend.write(&mut |tx| {
            hit("store.work")?;
            let mut witness = Witness::new(tx);
            let did = catch_unwind(AssertUnwindSafe(|| work(&mut witness)));
            let last = witness.last_seq();
            (fault, changes) = (witness.fault.take(), std::mem::take(&mut witness.changes));
            match did {
                Ok(Ok(value)) => {
                    answer = Some(Ok(value));
                    seq = Some(last?);
                    Ok(hit("store.commit")?)
                }
                Ok(Err(error)) => {
                    answer = Some(Err(error));
                    Err(StoreError::Database("rolled back by its own work".into()))
                }
                Err(panic) => Err(panicked(&*panic)),
            }
        })?;
        Ok(hit("store.committed")?)
    }));
    let done = done.unwrap_or_else(|panic| Err(panicked(&*panic)));
    let answer = match (done, answer) {
        (_, Some(Err(error))) => Err(error),
        (Ok(()), Some(answer)) => answer,
        (Ok(()), None) => Err(StoreError::Database("a transaction was not run".into()).into()),
        (Err(error), Some(Ok(_)) | None) => {
            seq = None;
            if fault.is_none() && error.is_fault() {
                fault = Some(error.clone());
            }
            Err(error.into())
        }
    };
    // A closure that went on over a fault has written something else than it meant to.
    Tried {
        fault: fault.filter(|_| answer.is_err()),
        answer,
        changes,
        seq,
    }
}

fn look<T, E: From<StoreError>>(
    point: &'static str,
    backend: &mut dyn Backend,
    work: &mut dyn FnMut(&mut dyn Read) -> Result<T, E>,
) -> (Result<T, E>, Option<StoreError>) {
    let (mut answer, mut fault) = (None, None);
    let done = catch_unwind(AssertUnwindSafe(|| {
        hit(point)?;
        backend.read(&mut |read| {
            let mut witness = Witness::new(read);
            let did = catch_unwind(AssertUnwindSafe(|| work(&mut witness)));
            fault = witness.fault.take();
            answer = Some(did.map_err(|panic| panicked(&*panic))?);
            Ok(())
        })
    }));
    let done = done.unwrap_or_else(|panic| Err(panicked(&*panic)));
    let answer = match (done, answer) {
        (_, Some(Err(error))) => Err(error),
        (Ok(()), Some(answer)) => answer,
        (Ok(()), None) => Err(StoreError::Database("a transaction was not run".into()).into()),
        (Err(error), Some(Ok(_)) | None) => {
            if fault.is_none() && error.is_fault() {
                fault = Some(error.clone());
            }
            Err(error.into())
        }
    };
    (answer, fault)
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> StoreError {
    let words = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    StoreError::Database(format!("a transaction panicked: {words}"))
}
