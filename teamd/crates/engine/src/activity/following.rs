//! Live sessions and those whose credentials may still live, each time; beside it some of what is over and not yet
//! complete, as far back as CloudTrail goes, so that a source that is configured later still tells of the weeks before; and
//! at once what somebody looks at. None of the three waits for another, and no account for another.

use super::{Engine, held};
use crate::refused::Refused;
use chrono::TimeDelta;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use team_shared::ids::{AccountId, RequestId};
use team_shared::state::RequestState;
use teamd_domain::Time;
use teamd_domain::activity::{KEPT, LAG};
use teamd_domain::request::Request;
use teamd_store::port::{Read, RequestFilter, StoreError, StoreResult};

/// Accounts that are read at a time, of what is live: each has limits of its own with AWS.
const ACCOUNTS: usize = 16;

/// The same of the past.
const PAST_ACCOUNTS: usize = 4;

/// Requests of the past that are read a round.
const BACKFILLED: usize = 20;

/// How often the past is looked through for what is not complete.
const SCAN: TimeDelta = TimeDelta::minutes(10);

/// How often what is too old goes.
const CLEAN: TimeDelta = TimeDelta::hours(1);

/// Access is asked for before it begins, and lasts: requests that were filed so long before may be of the last 90 days.
const FILED_BEFORE: TimeDelta = TimeDelta::days(60);

const ALL: usize = 100_000;

/// What there is to follow.
#[derive(Debug, Default)]
pub(super) struct ToFollow {
    /// Each time: live, or with credentials that may still live.
    pub(super) live: Vec<Request>,
    /// Over and not complete, those first that were not tried for longest.
    past: Vec<Request>,
}

impl Engine {
    pub(crate) async fn run_activity(&self) {
        while !self.load_known().await {
            if !self.pause_of_activity().await {
                return;
            }
        }
        futures::join!(
            self.run_live(),
            self.run_past(),
            self.run_wanted(),
            self.run_sign_ins()
        );
    }

