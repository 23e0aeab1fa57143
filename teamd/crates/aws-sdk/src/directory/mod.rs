//! [`DirectorySource`]: a load is complete or an error, never a part.
//!
//! * `organization` accounts with OU paths and tags
//! * `people` people, groups and who is in them
//! * `sets` permission sets, and what groups hold
//! * `duration` AWS's ISO-8601 durations

mod duration;
mod organization;
mod people;
mod sets;

pub use duration::session_seconds;
pub(super) use organization::Slow;

use super::Aws;
use super::failure::Failure;
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt, TryStreamExt};
use std::sync::atomic::Ordering;
use team_shared::ids::UserId;
use teamd_aws::port::{AwsError, DirectorySource, FreshPerson, Lane};
use teamd_domain::Time;
use teamd_domain::directory::Directory;

/// Calls of one kind under way at once. Buckets set the pace; this only covers the time that answers take.
const PARALLEL: usize = 6;

impl DirectorySource for Aws {
    fn load(&self, now: Time) -> BoxFuture<'_, Result<Directory, AwsError>> {
        Box::pin(async move {
            let instance = self.discover_instance(Lane::Background).await?;
            let (permission_sets, crowd, organization) = tokio::try_join!(
                async { Ok(self.permission_sets(&instance.arn).await?) },
                async { Ok(self.crowd(&instance.identity_store_id).await?) },
                self.organization(now),
            )?;
            let group_access = self.group_access(&instance.arn, &crowd.groups).await?;
            self.has_loaded.store(true, Ordering::Relaxed);
            Ok(Directory {
                loaded_at: self.clock.now(),
                instance_arn: instance.arn.clone(),
                identity_store_id: instance.identity_store_id.clone(),
                management_account: organization.management_account,
                organizational_units: organization.units,
                accounts: organization.accounts,
                permission_sets,
                people: crowd.people,
                groups: crowd.groups,
                group_access,
                on_call: Default::default(),
                index: Default::default(),
            })
        })
    }

    fn person<'a>(
        &'a self,
        identity_store_id: &'a str,
        user: &'a UserId,
    ) -> BoxFuture<'a, Result<FreshPerson, AwsError>> {
        Box::pin(async move { Ok(self.fresh_person(identity_store_id, user).await?) })
    }
}

impl Aws {
    /// Waits for a turn in the budget of what can wait. The first load is waited for by everybody, and takes none.
    async fn spare_call(&self) {
        if self.has_loaded.load(Ordering::Relaxed) {
            self.pace.spare.acquire(Lane::Background).await;
        }
    }
}

/// Runs calls side by side; the first failure ends them all.
async fn side_by_side<T, Call>(calls: Vec<Call>) -> Result<Vec<T>, Failure>
where
    Call: Future<Output = Result<T, Failure>>,
{
    stream::iter(calls).buffer_unordered(PARALLEL).try_collect().await
}
