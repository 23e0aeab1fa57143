//! The caller: who they are, and what they may ask for.

use super::Api;
use super::body::query;
use super::budget::UserBudget;
use super::caller::{Calling, Known};
use super::error::ApiError;
use super::paging::{ListQuery, page_of_list};
use super::views::{Names, account_ref, set_ref};
use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::response::Response;
use team_shared::me::{Entitlement, Me};
use teamd_domain::Time;
use teamd_domain::identity::{Caller, LoginUid, Who};
use teamd_engine::{Facts, failing_since};
use teamd_policy::{decided_by, entitlements as entitled_to};

/// `GET /v1/me`: for everybody, also for those who map to nobody.
pub(super) async fn me(State(api): State<Api>, Calling(caller): Calling) -> Json<Me> {
    let facts = api.engine.facts();
    let names = Names(facts.directory.as_deref());
    let person = caller.person().map(|id| names.person(id));
    Json(Me {
        uid: caller.peer.uid,
        login_uid: caller.peer.login_uid.uid(),
        login_uid_unknown: caller.peer.login_uid == LoginUid::Unknown,
        login: caller.login.clone(),
        person,
        roles: roles_of(&facts, &caller),
        groups: groups_of(&facts, &caller),
        explanation: api.engine.explain(&caller),
        notices: notices(&api, &facts),
        daemon_version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

/// The words for what somebody is.
pub(super) fn roles_of(facts: &Facts, caller: &Caller) -> Vec<String> {
    let held = facts.access(caller).roles();
    let decides = facts.policy.is_some() && decides_on_anything(facts, caller);
    let all = [
        (caller.person().is_some(), "requester"),
        (decides, "approver"),
        (held.security, "security"),
        (held.auditor, "auditor"),
        (held.admin, "admin"),
        (matches!(caller.who, Who::Operator), "operator"),
    ];
    let has = all.into_iter().filter(|(has, _)| *has);
    has.map(|(_, word)| word.to_owned()).collect()
}

/// The groups that somebody is in.
pub(super) fn groups_of(facts: &Facts, caller: &Caller) -> Vec<String> {
    let (Some(directory), Some(id)) = (&facts.directory, caller.person()) else {
        return Vec::new();
    };
    let groups = directory.groups_of(id).into_iter();
    groups.map(|group| group.name.clone()).collect()
}

/// Whether the caller decides on any target at all.
pub(super) fn decides_on_anything(facts: &Facts, caller: &Caller) -> bool {
    match (facts.both(), caller.person()) {
        (Ok((in_force, directory)), Some(person)) => {
            let (accounts, _) = decided_by(&in_force.policy, directory, &facts.protected, person);
            !accounts.is_empty()
        }
        _ => false,
    }
}

fn notices(api: &Api, facts: &Facts) -> Vec<String> {
    let mut notices = Vec::new();
    match &facts.policy {
        None => notices.push("no policy; as root: team-tui policy apply FILE".to_owned()),
        Some(in_force) if !in_force.policy.settings.approval => {
            notices.push("approval is switched off: nobody needs approval".to_owned());
        }
        Some(_) => {}
    }
    if facts.directory.is_none() {
        notices.push("the directory has never been loaded from AWS".to_owned());
    }
    if let Some(fault) = api.engine.degraded() {
        notices.push(format!("access is only taken back: {fault}"));
    }
    if let Some(held) = facts.holds.get(&teamd_engine::Hold::Frozen) {
        notices.push(held.line());
    }
    let aws = api.engine.aws();
    if failing_since(&aws).is_some() {
        notices.push(format!(
            "AWS is {}: {}",
            aws.state.word(),
            aws.last_error.as_deref().unwrap_or("no answer")
        ));
    }
    notices
}

/// `GET /v1/entitlements`.
pub(super) async fn entitlements(
    State(api): State<Api>,
    Known(caller): Known,
    budget: UserBudget,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, ApiError> {
    let asked: ListQuery = query(&uri)?;
    let (facts, now) = (api.engine.facts(), api.engine.now());
    let listed = budget.compute(&api.heavy, move || {
        listed(&facts, &caller, now, asked.cursor.as_deref())
    });
    listed.await?
}

fn listed(facts: &Facts, caller: &Caller, now: Time, cursor: Option<&str>) -> Result<Response, ApiError> {
    let Some(person) = caller.person() else {
        // The operator may ask for nothing.
        facts.access(caller).acting_person()?;
        return page_of_list(Vec::<Entitlement>::new(), cursor);
    };
    let (in_force, directory) = facts.both()?;
    let names = Names(Some(directory));
    let items = entitled_to(&in_force.policy, directory, &facts.protected, person, now)
        .into_iter()
        .filter_map(|entitled| {
            let account = directory.accounts.get(&entitled.account)?;
            let set = directory.permission_sets.get(&entitled.permission_set)?;
            Some(Entitlement {
                account: account_ref(directory, account),
                permission_set: set_ref(set),
                max_duration_seconds: entitled.max_duration,
                default_duration_seconds: entitled.default_duration,
                approval_required: entitled.approval_required,
                break_glass: entitled.break_glass,
                approvers: names.people(entitled.approvers.iter()),
                quorum: entitled.quorum,
                rule: entitled.rule.to_string(),
                ticket_required: entitled.texts.require_ticket,
                justification_min: if entitled.texts.require_justification {
                    entitled.texts.justification_min
                } else {
                    0
                },
                guarded: entitled.guarded,
            })
        });
    page_of_list(items, cursor)
}
