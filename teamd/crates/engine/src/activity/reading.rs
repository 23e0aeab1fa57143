//! One request: its places read, what belongs to its session kept, the keys of roles it went on to followed.

use super::places::{Place, Where, question};
use super::{ActivityLine, Engine, face_in, held};
use crate::deps::ActivityPorts;
use chrono::TimeDelta;
use futures::StreamExt;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use team_shared::ids::RequestId;
use teamd_aws::port::{AwsError, RawEvent};
use teamd_aws::record;
use teamd_domain::Time;
use teamd_domain::activity::{CHAINED, LAG, MarkRule, Recorded, Summary, Watched, marks, via};
use teamd_domain::request::Request;
use teamd_store::activity::{Look, Owner};
use teamd_store::port::StoreResult;

/// A place that cannot be read is left alone for longer and longer, up to this.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(1);

/// Access keys of roles that are asked about at a time, of one request.
const KEYS: usize = 20;

/// In place of a place: the roles that a session went on to.
const ROLES: &str = "assumed roles";

/// The right to read a request: nobody else does meanwhile.
struct Turn<'a>(&'a Engine, RequestId);

impl<'a> Turn<'a> {
    fn take(engine: &'a Engine, id: RequestId) -> Option<Self> {
        let is_free = held(&engine.activity.at_work).insert(id);
        // Made only where it is free: the end of a turn frees it.
        is_free.then(|| Self(engine, id))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        held(&self.0.activity.at_work).remove(&self.1);
        self.0.activity.looked.send_modify(|count| *count += 1);
    }
}

/// A place that could not be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pause {
    until: Time,
    times: u32,
}

/// How a place was read.
enum Read {
    /// To its end.
    Whole,
    /// Not now.
    Not,
}

impl Engine {
    /// Reads what is new of one request, unless that is being done already. What fails is written down, shown, and tried
    /// again.
    pub(super) async fn follow(&self, request: &Request, now: Time) {
        let (Some(ports), Some(watched)) = (&self.activity_ports, self.watched(request, now)) else {
            return;
        };
        let Some(_turn) = Turn::take(self, request.id) else {
            return;
        };
        if let Err(error) = self.follow_with(ports, request, watched, now).await {
            self.heed_activity_fault(&error);
        }
    }

    /// Keeps the names of a session as it began.
    async fn keep_face(&self, ports: &ActivityPorts, request: &Request) -> StoreResult<()> {
        if held(&self.activity.faces).contains_key(&request.id) {
            return Ok(());
        }
        let Some(face) = self
            .directory()
            .and_then(|directory| face_in(&directory, request))
        else {
            return Ok(());
        };
        ports.store.save_face(request.id, face.clone()).await?;
        held(&self.activity.faces).insert(request.id, face);
        Ok(())
    }

    async fn follow_with(
        &self,
        ports: &ActivityPorts,
        request: &Request,
        mut watched: Watched,
        now: Time,
    ) -> StoreResult<()> {
        self.keep_face(ports, request).await?;
        let keys = ports.store.chain_keys(request.id).await?;
        if !keys.is_empty() {
            // The last of them may have been had with the last moment of the session.
            watched.until += CHAINED;
        }
        let is_final = now >= watched.until + LAG;
        let looks = ports.store.looks(request.id).await?;
        let mut asked = self
            .keys_to_ask(ports, request, &keys, &looks, now, is_final)
            .await?;
        watched.keys = keys.into_iter().map(|(key, _)| key).collect();
        let mut known_keys = watched.keys.len();
        let mut done: BTreeSet<Place> = BTreeSet::new();
        let mut is_whole = true;
        // Each place may show keys of further roles, which are places of their own.
        while let Some(place) = self
            .places_of(&watched, &asked)
            .into_iter()
            .find(|place| !done.contains(place))
        {
            let known = looks.get(&place.to_string());
            match self
                .read_place(ports, request, &mut watched, &place, known, now, is_final)
                .await?
            {
                Read::Whole => {}
                Read::Not => is_whole = false,
            }
            done.insert(place);
            // Those that it has shown.
            let new = watched.keys.iter().skip(known_keys).cloned();
            asked.extend(new.take(KEYS.saturating_sub(asked.len())));
            known_keys = watched.keys.len();
        }
        self.tell_what_was_missed(request, ports).await?;
        let signs_in = self.account_of_sign_ins().filter(|_| !ports.source.is_regional());
        if is_whole && done.iter().any(|place| Some(&place.at.0) == signs_in.as_ref()) {
            held(&self.activity.read_through).insert(request.id, now);
        }
        // Of an account that cannot be seen, nothing is ever known to be all.
        if is_final && is_whole && !done.is_empty() && self.sees(&watched.account) {
            let summary = ports.store.close(request.id, now).await?;
            held(&self.activity.summaries).insert(request.id, summary);
            held(&self.activity.open).remove(&request.id);
        }
        Ok(())
    }

