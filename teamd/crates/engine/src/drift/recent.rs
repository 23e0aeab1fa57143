//! The sweep of recent keys: each minute for a quarter of an hour after a key was ours, then every five minutes, for a
//! day. Keys of one account and permission set share a look. What the budget has no room for is later, never dropped.

use super::Pair;
use crate::Engine;
use crate::refused::Refused;
use chrono::TimeDelta;
use futures::stream::{self, StreamExt};
use std::collections::BTreeMap;
use teamd_domain::Time;
use teamd_domain::grant::{DriftKind, State, ZOMBIE_WINDOW, look_again, look_every};
use teamd_store::port::{Read, StoreResult};

/// The shortest time between two looks at a key: a key that is newly ours is heard of within it.
const SHORTEST: TimeDelta = TimeDelta::minutes(1);

/// Looks under way at once. The budget sets the pace; this only covers the time that answers take.
const PARALLEL: usize = 4;

impl Engine {
    pub(crate) async fn run_recent_sweep(&self) {
        while !self.stop.is_cancelled() {
            let next = match self.sweep_recent().await {
                Ok(next) => next,
                Err(error) => {
                    tracing::error!(%error, "recent keys cannot be read; trying again");
                    self.clock.now() + SHORTEST
                }
            };
            tokio::select! {
                biased;
                () = self.stop.cancelled() => {}
                () = self.clock.sleep_until(next) => {}
            }
        }
    }

    /// Looks at what is due, the longest overdue first; when something is due again.
    async fn sweep_recent(&self) -> Result<Time, Refused> {
        teamd_host::failpoint::pass("recent.look").await?;
        let now = self.clock.now();
        let recent = self
            .store
            .read(move |read| Ok::<_, Refused>(pairs_of_recent(read, now)?))
            .await?;
        let mut due: Vec<(Time, Pair)> = {
            let mut notes = self.drift.notes();
            notes.looked.retain(|pair, _| recent.contains_key(pair));
            recent
                .into_iter()
                .map(|(pair, look)| (look.due(notes.looked.get(&pair), now), pair))
                .collect()
        };
        due.sort();
        let later = due.iter().map(|(at, _)| *at).find(|at| *at > now);
        let mut looks = stream::iter(due.into_iter().filter(|(at, _)| *at <= now))
            .map(|(_, pair)| async move {
                let outcome = self.look_at(&pair).await;
                (pair, outcome)
            })
            .buffer_unordered(PARALLEL);
        while let Some((pair, outcome)) = looks.next().await {
            let mut notes = self.drift.notes();
            notes.looked.insert(pair, (self.clock.now(), outcome.is_ok()));
            if let Err(error) = outcome {
                tracing::warn!(%error, "a recent key could not be looked at; trying again");
                notes.last_error = Some(error.to_string());
            }
            drop(notes);
            if self.stop.is_cancelled() {
                break;
            }
        }
        let at_most = now + SHORTEST;
        Ok(later.map_or(at_most, |later| later.min(at_most)))
    }
}

/// When a pair is looked at.
#[derive(Debug, Clone, Copy)]
struct Look {
    every: TimeDelta,
    /// The last listing that the grants themselves remember.
    listed_at: Option<Time>,
}

impl Look {
    fn due(self, looked: Option<&(Time, bool)>, now: Time) -> Time {
        let every = match looked {
            // Where AWS gave no answer it is asked again as soon as any.
            Some((_, false)) => SHORTEST,
            Some((_, true)) | None => self.every,
        };
        let last = looked.map(|(at, _)| *at).max(self.listed_at);
        // A moment in the future is that of a clock that was set back.
        last.filter(|at| *at <= now).map_or(now, |at| at + every)
    }
}

fn pairs_of_recent(read: &mut dyn Read, now: Time) -> StoreResult<BTreeMap<Pair, Look>> {
    let mut pairs: BTreeMap<Pair, Look> = BTreeMap::new();
    for grant in read.recent_grants(now - ZOMBIE_WINDOW)? {
        let listed_at = match grant.state {
            State::Absent { listed_at } => listed_at,
            State::Foreign { listed_at } => Some(listed_at),
            State::Creating(_) | State::Present | State::Deleting(_) | State::Unknown => None,
        };
        // A lost create of more than a day ago is looked for once more, and then forgotten.
        let every = look_again(&grant, now).unwrap_or(SHORTEST);
        let pair = (grant.key.account, grant.key.permission_set);
        let look = pairs.entry(pair).or_insert(Look { every, listed_at });
        // The most frequent look serves all; a key that none has been at makes it due.
        look.every = look.every.min(every);
        look.listed_at = look.listed_at.min(listed_at);
    }
    // What is missing is looked at until it is back, or nobody has a claim to it.
    for drift in read.drift()? {
        if drift.kind == DriftKind::Missing {
            let (every, listed_at) = (look_every(now - drift.found_at), Some(drift.found_at));
            let pair = (drift.key.account, drift.key.permission_set);
            let look = pairs.entry(pair).or_insert(Look { every, listed_at });
            look.every = look.every.min(every);
        }
    }
    Ok(pairs)
}
