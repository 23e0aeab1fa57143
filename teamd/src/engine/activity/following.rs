//! The rounds: live sessions and those whose credentials may still live, each time; then some of what is over and not yet
//! complete, as far back as CloudTrail goes. So a source that is configured later still tells of the weeks before.

use super::{Engine, held, watched};
use crate::domain::Time;
use crate::domain::activity::{KEPT, LAG};
use crate::domain::directory::Directory;
use crate::domain::request::Request;
use crate::engine::refused::Refused;
use crate::store::port::{Read, RequestFilter, StoreError, StoreResult};
use chrono::TimeDelta;
use futures::StreamExt;
use std::collections::BTreeMap;
use team_shared::ids::{AccountId, RequestId};
use team_shared::state::RequestState;

/// Accounts that are read at a time.
const ACCOUNTS: usize = 4;

/// Requests of the past that are read a round.
const BACKFILLED: usize = 20;

/// How often the past is looked through for what is not complete.
const SCAN: TimeDelta = TimeDelta::minutes(10);

/// How often what is too old goes.
const CLEAN: TimeDelta = TimeDelta::hours(1);

/// Access is asked for before it begins, and lasts: requests that were filed so long before may be of the last 90 days.
const FILED_BEFORE: TimeDelta = TimeDelta::days(60);

const ALL: usize = 100_000;

impl Engine {
    pub(in crate::engine) async fn run_activity(&self) {
        let (mut scanned, mut cleaned) = (None, None);
        let mut is_loaded = false;
        while !self.stop.is_cancelled() {
            if !is_loaded {
                is_loaded = self.load_summaries().await;
            }
            // The main database needs what room is left.
            if is_loaded && self.degraded().is_none() && self.disk.warning().is_none() {
                let now = self.clock.now();
                let is_due = |last: Option<Time>, every| last.is_none_or(|at: Time| now - at >= every);
                let scan = is_due(scanned, SCAN);
                match self.follow_all(scan, now).await {
                    Ok(true) if scan => scanned = Some(now),
                    Ok(_) => {}
                    Err(error) => tracing::warn!(%error, "sessions cannot be followed; trying again"),
                }
                if is_due(cleaned, CLEAN) {
                    self.forget_old_activity(now).await;
                    cleaned = Some(now);
                }
            }
            tokio::select! {
                biased;
                () = self.stop.cancelled() => {}
                () = tokio::time::sleep(self.settings().activity_poll) => {}
            }
        }
    }

    async fn load_summaries(&self) -> bool {
        let Some(ports) = &self.activity_ports else {
            return false;
        };
        match ports.store.summaries().await {
            Ok(known) => {
                held(&self.activity.summaries).extend(known);
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

    /// One round; whether the directory was there for it.
    pub(super) async fn follow_all(&self, scan: bool, now: Time) -> Result<bool, Refused> {
        let Some(directory) = self.directory() else {
            return Ok(false);
        };
        let known: Vec<RequestId> = held(&self.activity.open).keys().copied().collect();
        let (mut live, past) = self
            .store
            .read(move |read| Ok::<_, Refused>((live(read)?, past(read, scan, &known, now)?)))
            .await?;
        let mut waiting = Vec::new();
        {
            let mut open = held(&self.activity.open);
            for request in past {
                let is_closed = self
                    .activity
                    .summary(&request.id)
                    .is_some_and(|s| s.closed_at.is_some());
                let Some(watched) =
                    watched(&request, &directory).filter(|w| !is_closed && w.until > now - KEPT)
                else {
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
        }
        self.follow_each(live, &directory, now).await;
        waiting.sort_by_key(|(tried, request)| (*tried, std::cmp::Reverse(request.id)));
        let next: Vec<Request> = waiting
            .into_iter()
            .take(BACKFILLED)
            .map(|(_, request)| request)
            .collect();
        for request in &next {
            held(&self.activity.open).insert(request.id, Some(now));
        }
        self.follow_each(next, &directory, now).await;
        Ok(true)
    }

    /// Some accounts at a time, each with one request at a time: an account that hangs holds up its own alone.
    async fn follow_each(&self, requests: Vec<Request>, directory: &Directory, now: Time) {
        let mut by_account: BTreeMap<AccountId, Vec<Request>> = BTreeMap::new();
        for request in requests {
            by_account
                .entry(request.key.account.clone())
                .or_default()
                .push(request);
        }
        futures::stream::iter(by_account.into_values())
            .for_each_concurrent(ACCOUNTS, |requests| async move {
                for request in requests {
                    tokio::select! {
                        biased;
                        () = self.stop.cancelled() => return,
                        () = self.follow(&request, directory, now) => {}
                    }
                }
            })
            .await;
    }
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
