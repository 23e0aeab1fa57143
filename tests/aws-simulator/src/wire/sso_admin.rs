//! IAM Identity Center, `SWBExternalService`. Pages of at most 100.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Call;
use super::input::Input;
use crate::organisation::{
    Answer, AssignmentKey, AssignmentOperation, AwsError, NewPermissionSet, Operation, OperationKind,
    OperationStatus, PermissionSet, Principal,
};

const PAGE: usize = 100;

pub(super) fn list_instances(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    let paging = input.paging(PAGE)?;
    call.org
        .describe_instance(call.by, Operation::ListInstances, call.now_ms)?;
    Ok(paging.cut("Instances", vec![instance(call)], call.org.faults().empty_pages))
}

pub(super) fn describe_instance(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    check_instance(call, input)?;
    call.org
        .describe_instance(call.by, Operation::DescribeInstance, call.now_ms)?;
    Ok(instance(call))
}

pub(super) fn list_permission_sets(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    let paging = input.paging(PAGE)?;
    check_instance(call, input)?;
    let arns = call.org.list_permission_sets(call.by, call.now_ms)?;
    Ok(paging.cut("PermissionSets", strings(arns), call.org.faults().empty_pages))
}

pub(super) fn describe_permission_set(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    check_instance(call, input)?;
    let arn = input.sso_arn("PermissionSetArn", "permissionSet")?;
    let set = call.org.describe_permission_set(call.by, arn, call.now_ms)?;
    Ok(json!({ "PermissionSet": permission_set(&set) }))
}

pub(super) fn create_permission_set(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    check_instance(call, input)?;
    let mut tags = BTreeMap::new();
    for tag in input
        .value("Tags")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        if let (Some(key), Some(value)) = (tag["Key"].as_str(), tag["Value"].as_str()) {
            tags.insert(key.to_owned(), value.to_owned());
        }
    }
    let new = NewPermissionSet {
        name: input.required("Name")?.to_owned(),
        description: input.optional("Description")?.unwrap_or_default().to_owned(),
        session_duration: input.optional("SessionDuration")?.map(str::to_owned),
        tags,
    };
    let set = call.org.create_permission_set(call.by, new, call.now_ms)?;
    Ok(json!({ "PermissionSet": permission_set(&set) }))
}

pub(super) fn list_tags(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    let arn = input.required("ResourceArn")?;
    let tags = call.org.list_permission_set_tags(call.by, arn, call.now_ms)?;
    Ok(json!({ "Tags": super::organizations::tags(&tags) }))
}

pub(super) fn list_sets_in_account(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    let paging = input.paging(PAGE)?;
    check_instance(call, input)?;
    let account = input.account("AccountId")?;
    let arns = call
        .org
        .list_permission_sets_provisioned_to_account(call.by, account, call.now_ms)?;
    Ok(paging.cut("PermissionSets", strings(arns), call.org.faults().empty_pages))
}

pub(super) fn list_accounts_of_set(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    let paging = input.paging(PAGE)?;
    check_instance(call, input)?;
    let arn = input.sso_arn("PermissionSetArn", "permissionSet")?;
    let accounts = call
        .org
        .list_accounts_for_provisioned_permission_set(call.by, arn, call.now_ms)?;
    Ok(paging.cut("AccountIds", strings(accounts), call.org.faults().empty_pages))
}

pub(super) fn create_assignment(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    let key = assignment_key(call, input)?;
    let operation = call.org.create_account_assignment(call.by, &key, call.now_ms)?;
    Ok(json!({ "AccountAssignmentCreationStatus": status(&operation) }))
}

pub(super) fn delete_assignment(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    let key = assignment_key(call, input)?;
    let operation = call.org.delete_account_assignment(call.by, &key, call.now_ms)?;
    Ok(json!({ "AccountAssignmentDeletionStatus": status(&operation) }))
}

pub(super) fn describe_creation(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    check_instance(call, input)?;
    let id = input.required("AccountAssignmentCreationRequestId")?;
    let found = call
        .org
        .describe_assignment_operation(call.by, OperationKind::Create, id, call.now_ms)?;
    Ok(json!({ "AccountAssignmentCreationStatus": status(&found) }))
}

pub(super) fn describe_deletion(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    check_instance(call, input)?;
    let id = input.required("AccountAssignmentDeletionRequestId")?;
    let found = call
        .org
        .describe_assignment_operation(call.by, OperationKind::Delete, id, call.now_ms)?;
    Ok(json!({ "AccountAssignmentDeletionStatus": status(&found) }))
}

pub(super) fn list_creations(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    list_operations(
        call,
        input,
        OperationKind::Create,
        "AccountAssignmentsCreationStatus",
    )
}

pub(super) fn list_deletions(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    list_operations(
        call,
        input,
        OperationKind::Delete,
        "AccountAssignmentsDeletionStatus",
    )
}

pub(super) fn list_assignments(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    let paging = input.paging(PAGE)?;
    check_instance(call, input)?;
    let account = input.account("AccountId")?;
    let arn = input.sso_arn("PermissionSetArn", "permissionSet")?;
    let keys = call
        .org
        .list_account_assignments(call.by, account, arn, call.now_ms)?;
    Ok(paging.cut("AccountAssignments", rows(keys), call.org.faults().empty_pages))
}

