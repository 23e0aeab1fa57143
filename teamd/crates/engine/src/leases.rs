//! Keeps `leases.json` in step with the store: before every create, at every lease change, and every few minutes, so
//! that its age says whether a daemon runs. Removals neither wait for it nor look at it.

use super::refused::Refused;
use super::{Engine, Hold};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use team_shared::state::RequestState;
use teamd_domain::grant::Grant;
use teamd_domain::request::Key;
use teamd_host::failpoint::pass;
use teamd_store::leases;
use teamd_store::leases::{LeaseEntry, LeasesFile, ReadError};
use teamd_store::port::{Read, RequestFilter, StoreResult};
use tokio::sync::{Notify, OwnedMutexGuard};
use tokio::time::Instant;

/// It is written anew so often, also when nothing has changed.
const FRESH_EVERY: Duration = Duration::from_secs(300);

/// A failed write is tried again so soon.
const RETRY: Duration = Duration::from_secs(5);

/// A create waits so long for the file; then it is held, and thought of again.
const PATIENCE: Duration = Duration::from_secs(5);

/// Changes within this are written together.
const TOGETHER: Duration = Duration::from_millis(500);

/// Requests in these states can hold a grant, or wait for its absence.
const LIVE: [RequestState; 4] = [
    RequestState::Scheduled,
    RequestState::Activating,
    RequestState::Active,
    RequestState::Ending,
];

/// What the file holds, as far as this daemon has written it.
#[derive(Debug, Default)]
pub(super) struct LeaseBook {
    /// None: no file is kept.
    pub(super) path: Option<PathBuf>,
    written: Mutex<Written>,
    /// One writer at a time, until its disk has answered.
    turn: Arc<tokio::sync::Mutex<()>>,
    /// Something failed: try again, whether or not anything changes.
    wake: Notify,
}

#[derive(Debug, Default)]
struct Written {
    entries: BTreeMap<Key, LeaseEntry>,
    is_begun: bool,
    /// Where the file of another life was put aside, and how many keys it names that the store does not know; `None`: it
    /// cannot be read.
    aside: Option<(PathBuf, Option<usize>)>,
}

impl LeaseBook {
    pub(super) fn new(path: Option<PathBuf>) -> Self {
        Self {
            path,
            ..Self::default()
        }
    }

    /// What is wrong, for people.
    pub(super) fn problem(&self) -> Option<String> {
        let aside = self.lock().aside.clone();
        let (path, keys) = aside.filter(|(path, _)| path.exists())?;
        let Some(keys) = keys else {
            return Some(format!(
                "{} cannot be read, and may name assignments that this store knows nothing of: compare it with the \
                 standing access of `team-tui status`, then remove the file",
                path.display()
            ));
        };
        Some(format!(
            "{} names {keys} assignments that this store knows nothing of; `teamd sweep --once --leases {}` takes them \
             back, then remove the file",
            path.display(),
            path.display()
        ))
    }

    /// The file says at least as much as `wanted`.
    fn covers(&self, wanted: &[LeaseEntry]) -> bool {
        let written = self.lock();
        wanted.iter().all(|wanted| {
            written
                .entries
                .get(&wanted.key())
                .is_some_and(|entry| entry.last_end >= wanted.last_end && entry.may_surface_until.is_none())
        })
    }

