//! Signing in is recorded in one account, and without the names that an event history is asked by: so of such a source it
//! is one question for everybody, and who it was is read from the records.

use super::places::{DEEP, DEEP_EVERY, OVERLAP, Where};
use super::{Engine, held};
use crate::deps::ActivityPorts;
use futures::StreamExt;
use std::collections::HashMap;
use teamd_aws::port::{AwsError, CalledBy, Look as Question, RawEvent, SIGN_INS};
use teamd_aws::record;
use teamd_domain::Time;
use teamd_domain::activity::{SKEW, Watched};
use teamd_domain::request::Request;
use teamd_store::activity::Look;
use teamd_store::port::StoreResult;

/// In place of a place.
const PLACE: &str = "sign-ins";

/// How far sign-ins were read.
#[derive(Debug, Default)]
pub(super) struct ReadSignIns {
    read_at: Option<Time>,
    deep_at: Option<Time>,
    is_faulty: bool,
}

impl Engine {
    pub(super) async fn run_sign_ins(&self) {
        let mut known = ReadSignIns::default();
        loop {
            self.read_sign_ins(&mut known).await;
            if !self.pause_of_activity().await {
                return;
            }
        }
    }

    /// Reads what is new, of everybody whose session is followed.
    pub(super) async fn read_sign_ins(&self, known: &mut ReadSignIns) {
        let (Some(ports), Some(at)) = (&self.activity_ports, self.place_of_sign_ins()) else {
            return;
        };
        let now = self.clock.now();
        if self.is_paused(&at, now) {
            return;
        }
        let live = self.to_follow(false).await.live;
        let mut followed: Vec<(Request, Watched)> = live
            .into_iter()
            .filter_map(|request| {
                let watched = self.watched(&request, now)?;
                Some((request, watched))
            })
            .collect();
        let Some(first) = followed.iter().map(|(_, watched)| watched.from).min() else {
            return;
        };
        let is_deep = known.deep_at.is_none_or(|at| now - at >= DEEP_EVERY);
        let back = if is_deep { DEEP } else { OVERLAP };
        let question = |kind| Question {
            account: at.0.clone(),
            region: at.1.clone(),
            called_by: CalledBy::SignIns(kind),
            user: None,
            since: known
                .read_at
                .map_or(first - SKEW, |read_at| (read_at - back).max(first - SKEW)),
            until: now,
        };
        let read = tokio::select! {
            biased;
            () = self.stop.cancelled() => return,
            read = self.keep_sign_ins(ports, SIGN_INS.map(question), &mut followed) => read,
        };
        let fault = match read {
            Ok(fault) => fault,
            Err(error) => return self.heed_activity_fault(&error),
        };
        self.note_pause(&at, fault.as_ref(), now);
        if let Err(error) = self
            .say_how_read(ports, &followed, fault.as_ref(), known, now)
            .await
        {
            return self.heed_activity_fault(&error);
        }
        known.is_faulty = fault.is_some();
        if fault.is_none() {
            known.read_at = Some(now);
            known.deep_at = if is_deep { Some(now) } else { known.deep_at };
            let mut through = held(&self.activity.read_through);
            through.extend(followed.iter().map(|(request, _)| (request.id, now)));
        }
    }

    /// Keeps everybody's own; what kept AWS from telling all, where anything did.
    async fn keep_sign_ins(
        &self,
        ports: &ActivityPorts,
        questions: [Question; 2],
        followed: &mut [(Request, Watched)],
    ) -> StoreResult<Option<AwsError>> {
        let mut pages = futures::stream::iter(&questions).flat_map(|one| ports.source.read(one));
        while let Some(page) = pages.next().await {
            let events = match page {
                Ok(events) => events,
                Err(error) => return Ok(Some(error)),
            };
            let mut of_user: HashMap<String, Vec<RawEvent>> = HashMap::new();
            for event in events {
                if let Some(user) = record::call(&event).on_behalf_of {
                    of_user.entry(user.to_ascii_lowercase()).or_default().push(event);
                }
            }
            for (request, watched) in followed.iter_mut() {
                let user = request.key.user.as_str().to_ascii_lowercase();
                if let Some(own) = of_user.get(&user) {
                    self.keep_activity(ports, request, watched, own.clone(), true)
                        .await?;
                }
            }
        }
        Ok(None)
    }

    /// Where sign-ins cannot be read, every session says so, until they can again.
    async fn say_how_read(
        &self,
        ports: &ActivityPorts,
        followed: &[(Request, Watched)],
        fault: Option<&AwsError>,
        known: &ReadSignIns,
        now: Time,
    ) -> StoreResult<()> {
        if fault.is_some() == known.is_faulty {
            return Ok(());
        }
        let look = Look {
            read_at: fault.is_none().then_some(now),
            error: fault.map(ToString::to_string),
            error_since: fault.map(|_| now),
            ..Look::default()
        };
        for (request, _) in followed {
            let place = PLACE.to_owned();
            ports.store.save_look(request.id, place, look.clone()).await?;
        }
        Ok(())
    }

    /// Where they are asked about by themselves: of sources that are asked region by region.
    fn place_of_sign_ins(&self) -> Option<Where> {
        let is_regional = self.activity_ports.as_ref()?.source.is_regional();
        let region = self.settings().region.clone();
        (is_regional && !region.is_empty()).then_some((self.account_of_sign_ins()?, Some(region)))
    }
}
