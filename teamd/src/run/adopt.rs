//! The database against the leases file, once at the start: two records of the same things, kept apart.
//!
//! Where the file names what the database has never heard of, the database is older than it was: a backup was restored,
//! or its newest part is lost. Nobody can say any more who holds that access, so it is taken back. Where the database
//! lets access end later than was promised when it was given, a row has changed by itself: that is damage.

use super::revoke_only;
use crate::domain::event::{Datum, EventDraft};
use crate::domain::grant::{Grant, State as GrantState};
use crate::leases::{self, LeaseEntry, LeasesFile};
use crate::store::port::{Read, StoreError, StoreResult};
use crate::store::{Live, Store};
use std::path::Path;
use team_shared::event::EventType;

/// Compares the two, and takes in what the database does not know. Without a file there is nothing to compare.
///
/// # Errors
/// Another daemon came between, where the database turned out to be damaged.
pub(super) async fn compare(store: Store, path: &Path, leases_path: &Path) -> StoreResult<Store> {
    if store.condition().borrow().is_some() {
        return Ok(store);
    }
    let Ok(file) = leases::read(leases_path) else {
        // The engine says what is wrong with it.
        return Ok(store);
    };
    let looked_at = file.clone();
    let found = store.read(move |read| look(read, &looked_at)).await;
    match found {
        Ok(unknown) => {
            for entry in unknown {
                adopt(&store, entry, &file).await;
            }
            Ok(store)
        }
        Err(damage @ StoreError::Damaged(_)) => {
            tracing::error!(%damage, "what must be taken back is known from the leases file");
            store.close();
            drop(store);
            Store::in_place_of(path, damage, revoke_only::live(&file))
        }
        Err(error) => {
            tracing::error!(%error, "the database cannot be compared with the leases file");
            Ok(store)
        }
    }
}

/// Entries that the database does not know.
fn look(read: &mut dyn Read, file: &LeasesFile) -> StoreResult<Vec<LeaseEntry>> {
    let live = Live::of(read)?;
    let mut unknown = Vec::new();
    for entry in file.leases.iter().filter(|entry| entry.owned) {
        let key = entry.key();
        let mut is_known = !entry.requests.is_empty() || read.grant(&key)?.is_some();
        for id in &entry.requests {
            is_known &= read.request(id)?.is_some();
        }
        if !is_known {
            unknown.push(entry.clone());
            continue;
        }
        for request in live.requests.values().filter(|request| request.key == key) {
            let end = request.state.session().map(|session| session.end_at);
            if let Some(end) = end.filter(|end| *end > entry.last_end && entry.requests.contains(&request.id))
            {
                return Err(StoreError::Damaged(format!(
                    "request {} ends at {end} there, and was to end at {}",
                    request.id, entry.last_end
                )));
            }
        }
    }
    Ok(unknown)
}

async fn adopt(store: &Store, entry: LeaseEntry, file: &LeasesFile) {
    let key = entry.key();
    tracing::error!(
        user = %key.user, account = %key.account, permission_set = %key.permission_set,
        "only the leases file knows of this access: taking it back"
    );
    let now = file.written_at;
    let adopted: StoreResult<()> = store
        .remove(move |tx| {
            let key = entry.key();
            let held = tx
                .open_requests_on(&key)?
                .iter()
                .any(|request| request.holds_lease());
            let known = tx.grant(&key)?.unwrap_or_else(|| Grant::new(key.clone()));
            // Whoever holds it now keeps it until their end.
            if held
                || !matches!(
                    known.state,
                    GrantState::Absent { .. } | GrantState::Foreign { .. }
                )
            {
                return Ok(());
            }
            tx.save_grant(&Grant {
                state: GrantState::Unknown,
                owned_at: Some(entry.last_end),
                ambiguous_create_at: Some(now),
                ..known
            })?;
            let event = EventDraft::new(EventType::GrantReappeared)
                .text("user_id", key.user.as_str())
                .text("account_id", key.account.as_str())
                .text("permission_set_arn", key.permission_set.as_str())
                .text("why", "only the leases file knows of it")
                .with("last_end", Datum::Moment(entry.last_end));
            match tx.append(now, &event) {
                Err(StoreError::AuditBroken(_)) => tx.spool(now, &event),
                appended => drop(appended?),
            }
            Ok(())
        })
        .await;
    if let Err(error) = adopted {
        tracing::error!(%error, "it could not be taken in");
    }
}
