//! AWS Organizations, `AWSOrganizationsV20161128`. Pages of at most 20.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Call;
use super::input::Input;
use super::sso_admin::seconds;
use crate::organisation::{Account, Answer, ChildKind, OrganizationalUnit};

const PAGE: usize = 20;

pub(super) fn describe_organization(call: &mut Call<'_>, _input: &Input<'_>) -> Answer<Value> {
    let management = call.org.describe_organization(call.by, call.now_ms)?;
    let (org, account) = (call.org.id(), &management.id);
    Ok(json!({ "Organization": {
        "Id": org,
        "Arn": format!("arn:aws:organizations::{account}:organization/{org}"),
        "FeatureSet": "ALL",
        "MasterAccountArn": format!("arn:aws:organizations::{account}:account/{org}/{account}"),
        "MasterAccountId": account,
        "MasterAccountEmail": management.email,
        "AvailablePolicyTypes": [],
    }}))
}

pub(super) fn list_accounts(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    let paging = input.paging(PAGE)?;
    let accounts = call.org.list_accounts(call.by, call.now_ms)?;
    let items = accounts.iter().map(|found| account(call, found)).collect();
    Ok(paging.cut("Accounts", items, call.org.faults().empty_pages))
}

pub(super) fn describe_account(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    let found = call
        .org
        .describe_account(call.by, input.account("AccountId")?, call.now_ms)?;
    Ok(json!({ "Account": account(call, &found) }))
}

pub(super) fn list_roots(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    let paging = input.paging(PAGE)?;
    let id = call.org.list_roots(call.by, call.now_ms)?;
    let root = json!({ "Id": id, "Arn": arn(call, "root", &id), "Name": "Root", "PolicyTypes": [] });
    Ok(paging.cut("Roots", vec![root], call.org.faults().empty_pages))
}

pub(super) fn list_parents(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    let paging = input.paging(PAGE)?;
    let id = call
        .org
        .list_parents(call.by, input.required("ChildId")?, call.now_ms)?;
    let kind = if id.starts_with("r-") {
        "ROOT"
    } else {
        "ORGANIZATIONAL_UNIT"
    };
    Ok(paging.cut(
        "Parents",
        vec![json!({ "Id": id, "Type": kind })],
        call.org.faults().empty_pages,
    ))
}

pub(super) fn list_children(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    let paging = input.paging(PAGE)?;
    let kinds = [
        ("ACCOUNT", ChildKind::Account),
        ("ORGANIZATIONAL_UNIT", ChildKind::OrganizationalUnit),
    ];
    let kind = input.one_of("ChildType", &kinds)?;
    let ids = call
        .org
        .list_children(call.by, input.required("ParentId")?, kind, call.now_ms)?;
    let name = input.required("ChildType")?;
    let items = ids
        .into_iter()
        .map(|id| json!({ "Id": id, "Type": name }))
        .collect();
    Ok(paging.cut("Children", items, call.org.faults().empty_pages))
}

pub(super) fn list_units(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    let paging = input.paging(PAGE)?;
    let parent = input.required("ParentId")?;
    let units = call
        .org
        .list_organizational_units_for_parent(call.by, parent, call.now_ms)?;
    let items = units.iter().map(|found| unit(call, found)).collect();
    Ok(paging.cut("OrganizationalUnits", items, call.org.faults().empty_pages))
}

pub(super) fn describe_unit(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    let id = input.required("OrganizationalUnitId")?;
    let found = call.org.describe_organizational_unit(call.by, id, call.now_ms)?;
    Ok(json!({ "OrganizationalUnit": unit(call, &found) }))
}

pub(super) fn list_accounts_for_parent(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    let paging = input.paging(PAGE)?;
    let accounts = call
        .org
        .list_accounts_for_parent(call.by, input.required("ParentId")?, call.now_ms)?;
    let items = accounts.iter().map(|found| account(call, found)).collect();
    Ok(paging.cut("Accounts", items, call.org.faults().empty_pages))
}

pub(super) fn list_tags(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    let found = call
        .org
        .list_organization_tags(call.by, input.required("ResourceId")?, call.now_ms)?;
    Ok(json!({ "Tags": tags(&found) }))
}

pub(super) fn list_delegated(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    let paging = input.paging(PAGE)?;
    let service = input.optional("ServicePrincipal")?.unwrap_or("sso.amazonaws.com");
    let mut accounts = call.org.list_delegated_administrators(call.by, call.now_ms)?;
    if service != "sso.amazonaws.com" {
        accounts.clear();
    }
    let items = accounts.iter().map(|found| {
        let mut value = account(call, found);
        value["DelegationEnabledDate"] = seconds(found.joined_ms).into();
        value
    });
    Ok(paging.cut(
        "DelegatedAdministrators",
        items.collect(),
        call.org.faults().empty_pages,
    ))
}

fn account(call: &Call<'_>, account: &Account) -> Value {
    let state = account.state.as_str();
    let mut value = json!({
        "Id": account.id,
        "Arn": arn(call, "account", &account.id),
        "Email": account.email,
        "Name": account.name,
        "State": state,
        "JoinedMethod": "CREATED",
        "JoinedTimestamp": seconds(account.joined_ms),
        "Paths": [call.org.path_of(&account.id)],
    });
    // The retired `Status` knows only these.
    if ["ACTIVE", "SUSPENDED", "PENDING_CLOSURE"].contains(&state) {
        value["Status"] = state.into();
    }
    value
}

fn unit(call: &Call<'_>, unit: &OrganizationalUnit) -> Value {
    json!({
        "Id": unit.id,
        "Arn": arn(call, "ou", &unit.id),
        "Name": unit.name,
        "Path": call.org.path_of(&unit.id),
    })
}

fn arn(call: &Call<'_>, kind: &str, id: &str) -> String {
    format!(
        "arn:aws:organizations::{}:{kind}/{}/{id}",
        call.org.management_account(),
        call.org.id()
    )
}

/// `[{Key, Value}]`.
pub(super) fn tags(tags: &BTreeMap<String, String>) -> Vec<Value> {
    tags.iter()
        .map(|(key, value)| json!({ "Key": key, "Value": value }))
        .collect()
}
