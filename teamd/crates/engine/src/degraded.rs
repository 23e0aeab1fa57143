//! What the daemon does when its store cannot be used, or its disk fills up: it grants nothing, says so, goes on with
//! removals (the store does them in memory meanwhile), and writes down what it did once the store takes it again.
//!
//! | the store | grants | removals | until |
//! |---|---|---|---|
//! | disk nearly full | no | as ever | there is room |
//! | disk full, or fails | no | in memory | a write succeeds, tried every two seconds |
//! | locked by another process | no | in memory | the same |
//! | damaged | no | in memory | restart on a restored backup |
//! | taken over by another daemon | no | the other's | this daemon stops |

use super::refused::Refused;
use super::{Engine, Hold, commit};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use team_shared::event::EventType;
use team_shared::problem::Code;
use teamd_domain::event::EventDraft;
use teamd_host::lifecycle::systemd;
use teamd_store::port::StoreError;
use teamd_store::{LockHolder, Space};
use tokio::time::Instant;

/// How often an unusable store is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(2);

/// How often the disk is looked at.
const LOOK: Duration = Duration::from_secs(10);

/// Operators read this where nothing else helps.
pub(crate) const RESTORE_HELP: &str =
    "removals go on; operators: docs/OPERATIONS.md, \"Damaged database\": restore a backup, then restart";

/// What the last look at the disk found, in words; none: enough room.
#[derive(Debug, Default)]
pub(super) struct DiskWatch(Mutex<Option<String>>);

impl DiskWatch {
    pub(super) fn warning(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, warning: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = warning;
    }
}

impl Engine {
    /// Why access is only taken back; `None`: the store works.
    #[must_use]
    pub fn degraded(&self) -> Option<StoreError> {
        self.store.condition().borrow().clone()
    }

    /// What a caller hears of whom the store, as it is now, knows nothing.
    pub(super) fn or_unavailable(&self, refused: Refused) -> Refused {
        match self.degraded() {
            Some(fault) if refused.code == Code::NotFound => fault.into(),
            Some(_) | None => refused,
        }
    }

    pub(super) async fn run_store_watch(&self) {
        let mut condition = self.store.condition();
        let mut untold_since = None;
        while !self.stop.is_cancelled() {
            condition.mark_unchanged();
            let fault = self.degraded();
            if let Some(fault @ StoreError::Superseded { .. }) = &fault {
                tracing::error!(%fault, "stopping: the other daemon does the removals now");
                self.shutdown.fail("store");
                self.stop.cancelled().await;
                return;
            }
            if self.hold_by_store() {
                untold_since = Some(Instant::now());
            }
            // Most locks are let go within moments, and then nobody is told.
            let is_lock = matches!(fault, Some(StoreError::Busy(_)));
            let may_pass = |since: Instant| is_lock && since.elapsed() < TRY_AGAIN;
            if untold_since.take_if(|since| !may_pass(*since)).is_some() && fault.is_some() {
                self.announce_revoke_only().await;
            }
            self.recover().await;
            self.watch_disk();
            let pause = if fault.is_some() {
                TRY_AGAIN
            } else {
                self.nap(LOOK)
            };
            tokio::select! {
                biased;
                () = tokio::time::sleep(pause) => {}
                _ = condition.changed() => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    /// Holds or releases the gate by what the store says; whether access is only taken back from now on.
    pub(super) fn hold_by_store(&self) -> bool {
        match self.degraded() {
            Some(fault) => {
                let news = self
                    .gate
                    .hold(Hold::RevokeOnly, self.clock.now(), revoke_only(&fault));
                if news {
                    let holder = self.lock_holder().map(|holder| holder.to_string());
                    tracing::error!(event = %EventType::DaemonRevokeOnly, why = %fault, holder, "access is only taken back");
                    systemd::status(&format!("revoke-only: {fault}"));
                }
                news
            }
            None => {
                if self.gate.release(Hold::RevokeOnly) {
                    tracing::info!("the store works again; access is granted again");
                    systemd::status("serving");
                    self.deadlines_wake.notify_one();
                }
                false
            }
        }
    }

    /// Which process has locked the database; none: it is not locked, or the kernel does not say by whom.
    #[must_use]
    pub fn lock_holder(&self) -> Option<LockHolder> {
        match self.degraded() {
            Some(StoreError::Busy(_)) => self.store.disk()?.lock_holder(),
            Some(_) | None => None,
        }
    }

    /// A row for the trail: written down now, or with everything else that is done in memory.
    async fn announce_revoke_only(&self) {
        let now = self.clock.now();
        let why = self.degraded().map(|fault| fault.to_string()).unwrap_or_default();
        let event = EventDraft::new(EventType::DaemonRevokeOnly).text("why", why);
        let told = self
            .store
            .remove(move |tx| Ok::<_, Refused>(commit::tell_removal(tx, &event, now)?))
            .await;
        if let Err(error) = told {
            tracing::error!(%error, "revoke-only is not in the audit trail");
        }
    }

    async fn recover(&self) {
        if matches!(self.degraded(), Some(StoreError::Damaged(_))) {
            return;
        }
        match self.store.recover(self.clock.now()).await {
            Ok(0) => {}
            Ok(changes) => {
                tracing::info!(changes, "what was done without the database is written down");
                self.outbox_wake.notify_one();
            }
            Err(error) => tracing::warn!(%error, "the store still cannot be written"),
        }
        self.hold_by_store();
    }

    pub(super) fn watch_disk(&self) {
        let Some(disk) = self.store.disk() else { return };
        if self.degraded().is_none()
            && let Err(error) = disk.keep_ballast()
        {
            tracing::warn!(%error, "the ballast beside the database cannot be made");
        }
        let levels = disk.levels;
        match disk.look() {
            Err(error) => {
                let why = format!("the disk of the database cannot be examined: {error}");
                self.gate.hold(Hold::DiskLow, self.clock.now(), &why);
                self.disk.set(Some(why));
            }
            Ok(space) => {
                let refuse = levels.refuse.of(space.total);
                if space.free < refuse {
                    if self.gate.hold(
                        Hold::DiskLow,
                        self.clock.now(),
                        format!("the disk of the database is nearly full: {}", left(space)),
                    ) {
                        tracing::error!(
                            free = space.free,
                            total = space.total,
                            "the disk is nearly full: nothing is granted"
                        );
                    }
                // A quarter more, so that it does not open and close with every write.
                } else if space.free >= refuse / 4 * 5 && self.gate.release(Hold::DiskLow) {
                    tracing::info!("there is room on the disk again: access is granted again");
                    self.deadlines_wake.notify_one();
                }
                let low = space.free < levels.warn.of(space.total);
                self.disk.set(
                    (low && !self.gate.is_held(Hold::DiskLow))
                        .then(|| format!("the disk of the database fills up: {}", left(space))),
                );
            }
        }
    }
}

fn left(space: Space) -> String {
    format!(
        "{} MiB of {} MiB free",
        space.free / (1024 * 1024),
        space.total / (1024 * 1024)
    )
}

fn revoke_only(fault: &StoreError) -> String {
    format!("revoke-only: {fault}")
}
