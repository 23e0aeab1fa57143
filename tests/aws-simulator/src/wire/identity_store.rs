//! The identity store, `AWSIdentityStore`. Pages of at most 100.

use serde_json::{Value, json};

use super::Call;
use super::input::Input;
use super::sso_admin::seconds;
use crate::organisation::{Answer, AwsError, Group, NewUser, User};

const PAGE: usize = 100;

pub(super) fn list_users(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    let paging = input.paging(PAGE)?;
    check_store(call, input)?;
    let filter = filter(input, "UserName")?;
    let mut users = call.org.list_users(call.by, call.now_ms)?;
    users.retain(|user| filter.is_none_or(|name| user.user_name == name));
    let items = users.iter().map(|found| user(call, found)).collect();
    Ok(paging.cut("Users", items, call.org.faults().empty_pages))
}

pub(super) fn describe_user(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    check_store(call, input)?;
    let id = resource_id(input, "UserId")?;
    let found = call.org.describe_user(call.by, id, call.now_ms)?;
    Ok(user(call, &found))
}

pub(super) fn get_user_id(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    check_store(call, input)?;
    let (path, value) = unique_attribute(input)?;
    if !["username", "emails.value"].contains(&path.to_ascii_lowercase().as_str()) {
        return Err(input
            .invalid("AlternateIdentifier", "Unknown attribute path")
            .into());
    }
    let id = call.org.get_user_id(call.by, path, value, call.now_ms)?;
    Ok(json!({ "UserId": id, "IdentityStoreId": call.org.identity_store_id() }))
}

pub(super) fn create_user(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    check_store(call, input)?;
    let email = input
        .value("Emails")
        .and_then(|emails| emails[0]["Value"].as_str());
    let new = NewUser {
        user_name: input.required("UserName")?.to_owned(),
        display_name: input.optional("DisplayName")?.map(str::to_owned),
        email: email.map(str::to_owned),
        ..NewUser::default()
    };
    let created = call.org.create_user(call.by, new, call.now_ms)?;
    Ok(json!({ "UserId": created.id, "IdentityStoreId": call.org.identity_store_id() }))
}

pub(super) fn delete_user(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    check_store(call, input)?;
    call.org
        .delete_user(call.by, resource_id(input, "UserId")?, call.now_ms)?;
    Ok(json!({}))
}

pub(super) fn list_groups(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    let paging = input.paging(PAGE)?;
    check_store(call, input)?;
    let filter = filter(input, "DisplayName")?;
    let mut groups = call.org.list_groups(call.by, call.now_ms)?;
    groups.retain(|group| filter.is_none_or(|name| group.display_name == name));
    let items = groups.iter().map(|found| group(call, found)).collect();
    Ok(paging.cut("Groups", items, call.org.faults().empty_pages))
}

pub(super) fn describe_group(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    check_store(call, input)?;
    let found = call
        .org
        .describe_group(call.by, resource_id(input, "GroupId")?, call.now_ms)?;
    Ok(group(call, &found))
}

pub(super) fn get_group_id(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    check_store(call, input)?;
    let (path, value) = unique_attribute(input)?;
    if !path.eq_ignore_ascii_case("displayName") {
        return Err(input
            .invalid("AlternateIdentifier", "Unknown attribute path")
            .into());
    }
    let id = call.org.get_group_id(call.by, value, call.now_ms)?;
    Ok(json!({ "GroupId": id, "IdentityStoreId": call.org.identity_store_id() }))
}

pub(super) fn create_group(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    check_store(call, input)?;
    let name = input.required("DisplayName")?;
    let description = input.optional("Description")?.unwrap_or_default();
    let id = call.org.create_group(call.by, name, description, call.now_ms)?;
    Ok(json!({ "GroupId": id, "IdentityStoreId": call.org.identity_store_id() }))
}

pub(super) fn list_memberships(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    let paging = input.paging(PAGE)?;
    check_store(call, input)?;
    let group = resource_id(input, "GroupId")?;
    let users = call.org.list_group_memberships(call.by, group, call.now_ms)?;
    let items = users.iter().map(|user| membership(call, group, user)).collect();
    Ok(paging.cut("GroupMemberships", items, call.org.faults().empty_pages))
}

pub(super) fn list_memberships_of(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    let paging = input.paging(PAGE)?;
    check_store(call, input)?;
    let user = member(input)?;
    let groups = call
        .org
        .list_group_memberships_for_member(call.by, user, call.now_ms)?;
    let items = groups.iter().map(|group| membership(call, group, user)).collect();
    Ok(paging.cut("GroupMemberships", items, call.org.faults().empty_pages))
}

