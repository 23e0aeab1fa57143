//! The schedules of one key: what they should be, made so.

use super::{Trouble, look, names};
use crate::refused::Refused;
use crate::{Engine, random};
use chrono::TimeDelta;
use teamd_aws::port::{AwsError, Schedules};
use teamd_domain::Time;
use teamd_domain::backstop::{Backstop, FIRST_AFTER, Move, SECOND_AFTER};
use teamd_domain::grant::State as GrantState;
use teamd_domain::request::Key;
use teamd_store::WriteLane;

/// The longest pause between two tries, in seconds.
const LONGEST_PAUSE: i64 = 60;

/// A schedule in the past might never run.
const SOONEST: TimeDelta = TimeDelta::minutes(1);

impl Engine {
    /// Brings the schedules of a key to what its leases want. What fails is tried again when the key is next asked for.
    pub(super) async fn tend_switch(&self, schedules: &dyn Schedules, key: &Key) {
        // What is wanted may change meanwhile; a key that never settles is asked for again.
        for _ in 0..4 {
            let step = match self.intend_switch(key).await {
                Ok(step) => step,
                Err(error) => return tracing::error!(%error, "a dead-man's switch cannot be looked at"),
            };
            let done = match step {
                Move::Rest => {
                    self.switches.trouble().remove(key);
                    return;
                }
                Move::Set { ends_at } => set(schedules, key, ends_at, self.clock.now()).await,
                Move::Remove => remove(schedules, key).await,
            };
            if let Err(error) = done {
                return self.note_trouble(key, step, &error).await;
            }
            self.switches.trouble().remove(key);
            if let Err(error) = self.note_switch(key, step).await {
                return tracing::error!(%error, "a dead-man's switch cannot be written down");
            }
            // A create, or a lease that waited for this.
            self.drivers.poke(key);
        }
    }

    /// What to do, with the intent of it durable.
    async fn intend_switch(&self, key: &Key) -> Result<Move, Refused> {
        let (now, of) = (self.clock.now(), key.clone());
        let step = self
            .store
            .read(move |read| Ok::<_, Refused>(look(read, &of, now)?))
            .await?;
        if step == Move::Rest {
            return Ok(step);
        }
        let key = key.clone();
        self.store
            .write(WriteLane::Normal, move |tx| {
                let step = look(tx, &key, now)?;
                let known = tx.backstop(&key)?.and_then(|it| it.ends_at);
                // Until a later end is set the earlier one holds; in all other cases nobody may rely on anything.
                let ends_at = match step {
                    Move::Rest => return Ok(step),
                    Move::Set { ends_at } => known.filter(|at| *at <= ends_at),
                    Move::Remove => None,
                };
                tx.save_backstop(&Backstop { key, ends_at })?;
                Ok::<_, Refused>(step)
            })
            .await
    }

    async fn note_switch(&self, key: &Key, done: Move) -> Result<(), Refused> {
        let key = key.clone();
        self.store
            .write(WriteLane::Normal, move |tx| {
                match done {
                    Move::Rest => {}
                    Move::Set { ends_at } => tx.save_backstop(&Backstop {
                        key,
                        ends_at: Some(ends_at),
                    })?,
                    Move::Remove => tx.forget_backstop(&key)?,
                }
                Ok::<_, Refused>(())
            })
            .await
    }

    async fn note_trouble(&self, key: &Key, step: Move, error: &AwsError) {
        let setting = matches!(step, Move::Set { .. });
        tracing::error!(%error, account = %key.account, setting, "a dead-man's switch does not move; trying again");
        let now = self.clock.now();
        {
            let mut trouble = self.switches.trouble();
            let failures = trouble.get(key).map_or(0, |it| it.failures).saturating_add(1);
            let longest = 1_i64
                .checked_shl(failures)
                .unwrap_or(LONGEST_PAUSE)
                .min(LONGEST_PAUSE);
            // Half of it at least: many keys must not come back in one moment.
            #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
            let pause = (longest as f64 * 500.0 * (1.0 + random::jitter())) as i64;
            let not_before = now + TimeDelta::milliseconds(pause);
            let error = error.to_string();
            trouble.insert(
                key.clone(),
                Trouble {
                    failures,
                    not_before,
                    setting,
                    error,
                },
            );
        }
        if setting {
            self.tell_waiting(key, error).await;
        }
    }

    /// Whoever waits for a create reads in its grant why.
    async fn tell_waiting(&self, key: &Key, error: &AwsError) {
        let (key, message) = (key.clone(), format!("dead-man's switch: {error}"));
        let told = self
            .store
            .write(WriteLane::Normal, move |tx| {
                if let Some(mut grant) = tx.grant(&key)?
                    && matches!(grant.state, GrantState::Absent { .. })
                    && grant.last_error.as_deref() != Some(message.as_str())
                {
                    grant.last_error = Some(message.clone());
                    tx.save_grant(&grant)?;
                }
                Ok::<_, Refused>(())
            })
            .await;
        if let Err(error) = told {
            tracing::warn!(%error, "why a create waits could not be written down");
        }
    }
}

/// The first schedule first: it is the one that a longer lease has to fear.
async fn set(schedules: &dyn Schedules, key: &Key, ends_at: Time, now: Time) -> Result<(), AwsError> {
    for (name, after) in names(key).iter().zip([FIRST_AFTER, SECOND_AFTER]) {
        let at = (ends_at + after).max(now + SOONEST);
        schedules.put(name, key, at).await?;
    }
    Ok(())
}

async fn remove(schedules: &dyn Schedules, key: &Key) -> Result<(), AwsError> {
    for name in names(key) {
        schedules.delete(&name).await?;
    }
    Ok(())
}
