//! One listing of an (account, permission set) for all keys that wait for it.
//!
//! A listing that began before a delete was finished must not verify it. So who comes while one is under way gets the
//! next one: those who wait are taken at the moment at which the call is sent, after its wait for our own pace. The next
//! begins when this one is over, however many have come meanwhile: the slower the pace, the more share one call.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use team_shared::ids::{AccountId, PermissionSetArn};
use teamd_aws::port::{Assignments, Holders, Lane};
use teamd_domain::grant::Reply;
use teamd_domain::request::Key;
use tokio::sync::{Notify, oneshot};

/// The listings under way.
#[derive(Default)]
pub(super) struct Listings(Mutex<HashMap<Pair, Vec<Waiter>>>);

/// What one listing shows, for one lane: who grants must not make a removal wait in the grants' lane.
type Pair = (AccountId, PermissionSetArn, Lane);

type Waiter = (Key, oneshot::Sender<Reply>);

impl Listings {
    /// Waits for a listing that begins from now on. True: nobody sees to it yet, the caller must have
    /// [`serve`](Self::serve) run.
    pub(super) fn join(&self, key: &Key, lane: Lane) -> (oneshot::Receiver<Reply>, bool) {
        let (send, receive) = oneshot::channel();
        let mut pairs = self.lock();
        let mut is_new = false;
        let waiters = pairs.entry(pair(key, lane)).or_insert_with(|| {
            is_new = true;
            Vec::new()
        });
        waiters.push((key.clone(), send));
        (receive, is_new)
    }

    /// Lists as long as somebody waits. `limit` is how long a listing may take once it is sent.
    pub(super) async fn serve(&self, key: &Key, lane: Lane, aws: &dyn Assignments, limit: Duration) {
        let pair = pair(key, lane);
        // Should this be dropped, those who wait hear it, and the next to come starts anew.
        let mut served = Served {
            listings: self,
            pair: &pair,
            is_over: false,
        };
        loop {
            let (taken, sent) = (Mutex::new(Vec::new()), Notify::new());
            let begun = || {
                lock(&taken).extend(self.take(&pair));
                sent.notify_one();
            };
            let listing = aws.list_holders(&pair.0, &pair.1, lane, &begun);
            let too_long = async {
                sent.notified().await;
                tokio::time::sleep(limit).await;
            };
            let listed = tokio::select! {
                listed = listing => listed,
                () = too_long => Some(Err(no_answer(limit))),
            };
            let mut taken = std::mem::take(&mut *lock(&taken));
            match listed {
                // An adapter that does not say when it begins proves nothing.
                Some(Ok(holders)) if !taken.is_empty() => answer(taken, &holders),
                Some(Ok(_)) => self.take(&pair).into_iter().for_each(drop),
                Some(Err(reply)) => {
                    // It says nothing about anybody's key, so it may be told to those who came later too.
                    taken.extend(self.take(&pair));
                    taken
                        .into_iter()
                        .for_each(|(_, waiter)| drop(waiter.send(reply.clone())));
                }
                None => {
                    taken.extend(self.take(&pair));
                    one_by_one(taken, lane, aws, limit).await;
                }
            }
            let mut pairs = self.lock();
            if pairs.get(&pair).is_none_or(Vec::is_empty) {
                pairs.remove(&pair);
                served.is_over = true;
                return;
            }
        }
    }

    fn take(&self, pair: &Pair) -> Vec<Waiter> {
        self.lock().get_mut(pair).map(std::mem::take).unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Pair, Vec<Waiter>>> {
        lock(&self.0)
    }
}

struct Served<'a> {
    listings: &'a Listings,
    pair: &'a Pair,
    is_over: bool,
}

impl Drop for Served<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            drop(self.listings.lock().remove(self.pair));
        }
    }
}

fn pair(key: &Key, lane: Lane) -> Pair {
    (key.account.clone(), key.permission_set.clone(), lane)
}

fn answer(waiters: Vec<Waiter>, holders: &Holders) {
    for (key, waiter) in waiters {
        let present = holders.has(&key.user);
        drop(waiter.send(Reply::Listed { present }));
    }
}

async fn one_by_one(waiters: Vec<Waiter>, lane: Lane, aws: &dyn Assignments, limit: Duration) {
    for (key, waiter) in waiters {
        let listed = tokio::time::timeout(limit, aws.list(&key, lane)).await;
        drop(waiter.send(listed.unwrap_or_else(|_| no_answer(limit))));
    }
}

