//! Account assignments: asynchronous operations, conflicts with a recent write, and listings.

mod settle;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::error::{Answer, AwsError, ErrorKind};
use super::operation::Operation;
use super::types::{AssignmentKey, Caller, Principal};
use super::{About, Organisation, ids};
use crate::faults::Verdict;

/// How many operations can still be described. AWS does not say how long it remembers them.
const REMEMBERED: usize = 20_000;

/// Whether an operation adds an assignment or removes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationKind {
    /// `CreateAccountAssignment`.
    Create,
    /// `DeleteAccountAssignment`.
    Delete,
}

/// How far an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationStatus {
    /// Not finished.
    InProgress,
    /// Done.
    Succeeded,
    /// Given up; `failure_reason` says why.
    Failed,
}

impl OperationStatus {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
        }
    }
}

/// An asynchronous assignment operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssignmentOperation {
    /// A UUID.
    pub request_id: String,
    /// What it does.
    pub kind: OperationKind,
    /// To what.
    pub key: AssignmentKey,
    /// How far it is.
    pub status: OperationStatus,
    /// Why it failed.
    pub failure_reason: Option<String>,
    /// When it was accepted, milliseconds since the epoch.
    pub created_ms: i64,
    due_ms: i64,
    fail_with: Option<String>,
}

/// The operations, finished or not.
#[derive(Debug, Clone, Default)]
pub(crate) struct Operations {
    by_id: BTreeMap<String, AssignmentOperation>,
    order: VecDeque<String>,
    /// Unfinished: when due, then in the order of arrival.
    pending: BTreeSet<(i64, u64, String)>,
    /// The last operation accepted for each key.
    latest: BTreeMap<AssignmentKey, String>,
    /// Requests that are lost somewhere on the way and arrive late: when, then in the order of sending.
    late: BTreeMap<(i64, u64), (Caller, OperationKind, AssignmentKey)>,
}

impl Organisation {
    /// Starts adding an assignment. Accepts what AWS accepts: an assignment that exists already (ends well,
    /// there is still one) and an account outside the organisation (ends well, without any effect).
    pub fn create_account_assignment(
        &mut self,
        by: &Caller,
        key: &AssignmentKey,
        now_ms: i64,
    ) -> Answer<AssignmentOperation> {
        self.call(
            by,
            Operation::CreateAccountAssignment,
            About::key(key),
            now_ms,
            |org, verdict| {
                org.check_set(&key.permission_set)?;
                org.check_conflict(key, OperationKind::Create, now_ms)?;
                org.check_slots(OperationKind::Create)?;
                Ok(org.accept(OperationKind::Create, key, verdict, now_ms))
            },
        )
    }

    /// Starts removing an assignment; `ResourceNotFoundException` if there is none.
    pub fn delete_account_assignment(
        &mut self,
        by: &Caller,
        key: &AssignmentKey,
        now_ms: i64,
    ) -> Answer<AssignmentOperation> {
        self.call(
            by,
            Operation::DeleteAccountAssignment,
            About::key(key),
            now_ms,
            |org, verdict| {
                org.check_set(&key.permission_set)?;
                org.check_conflict(key, OperationKind::Delete, now_ms)?;
                if !org.ledger.contains(key) {
                    return Err(AwsError::not_found("Account assignment could not be found"));
                }
                org.check_slots(OperationKind::Delete)?;
                Ok(org.accept(OperationKind::Delete, key, verdict, now_ms))
            },
        )
    }

    /// How far an operation of that kind is.
    pub fn describe_assignment_operation(
        &mut self,
        by: &Caller,
        kind: OperationKind,
        request_id: &str,
        now_ms: i64,
    ) -> Answer<AssignmentOperation> {
        let operation = match kind {
            OperationKind::Create => Operation::DescribeAccountAssignmentCreationStatus,
            OperationKind::Delete => Operation::DescribeAccountAssignmentDeletionStatus,
        };
        let known = self
            .operations
            .by_id
            .get(request_id)
            .map(|found| found.key.clone());
        let about = known.as_ref().map_or(About::NOTHING, About::key);
        self.call(by, operation, about, now_ms, |org, _| {
            let found = org
                .operations
                .by_id
                .get(request_id)
                .filter(|found| found.kind == kind);
            found
                .cloned()
                .ok_or_else(|| AwsError::not_found(format!("Request {request_id} does not exist")))
        })
    }

    /// The operations of that kind, newest first, optionally only those of one status.
    pub fn list_assignment_operations(
        &mut self,
        by: &Caller,
        kind: OperationKind,
        status: Option<OperationStatus>,
        now_ms: i64,
    ) -> Answer<Vec<AssignmentOperation>> {
        let operation = match kind {
            OperationKind::Create => Operation::ListAccountAssignmentCreationStatus,
            OperationKind::Delete => Operation::ListAccountAssignmentDeletionStatus,
        };
        self.call(by, operation, About::NOTHING, now_ms, |org, _| {
            let newest_first: Vec<&String> = if status == Some(OperationStatus::InProgress) {
                let mut pending: Vec<_> = org.operations.pending.iter().collect();
                pending.sort_by_key(|(_, serial, _)| std::cmp::Reverse(*serial));
                pending.into_iter().map(|(_, _, id)| id).collect()
            } else {
                org.operations.order.iter().rev().collect()
            };
            let found = newest_first
                .into_iter()
                .filter_map(|id| org.operations.by_id.get(id));
            let wanted = |op: &&AssignmentOperation| op.kind == kind && status.is_none_or(|s| s == op.status);
            Ok(found.filter(wanted).cloned().collect())
        })
    }

