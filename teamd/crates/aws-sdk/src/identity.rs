//! Whose credentials these are.

use super::{Aws, parse};
use futures::future::BoxFuture;
use std::sync::Arc;
use team_shared::ids::AccountId;
use teamd_aws::health::Service;
use teamd_aws::port::{AwsError, Lane, OwnIdentity};

impl OwnIdentity for Aws {
    fn account(&self) -> BoxFuture<'_, Result<AccountId, AwsError>> {
        Box::pin(async move {
            let request = self.clients.sts.get_caller_identity().send();
            let call = (Service::Sts, "GetCallerIdentity");
            let bucket = (&self.pace.caller_identity, Lane::Background);
            let output = self.call(call, bucket, request).await?;
            let account: AccountId = parse(output.account(), "GetCallerIdentity: an account")?;
            self.own_account.store(Some(Arc::new(account.clone())));
            Ok(account)
        })
    }
}