pub(super) fn list_assignments_of(call: &mut Call<'_>, input: &Input<'_>) -> Answer<Value> {
    let paging = input.paging(PAGE)?;
    check_instance(call, input)?;
    let principal = principal(input)?;
    let filter = Input::new(
        input.value("Filter").unwrap_or(&Value::Null),
        Operation::ListAccountAssignmentsForPrincipal,
    );
    let account = filter.optional_account("AccountId")?;
    let keys = call
        .org
        .list_account_assignments_for_principal(call.by, &principal, account, call.now_ms)?;
    Ok(paging.cut("AccountAssignments", rows(keys), call.org.faults().empty_pages))
}

fn list_operations(call: &mut Call<'_>, input: &Input<'_>, kind: OperationKind, name: &str) -> Answer<Value> {
    let paging = input.paging(PAGE)?;
    check_instance(call, input)?;
    let wanted = match input.value("Filter").and_then(|filter| filter["Status"].as_str()) {
        None => None,
        Some("IN_PROGRESS") => Some(OperationStatus::InProgress),
        Some("SUCCEEDED") => Some(OperationStatus::Succeeded),
        Some("FAILED") => Some(OperationStatus::Failed),
        Some(_) => {
            return Err(input
                .invalid("Filter", "Member must satisfy enum value set")
                .into());
        }
    };
    let found = call
        .org
        .list_assignment_operations(call.by, kind, wanted, call.now_ms)?;
    let row = |op: &AssignmentOperation| {
        json!({
            "Status": op.status.as_str(), "RequestId": op.request_id, "CreatedDate": seconds(op.created_ms),
        })
    };
    Ok(paging.cut(
        name,
        found.iter().map(row).collect(),
        call.org.faults().empty_pages,
    ))
}

/// Refuses other instances than ours; there is one in an organisation.
fn check_instance(call: &Call<'_>, input: &Input<'_>) -> Result<(), AwsError> {
    let arn = input.sso_arn("InstanceArn", "instance")?;
    if arn == call.org.instance_arn() {
        return Ok(());
    }
    Err(AwsError::not_found(format!("Instance {arn} not found")))
}

fn assignment_key(call: &Call<'_>, input: &Input<'_>) -> Result<AssignmentKey, AwsError> {
    check_instance(call, input)?;
    input.one_of("TargetType", &[("AWS_ACCOUNT", ())])?;
    Ok(AssignmentKey {
        account: input.account("TargetId")?.to_owned(),
        permission_set: input.sso_arn("PermissionSetArn", "permissionSet")?.to_owned(),
        principal: principal(input)?,
    })
}

fn principal(input: &Input<'_>) -> Result<Principal, AwsError> {
    // AWS compares these ids without regard to case.
    let id = input.required("PrincipalId")?.to_ascii_lowercase();
    let is_user = input.one_of("PrincipalType", &[("USER", true), ("GROUP", false)])?;
    if id.len() > 47 || !id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') {
        return Err(input.invalid("PrincipalId", "Member must satisfy regular expression pattern"));
    }
    Ok(if is_user {
        Principal::User(id)
    } else {
        Principal::Group(id)
    })
}

fn instance(call: &Call<'_>) -> Value {
    let (account, store) = (call.org.management_account(), call.org.identity_store_id());
    let region = call.org.region();
    json!({
        "InstanceArn": call.org.instance_arn(),
        "IdentityStoreId": store,
        "IdentityStoreArn": format!("arn:aws:identitystore::{account}:identitystore/{store}"),
        "OwnerAccountId": account,
        "Name": "simulated",
        "Status": "ACTIVE",
        "PrimaryRegion": region,
        "Regions": [{ "RegionName": region, "Status": "ACTIVE", "IsPrimaryRegion": true }],
        "PermissionSetsEnabled": true,
    })
}

fn permission_set(set: &PermissionSet) -> Value {
    let mut value = json!({
        "Name": set.name,
        "PermissionSetArn": set.arn,
        "CreatedDate": seconds(set.created_ms),
        "SessionDuration": set.session_duration,
    });
    if !set.description.is_empty() {
        value["Description"] = set.description.as_str().into();
    }
    value
}

fn status(operation: &AssignmentOperation) -> Value {
    let mut value = json!({
        "Status": operation.status.as_str(),
        "RequestId": operation.request_id,
        "TargetId": operation.key.account,
        "TargetType": "AWS_ACCOUNT",
        "PermissionSetArn": operation.key.permission_set,
        "PrincipalType": operation.key.principal.kind(),
        "PrincipalId": operation.key.principal.id(),
        "CreatedDate": seconds(operation.created_ms),
    });
    if let Some(reason) = &operation.failure_reason {
        value["FailureReason"] = reason.as_str().into();
    }
    value
}

fn rows(keys: Vec<AssignmentKey>) -> Vec<Value> {
    let row = |key: AssignmentKey| {
        json!({
            "AccountId": key.account,
            "PermissionSetArn": key.permission_set,
            "PrincipalType": key.principal.kind(),
            "PrincipalId": key.principal.id(),
        })
    };
    keys.into_iter().map(row).collect()
}

fn strings(items: Vec<String>) -> Vec<Value> {
    items.into_iter().map(Value::String).collect()
}

/// A time as awsJson has it: seconds since the epoch, with a fraction.
pub(super) fn seconds(at_ms: i64) -> f64 {
    at_ms as f64 / 1000.0
}
