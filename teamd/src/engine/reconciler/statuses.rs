//! How our deletes go: one listing of AWS's unfinished ones answers for all of them.
//!
//! AWS's listing names operations by id and nothing more, so what is no longer in it is finished, well or not. Only the
//! listing of the assignments that follows proves anything; where that still shows one, the operation is asked about by
//! itself ([`Statuses::take_unvouched`]). An operation that no listing has shown yet may be too new for it: it is asked
//! about by itself too. Where there are few, or there is no such listing, each is described.

use crate::aws::port::Assignments;
use crate::domain::Time;
use crate::domain::grant::{Reply, Status};
use chrono::TimeDelta;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// As many deletes are cheaper to describe than to list.
const FEW: usize = 3;

/// For how long it is remembered that there is no such listing.
const MISSING_FOR: TimeDelta = TimeDelta::minutes(10);

/// Who has waited so long is told that it goes on: the driver thinks again about what is wanted.
const TOLD_AFTER: TimeDelta = TimeDelta::seconds(5);

/// Deletes that are waited for.
#[derive(Debug, Default)]
pub(super) struct Statuses(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    asked: HashMap<String, Asked>,
    /// Listed at least once.
    seen: HashSet<String>,
    /// Finished, as far as the listing says; not known how.
    unvouched: HashSet<String>,
    is_served: bool,
    missing_until: Option<Time>,
}

#[derive(Debug)]
struct Asked {
    since: Time,
    waiter: oneshot::Sender<Heard>,
}

/// What a listing says of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Heard {
    /// This.
    Reply(Reply),
    /// Nothing: describe it.
    Describe,
}

/// How to hear of one.
pub(super) enum How {
    /// Describe it.
    Describe,
    /// Wait; true: nobody lists yet, the caller must have [`Statuses::round`] run until it says that it is over.
    Wait(oneshot::Receiver<Heard>, bool),
}

impl Statuses {
    /// `unfinished`: how many operations there are.
    pub(super) fn ask(&self, request_id: &str, unfinished: usize, now: Time) -> How {
        let mut inner = self.lock();
        let is_missing = inner.missing_until.is_some_and(|at| at > now);
        if is_missing || unfinished <= FEW && !inner.is_served {
            return How::Describe;
        }
        let (waiter, receive) = oneshot::channel();
        let asked = Asked { since: now, waiter };
        inner.asked.insert(request_id.to_owned(), asked);
        let serve = !std::mem::replace(&mut inner.is_served, true);
        How::Wait(receive, serve)
    }

    /// One listing. False: nobody waits any more.
    pub(super) async fn round(&self, aws: &dyn Assignments, now: impl Fn() -> Time) -> bool {
        let before: Vec<String> = {
            let mut inner = self.lock();
            inner.asked.retain(|_, asked| !asked.waiter.is_closed());
            if inner.asked.is_empty() {
                inner.is_served = false;
                inner.seen.clear();
                return false;
            }
            inner.asked.keys().cloned().collect()
        };
        let listed = aws.unfinished_deletions().await;
        let mut inner = self.lock();
        match listed {
            None => {
                inner.missing_until = Some(now() + MISSING_FOR);
                inner.tell_all(&Heard::Describe);
            }
            // Each tries again, at its own growing distances.
            Some(Err(reply)) => inner.tell_all(&Heard::Reply(reply)),
            Some(Ok(unfinished)) => inner.heard(&before, &unfinished, now()),
        }
        true
    }

    /// Nobody lists any more; who waits describes.
    pub(super) fn stop(&self) {
        let mut inner = self.lock();
        inner.is_served = false;
        inner.tell_all(&Heard::Describe);
    }

