//! The store that the daemon starts on: a long audit trail, live grants, and the ends of the schedule.

use crate::schedule::Schedule;
use crate::setup::{ACCOUNTS, SETS, account, set};
use aws_simulator::Organisation;
use aws_simulator::organisation::AssignmentKey;
use chrono::TimeDelta;
use sha2::{Digest as _, Sha256};
use std::path::Path;
use std::sync::Arc;
use team_shared::duration::Seconds;
use team_shared::event::EventType;
use team_shared::ids::RequestId;
use team_shared::terms::Shape;
use teamd_domain::Time;
use teamd_domain::event::EventDraft;
use teamd_domain::grant::{Grant, State as GrantState};
use teamd_domain::request::{Basis, Key, Request, Session, State, Terms};
use teamd_host::clock::{Clock, SystemClock};
use teamd_store::port::{StoreError, StoreResult, Tx};
use teamd_store::{Store, WriteLane};

/// Audit rows.
const ROWS: usize = 150_000;
/// Rows of one transaction.
const CHUNK: usize = 10_000;

/// The events of a request's life.
const LIFE: [EventType; 8] = [
    EventType::RequestSubmitted,
    EventType::RequestVoted,
    EventType::RequestApproved,
    EventType::RequestActivating,
    EventType::GrantIntent,
    EventType::GrantAccepted,
    EventType::GrantConfirmed,
    EventType::RequestActive,
];

/// Writes the store, gives the schedule its ends, and puts their assignments into the organisation. Answers the live
/// requests whose ends are far away.
pub(crate) fn write(
    path: &Path,
    policy: &'static str,
    organisation: &mut Organisation,
    (live, ending): (&[String], &[String]),
    schedule: &mut Schedule,
) -> anyhow::Result<Vec<RequestId>> {
    let store = Store::open(path)?;
    write_policy(&store, policy)?;
    let now = SystemClock.now();
    let keys = assign(
        organisation,
        live.iter().flat_map(|who| pairs().map(move |pair| (who, pair))),
    )?;
    let far = Session {
        start_at: now - TimeDelta::hours(1),
        end_at: now + TimeDelta::hours(7),
    };
    let requests: Vec<Request> = keys
        .iter()
        .enumerate()
        .map(|(number, key)| active(number, key, far))
        .collect::<anyhow::Result<_>>()?;
    let live: Arc<[RequestId]> = requests.iter().map(|request| request.id).collect();
    insert(&store, requests)?;
    write_audit(&store, &live, now)?;
    let targets = (0..schedule.ends()).map(|number| target(ending, number));
    let ending = assign(organisation, targets)?;
    let ids = (live.len()..).map(|number| id_of(number, far.start_at));
    schedule.begin(ids.zip(ending.iter().cloned()).collect());
    let ends = schedule.phases.iter().flat_map(|phase| &phase.ends);
    let requests = ends.enumerate().map(|(number, end)| {
        let session = Session {
            start_at: far.start_at,
            end_at: end.end_at,
        };
        active(live.len() + number, &end.key, session)
    });
    insert(&store, requests.collect::<anyhow::Result<_>>()?)?;
    store.close();
    Ok(live.to_vec())
}

/// Every account with every permission set.
fn pairs() -> impl Iterator<Item = (usize, usize)> + Clone {
    (0..ACCOUNTS).flat_map(|account| (0..SETS).map(move |set| (account, set)))
}

/// Neighbours are of other people and in other accounts: an account has one operation at a time.
fn target(people: &[String], number: usize) -> (&String, (usize, usize)) {
    // So many until the same person meets the same account again, unless the accounts move on.
    let block = people.len() * ACCOUNTS / 10;
    let account = (number + number / block) % ACCOUNTS;
    (&people[number % people.len()], (account, number / (block * 10)))
}

