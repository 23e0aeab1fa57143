//! People, groups and who is in them.

use super::super::failure::{Failure, Kind};
use super::super::{Aws, pages, parse};
use super::side_by_side;
use aws_sdk_identitystore::types::{GroupMembership, MemberId, User, UserStatus};
use std::collections::{BTreeMap, BTreeSet};
use team_shared::ids::{GroupId, UserId};
use teamd_aws::health::Service;
use teamd_aws::port::{FreshPerson, Lane};
use teamd_domain::directory::{Group, Person};

/// Everybody.
pub(super) struct Crowd {
    pub(super) people: BTreeMap<UserId, Person>,
    pub(super) groups: BTreeMap<GroupId, Group>,
}

impl Aws {
    pub(super) async fn crowd(&self, store: &str) -> Result<Crowd, Failure> {
        let (people, groups) = tokio::try_join!(self.people(store), self.groups(store))?;
        Ok(Crowd { people, groups })
    }

    async fn people(&self, store: &str) -> Result<BTreeMap<UserId, Person>, Failure> {
        let users = pages(|token| async move {
            let request = self
                .clients
                .identity_store
                .list_users()
                .identity_store_id(store)
                .max_results(100)
                .set_next_token(token)
                .send();
            let call = (Service::IdentityStore, "ListUsers");
            let bucket = (&self.pace.list_users, Lane::Background);
            let output = self.call(call, bucket, request).await?;
            Ok((output.users, output.next_token))
        })
        .await?;
        users
            .into_iter()
            .map(|user| {
                let person = person(user)?;
                Ok((person.id.clone(), person))
            })
            .collect()
    }

    async fn groups(&self, store: &str) -> Result<BTreeMap<GroupId, Group>, Failure> {
        let listed = pages(|token| async move {
            let request = self
                .clients
                .identity_store
                .list_groups()
                .identity_store_id(store)
                .max_results(100)
                .set_next_token(token)
                .send();
            let call = (Service::IdentityStore, "ListGroups");
            let bucket = (&self.pace.list_groups, Lane::Background);
            let output = self.call(call, bucket, request).await?;
            Ok((output.groups, output.next_token))
        })
        .await?;
        let calls = listed
            .into_iter()
            .map(|group| self.group(store, group.group_id, group.display_name))
            .collect();
        let groups: Vec<Option<Group>> = side_by_side(calls).await?;
        Ok(groups
            .into_iter()
            .flatten()
            .map(|group| (group.id.clone(), group))
            .collect())
    }

    /// `None` if it was deleted since it was listed.
    async fn group(&self, store: &str, id: String, name: Option<String>) -> Result<Option<Group>, Failure> {
        let id: GroupId = parse(Some(&id), "a group")?;
        let group = &id;
        let memberships = pages(|token| async move {
            let request = self
                .clients
                .identity_store
                .list_group_memberships()
                .identity_store_id(store)
                .group_id(group.as_str())
                .max_results(100)
                .set_next_token(token)
                .send();
            let call = (Service::IdentityStore, "ListGroupMemberships");
            let bucket = (&self.pace.list_memberships, Lane::Background);
            let output = self.call(call, bucket, request).await?;
            Ok((output.group_memberships, output.next_token))
        })
        .await;
        let members: BTreeSet<UserId> = match memberships {
            Ok(memberships) => memberships
                .iter()
                .filter_map(member)
                .map(|id| parse(Some(id), "a group's member"))
                .collect::<Result<_, _>>()?,
            Err(failure) if failure.kind == Kind::NotFound => return Ok(None),
            Err(failure) => return Err(failure),
        };
        Ok(Some(Group {
            name: name.unwrap_or_else(|| id.to_string()),
            id,
            members,
        }))
    }

    /// Somebody who is gone is not enabled and in no group. Asked before a grant, so in its lane.
    pub(super) async fn fresh_person(&self, store: &str, user: &UserId) -> Result<FreshPerson, Failure> {
        let request = self
            .clients
            .identity_store
            .describe_user()
            .identity_store_id(store)
            .user_id(user.as_str())
            .send();
        let call = (Service::IdentityStore, "DescribeUser");
        let enabled = match self
            .call(call, (&self.pace.describe_user, Lane::Grant), request)
            .await
        {
            Ok(output) => is_enabled(output.user_status.as_ref()),
            Err(failure) if failure.kind == Kind::NotFound => {
                return Ok(FreshPerson {
                    enabled: false,
                    groups: Vec::new(),
                });
            }
            Err(failure) => return Err(failure),
        };
        let memberships = pages(|token| async move {
            let request = self
                .clients
                .identity_store
                .list_group_memberships_for_member()
                .identity_store_id(store)
                .member_id(MemberId::UserId(user.to_string()))
                .max_results(100)
                .set_next_token(token)
                .send();
            let call = (Service::IdentityStore, "ListGroupMembershipsForMember");
            let bucket = (&self.pace.list_memberships_of_member, Lane::Grant);
            let output = self.call(call, bucket, request).await?;
            Ok((output.group_memberships, output.next_token))
        })
        .await?;
        let groups = memberships
            .iter()
            .map(|membership| parse(membership.group_id(), "a membership's group"))
            .collect::<Result<_, _>>()?;
        Ok(FreshPerson { enabled, groups })
    }
}

fn member(membership: &GroupMembership) -> Option<&String> {
    membership.member_id.as_ref()?.as_user_id().ok()
}

/// Absent counts as enabled: older directories and emulators do not say. Anything else but ENABLED does not.
fn is_enabled(status: Option<&UserStatus>) -> bool {
    matches!(status, None | Some(UserStatus::Enabled))
}

fn person(user: User) -> Result<Person, Failure> {
    let full_name = user.name.as_ref().map(|name| {
        let parts = [name.given_name(), name.family_name()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    });
    let emails = user.emails.as_deref().unwrap_or_default();
    let email = emails
        .iter()
        .find(|email| email.primary)
        .or_else(|| emails.first())
        .and_then(|email| email.value.clone());
    // Nobody logs in with an empty name, so without a user name it is nobody who could call us.
    let user_name = user.user_name.unwrap_or_default();
    Ok(Person {
        id: parse(Some(&user.user_id), "a user")?,
        display_name: user
            .display_name
            .or(full_name)
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| user_name.clone()),
        user_name,
        email,
        zone: user.timezone.filter(|zone| !zone.is_empty()),
        enabled: is_enabled(user.user_status.as_ref()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_enabled_and_absent_status_are_enabled() {
        assert!(is_enabled(None));
        assert!(is_enabled(Some(&UserStatus::Enabled)));
        assert!(!is_enabled(Some(&UserStatus::Disabled)));
        assert!(!is_enabled(Some(&UserStatus::from("SUSPENDED"))));
    }
}
