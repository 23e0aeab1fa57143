//! How our deletes go: one listing of AWS's unfinished ones answers for all of them.
//!
//! AWS's listing names operations by id and nothing more, so what is no longer in it is finished, well or not. Only the
//! listing of the assignments that follows proves anything; where that still shows one, the operation is asked about by
//! itself ([`Statuses::take_unvouched`]). An operation that no listing has shown may be too new for it: it is asked about
//! by itself too, and so that this is rare, operations are watched from the moment at which AWS has taken them. Where
//! there are few, or there is no such listing, each is described.

use chrono::TimeDelta;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use teamd_aws::port::Assignments;
use teamd_domain::Time;
use teamd_domain::grant::{Reply, Status};
use tokio::sync::oneshot;

/// As many deletes are cheaper to describe than to list.
const FEW: usize = 3;

/// For how long it is remembered that there is no such listing.
const MISSING_FOR: TimeDelta = TimeDelta::minutes(10);

/// Who has waited so long is told that it goes on: the driver thinks again about what is wanted.
const TOLD_AFTER: TimeDelta = TimeDelta::seconds(5);

/// What nobody has asked about for so long was given up.
const FORGOTTEN_AFTER: TimeDelta = TimeDelta::minutes(1);

/// Deletes that are watched.
#[derive(Debug, Default)]
pub(super) struct Statuses(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    watched: HashMap<String, Watched>,
    /// Finished, as far as the listing says; not known how.
    unvouched: HashSet<String>,
    is_served: bool,
    missing_until: Option<Time>,
}

#[derive(Debug)]
struct Watched {
    since: Time,
    shown: Shown,
    waiter: Option<oneshot::Sender<Heard>>,
}

/// What the listings have shown of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// There was none yet.
    NotListed,
    /// It was in the last one.
    Unfinished,
    /// It was in one, and in the last no more.
    Gone,
    /// It was in none.
    Never,
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
#[derive(Debug)]
pub(super) enum How {
    /// It is known.
    Told(Heard),
    /// Wait; true: nobody lists yet, the caller must have [`Statuses::round`] run until it says that it is over.
    Wait(oneshot::Receiver<Heard>, bool),
}

impl Statuses {
    /// AWS has taken a delete; `unfinished`: how many operations there are. True: nobody lists yet, see [`How::Wait`].
    pub(super) fn watch(&self, request_id: &str, unfinished: usize, now: Time) -> bool {
        let mut inner = self.lock();
        if inner.describes(unfinished, now) {
            return false;
        }
        inner
            .watched
            .insert(request_id.to_owned(), Watched::new(None, now));
        !std::mem::replace(&mut inner.is_served, true)
    }

    /// How a delete goes.
    pub(super) fn ask(&self, request_id: &str, unfinished: usize, now: Time) -> How {
        let inner = &mut *self.lock();
        let shown = inner.watched.get(request_id).map(|watched| watched.shown);
        if let Some(Shown::Gone | Shown::Never) = shown {
            inner.watched.remove(request_id);
            return How::Told(match shown {
                Some(Shown::Gone) => inner.gone(request_id),
                Some(Shown::NotListed | Shown::Unfinished | Shown::Never) | None => Heard::Describe,
            });
        }
        if shown.is_none() && inner.describes(unfinished, now) {
            return How::Told(Heard::Describe);
        }
        let (waiter, receive) = oneshot::channel();
        let watched = inner
            .watched
            .entry(request_id.to_owned())
            .or_insert_with(|| Watched::new(None, now));
        (watched.since, watched.waiter) = (now, Some(waiter));
        How::Wait(receive, !std::mem::replace(&mut inner.is_served, true))
    }

