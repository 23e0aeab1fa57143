//! How a change of a request becomes durable: state, audit rows and outbox rows in one transaction.

use super::chain;
use super::refused::Refused;
use teamd_domain::Time;
use teamd_domain::event::{Actor, Datum, EventDraft};
use teamd_domain::request::{Command, Next, Request, State, transition};
use teamd_host::failpoint::hit;
use teamd_store::port::{StoreError, StoreResult, Tx};

/// Carries out a command on a request that was read in this transaction.
///
/// # Errors
/// The command does not apply, or the store does not take it.
pub fn carry_out(
    tx: &mut dyn Tx,
    request: &Request,
    command: &Command,
    actor: &Actor,
    now: Time,
) -> Result<Request, Refused> {
    carry_out_as_of(tx, request, command, actor, now, now)
}

/// The same for what was judged by another time than `now`: an end that is due by a clock that is ahead.
///
/// # Errors
/// As there.
pub(super) fn carry_out_as_of(
    tx: &mut dyn Tx,
    request: &Request,
    command: &Command,
    actor: &Actor,
    judged: Time,
    now: Time,
) -> Result<Request, Refused> {
    let next = transition(request, command, actor, judged)?;
    let (held, holds) = (request.holds_lease(), next.request.holds_lease());
    hit("request.update")?;
    tx.update_request(&next.request)?;
    // A lease is given back also where the trail takes no row.
    record(tx, &next, held && !holds, now)?;
    if held != holds {
        forget_pause(tx, &next.request)?;
    }
    hit("request.follow")?;
    chain::follow(tx, request, command, actor, now)?;
    Ok(next.request)
}

/// The same for a request that goes because another of its chain does: nothing may keep the other from going.
///
/// # Errors
/// The command does not apply, or the store does not take it.
pub(super) fn carry_along(
    tx: &mut dyn Tx,
    request: &Request,
    command: &Command,
    actor: &Actor,
    now: Time,
) -> Result<(), Refused> {
    let next = transition(request, command, actor, now)?;
    tx.update_request(&next.request)?;
    record(tx, &next, true, now)?;
    forget_pause(tx, &next.request)?;
    Ok(())
}

/// Files a new request.
///
/// # Errors
/// The store does not take it.
pub fn file(tx: &mut dyn Tx, next: &Next, now: Time) -> StoreResult<()> {
    hit("request.insert")?;
    tx.insert_request(&next.request)?;
    record(tx, next, false, now)?;
    if next.request.holds_lease() {
        forget_pause(tx, &next.request)?;
    }
    Ok(())
}

/// Appends an event, and asks for its effects where somebody should be told.
///
/// # Errors
/// The store does not take it.
pub(super) fn tell(tx: &mut dyn Tx, event: &EventDraft, now: Time) -> StoreResult<u64> {
    hit("audit.append")?;
    let seq = tx.append(now, event)?;
    if teamd_notify::is_news(event.kind) {
        hit("outbox.push")?;
        tx.push_outbox(seq, now)?;
    }
    Ok(seq)
}

/// The same for what takes access away: where the trail takes no row, the removal goes on, and the row to the journal
/// and, when it takes rows again, to the trail with both times.
///
/// # Errors
/// The store does not take it, for another reason.
pub(super) fn tell_removal(tx: &mut dyn Tx, event: &EventDraft, now: Time) -> StoreResult<()> {
    match tell(tx, event, now) {
        Err(StoreError::AuditBroken(why)) => {
            let request = event.request_id.map(|id| id.to_string()).unwrap_or_default();
            let data = team_shared::text::inert(&format!("{:?}", event.data));
            tracing::error!(target: "teamd::spool", %why, event = %event.kind, request, data, at = %now, "not in the trail");
            tx.spool(now, event);
            Ok(())
        }
        told => told.map(drop),
    }
}

fn record(tx: &mut dyn Tx, next: &Next, gives_back: bool, now: Time) -> StoreResult<()> {
    let takes_away = gives_back
        || matches!(
            next.request.state,
            State::Ending { .. } | State::Ended(_) | State::Revoked(_) | State::Failed(_)
        );
    // A removal goes on where it cannot be read.
    let version = tx
        .policy_in_force()
        .ok()
        .and_then(|version| i64::try_from(version).ok());
    for event in &next.events {
        let mut event = event.clone();
        if let Some(version) = version.filter(|version| *version > 0) {
            event = event.with("policy_version", Datum::Number(version));
        }
        if takes_away {
            tell_removal(tx, &event, now)?;
        } else {
            tell(tx, &event, now)?;
        }
    }
    Ok(())
}

/// What is wanted of the grant has changed: a pause from before must not hold it up.
fn forget_pause(tx: &mut dyn Tx, request: &Request) -> StoreResult<()> {
    if let Some(mut grant) = tx.grant(&request.key)?
        && grant.next_attempt_at.is_some()
    {
        grant.next_attempt_at = None;
        tx.save_grant(&grant)?;
    }
    Ok(())
}

/// Whether the request waits for a decision.
pub(super) fn is_pending(request: &Request) -> bool {
    matches!(request.state, State::Pending)
}