    /// The assignments of one account and permission set.
    pub fn list_account_assignments(
        &mut self,
        by: &Caller,
        account: &str,
        permission_set: &str,
        now_ms: i64,
    ) -> Answer<Vec<AssignmentKey>> {
        self.call(
            by,
            Operation::ListAccountAssignments,
            About::account(account),
            now_ms,
            |org, verdict| {
                org.check_set(permission_set)?;
                let at_ms = now_ms - verdict.stale_ms;
                Ok(org
                    .ledger
                    .of_pair_at(account, permission_set, at_ms)
                    .cloned()
                    .collect())
            },
        )
    }

    /// The assignments of one principal, optionally in one account only.
    pub fn list_account_assignments_for_principal(
        &mut self,
        by: &Caller,
        principal: &Principal,
        account: Option<&str>,
        now_ms: i64,
    ) -> Answer<Vec<AssignmentKey>> {
        let about = About {
            account,
            ..About::principal(principal.id())
        };
        self.call(
            by,
            Operation::ListAccountAssignmentsForPrincipal,
            about,
            now_ms,
            |org, verdict| {
                let group_rows = org.faults().group_rows_for_user;
                let theirs = |key: &&AssignmentKey| match (&key.principal, principal) {
                    (Principal::Group(group), Principal::User(user)) => {
                        group_rows && org.groups.get(group).is_some_and(|g| g.members.contains(user))
                    }
                    (of, principal) => of == principal,
                };
                let present = org.ledger.iter_at(now_ms - verdict.stale_ms);
                let wanted = present
                    .filter(theirs)
                    .filter(|key| account.is_none_or(|id| id == key.account));
                Ok(wanted.cloned().collect())
            },
        )
    }

    /// How many operations are unfinished.
    pub fn unfinished_operations(&self) -> usize {
        self.operations.pending.len()
    }

    fn check_set(&self, arn: &str) -> Result<(), AwsError> {
        let known = self.sets.iter().any(|set| set.arn == arn);
        if known {
            Ok(())
        } else {
            Err(AwsError::not_found(format!("PermissionSet {arn} not found")))
        }
    }

    /// AWS: "a conflict with a previous successful write is detected". Here: the opposite operation on the
    /// key is unfinished, or was accepted within the window.
    fn check_conflict(&self, key: &AssignmentKey, kind: OperationKind, now_ms: i64) -> Result<(), AwsError> {
        let previous = self
            .operations
            .latest
            .get(key)
            .and_then(|id| self.operations.by_id.get(id));
        let conflicts = previous.is_some_and(|previous| {
            previous.kind != kind
                && (previous.status == OperationStatus::InProgress
                    || now_ms - previous.created_ms < self.faults().conflict_window_ms)
        });
        if conflicts {
            let message = format!("Conflict with a previous successful write on {key}");
            return Err(AwsError::new(ErrorKind::Conflict, message));
        }
        Ok(())
    }

    fn check_slots(&self, kind: OperationKind) -> Result<(), AwsError> {
        let shared = self.faults().deletes_share_slots;
        if kind == OperationKind::Delete && !shared {
            return Ok(());
        }
        let outstanding = self.operations.pending.iter().filter(|(_, _, id)| {
            let pending = self.operations.by_id.get(id);
            pending.is_some_and(|op| shared || op.kind == OperationKind::Create)
        });
        if outstanding.count() >= self.faults().outstanding_creates {
            let message = "The maximum number of outstanding account assignment requests is reached";
            return Err(AwsError::new(ErrorKind::QuotaExceeded, message));
        }
        Ok(())
    }

    fn accept(
        &mut self,
        kind: OperationKind,
        key: &AssignmentKey,
        verdict: &Verdict,
        now_ms: i64,
    ) -> AssignmentOperation {
        let serial = self.next_serial();
        let request_id = ids::uuid(&format!("{} operation {serial}", self.id));
        let due_ms = now_ms + self.faults().assignment_latency_ms + verdict.slow_ms;
        let operation = AssignmentOperation {
            request_id: request_id.clone(),
            kind,
            key: key.clone(),
            status: OperationStatus::InProgress,
            failure_reason: None,
            created_ms: now_ms,
            due_ms,
            fail_with: verdict.fail_with.clone(),
        };
        let operations = &mut self.operations;
        operations.by_id.insert(request_id.clone(), operation.clone());
        operations.order.push_back(request_id.clone());
        operations.pending.insert((due_ms, serial, request_id.clone()));
        operations.latest.insert(key.clone(), request_id);
        if operations.order.len() > REMEMBERED
            && let Some(oldest) = operations.order.pop_front()
        {
            operations.by_id.remove(&oldest);
        }
        self.record_assignment_call(kind, key, now_ms);
        operation
    }
}
