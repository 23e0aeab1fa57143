//! One turn on one key, without AWS: what the store says is to be done, and what a reply means for it. Synchronous, so
//! that a simulation can drive it.

use crate::backstop::must_wait;
use crate::commit::{carry_out, tell, tell_removal};
use crate::freeze::is_frozen;
use crate::guards;
use crate::guards::Guard;
use crate::lost::bring_back;
use crate::refused::Refused;
use chrono::TimeDelta;
use team_shared::event::EventType;
use team_shared::ids::RequestId;
use teamd_domain::Time;
use teamd_domain::event::{Actor, Datum, EventDraft};
use teamd_domain::grant::{Grant, Note, Reply, State as GrantState, Step, Wanted, plan, record};
use teamd_domain::request::{Command, Key, Request, State};
use teamd_host::failpoint::hit;
use teamd_store::port::{StoreResult, Tx};

/// What a turn found to do.
pub struct Turn {
    /// The step; its intent, if it is a write, is in this transaction.
    pub step: Step,
    /// Requests that hold the grant.
    pub leases: usize,
    /// Requests that moved.
    pub moved: Vec<Request>,
}

/// Says what to do next on a key, closes what can be closed, and writes the intent of a write.
///
/// `session_seconds` is how long sessions under the permission set live; `may_create` whether everything is ready for a
/// create, should one be due.
///
/// # Errors
/// The store does not take it.
pub fn prepare(
    tx: &mut dyn Tx,
    key: &Key,
    session_seconds: i64,
    may_create: bool,
    now: Time,
) -> Result<Turn, Refused> {
    let grant = guards::seen(tx.grant(key)?.unwrap_or_else(|| Grant::new(key.clone())), now);
    let mut moved = confirm_or_refuse(tx, key, &grant, now)?;
    if guards::is_on(Guard::LeaseCount) {
        moved.extend(hand_over(tx, key, now)?);
    }
    let open = tx.open_requests_on(key)?;
    // Nothing is created for requests whose time is up: the deadline loop is about to end them.
    let has_time = |r: &Request| r.holds_lease() && r.latest_end().is_none_or(|end| end > now);
    let may_create = may_create && open.iter().any(has_time) && !is_frozen(tx);
    let wanted = guards::wanted(Wanted {
        leases: open.iter().filter(|r| r.holds_lease()).count(),
        closing: open
            .iter()
            .filter(|r| matches!(r.state, State::Ending { .. }))
            .count(),
        may_create,
    });
    let planned = plan(&grant, wanted, now);
    if let Some(save) = &planned.save
        && (planned.step != Step::Create || guards::is_on(Guard::Intent))
    {
        hit("grant.intend")?;
        tx.save_grant(save)?;
    }
    let call = match planned.step {
        Step::Create => "create",
        Step::Delete => "delete",
        Step::Settle => {
            moved.extend(settle(tx, &open, session_seconds, now)?);
            ""
        }
        Step::Rest | Step::Wait(_) | Step::List | Step::PollCreate { .. } | Step::PollDelete { .. } => "",
    };
    if !call.is_empty() {
        let event = about(EventType::GrantIntent, key, first_holder(&open))
            .text("call", call)
            .with("attempt", Datum::Number(i64::from(grant.attempts) + 1));
        write_down(tx, planned.step == Step::Delete, &event, now)?;
    }
    if planned.step == Step::Create {
        for request in open.iter().filter(|r| {
            matches!(
                r.state,
                State::Activating {
                    first_attempt_at: None,
                    ..
                }
            )
        }) {
            moved.push(carry_out(
                tx,
                request,
                &Command::AttemptCreate,
                &Actor::daemon(),
                now,
            )?);
        }
    }
    Ok(Turn {
        step: planned.step,
        leases: wanted.leases,
        moved,
    })
}

/// Records what AWS replied to a step.
///
/// # Errors
/// The store does not take it.
pub fn conclude(
    tx: &mut dyn Tx,
    key: &Key,
    step: &Step,
    reply: Reply,
    jitter: f64,
    now: Time,
) -> Result<Vec<Request>, Refused> {
    let grant = tx.grant(key)?.unwrap_or_else(|| Grant::new(key.clone()));
    let open = tx.open_requests_on(key)?;
    let leases = open.iter().filter(|r| r.holds_lease()).count();
    let is_seen = reply == Reply::Listed { present: true } && leases == 0;
    let mut recorded = record(&grant, step, reply, leases, jitter, now);
    recorded.grant = guards::kept(recorded.grant, now);
    hit("grant.record")?;
    tx.save_grant(&recorded.grant)?;
    let mut moved = match is_seen {
        true => bring_back(tx, key, now)?,
        false => Vec::new(),
    };
    for note in &recorded.notes {
        if let Some(event) = note_event(note, key, first_holder(&open), &recorded.grant) {
            write_down(tx, leases == 0, &event, now)?;
        }
        if let Note::Hopeless { message } = note {
            for request in open
                .iter()
                .filter(|r| matches!(r.state, State::Activating { .. }))
            {
                let command = Command::GiveUp {
                    reason: message.clone(),
                };
                moved.push(carry_out(tx, request, &command, &Actor::daemon(), now)?);
            }
        }
    }
    Ok(moved)
}

