//! Requests whose time has come. The timer is a row: the loop sleeps until the next one, no longer than the clock allows
//! so that jumps and suspended machines are noticed, and reads the truth again.

use super::guards::{self, Guard};
use super::refused::Refused;
use super::{Engine, Hold, commit, decide};
use chrono::TimeDelta;
use team_shared::problem::Code;
use teamd_domain::Time;
use teamd_domain::event::Actor;
use teamd_domain::grant::State as GrantState;
use teamd_domain::request::{Command, Request, State};
use teamd_host::failpoint::{hit, pass};
use teamd_policy::Refusal;
use teamd_store::port::Read;

/// Requests taken in one transaction.
const BATCH: usize = 200;

impl Engine {
    pub(super) async fn run_deadlines(&self) {
        while !self.stop.is_cancelled() {
            let next = match self.take_due().await {
                Ok(()) => self.next_deadline().await,
                Err(error) => {
                    tracing::error!(%error, "due requests could not be taken; trying again");
                    // A commit may have happened whose answer was lost: whoever it concerns must look.
                    self.poke_all().await;
                    None
                }
            };
            let now = self.clock.now();
            self.tick.send_replace(Some(now));
            let latest = now + self.clock.longest_nap();
            // Ends are judged by a time that may be ahead of the one that is slept by.
            let ahead = self.clock.due() - now;
            let wake = next.map_or(latest, |at| (at - ahead).min(latest));
            // A deadline that cannot be taken yet (a start that waits) must not spin.
            let spins = next.is_some_and(|at| at <= now + ahead);
            let wake = wake.max(now + TimeDelta::milliseconds(if spins { 250 } else { 0 }));
            tokio::select! {
                biased;
                () = self.clock.sleep_until(wake) => {}
                () = self.deadlines_wake.notified() => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    async fn next_deadline(&self) -> Option<Time> {
        pass("deadlines.next").await.ok()?;
        match self
            .store
            .read_for_removal(|read| Ok::<_, Refused>(read.next_deadline()?))
            .await
        {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(%error, "the next deadline cannot be read");
                None
            }
        }
    }

    /// Moves everything that is due, starts before ends, so that access that follows on access has no gap. Where the
    /// store does not take that, ends go alone: what it refuses to starts and lapses must not keep access alive. While
    /// clocks disagree, ends by the later of them follow.
    pub(super) async fn take_due(&self) -> Result<(), Refused> {
        self.check_clock();
        let taken = self.take_by_now().await;
        if self.clock.due() > self.clock.now() {
            self.take(Due::Later).await?;
        }
        taken
    }

    async fn take_by_now(&self) -> Result<(), Refused> {
        match self.take(Due::All).await {
            Err(refused) if refused.code == Code::StoreUnavailable => {
                tracing::error!(%refused, "due requests could not all be taken; ends go alone");
                self.take(Due::Ends).await
            }
            taken => taken,
        }
    }

    async fn take(&self, which: Due) -> Result<(), Refused> {
        let mut limit = BATCH;
        loop {
            pass("deadlines.take").await?;
            let (now, facts, may_start) = (self.clock.now(), self.facts(), self.may_start());
            let by = match which {
                Due::All | Due::Ends => now,
                Due::Later => self.clock.due(),
            };
            let (seen, moved) = self
                .store
                .remove(move |tx| {
                    let mut moved = Vec::new();
                    let due = tx.due_requests(by, limit)?;
                    let seen = due.len();
                    for request in due {
                        let command = match which {
                            Due::All => due_command(tx, &facts, &request, may_start, now)?,
                            Due::Ends => due_end(tx, &facts, &request, may_start, now)?,
                            Due::Later => later_end(&request, by),
                        };
                        let Some(command) = command else { continue };
                        // By a clock that is ahead: as of the end, and no later.
                        let judged = request.latest_end().filter(|end| *end <= by).map_or(now, |end| end.max(now));
                        match commit::carry_out_as_of(tx, &request, &command, &Actor::daemon(), judged, now) {
                            Ok(request) => moved.push(request),
                            // One request that cannot move must not hold up the others.
                            Err(refused) if refused.code == Code::StoreUnavailable => {
                                return Err(refused);
                            }
                            Err(refused) => {
                                tracing::error!(request = %request.id, %refused, "a due request does not move");
                            }
                        }
                    }
                    hit("deadlines.batch")?;
                    Ok((seen, moved))
                })
                .await?;
            pass("deadlines.taken").await?;
            for request in &moved {
                self.after_commit(request);
            }
            if seen < limit {
                return Ok(());
            }
            // Starts that wait stay at the head; what is behind them must be reached all the same.
            limit = BATCH + (seen - moved.len());
        }
    }

    /// Whether what is due may start. While AWS does not answer and the copy of the directory is old nobody can say who
    /// is still eligible; and what starts then would only run out of time. It starts when AWS is back, if its window is
    /// still open.
    fn may_start(&self) -> bool {
        self.on_call_is_read()
            && (!self.directory_is_old() || super::failing_since(&self.health.snapshot()).is_none())
    }
}

/// What is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    All,
    /// Only what gives a lease back.
    Ends,
    /// Only ends, by the time that is the later where clocks disagree.
    Later,
}

/// What a clock that is ahead of `now` ends, and nothing else: neither starts nor waits are judged by it.
fn later_end(request: &Request, by: Time) -> Option<Command> {
    if !request.holds_lease() || request.latest_end().is_none_or(|end| end > by) {
        return None;
    }
    match &request.state {
        State::Scheduled { .. } => Some(Command::Lapse),
        State::Activating { .. } | State::Active { .. } => Some(Command::End),
        State::Pending
        | State::Ending { .. }
        | State::Ended(_)
        | State::Revoked(_)
        | State::Failed(_)
        | State::Rejected { .. }
        | State::Cancelled { .. }
        | State::Expired { .. }
        | State::Withdrawn { .. }
        | State::Lost { .. } => None,
    }
}

fn due_end(
    read: &mut (impl Read + ?Sized),
    facts: &super::Facts,
    request: &Request,
    may_start: bool,
    now: Time,
) -> Result<Option<Command>, Refused> {
    if !request.holds_lease() {
        return Ok(None);
    }
    match &request.state {
        // An extension whose start cannot be recorded does not begin.
        State::Scheduled { .. } => Ok(Some(Command::LoseBasis {
            reason: "its start could not be recorded".to_owned(),
        })),
        State::Pending
        | State::Activating { .. }
        | State::Active { .. }
        | State::Ending { .. }
        | State::Ended(_)
        | State::Revoked(_)
        | State::Failed(_)
        | State::Rejected { .. }
        | State::Cancelled { .. }
        | State::Expired { .. }
        | State::Withdrawn { .. }
        | State::Lost { .. } => due_command(read, facts, request, may_start, now),
    }
}

fn due_command(
    read: &mut (impl Read + ?Sized),
    facts: &super::Facts,
    request: &Request,
    may_start: bool,
    now: Time,
) -> Result<Option<Command>, Refused> {
    Ok(match &request.state {
        // While the clock is suspect nobody loses a request to it.
        State::Pending => (!facts.holds.contains_key(&Hold::ClockSuspect)).then_some(Command::Lapse),
        State::Scheduled { .. } if request.terms.is_over(now) => Some(Command::Lapse),
        State::Scheduled { .. } if request.holds_lease() => {
            Some(go_on_or_withdraw(read, facts, request, now)?)
        }
        State::Scheduled { .. } if !may_start => None,
        State::Scheduled { .. } => start_or_withdraw(facts, request, now),
        State::Activating { .. } if request.latest_end().is_some_and(|end| end <= now) => Some(Command::End),
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
    match refusals(facts, request, now).as_slice() {
        [None, rest @ ..] if rest.iter().all(Option::is_none) => Some(Command::Start),
        [Some(refusal), rest @ ..] if rest.iter().all(Option::is_some) => Some(no_longer_fits(refusal)),
        // It depends on who is on call, and nobody can say yet who is.
        _ => None,
    }
}

/// Why it no longer fits, in every form that the facts may have. Who could approve it does not matter any more: it is
/// approved.
fn refusals(facts: &super::Facts, request: &Request, now: Time) -> Vec<Option<Refusal>> {
    let judge = |facts: super::Facts| match decide::judge(&facts, request, request.terms.duration, now) {
        Ok(_) | Err(Refusal::NoApprover { .. }) => None,
        Err(refusal) => Some(refusal),
    };
    facts.possible(&request.key.user).into_iter().map(judge).collect()
}

fn no_longer_fits(refusal: &Refusal) -> Command {
    Command::LoseBasis {
        reason: format!("no longer fits: {refusal}"),
    }
}

/// The same for an extension. It holds a lease, so it cannot wait: it takes the grant over as it is, or gives it back.
/// Nothing is granted by it that is not there, so the gate is only asked whether access is to be taken back at all.
fn go_on_or_withdraw(
    read: &mut (impl Read + ?Sized),
    facts: &super::Facts,
    request: &Request,
    now: Time,
) -> Result<Command, Refused> {
    if facts.holds.contains_key(&Hold::RevokeOnly) {
        return Ok(Command::LoseBasis {
            reason: "access is only taken back".to_owned(),
        });
    }
    let refusals: Option<Vec<Refusal>> = refusals(facts, request, now).into_iter().collect();
    Ok(match refusals.unwrap_or_default().first() {
        // It goes on where it fits, and where nobody can say yet whether it does.
        None => {
            let grant = read.grant(&request.key)?;
            if grant.is_some_and(|grant| grant.state == GrantState::Present) {
                Command::Confirm
            } else {
                Command::Start
            }
        }
        Some(refusal) => no_longer_fits(refusal),
    })
}
