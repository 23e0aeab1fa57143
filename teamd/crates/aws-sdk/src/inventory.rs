//! [`Inventory`] on sso-admin: who holds what, for the sweeps. Every call takes from their budget first.

use super::failure::{Failure, Kind};
use super::{Aws, pages, parse};
use aws_sdk_ssoadmin::types::{AccountAssignment, PrincipalType};
use futures::future::BoxFuture;
use team_shared::ids::{AccountId, PermissionSetArn};
use teamd_aws::health::Service;
use teamd_aws::port::{AwsError, Inventory, Lane};
use teamd_domain::grant::Holder;

impl Inventory for Aws {
    fn holders<'a>(
        &'a self,
        account: &'a AccountId,
        set: &'a PermissionSetArn,
    ) -> BoxFuture<'a, Result<Vec<Holder>, AwsError>> {
        Box::pin(async move {
            let rows = match self.rows((account, set), Lane::Background, &|| {}).await {
                Ok(rows) => rows,
                // An account or a permission set that AWS does not know has no assignments.
                Err(failure) if failure.kind == Kind::NotFound => return Ok(Vec::new()),
                Err(failure) => return Err(failure.into()),
            };
            let holders: Result<Vec<_>, _> = rows.iter().filter_map(holder).collect();
            Ok(holders?)
        })
    }

    fn provisioned<'a>(
        &'a self,
        account: &'a AccountId,
    ) -> BoxFuture<'a, Result<Option<Vec<PermissionSetArn>>, AwsError>> {
        Box::pin(async move {
            match self.read_provisioned(account).await {
                Ok(sets) => Ok(Some(sets)),
                Err(failure) if failure.lacks_permission() || failure.unsupported() => Ok(None),
                // An account that has left holds nothing; its listings say so one by one.
                Err(failure) if failure.kind == Kind::NotFound => Ok(Some(Vec::new())),
                Err(failure) => {
                    self.report(Service::SsoAdmin, &failure);
                    Err(failure.into())
                }
            }
        })
    }
}

impl Aws {
    async fn read_provisioned(&self, account: &AccountId) -> Result<Vec<PermissionSetArn>, Failure> {
        let instance = self.instance(Lane::Background).await?;
        let arn = instance.arn.as_str();
        let sets = pages(|token| async move {
            self.pace.spare.acquire(Lane::Background).await;
            let request = self
                .clients
                .sso_admin_once
                .list_permission_sets_provisioned_to_account()
                .instance_arn(arn)
                .account_id(account.as_str())
                .max_results(100)
                .set_next_token(token)
                .send();
            let call = (Service::SsoAdmin, "ListPermissionSetsProvisionedToAccount");
            let bucket = (&self.pace.sso_admin, Lane::Background);
            let output = self.attempt(call, bucket, request).await?;
            Ok((output.permission_sets.unwrap_or_default(), output.next_token))
        })
        .await?;
        sets.iter()
            .map(|arn| parse(Some(arn), "a permission set"))
            .collect()
    }
}

/// Kinds of principals that are neither people nor groups are none of ours.
fn holder(row: &AccountAssignment) -> Option<Result<Holder, Failure>> {
    match row.principal_type {
        Some(PrincipalType::User) => {
            Some(parse(row.principal_id(), "an assignment's user").map(Holder::User))
        }
        Some(PrincipalType::Group) => {
            Some(parse(row.principal_id(), "an assignment's group").map(Holder::Group))
        }
        Some(_) | None => None,
    }
}
