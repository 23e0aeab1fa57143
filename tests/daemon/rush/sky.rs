//! AWS without a wire: the organisation model behind the ports, with our own pace before it and AWS's limits in it.

use super::world::{account, from_aws, in_aws, key, organisation};
use aws_simulator::organisation::{OperationKind, OperationStatus};
use aws_simulator::{CallError, Caller, ErrorKind, FaultKind, FaultRule, Faults, Operation, Organisation};
use futures::future::BoxFuture;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use team_shared::ids::{AccountId, PermissionSetArn};
use teamd_aws::limiter::{Limiter, Urgency};
use teamd_aws::port::{Assignments, CallRate, Holders, Lane};
use teamd_domain::Time;
use teamd_domain::grant::{Refusal, Reply, Status};
use teamd_domain::request::Key;
use teamd_host::clock::Clock;
use tokio::time::Instant;

/// How long an operation takes.
pub(super) const OPERATION: Duration = Duration::from_millis(1000);

/// From sending a call to its answer; AWS hears it in the middle.
pub(super) const ROUND_TRIP: Duration = Duration::from_millis(40);

pub(super) fn start() -> Time {
    chrono::DateTime::from_timestamp(1_795_000_000, 0).expect("a moment")
}

/// The engine's time is the runtime's.
#[derive(Debug)]
pub(super) struct PausedClock(Instant);

impl PausedClock {
    pub(super) fn new() -> Self {
        Self(Instant::now())
    }
}

impl Clock for PausedClock {
    fn now(&self) -> Time {
        start() + Duration::from_millis(self.0.elapsed().as_millis().try_into().expect("not for ever"))
    }

    fn sleep_until<'a>(&'a self, at: Time) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            while let Ok(left) = (at - self.now()).to_std() {
                if left.is_zero() {
                    break;
                }
                tokio::time::sleep(left).await;
            }
        })
    }
}

/// AWS, and our pace before it.
pub(super) struct Sky {
    organisation: Mutex<Organisation>,
    by: Caller,
    clock: Arc<PausedClock>,
    pace: Limiter,
    /// The most operations that were unfinished at a time.
    most: Mutex<usize>,
}

impl Sky {
    /// With an assignment for each session; deletes in one account are refused, in the other they hang.
    pub(super) fn new(sessions: usize, clock: Arc<PausedClock>, (refused, hangs): (usize, usize)) -> Self {
        let mut organisation = organisation(sessions);
        for number in 0..sessions {
            organisation.put_standing_assignment(&in_aws(&key(number)));
        }
        let about = |number: usize| Some(account(number).to_string());
        let refusal = FaultRule {
            account: about(refused),
            ..FaultRule::new("DeleteAccountAssignment", FaultKind::AccessDenied)
        };
        let hang = FaultRule {
            account: about(hangs),
            ..FaultRule::new("DeleteAccountAssignment", FaultKind::Slow).delay_ms(600_000)
        };
        let faults = Faults {
            assignment_latency_ms: OPERATION.as_millis().try_into().expect("small"),
            deletes_share_slots: true,
            ..Faults::default()
        };
        organisation.install_faults(faults.with(refusal).with(hang), start().timestamp_millis());
        Self {
            by: organisation.management_caller(),
            organisation: Mutex::new(organisation),
            clock,
            // As the adapters have it with the configuration's defaults.
            pace: Limiter::new(10.0, 16.0, 4.0),
            most: Mutex::default(),
        }
    }

    async fn ask<T>(
        &self,
        urgency: impl Into<Urgency>,
        sent: &(dyn Fn() + Send + Sync),
        call: impl FnOnce(&mut Organisation, i64) -> Result<T, CallError> + Send,
    ) -> Result<T, Reply> {
        self.pace.acquire(urgency).await;
        sent();
        tokio::time::sleep(ROUND_TRIP / 2).await;
        let answer = {
            let mut organisation = self.organisation.lock().expect("the organisation");
            let answer = call(&mut organisation, self.clock.now().timestamp_millis());
            let mut most = self.most.lock().expect("a number");
            *most = organisation.unfinished_operations().max(*most);
            answer
        };
        tokio::time::sleep(ROUND_TRIP / 2).await;
        answer.map_err(|error| self.refusal(error))
    }

    fn refusal(&self, error: CallError) -> Reply {
        let message = error.to_string();
        let CallError::Aws(error) = error else {
            return Reply::Unknown { message };
        };
        let class = match error.kind {
            ErrorKind::NotFound => return Reply::NotFound { message },
            ErrorKind::Throttled => {
                self.pace.throttled();
                Refusal::Throttled
            }
            ErrorKind::QuotaExceeded => Refusal::Throttled,
            ErrorKind::Conflict => Refusal::Conflict,
            ErrorKind::AccessDenied => Refusal::AccessDenied,
            ErrorKind::Validation => Refusal::Permanent,
            ErrorKind::Internal | ErrorKind::Named(_) => Refusal::Transient,
        };
        Reply::Refused { class, message }
    }

    /// One side of an operation.
    async fn write(&self, urgency: Urgency, kind: OperationKind, key: &Key) -> Reply {
        let key = in_aws(key);
        let sent = |organisation: &mut Organisation, now| match kind {
            OperationKind::Create => organisation.create_account_assignment(&self.by, &key, now),
            OperationKind::Delete => organisation.delete_account_assignment(&self.by, &key, now),
        };
        match self.ask(urgency, &|| {}, sent).await {
            Ok(operation) => Reply::Accepted {
                request_id: operation.request_id,
                status: Status::InProgress,
            },
            Err(reply) => reply,
        }
    }

