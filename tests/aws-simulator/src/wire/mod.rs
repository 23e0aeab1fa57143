//! AWS's wire protocols: awsJson1_1 for everything but STS, which speaks Query, and EventBridge Scheduler, which
//! speaks REST-JSON.
//!
//! A request becomes a [`Request`](request::Request) (which operation, from which account, with what
//! input), goes to its handler in the file of its service, and comes back as a JSON value. Signatures are
//! not checked; the access key in the `Authorization` header says whose the call is, the credential scope
//! which region it is for.
//!
//! To add an operation: its method in the model, a handler, and its line in [`dispatch`].

mod cloud_trail;
mod control;
mod identity_store;
mod input;
mod lake;
mod logs;
mod organizations;
mod page;
mod request;
mod respond;
mod scheduler;
mod sso_admin;
mod sts;

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::Value;

use crate::organisation::{Answer, CallError, Caller, Operation, Organisation};
use crate::server::Shared;
use input::Input;
use request::Request;

pub(crate) use respond::DropConnection;

/// What a handler works with.
struct Call<'a> {
    org: &'a mut Organisation,
    by: &'a Caller,
    now_ms: i64,
}

/// Everything the simulator answers.
pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/_simulator/calls", get(control::calls))
        .route(
            "/_simulator/faults",
            get(control::faults).post(control::install_faults),
        )
        .route("/_simulator/reset-faults", post(control::reset_faults))
        .route(
            "/_simulator/assignments",
            get(control::assignments)
                .post(control::add_assignment)
                .delete(control::remove_assignment),
        )
        .route("/_simulator/schedules", get(control::schedules))
        .route("/_simulator/organisation", get(control::organisation))
        .route("/_simulator/user-status", post(control::set_user_status))
        .fallback(aws)
        .with_state(shared)
}

/// Answers one AWS request, as late as the faults say.
async fn aws(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let date_skew_ms = shared.lock().faults().date_skew_ms;
    let stamp = |request_id: &str| respond::Stamp::new(request_id, shared.now_ms() + date_skew_ms);
    let request = match Request::parse(&method, &uri, &headers, &body) {
        Ok(request) => request,
        Err(problem) => {
            return respond::unknown_operation(&problem, &stamp("00000000-0000-0000-0000-000000000000"));
        }
    };
    let (answer, delay_ms, number) = answer(&shared, &request);
    if !matches!(answer, Err(CallError::NoAnswer { .. })) && delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(delay_ms)).await;
    }
    let request_id = respond::request_id(number);
    match answer {
        Ok(value) => respond::ok(request.operation, &value, &stamp(&request_id)),
        Err(CallError::Aws(error)) => respond::error(request.operation, &error, &stamp(&request_id)),
        Err(CallError::NoAnswer { performed: false }) => respond::drop_connection(),
        Err(CallError::NoAnswer { performed: true }) => {
            shared.stopped().await;
            respond::drop_connection()
        }
    }
}

/// The model's part: synchronous, under one lock.
fn answer(shared: &Shared, request: &Request) -> (Answer<Value>, u64, u64) {
    let now_ms = shared.now_ms();
    let mut org = shared.lock();
    let by = org.caller(request.access_key.as_deref(), request.region.as_deref());
    let before = org.call_count();
    let input = Input::new(&request.input, request.operation);
    let answer = dispatch(
        &mut Call {
            org: &mut org,
            by: &by,
            now_ms,
        },
        request.operation,
        &input,
    );
    if let Err(CallError::Aws(error)) = &answer
        && org.call_count() == before
    {
        org.log_refusal(&by, request.operation, error, now_ms);
    }
    (answer, org.delay_of_last_call(), org.call_count())
}

