//! The database against the leases file, once at the start: two records of the same things, kept apart.
//!
//! Where the file names what the database has never heard of, the database is older than it was: a backup was restored,
//! or its newest part is lost. Nobody can say any more who holds that access, so it is taken back. So is access that the
//! database lets end later than the file does: it was ended early since then, or the row has changed by itself.

use std::path::Path;
use team_shared::event::EventType;
use teamd_domain::Time;
use teamd_domain::event::{Actor, Datum, EventDraft};
use teamd_domain::grant::{Grant, State as GrantState};
use teamd_domain::request::{Command, Request, State, transition};
use teamd_store::Store;
use teamd_store::leases;
use teamd_store::leases::LeaseEntry;
use teamd_store::port::{StoreError, StoreResult, Tx};

/// Compares the two, and takes back what they do not agree on. Without a file there is nothing to compare, and the engine
/// says what is wrong with it.
pub(super) async fn compare(store: &Store, leases_path: &Path, now: Time) {
    let Ok(file) = leases::read(leases_path) else {
        return;
    };
    for entry in file.leases.into_iter().filter(|entry| entry.owned) {
        let key = entry.key();
        let compared: StoreResult<bool> = store
            .remove(move |tx| {
                if is_unknown(tx, &entry)? {
                    adopt(tx, &entry, now)
                } else {
                    end_too_late(tx, &entry, now)
                }
            })
            .await;
        match compared {
            Ok(false) => {}
            Ok(true) => tracing::error!(
                user = %key.user, account = %key.account, permission_set = %key.permission_set,
                "the database and the leases file do not agree on this access: it is taken back"
            ),
            Err(error) => tracing::error!(%error, "the database cannot be compared with the leases file"),
        }
    }
}

/// The database has never heard of it: of its requests, or where it has none, of its grant.
fn is_unknown(read: &mut dyn Tx, entry: &LeaseEntry) -> StoreResult<bool> {
    if entry.requests.is_empty() {
        return Ok(read.grant(&entry.key())?.is_none());
    }
    for id in &entry.requests {
        if read.request(id)?.is_none() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn adopt(tx: &mut dyn Tx, entry: &LeaseEntry, now: Time) -> StoreResult<bool> {
    let key = entry.key();
    let held = tx.open_requests_on(&key)?.iter().any(Request::holds_lease);
    let known = tx.grant(&key)?.unwrap_or_else(|| Grant::new(key.clone()));
    // Whoever holds it now keeps it until their end.
    if held || !matches!(known.state, GrantState::Absent { .. }) {
        return Ok(false);
    }
    tx.save_grant(&Grant {
        state: GrantState::Unknown,
        owned_at: Some(now),
        ambiguous_create_at: Some(now),
        ..known
    })?;
    let event = EventDraft::new(EventType::GrantReappeared)
        .text("user_id", key.user.as_str())
        .text("account_id", key.account.as_str())
        .text("permission_set_arn", key.permission_set.as_str())
        .text("why", "only the leases file knows of it")
        .with("last_end", Datum::Moment(entry.last_end));
    append(tx, now, &event)?;
    Ok(true)
}

fn end_too_late(tx: &mut dyn Tx, entry: &LeaseEntry, now: Time) -> StoreResult<bool> {
    let mut is_news = false;
    for request in tx.open_requests_on(&entry.key())? {
        let too_late = matches!(&request.state, State::Active { session } if session.end_at > entry.last_end);
        if !too_late || !entry.requests.contains(&request.id) {
            continue;
        }
        let reason = format!(
            "leases_file: it was to end at {}",
            entry.last_end.format("%Y-%m-%dT%H:%M:%SZ")
        );
        if let Ok(next) = transition(&request, &Command::LoseBasis { reason }, &Actor::daemon(), now) {
            tx.update_request(&next.request)?;
            for event in &next.events {
                append(tx, now, event)?;
            }
            is_news = true;
        }
    }
    Ok(is_news)
}

fn append(tx: &mut dyn Tx, now: Time, event: &EventDraft) -> StoreResult<()> {
    match tx.append(now, event) {
        Err(StoreError::AuditBroken(_)) => {
            tx.spool(now, event);
            Ok(())
        }
        appended => appended.map(drop),
    }
}