    fn lock(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Whether a create on this key may be sent as far as the file is concerned: it names the key, durably.
    pub(super) async fn lease_is_written(&self, key: &Key) -> bool {
        if self.leases.path.is_none() {
            return true;
        }
        let (wanted_key, now) = (key.clone(), self.clock.now());
        let wanted = self
            .store
            .read(move |read| {
                let grant = read
                    .grant(&wanted_key)?
                    .unwrap_or_else(|| Grant::new(wanted_key.clone()));
                let open = read.open_requests_on(&wanted_key)?;
                Ok::<_, Refused>(leases::collect(&[grant], &open, now))
            })
            .await;
        let Ok(wanted) = wanted else { return false };
        if self.leases.covers(&wanted) {
            return true;
        }
        let write = async {
            let turn = Arc::clone(&self.leases.turn).lock_owned().await;
            // Whoever had the turn before has written for all.
            self.leases.covers(&wanted) || self.write_leases(turn, true).await && self.leases.covers(&wanted)
        };
        let is_written = tokio::time::timeout(PATIENCE, write).await;
        if is_written.is_err() {
            self.hold_creates("the disk does not answer");
        }
        is_written.unwrap_or(false)
    }

    pub(super) async fn run_leases(&self) {
        if self.leases.path.is_none() {
            return self.stop.cancelled().await;
        }
        let mut changes = self.store.changes();
        let mut fresh = Instant::now();
        let mut is_due = true;
        while !self.stop.is_cancelled() {
            changes.mark_unchanged();
            let begun = Instant::now();
            let turn = Arc::clone(&self.leases.turn).lock_owned().await;
            let is_written = self.write_leases(turn, is_due).await;
            if is_written && is_due {
                fresh = begun;
            }
            // Much to write takes long: at most a tenth of the time is spent on it. A disk that hung is no reason to let
            // the file grow old.
            let pause = if is_written {
                TOGETHER.max((begun.elapsed() * 10).min(FRESH_EVERY))
            } else {
                RETRY
            };
            tokio::select! {
                biased;
                () = tokio::time::sleep(pause) => {}
                () = self.stop.cancelled() => return,
            }
            is_due = !is_written;
            if is_written {
                tokio::select! {
                biased;
                    // The store never goes before its engine.
                    _ = changes.changed() => {}
                    () = self.leases.wake.notified() => is_due = true,
                    () = tokio::time::sleep_until(fresh + FRESH_EVERY) => is_due = true,
                    () = self.stop.cancelled() => return,
                }
            }
        }
    }

    /// Brings the file up to date: whether it is. With `anew` also where no entry has changed.
    async fn write_leases(&self, turn: OwnedMutexGuard<()>, anew: bool) -> bool {
        let Some(path) = self.leases.path.clone() else {
            return true;
        };
        if self.gate.is_held(Hold::RevokeOnly) {
            // A damaged store must not take entries out of the one record that does not come from it.
            return false;
        }
        match self.try_write_leases(&path, turn, anew).await {
            Ok(()) => {
                if self.gate.release(Hold::LeasesFile) {
                    tracing::info!(path = %path.display(), "the leases file is written again");
                }
                true
            }
            Err(error) => {
                self.hold_creates(&error);
                false
            }
        }
    }

    fn hold_creates(&self, error: &str) {
        let path = self.leases.path.as_deref().unwrap_or(Path::new(""));
        let why = format!("the leases file {} cannot be written: {error}", path.display());
        if self.gate.hold(Hold::LeasesFile, self.clock.now(), &why) {
            tracing::error!("{why}; creates wait, removals go on");
        }
        self.leases.wake.notify_one();
    }

    async fn try_write_leases(
        &self,
        path: &Path,
        turn: OwnedMutexGuard<()>,
        anew: bool,
    ) -> Result<(), String> {
        pass("leases.collect")
            .await
            .map_err(|injected| injected.to_string())?;
        let now = self.clock.now();
        let filter = RequestFilter {
            states: LIVE.to_vec(),
            limit: usize::MAX,
            ..RequestFilter::default()
        };
        let entries = self
            .store
            .read(move |read| {
                Ok::<_, Refused>(leases::collect(&read.grants()?, &read.requests(&filter)?, now))
            })
            .await
            .map_err(|error| error.to_string())?;
        let (is_begun, is_same) = {
            let written = self.leases.lock();
            (written.is_begun, written.entries.values().eq(entries.iter()))
        };
        if !is_begun {
            self.put_aside(path).await?;
        } else if is_same && !anew {
            return Ok(());
        }
        let directory = self.directory();
        let region = self.settings().region.clone();
        let document = LeasesFile {
            version: leases::VERSION,
            written_at: now,
            daemon: format!("teamd {}", env!("CARGO_PKG_VERSION")),
            instance_arn: directory.as_ref().map(|d| d.instance_arn.clone()),
            identity_store_id: directory.as_ref().map(|d| d.identity_store_id.clone()),
            region: Some(region).filter(|region| !region.is_empty()),
            leases: entries,
        };
        let path = path.to_owned();
        let document = tokio::task::spawn_blocking(move || {
            // Also when nobody waits for it any more: an old document must not replace a newer one.
            let _turn = turn;
            leases::write(&path, &document).map(|()| document)
        })
        .await
        .map_err(|error| error.to_string())?
        .map_err(|error| error.to_string())?;
        let mut written = self.leases.lock();
        written.is_begun = true;
        written.entries = document
            .leases
            .into_iter()
            .map(|entry| (entry.key(), entry))
            .collect();
        Ok(())
    }

    /// The first write of a life: a file that names what this store knows nothing of (it was replaced, or set back) is
    /// the only record of it, and is kept beside the new one.
    async fn put_aside(&self, path: &Path) -> Result<(), String> {
        let from = path.to_owned();
        let old = tokio::task::spawn_blocking(move || leases::read(&from))
            .await
            .map_err(|error| error.to_string())?;
        let keys = match old {
            Ok(old) => {
                let unknown = self.store.read(move |read| {
                    let mut unknown = 0;
                    for entry in &old.leases {
                        unknown += usize::from(is_unknown(read, entry)?);
                    }
                    StoreResult::Ok(unknown)
                });
                match unknown.await.map_err(|error| error.to_string())? {
                    0 => return Ok(()),
                    unknown => Some(unknown),
                }
            }
            Err(ReadError::Missing(_)) => return Ok(()),
            Err(error) => {
                tracing::error!(%error, "the leases file of before cannot be read");
                None
            }
        };
        let stamp = self.clock.now().format("%Y%m%dT%H%M%SZ");
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{stamp}"));
        let aside = path.with_file_name(name);
        std::fs::rename(path, &aside)
            .map_err(|error| format!("{} cannot be kept: {error}", path.display()))?;
        tracing::error!(kept = %aside.display(), keys, "the leases file of before may name what the store does not know");
        self.leases.lock().aside = Some((aside, keys));
        Ok(())
    }
}

/// The store has never heard of it: of its requests, or where it has none, of its grant.
fn is_unknown(read: &mut dyn Read, entry: &LeaseEntry) -> StoreResult<bool> {
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
