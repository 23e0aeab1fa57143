//! "Stuck" is an alarm, not a state: a removal that is due and not verified is told of after 1, 5 and 15 minutes, and
//! goes on as before. How many alarms were raised is with the grant, so that a restart neither repeats nor forgets one.
//!
//! A task of its own looks at what is due, because nothing else is sure to come by: the driver may wait for its next
//! try, and AWS may hang. It only reads, and writes behind everybody else.

use super::refused::Refused;
use super::{Engine, commit, reconciler};
use chrono::TimeDelta;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use team_shared::event::EventType;
use team_shared::ids::RequestId;
use teamd_domain::Time;
use teamd_domain::event::{Datum, EventDraft};
use teamd_domain::grant::{Grant, State as GrantState};
use teamd_domain::request::{Key, Request, State};
use teamd_store::WriteLane;
use teamd_store::port::{StoreResult, Tx};

/// After so long a removal that is due raises its first, second and third alarm.
pub const ALARMS_AFTER: [TimeDelta; 3] = [
    TimeDelta::minutes(1),
    TimeDelta::minutes(5),
    TimeDelta::minutes(15),
];

/// Between two looks.
const EVERY: Duration = Duration::from_secs(5);

/// Looks until one also at grants that no request speaks for any more.
const ORPHANS_EVERY: u32 = 6;

/// Alarms raised in one transaction.
const BATCH: usize = 50;

/// A removal that is due, on a key.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Due {
    key: Key,
    request: Option<RequestId>,
    since: Time,
}

