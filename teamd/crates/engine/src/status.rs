//! How the daemon is, from the store, without waiting for AWS.

use super::gate::Held;
use super::refused::Refused;
use super::{Counts, Engine, Hold, alarms, commit};
use chrono::TimeDelta;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use team_shared::event::EventType;
use teamd_aws::health::{Snapshot as AwsSnapshot, State as AwsState};
use teamd_domain::Time;
use teamd_domain::event::EventDraft;
use teamd_domain::grant::Grant;
use teamd_domain::request::Request;
use teamd_store::WriteLane;
use teamd_store::port::{AuditFilter, ChainCheck, ChainProgress, ChainStep, Read};

/// A removal is overdue when its end is past by more than this and absence is not verified.
const OVERDUE: TimeDelta = TimeDelta::seconds(10);

/// AWS has been away or refusing for this long: not healthy.
const AWS_AWAY: TimeDelta = TimeDelta::seconds(60);

/// Rows of the chain that are checked in one store job.
const ROWS_AT_ONCE: usize = 1_000;

/// The whole chain is checked again so often.
const CHAIN_EVERY: Duration = Duration::from_secs(3_600);

/// The last check of the chain.
#[derive(Debug, Default)]
pub(super) struct ChainWatch(Mutex<Option<(Time, ChainCheck)>>);

/// What `status` is made of.
#[derive(Debug, Clone)]
pub struct Overview {
    /// Now.
    pub now: Time,
    /// When the daemon started.
    pub started_at: Time,
    /// What is wrong, one line each; names nobody.
    pub problems: Vec<String>,
    /// What people should know although nothing is wrong yet, one line each; names nobody.
    pub notices: Vec<String>,
    /// Requests by state.
    pub requests: Counts,
    /// Grants by state.
    pub grants: Counts,
    /// Removals that are late, with their grant.
    pub overdue: Vec<(Request, Option<Grant>)>,
    /// The sweeps and what they have found.
    pub drift: super::DriftOverview,
    /// AWS.
    pub aws: AwsSnapshot,
    /// Why the last directory refresh failed.
    pub directory_error: Option<Arc<String>>,
    /// Rows of the audit trail.
    pub audit_rows: u64,
    /// Hash of its last row, lower-case hex.
    pub audit_head: String,
    /// The last full check.
    pub chain: Option<(Time, ChainCheck)>,
}

/// Whether a hold is too young to count as a fault.
fn is_young(held: &Held, now: Time) -> bool {
    now - held.since < AWS_AWAY
}

