//! What is shown of it: pages, digests, and what they cover.

use super::{ActivityLine, Engine, held};
use crate::refused::Refused;
use chrono::TimeDelta;
use std::time::Duration;
use team_shared::ids::{AccountId, RequestId};
use team_shared::problem::Code;
use teamd_aws::port::RawEvent;
use teamd_aws::record;
use teamd_domain::Time;
use teamd_domain::activity::{Digest, LeftBehind, Recorded, Summary, Via};
use teamd_domain::request::{Request, State};
use teamd_store::activity::{Line, PageOf, WiderMarks};

/// How long a reader waits for the first look at a source.
const FIRST_LOOK: Duration = Duration::from_secs(5);

/// CloudTrail has delivered by then nearly always; it promises nothing.
const DELIVERED: TimeDelta = TimeDelta::minutes(15);

/// Lines of one request.
#[derive(Debug, Default)]
pub struct Activity {
    /// Oldest first.
    pub lines: Vec<ActivityLine>,
    /// Whether there are more behind them.
    pub has_more: bool,
}

/// What the lines of a request cover.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    /// Regions that are read; empty: the source knows all that the trail has.
    pub regions: Vec<String>,
    /// An account that the source cannot tell of.
    pub unseen: Option<AccountId>,
    /// Until when everything is there, as far as CloudTrail has delivered it.
    pub complete_until: Option<Time>,
    /// Whether nothing more is expected.
    pub is_closed: bool,
    /// Places that cannot be read, with why and since when.
    pub faults: Vec<(String, String, Time)>,
    /// Groups through which the person has the same access anyway: the calls of either are shown.
    pub also_through: Vec<String>,
}

impl Engine {
    /// How a request was used, where it was ever followed.
    #[must_use]
    pub fn activity_summary(&self, id: &RequestId) -> Option<Summary> {
        self.activity.summary(id)
    }

    /// Until when credentials from the last sign-in can live, where all sign-ins up to the removal are surely known:
    /// sharper than the removal and the length of a session. Without a sign-in nothing is said: not every way in is
    /// recorded as one.
    #[must_use]
    pub fn residual_by_sign_in(&self, request: &Request) -> Option<Time> {
        let (State::Ended(finish) | State::Revoked(finish)) = &request.state else {
            return None;
        };
        let read_at = held(&self.activity.read_through).get(&request.id).copied()?;
        let signed_in_at = self.activity.summary(&request.id)?.signed_in_at?;
        let directory = self.directory()?;
        let set = directory.permission_sets.get(&request.key.permission_set)?;
        let is_complete = read_at >= finish.at + DELIVERED;
        is_complete.then(|| signed_in_at + TimeDelta::seconds(set.session_seconds))
    }

    /// Lines of a request. The first reader waits a moment for the source.
    ///
    /// # Errors
    /// They cannot be read.
    pub async fn activity_page(
        &self,
        request: &Request,
        page: PageOf,
        limit: usize,
    ) -> Result<Activity, Refused> {
        let Some(ports) = &self.activity_ports else {
            return Ok(Activity::default());
        };
        self.look_first(request).await;
        let found = ports.store.page(request.id, page, limit).await?;
        let wider = ports.store.wider_marks(request.id).await?;
        let (has_more, of) = (found.has_more, request.clone());
        // Records are parsed where nothing else waits.
        let parsed = tokio::task::spawn_blocking(move || {
            let lines = found.lines.into_iter();
            lines.map(|line| shown(&of, line, &wider)).collect()
        });
        let lines = parsed
            .await
            .map_err(|error| Refused::new(Code::Internal, error.to_string()))?;
        Ok(Activity { lines, has_more })
    }

    /// One line of a request.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn activity_line(
        &self,
        request: &Request,
        event_id: &str,
    ) -> Result<Option<ActivityLine>, Refused> {
        let Some(ports) = &self.activity_ports else {
            return Ok(None);
        };
        let line = ports.store.line(request.id, event_id.to_owned()).await?;
        let wider = ports.store.wider_marks(request.id).await?;
        Ok(line.map(|line| shown(request, line, &wider)))
    }

    /// What was done in a request's session.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn activity_digest(&self, request: &Request) -> Result<Digest, Refused> {
        match &self.activity_ports {
            Some(ports) => {
                self.look_first(request).await;
                Ok(ports.store.digest(request.id).await?)
            }
            None => Ok(Digest::default()),
        }
    }

    /// What a request's session left behind.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn activity_left_behind(&self, id: RequestId) -> Result<Vec<LeftBehind>, Refused> {
        match &self.activity_ports {
            Some(ports) => Ok(ports.store.left_behind(id).await?),
            None => Ok(Vec::new()),
        }
    }

    /// What the lines of a request cover.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn activity_coverage(&self, request: &Request) -> Result<Coverage, Refused> {
        let mut coverage = Coverage {
            also_through: request.also_held_through.clone(),
            ..Coverage::default()
        };
        let Some(ports) = &self.activity_ports else {
            return Ok(coverage);
        };
        if ports.source.is_regional() {
            coverage.regions.clone_from(&self.settings().activity_regions);
        }
        let account = &request.key.account;
        coverage.unseen = Some(account.clone()).filter(|account| !self.sees(account));
        let looks = ports.store.looks(request.id).await?;
        coverage.faults = looks
            .iter()
            .filter_map(|(place, look)| Some((place.clone(), look.error.clone()?, look.error_since?)))
            .collect();
        if let Some(watched) = self.watched(request, self.clock.now()) {
            let summary = self.activity_summary(&request.id);
            coverage.is_closed = summary.is_some_and(|summary| summary.closed_at.is_some());
            let read = self.places_of(&watched, &[]).into_iter().map(|place| {
                let look = looks.get(&place.to_string());
                look.and_then(|look| look.read_at)
            });
            // One place that was never read leaves all of it open.
            let oldest = read.min().flatten().filter(|_| coverage.unseen.is_none());
            coverage.complete_until = match coverage.is_closed {
                true => Some(watched.until),
                false => oldest
                    .map(|at| (at - DELIVERED).min(watched.until))
                    .filter(|at| *at > watched.from),
            };
        }
        Ok(coverage)
    }

    fn is_being_looked_at(&self, id: &RequestId) -> bool {
        let book = &self.activity;
        if book.summary(id).is_some() {
            return false;
        }
        let is_wanted = held(&book.wanted).contains(id);
        is_wanted || held(&book.at_work).contains(id)
    }

    /// Where nothing was ever read of a request, reads it now.
    async fn look_first(&self, request: &Request) {
        if self.activity.summary(&request.id).is_some() || request.state.session().is_none() {
            return;
        }
        // The task that reads does it: a reader who goes away leaves no question behind that AWS bills for nothing.
        let mut looked = self.activity.looked.subscribe();
        held(&self.activity.wanted).insert(request.id);
        self.activity.wanted_wake.notify_one();
        let known = async { while self.is_being_looked_at(&request.id) && looked.changed().await.is_ok() {} };
        let _ = tokio::time::timeout(FIRST_LOOK, known).await;
    }
}

pub(super) fn shown(request: &Request, line: Line, wider: &WiderMarks) -> ActivityLine {
    let position = Some(line.position);
    let raw = RawEvent {
        event_id: line.event_id,
        at: line.at,
        record: line.record,
    };
    let mut event = Recorded {
        call: record::call(&raw),
        via: if line.is_sign_in {
            Via::SignIn
        } else {
            Via::Session
        },
        marks: line.marks,
        record: raw.record,
    };
    wider.add_to(&mut event);
    ActivityLine::of(request, position, event)
}
