//! Revoke-only at the start: the database cannot be used, and what must be taken back is known from the leases file.
//!
//! The engine runs as ever, on a store without tables: requests and grants made up from the file live in memory, hold
//! their access until its end, and are ended by the same deadlines and the same reconciler. Nothing can be granted: the
//! gate is held, a step towards a create finds no store to be written to, and [`OnlyRemovals`] would not send it.

use futures::future::BoxFuture;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use team_shared::duration::Seconds;
use team_shared::terms::Shape;
use teamd_aws::port::{Assignments, Lane};
use teamd_domain::Time;
use teamd_domain::grant::{Grant, Refusal, Reply, State as GrantState};
use teamd_domain::request::{Basis, Key, Request, Session, State, Terms};
use teamd_host::lifecycle::Shutdown;
use teamd_store as store;
use teamd_store::leases;
use teamd_store::leases::{LeaseEntry, LeasesFile};
use teamd_store::port::StoreError;
use teamd_store::{Disk, LEVELS, Live, Store};

/// How often a disk that was full, or failed, at the start is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// Opens the database, or where it is damaged or its disk cannot be used, a store for removals alone.
///
/// # Errors
/// In use by another daemon, of another program or of a newer daemon, on a network file system, not to be created.
pub(super) fn open_store(path: &Path, leases_path: &Path) -> Result<Store, StoreError> {
    let error = match Store::open(path) {
        Ok(store) => return Ok(store),
        Err(error) => error,
    };
    if let (StoreError::Busy(_), Some(holder)) = (&error, Disk::of(path, LEVELS).lock_holder()) {
        tracing::error!(database = %path.display(), %holder, "another process holds the lock of the database");
    }
    match error {
        StoreError::Damaged(_) | StoreError::Full | StoreError::Failing(_) | StoreError::Busy(_) => {
            let live = match leases::read(leases_path) {
                Ok(file) => {
                    let live = live(&file);
                    tracing::error!(
                        database = %path.display(),
                        %error,
                        file = %leases_path.display(),
                        written_at = %file.written_at,
                        keys = file.leases.len(),
                        "the database cannot be used; what must be taken back is known from the leases file"
                    );
                    live
                }
                Err(why) => {
                    let live = store::salvage(path);
                    let keys = live.grants.len();
                    tracing::error!(database = %path.display(), %error, %why, keys, "the database cannot be used, and there is no leases file to go by: what can still be read of the database must do");
                    live
                }
            };
            Store::in_place_of(path, error, live)
        }
        StoreError::ImpossibleRow { .. }
        | StoreError::VersionConflict { .. }
        | StoreError::AuditBroken(_)
        | StoreError::Superseded { .. }
        | StoreError::Closed
        | StoreError::Database(_) => Err(error),
    }
}

/// Where it was the disk and not the database, the daemon starts anew once the database can be read again.
pub(super) fn watch(store: &Store, path: PathBuf, shutdown: &Shutdown) {
    let begun_without = match &*store.condition().borrow() {
        Some(StoreError::Full | StoreError::Failing(_) | StoreError::Busy(_)) => store.disk().is_none(),
        Some(_) | None => false,
    };
    if !begun_without {
        return;
    }
    let (stop, own) = (shutdown.token(), shutdown.clone());
    shutdown.spawn("store again", async move {
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                () = stop.cancelled() => return,
            }
            let disk = Disk::of(&path, LEVELS);
            let has_room = disk
                .look()
                .is_ok_and(|space| space.free > LEVELS.refuse.of(space.total));
            if has_room && store::examine(&path).is_ok() && !store::is_locked(&path) {
                tracing::info!("the database can be used again: stopping, to be started on it");
                own.fail("store again");
            }
        }
    });
}

/// What the file says must be taken back.
fn live(file: &LeasesFile) -> Live {
    let mut live = Live::default();
    for entry in file.leases.iter().filter(|entry| entry.owned) {
        let state = match entry.may_surface_until {
            Some(_) => GrantState::Absent { listed_at: None },
            None => GrantState::Present,
        };
        live.grant(&Grant {
            state,
            owned_at: Some(entry.last_end),
            // Whether a create was under way when the file was written, nobody knows any more.
            ambiguous_create_at: Some(file.written_at),
            ..Grant::new(entry.key())
        });
        if let Some(request) = request(entry, file.written_at) {
            live.request(&request);
        }
    }
    live
}

/// A request that holds the key until its last end; none where nobody holds it any more.
fn request(entry: &LeaseEntry, written_at: Time) -> Option<Request> {
    let start_at = written_at.min(entry.last_end);
    Some(Request {
        id: *entry.requests.last()?,
        version: 1,
        key: entry.key(),
        terms: Terms {
            revision: 1,
            shape: Shape::Window,
            start_at: Some(start_at),
            end_at: Some(entry.last_end),
            duration: Seconds::new((entry.last_end - start_at).num_seconds().max(1)).ok()?,
            justification: "known from the leases file alone".to_owned(),
            ticket: None,
            break_glass: false,
        },
        extends: None,
        batch_id: None,
        created_at: start_at,
        expires_at: entry.last_end,
        basis: Basis::default(),
        also_held_through: Vec::new(),
        votes: Vec::new(),
        state: State::Active {
            session: Session {
                start_at,
                end_at: entry.last_end,
            },
        },
    })
}

/// Assignments of which none can be created.
pub(super) struct OnlyRemovals(pub(super) Arc<dyn Assignments>);

impl Assignments for OnlyRemovals {
    fn list<'a>(&'a self, key: &'a Key, lane: Lane) -> BoxFuture<'a, Reply> {
        self.0.list(key, lane)
    }

    fn create<'a>(&'a self, _key: &'a Key) -> BoxFuture<'a, Reply> {
        Box::pin(async {
            Reply::Refused {
                class: Refusal::Transient,
                message: "access is only taken back: nothing is created".to_owned(),
            }
        })
    }

    fn delete<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Reply> {
        self.0.delete(key)
    }

    fn creation_status<'a>(&'a self, request_id: &'a str, lane: Lane) -> BoxFuture<'a, Reply> {
        self.0.creation_status(request_id, lane)
    }

    fn deletion_status<'a>(&'a self, request_id: &'a str) -> BoxFuture<'a, Reply> {
        self.0.deletion_status(request_id)
    }
}
