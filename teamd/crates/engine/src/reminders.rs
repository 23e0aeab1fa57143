//! Tells approvers of what waits, others of what waits long, and people that their access is about to end. When is the
//! domain's word; here it is looked for and written down, each together with its event, so that no restart repeats it.
//!
//! None of it changes what anybody has. It never runs in the way of a removal: it has its own task, and writes in the
//! background lane.

use super::refused::Refused;
use super::{Engine, Facts, around, chain, commit, decide};
use chrono::TimeDelta;
use std::collections::BTreeSet;
use std::time::Duration;
use team_shared::state::RequestState;
use teamd_domain::Time;
use teamd_domain::attention::Attention;
use teamd_domain::event::{Actor, Datum};
use teamd_domain::request::{Basis, Command, Request, State};
use teamd_policy::reminders::{before_end, escalates_at, next, to_approvers};
use teamd_store::WriteLane;
use teamd_store::port::{Read, RequestFilter, StoreResult, Tx};

/// The longest sleep: policy may have changed meanwhile.
const LONGEST: TimeDelta = TimeDelta::minutes(1);

/// What a burst of commands wakes once, not once for each.
const BURST: Duration = Duration::from_millis(500);

/// More requests than ever wait or are live at a time.
const ALL: usize = 100_000;

impl Engine {
    pub(super) async fn run_reminders(&self) {
        while !self.stop.is_cancelled() {
            let now = self.clock.now();
            let wake = match self.remind().await {
                Ok(next) => next.map_or(now + LONGEST, |at| at.min(now + LONGEST)),
                Err(error) => {
                    tracing::warn!(%error, "reminders could not be sent; trying again");
                    now + LONGEST
                }
            };
            // One that cannot be taken yet must not spin.
            let wake = wake.max(now + TimeDelta::seconds(1));
            tokio::select! {
                biased;
                () = self.clock.sleep_until(wake) => {}
                () = self.reminders_wake.notified() => tokio::time::sleep(BURST).await,
                () = self.stop.cancelled() => {}
            }
        }
    }

    /// Tells all that is due now; when to look again.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn remind(&self) -> Result<Option<Time>, Refused> {
        let facts = self.facts();
        let Some(in_force) = facts.policy.clone().filter(|_| self.degraded().is_none()) else {
            return Ok(None);
        };
        let settings = in_force.policy.settings.clone();
        let open = self
            .store
            .read(|read| Ok::<_, Refused>(open_requests(read)?))
            .await?;
        let now = self.clock.now();
        let mut soonest: Option<Time> = None;
        for (request, attention) in open {
            let Some(at) = next(&request, &attention, &settings) else {
                continue;
            };
            if at > now {
                soonest = Some(soonest.map_or(at, |known| known.min(at)));
                continue;
            }
            let (facts, id) = (facts.clone(), request.id);
            let told = self
                .store
                .write(WriteLane::Background, move |tx| {
                    // It may have been decided since it was read.
                    match tx.request(&id)? {
                        Some(request) => tell(tx, &facts, &request, now),
                        None => Ok(false),
                    }
                })
                .await;
            match told {
                Ok(true) => self.outbox_wake.notify_one(),
                Ok(false) => {}
                Err(error) => tracing::warn!(request = %id, %error, "a reminder could not be written down"),
            }
            soonest = Some(soonest.map_or(now + LONGEST, |known| known.min(now + LONGEST)));
        }
        Ok(soonest)
    }
}

fn open_requests(read: &mut dyn Read) -> StoreResult<Vec<(Request, Attention)>> {
    let filter = RequestFilter {
        states: vec![RequestState::Pending, RequestState::Active],
        limit: ALL,
        ..RequestFilter::default()
    };
    let mut open = Vec::new();
    for request in read.requests(&filter)? {
        let attention = read.attention(&request.id)?;
        open.push((request, attention));
    }
    Ok(open)
}

/// Whether somebody could decide it by this who could not before.
fn asks_more(basis: &Basis, request: &Request) -> bool {
    let known = |person| {
        let mut demands = request.basis.demands.iter();
        demands.any(|demand| demand.approvers.contains(person))
    };
    let mut asked = basis.demands.iter().flat_map(|demand| demand.approvers.iter());
    asked.any(|person| !known(person))
}

/// Who may decide it by the policy and the directory of now: whoever was on call when it was filed may not be any more.
/// None where that cannot be said.
fn asked_now(facts: &Facts, request: &Request, now: Time) -> Option<Vec<String>> {
    let basis = decide::judge(facts, request, request.terms.duration, now)
        .ok()?
        .basis;
    let people = basis.demands.iter().flat_map(|demand| demand.approvers.iter());
    let people: BTreeSet<String> = people.map(ToString::to_string).collect();
    Some(people.into_iter().collect())
}

/// Everything that is due of one request; whether anything was told.
fn tell(tx: &mut dyn Tx, facts: &Facts, request: &Request, now: Time) -> Result<bool, Refused> {
    let Some(in_force) = &facts.policy else {
        return Ok(false);
    };
    let settings = &in_force.policy.settings;
    let mut request = request.clone();
    let mut told = false;
    let mut attention = tx.attention(&request.id)?;
    let is_late = escalates_at(&request, settings).is_some_and(|at| at <= now);
    if is_late && attention.escalated_at.is_none() && now < request.expires_at {
        // With those whom `escalate_to` names; where policy says no, the next decision says so, not a reminder.
        let judged = decide::judge(facts, &request, request.terms.duration, now);
        if let Some(basis) = judged
            .ok()
            .map(|judgement| judgement.basis)
            .filter(|basis| asks_more(basis, &request))
        {
            request = commit::carry_out(tx, &request, &Command::Escalate { basis }, &Actor::daemon(), now)?;
            told = true;
        }
        attention.escalated_at = Some(now);
        tx.save_attention(&request.id, &attention)?;
    }
    if let Some(mut noted) = to_approvers(&request, &attention, settings, now) {
        if let Some(asked) = asked_now(facts, &request, now) {
            noted.event = noted.event.with("to", Datum::List(asked));
        }
        around::keep(tx, &request, &noted, now)?;
        attention = noted.attention;
        told = true;
    }
    let extension = chain::open_extension(tx, &request)?;
    let goes_on = extension.is_some_and(|other| matches!(other.state, State::Scheduled { .. }));
    if let Some((attention, noted)) = before_end(&request, &attention, settings, goes_on, now) {
        match noted {
            Some(noted) => {
                around::keep(tx, &request, &noted, now)?;
                told = true;
            }
            None => tx.save_attention(&request.id, &attention)?,
        }
    }
    Ok(told)
}
