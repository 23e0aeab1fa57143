//! One harmless call of each kind, for `teamd check`: whether the daemon's credentials may do what the daemon does.
//! What only a write would show, `CreateAccountAssignment` and `DeleteAccountAssignment`, is not tried.

use super::{Aws, Failure};
use aws_sdk_ssoadmin::types::PrincipalType;
use teamd_aws::health::Service;
use teamd_aws::port::{AwsError, Lane, OwnIdentity, Schedules};

/// A call by the name of its IAM action, and what it returned in a few words.
pub(super) type Probed = (&'static str, Result<String, AwsError>);

impl Aws {
    /// Makes the calls, one after the other; those that need the answer of one that failed are left out.
    pub async fn probe(&self) -> Vec<(&'static str, Result<String, AwsError>)> {
        let mut probed: Vec<Probed> = Vec::new();
        let account = self
            .account()
            .await
            .map(|account| format!("we are account {account}"));
        probed.push(("sts:GetCallerIdentity", account));
        match self.discover_instance(Lane::Background).await {
            Ok(instance) => {
                probed.push(("sso:ListInstances", Ok(instance.arn.clone())));
                self.probe_sso(&instance.arn, &mut probed).await;
                self.probe_directory(&instance.identity_store_id, &mut probed)
                    .await;
            }
            Err(failure) => probed.push(("sso:ListInstances", Err(failure.into()))),
        }
        self.probe_organization(&mut probed).await;
        if self.settings.backstop_role.is_some() {
            let listed = self.list("teamd-").await;
            probed.push((
                "scheduler:ListSchedules",
                listed.map(|found| count(found.len(), "schedules of ours")),
            ));
        }
        probed
    }

    async fn probe_sso(&self, instance: &str, probed: &mut Vec<Probed>) {
        let bucket = (&self.pace.sso_admin, Lane::Background);
        let call = (Service::SsoAdmin, "ListPermissionSets");
        let request = self
            .clients
            .sso_admin
            .list_permission_sets()
            .instance_arn(instance)
            .max_results(100)
            .send();
        let listed = self.attempt(call, bucket, request).await;
        let first = listed
            .as_ref()
            .ok()
            .and_then(|output| output.permission_sets().first().cloned());
        push(
            probed,
            "sso:ListPermissionSets",
            listed.map(|o| count(o.permission_sets().len(), "permission sets")),
        );
        let Some(set) = first else { return };
        let call = (Service::SsoAdmin, "DescribePermissionSet");
        let request = self
            .clients
            .sso_admin
            .describe_permission_set()
            .instance_arn(instance)
            .permission_set_arn(&set)
            .send();
        let described = self.attempt(call, bucket, request).await;
        let name = |o: aws_sdk_ssoadmin::operation::describe_permission_set::DescribePermissionSetOutput| {
            o.permission_set.and_then(|set| set.name).unwrap_or_default()
        };
        push(probed, "sso:DescribePermissionSet", described.map(name));
        if let Some(account) = self.own_account.load_full() {
            let call = (Service::SsoAdmin, "ListAccountAssignments");
            let request = self
                .clients
                .sso_admin
                .list_account_assignments()
                .instance_arn(instance)
                .account_id(account.as_str())
                .permission_set_arn(&set)
                .send();
            let listed = self.attempt(call, bucket, request).await;
            let found = listed.map(|o| count(o.account_assignments().len(), "assignments on one key"));
            push(probed, "sso:ListAccountAssignments", found);
        }
        let call = (Service::SsoAdmin, "ListAccountAssignmentsForPrincipal");
        let request = self
            .clients
            .sso_admin
            .list_account_assignments_for_principal()
            .instance_arn(instance)
            .principal_type(PrincipalType::Group)
            .principal_id("00000000-0000-0000-0000-000000000000")
            .send();
        let answered = match self.attempt(call, bucket, request).await {
            Ok(_) => Ok("answers".to_owned()),
            // Nobody has this id: AWS looked, so we may ask.
            Err(failure) if failure.kind == super::failure::Kind::NotFound => Ok("answers".to_owned()),
            Err(failure) => Err(failure),
        };
        push(probed, "sso:ListAccountAssignmentsForPrincipal", answered);
    }

    async fn probe_directory(&self, store: &str, probed: &mut Vec<Probed>) {
        let call = (Service::IdentityStore, "ListUsers");
        let request = self
            .clients
            .identity_store
            .list_users()
            .identity_store_id(store)
            .max_results(100)
            .send();
        let listed = self
            .attempt(call, (&self.pace.list_users, Lane::Background), request)
            .await;
        push(
            probed,
            "identitystore:ListUsers",
            listed.map(|o| count(o.users().len(), "people on the first page")),
        );
        let call = (Service::IdentityStore, "ListGroups");
        let request = self
            .clients
            .identity_store
            .list_groups()
            .identity_store_id(store)
            .max_results(100)
            .send();
        let listed = self
            .attempt(call, (&self.pace.list_groups, Lane::Background), request)
            .await;
        let first = listed
            .as_ref()
            .ok()
            .and_then(|o| o.groups().first().map(|g| g.group_id().to_owned()));
        push(
            probed,
            "identitystore:ListGroups",
            listed.map(|o| count(o.groups().len(), "groups on the first page")),
        );
        if let Some(group) = first {
            let call = (Service::IdentityStore, "ListGroupMemberships");
            let request = self
                .clients
                .identity_store
                .list_group_memberships()
                .identity_store_id(store)
                .group_id(group)
                .send();
            let listed = self
                .attempt(call, (&self.pace.list_memberships, Lane::Background), request)
                .await;
            let found = listed.map(|o| count(o.group_memberships().len(), "members of one group"));
            push(probed, "identitystore:ListGroupMemberships", found);
        }
    }

    async fn probe_organization(&self, probed: &mut Vec<Probed>) {
        let call = (Service::Organizations, "DescribeOrganization");
        let request = self.clients.organizations.describe_organization().send();
        let described = self
            .attempt(
                call,
                (&self.pace.describe_organization, Lane::Background),
                request,
            )
            .await;
        let id = described.map(|o| {
            o.organization
                .and_then(|organization| organization.id)
                .unwrap_or_else(|| "answers".to_owned())
        });
        push(probed, "organizations:DescribeOrganization", id);
        let call = (Service::Organizations, "ListAccounts");
        let request = self.clients.organizations.list_accounts().send();
        let listed = self
            .attempt(call, (&self.pace.list_accounts, Lane::Background), request)
            .await;
        let first = listed
            .as_ref()
            .ok()
            .and_then(|o| o.accounts().first().and_then(|a| a.id().map(ToOwned::to_owned)));
        push(
            probed,
            "organizations:ListAccounts",
            listed.map(|o| count(o.accounts().len(), "accounts on the first page")),
        );
        if let Some(account) = first {
            let call = (Service::Organizations, "ListTagsForResource");
            let request = self
                .clients
                .organizations
                .list_tags_for_resource()
                .resource_id(account)
                .send();
            let listed = self
                .attempt(call, (&self.pace.list_tags, Lane::Background), request)
                .await;
            push(
                probed,
                "organizations:ListTagsForResource",
                listed.map(|o| count(o.tags().len(), "tags of one account")),
            );
        }
        let call = (Service::Organizations, "ListRoots");
        let request = self.clients.organizations.list_roots().send();
        let listed = self
            .attempt(call, (&self.pace.list_roots, Lane::Background), request)
            .await;
        push(
            probed,
            "organizations:ListRoots",
            listed.map(|o| count(o.roots().len(), "roots")),
        );
    }
}

fn push(probed: &mut Vec<Probed>, call: &'static str, result: Result<String, Failure>) {
    probed.push((call, result.map_err(AwsError::from)));
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}")
}
