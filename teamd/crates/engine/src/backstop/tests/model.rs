//! The ports, on the model of an organisation.

use aws_simulator::organisation::{AssignmentOperation, DELETE_ASSIGNMENT, OperationKind, OperationStatus};
use aws_simulator::{AssignmentKey, CallError, Caller, ErrorKind, Organisation, Principal, ScheduleSpec};
use futures::future::BoxFuture;
use std::sync::{Arc, Mutex};
use team_shared::ids::{AccountId, PermissionSetArn, UserId};
use teamd_aws::port::{
    Assignments, AwsError, DirectorySource, FreshPerson, Inventory, Lane, OwnIdentity, Schedules,
};
use teamd_domain::Time;
use teamd_domain::directory::Directory;
use teamd_domain::grant::{Holder, Refusal, Reply, Status};
use teamd_domain::request::Key;
use teamd_host::clock::{Clock, ManualClock};

/// AWS, without the wire.
pub(crate) struct Model {
    pub(crate) org: Mutex<Organisation>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) by: Caller,
}

pub(crate) fn model_key(key: &Key) -> AssignmentKey {
    AssignmentKey {
        account: key.account.to_string(),
        permission_set: key.permission_set.to_string(),
        principal: Principal::User(key.user.to_string()),
    }
}

impl Model {
    fn ask<T>(&self, call: impl FnOnce(&mut Organisation, &Caller, i64) -> T) -> T {
        let now_ms = self.clock.now().timestamp_millis();
        call(&mut self.org.lock().unwrap(), &self.by, now_ms)
    }

    fn spec(&self, name: &str, key: &Key, at: Time) -> ScheduleSpec {
        let org = self.org.lock().unwrap();
        let input = serde_json::json!({
            "InstanceArn": org.instance_arn(), "TargetId": key.account.as_str(), "TargetType": "AWS_ACCOUNT",
            "PermissionSetArn": key.permission_set.as_str(), "PrincipalType": "USER",
            "PrincipalId": key.user.as_str(),
        });
        ScheduleSpec {
            name: name.to_owned(),
            at_ms: at.timestamp_millis(),
            target: DELETE_ASSIGNMENT.to_owned(),
            role: format!("arn:aws:iam::{}:role/teamd-backstop", self.by.account),
            input: input.to_string(),
            retries: 185,
            age_seconds: 86_400,
            delete_after: true,
            enabled: true,
        }
    }
}

fn reply<T>(answer: Result<T, CallError>, good: impl FnOnce(T) -> Reply) -> Reply {
    let refused = |class, message: String| Reply::Refused { class, message };
    match answer {
        Ok(answer) => good(answer),
        Err(CallError::NoAnswer { .. }) => Reply::Unknown {
            message: "no answer".to_owned(),
        },
        Err(CallError::Aws(error)) => match error.kind {
            ErrorKind::NotFound => Reply::NotFound {
                message: error.message,
            },
            ErrorKind::Conflict => refused(Refusal::Conflict, error.message),
            ErrorKind::Throttled | ErrorKind::QuotaExceeded => refused(Refusal::Throttled, error.message),
            ErrorKind::AccessDenied => refused(Refusal::AccessDenied, error.message),
            ErrorKind::Internal => Reply::Unknown {
                message: error.message,
            },
            ErrorKind::Validation | ErrorKind::Named(_) => refused(Refusal::Permanent, error.message),
        },
    }
}

fn accepted(operation: AssignmentOperation) -> Reply {
    Reply::Accepted {
        request_id: operation.request_id.clone(),
        status: status(&operation),
    }
}

fn status(operation: &AssignmentOperation) -> Status {
    match operation.status {
        OperationStatus::InProgress => Status::InProgress,
        OperationStatus::Succeeded => Status::Succeeded,
        OperationStatus::Failed => Status::Failed {
            reason: operation.failure_reason.clone().unwrap_or_default(),
        },
    }
}

impl Assignments for Model {
    fn list<'a>(&'a self, key: &'a Key, _: Lane) -> BoxFuture<'a, Reply> {
        let key = model_key(key);
        let found =
            self.ask(|org, by, now| org.list_account_assignments(by, &key.account, &key.permission_set, now));
        let reply = reply(found, |rows| Reply::Listed {
            present: rows.contains(&key),
        });
        Box::pin(async move { reply })
    }

    fn create<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Reply> {
        let key = model_key(key);
        let answer = self.ask(|org, by, now| org.create_account_assignment(by, &key, now));
        Box::pin(async move { reply(answer, accepted) })
    }