impl Engine {
    /// How the daemon is.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn overview(&self) -> Result<Overview, Refused> {
        let now = self.clock.now();
        let gather = move |read: &mut dyn Read| {
            let mut overdue = Vec::new();
            for request in read.overdue_requests(now - OVERDUE)? {
                let grant = read.grant(&request.key)?;
                overdue.push((request, grant));
            }
            let rows = read.last_seq()?;
            let filter = AuditFilter {
                after: rows.saturating_sub(1),
                limit: 1,
                ..AuditFilter::default()
            };
            let last = (rows, read.audit(&filter)?.first().map(|record| record.hash));
            Ok::<_, Refused>((read.count_requests()?, read.grants()?, overdue, last))
        };
        let (requests, grants, overdue, last) = match self.store.read_ahead(gather).await {
            Ok(gathered) => gathered,
            Err(_) if self.degraded().is_some() => self.store.read_urgently(gather).await?,
            Err(refused) => return Err(refused),
        };
        let chain = self
            .chain
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let aws = self.health.snapshot();
        let mut counts = Counts::new();
        for grant in &grants {
            *counts.entry(grant.word().to_string()).or_default() += 1;
        }
        let mut overview = Overview {
            now,
            started_at: self.started_at,
            problems: Vec::new(),
            notices: Vec::new(),
            requests: requests
                .into_iter()
                .map(|(state, n)| (state.to_string(), n))
                .collect(),
            grants: counts,
            overdue,
            drift: self.drift_overview().await?,
            aws,
            directory_error: self.directory_error.load_full(),
            audit_rows: last.0,
            audit_head: hex(&last.1.unwrap_or_default()),
            chain,
        };
        overview.problems = self.problems(&overview);
        let mut holds = self.gate.holds();
        // A refusal counts as a fault after a minute only, but is told at once; a freeze is somebody's will, and no fault.
        let refused = holds
            .remove(&Hold::AwsRefuses)
            .map(|held| format!("no access is granted: {}", held.line()));
        // Nor is what AWS is asked for at each start.
        let unknown = holds
            .remove(&Hold::OwnAccount)
            .filter(|held| is_young(held, now))
            .map(|held| format!("no access is granted: {}", held.line()));
        overview.notices = refused
            .into_iter()
            .chain(unknown)
            .chain(holds.remove(&Hold::Frozen).map(|held| held.line()))
            .chain(self.on_call_faults())
            .collect();
        // Where the store cannot be read, others say so.
        overview
            .notices
            .extend(self.telling_faults().await.unwrap_or_default());
        Ok(overview)
    }

    fn problems(&self, overview: &Overview) -> Vec<String> {
        let mut problems = overdue_lines(overview);
        problems.extend(
            self.gate
                .holds()
                .into_iter()
                .filter(|(hold, held)| match hold {
                    Hold::AwsRefuses | Hold::Frozen => false,
                    Hold::OwnAccount => !is_young(held, overview.now),
                    _ => true,
                })
                .map(|(_, held)| format!("no access is granted: {}", held.line())),
        );
        problems.extend(self.disk.warning());
        problems.extend(self.leases.problem());
        problems.extend(self.switches.problems());
        if let Some(fault) = overview
            .chain
            .as_ref()
            .and_then(|(_, check)| check.fault.as_ref())
        {
            problems.push(format!("the audit chain is broken: {fault}"));
        }
        if let Some(since) = failing_since(&overview.aws).filter(|since| overview.now - *since >= AWS_AWAY) {
            problems.push(format!(
                "AWS is {} since {}: {}",
                overview.aws.state.word(),
                since.format("%H:%M:%SZ"),
                overview.aws.last_error.as_deref().unwrap_or("no answer")
            ));
        }
        problems
    }

    /// Checks the whole chain now, in several short store jobs.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn verify_chain(&self) -> Result<ChainCheck, Refused> {
        let mut so_far = ChainProgress::default();
        let check = loop {
            let step = self
                .store
                .read(move |read| Ok::<_, Refused>(read.verify_rows(so_far, ROWS_AT_ONCE)?));
            match step.await? {
                ChainStep::More(further) => so_far = further,
                ChainStep::Done(check) => break check,
            }
        };
        let before = self
            .chain
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .replace((self.clock.now(), check.clone()));
        let was_fine = before.is_none_or(|(_, before)| before.fault.is_none());
        if let Some(fault) = check.fault.clone().filter(|_| was_fine) {
            self.announce_fault(fault).await;
        }
        Ok(check)
    }

    /// Tells people that the trail does not verify, once; in the journal also where it takes no row any more.
    async fn announce_fault(&self, fault: String) {
        tracing::error!(fault = %team_shared::text::inert(&fault), "the audit trail does not verify");
        let now = self.clock.now();
        let event = EventDraft::new(EventType::AuditFault).text("why", fault);
        let told = self.store.write(WriteLane::Background, move |tx| {
            Ok::<_, Refused>(commit::tell(tx, &event, now)?)
        });
        match told.await {
            Ok(_) => self.outbox_wake.notify_one(),
            Err(error) => tracing::error!(%error, "that it does not verify is not in the trail"),
        }
    }

    /// Small things that come round: counted refusals, the chain.
    pub(super) async fn run_upkeep(&self) {
        while !self.stop.is_cancelled() {
            let checked = self
                .chain
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .as_ref()
                .map(|(at, _)| *at);
            if self.degraded().is_none()
                && checked.is_none_or(|at| {
                    (self.clock.now() - at)
                        .to_std()
                        .is_ok_and(|age| age >= self.nap(CHAIN_EVERY))
                })
                && let Err(error) = self.verify_chain().await
            {
                tracing::error!(%error, "the audit chain cannot be checked");
            }
            self.flush_refusals().await;
            tokio::select! {
                biased;
                () = tokio::time::sleep(self.nap(Duration::from_secs(10))) => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    pub(super) async fn announce_start(&self) -> Result<(), Refused> {
        teamd_host::failpoint::pass("start.announce").await?;
        let now = self.clock.now();
        let event = EventDraft::new(EventType::DaemonStarted).text("version", env!("CARGO_PKG_VERSION"));
        self.store
            .write(WriteLane::Normal, move |tx| {
                Ok::<_, Refused>(commit::tell(tx, &event, now)?)
            })
            .await?;
        Ok(())
    }

    /// Says in the audit trail that the daemon stops. After the last task.
    pub async fn announce_stop(&self) {
        self.flush_all_refusals().await;
        let now = self.clock.now();
        let event = EventDraft::new(EventType::DaemonStopped);
        let written = self
            .store
            .write(WriteLane::Normal, move |tx| {
                Ok::<_, Refused>(commit::tell(tx, &event, now)?)
            })
            .await;
        if let Err(error) = written {
            tracing::warn!(%error, "the stop could not be written to the audit trail");
        }
    }
}

/// How many removals are late, and how many of them have raised an alarm, with how late the worst is.
fn overdue_lines(overview: &Overview) -> Vec<String> {
    let late: Vec<_> = overview
        .overdue
        .iter()
        .filter_map(|(request, _)| Some(overview.now - alarms::due_at(request)?))
        .collect();
    let stuck = late
        .iter()
        .filter(|late| **late >= alarms::ALARMS_AFTER[0])
        .count();
    match (late.iter().max(), stuck) {
        (None, _) => Vec::new(),
        (Some(_), 0) => vec![format!("{} revocations are overdue", late.len())],
        (Some(worst), stuck) => vec![format!(
            "{} revocations are overdue, {stuck} of them stuck: the worst for {}",
            late.len(),
            team_shared::duration::format_seconds(worst.num_seconds()),
        )],
    }
}

/// Since when AWS refuses us or does not answer; being told to slow down is no fault.
#[must_use]
pub fn failing_since(aws: &AwsSnapshot) -> Option<Time> {
    match aws.state {
        AwsState::Unreachable | AwsState::Refusing => aws.since,
        AwsState::Unknown | AwsState::Ok | AwsState::Throttling => None,
    }
}

/// Bytes as lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
