//! Requests that extend one another. All are on one key, each holds a lease of its own, and whatever ends one of them
//! early ends them all, in the same transaction: an extension must not keep access that was taken back.

use super::commit;
use super::refused::Refused;
use std::collections::BTreeSet;
use teamd_domain::Time;
use teamd_domain::event::Actor;
use teamd_domain::request::{Command, Request, State};
use teamd_store::port::{Read, StoreResult, Tx};

/// Ends the rest of the chain of `request`, as it was before `command`, if that is what the command means.
///
/// # Errors
/// The store does not take it.
pub(super) fn follow(
    tx: &mut dyn Tx,
    request: &Request,
    command: &Command,
    actor: &Actor,
    now: Time,
) -> Result<(), Refused> {
    if !ends_chain(request, command) {
        return Ok(());
    }
    for other in open_members(tx, request)? {
        let along = match &other.state {
            State::Pending | State::Scheduled { .. } => Some(Command::LoseBasis {
                reason: format!("extended_access_ended: {}", command.name()),
            }),
            State::Activating { .. } | State::Active { .. } => Some(for_live(command)),
            State::Ending { .. }
            | State::Ended(_)
            | State::Revoked(_)
            | State::Failed(_)
            | State::Rejected { .. }
            | State::Cancelled { .. }
            | State::Expired { .. }
            | State::Withdrawn { .. }
            | State::Lost { .. } => None,
        };
        if let Some(along) = along {
            commit::carry_along(tx, &other, &along, actor, now)?;
        }
    }
    Ok(())
}

/// What happens to live access when `command` ends another of its chain: the same, if a person said so.
fn for_live(command: &Command) -> Command {
    match command {
        Command::Done => Command::Done,
        Command::Revoke { comment } => Command::Revoke {
            comment: comment.clone(),
        },
        Command::Cancel
        | Command::LoseBasis { .. }
        | Command::GiveUp { .. }
        | Command::Refuse { .. }
        | Command::Approve { .. }
        | Command::Reject { .. }
        | Command::Escalate { .. }
        | Command::Lapse
        | Command::Start
        | Command::AttemptCreate
        | Command::Confirm
        | Command::End
        | Command::VerifyAbsent { .. }
        | Command::HandOver { .. }
        | Command::DeclareLost { .. }
        | Command::Reappear => Command::LoseBasis {
            reason: format!("chain_ended: {}", command.name()),
        },
    }
}

/// Whether a command on a request ends its whole chain: `done` and `revoke` on any of them, and what takes live access
/// away before its end.
fn ends_chain(request: &Request, command: &Command) -> bool {
    match command {
        Command::Done | Command::Revoke { .. } => true,
        Command::Cancel | Command::LoseBasis { .. } | Command::GiveUp { .. } | Command::Refuse { .. } => {
            request.state.is_live()
        }
        Command::Approve { .. }
        | Command::Reject { .. }
        | Command::Escalate { .. }
        | Command::Lapse
        | Command::Start
        | Command::AttemptCreate
        | Command::Confirm
        // Its own end is what its extension begins at.
        | Command::End
        | Command::VerifyAbsent { .. }
        | Command::HandOver { .. }
        | Command::DeclareLost { .. }
        | Command::Reappear => false,
    }
}

/// The other open requests of the chain, in both directions.
fn open_members(read: &mut (impl Read + ?Sized), request: &Request) -> StoreResult<Vec<Request>> {
    let mut open = read.open_requests_on(&request.key)?;
    let mut known = BTreeSet::from([request.id]);
    known.extend(request.extends);
    let mut members = Vec::new();
    loop {
        let (found, rest): (Vec<_>, Vec<_>) = open.into_iter().partition(|other| {
            known.contains(&other.id) || other.extends.is_some_and(|id| known.contains(&id))
        });
        if found.is_empty() {
            members.retain(|member: &Request| member.id != request.id);
            return Ok(members);
        }
        for member in &found {
            known.insert(member.id);
            known.extend(member.extends);
        }
        members.extend(found);
        open = rest;
    }
}

/// How many extensions stand between the first request of the chain and this one.
///
/// # Errors
/// The store cannot be read.
pub(super) fn depth(read: &mut (impl Read + ?Sized), request: &Request) -> StoreResult<u32> {
    let (mut depth, mut before) = (0, request.extends);
    while let Some(id) = before {
        depth += 1;
        before = read.request(&id)?.and_then(|parent| parent.extends);
    }
    Ok(depth)
}

/// The extension of `parent` that is open, if there is one.
///
/// # Errors
/// The store cannot be read.
pub(super) fn open_extension(
    read: &mut (impl Read + ?Sized),
    parent: &Request,
) -> StoreResult<Option<Request>> {
    let open = read.open_requests_on(&parent.key)?;
    Ok(open.into_iter().find(|other| other.extends == Some(parent.id)))
}
