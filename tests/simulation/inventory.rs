//! What the sweeps look at, over the same model.

use super::world::World;
use aws_simulator::Principal;
use futures::future::BoxFuture;
use team_shared::ids::{AccountId, PermissionSetArn};
use teamd_aws::port::{AwsError, Inventory};
use teamd_domain::grant::Holder;

impl Inventory for World {
    fn holders<'a>(
        &'a self,
        account: &'a AccountId,
        set: &'a PermissionSetArn,
    ) -> BoxFuture<'a, Result<Vec<Holder>, AwsError>> {
        Box::pin(async move {
            if self.is_elsewhere() {
                return Ok(Vec::new());
            }
            let answer = self
                .model(|org, by, now| org.list_account_assignments(by, account.as_str(), set.as_str(), now));
            self.wait_for(&answer).await;
            let rows = answer.map_err(|error| AwsError::Unreachable(error.to_string()))?;
            let holder = |principal: &Principal| match principal {
                Principal::User(id) => id.parse().map(Holder::User).ok(),
                Principal::Group(id) => id.parse().map(Holder::Group).ok(),
            };
            Ok(rows.iter().filter_map(|row| holder(&row.principal)).collect())
        })
    }

    fn provisioned<'a>(
        &'a self,
        _account: &'a AccountId,
    ) -> BoxFuture<'a, Result<Option<Vec<PermissionSetArn>>, AwsError>> {
        Box::pin(async { Ok(None) })
    }
}
