//! Accounts, permission sets, people, groups: all of them for those who see everything, else what the caller may ask
//! for or decide on.

use super::Api;
use super::body::query;
use super::budget::UserBudget;
use super::caller::Known;
use super::error::ApiError;
use super::paging::{ListQuery, page_of_list};
use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::response::{IntoResponse, Response};
use std::collections::BTreeSet;
use std::sync::Arc;
use team_shared::directory as wire;
use team_shared::ids::{AccountId, PermissionSetArn, UserId};
use team_shared::problem::Code;
use teamd_domain::directory::Directory;
use teamd_domain::identity::Caller;
use teamd_engine::{Facts, Refused};
use teamd_policy::{decided_by, entitlements};

/// What a caller may know of the organisation.
struct Scope {
    all: bool,
    accounts: BTreeSet<AccountId>,
    sets: BTreeSet<PermissionSetArn>,
    people: BTreeSet<UserId>,
}

impl Scope {
    fn of(api: &Api, facts: &Facts, caller: &Caller) -> Self {
        let access = facts.access(caller);
        let mut scope = Self {
            all: access.sees_operations(),
            accounts: BTreeSet::new(),
            sets: BTreeSet::new(),
            people: BTreeSet::new(),
        };
        let (Some(person), Ok((in_force, directory))) = (caller.person(), facts.both()) else {
            return scope;
        };
        if scope.all {
            return scope;
        }
        scope.people.insert(person.clone());
        for entitled in entitlements(
            &in_force.policy,
            directory,
            &facts.protected,
            person,
            api.engine.now(),
        ) {
            scope.people.extend(entitled.approvers.iter().cloned());
            scope.accounts.insert(entitled.account);
            scope.sets.insert(entitled.permission_set);
        }
        let (accounts, sets) = decided_by(&in_force.policy, directory, &facts.protected, person);
        scope.accounts.extend(accounts);
        scope.sets.extend(sets);
        scope
    }
}

/// The directory copy, and what the caller may know of it.
fn look(api: &Api, caller: &Caller) -> Result<(Arc<Directory>, Facts, Scope), ApiError> {
    let facts = api.engine.facts();
    let directory = facts.directory.clone().ok_or_else(|| {
        Refused::new(
            Code::DirectoryUnavailable,
            "the directory has never been loaded from AWS",
        )
        .help("`team-tui status` says what AWS answers")
    })?;
    let scope = Scope::of(api, &facts, caller);
    Ok((directory, facts, scope))
}