    /// The keys that are asked about now: those that may still live and the last hours' late news of them, at the end all;
    /// never more than [`KEYS`]. Each is a question of its own for every region, and whoever assumes roles in a loop must
    /// not keep us from looking at others. What is left out is said.
    async fn keys_to_ask(
        &self,
        ports: &ActivityPorts,
        request: &Request,
        keys: &[(String, Time)],
        looks: &BTreeMap<String, Look>,
        now: Time,
        is_final: bool,
    ) -> StoreResult<Vec<String>> {
        let lives = |since: Time| is_final || now < since + CHAINED + LAG;
        let may_live: Vec<String> = keys
            .iter()
            .filter(|(_, since)| lives(*since))
            .map(|(key, _)| key.clone())
            .collect();
        if may_live.len() > KEYS && !is_final && !looks.contains_key(ROLES) {
            let look = Look {
                error: Some(format!(
                    "more than {KEYS} roles were assumed within an hour, and only the newest {KEYS} are followed"
                )),
                error_since: Some(now),
                ..Look::default()
            };
            ports.store.save_look(request.id, ROLES.to_owned(), look).await?;
        }
        Ok(may_live.into_iter().take(KEYS).collect())
    }

    #[expect(clippy::too_many_arguments, reason = "one call, from above")]
    async fn read_place(
        &self,
        ports: &ActivityPorts,
        request: &Request,
        watched: &mut Watched,
        place: &Place,
        known: Option<&Look>,
        now: Time,
        is_final: bool,
    ) -> StoreResult<Read> {
        if self.is_paused(&place.at, now) {
            return Ok(Read::Not);
        }
        let (question, is_deep) = question(place, watched, known, now, is_final);
        let mut pages = ports.source.read(&question);
        let mut fault = None;
        while let Some(page) = pages.next().await {
            match page {
                Ok(events) => {
                    self.keep_activity(ports, request, watched, events, !is_final)
                        .await?
                }
                Err(error) => fault = Some(error),
            }
        }
        drop(pages);
        self.note_pause(&place.at, fault.as_ref(), now);
        let look = match &fault {
            None => Look {
                read_at: Some(now),
                deep_at: if is_deep {
                    Some(now)
                } else {
                    known.and_then(|look| look.deep_at)
                },
                ..Look::default()
            },
            Some(error) => Look {
                error: Some(error.to_string()),
                error_since: known.and_then(|look| look.error_since).or(Some(now)),
                ..known.cloned().unwrap_or_default()
            },
        };
        ports.store.save_look(request.id, place.to_string(), look).await?;
        Ok(if fault.is_some() { Read::Not } else { Read::Whole })
    }

    pub(super) async fn keep_activity(
        &self,
        ports: &ActivityPorts,
        request: &Request,
        watched: &mut Watched,
        events: Vec<RawEvent>,
        is_live: bool,
    ) -> StoreResult<()> {
        let settings = self.settings();
        let oldest = self.clock.now() - settings.activity_retention;
        let own: Vec<Recorded> = events
            .into_iter()
            .filter_map(|event| recorded(event, watched, &settings.activity_marks))
            // What is forgotten by now is not read again as if it were new.
            .filter(|event| event.call.at >= oldest)
            .collect();
        if own.is_empty() && self.activity.summary(&request.id).is_some() {
            return Ok(());
        }
        for event in &own {
            let here = event
                .call
                .assumed
                .as_ref()
                .filter(|a| a.account == event.call.account);
            let key = here.and_then(|assumed| assumed.access_key.clone());
            if let Some(key) = key.filter(|key| event.call.error.is_none() && !watched.keys.contains(key)) {
                watched.keys.push(key);
            }
        }
        let owner = Owner {
            request: request.id,
            user: request.key.user.clone(),
            permission_set: request.key.permission_set.clone(),
        };
        let kept = ports.store.keep(owner, own).await?;
        self.note_summary(request.id, kept.summary);
        self.tell_of_events(request, &kept.new).await;
        if is_live {
            for event in kept.new {
                let mut line = ActivityLine::of(request, None, event);
                // Whoever watches asks for it by the event's id: thousands wait in the stream for the slowest.
                line.record = String::new();
                // Nobody listening is no fault.
                let _ = self.activity.stream.send(Arc::new(line));
            }
        }
        Ok(())
    }

    /// Of two who keep events of one request at a time, the one who is late may know less.
    fn note_summary(&self, id: RequestId, new: Summary) {
        let mut all = held(&self.activity.summaries);
        let known = all.entry(id).or_insert(new);
        let signed_in_at = known.signed_in_at.max(new.signed_in_at);
        if new.events >= known.events {
            *known = new;
        }
        known.signed_in_at = signed_in_at;
    }

    pub(super) fn is_paused(&self, at: &Where, now: Time) -> bool {
        held(&self.activity.pauses)
            .get(at)
            .is_some_and(|pause| now < pause.until)
    }

    pub(super) fn note_pause(&self, at: &Where, fault: Option<&AwsError>, now: Time) {
        let mut pauses = held(&self.activity.pauses);
        let Some(error) = fault else {
            pauses.remove(at);
            return;
        };
        let times = pauses.get(at).map_or(0, |pause| pause.times);
        let first = TimeDelta::from_std(self.settings().activity_poll).unwrap_or(LONGEST_PAUSE);
        let pause = first * 2_i32.pow(times.min(8));
        tracing::debug!(account = %at.0, region = at.1, %error, "activity cannot be read");
        pauses.insert(
            at.clone(),
            Pause {
                until: now + pause.min(LONGEST_PAUSE),
                times: times.saturating_add(1),
            },
        );
    }
}

/// The event as one of the session, where it is one.
fn recorded(event: RawEvent, watched: &Watched, rules: &[MarkRule]) -> Option<Recorded> {
    let call = record::call(&event);
    let via = via(&call, watched)?;
    Some(Recorded {
        marks: marks(&call, via, rules),
        call,
        via,
        record: event.record,
    })
}
