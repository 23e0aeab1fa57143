//! One look at an account and permission set: a listing, and what it means for every key there.

use super::Pair;
use crate::commit::{carry_out, tell_removal};
use crate::lost::bring_back;
use crate::refused::Refused;
use crate::{Engine, Hold};
use std::collections::BTreeMap;
use team_shared::event::EventType;
use team_shared::ids::{RequestId, UserId};
use teamd_aws::port::AwsError;
use teamd_config::DriftAction;
use teamd_domain::Time;
use teamd_domain::directory::Directory;
use teamd_domain::event::{Actor, EventDraft};
use teamd_domain::grant::{Drift, DriftKind, Grant, Holder, SETTLED, swept};
use teamd_domain::request::{Command, Key, Request, State};
use teamd_host::failpoint::{Injected, hit, pass};
use teamd_store::WriteLane;
use teamd_store::port::{RequestFilter, StoreResult, Tx};

/// The reason of a request that ends because somebody else has taken its access away.
const REMOVED_OUTSIDE: &str = "removed_outside";

/// Why a look came to nothing. It is taken again later.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoLook {
    /// AWS gave no list.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// The store could not be read, or took nothing.
    #[error(transparent)]
    Store(#[from] Refused),
}

/// What a look has changed.
#[derive(Debug, Default)]
struct Changes {
    /// Requests that moved.
    moved: Vec<Request>,
    /// Keys on which a lost create has surfaced.
    surfaced: Vec<Key>,
}

impl Engine {
    /// Looks at all keys of a pair; how many hold the permission set there.
    pub(super) async fn look_at(&self, pair: &Pair) -> Result<usize, NoLook> {
        if self.gate.is_held(Hold::OtherInstance) {
            let why = "the store is of another Identity Center instance";
            return Err(AwsError::Refused(why.to_owned()).into());
        }
        let (account, set) = pair.clone();
        // What changes while AWS lists is left to the next look: the list may be of before or of after.
        let before = self
            .store
            .read(move |read| Ok::<_, Refused>(read.grants_on(&account, &set)?))
            .await?;
        let lost = |injected: Injected| AwsError::Unreachable(injected.to_string());
        pass("aws.holders").await.map_err(lost)?;
        let mut holders = self.inventory.holders(&pair.0, &pair.1).await?;
        pass("aws.holders.answered").await.map_err(lost)?;
        if let Some(directory) = self.directory() {
            holders
                .iter_mut()
                .for_each(|holder| spell_as_known(holder, &directory));
        }
        let (found, now) = (holders.len(), self.clock.now());
        let (pair, ends) = (pair.clone(), self.settings().drift_action == DriftAction::End);
        let changes = self
            .store
            .write(WriteLane::Background, move |tx| {
                hit("drift.settle")?;
                settle(tx, &pair, &before, &holders, ends, now)
            })
            .await?;
        changes
            .moved
            .iter()
            .for_each(|request| self.after_commit(request));
        changes.surfaced.iter().for_each(|key| self.drivers.poke(key));
        self.outbox_wake.notify_one();
        Ok(found)
    }
}

/// AWS writes ids of people in either case.
fn spell_as_known(holder: &mut Holder, directory: &Directory) {
    if let Holder::User(id) = holder
        && !directory.people.contains_key(id)
        && let Some(known) = directory.people.keys().find(|known| is_same(known, id))
    {
        *id = known.clone();
    }
}

fn is_same(a: &UserId, b: &UserId) -> bool {
    a.as_str().eq_ignore_ascii_case(b.as_str())
}