/// `GET /v1/accounts`.
pub(super) async fn accounts(
    State(api): State<Api>,
    Known(caller): Known,
    budget: UserBudget,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, ApiError> {
    let asked: ListQuery = query(&uri)?;
    let pool = Arc::clone(&api.heavy);
    let answer = budget.compute(&pool, move || {
        let (directory, facts, scope) = look(&api, &caller)?;
        let items = all_accounts(&directory, &facts)
            .into_iter()
            .filter(|account| scope.all || scope.accounts.contains(&account.id));
        page_of_list(items, asked.cursor.as_deref())
    });
    answer.await?
}

fn all_accounts(directory: &Directory, facts: &Facts) -> Vec<wire::Account> {
    directory
        .accounts
        .values()
        .map(|account| wire::Account {
            id: account.id.clone(),
            name: account.name.clone(),
            state: account.state.clone(),
            ou_path: directory.ou_path(account),
            ou_ids: account.ou_ids.clone(),
            tags: account.tags.clone(),
            protected: facts.protected.contains(&account.id),
        })
        .collect()
}

/// `GET /v1/permission-sets`.
pub(super) async fn permission_sets(
    State(api): State<Api>,
    Known(caller): Known,
    budget: UserBudget,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, ApiError> {
    let asked: ListQuery = query(&uri)?;
    let pool = Arc::clone(&api.heavy);
    let answer = budget.compute(&pool, move || {
        let (directory, _, scope) = look(&api, &caller)?;
        let items = all_sets(&directory)
            .into_iter()
            .filter(|set| scope.all || scope.sets.contains(&set.arn));
        page_of_list(items, asked.cursor.as_deref())
    });
    answer.await?
}

fn all_sets(directory: &Directory) -> Vec<wire::PermissionSet> {
    directory
        .permission_sets
        .values()
        .map(|set| wire::PermissionSet {
            arn: set.arn.clone(),
            name: set.name.clone(),
            description: set.description.clone(),
            session_duration_seconds: set.session_seconds,
        })
        .collect()
}

/// `GET /v1/people`.
pub(super) async fn people(
    State(api): State<Api>,
    Known(caller): Known,
    budget: UserBudget,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, ApiError> {
    let asked: ListQuery = query(&uri)?;
    let pool = Arc::clone(&api.heavy);
    let answer = budget.compute(&pool, move || {
        let (directory, _, scope) = look(&api, &caller)?;
        let items = all_people(&directory)
            .into_iter()
            .filter(|person| scope.all || scope.people.contains(&person.user_id));
        page_of_list(items, asked.cursor.as_deref())
    });
    answer.await?
}

fn all_people(directory: &Directory) -> Vec<wire::Person> {
    directory
        .people
        .values()
        .map(|person| wire::Person {
            user_id: person.id.clone(),
            user_name: person.user_name.clone(),
            display_name: person.display_name.clone(),
            email: person.email.clone(),
            enabled: person.enabled,
        })
        .collect()
}

/// `GET /v1/groups`: all for those who see everything, else one's own.
pub(super) async fn groups(
    State(api): State<Api>,
    Known(caller): Known,
    budget: UserBudget,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, ApiError> {
    let asked: ListQuery = query(&uri)?;
    let pool = Arc::clone(&api.heavy);
    let answer = budget.compute(&pool, move || {
        let (directory, _, scope) = look(&api, &caller)?;
        let mut items = all_groups(&directory);
        if !scope.all {
            items.retain(|group| caller.person().is_some_and(|id| group.members.contains(id)));
            for group in &mut items {
                group.members.retain(|id| scope.people.contains(id));
            }
        }
        page_of_list(items, asked.cursor.as_deref())
    });
    answer.await?
}

fn all_groups(directory: &Directory) -> Vec<wire::Group> {
    directory
        .groups
        .values()
        .map(|group| wire::Group {
            group_id: group.id.clone(),
            name: group.name.clone(),
            members: group.members.iter().cloned().collect(),
        })
        .collect()
}

/// `GET /v1/directory`: the whole copy, for those who see everything.
pub(super) async fn directory(
    State(api): State<Api>,
    Known(caller): Known,
    budget: UserBudget,
) -> Result<Response, ApiError> {
    let pool = Arc::clone(&api.heavy);
    let answer = budget.compute(&pool, move || {
        whole(&api, &caller).map(IntoResponse::into_response)
    });
    answer.await?
}

fn whole(api: &Api, caller: &Caller) -> Result<Json<wire::Directory>, ApiError> {
    let (directory, facts, scope) = look(api, caller)?;
    if !scope.all {
        return Err(Refused::new(
            Code::NotAllowed,
            "the whole directory takes security, auditor, administrator or operator",
        )
        .into());
    }
    Ok(Json(wire::Directory {
        loaded_at: directory.loaded_at,
        instance_arn: directory.instance_arn.clone(),
        identity_store_id: directory.identity_store_id.clone(),
        management_account: directory.management_account.clone(),
        organizational_units: directory
            .organizational_units
            .values()
            .map(|ou| wire::OrganizationalUnit {
                id: ou.id.clone(),
                path: ou.path.clone(),
            })
            .collect(),
        accounts: all_accounts(&directory, &facts),
        permission_sets: all_sets(&directory),
        people: all_people(&directory),
        groups: all_groups(&directory),
    }))
}