/// Requests that wait for the grant: active where it is there, failed where it is somebody else's.
fn confirm_or_refuse(tx: &mut dyn Tx, key: &Key, grant: &Grant, now: Time) -> Result<Vec<Request>, Refused> {
    let command = match &grant.state {
        GrantState::Present => Command::Confirm,
        GrantState::Foreign { listed_at } if now - *listed_at < TimeDelta::seconds(30) => Command::Refuse {
            reason: "standing_access".to_owned(),
        },
        GrantState::Foreign { .. }
        | GrantState::Absent { .. }
        | GrantState::Creating(_)
        | GrantState::Deleting(_)
        | GrantState::Unknown => return Ok(Vec::new()),
    };
    let (mut moved, open) = (Vec::new(), tx.open_requests_on(key)?);
    // Nobody relies on a lease for which the dead-man's switch does not stand yet.
    if matches!(grant.state, GrantState::Present) && must_wait(tx, key, &open, now) {
        return Ok(moved);
    }
    for request in open {
        if matches!(request.state, State::Activating { .. }) {
            moved.push(carry_out(tx, &request, &command, &Actor::daemon(), now)?);
        }
    }
    Ok(moved)
}

/// Requests that end while another holds the grant: it stays, they are over.
///
/// # Errors
/// The store does not take it.
pub(crate) fn hand_over(tx: &mut dyn Tx, key: &Key, now: Time) -> Result<Vec<Request>, Refused> {
    let open = tx.open_requests_on(key)?;
    // Of several the one that keeps it longest.
    let Some(holder) = open
        .iter()
        .filter(|r| matches!(r.state, State::Active { .. }))
        .max_by_key(|r| r.state.session().map(|session| session.end_at))
        .map(|r| r.id)
    else {
        return Ok(Vec::new());
    };
    let mut moved = Vec::new();
    for request in open.iter().filter(|r| matches!(r.state, State::Ending { .. })) {
        moved.push(carry_out(
            tx,
            request,
            &Command::HandOver { to: holder },
            &Actor::daemon(),
            now,
        )?);
    }
    Ok(moved)
}

fn settle(
    tx: &mut dyn Tx,
    open: &[Request],
    session_seconds: i64,
    now: Time,
) -> Result<Vec<Request>, Refused> {
    let mut moved = Vec::new();
    for request in open {
        if let State::Ending { session, .. } = &request.state {
            let session_seconds = if session.is_some() { session_seconds } else { 0 };
            let command = Command::VerifyAbsent { session_seconds };
            moved.push(carry_out(tx, request, &command, &Actor::daemon(), now)?);
        }
    }
    Ok(moved)
}

/// A row in the trail; of a removal also where the trail takes none.
fn write_down(tx: &mut dyn Tx, removal: bool, event: &EventDraft, now: Time) -> StoreResult<()> {
    if removal {
        tell_removal(tx, event, now)
    } else {
        tell(tx, event, now).map(drop)
    }
}

fn first_holder(open: &[Request]) -> Option<RequestId> {
    open.iter()
        .find(|r| r.holds_lease())
        .or_else(|| open.iter().find(|r| matches!(r.state, State::Ending { .. })))
        .map(|r| r.id)
}

pub(crate) fn about(kind: EventType, key: &Key, request: Option<RequestId>) -> EventDraft {
    let event = EventDraft::new(kind)
        .text("user_id", key.user.as_str())
        .text("account_id", key.account.as_str())
        .text("permission_set_arn", key.permission_set.as_str());
    match request {
        Some(id) => event.of(id),
        None => event,
    }
}

fn note_event(note: &Note, key: &Key, request: Option<RequestId>, grant: &Grant) -> Option<EventDraft> {
    let with_id = |event: EventDraft| match &grant.aws_request_id {
        Some(id) => event.text("aws_request_id", id),
        None => event,
    };
    Some(match note {
        Note::Accepted { call, request_id } => about(EventType::GrantAccepted, key, request)
            .text("call", *call)
            .text("aws_request_id", request_id),
        Note::Confirmed => with_id(about(EventType::GrantConfirmed, key, request)),
        Note::Removed => with_id(about(EventType::GrantRemoved, key, request)),
        Note::Retry { call, message, at } => about(EventType::GrantRetry, key, request)
            .text("call", *call)
            .text("last_error", message)
            .with("next_attempt_at", Datum::Moment(*at))
            .with("attempts", Datum::Number(i64::from(grant.attempts))),
        Note::Reappeared => about(EventType::GrantReappeared, key, request),
        Note::Standing | Note::Hopeless { .. } => return None,
    })
}
