//! The pass over everything: all accounts × permission sets provisioned there, once an hour. It finds access of ours
//! that is missing, and keeps the inventory of standing access.
//!
//! It is spread over its hour, account by account, and taken up after a restart where it stood; the first goes as fast as
//! the budget lets it, so that there is an inventory soon. An account that AWS does not list is tried three times; the
//! pass then goes on and is not called complete.

use super::Pair;
use super::look::NoLook;
use crate::Engine;
use crate::refused::Refused;
use chrono::{SecondsFormat, TimeDelta};
use std::collections::BTreeSet;
use team_shared::ids::{AccountId, PermissionSetArn};
use teamd_domain::Time;
use teamd_domain::directory::Directory;
use teamd_store::WriteLane;

/// Passes begin so far apart.
const EVERY: TimeDelta = TimeDelta::hours(1);

/// After a start, removals and the directory go first.
const AFTER_START: TimeDelta = TimeDelta::seconds(60);

/// Between two tries of an account, and between looks for a directory.
const PAUSE: TimeDelta = TimeDelta::seconds(30);

/// Tries of one account in a pass.
const TRIES: u32 = 3;

/// When the last complete pass was done.
pub(super) const COMPLETED: &str = "drift.completed_at";

/// When the pass under way began, and the first account that it has not done.
const POSITION: &str = "drift.position";

pub(super) fn moment(text: &str) -> Option<Time> {
    chrono::DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|at| at.to_utc())
}

fn written(at: Time) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A pass under way.
struct Pass {
    began: Time,
    /// The first account that is not done; none: all are to be done.
    from: Option<AccountId>,
    /// The next is spread over the hour: there is an inventory already.
    is_spread: bool,
}

/// What is provisioned in an account, as far as AWS says.
struct Sets {
    sets: BTreeSet<PermissionSetArn>,
    /// AWS has named these, and no others.
    are_named: bool,
}

impl Engine {
    pub(crate) async fn run_drift_pass(&self) {
        self.rest_until(self.clock.now() + AFTER_START).await;
        while !self.stop.is_cancelled() {
            let Some(directory) = self.directory() else {
                self.rest_until(self.clock.now() + PAUSE).await;
                continue;
            };
            let next = match self.pass(&directory).await {
                Ok(next) => next,
                Err(error) => {
                    tracing::error!(%error, "the drift sweep cannot go on; trying again");
                    self.clock.now() + PAUSE
                }
            };
            self.rest_until(next).await;
        }
    }

