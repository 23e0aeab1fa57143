//! The weekly digest: counted from the store, and told once for each time that it is due. The moment up to which all has
//! been told is written with the event, so that neither a restart nor a kill repeats it or loses it.

use crate::refused::Refused;
use crate::{Engine, commit};
use chrono::TimeDelta;
use chrono_tz::Tz;
use serde_json::Value;
use std::collections::BTreeSet;
use team_shared::event::EventType;
use team_shared::ids::{RequestId, UserId};
use team_shared::state::RequestState;
use teamd_domain::Time;
use teamd_domain::attention::was_access;
use teamd_domain::weekly::{About, Due, Schedule, Tally};
use teamd_notify::notice::Fact;
use teamd_store::WriteLane;
use teamd_store::port::{AuditFilter, Read, RequestFilter, StoreResult};

/// The longest sleep: the configuration may have changed meanwhile.
const LONGEST: TimeDelta = TimeDelta::minutes(1);

/// The row with the moment up to which all has been told.
const TOLD: &str = "notify.digest";

/// Rows read in one go: a reader is not kept for long.
const PAGE: usize = 500;

impl Engine {
    pub(crate) async fn run_weekly(&self) {
        while !self.stop.is_cancelled() {
            if let Err(error) = self.tell_week().await {
                tracing::warn!(%error, "the weekly digest could not be told; trying again");
            }
            let now = self.clock.now();
            let next = self.weekly().map(|(schedule, zone)| schedule.next(&zone, now));
            let wake = next.map_or(now + LONGEST, |at| at.min(now + LONGEST));
            tokio::select! {
                biased;
                () = self.clock.sleep_until(wake.max(now + TimeDelta::seconds(1))) => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    /// When it is due, and in which zone.
    fn weekly(&self) -> Option<(Schedule, Tz)> {
        let ways = self.telling.ways.load();
        let zone = ways.config.zone.as_deref().and_then(|name| name.parse().ok());
        Some((ways.config.digest?, zone.unwrap_or(Tz::UTC)))
    }

    /// Tells the digest that is due now, if one is; whether it did.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub async fn tell_week(&self) -> Result<bool, Refused> {
        let Some((schedule, zone)) = self.weekly().filter(|_| self.degraded().is_none()) else {
            return Ok(false);
        };
        let now = self.clock.now();
        let known = self.store.read(|read| Ok::<_, Refused>(read.meta(TOLD)?)).await?;
        let told = known.as_deref().and_then(|text| text.parse::<Time>().ok());
        // The first one counts from here on. So does the one after a clock that was ahead.
        let Some(told) = told.filter(|told| *told <= now) else {
            return self.told_until(known, now, None).await;
        };
        match schedule.due(&zone, told, now) {
            Some(due) => {
                let tally = self.tally(&due).await?;
                self.told_until(known, due.until, Some((tally, due))).await
            }
            None => Ok(false),
        }
    }

    /// Writes down up to when all is told, with what is; whether anything was. Where that has moved since it was read,
    /// another has told it.
    async fn told_until(
        &self,
        known: Option<String>,
        until: Time,
        news: Option<(Tally, Due)>,
    ) -> Result<bool, Refused> {
        let now = self.clock.now();
        let told = self
            .store
            .write(WriteLane::Background, move |tx| {
                if tx.meta(TOLD)? != known {
                    return Ok::<_, Refused>(false);
                }
                tx.set_meta(TOLD, &until.to_rfc3339())?;
                if let Some((tally, due)) = &news {
                    commit::tell(tx, &tally.event(due), now)?;
                }
                Ok(news.is_some())
            })
            .await?;
        if told {
            self.outbox_wake.notify_one();
        }
        Ok(told)
    }

    async fn tally(&self, due: &Due) -> Result<Tally, Refused> {
        let (mut tally, ended) = self.count_rows(due).await?;
        if self.has_activity_source() {
            let unused = ended.iter().filter(|id| {
                let summary = self.activity_summary(id);
                summary.is_some_and(|summary| summary.closed_at.is_some() && summary.events == 0)
            });
            tally.unused = Some(number(unused.count()));
        }
        tally.unreviewed = self.count_unreviewed().await?;
        let (pending, differing) = self
            .store
            .read(|read| Ok::<_, Refused>((pending(read)?, number(read.drift()?.len()))))
            .await?;
        tally.pending = pending;
        tally.differing = differing;
        Ok(tally)
    }

    /// What the audit trail has of that time, and which access ended in it.
    async fn count_rows(&self, due: &Due) -> Result<(Tally, BTreeSet<RequestId>), Refused> {
        let (mut tally, mut ended, mut after) = (Tally::default(), BTreeSet::new(), 0);
        loop {
            let filter = AuditFilter {
                after,
                since: Some(due.since),
                until: Some(due.until),
                limit: PAGE,
                ..AuditFilter::default()
            };
            let rows = self
                .store
                .read(move |read| Ok::<_, Refused>(read.audit(&filter)?))
                .await?;
            for row in &rows {
                tally.count(row.kind, &about(&row.data));
                if matches!(row.kind, EventType::RequestEnded | EventType::RequestRevoked) {
                    ended.extend(row.request_id);
                }
            }
            match rows.last() {
                Some(last) if rows.len() == PAGE => after = last.seq,
                Some(_) | None => return Ok((tally, ended)),
            }
        }
    }

    async fn count_unreviewed(&self) -> Result<i64, Refused> {
        let (mut count, mut before) = (0, None);
        loop {
            let filter = RequestFilter {
                states: vec![
                    RequestState::Ended,
                    RequestState::Revoked,
                    RequestState::Failed,
                    RequestState::Lost,
                ],
                unreviewed: true,
                before,
                limit: PAGE,
                ..RequestFilter::default()
            };
            let page = self
                .store
                .read(move |read| Ok::<_, Refused>(read.requests(&filter)?))
                .await?;
            count += page.iter().filter(|request| was_access(request)).count();
            match page.last() {
                Some(last) if page.len() == PAGE => before = Some(last.id),
                Some(_) | None => return Ok(number(count)),
            }
        }
    }

    /// What waits for this person's own decision, for the digest that they get.
    pub(super) async fn waits_for(&self, person: &UserId) -> Vec<Fact> {
        let filter = RequestFilter {
            states: vec![RequestState::Pending],
            limit: usize::MAX,
            ..RequestFilter::default()
        };
        let read = self
            .store
            .read(move |read| Ok::<_, Refused>(read.requests(&filter)?));
        let Ok(waiting) = read.await else {
            return Vec::new();
        };
        let mine = waiting.iter().filter(|request| {
            let mut demands = request.basis.demands.iter();
            let is_asked = demands.any(|demand| demand.approvers.contains(person));
            let has_voted = request.votes.iter().any(|vote| vote.by == *person);
            is_asked && !has_voted && request.key.user != *person
        });
        match mine.count() {
            0 => Vec::new(),
            count => vec![Fact {
                label: "Waits for you",
                value: count.to_string(),
            }],
        }
    }
}

fn about(data: &Value) -> About {
    let at = |name: &str| data[name].as_str().and_then(|text| text.parse::<Time>().ok());
    let length = at("start_at").zip(at("end_at")).map(|(start, end)| end - start);
    About {
        break_glass: data["break_glass"] == true,
        automatic: data["approval_required"] == false,
        gone: data["finding"] == "gone",
        seconds: length.map_or(0, |length| length.num_seconds()),
    }
}

fn pending(read: &mut dyn Read) -> StoreResult<i64> {
    let counts = read.count_requests()?;
    let pending = counts.iter().find(|(state, _)| *state == RequestState::Pending);
    Ok(pending.map_or(0, |(_, count)| i64::try_from(*count).unwrap_or(i64::MAX)))
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