fn assign<'a>(
    organisation: &mut Organisation,
    targets: impl Iterator<Item = (&'a String, (usize, usize))>,
) -> anyhow::Result<Vec<AssignmentKey>> {
    targets
        .map(|(who, (number, of))| {
            let key = organisation.user_key(who, &account(number), &set(of))?;
            organisation.put_standing_assignment(&key);
            Ok(key)
        })
        .collect()
}

fn write_policy(store: &Store, policy: &'static str) -> StoreResult<u64> {
    let sha256: String = Sha256::digest(policy)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    store.write_blocking(WriteLane::Normal, move |tx| {
        tx.append_policy(policy, &sha256, "operator", SystemClock.now())
    })
}

fn write_audit(store: &Store, live: &Arc<[RequestId]>, now: Time) -> StoreResult<()> {
    // The last row is a minute old: a daemon that was away for long doubts its clock.
    let began = now - TimeDelta::minutes(1) - TimeDelta::seconds(i64::try_from(ROWS).unwrap_or_default());
    for first in (0..ROWS).step_by(CHUNK) {
        let live = Arc::clone(live);
        store.write_blocking::<_, StoreError>(WriteLane::Normal, move |tx| {
            (first..first + CHUNK).try_for_each(|number| write_row(tx, number, &live, began))
        })?;
    }
    Ok(())
}

fn write_row(tx: &mut dyn Tx, number: usize, live: &[RequestId], began: Time) -> StoreResult<()> {
    let kind = LIFE[number % LIFE.len()];
    let id = live[number / LIFE.len() % live.len()];
    let event = EventDraft::new(kind)
        .of(id)
        .text("account_id", account(number % ACCOUNTS));
    let reason = (kind == EventType::RequestSubmitted).then_some("on call: pods restart");
    let at = began + TimeDelta::seconds(i64::try_from(number).unwrap_or_default());
    tx.append(at, &event.free("justification", reason)).map(drop)
}

fn insert(store: &Store, requests: Vec<Request>) -> StoreResult<()> {
    store.write_blocking::<_, StoreError>(WriteLane::Normal, move |tx| {
        for request in &requests {
            tx.insert_request(request)?;
            tx.save_grant(&Grant {
                state: GrantState::Present,
                owned_at: request.state.session().map(|session| session.start_at),
                ..Grant::new(request.key.clone())
            })?;
        }
        Ok(())
    })
}

fn id_of(number: usize, at: Time) -> RequestId {
    RequestId::from_parts(at.timestamp_millis().unsigned_abs(), number as u128)
}

fn active(number: usize, key: &AssignmentKey, session: Session) -> anyhow::Result<Request> {
    let at = session.start_at;
    Ok(Request {
        id: id_of(number, at),
        version: 1,
        key: Key {
            user: key.principal.id().parse()?,
            account: key.account.parse()?,
            permission_set: key.permission_set.parse()?,
        },
        terms: Terms {
            revision: 1,
            shape: Shape::Floating,
            start_at: None,
            end_at: None,
            duration: Seconds::new(8 * 3600)?,
            justification: "on call: pods restart".to_owned(),
            ticket: None,
            break_glass: false,
        },
        extends: None,
        batch_id: None,
        created_at: at,
        expires_at: at,
        basis: Basis::default(),
        also_held_through: Vec::new(),
        votes: Vec::new(),
        state: State::Active { session },
    })
}

/// How many of these requests have ended, and how many there are.
pub(crate) fn count_ended(path: &Path, requests: Vec<RequestId>) -> anyhow::Result<(usize, usize)> {
    let store = Store::open(path)?;
    let all = requests.len();
    let ended = store.read_blocking::<_, StoreError>(move |read| {
        let mut ended = 0;
        for id in &requests {
            let request = read.request(id)?;
            ended += usize::from(request.is_some_and(|request| matches!(request.state, State::Ended(_))));
        }
        Ok(ended)
    })?;
    store.close();
    Ok((ended, all))
}
