//! Where a freeze is kept: a row in the store, and a file beside `leases.json` with the same in it. The row is what
//! decisions look at. The file is for the day when the database fails, or is put back from a backup: a freeze that was
//! said meanwhile must not end with the daemon.

use super::super::gate::Held;
use super::super::leases::LeaseBook;
use super::super::refused::Refused;
use super::super::{Engine, Hold, commit};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use team_shared::event::EventType;
use team_shared::problem::Code;
use teamd_domain::Time;
use teamd_domain::event::{Actor, EventDraft};
use teamd_host::files;
use teamd_host::files::Links;
use teamd_store::leases::{remove, replace};
use teamd_store::port::{Read, StoreError, StoreResult, Tx};

/// Where it stands in the store; empty: no freeze is on.
const ROW: &str = "freeze";

/// The name of the file.
const FILE: &str = "frozen.json";

/// The largest that is read.
const LARGEST: u64 = 64 * 1024;

/// A freeze that is on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frozen {
    /// Since when.
    pub since: Time,
    /// By whom: a user name, or `operator`.
    pub by: String,
    /// Why.
    pub reason: String,
}

impl Frozen {
    /// For banners.
    #[must_use]
    pub fn banner(&self) -> String {
        self.held().line()
    }

    pub(super) fn held(&self) -> Held {
        Held {
            since: self.since,
            by: Some(self.by.clone()),
            reason: self.reason.clone(),
        }
    }
}

impl Engine {
    /// The freeze that is on.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn frozen(&self) -> Result<Option<Frozen>, Refused> {
        self.store
            .read_urgently(|read_from| Ok::<_, Refused>(read(read_from)?))
            .await
    }

    /// What the store or the file says at the start holds from the first moment on.
    pub(in super::super) async fn heed_freeze(&self) {
        let row = match self.frozen().await {
            Ok(row) => row,
            // The store cannot say: whoever reads it next refuses, too.
            Err(error) => {
                tracing::error!(%error, "whether a freeze is on cannot be read");
                None
            }
        };
        let file = match self.leases.beside(FILE) {
            None => None,
            Some(path) => on_disk(move || read_file(&path)).await.unwrap_or_else(|error| {
                tracing::error!(%error, "{FILE} cannot be read: a freeze holds until an administrator lifts it");
                Some(unreadable())
            }),
        };
        let Some(frozen) = row.clone().or(file) else {
            return;
        };
        self.gate.hold_for(Hold::Frozen, frozen.held());
        if row.is_none()
            && let Err(error) = self.adopt_freeze(frozen).await
        {
            tracing::error!(%error, "the freeze of {FILE} is not in the store; no create is sent all the same");
        }
    }

    /// The store knows nothing of a freeze that the file tells of: it was said while the database failed, or the
    /// database is an older one.
    async fn adopt_freeze(&self, frozen: Frozen) -> Result<(), Refused> {
        let now = self.clock.now();
        self.store
            .remove(move |tx| {
                write(tx, Some(&frozen))?;
                let event = EventDraft::new(EventType::FreezeOn)
                    .by(&Actor::daemon())
                    .text("by", frozen.by.as_str())
                    .text("from", FILE)
                    .free("reason", Some(&frozen.reason));
                Ok::<_, Refused>(commit::tell_removal(tx, &event, now)?)
            })
            .await
    }

    /// Brings the file in step with the row. Where the database fails, the file is all that a restart will find.
    ///
    /// # Errors
    /// Neither the database nor the disk has taken a freeze.
    pub(super) async fn keep_freeze(&self) -> Result<(), Refused> {
        let Some(path) = self.leases.beside(FILE) else {
            return Ok(());
        };
        // The row is read within the turn: of two that come at once, the last to write finds what holds.
        let _turn = self.freeze_turn.lock().await;
        let frozen = self.frozen().await?;
        let is_on = frozen.is_some();
        let kept = on_disk(move || match &frozen {
            Some(frozen) => replace(&path, &serde_json::to_vec(frozen)?),
            None => remove(&path),
        });
        match kept.await {
            Ok(()) => Ok(()),
            Err(error) if is_on && self.degraded().is_some() => Err(Refused::new(
                Code::StoreUnavailable,
                format!("everything is frozen until teamd restarts: the database fails, and {FILE} cannot be written: {error}"),
            )
            .help("make room on the disk, then freeze again")),
            Err(error) => {
                tracing::error!(%error, on = is_on, "{FILE} is not in step with the store");
                Ok(())
            }
        }
    }
}

impl LeaseBook {
    /// A file in the folder of the leases file.
    fn beside(&self, name: &str) -> Option<PathBuf> {
        self.path.as_ref().map(|path| path.with_file_name(name))
    }
}

/// Refuses what would lead to new access while a freeze is on.
///
/// # Errors
/// One is on.
pub(in super::super) fn refuse_frozen(from: &mut (impl Read + ?Sized)) -> Result<(), Refused> {
    match read(from)? {
        None => Ok(()),
        Some(frozen) => Err(
            Refused::new(Code::Frozen, format!("no new access: {}", frozen.banner()))
                .help("an administrator lifts it with `team-tui unfreeze`; taking back goes on"),
        ),
    }
}

/// Whether a freeze is on, also where that cannot be read: for creates, which then wait.
pub(in super::super) fn is_frozen(from: &mut (impl Read + ?Sized)) -> bool {
    !matches!(read(from), Ok(None))
}

pub(super) fn read(from: &mut (impl Read + ?Sized)) -> StoreResult<Option<Frozen>> {
    let row = from.meta(ROW)?.filter(|row| !row.is_empty());
    Ok(row.map(|row| serde_json::from_str(&row).unwrap_or_else(|_| unreadable())))
}

/// A freeze that cannot be read is one all the same.
fn unreadable() -> Frozen {
    Frozen {
        since: Time::UNIX_EPOCH,
        by: "somebody".to_owned(),
        reason: "the reason cannot be read".to_owned(),
    }
}

pub(super) fn write(tx: &mut dyn Tx, frozen: Option<&Frozen>) -> StoreResult<()> {
    let row = match frozen {
        None => String::new(),
        Some(frozen) => {
            serde_json::to_string(frozen).map_err(|error| StoreError::Database(error.to_string()))?
        }
    };
    tx.set_meta(ROW, &row)
}

fn read_file(path: &Path) -> io::Result<Option<Frozen>> {
    let file = match files::open(path, Links::Refuse) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let text = files::read_all(file, LARGEST)?;
    Ok(Some(
        serde_json::from_slice(&text).unwrap_or_else(|_| unreadable()),
    ))
}

async fn on_disk<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?
}
