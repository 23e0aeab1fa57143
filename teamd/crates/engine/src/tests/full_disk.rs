//! A disk that is full at every page in turn: the same requests, grants and removals on each.

use super::{Aws, key, request};
use crate::commit::{carry_out, file};
use crate::reconciler::{conclude, prepare};
use crate::refused::Refused;
use chrono::TimeDelta;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use team_shared::ids::RequestId;
use team_shared::problem::Code;
use teamd_domain::Time;
use teamd_domain::event::Actor;
use teamd_domain::grant::{Reply, State as GrantState, Step};
use teamd_domain::request::{Basis, Command, Request, submit};
use teamd_store::port::Tx;
use teamd_store::{Store, WriteLane};

/// Pages of 4 KiB, one more each time.
const STEPS: u32 = 150;

/// Requests on each.
const REQUESTS: u32 = 2;

/// Turns on the key in which everything comes to its end, lost replies included.
const TURNS: u32 = 120;

struct Day {
    store: Store,
    aws: Aws,
    rng: StdRng,
    now: Time,
    /// What was acknowledged as filed.
    filed: Vec<RequestId>,
    creates: u32,
    pages: u32,
}

impl Day {
    fn open(path: &Path, limit: &Arc<AtomicU32>, pages: u32) -> Self {
        Self {
            store: Store::open_limited(path, limit).unwrap(),
            aws: Aws::default(),
            rng: StdRng::seed_from_u64(u64::from(pages)),
            now: Time::from_timestamp(1_795_000_000, 0).unwrap(),
            filed: Vec::new(),
            creates: 0,
            pages,
        }
    }

    async fn live(&mut self) {
        for n in 0..REQUESTS {
            self.ask(n).await;
            for _ in 0..40 {
                self.turn().await;
            }
            self.now += TimeDelta::seconds(120);
            self.end().await;
        }
    }

    /// Submits what needs no approval, as far as the disk takes it.
    async fn ask(&mut self, n: u32) {
        let mut draft = request(self.now, self.rng.random(), 60, Basis::default());
        // Long texts fill pages.
        draft.terms.justification = "x".repeat(900);
        draft.terms.ticket = Some(format!("INC-{n}"));
        let (next, now) = (submit(draft, &Actor::daemon(), self.now), self.now);
        let id = next.request.id;
        let filed = self
            .store
            .write(WriteLane::Normal, move |tx| {
                Ok::<_, Refused>(file(tx, &next, now)?)
            })
            .await;
        match filed {
            Ok(()) => self.filed.push(id),
            Err(refused) => assert_eq!(refused.code, Code::StoreUnavailable),
        }
    }

    /// Everything ends, and is taken back.
    async fn end(&mut self) {
        let now = self.now;
        let ended = self
            .store
            .remove(move |tx| {
                for request in tx.open_requests_on(&key())? {
                    if request.holds_lease() {
                        carry_out(tx, &request, &Command::End, &Actor::daemon(), now)?;
                    }
                }
                Ok::<_, Refused>(())
            })
            .await;
        assert_eq!(ended, Ok(()), "{} pages: removals never refuse", self.pages);
        for _ in 0..TURNS {
            self.turn().await;
        }
        self.aws.settle(self.now);
        assert!(!self.aws.assigned, "{} pages: not taken back", self.pages);
    }

    /// A turn as the reconciler has it: removals through `remove`, the rest through `write`.
    async fn turn(&mut self) {
        let now = self.now;
        let open: Vec<Request> = self
            .store
            .read_for_removal(|read| Ok::<_, Refused>(read.open_requests_on(&key())?))
            .await
            .unwrap();
        let removal = !open.iter().any(Request::holds_lease);
        let work = move |tx: &mut dyn Tx| prepare(tx, &key(), 3600, !removal, now);
        let step = match self.write(removal, work).await {
            None | Some(Step::Rest | Step::Settle) => return,
            Some(Step::Wait(at)) => {
                self.now = at.max(now);
                return;
            }
            Some(step) => step,
        };
        if step == Step::Create {
            self.creates += 1;
            let stored = self.store.read(|read| Ok::<_, Refused>(read.grant(&key())?));
            let stored = stored.await.unwrap().unwrap();
            assert!(
                matches!(stored.state, GrantState::Creating(_)),
                "{} pages: no durable intent",
                self.pages
            );
        }
        let reply: Reply = self.aws.answer(&step, &mut self.rng, now);
        let work = move |tx: &mut dyn Tx| {
            conclude(tx, &key(), &step, reply.clone(), 0.5, now)?;
            prepare(tx, &key(), 3600, false, now)
        };
        self.write(removal, work).await;
        self.now += TimeDelta::milliseconds(700);
    }

    /// What is to be done next; none: the disk did not take it, which no removal ever hears.
    async fn write(
        &mut self,
        removal: bool,
        mut work: impl FnMut(&mut dyn Tx) -> Result<super::Turn, Refused> + Send + 'static,
    ) -> Option<Step> {
        let turn = match removal {
            true => self.store.remove(work).await,
            false => self.store.write(WriteLane::Normal, move |tx| work(tx)).await,
        };
        match turn {
            Ok(turn) => Some(turn.step),
            Err(refused) => {
                assert!(
                    !removal && refused.code == Code::StoreUnavailable,
                    "{} pages: {refused:?}",
                    self.pages
                );
                None
            }
        }
    }

    /// Nothing acknowledged is lost, everything is over, the trail is whole.
    async fn check(&self) {
        let (filed, pages) = (self.filed.clone(), self.pages);
        let look = self.store.read(move |read| {
            for id in &filed {
                let Some(request) = read.request(id)? else {
                    panic!("{pages} pages: {id} is lost")
                };
                assert!(
                    request.state.word().is_terminal(),
                    "{pages} pages: {:?}",
                    request.state
                );
            }
            assert_eq!(read.verify_chain()?.fault, None, "{pages} pages");
            Ok::<_, Refused>(())
        });
        assert_eq!(look.await, Ok(()), "{pages} pages");
    }
}

#[tokio::test]
async fn removals_go_on_and_nothing_acknowledged_is_lost_at_every_page_of_a_full_disk() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.db");
    Store::open(&empty).unwrap().close();
    let pages = u32::try_from(std::fs::metadata(&empty).unwrap().len() / 4096).unwrap();
    let (mut refused, mut creates) = (0, 0);
    for step in 0..STEPS {
        // Once there is room again while the daemon runs, and once at the next start only.
        for restart in [false, true] {
            let path = folder.path().join("teamd.db");
            std::fs::copy(&empty, &path).unwrap();
            let limit = Arc::new(AtomicU32::new(pages + step / 4));
            let mut day = Day::open(&path, &limit, pages + step);
            day.live().await;
            refused += u32::from(day.filed.len() < REQUESTS as usize);
            creates += day.creates;
            limit.store(1 << 30, Ordering::SeqCst);
            if restart {
                day.store.close();
                day.store = Store::open_limited(&path, &limit).unwrap();
                // What was done in memory alone is done once more, on what AWS has.
                day.end().await;
            } else {
                day.store.recover(day.now).await.unwrap();
                assert_eq!(*day.store.condition().borrow(), None);
            }
            day.check().await;
            day.store.close();
            for suffix in ["", "-wal", "-shm", ".lock", ".ballast"] {
                let _ = std::fs::remove_file(folder.path().join(format!("teamd.db{suffix}")));
            }
        }
    }
    // From a disk that takes nothing to one that takes all.
    assert!(
        refused > 0 && creates > STEPS,
        "{refused} refused, {creates} creates"
    );
}