    /// Accounts that take long, or hang, are still at it when the next round begins: they are left out of it then, and
    /// nobody waits for them.
    async fn run_live(&self) {
        let mut at_work = FuturesUnordered::new();
        let mut busy: BTreeSet<AccountId> = BTreeSet::new();
        let mut begun: BTreeMap<AccountId, u64> = BTreeMap::new();
        let mut round = 0;
        let mut next = std::pin::pin!(tokio::time::sleep(Duration::ZERO));
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                Some(account) = at_work.next(), if !at_work.is_empty() => {
                    busy.remove(&account);
                }
                () = &mut next => {
                    round += 1;
                    let mut accounts: Vec<_> = by_account(self.to_follow(false).await.live).into_iter().collect();
                    begun.retain(|known, _| accounts.iter().any(|(account, _)| account == known));
                    // Where there are more than can be read at a time, those come first that have waited longest.
                    accounts.sort_by_key(|(account, _)| begun.get(account).copied());
                    for (account, requests) in accounts {
                        if busy.len() < ACCOUNTS && busy.insert(account.clone()) {
                            begun.insert(account.clone(), round);
                            at_work.push(async move {
                                self.follow_in_turn(requests).await;
                                account
                            });
                        }
                    }
                    next.as_mut().reset(tokio::time::Instant::now() + self.settings().activity_poll);
                }
            }
        }
    }

    async fn run_past(&self) {
        let (mut scanned, mut cleaned) = (None, None);
        loop {
            let now = self.clock.now();
            let is_due = |last: Option<Time>, every| last.is_none_or(|at: Time| now - at >= every);
            let scan = is_due(scanned, SCAN);
            if scan && self.directory().is_some() {
                scanned = Some(now);
            }
            let past = self.to_follow(scan).await.past;
            let next: Vec<Request> = past.into_iter().take(BACKFILLED).collect();
            for request in &next {
                held(&self.activity.open).insert(request.id, Some(now));
            }
            self.follow_past(next).await;
            if is_due(cleaned, CLEAN) && self.may_follow() {
                self.forget_old_activity(now).await;
                cleaned = Some(now);
            }
            if !self.pause_of_activity().await {
                return;
            }
        }
    }

    /// What somebody looks at and was never read.
    async fn run_wanted(&self) {
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                () = self.activity.wanted_wake.notified() => {}
            }
            let wanted = held(&self.activity.wanted).clone();
            let ids = wanted.clone();
            let found = self.store.read(move |read| {
                let mut found = Vec::new();
                for id in &ids {
                    found.extend(read.request(id)?);
                }
                Ok::<_, Refused>(found)
            });
            if let Ok(found) = found.await {
                self.follow_past(found).await;
            }
            held(&self.activity.wanted).retain(|id| !wanted.contains(id));
            self.activity.looked.send_modify(|count| *count += 1);
        }
    }

    /// Until the next round; false: the daemon stops.
    pub(super) async fn pause_of_activity(&self) -> bool {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => false,
            () = tokio::time::sleep(self.settings().activity_poll) => true,
        }
    }

    /// The main database needs what room is left.
    fn may_follow(&self) -> bool {
        self.degraded().is_none() && self.disk.warning().is_none()
    }

    /// What is known from before.
    async fn load_known(&self) -> bool {
        let Some(ports) = &self.activity_ports else {
            return false;
        };
        match futures::try_join!(ports.store.summaries(), ports.store.faces()) {
            Ok((summaries, faces)) => {
                held(&self.activity.summaries).extend(summaries);
                held(&self.activity.faces).extend(faces);
                true
            }
            Err(error) => {
                self.heed_activity_fault(&error);
                false
            }
        }
    }

    pub(super) async fn forget_old_activity(&self, now: Time) {
        let Some(ports) = &self.activity_ports else { return };
        match ports.store.forget(now - self.settings().activity_retention).await {
            Ok(0) => {}
            Ok(gone) => tracing::info!(events = gone, "old activity is forgotten"),
            Err(error) => self.heed_activity_fault(&error),
        }
    }

    /// Damage costs nothing but time: what is lost is read again.
    pub(super) fn heed_activity_fault(&self, error: &StoreError) {
        tracing::error!(%error, "the database of activity");
        let (StoreError::Damaged(_), Some(ports)) = (error, &self.activity_ports) else {
            return;
        };
        match ports.store.begin_anew() {
            Ok(aside) => {
                held(&self.activity.summaries).clear();
                tracing::error!(kept = %aside.display(), "it is begun anew, and read from CloudTrail again");
            }
            Err(error) => tracing::error!(%error, "it cannot be begun anew"),
        }
    }

    /// What there is to follow now; nothing where it cannot be said.
    pub(super) async fn to_follow(&self, scan: bool) -> ToFollow {
        if !self.may_follow() || self.directory().is_none() {
            return ToFollow::default();
        }
        match self.sort_out(scan).await {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%error, "sessions cannot be followed; trying again");
                ToFollow::default()
            }
        }
    }

    async fn sort_out(&self, scan: bool) -> Result<ToFollow, Refused> {
        let now = self.clock.now();
        let known: Vec<RequestId> = held(&self.activity.open).keys().copied().collect();
        let (mut live, past) = self
            .store
            .read(move |read| Ok::<_, Refused>((live(read)?, past(read, scan, &known, now)?)))
            .await?;
        let mut waiting = Vec::new();
        let mut open = held(&self.activity.open);
        // So that they are known when they end, and followed on while their credentials live.
        for request in &live {
            open.entry(request.id).or_default();
        }
        for request in past {
            let summary = self.activity.summary(&request.id);
            let is_closed = summary.is_some_and(|summary| summary.closed_at.is_some());
            let watched = self.watched(&request, now);
            let Some(watched) = watched.filter(|watched| !is_closed && watched.until > now - KEPT) else {
                open.remove(&request.id);
                continue;
            };
            let tried = *open.entry(request.id).or_default();
            if now < watched.until + LAG {
                live.push(request);
            } else {
                waiting.push((tried, request));
            }
        }
        drop(open);
        waiting.sort_by_key(|(tried, request)| (*tried, std::cmp::Reverse(request.id)));
        let past = waiting.into_iter().map(|(_, request)| request).collect();
        Ok(ToFollow { live, past })
    }

    pub(super) async fn follow_in_turn(&self, requests: Vec<Request>) {
        for request in requests {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                () = self.follow(&request, self.clock.now()) => {}
            }
        }
    }

    async fn follow_past(&self, requests: Vec<Request>) {
        futures::stream::iter(by_account(requests).into_values())
            .for_each_concurrent(PAST_ACCOUNTS, |requests| self.follow_in_turn(requests))
            .await;
    }

    /// One round of everything, one after the other.
    #[cfg(test)]
    pub(super) async fn follow_all(&self) {
        let found = self.to_follow(true).await;
        self.follow_in_turn(found.live).await;
        self.follow_in_turn(found.past).await;
    }
}

fn by_account(requests: Vec<Request>) -> BTreeMap<AccountId, Vec<Request>> {
    let mut found: BTreeMap<AccountId, Vec<Request>> = BTreeMap::new();
    for request in requests {
        found
            .entry(request.key.account.clone())
            .or_default()
            .push(request);
    }
    found
}

fn live(read: &mut dyn Read) -> StoreResult<Vec<Request>> {
    read.requests(&RequestFilter {
        states: vec![RequestState::Active, RequestState::Ending],
        limit: ALL,
        ..RequestFilter::default()
    })
}

/// What is over: all of it where it is looked through, else what is known to be incomplete.
fn past(read: &mut dyn Read, scan: bool, known: &[RequestId], now: Time) -> StoreResult<Vec<Request>> {
    if scan {
        return read.requests(&RequestFilter {
            states: vec![
                RequestState::Ended,
                RequestState::Revoked,
                RequestState::Failed,
                RequestState::Lost,
            ],
            since: Some(now - KEPT - FILED_BEFORE),
            limit: ALL,
            ..RequestFilter::default()
        });
    }
    let mut found = Vec::new();
    for id in known {
        found.extend(
            read.request(id)?
                .filter(|request| request.state.word().is_terminal()),
        );
    }
    Ok(found)
}