    /// Whether it is only the listing that vouches for its end. Asked once.
    pub(super) fn take_unvouched(&self, request_id: &str) -> bool {
        self.lock().unvouched.remove(request_id)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn heard(&mut self, before: &[String], unfinished: &BTreeSet<String>, now: Time) {
        for id in before {
            let heard = if unfinished.contains(id) {
                self.seen.insert(id.clone());
                let long = self.asked.get(id).is_some_and(|asked| now - asked.since >= TOLD_AFTER);
                long.then_some(Heard::Reply(Reply::Status(Status::InProgress)))
            } else if self.seen.remove(id) {
                self.unvouched.insert(id.clone());
                Some(Heard::Reply(Reply::Status(Status::Succeeded)))
            } else {
                Some(Heard::Describe)
            };
            if let Some(heard) = heard
                && let Some(asked) = self.asked.remove(id)
            {
                drop(asked.waiter.send(heard));
            }
        }
    }

    fn tell_all(&mut self, heard: &Heard) {
        for (_, asked) in self.asked.drain() {
            drop(asked.waiter.send(heard.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::port::Lane;
    use crate::domain::request::Key;
    use futures::future::BoxFuture;

    struct Fake(Mutex<Option<BTreeSet<String>>>);

    impl Fake {
        fn unfinished(ids: &[&str]) -> Self {
            Self(Mutex::new(Some(ids.iter().map(|id| (*id).to_owned()).collect())))
        }

        fn finish(&self, id: &str) {
            self.0.lock().unwrap().as_mut().unwrap().remove(id);
        }
    }

    impl Assignments for Fake {
        fn list<'a>(&'a self, _: &'a Key, _: Lane) -> BoxFuture<'a, Reply> {
            unreachable!("only statuses")
        }
        fn create<'a>(&'a self, _: &'a Key) -> BoxFuture<'a, Reply> {
            unreachable!("only statuses")
        }
        fn delete<'a>(&'a self, _: &'a Key) -> BoxFuture<'a, Reply> {
            unreachable!("only statuses")
        }
        fn creation_status<'a>(&'a self, _: &'a str, _: Lane) -> BoxFuture<'a, Reply> {
            unreachable!("only statuses")
        }
        fn deletion_status<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Reply> {
            unreachable!("only statuses")
        }
        fn unfinished_deletions(&self) -> BoxFuture<'_, Option<Result<BTreeSet<String>, Reply>>> {
            let ids = self.0.lock().unwrap().clone();
            Box::pin(async move { ids.map(Ok) })
        }
    }

    fn now() -> Time {
        chrono::DateTime::from_timestamp(1_795_000_000, 0).unwrap()
    }

    fn ask(statuses: &Statuses, id: &str) -> oneshot::Receiver<Heard> {
        match statuses.ask(id, 9, now()) {
            How::Wait(receive, _) => receive,
            How::Describe => panic!("{id} is to be described"),
        }
    }

    #[tokio::test]
    async fn what_has_left_the_listing_is_finished_and_what_was_never_in_it_is_described() {
        let (statuses, aws) = (Statuses::default(), Fake::unfinished(&["a", "b"]));
        let (mut a, mut b, mut c) = (ask(&statuses, "a"), ask(&statuses, "b"), ask(&statuses, "c"));
        assert!(statuses.round(&aws, now).await);
        assert!(a.try_recv().is_err() && b.try_recv().is_err());
        assert_eq!(c.try_recv(), Ok(Heard::Describe), "too new, or finished too soon");
        aws.finish("a");
        assert!(statuses.round(&aws, now).await);
        assert_eq!(a.try_recv(), Ok(Heard::Reply(Reply::Status(Status::Succeeded))));
        assert!(statuses.take_unvouched("a") && !statuses.take_unvouched("a"));
        assert!(!statuses.take_unvouched("c"));
        let late = || now() + TOLD_AFTER;
        assert!(statuses.round(&aws, late).await);
        assert_eq!(b.try_recv(), Ok(Heard::Reply(Reply::Status(Status::InProgress))));
        assert!(!statuses.round(&aws, now).await, "nobody waits");
        assert!(matches!(statuses.ask("d", 9, now()), How::Wait(_, true)), "to be served anew");
    }

    #[tokio::test]
    async fn few_are_described_and_so_are_all_where_there_is_no_listing() {
        let (statuses, aws) = (Statuses::default(), Fake(Mutex::new(None)));
        assert!(matches!(statuses.ask("a", FEW, now()), How::Describe));
        let mut b = ask(&statuses, "b");
        assert!(statuses.round(&aws, now).await);
        assert_eq!(b.try_recv(), Ok(Heard::Describe));
        assert!(!statuses.round(&aws, now).await);
        assert!(matches!(statuses.ask("c", 9, now()), How::Describe), "remembered");
        assert!(matches!(statuses.ask("c", 9, now() + MISSING_FOR), How::Wait(_, true)));
    }
}