    async fn rest_until(&self, at: Time) {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => {}
            () = self.clock.sleep_until(at) => {}
        }
    }

    /// One pass, from where it stands; when the next begins.
    async fn pass(&self, directory: &Directory) -> Result<Time, Refused> {
        let now = self.clock.now();
        let pass = self.position(now).await?;
        let mut accounts: BTreeSet<AccountId> = directory.accounts.keys().cloned().collect();
        accounts.extend(self.known_pairs().await?.into_iter().map(|(account, _)| account));
        let total = accounts.len();
        let (mut failed, mut named) = (0, 0);
        for (at, account) in accounts.into_iter().enumerate() {
            self.drift.notes().position = Some((at, total));
            if pass.from.as_ref().is_some_and(|from| account < *from) {
                continue;
            }
            if pass.is_spread {
                let share = EVERY * i32::try_from(at).unwrap_or(0) / i32::try_from(total.max(1)).unwrap_or(1);
                self.rest_until(pass.began + share).await;
            }
            self.keep(POSITION, format!("{} {account}", written(pass.began)))
                .await?;
            match self.look_at_account(&account, directory).await {
                Some(sets) => named += sets,
                None => failed += 1,
            }
            if self.stop.is_cancelled() {
                return Ok(now);
            }
        }
        self.drift.notes().position = None;
        self.finish(&pass, failed).await?;
        let has_sets = total > 0 && !directory.permission_sets.is_empty();
        if pass.from.is_none() && failed == 0 && named == 0 && has_sets && self.look_everywhere() {
            // AWS names nothing at all: perhaps it cannot.
            return Ok(self.clock.now());
        }
        Ok((pass.began + EVERY).max(self.clock.now()))
    }

    /// Where the pass stands: one that was begun within the last two hours is taken up.
    async fn position(&self, now: Time) -> Result<Pass, Refused> {
        let (position, completed) = self
            .store
            .read(|read| Ok::<_, Refused>((read.meta(POSITION)?, read.meta(COMPLETED)?)))
            .await?;
        let is_recent = |at: &Time| (now - *at).abs() < EVERY * 2;
        let is_spread = completed
            .as_deref()
            .and_then(moment)
            .is_some_and(|at| is_recent(&at));
        let taken_up = position.as_deref().and_then(|text| {
            let (began, account) = text.split_once(' ')?;
            let began = moment(began).filter(is_recent)?;
            Some((began, account.parse().ok()?))
        });
        Ok(match taken_up {
            Some((began, from)) => Pass {
                began,
                from: Some(from),
                is_spread,
            },
            None => Pass {
                began: now,
                from: None,
                is_spread,
            },
        })
    }

    async fn finish(&self, pass: &Pass, failed: usize) -> Result<(), Refused> {
        let (began, now) = (pass.began, self.clock.now());
        if failed == 0 {
            self.drift.notes().last_error = None;
        } else {
            tracing::warn!(
                failed,
                "the drift sweep is not complete: accounts could not be listed"
            );
        }
        self.store
            .write(WriteLane::Background, move |tx| {
                if failed == 0 {
                    tx.forget_standing(began)?;
                    tx.set_meta(COMPLETED, &written(now))?;
                }
                Ok::<_, Refused>(tx.set_meta(POSITION, "")?)
            })
            .await
    }

    async fn keep(&self, name: &'static str, value: String) -> Result<(), Refused> {
        self.store
            .write(WriteLane::Background, move |tx| {
                Ok::<_, Refused>(tx.set_meta(name, &value)?)
            })
            .await
    }

    /// Looks at an account; how many permission sets AWS names there, `None` if it could not be looked at.
    async fn look_at_account(&self, account: &AccountId, directory: &Directory) -> Option<usize> {
        for attempt in 1..=TRIES {
            match self.try_account(account, directory).await {
                Ok(named) => return Some(named),
                Err(error) => {
                    tracing::warn!(%account, attempt, %error, "an account could not be swept");
                    self.drift.notes().last_error = Some(format!("account {account}: {error}"));
                }
            }
            if attempt < TRIES {
                self.rest_until(self.clock.now() + PAUSE).await;
            }
            if self.stop.is_cancelled() {
                break;
            }
        }
        None
    }

    async fn try_account(&self, account: &AccountId, directory: &Directory) -> Result<usize, NoLook> {
        let mut sets = self.sets_of(account, directory).await?;
        let named = if sets.are_named { sets.sets.len() } else { 0 };
        // What we hold, and what was seen there, is looked at whatever AWS says is provisioned.
        let known = self.known_pairs().await?;
        let mut left: Vec<Pair> = known
            .into_iter()
            .filter(|(a, set)| a == account && !sets.sets.contains(set))
            .collect();
        left.extend(sets.sets.iter().map(|set| (account.clone(), set.clone())));
        while let Some(pair) = left.pop() {
            let found = self.look_at(&pair).await?;
            let is_unnamed = sets.are_named && !sets.sets.contains(&pair.1);
            if found > 0 && is_unnamed && self.look_everywhere() {
                sets.are_named = false;
                let more = directory.permission_sets.keys();
                left.extend(
                    more.filter(|set| !sets.sets.contains(*set))
                        .map(|set| (account.clone(), set.clone())),
                );
            }
            if self.stop.is_cancelled() {
                break;
            }
        }
        Ok(named)
    }

    /// From now on every permission set is looked at in every account; whether that is news.
    fn look_everywhere(&self) -> bool {
        !std::mem::replace(&mut self.drift.notes().every_pair, true)
    }

    async fn sets_of(&self, account: &AccountId, directory: &Directory) -> Result<Sets, NoLook> {
        let named = if self.drift.notes().every_pair {
            None
        } else {
            self.inventory.provisioned(account).await?
        };
        Ok(match named {
            Some(sets) => Sets {
                sets: sets.into_iter().collect(),
                are_named: true,
            },
            None => {
                self.look_everywhere();
                Sets {
                    sets: directory.permission_sets.keys().cloned().collect(),
                    are_named: false,
                }
            }
        })
    }

    /// Pairs on which we hold something, or have seen something.
    async fn known_pairs(&self) -> Result<BTreeSet<Pair>, Refused> {
        self.store
            .read(|read| {
                let grants = read.grants()?.into_iter();
                let mut pairs: BTreeSet<Pair> = grants
                    .map(|grant| (grant.key.account, grant.key.permission_set))
                    .collect();
                pairs.extend(
                    read.standing()?
                        .into_iter()
                        .map(|s| (s.account, s.permission_set)),
                );
                pairs.extend(
                    read.drift()?
                        .into_iter()
                        .map(|d| (d.key.account, d.key.permission_set)),
                );
                Ok::<_, Refused>(pairs)
            })
            .await
    }
}
