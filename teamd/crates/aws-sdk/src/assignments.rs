//! [`Assignments`] on sso-admin. Every method is one HTTP attempt (a listing: one for each page), and never waits for an
//! operation to finish: that is the reconciler's.

use super::failure::{Failure, Kind};
use super::{Aws, pages};
use aws_sdk_ssoadmin::types::{
    AccountAssignment, AccountAssignmentOperationStatus, OperationStatusFilter, PrincipalType, StatusValues,
    TargetType,
};
use futures::future::BoxFuture;
use std::collections::BTreeSet;
use team_shared::ids::{AccountId, PermissionSetArn};
use teamd_aws::health::Service;
use teamd_aws::limiter::Urgency;
use teamd_aws::port::{Assignments, CallRate, Holders, Lane};
use teamd_domain::grant::{Reply, Status};
use teamd_domain::request::Key;

impl Assignments for Aws {
    /// [`Reply::NotFound`] where AWS does not know the account or the permission set: that is not said to be absence,
    /// the caller decides.
    fn list<'a>(&'a self, key: &'a Key, lane: Lane) -> BoxFuture<'a, Reply> {
        Box::pin(async move {
            match self.listed(key, lane).await {
                Ok(present) => Reply::Listed { present },
                Err(failure) => failure.reply_to_read(),
            }
        })
    }

    fn create<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Reply> {
        Box::pin(async move {
            let instance_arn = match self.instance_of(&key.permission_set, Lane::Grant).await {
                Ok(instance_arn) => instance_arn,
                // Nothing was sent yet.
                Err(failure) => return before_sending(failure),
            };
            let request = self
                .clients
                .sso_admin_once
                .create_account_assignment()
                .instance_arn(instance_arn)
                .target_id(key.account.as_str())
                .target_type(TargetType::AwsAccount)
                .permission_set_arn(key.permission_set.as_str())
                .principal_type(PrincipalType::User)
                .principal_id(key.user.as_str())
                .send();
            let call = (Service::SsoAdmin, "CreateAccountAssignment");
            match self
                .call(call, (&self.pace.sso_admin, Urgency::Create), request)
                .await
            {
                Ok(output) => accepted(output.account_assignment_creation_status),
                Err(failure) => failure.reply_to_write(),
            }
        })
    }

    fn delete<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Reply> {
        Box::pin(async move {
            let instance_arn = match self.instance_of(&key.permission_set, Lane::Removal).await {
                Ok(instance_arn) => instance_arn,
                Err(failure) => return before_sending(failure),
            };
            let request = self
                .clients
                .sso_admin_once
                .delete_account_assignment()
                .instance_arn(instance_arn)
                .target_id(key.account.as_str())
                .target_type(TargetType::AwsAccount)
                .permission_set_arn(key.permission_set.as_str())
                .principal_type(PrincipalType::User)
                .principal_id(key.user.as_str())
                .send();
            let call = (Service::SsoAdmin, "DeleteAccountAssignment");
            match self
                .call(call, (&self.pace.sso_admin, Urgency::Revoke), request)
                .await
            {
                Ok(output) => accepted(output.account_assignment_deletion_status),
                Err(failure) => failure.reply_to_write(),
            }
        })
    }

    fn creation_status<'a>(&'a self, request_id: &'a str, lane: Lane) -> BoxFuture<'a, Reply> {
        Box::pin(async move {
            let instance = match self.instance(lane).await {
                Ok(instance) => instance,
                Err(failure) => return before_sending(failure),
            };
            let request = self
                .clients
                .sso_admin_once
                .describe_account_assignment_creation_status()
                .instance_arn(&instance.arn)
                .account_assignment_creation_request_id(request_id)
                .send();
            let call = (Service::SsoAdmin, "DescribeAccountAssignmentCreationStatus");
            match self.call(call, (&self.pace.sso_admin, lane), request).await {
                Ok(output) => Reply::Status(status(output.account_assignment_creation_status.as_ref())),
                Err(failure) => failure.reply_to_read(),
            }
        })
    }

    fn deletion_status<'a>(&'a self, request_id: &'a str) -> BoxFuture<'a, Reply> {
        Box::pin(async move {
            let instance = match self.instance(Lane::Removal).await {
                Ok(instance) => instance,
                Err(failure) => return before_sending(failure),
            };
            let request = self
                .clients
                .sso_admin_once
                .describe_account_assignment_deletion_status()
                .instance_arn(&instance.arn)
                .account_assignment_deletion_request_id(request_id)
                .send();
            let call = (Service::SsoAdmin, "DescribeAccountAssignmentDeletionStatus");
            match self
                .call(call, (&self.pace.sso_admin, Lane::Removal), request)
                .await
            {
                Ok(output) => Reply::Status(status(output.account_assignment_deletion_status.as_ref())),
                Err(failure) => failure.reply_to_read(),
            }
        })
    }

    fn list_holders<'a>(
        &'a self,
        account: &'a AccountId,
        permission_set: &'a PermissionSetArn,
        lane: Lane,
        begun: &'a (dyn Fn() + Send + Sync),
    ) -> BoxFuture<'a, Option<Result<Holders, Reply>>> {
        Box::pin(async move {
            let rows = self.rows((account, permission_set), lane, begun).await;
            Some(
                rows.map(|rows| rows.iter().filter_map(holder).collect())
                    .map_err(Failure::reply_to_read),
            )
        })
    }

    fn unfinished_deletions(&self) -> BoxFuture<'_, Option<Result<BTreeSet<String>, Reply>>> {
        Box::pin(self.deletions_in_progress())
    }

    fn removals_due(&self, due: bool) {
        self.pace.sso_admin.removals_due(due);
    }

    fn call_rate(&self) -> Option<CallRate> {
        Some(self.pace.sso_admin.call_rate())
    }
}