    /// One listing. False: nobody waits any more.
    pub(super) async fn round(&self, aws: &dyn Assignments, now: impl Fn() -> Time) -> bool {
        let before: Vec<String> = {
            let (mut inner, now) = (self.lock(), now());
            inner.watched.retain(|_, watched| match &watched.waiter {
                Some(waiter) => !waiter.is_closed(),
                None => now - watched.since < FORGOTTEN_AFTER,
            });
            let open = |watched: &Watched| matches!(watched.shown, Shown::NotListed | Shown::Unfinished);
            let open = inner.watched.iter().filter(|(_, watched)| open(watched));
            let before: Vec<_> = open.map(|(id, _)| id.clone()).collect();
            if before.is_empty() {
                inner.is_served = false;
                return false;
            }
            before
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

impl Watched {
    fn new(waiter: Option<oneshot::Sender<Heard>>, now: Time) -> Self {
        Self {
            since: now,
            shown: Shown::NotListed,
            waiter,
        }
    }
}

impl Inner {
    fn describes(&self, unfinished: usize, now: Time) -> bool {
        let is_missing = self.missing_until.is_some_and(|at| at > now);
        is_missing || unfinished <= FEW && !self.is_served
    }

    fn heard(&mut self, before: &[String], unfinished: &BTreeSet<String>, now: Time) {
        for id in before {
            let Some(watched) = self.watched.get_mut(id) else {
                continue;
            };
            watched.shown = match (unfinished.contains(id), watched.shown) {
                (true, _) => Shown::Unfinished,
                (false, Shown::Unfinished | Shown::Gone) => Shown::Gone,
                (false, Shown::NotListed | Shown::Never) => Shown::Never,
            };
            let shown = watched.shown;
            let is_told = shown != Shown::Unfinished || now - watched.since >= TOLD_AFTER;
            let Some(waiter) = watched.waiter.take_if(|_| is_told) else {
                continue;
            };
            let heard = match shown {
                Shown::Unfinished | Shown::NotListed => Heard::Reply(Reply::Status(Status::InProgress)),
                Shown::Gone => self.gone(id),
                Shown::Never => Heard::Describe,
            };
            if shown != Shown::Unfinished {
                self.watched.remove(id);
            }
            drop(waiter.send(heard));
        }
    }

    fn gone(&mut self, id: &str) -> Heard {
        self.unvouched.insert(id.to_owned());
        Heard::Reply(Reply::Status(Status::Succeeded))
    }

    fn tell_all(&mut self, heard: &Heard) {
        for (_, watched) in self.watched.drain() {
            if let Some(waiter) = watched.waiter {
                drop(waiter.send(heard.clone()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::future::BoxFuture;
    use teamd_aws::port::Lane;
    use teamd_domain::request::Key;

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
            How::Told(heard) => panic!("{id}: {heard:?}"),
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
        let long_after = || now() + FORGOTTEN_AFTER;
        assert!(!statuses.round(&aws, long_after).await, "nobody waits");
        assert!(
            matches!(statuses.ask("d", 9, now()), How::Wait(_, true)),
            "to be served anew"
        );
    }

    #[tokio::test]
    async fn what_is_watched_is_known_when_it_is_asked_about() {
        let (statuses, aws) = (Statuses::default(), Fake::unfinished(&["a", "b"]));
        assert!(statuses.watch("a", 9, now()) && !statuses.watch("b", 9, now()));
        assert!(!statuses.watch("new", 9, now()));
        assert!(statuses.round(&aws, now).await);
        assert!(matches!(
            statuses.ask("new", 9, now()),
            How::Told(Heard::Describe)
        ));
        aws.finish("a");
        assert!(statuses.round(&aws, now).await);
        let done = Heard::Reply(Reply::Status(Status::Succeeded));
        assert!(matches!(statuses.ask("a", 9, now()), How::Told(heard) if heard == done));
        assert!(statuses.take_unvouched("a"));
        let mut b = ask(&statuses, "b");
        aws.finish("b");
        assert!(statuses.round(&aws, now).await);
        assert_eq!(b.try_recv(), Ok(done));
        assert!(!statuses.round(&aws, now).await);
        assert!(statuses.watch("given up", 9, now()));
        assert!(!statuses.round(&aws, || now() + FORGOTTEN_AFTER).await);
    }

    #[tokio::test]
    async fn few_are_described_and_so_are_all_where_there_is_no_listing() {
        let (statuses, aws) = (Statuses::default(), Fake(Mutex::new(None)));
        assert!(matches!(
            statuses.ask("a", FEW, now()),
            How::Told(Heard::Describe)
        ));
        let mut b = ask(&statuses, "b");
        assert!(statuses.round(&aws, now).await);
        assert_eq!(b.try_recv(), Ok(Heard::Describe));
        assert!(!statuses.round(&aws, now).await);
        assert!(
            matches!(statuses.ask("c", 9, now()), How::Told(Heard::Describe)),
            "remembered"
        );
        assert!(matches!(
            statuses.ask("c", 9, now() + MISSING_FOR),
            How::Wait(_, true)
        ));
    }
}