    fn delete<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Reply> {
        let key = model_key(key);
        let answer = self.ask(|org, by, now| org.delete_account_assignment(by, &key, now));
        Box::pin(async move { reply(answer, accepted) })
    }

    fn creation_status<'a>(&'a self, request_id: &'a str, _: Lane) -> BoxFuture<'a, Reply> {
        let kind = OperationKind::Create;
        let answer = self.ask(|org, by, now| org.describe_assignment_operation(by, kind, request_id, now));
        Box::pin(async move { reply(answer, |operation| Reply::Status(status(&operation))) })
    }

    fn deletion_status<'a>(&'a self, request_id: &'a str) -> BoxFuture<'a, Reply> {
        let kind = OperationKind::Delete;
        let answer = self.ask(|org, by, now| org.describe_assignment_operation(by, kind, request_id, now));
        Box::pin(async move { reply(answer, |operation| Reply::Status(status(&operation))) })
    }
}

fn failed(error: CallError) -> AwsError {
    match error.kind() {
        Some(ErrorKind::AccessDenied) => AwsError::Refused(error.to_string()),
        Some(ErrorKind::Throttled) => AwsError::Throttled(error.to_string()),
        Some(_) => AwsError::Unexpected(error.to_string()),
        None => AwsError::Unreachable(error.to_string()),
    }
}

impl Schedules for Model {
    fn put<'a>(&'a self, name: &'a str, key: &'a Key, at: Time) -> BoxFuture<'a, Result<(), AwsError>> {
        let spec = self.spec(name, key, at);
        let made = self.ask(|org, by, now| match org.create_schedule(by, &spec, None, now) {
            Err(error) if error.kind() == Some(ErrorKind::Conflict) => org.update_schedule(by, &spec, now),
            made => made,
        });
        Box::pin(async move { made.map(drop).map_err(failed) })
    }

    fn delete<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<(), AwsError>> {
        let done = self.ask(|org, by, now| org.delete_schedule(by, name, now));
        let done = match done {
            Err(error) if error.kind() == Some(ErrorKind::NotFound) => Ok(()),
            done => done.map_err(failed),
        };
        Box::pin(async move { done })
    }

    fn list<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, AwsError>> {
        let found = self.ask(|org, by, now| org.list_schedules(by, prefix, now));
        let names = found.map(|found| found.into_iter().map(|it| it.spec.name).collect());
        Box::pin(async move { names.map_err(failed) })
    }

    fn target<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Key>, AwsError>> {
        let found = self.ask(|org, by, now| org.get_schedule(by, name, now));
        let of = found.map(|it| {
            let input: serde_json::Value = serde_json::from_str(&it.spec.input).unwrap();
            let text = |member: &str| input[member].as_str().unwrap().to_owned();
            Some(Key {
                user: text("PrincipalId").parse().unwrap(),
                account: text("TargetId").parse().unwrap(),
                permission_set: text("PermissionSetArn").parse().unwrap(),
            })
        });
        Box::pin(async move { of.map_err(failed) })
    }
}

impl DirectorySource for Model {
    fn load(&self, _: Time) -> BoxFuture<'_, Result<Directory, AwsError>> {
        Box::pin(async { Err(AwsError::Unreachable("nobody needs it here".to_owned())) })
    }

    fn person<'a>(&'a self, _: &'a str, _: &'a UserId) -> BoxFuture<'a, Result<FreshPerson, AwsError>> {
        Box::pin(async { Err(AwsError::Unreachable("nobody needs it here".to_owned())) })
    }
}

impl OwnIdentity for Model {
    fn account(&self) -> BoxFuture<'_, Result<AccountId, AwsError>> {
        Box::pin(async { Err(AwsError::Unreachable("nobody needs it here".to_owned())) })
    }
}

impl Inventory for Model {
    fn holders<'a>(
        &'a self,
        _: &'a AccountId,
        _: &'a PermissionSetArn,
    ) -> BoxFuture<'a, Result<Vec<Holder>, AwsError>> {
        Box::pin(async { Err(AwsError::Unreachable("nobody needs it here".to_owned())) })
    }

    fn provisioned<'a>(
        &'a self,
        _: &'a AccountId,
    ) -> BoxFuture<'a, Result<Option<Vec<PermissionSetArn>>, AwsError>> {
        Box::pin(async { Ok(None) })
    }
}