fn dispatch(call: &mut Call<'_>, operation: Operation, input: &Input<'_>) -> Answer<Value> {
    use Operation as Op;
    match operation {
        Op::ListInstances => sso_admin::list_instances(call, input),
        Op::DescribeInstance => sso_admin::describe_instance(call, input),
        Op::ListPermissionSets => sso_admin::list_permission_sets(call, input),
        Op::DescribePermissionSet => sso_admin::describe_permission_set(call, input),
        Op::CreatePermissionSet => sso_admin::create_permission_set(call, input),
        Op::ListPermissionSetTags => sso_admin::list_tags(call, input),
        Op::ListPermissionSetsProvisionedToAccount => sso_admin::list_sets_in_account(call, input),
        Op::ListAccountsForProvisionedPermissionSet => sso_admin::list_accounts_of_set(call, input),
        Op::CreateAccountAssignment => sso_admin::create_assignment(call, input),
        Op::DeleteAccountAssignment => sso_admin::delete_assignment(call, input),
        Op::DescribeAccountAssignmentCreationStatus => sso_admin::describe_creation(call, input),
        Op::DescribeAccountAssignmentDeletionStatus => sso_admin::describe_deletion(call, input),
        Op::ListAccountAssignmentCreationStatus => sso_admin::list_creations(call, input),
        Op::ListAccountAssignmentDeletionStatus => sso_admin::list_deletions(call, input),
        Op::ListAccountAssignments => sso_admin::list_assignments(call, input),
        Op::ListAccountAssignmentsForPrincipal => sso_admin::list_assignments_of(call, input),

        Op::ListUsers => identity_store::list_users(call, input),
        Op::DescribeUser => identity_store::describe_user(call, input),
        Op::GetUserId => identity_store::get_user_id(call, input),
        Op::CreateUser => identity_store::create_user(call, input),
        Op::DeleteUser => identity_store::delete_user(call, input),
        Op::ListGroups => identity_store::list_groups(call, input),
        Op::DescribeGroup => identity_store::describe_group(call, input),
        Op::GetGroupId => identity_store::get_group_id(call, input),
        Op::CreateGroup => identity_store::create_group(call, input),
        Op::ListGroupMemberships => identity_store::list_memberships(call, input),
        Op::ListGroupMembershipsForMember => identity_store::list_memberships_of(call, input),
        Op::IsMemberInGroups => identity_store::is_member(call, input),
        Op::CreateGroupMembership => identity_store::create_membership(call, input),
        Op::DeleteGroupMembership => identity_store::delete_membership(call, input),

        Op::DescribeOrganization => organizations::describe_organization(call, input),
        Op::ListAccounts => organizations::list_accounts(call, input),
        Op::DescribeAccount => organizations::describe_account(call, input),
        Op::ListRoots => organizations::list_roots(call, input),
        Op::ListParents => organizations::list_parents(call, input),
        Op::ListChildren => organizations::list_children(call, input),
        Op::ListOrganizationalUnitsForParent => organizations::list_units(call, input),
        Op::DescribeOrganizationalUnit => organizations::describe_unit(call, input),
        Op::ListAccountsForParent => organizations::list_accounts_for_parent(call, input),
        Op::ListOrganizationTags => organizations::list_tags(call, input),
        Op::ListDelegatedAdministrators => organizations::list_delegated(call, input),

        Op::LookupEvents => cloud_trail::lookup_events(call, input),
        Op::StartQuery => lake::start_query(call, input),
        Op::GetQueryResults => lake::get_query_results(call, input),
        Op::CancelQuery => lake::cancel_query(call, input),

        Op::FilterLogEvents => logs::filter_log_events(call, input),

        Op::CreateSchedule => scheduler::create_schedule(call, input),
        Op::UpdateSchedule => scheduler::update_schedule(call, input),
        Op::GetSchedule => scheduler::get_schedule(call, input),
        Op::DeleteSchedule => scheduler::delete_schedule(call, input),
        Op::ListSchedules => scheduler::list_schedules(call, input),

        Op::GetCallerIdentity => sts::get_caller_identity(call),
        Op::AssumeRole => sts::assume_role(call, input),
    }
}
