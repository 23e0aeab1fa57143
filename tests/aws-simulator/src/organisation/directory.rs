//! The identity store: users, groups, memberships.

use super::error::{Answer, AwsError, ErrorKind};
use super::operation::Operation;
use super::setup::NewUser;
use super::types::{Caller, Group, User};
use super::{About, Organisation, ids};

impl Organisation {
    /// All users, by id.
    pub fn list_users(&mut self, by: &Caller, now_ms: i64) -> Answer<Vec<User>> {
        self.call(by, Operation::ListUsers, About::NOTHING, now_ms, |org, _| {
            Ok(org.users.values().cloned().collect())
        })
    }

    /// One user.
    pub fn describe_user(&mut self, by: &Caller, user_id: &str, now_ms: i64) -> Answer<User> {
        self.call(
            by,
            Operation::DescribeUser,
            About::principal(user_id),
            now_ms,
            |org, _| {
                org.users
                    .get(user_id)
                    .cloned()
                    .ok_or_else(|| not_found("USER", user_id))
            },
        )
    }

    /// The id of the user whose attribute (`userName` or `emails.value`) has this value.
    pub fn get_user_id(&mut self, by: &Caller, path: &str, value: &str, now_ms: i64) -> Answer<String> {
        self.call(by, Operation::GetUserId, About::NOTHING, now_ms, |org, _| {
            // User names and addresses do not differ by case alone in Identity Center.
            let has = |user: &&User| match path.to_ascii_lowercase().as_str() {
                "username" => user.user_name.eq_ignore_ascii_case(value),
                "emails.value" => user.email.eq_ignore_ascii_case(value),
                _ => false,
            };
            org.users
                .values()
                .find(has)
                .map(|user| user.id.clone())
                .ok_or_else(|| not_found("USER", value))
        })
    }

    /// Adds a user.
    pub fn create_user(&mut self, by: &Caller, new: NewUser, now_ms: i64) -> Answer<User> {
        self.call(by, Operation::CreateUser, About::NOTHING, now_ms, |org, _| {
            if org.user_named(&new.user_name).is_some() {
                return Err(AwsError::new(ErrorKind::Conflict, "Duplicate UserName"));
            }
            let id = org
                .add_user(new)
                .map_err(|error| AwsError::validation(error.to_string()))?;
            let user = org.users.get_mut(&id).ok_or_else(|| not_found("USER", &id))?;
            user.created_ms = now_ms;
            Ok(user.clone())
        })
    }

    /// Deletes a user. His memberships go; his assignments stay, as they do in AWS.
    pub fn delete_user(&mut self, by: &Caller, user_id: &str, now_ms: i64) -> Answer<()> {
        self.call(
            by,
            Operation::DeleteUser,
            About::principal(user_id),
            now_ms,
            |org, _| {
                if org.remove_user(user_id) {
                    Ok(())
                } else {
                    Err(not_found("USER", user_id))
                }
            },
        )
    }

    /// All groups, by id.
    pub fn list_groups(&mut self, by: &Caller, now_ms: i64) -> Answer<Vec<Group>> {
        self.call(by, Operation::ListGroups, About::NOTHING, now_ms, |org, _| {
            Ok(org.groups.values().cloned().collect())
        })
    }

    /// One group.
    pub fn describe_group(&mut self, by: &Caller, group_id: &str, now_ms: i64) -> Answer<Group> {
        self.call(
            by,
            Operation::DescribeGroup,
            About::principal(group_id),
            now_ms,
            |org, _| {
                org.groups
                    .get(group_id)
                    .cloned()
                    .ok_or_else(|| not_found("GROUP", group_id))
            },
        )
    }

    /// The id of the group with this name.
    pub fn get_group_id(&mut self, by: &Caller, display_name: &str, now_ms: i64) -> Answer<String> {
        self.call(by, Operation::GetGroupId, About::NOTHING, now_ms, |org, _| {
            let found = org.group_named(display_name).map(|group| group.id.clone());
            found.ok_or_else(|| not_found("GROUP", display_name))
        })
    }