/// Takes a list over into the book. `before` are the grants of the pair as they were when it was asked for.
fn settle(
    tx: &mut dyn Tx,
    pair: &Pair,
    before: &[Grant],
    holders: &[Holder],
    ends: bool,
    now: Time,
) -> Result<Changes, Refused> {
    let mut changes = Changes::default();
    let mut others: Vec<Holder> = holders.to_vec();
    let known: BTreeMap<Key, Drift> = tx.drift()?.into_iter().map(|d| (d.key.clone(), d)).collect();
    for grant in tx.grants_on(&pair.0, &pair.1)? {
        let key = &grant.key;
        let is_holder = |holder: &Holder| matches!(holder, Holder::User(id) if is_same(id, &key.user));
        let present = others.iter().any(is_holder);
        others.retain(|holder| !is_holder(holder));
        if !before.contains(&grant) {
            continue;
        }
        let open = tx.open_requests_on(key)?;
        let leases = open.iter().filter(|r| r.holds_lease()).count();
        let closing = open
            .iter()
            .filter(|r| matches!(r.state, State::Ending { .. }))
            .count();
        let swept = swept(&grant, (leases, closing), present, now);
        if let Some(save) = &swept.save {
            tx.save_grant(save)?;
        }
        if swept.standing {
            others.push(Holder::User(key.user.clone()));
        }
        if swept.reappeared {
            let event = about(tx, EventType::GrantReappeared, key)?;
            tell_removal(tx, &event, now)?;
            changes.surfaced.push(key.clone());
            // Requests that were given up have something to take back again.
            changes.moved.extend(bring_back(tx, key, now)?);
        }
        let found = known.get(key);
        note_drift(tx, key, found, swept.drift, now)?;
        let is_certain = found.is_some_and(|d| d.kind == DriftKind::Missing && now - d.found_at >= SETTLED);
        if ends && is_certain && swept.drift == Some(DriftKind::Missing) {
            end_all(tx, &open, &mut changes, now)?;
        }
    }
    tx.replace_standing(&pair.0, &pair.1, &others, now)?;
    Ok(changes)
}

/// Requests whose access somebody else has taken away: over. The reconciler makes sure of it, as at every end.
fn end_all(tx: &mut dyn Tx, open: &[Request], changes: &mut Changes, now: Time) -> Result<(), Refused> {
    for request in open {
        if matches!(request.state, State::Active { .. }) {
            let reason = REMOVED_OUTSIDE.to_owned();
            let command = Command::LoseBasis { reason };
            let moved = carry_out(tx, request, &command, &Actor::daemon(), now)?;
            changes.moved.push(moved);
        }
    }
    Ok(())
}

/// Keeps what differs, and tells what is new and what is gone.
fn note_drift(
    tx: &mut dyn Tx,
    key: &Key,
    known: Option<&Drift>,
    found: Option<DriftKind>,
    now: Time,
) -> StoreResult<()> {
    if known.map(|drift| drift.kind) == found {
        return Ok(());
    }
    if let Some(gone) = known {
        tx.remove_drift(key)?;
        let event = about(tx, EventType::GrantDrift, key)?.text("kind", gone.kind.as_str());
        tell_removal(tx, &event.text("finding", "gone"), now)?;
    }
    if let Some(kind) = found {
        tx.save_drift(&Drift {
            key: key.clone(),
            kind,
            found_at: now,
        })?;
        let event = about(tx, EventType::GrantDrift, key)?.text("kind", kind.as_str());
        // As with a removal: what is wrong with the trail must not keep the sweep from going on.
        tell_removal(tx, &event.text("finding", "new"), now)?;
    }
    Ok(())
}

/// An event about a key, of the request that had it last.
fn about(tx: &mut dyn Tx, kind: EventType, key: &Key) -> StoreResult<EventDraft> {
    let event = EventDraft::new(kind)
        .text("user_id", key.user.as_str())
        .text("account_id", key.account.as_str())
        .text("permission_set_arn", key.permission_set.as_str());
    Ok(match last_request_on(tx, key)? {
        Some(id) => event.of(id),
        None => event,
    })
}

fn last_request_on(tx: &mut dyn Tx, key: &Key) -> StoreResult<Option<RequestId>> {
    let filter = RequestFilter {
        user: Some(key.user.clone()),
        account: Some(key.account.clone()),
        limit: 50,
        ..RequestFilter::default()
    };
    let requests = tx.requests(&filter)?;
    // One that has had a grant before one that only asks.
    let mut on_key = requests.iter().filter(|request| request.key == *key);
    Ok(on_key
        .clone()
        .find(|r| !matches!(r.state, State::Pending | State::Scheduled { .. }))
        .or_else(|| on_key.next())
        .map(|request| request.id))
}