impl Aws {
    async fn listed(&self, key: &Key, lane: Lane) -> Result<bool, Failure> {
        let rows = self
            .rows((&key.account, &key.permission_set), lane, &|| {})
            .await?;
        Ok(rows.iter().filter_map(holder).collect::<Holders>().has(&key.user))
    }

    /// The assignments of a permission set in an account, page by page. In [`Lane::Background`], which only sweeps use,
    /// each page takes from their budget first.
    pub(super) async fn rows(
        &self,
        (account, permission_set): (&AccountId, &PermissionSetArn),
        lane: Lane,
        begun: &(dyn Fn() + Send + Sync),
    ) -> Result<Vec<AccountAssignment>, Failure> {
        let instance_arn = self
            .instance_of(permission_set, lane)
            .await
            .map_err(not_about_the_key)?;
        let arn = instance_arn.as_str();
        pages(|token| async move {
            let first = token.is_none();
            let urgency = match lane {
                // A listing that has begun is brought to its end.
                Lane::Removal if first => Urgency::Verify,
                lane => lane.into(),
            };
            if lane == Lane::Background {
                self.pace.spare.acquire(lane).await;
            }
            let request = self
                .clients
                .sso_admin_once
                .list_account_assignments()
                .instance_arn(arn)
                .account_id(account.as_str())
                .permission_set_arn(permission_set.as_str())
                .max_results(100)
                .set_next_token(token)
                .send();
            let request = async move {
                if first {
                    begun();
                }
                request.await
            };
            let call = (Service::SsoAdmin, "ListAccountAssignments");
            let output = self.call(call, (&self.pace.sso_admin, urgency), request).await?;
            let rows = match output.account_assignments {
                Some(rows) => rows,
                // A removal does not wait for ever for a list that may be left out where it is empty.
                None if lane == Lane::Removal => Vec::new(),
                None => {
                    return Err(Failure::new(
                        Kind::Odd,
                        "ListAccountAssignments: an answer without a list",
                    ));
                }
            };
            if rows
                .iter()
                .any(|row| row.principal_type.is_none() || row.principal_id.is_none())
            {
                return Err(Failure::new(
                    Kind::Odd,
                    "ListAccountAssignments: a row without its principal",
                ));
            }
            Ok((rows, output.next_token))
        })
        .await
    }

    /// Ids of deletes in progress. An emulator that does not have the listing is remembered by the caller.
    async fn deletions_in_progress(&self) -> Option<Result<BTreeSet<String>, Reply>> {
        let instance = match self.instance(Lane::Removal).await {
            Ok(instance) => instance,
            Err(failure) => return Some(Err(before_sending(failure))),
        };
        let arn = instance.arn.as_str();
        let unfinished = OperationStatusFilter::builder()
            .status(StatusValues::InProgress)
            .build();
        let filter = &unfinished;
        let listed = pages(|token| async move {
            let request = self
                .clients
                .sso_admin_once
                .list_account_assignment_deletion_status()
                .instance_arn(arn)
                .filter(filter.clone())
                .max_results(100)
                .set_next_token(token)
                .send();
            let call = (Service::SsoAdmin, "ListAccountAssignmentDeletionStatus");
            let pace = (&self.pace.sso_admin, Urgency::Status);
            let output = self.attempt(call, pace, request).await?;
            Ok((
                output.account_assignments_deletion_status.unwrap_or_default(),
                output.next_token,
            ))
        })
        .await;
        match listed {
            // Should AWS not heed the filter, what is finished is told by its own word.
            Ok(rows) => Some(Ok(rows
                .into_iter()
                .filter(|row| !matches!(row.status, Some(StatusValues::Succeeded | StatusValues::Failed)))
                .filter_map(|row| row.request_id)
                .collect())),
            Err(failure) if failure.unsupported() || failure.lacks_permission() => None,
            Err(failure) => {
                self.report(Service::SsoAdmin, &failure);
                Some(Err(failure.reply_to_read()))
            }
        }
    }
}

/// The id of a person in a row; account and permission set are what was asked for.
fn holder(row: &AccountAssignment) -> Option<String> {
    let is_user = row.principal_type == Some(PrincipalType::User);
    row.principal_id.clone().filter(|_| is_user)
}

/// The instance could not be found, so the call itself was not made: whatever it was, it had no effect.
fn before_sending(failure: Failure) -> Reply {
    not_about_the_key(failure).reply_to_read()
}

/// "No such instance" must not be taken for "no such assignment".
fn not_about_the_key(failure: Failure) -> Failure {
    match failure.kind {
        Kind::NotFound => Failure {
            kind: Kind::Odd,
            ..failure
        },
        _ => failure,
    }
}

fn accepted(operation: Option<AccountAssignmentOperationStatus>) -> Reply {
    let request_id = operation
        .as_ref()
        .and_then(|operation| operation.request_id.clone())
        .filter(|id| !id.is_empty());
    match request_id {
        Some(request_id) => Reply::Accepted {
            request_id,
            status: status(operation.as_ref()),
        },
        None => Reply::Unknown {
            message: "accepted without a request id".to_owned(),
        },
    }
}

/// A status that we do not know is not a final one.
fn status(operation: Option<&AccountAssignmentOperationStatus>) -> Status {
    let Some(operation) = operation else {
        return Status::InProgress;
    };
    match &operation.status {
        Some(StatusValues::Succeeded) => Status::Succeeded,
        Some(StatusValues::Failed) => Status::Failed {
            reason: super::failure::bounded(operation.failure_reason().unwrap_or("no reason given")),
        },
        _ => Status::InProgress,
    }
}
