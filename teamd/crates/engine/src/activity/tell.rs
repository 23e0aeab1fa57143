//! The first use of a session is a row of the trail, and so is each mark that security should hear of, once a session.

use super::{Engine, held};
use crate::commit;
use crate::deps::ActivityPorts;
use crate::refused::Refused;
use chrono::TimeDelta;
use std::collections::{BTreeMap, BTreeSet};
use team_shared::event::EventType;
use team_shared::ids::RequestId;
use teamd_domain::Time;
use teamd_domain::activity::{Recorded, tells};
use teamd_domain::event::{Datum, EventDraft};
use teamd_domain::request::Request;
use teamd_store::WriteLane;
use teamd_store::port::{AuditFilter, StoreResult, Tx};

/// What happened before is read for the record: nobody needs to be called for it.
const NEWS: TimeDelta = TimeDelta::hours(24);

/// In place of a mark.
const STARTED: &str = "started";

/// Calls that a row names.
const NAMED: usize = 5;

/// Marks with the calls that have them.
type ByMark = BTreeMap<String, BTreeSet<String>>;

impl Engine {
    /// Tells of events that are new to us.
    pub(super) async fn tell_of_events(&self, request: &Request, new: &[Recorded]) {
        let (now, settings) = (self.clock.now(), self.settings());
        let recent = || new.iter().filter(|event| now - event.call.at < NEWS);
        let Some(first) = recent().map(|event| event.call.at).min() else {
            return;
        };
        let mut found = ByMark::new();
        for event in recent() {
            for mark in event
                .marks
                .iter()
                .filter(|mark| tells(mark, &settings.activity_marks))
            {
                found.entry(mark.clone()).or_default().insert(event.call.action());
            }
        }
        self.tell_activity(request.id, found, first, now).await;
    }

    /// Tells what a restart or a fault has kept from being told, once after a start.
    pub(super) async fn tell_what_was_missed(
        &self,
        request: &Request,
        ports: &ActivityPorts,
    ) -> StoreResult<()> {
        let (now, settings, id) = (self.clock.now(), self.settings(), request.id);
        let newest = self.activity.summary(&id).and_then(|summary| summary.newest_at);
        let is_news = newest.is_some_and(|at| now - at < NEWS);
        if !is_news || held(&self.activity.told).contains(&(id, STARTED.to_owned())) {
            return Ok(());
        }
        let digest = ports.store.digest(id).await?;
        let marks = digest.marks.into_iter().map(|(mark, _)| mark);
        let found = marks
            .filter(|mark| tells(mark, &settings.activity_marks))
            .map(|mark| (mark, BTreeSet::new()))
            .collect();
        let first = digest.summary.first_at.unwrap_or(now);
        self.tell_activity(id, found, first, now).await;
        Ok(())
    }

    async fn tell_activity(&self, id: RequestId, mut found: ByMark, first: Time, now: Time) {
        found.insert(STARTED.to_owned(), BTreeSet::new());
        found.retain(|mark, _| !held(&self.activity.told).contains(&(id, mark.clone())));
        if found.is_empty() {
            return;
        }
        let marks: Vec<String> = found.keys().cloned().collect();
        let written = self
            .store
            .write(WriteLane::Background, move |tx| {
                let known = known(tx, id)?;
                found.retain(|mark, _| !known.contains(mark));
                Ok::<_, Refused>(write(tx, id, found, first, now)?)
            })
            .await;
        let mut told = held(&self.activity.told);
        match written {
            Ok(()) => {
                told.extend(marks.into_iter().map(|mark| (id, mark)));
                self.outbox_wake.notify_one();
            }
            Err(error) => {
                told.remove(&(id, STARTED.to_owned()));
                tracing::error!(request = %id, %error, ?marks, "marks are not in the trail yet");
            }
        }
    }
}

/// What the trail has of it already.
fn known(tx: &mut dyn Tx, id: RequestId) -> StoreResult<BTreeSet<String>> {
    let rows = tx.audit(&AuditFilter {
        request: Some(id),
        limit: usize::MAX,
        ..AuditFilter::default()
    })?;
    let mut known = BTreeSet::new();
    for row in rows {
        match row.kind {
            EventType::ActivityStarted => drop(known.insert(STARTED.to_owned())),
            EventType::ActivityMarked => {
                let marks = row.data["marks"].as_array().into_iter().flatten();
                known.extend(marks.filter_map(|mark| mark.as_str()).map(ToOwned::to_owned));
            }
            _ => {}
        }
    }
    Ok(known)
}

fn write(tx: &mut dyn Tx, id: RequestId, mut found: ByMark, first: Time, now: Time) -> StoreResult<()> {
    if found.remove(STARTED).is_some() {
        let started = EventDraft::new(EventType::ActivityStarted)
            .of(id)
            .with("first_at", Datum::Moment(first));
        commit::tell(tx, &started, now)?;
    }
    if found.is_empty() {
        return Ok(());
    }
    let calls: BTreeSet<String> = found.values().flatten().cloned().collect();
    let marked = EventDraft::new(EventType::ActivityMarked)
        .of(id)
        .with("marks", Datum::List(found.into_keys().collect()))
        .with("calls", Datum::List(calls.into_iter().take(NAMED).collect()));
    commit::tell(tx, &marked, now)?;
    Ok(())
}
