//! Requests whose time has come. The timer is a row: the loop sleeps until the next one, no longer than the clock allows
//! so that jumps and suspended machines are noticed, and reads the truth again.

use super::guards::{self, Guard};
use super::refused::Refused;
use super::{Engine, Hold, commit, decide};
use crate::domain::Time;
use crate::domain::event::Actor;
use crate::domain::policy::Refusal;
use crate::domain::request::{Command, Request, State};
use crate::store::WriteLane;
use crate::store::port::Read;
use chrono::TimeDelta;

/// Requests taken in one transaction.
const BATCH: usize = 200;

impl Engine {
    pub(super) async fn run_deadlines(&self) {
        while !self.stop.is_cancelled() {
            let next = match self.take_due().await {
                Ok(()) => self.next_deadline().await,
                Err(error) => {
                    tracing::error!(%error, "due requests could not be taken; trying again");
                    None
                }
            };
            let now = self.clock.now();
            self.tick.send_replace(Some(now));
            let latest = now + self.clock.longest_nap();
            let wake = next.map_or(latest, |at| at.min(latest));
            // A deadline that cannot be taken yet (a start that waits) must not spin.
            let wake = wake
                .max(now + TimeDelta::milliseconds(if next.is_some_and(|at| at <= now) { 250 } else { 0 }));
            tokio::select! {
                biased;
                () = self.clock.sleep_until(wake) => {}
                () = self.deadlines_wake.notified() => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    async fn next_deadline(&self) -> Option<Time> {
        match self
            .store
            .read(|read| Ok::<_, Refused>(read.next_deadline()?))
            .await
        {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(%error, "the next deadline cannot be read");
                None
            }
        }
    }

    /// Moves everything that is due, starts before ends, so that access that follows on access has no gap.
    pub(super) async fn take_due(&self) -> Result<(), Refused> {
        loop {
            let (now, facts) = (self.clock.now(), self.facts());
            let moved = self
                .store
                .write(WriteLane::Removal, move |tx| {
                    let mut moved = Vec::new();
                    for request in tx.due_requests(now, BATCH)? {
                        let Some(command) = due_command(tx, &facts, &request, now)? else { continue };
                        match commit::carry_out(tx, &request, &command, &Actor::daemon(), now) {
                            Ok(request) => moved.push(request),
                            // One request that cannot move must not hold up the others.
                            Err(refused) if refused.code == team_shared::problem::Code::StoreUnavailable => {
                                return Err(refused);
                            }
                            Err(refused) => {
                                tracing::error!(request = %request.id, %refused, "a due request does not move");
                            }
                        }
                    }
                    Ok(moved)
                })
                .await?;
            for request in &moved {
                self.after_commit(request);
            }
            if moved.len() < BATCH {
                return Ok(());
            }
        }
    }
}

fn due_command(
    read: &mut (impl Read + ?Sized),
    facts: &super::Facts,
    request: &Request,
    now: Time,
) -> Result<Option<Command>, Refused> {
    Ok(match &request.state {
        // While the clock is suspect nobody loses a request to it.
        State::Pending => (!facts.holds.contains_key(&Hold::ClockSuspect)).then_some(Command::Lapse),
        State::Scheduled { .. } if request.terms.is_over(now) => Some(Command::Lapse),
        State::Scheduled { .. } => start_or_withdraw(facts, request, now),
        State::Activating { .. } if request.terms.is_over(now) => Some(Command::End),
        State::Activating { .. } => {
            let error = read.grant(&request.key)?.and_then(|grant| grant.last_error);
            let reason = error.map_or_else(|| "not_confirmed".to_owned(), |e| format!("not_confirmed: {e}"));
            Some(Command::GiveUp { reason })
        }
        State::Active { .. } if !guards::is_on(Guard::EndAsksNobody) => {
            decide::judge(facts, request, request.terms.duration, now)
                .ok()
                .map(|_| Command::End)
        }
        State::Active { .. } => Some(Command::End),
        State::Ending { .. }
        | State::Ended(_)
        | State::Revoked(_)
        | State::Failed(_)
        | State::Rejected { .. }
        | State::Cancelled { .. }
        | State::Expired { .. }
        | State::Withdrawn { .. }
        | State::Lost { .. } => None,
    })
}

/// The re-check before activation. Without a directory, and while the gate is held, it waits.
fn start_or_withdraw(facts: &super::Facts, request: &Request, now: Time) -> Option<Command> {
    facts.directory.as_ref()?;
    if !facts.holds.is_empty() {
        return None;
    }
    match decide::judge(facts, request, request.terms.duration, now) {
        // Who could approve it does not matter any more: it is approved.
        Ok(_) | Err(Refusal::NoApprover { .. }) => Some(Command::Start),
        Err(refusal) => Some(Command::LoseBasis {
            reason: format!("no longer fits: {refusal}"),
        }),
    }
}
