//! Permission sets, and what groups hold.

use super::super::failure::{Failure, Kind};
use super::super::{Aws, pages, parse};
use super::{duration, side_by_side};
use aws_sdk_ssoadmin::types::PrincipalType;
use std::collections::{BTreeMap, BTreeSet};
use team_shared::ids::{AccountId, GroupId, PermissionSetArn};
use teamd_aws::health::Service;
use teamd_aws::port::Lane;
use teamd_domain::directory::{Group, PermissionSet};

/// Groups whose access is read in one load, at most: each costs a call out of the budget that grants use too.
const GROUPS_READ: usize = 500;

type Held = BTreeSet<(AccountId, PermissionSetArn, GroupId)>;

impl Aws {
    pub(super) async fn permission_sets(
        &self,
        instance_arn: &str,
    ) -> Result<BTreeMap<PermissionSetArn, PermissionSet>, Failure> {
        let arns = pages(|token| async move {
            self.spare_call().await;
            let request = self
                .clients
                .sso_admin
                .list_permission_sets()
                .instance_arn(instance_arn)
                .max_results(100)
                .set_next_token(token)
                .send();
            let call = (Service::SsoAdmin, "ListPermissionSets");
            let bucket = (&self.pace.sso_admin, Lane::Background);
            let output = self.call(call, bucket, request).await?;
            Ok((output.permission_sets.unwrap_or_default(), output.next_token))
        })
        .await?;
        let calls = arns
            .into_iter()
            .map(|arn| self.permission_set(instance_arn, arn))
            .collect();
        let sets: Vec<Option<PermissionSet>> = side_by_side(calls).await?;
        Ok(sets
            .into_iter()
            .flatten()
            .map(|set| (set.arn.clone(), set))
            .collect())
    }

    /// `None` if it was deleted since it was listed.
    async fn permission_set(
        &self,
        instance_arn: &str,
        arn: String,
    ) -> Result<Option<PermissionSet>, Failure> {
        self.spare_call().await;
        let request = self
            .clients
            .sso_admin
            .describe_permission_set()
            .instance_arn(instance_arn)
            .permission_set_arn(&arn)
            .send();
        let call = (Service::SsoAdmin, "DescribePermissionSet");
        let bucket = (&self.pace.sso_admin, Lane::Background);
        let set = match self.call(call, bucket, request).await {
            Ok(output) => output.permission_set,
            Err(failure) if failure.kind == Kind::NotFound => return Ok(None),
            Err(failure) => return Err(failure),
        };
        let set =
            set.ok_or_else(|| Failure::new(Kind::Odd, format!("DescribePermissionSet: nothing for {arn}")))?;
        let session_seconds = match set.session_duration() {
            None => duration::DEFAULT,
            Some(text) => duration::session_seconds(text).ok_or_else(|| {
                Failure::new(
                    Kind::Odd,
                    format!("DescribePermissionSet: {arn} has the session duration {text:?}"),
                )
            })?,
        };
        Ok(Some(PermissionSet {
            name: set.name.unwrap_or_else(|| arn.clone()),
            arn: parse(Some(&arn), "a permission set")?,
            description: set.description.unwrap_or_default(),
            session_seconds,
        }))
    }

    /// What people hold through groups, as far as it can be read: delegated administrators and emulators may not. It is
    /// shown beside requests and decides nothing, so that is no failure of the load.
    pub(super) async fn group_access(
        &self,
        instance_arn: &str,
        groups: &BTreeMap<GroupId, Group>,
    ) -> Result<Held, Failure> {
        let mut peopled: Vec<&GroupId> = groups
            .values()
            .filter(|group| !group.members.is_empty())
            .map(|group| &group.id)
            .collect();
        if peopled.len() > GROUPS_READ {
            tracing::info!(
                groups = peopled.len(),
                read = GROUPS_READ,
                "access of the other groups is not read"
            );
            peopled.truncate(GROUPS_READ);
        }
        let Some((first, rest)) = peopled.split_first() else {
            return Ok(Held::new());
        };
        // One alone shows whether it can be read at all.
        let mut held = match self.held_by(instance_arn, first).await {
            Ok(held) => held,
            Err(failure) if failure.lacks_permission() || failure.unsupported() => {
                tracing::debug!(error = %failure.message, "access of groups is not read");
                return Ok(Held::new());
            }
            Err(failure) => {
                self.report(Service::SsoAdmin, &failure);
                return Err(failure);
            }
        };
        let calls = rest
            .iter()
            .map(|group| self.held_by(instance_arn, group))
            .collect();
        held.extend(side_by_side(calls).await?.into_iter().flat_map(Held::into_iter));
        Ok(held)
    }

    async fn held_by(&self, instance_arn: &str, group: &GroupId) -> Result<Held, Failure> {
        let rows = pages(|token| async move {
            self.spare_call().await;
            let request = self
                .clients
                .sso_admin
                .list_account_assignments_for_principal()
                .instance_arn(instance_arn)
                .principal_type(PrincipalType::Group)
                .principal_id(group.as_str())
                .max_results(100)
                .set_next_token(token)
                .send();
            let call = (Service::SsoAdmin, "ListAccountAssignmentsForPrincipal");
            let bucket = (&self.pace.sso_admin, Lane::Background);
            match self.attempt(call, bucket, request).await {
                Ok(output) => Ok((output.account_assignments.unwrap_or_default(), output.next_token)),
                // Deleted since it was listed.
                Err(failure) if failure.kind == Kind::NotFound => Ok((Vec::new(), None)),
                Err(failure) => Err(failure),
            }
        })
        .await?;
        rows.iter()
            .filter(|row| row.principal_type == Some(PrincipalType::Group))
            .filter(|row| {
                row.principal_id()
                    .is_some_and(|id| id.eq_ignore_ascii_case(group.as_str()))
            })
            .map(|row| {
                Ok((
                    parse(row.account_id(), "an assignment's account")?,
                    parse(row.permission_set_arn(), "an assignment's permission set")?,
                    group.clone(),
                ))
            })
            .collect()
    }
}