pub(super) fn no_answer(limit: Duration) -> Reply {
    Reply::Unknown {
        message: format!("no answer within {} s", limit.as_secs()),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use futures::future::BoxFuture;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::sync::Semaphore;

    /// Lists who is in it at the moment of sending, once it is let.
    #[derive(Default)]
    struct Fake {
        held: Mutex<Vec<String>>,
        listed: AtomicUsize,
        may_send: Option<Semaphore>,
        may_answer: Option<Semaphore>,
        refuses: bool,
    }

    async fn pass(gate: Option<&Semaphore>) {
        if let Some(gate) = gate {
            gate.acquire().await.unwrap().forget();
        }
    }

    impl Assignments for Fake {
        fn list<'a>(&'a self, key: &'a Key, _: Lane) -> BoxFuture<'a, Reply> {
            let present = self.held.lock().unwrap().iter().any(|id| id == key.user.as_str());
            Box::pin(async move { Reply::Listed { present } })
        }
        fn create<'a>(&'a self, _: &'a Key) -> BoxFuture<'a, Reply> {
            unreachable!("only listings")
        }
        fn delete<'a>(&'a self, _: &'a Key) -> BoxFuture<'a, Reply> {
            unreachable!("only listings")
        }
        fn creation_status<'a>(&'a self, _: &'a str, _: Lane) -> BoxFuture<'a, Reply> {
            unreachable!("only listings")
        }
        fn deletion_status<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Reply> {
            unreachable!("only listings")
        }
        fn list_holders<'a>(
            &'a self,
            _: &'a AccountId,
            _: &'a PermissionSetArn,
            _: Lane,
            begun: &'a (dyn Fn() + Send + Sync),
        ) -> BoxFuture<'a, Option<Result<Holders, Reply>>> {
            Box::pin(async move {
                pass(self.may_send.as_ref()).await;
                if self.refuses {
                    return Some(Err(Reply::NotFound { message: "no".into() }));
                }
                begun();
                self.listed.fetch_add(1, Ordering::Relaxed);
                let held = self.held.lock().unwrap().clone();
                pass(self.may_answer.as_ref()).await;
                Some(Ok(held.into_iter().collect()))
            })
        }
    }

    fn key(user: &str) -> Key {
        Key {
            user: user.parse().unwrap(),
            account: "111122223333".parse().unwrap(),
            permission_set: "arn:ps".parse().unwrap(),
        }
    }

    const LIMIT: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn who_comes_before_it_is_sent_shares_it_and_who_comes_later_gets_the_next() {
        let aws = Fake {
            held: Mutex::new(vec!["U-A".into(), "u-c".into()]),
            may_send: Some(Semaphore::new(0)),
            may_answer: Some(Semaphore::new(0)),
            ..Fake::default()
        };
        let listings = Listings::default();
        let (a, first) = listings.join(&key("u-a"), Lane::Removal);
        let (b, second) = listings.join(&key("u-b"), Lane::Removal);
        assert!(first && !second);
        let served = key("u-a");
        let mut serve = Box::pin(listings.serve(&served, Lane::Removal, &aws, LIMIT));
        assert!(serve.as_mut().now_or_never().is_none());
        aws.may_send.as_ref().unwrap().add_permits(1);
        assert!(serve.as_mut().now_or_never().is_none());
        // Sent. What is deleted now does not show in it.
        aws.held.lock().unwrap().retain(|id| id != "u-c");
        let (mut c, third) = listings.join(&key("u-c"), Lane::Removal);
        assert!(!third);
        aws.may_answer.as_ref().unwrap().add_permits(1);
        assert!(serve.as_mut().now_or_never().is_none());
        assert_eq!(a.await, Ok(Reply::Listed { present: true }), "in either case");
        assert_eq!(b.await, Ok(Reply::Listed { present: false }));
        assert!(c.try_recv().is_err(), "not from the listing before");
        aws.may_send.as_ref().unwrap().add_permits(1);
        aws.may_answer.as_ref().unwrap().add_permits(1);
        assert!(serve.as_mut().now_or_never().is_some());
        assert_eq!(c.await, Ok(Reply::Listed { present: false }));
        assert_eq!(aws.listed.load(Ordering::Relaxed), 2);
        assert!(
            listings.join(&key("u-a"), Lane::Removal).1,
            "nobody serves it any more"
        );
    }

    #[tokio::test]
    async fn a_refusal_is_told_to_everybody() {
        let aws = Fake {
            refuses: true,
            ..Fake::default()
        };
        let listings = Listings::default();
        let (a, _) = listings.join(&key("u-a"), Lane::Removal);
        let (b, _) = listings.join(&key("u-b"), Lane::Removal);
        listings.serve(&key("u-a"), Lane::Removal, &aws, LIMIT).await;
        assert!(matches!(a.await, Ok(Reply::NotFound { .. })));
        assert!(matches!(b.await, Ok(Reply::NotFound { .. })));
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_hangs_is_given_up() {
        let aws = Fake {
            may_answer: Some(Semaphore::new(0)),
            ..Fake::default()
        };
        let listings = Listings::default();
        let (a, _) = listings.join(&key("u-a"), Lane::Removal);
        listings.serve(&key("u-a"), Lane::Removal, &aws, LIMIT).await;
        assert!(matches!(a.await, Ok(Reply::Unknown { .. })));
    }

    #[tokio::test]
    async fn those_who_wait_hear_when_nobody_serves_them_any_more() {
        let aws = Fake {
            may_send: Some(Semaphore::new(0)),
            ..Fake::default()
        };
        let listings = Listings::default();
        let (a, _) = listings.join(&key("u-a"), Lane::Removal);
        assert!(
            listings
                .serve(&key("u-a"), Lane::Removal, &aws, LIMIT)
                .now_or_never()
                .is_none()
        );
        assert!(a.await.is_err());
        assert!(listings.join(&key("u-a"), Lane::Removal).1);
    }
}