    async fn describe(&self, urgency: Urgency, kind: OperationKind, id: &str) -> Reply {
        let described = |organisation: &mut Organisation, now| {
            organisation.describe_assignment_operation(&self.by, kind, id, now)
        };
        match self.ask(urgency, &|| {}, described).await {
            Ok(operation) => Reply::Status(match operation.status {
                OperationStatus::InProgress => Status::InProgress,
                OperationStatus::Succeeded => Status::Succeeded,
                OperationStatus::Failed => Status::Failed {
                    reason: operation.failure_reason.unwrap_or_default(),
                },
            }),
            Err(reply) => reply,
        }
    }

    async fn holders(
        &self,
        (account, set): (&AccountId, &PermissionSetArn),
        lane: Lane,
        begun: &(dyn Fn() + Send + Sync),
    ) -> Result<Holders, Reply> {
        let urgency = match lane {
            Lane::Removal => Urgency::Verify,
            lane => lane.into(),
        };
        let listed = |organisation: &mut Organisation, now| {
            organisation.list_account_assignments(&self.by, account.as_str(), set.as_str(), now)
        };
        let rows = self.ask(urgency, begun, listed).await?;
        for _ in 1..rows.len().div_ceil(100) {
            self.ask(lane, &|| {}, listed).await?;
        }
        Ok(rows.iter().map(|row| row.principal.id().to_owned()).collect())
    }

    /// Calls of Identity Center between two moments, in seconds from the end of the sessions.
    pub(super) fn calls_between(&self, from: f64, to: f64) -> usize {
        self.log(|at, _| from <= at && at < to).len()
    }

    pub(super) fn calls_by_name(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for (_, operation, _) in self.log(|_, _| true) {
            *counts.entry(operation.name().to_owned()).or_default() += 1;
        }
        counts
    }

    /// Deletes in the order in which AWS took them.
    pub(super) fn deletes(&self) -> Vec<Key> {
        let deletes = self.log(|_, operation| operation == Operation::DeleteAccountAssignment);
        deletes.into_iter().filter_map(|(_, _, key)| key).collect()
    }

    /// Moments of creates, in seconds from the end of the sessions.
    pub(super) fn creates(&self) -> Vec<f64> {
        let creates = self.log(|_, operation| operation == Operation::CreateAccountAssignment);
        creates.into_iter().map(|(at, _, _)| at).collect()
    }

    fn log(&self, wanted: impl Fn(f64, Operation) -> bool) -> Vec<(f64, Operation, Option<Key>)> {
        let organisation = self.organisation.lock().expect("the organisation");
        let since = start().timestamp_millis() + super::BEFORE.as_millis() as i64;
        let calls = organisation.calls().map(|call| {
            let key = call.key.as_ref().map(from_aws);
            ((call.at_ms - since) as f64 / 1000.0, call.operation, key)
        });
        calls
            .filter(|(at, operation, _)| wanted(*at, *operation))
            .collect()
    }

    /// AWS never had to refuse us for being too fast, or for too many operations.
    pub(super) fn kept_the_limits(&self) {
        let organisation = self.organisation.lock().expect("the organisation");
        for call in organisation.calls() {
            let refused = format!("{:?}", call.outcome);
            assert!(
                !refused.contains("Throttling") && !refused.contains("Quota"),
                "{call:?}"
            );
        }
        let most = *self.most.lock().expect("a number");
        assert!((12..=15).contains(&most), "{most} unfinished operations");
    }
}

impl Assignments for Sky {
    fn list<'a>(&'a self, key: &'a Key, lane: Lane) -> BoxFuture<'a, Reply> {
        Box::pin(async move {
            match self
                .holders((&key.account, &key.permission_set), lane, &|| {})
                .await
            {
                Ok(holders) => Reply::Listed {
                    present: holders.has(&key.user),
                },
                Err(reply) => reply,
            }
        })
    }

    fn create<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Reply> {
        Box::pin(self.write(Urgency::Create, OperationKind::Create, key))
    }

    fn delete<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Reply> {
        Box::pin(self.write(Urgency::Revoke, OperationKind::Delete, key))
    }

    fn creation_status<'a>(&'a self, request_id: &'a str, lane: Lane) -> BoxFuture<'a, Reply> {
        Box::pin(self.describe(lane.into(), OperationKind::Create, request_id))
    }

    fn deletion_status<'a>(&'a self, request_id: &'a str) -> BoxFuture<'a, Reply> {
        Box::pin(self.describe(Urgency::Status, OperationKind::Delete, request_id))
    }

    fn list_holders<'a>(
        &'a self,
        account: &'a AccountId,
        permission_set: &'a PermissionSetArn,
        lane: Lane,
        begun: &'a (dyn Fn() + Send + Sync),
    ) -> BoxFuture<'a, Option<Result<Holders, Reply>>> {
        Box::pin(async move { Some(self.holders((account, permission_set), lane, begun).await) })
    }

    fn unfinished_deletions(&self) -> BoxFuture<'_, Option<Result<BTreeSet<String>, Reply>>> {
        let unfinished = |organisation: &mut Organisation, now| {
            let of = Some(OperationStatus::InProgress);
            organisation.list_assignment_operations(&self.by, OperationKind::Delete, of, now)
        };
        Box::pin(async move {
            let listed = self.ask(Urgency::Status, &|| {}, unfinished).await;
            Some(listed.map(|rows| rows.into_iter().map(|row| row.request_id).collect()))
        })
    }

    fn removals_due(&self, due: bool) {
        self.pace.removals_due(due);
    }

    fn call_rate(&self) -> Option<CallRate> {
        Some(self.pace.call_rate())
    }
}
