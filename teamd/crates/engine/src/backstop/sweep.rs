//! What AWS has against what we think it has, each hour. Nothing is made or removed here: what is found is written into
//! the rows that `tend` works from.

use super::{PREFIX, names};
use crate::Engine;
use crate::refused::Refused;
use std::collections::BTreeSet;
use teamd_aws::port::{AwsError, Schedules};
use teamd_domain::backstop::{Backstop, FIRST_AFTER};
use teamd_domain::request::Key;
use teamd_store::WriteLane;

/// Schedules of unknown meaning that are asked about in one sweep.
const MOST_UNKNOWN: usize = 50;

impl Engine {
    /// Sets anew what somebody has taken away, and finds what was left behind.
    pub(super) async fn sweep_schedules(&self, schedules: &dyn Schedules) {
        if let Err(error) = self.try_sweep(schedules).await {
            tracing::warn!(%error, "the schedules of the dead-man's switch cannot be compared");
        }
    }

    async fn try_sweep(&self, schedules: &dyn Schedules) -> Result<(), Refused> {
        // Before the listing: what is said to stand now must be in it.
        let known = self
            .store
            .read(|read| Ok::<_, Refused>(read.backstops()?))
            .await?;
        let listed: BTreeSet<String> = match schedules.list(PREFIX).await {
            Ok(names) => names.into_iter().collect(),
            Err(error) => {
                tracing::warn!(%error, "schedules cannot be listed");
                return Ok(());
            }
        };
        let now = self.clock.now();
        let mut ours = BTreeSet::new();
        for switch in known {
            let pair = names(&switch.key);
            let missing = pair.iter().any(|name| !listed.contains(name));
            ours.extend(pair);
            if missing && switch.ends_at.is_some_and(|at| now < at + FIRST_AFTER) {
                tracing::warn!(account = %switch.key.account, "a schedule of ours is gone");
                self.doubt(switch).await?;
            }
        }
        for name in listed.difference(&ours).take(MOST_UNKNOWN) {
            match schedules.target(name).await {
                Ok(Some(key)) if names(&key).contains(name) => self.adopt(key).await?,
                Ok(_) => tracing::info!(name, "a schedule that is not ours"),
                Err(error @ AwsError::Refused(_)) => {
                    tracing::warn!(%error, "schedules cannot be read");
                    return Ok(());
                }
                Err(error) => tracing::warn!(%error, name, "a schedule cannot be read"),
            }
        }
        Ok(())
    }

    /// It does not stand as we thought.
    async fn doubt(&self, switch: Backstop) -> Result<(), Refused> {
        let key = switch.key.clone();
        self.store
            .write(WriteLane::Normal, move |tx| {
                if tx.backstop(&switch.key)?.as_ref() == Some(&switch) {
                    tx.save_backstop(&Backstop {
                        ends_at: None,
                        ..switch.clone()
                    })?;
                }
                Ok::<_, Refused>(())
            })
            .await?;
        self.switches.poke(&key);
        Ok(())
    }

    /// A schedule without a row. A store that has never heard of the key has lost its memory, and the schedule is then
    /// all that is left: it stays.
    async fn adopt(&self, key: Key) -> Result<(), Refused> {
        let of = key.clone();
        let is_known = self
            .store
            .write(WriteLane::Normal, move |tx| {
                let is_known = tx.grant(&of)?.is_some();
                if is_known && tx.backstop(&of)?.is_none() {
                    tx.save_backstop(&Backstop {
                        key: of,
                        ends_at: None,
                    })?;
                }
                Ok::<_, Refused>(is_known)
            })
            .await?;
        if is_known {
            self.switches.poke(&key);
        } else {
            tracing::warn!(account = %key.account, "a schedule of a grant that nothing is known of; it stays");
        }
        Ok(())
    }
}
