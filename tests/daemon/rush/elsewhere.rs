//! What this test does not ask AWS for.

use super::sky::Sky;
use futures::future::BoxFuture;
use team_shared::ids::{AccountId, PermissionSetArn, UserId};
use teamd_aws::port::{AwsError, DirectorySource, FreshPerson, Inventory, OwnIdentity};
use teamd_domain::Time;
use teamd_domain::directory::Directory;
use teamd_domain::grant::Holder;

fn elsewhere<T: Send + 'static>() -> BoxFuture<'static, Result<T, AwsError>> {
    Box::pin(async { Err(AwsError::Unreachable("not in this test".to_owned())) })
}

impl DirectorySource for Sky {
    fn load(&self, _now: Time) -> BoxFuture<'_, Result<Directory, AwsError>> {
        elsewhere()
    }

    fn person<'a>(&'a self, _: &'a str, _: &'a UserId) -> BoxFuture<'a, Result<FreshPerson, AwsError>> {
        elsewhere()
    }
}

impl Inventory for Sky {
    fn holders<'a>(
        &'a self,
        _: &'a AccountId,
        _: &'a PermissionSetArn,
    ) -> BoxFuture<'a, Result<Vec<Holder>, AwsError>> {
        elsewhere()
    }

    fn provisioned<'a>(
        &'a self,
        _: &'a AccountId,
    ) -> BoxFuture<'a, Result<Option<Vec<PermissionSetArn>>, AwsError>> {
        elsewhere()
    }
}

impl OwnIdentity for Sky {
    fn account(&self) -> BoxFuture<'_, Result<AccountId, AwsError>> {
        Box::pin(async { Ok("999999999999".parse().expect("an account")) })
    }
}