pub(super) fn is_member(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    check_store(call, input)?;
    let user = member(input)?;
    let groups = input.strings("GroupIds")?;
    if !(1..=100).contains(&groups.len()) {
        return Err(input
            .invalid("GroupIds", "Member must have between 1 and 100 items")
            .into());
    }
    let answers = call
        .org
        .is_member_in_groups(call.by, user, &groups, call.now_ms)?;
    let result = |(group, exists): (&String, bool)| json!({ "GroupId": group, "MemberId": { "UserId": user }, "MembershipExists": exists });
    Ok(json!({ "Results": groups.iter().zip(answers).map(result).collect::<Vec<_>>() }))
}

pub(super) fn create_membership(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    check_store(call, input)?;
    let group = resource_id(input, "GroupId")?;
    let id = call
        .org
        .create_group_membership(call.by, group, member(input)?, call.now_ms)?;
    Ok(json!({ "MembershipId": id, "IdentityStoreId": call.org.identity_store_id() }))
}

pub(super) fn delete_membership(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    check_store(call, input)?;
    call.org
        .delete_group_membership(call.by, resource_id(input, "MembershipId")?, call.now_ms)?;
    Ok(json!({}))
}

/// Refuses other stores than ours. The id may be an ARN.
fn check_store(call: &Call<'_>, input: &Input<'_>) -> Result<(), AwsError> {
    let id = input.required("IdentityStoreId")?;
    if id.rsplit('/').next() == Some(call.org.identity_store_id()) {
        return Ok(());
    }
    Err(AwsError::not_found(format!("IDENTITY_STORE not found: {id}")))
}

/// An id, which may come as an ARN.
fn resource_id<'a>(input: &Input<'a>, name: &str) -> Result<&'a str, AwsError> {
    let id = input.required(name)?;
    Ok(id.rsplit('/').next().unwrap_or(id))
}

fn member<'a>(input: &Input<'a>) -> Result<&'a str, AwsError> {
    let user = input
        .value("MemberId")
        .and_then(|member| member["UserId"].as_str());
    user.ok_or_else(|| input.invalid("MemberId", "Member must not be null"))
}

fn unique_attribute<'a>(input: &Input<'a>) -> Result<(&'a str, &'a str), AwsError> {
    let attribute = input
        .value("AlternateIdentifier")
        .map(|identifier| &identifier["UniqueAttribute"]);
    let pair = attribute.and_then(|it| Some((it["AttributePath"].as_str()?, it["AttributeValue"].as_str()?)));
    pair.ok_or_else(|| input.invalid("AlternateIdentifier", "Member must have a UniqueAttribute"))
}

/// The deprecated `Filters`, of which AWS takes one.
fn filter<'a>(input: &Input<'a>, path: &str) -> Result<Option<&'a str>, AwsError> {
    let Some(filters) = input.value("Filters").and_then(Value::as_array) else {
        return Ok(None);
    };
    match filters.as_slice() {
        [] => Ok(None),
        [one] if one["AttributePath"] == path => Ok(one["AttributeValue"].as_str()),
        _ => Err(input.invalid("Filters", "Member must have one filter on a supported attribute")),
    }
}

fn user(call: &Call<'_>, user: &User) -> Value {
    let (given, family) = user
        .display_name
        .split_once(' ')
        .unwrap_or((&user.display_name, ""));
    json!({
        "UserId": user.id,
        "IdentityStoreId": call.org.identity_store_id(),
        "UserArn": format!("arn:aws:identitystore:::user/{}", user.id),
        "Revision": "1",
        "UserName": user.user_name,
        "DisplayName": user.display_name,
        "Name": { "GivenName": given, "FamilyName": family, "Formatted": user.display_name },
        "Emails": [{ "Value": user.email, "Type": "work", "Primary": true }],
        "UserStatus": if user.enabled { "ENABLED" } else { "DISABLED" },
        "CreatedAt": seconds(user.created_ms),
        "UpdatedAt": seconds(user.created_ms),
    })
}

fn group(call: &Call<'_>, group: &Group) -> Value {
    json!({
        "GroupId": group.id,
        "IdentityStoreId": call.org.identity_store_id(),
        "GroupArn": format!("arn:aws:identitystore:::group/{}", group.id),
        "Revision": "1",
        "DisplayName": group.display_name,
        "Description": group.description,
    })
}

fn membership(call: &Call<'_>, group: &str, user: &str) -> Value {
    let id = call.org.membership_id(group, user);
    json!({
        "IdentityStoreId": call.org.identity_store_id(),
        "MembershipArn": format!("arn:aws:identitystore:::membership/{id}"),
        "Revision": "1",
        "MembershipId": id,
        "GroupId": group,
        "MemberId": { "UserId": user },
    })
}
