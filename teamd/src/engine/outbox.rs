//! Performs effects after the transaction that asked for them. In this release the one effect is a notice in the
//! operators' journal, one line an event; channels to people are added here, not in the commands.

use super::Engine;
use super::refused::Refused;
use crate::failpoint::{hit, pass};
use crate::store::WriteLane;
use crate::store::port::{AuditFilter, AuditRecord};
use std::time::Duration;
use team_shared::text::inert;

/// Rows performed in one go.
const BATCH: usize = 100;

impl Engine {
    pub(super) async fn run_outbox(&self) {
        while !self.stop.is_cancelled() {
            match self.perform_due().await {
                Ok(performed) if performed == BATCH => continue,
                Ok(_) => {}
                Err(error) => tracing::error!(%error, "the outbox cannot be read; trying again"),
            }
            tokio::select! {
                biased;
                () = self.outbox_wake.notified() => {}
                () = tokio::time::sleep(self.nap(Duration::from_secs(30))) => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    async fn perform_due(&self) -> Result<usize, Refused> {
        if self.degraded().is_some() {
            return Ok(0);
        }
        pass("outbox.due").await?;
        let now = self.clock.now();
        let due = self
            .store
            .read(move |read| Ok::<_, Refused>(read.outbox_due(now, BATCH)?))
            .await?;
        let performed = due.len();
        for row in due {
            let filter = AuditFilter {
                after: row.seq.saturating_sub(1),
                limit: 1,
                ..AuditFilter::default()
            };
            let found = self
                .store
                .read(move |read| Ok::<_, Refused>(read.audit(&filter)?))
                .await?;
            pass("outbox.perform").await?;
            if let Some(record) = found.first() {
                notice(record);
            }
            self.store
                .write(WriteLane::Background, move |tx| {
                    hit("outbox.done")?;
                    Ok::<_, Refused>(tx.outbox_done(row.id)?)
                })
                .await?;
        }
        Ok(performed)
    }
}

/// One line in the journal. Texts of people are inert there.
fn notice(record: &AuditRecord) {
    let actor = match (&record.actor.user_name, record.actor.uid) {
        (Some(name), _) => inert(name),
        (None, Some(0)) => "operator".to_owned(),
        (None, Some(uid)) => format!("uid {uid}"),
        (None, None) => "teamd".to_owned(),
    };
    let request = record.request_id.map(|id| id.to_string()).unwrap_or_default();
    tracing::info!(target: "teamd::notice", seq = record.seq, event = %record.kind, %actor, %request, "notice");
}