    /// Adds a group.
    pub fn create_group(
        &mut self,
        by: &Caller,
        display_name: &str,
        description: &str,
        now_ms: i64,
    ) -> Answer<String> {
        self.call(by, Operation::CreateGroup, About::NOTHING, now_ms, |org, _| {
            if org.group_named(display_name).is_some() {
                return Err(AwsError::new(ErrorKind::Conflict, "Duplicate DisplayName"));
            }
            org.add_group(display_name, description, &[])
                .map_err(|error| AwsError::validation(error.to_string()))
        })
    }

    /// The members of a group, by user id.
    pub fn list_group_memberships(
        &mut self,
        by: &Caller,
        group_id: &str,
        now_ms: i64,
    ) -> Answer<Vec<String>> {
        self.call(
            by,
            Operation::ListGroupMemberships,
            About::principal(group_id),
            now_ms,
            |org, _| {
                let group = org
                    .groups
                    .get(group_id)
                    .ok_or_else(|| not_found("GROUP", group_id))?;
                Ok(group.members.iter().cloned().collect())
            },
        )
    }

    /// The groups a user is in, by id.
    pub fn list_group_memberships_for_member(
        &mut self,
        by: &Caller,
        user_id: &str,
        now_ms: i64,
    ) -> Answer<Vec<String>> {
        let operation = Operation::ListGroupMembershipsForMember;
        self.call(by, operation, About::principal(user_id), now_ms, |org, _| {
            org.users.get(user_id).ok_or_else(|| not_found("USER", user_id))?;
            let theirs = org
                .groups
                .values()
                .filter(|group| group.members.contains(user_id));
            Ok(theirs.map(|group| group.id.clone()).collect())
        })
    }

    /// For each group, in the order asked, whether the user is in it.
    pub fn is_member_in_groups(
        &mut self,
        by: &Caller,
        user_id: &str,
        group_ids: &[String],
        now_ms: i64,
    ) -> Answer<Vec<bool>> {
        self.call(
            by,
            Operation::IsMemberInGroups,
            About::principal(user_id),
            now_ms,
            |org, _| {
                org.users.get(user_id).ok_or_else(|| not_found("USER", user_id))?;
                let member_of = |id: &String| org.groups.get(id).is_some_and(|g| g.members.contains(user_id));
                Ok(group_ids.iter().map(member_of).collect())
            },
        )
    }

    /// Puts a user into a group; the membership's id.
    pub fn create_group_membership(
        &mut self,
        by: &Caller,
        group_id: &str,
        user_id: &str,
        now_ms: i64,
    ) -> Answer<String> {
        self.call(
            by,
            Operation::CreateGroupMembership,
            About::principal(user_id),
            now_ms,
            |org, _| {
                org.users.get(user_id).ok_or_else(|| not_found("USER", user_id))?;
                let group = org
                    .groups
                    .get_mut(group_id)
                    .ok_or_else(|| not_found("GROUP", group_id))?;
                if !group.members.insert(user_id.to_owned()) {
                    return Err(AwsError::new(
                        ErrorKind::Conflict,
                        "Member and Group relationship already exists",
                    ));
                }
                Ok(org.membership_id(group_id, user_id))
            },
        )
    }

    /// Takes a user out of a group.
    pub fn delete_group_membership(&mut self, by: &Caller, membership_id: &str, now_ms: i64) -> Answer<()> {
        self.call(
            by,
            Operation::DeleteGroupMembership,
            About::NOTHING,
            now_ms,
            |org, _| {
                let pairs = org
                    .groups
                    .values()
                    .flat_map(|g| g.members.iter().map(move |user| (&g.id, user)));
                let found = pairs
                    .into_iter()
                    .find(|(group, user)| org.membership_id(group, user) == membership_id);
                let (group, user) = found.ok_or_else(|| not_found("GROUP_MEMBERSHIP", membership_id))?;
                let (group, user) = (group.clone(), user.clone());
                if let Some(group) = org.groups.get_mut(&group) {
                    group.members.remove(&user);
                }
                Ok(())
            },
        )
    }

    /// The id of the membership of a user in a group.
    pub fn membership_id(&self, group_id: &str, user_id: &str) -> String {
        ids::identity(&self.identity_store_id, &format!("{group_id} {user_id}"))
    }
}

fn not_found(kind: &str, id: &str) -> AwsError {
    AwsError::not_found(format!("{kind} not found: {id}"))
}
