//! Performs effects after the transaction that asked for them: a notice in the operators' journal, one line an event, and
//! the deliveries to people and places ([`telling`](super::telling)), made in the transaction that takes the row away.

use super::Engine;
use super::refused::Refused;
use super::telling::{Plan, expand, row_to_tell};
use chrono::TimeDelta;
use std::sync::Arc;
use std::time::Duration;
use team_shared::text::inert;
use teamd_host::failpoint::{hit, pass};
use teamd_store::WriteLane;
use teamd_store::port::{AuditRecord, OutboxRow};

/// Rows looked at in one go.
const BATCH: usize = 100;

/// Rows taken in one transaction: nobody waits long behind it.
const TOGETHER: usize = 10;

/// A row that cannot be taken is left alone for this long, so that the others go on: shorter than until the next look,
/// since a fault that passes must not cost a second one.
const PAUSE: TimeDelta = TimeDelta::seconds(10);

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
        let plan = Arc::new(self.plan_of_deliveries());
        for rows in due.chunks(TOGETHER) {
            pass("outbox.perform").await?;
            match self.take_rows(rows.to_vec(), &plan).await {
                Ok(()) => {}
                Err(_) if rows.len() > 1 => {
                    for row in rows {
                        self.take_or_leave(row, &plan).await?;
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "an event cannot be told; trying again");
                    self.leave(rows[0].id).await?;
                }
            }
        }
        if performed > 0 {
            self.telling.wake.notify_one();
        }
        Ok(performed)
    }

    /// Makes the deliveries of rows, and takes the rows away.
    async fn take_rows(&self, rows: Vec<OutboxRow>, plan: &Arc<Plan>) -> Result<(), Refused> {
        let (plan, now) = (Arc::clone(plan), self.clock.now());
        let told = self
            .store
            .write(WriteLane::Background, move |tx| {
                let mut told = Vec::new();
                for taken in &rows {
                    hit("outbox.done")?;
                    if let Some(record) = row_to_tell(tx, taken.seq)? {
                        expand(tx, &record, &plan, now)?;
                        told.push(record);
                    }
                    tx.outbox_done(taken.id)?;
                }
                Ok::<_, Refused>(told)
            })
            .await?;
        told.iter().for_each(notice);
        Ok(())
    }

    async fn take_or_leave(&self, row: &OutboxRow, plan: &Arc<Plan>) -> Result<(), Refused> {
        if let Err(error) = self.take_rows(vec![row.clone()], plan).await {
            tracing::error!(seq = row.seq, %error, "an event cannot be told; trying again");
            self.leave(row.id).await?;
        }
        Ok(())
    }

    async fn leave(&self, id: i64) -> Result<(), Refused> {
        let later = self.clock.now() + PAUSE;
        self.store
            .write(WriteLane::Background, move |tx| {
                Ok::<_, Refused>(tx.outbox_retry(id, later)?)
            })
            .await
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