impl Engine {
    /// Looks at what is due until the daemon stops.
    pub(super) async fn run_alarms(&self) {
        let (mut orphans, mut looks) = (HashMap::new(), 0u32);
        while !self.stop.is_cancelled() {
            let due = match looks % ORPHANS_EVERY {
                0 => self.orphans(&mut orphans).await,
                _ => Ok(Vec::new()),
            };
            let raised = match due {
                Ok(due) => self.raise_alarms(due).await,
                Err(error) => Err(error),
            };
            if let Err(error) = raised {
                tracing::error!(%error, "alarms about removals could not be written; trying again");
            }
            looks = looks.wrapping_add(1);
            tokio::select! {
                biased;
                () = tokio::time::sleep(self.nap(EVERY)) => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    async fn raise_alarms(&self, orphans: Vec<Due>) -> Result<(), Refused> {
        teamd_host::failpoint::pass("alarms.look").await?;
        let now = self.clock.now();
        let mut due = self
            .store
            .read(move |read| {
                let mut due = due_on_keys(read.overdue_requests(now - ALARMS_AFTER[0])?);
                due.extend(orphans);
                let mut silent = Vec::new();
                for one in due {
                    let raised = read.grant(&one.key)?.map_or(0, |grant| grant.stuck_alarms);
                    if alarms_due(now - one.since) > raised {
                        silent.push(one);
                    }
                }
                Ok::<_, Refused>(silent)
            })
            .await?;
        while !due.is_empty() {
            let batch = due.split_off(due.len().saturating_sub(BATCH));
            let raised = self
                .store
                .write(WriteLane::Background, move |tx| {
                    let mut raised = Vec::new();
                    for one in &batch {
                        raised.extend(raise(tx, one, now)?);
                    }
                    Ok::<_, Refused>(raised)
                })
                .await?;
            for (account, late, error) in raised {
                tracing::error!(%account, late_by_seconds = late, last_error = %team_shared::text::inert(&error), "access is not taken back");
            }
            self.outbox_wake.notify_one();
        }
        Ok(())
    }

    /// Grants on their way out that no open request speaks for, such as a create that surfaced late. They carry no due
    /// time: they count from when they were first seen, anew after a restart.
    async fn orphans(&self, seen: &mut HashMap<Key, Time>) -> Result<Vec<Due>, Refused> {
        let now = self.clock.now();
        let found = self
            .store
            .read(|read| {
                let mut found = Vec::new();
                for grant in read.grants()? {
                    let leaving = matches!(
                        grant.state,
                        GrantState::Deleting(_) | GrantState::Unknown | GrantState::Creating(_)
                    );
                    if leaving && read.open_requests_on(&grant.key)?.is_empty() {
                        found.push(grant.key);
                    }
                }
                Ok::<_, Refused>(found)
            })
            .await?;
        seen.retain(|key, _| found.contains(key));
        Ok(found
            .into_iter()
            .map(|key| Due {
                since: *seen.entry(key.clone()).or_insert(now),
                key,
                request: None,
            })
            .collect())
    }
}

/// How many alarms a removal that is so late has earned.
fn alarms_due(late: TimeDelta) -> u32 {
    ALARMS_AFTER.iter().map(|after| u32::from(late >= *after)).sum()
}

/// One for each key: the request that was due first speaks for it.
fn due_on_keys(requests: Vec<Request>) -> Vec<Due> {
    let mut keys: BTreeMap<Key, Due> = BTreeMap::new();
    for request in requests {
        let Some(since) = due_at(&request) else { continue };
        let due = Due {
            key: request.key.clone(),
            request: Some(request.id),
            since,
        };
        let known = keys.entry(request.key).or_insert_with(|| due.clone());
        if due.since < known.since {
            *known = due;
        }
    }
    keys.into_values().collect()
}

/// When the access of a request should have been gone.
pub(super) fn due_at(request: &Request) -> Option<Time> {
    match &request.state {
        State::Ending { due_at, .. } => Some(*due_at),
        State::Active { session } => Some(session.end_at),
        State::Pending
        | State::Scheduled { .. }
        | State::Activating { .. }
        | State::Ended(_)
        | State::Revoked(_)
        | State::Failed(_)
        | State::Rejected { .. }
        | State::Cancelled { .. }
        | State::Expired { .. }
        | State::Withdrawn { .. }
        | State::Lost { .. } => None,
    }
}

/// Raises the alarm that is due, where it still is: once, also where several were missed.
fn raise(tx: &mut dyn Tx, due: &Due, now: Time) -> StoreResult<Option<(String, i64, String)>> {
    let open = tx.open_requests_on(&due.key)?;
    let is_over = match due.request {
        Some(id) => !open.iter().any(|r| r.id == id && due_at(r).is_some()),
        None => !open.is_empty(),
    };
    let mut grant = tx.grant(&due.key)?.unwrap_or_else(|| Grant::new(due.key.clone()));
    let late = now - due.since;
    if is_over || alarms_due(late) <= grant.stuck_alarms {
        return Ok(None);
    }
    grant.stuck_alarms = alarms_due(late);
    tx.save_grant(&grant)?;
    let error = grant
        .last_error
        .clone()
        .unwrap_or_else(|| "no answer yet".to_owned());
    commit::tell_removal(tx, &stuck(due, &grant, &error, late), now)?;
    Ok(Some((due.key.account.to_string(), late.num_seconds(), error)))
}

fn stuck(due: &Due, grant: &Grant, error: &str, late: TimeDelta) -> EventDraft {
    let event = reconciler::about(EventType::GrantStuck, &due.key, due.request)
        .text("last_error", error)
        .with("alarm", Datum::Number(i64::from(grant.stuck_alarms)))
        .with("attempts", Datum::Number(i64::from(grant.attempts)))
        .with("late_by_seconds", Datum::Number(late.num_seconds()));
    match grant.next_attempt_at {
        Some(at) => event.with("next_attempt_at", Datum::Moment(at)),
        None => event,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_one_five_and_fifteen_minutes() {
        let due = |seconds| alarms_due(TimeDelta::seconds(seconds));
        assert_eq!([due(0), due(59), due(60), due(299)], [0, 0, 1, 1]);
        assert_eq!([due(300), due(899), due(900), due(86_400)], [2, 2, 3, 3]);
    }
}
