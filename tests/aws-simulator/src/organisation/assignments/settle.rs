//! What time does to operations: they come to their end, and requests that got lost arrive late.

use super::{OperationKind, OperationStatus};
use crate::faults::Verdict;
use crate::organisation::calls::Outcome;
use crate::organisation::operation::Operation;
use crate::organisation::types::{AccountState, AssignmentKey, Caller, Principal};
use crate::organisation::{About, Organisation};

impl Organisation {
    /// Applies, in order, the operations whose time has come. Their effect dates from when they were due,
    /// not from when somebody looked.
    pub(in crate::organisation) fn finish_operations(&mut self, now_ms: i64) {
        loop {
            let late_ms = self.operations.late.first_key_value().map(|((at, _), _)| *at);
            let due_ms = self.operations.pending.first().map(|(at, _, _)| *at);
            if let Some(late_ms) =
                late_ms.filter(|late| *late <= now_ms && due_ms.is_none_or(|due| *late <= due))
            {
                self.arrive(late_ms);
                continue;
            }
            let Some(next) = self.operations.pending.first().filter(|next| next.0 <= now_ms) else {
                break;
            };
            let (due_ms, serial, request_id) = next.clone();
            self.operations
                .pending
                .remove(&(due_ms, serial, request_id.clone()));
            let Some(operation) = self.operations.by_id.get(&request_id) else {
                continue;
            };
            let (kind, key) = (operation.kind, operation.key.clone());
            let failure = operation
                .fail_with
                .clone()
                .or_else(|| self.apply(kind, &key, &request_id, due_ms).err());
            if let Some(operation) = self.operations.by_id.get_mut(&request_id) {
                operation.status = if failure.is_some() {
                    OperationStatus::Failed
                } else {
                    OperationStatus::Succeeded
                };
                operation.failure_reason = failure;
            }
        }
    }

    /// A request that got lost on the way will arrive at `at_ms`, and nobody waits for its answer.
    pub(in crate::organisation) fn hold_back(
        &mut self,
        by: &Caller,
        operation: Operation,
        key: &AssignmentKey,
        at_ms: i64,
    ) {
        let kind = match operation {
            Operation::CreateAccountAssignment => OperationKind::Create,
            Operation::DeleteAccountAssignment => OperationKind::Delete,
            // A question that arrives late changes nothing.
            _ => return,
        };
        let serial = self.next_serial();
        self.operations
            .late
            .insert((at_ms, serial), (by.clone(), kind, key.clone()));
    }

    /// The first of the late requests is there now.
    fn arrive(&mut self, at_ms: i64) {
        let Some((_, (by, kind, key))) = self.operations.late.pop_first() else {
            return;
        };
        let operation = match kind {
            OperationKind::Create => Operation::CreateAccountAssignment,
            OperationKind::Delete => Operation::DeleteAccountAssignment,
        };
        let taken = self
            .check_set(&key.permission_set)
            .and_then(|()| self.check_conflict(&key, kind, at_ms))
            .and_then(|()| self.check_slots(kind));
        let outcome = match taken {
            Ok(()) if kind == OperationKind::Delete && !self.ledger.contains(&key) => {
                Outcome::Refused("ResourceNotFoundException".to_owned())
            }
            Ok(()) => {
                self.accept(kind, &key, &Verdict::default(), at_ms);
                Outcome::PerformedUnanswered
            }
            Err(error) => Outcome::Refused(error.code(operation.service()).to_owned()),
        };
        self.log(&by, operation, About::key(&key), outcome, at_ms);
    }

    fn apply(
        &mut self,
        kind: OperationKind,
        key: &AssignmentKey,
        request_id: &str,
        at_ms: i64,
    ) -> Result<(), String> {
        if kind == OperationKind::Delete {
            if !self.ledger.contains(key) {
                return Err("Received a 404 status error: Account assignment not found.".into());
            }
            self.take_away(key, at_ms, Some(request_id));
            return Ok(());
        }
        // Outside the organisation AWS does nothing and says nothing.
        let Some(account) = self.accounts.get(&key.account) else {
            return Ok(());
        };
        if account.state != AccountState::Active {
            return Err(format!(
                "Received a 403 status error: Account {} is not active.",
                account.id
            ));
        }
        let known = match &key.principal {
            Principal::User(id) => self.users.contains_key(id),
            Principal::Group(id) => self.groups.contains_key(id),
        };
        if !known {
            let kind = key.principal.kind();
            return Err(format!(
                "Received a 404 status error: {kind} {} not found.",
                key.principal.id()
            ));
        }
        self.ledger.set(key, true, at_ms, Some(request_id));
        Ok(())
    }
}
