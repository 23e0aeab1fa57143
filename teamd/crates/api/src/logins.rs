//! Whom a login of this machine stands for, and why.

use super::Api;
use super::caller::Calling;
use super::error::ApiError;
use super::me::{groups_of, roles_of};
use super::views::Names;
use axum::Json;
use axum::extract::{Path, State};
use std::collections::BTreeSet;
use team_shared::me::LoginView;
use team_shared::problem::Code;
use teamd_engine::Refused;
use teamd_engine::logins::{local_logins, shared_logins};

/// `GET /v1/logins/{login}`: one's own for everybody, any for those who see operations.
pub(super) async fn show(
    State(api): State<Api>,
    Calling(caller): Calling,
    Path(login): Path<String>,
) -> Result<Json<LoginView>, ApiError> {
    let facts = api.engine.facts();
    let access = facts.access(&caller);
    if caller.login.as_ref() != Some(&login) && !access.sees_operations() {
        access.refuse_nobody()?;
        return Err(Refused::new(
            Code::NotAllowed,
            "other logins are explained to security, auditors, administrators and root",
        )
        .help("`team-tui whoami` explains your own")
        .into());
    }
    let uid = api.logins.uid_of(&login).await?;
    let (whom, explanation) = api.engine.explain_login(&login, uid);
    let names = Names(facts.directory.as_deref());
    Ok(Json(LoginView {
        person: whom.person().map(|id| names.person(id)),
        roles: roles_of(&facts, &whom),
        groups: groups_of(&facts, &whom),
        warnings: warnings(&api, &login),
        login,
        uid,
        explanation,
    }))
}

/// What is doubtful about this login.
fn warnings(api: &Api, login: &str) -> Vec<String> {
    let facts = api.engine.facts();
    let Some(directory) = facts.directory.as_deref() else {
        return Vec::new();
    };
    let user_names: BTreeSet<String> = directory.people.values().map(|p| p.user_name.clone()).collect();
    // Where the machine's list cannot be read, the map is looked at all the same.
    let local = local_logins().unwrap_or_default();
    let identity = &api.engine.settings().identity;
    let found = shared_logins(&local, identity, &user_names)
        .about(login)
        .findings();
    found
        .into_iter()
        .map(|finding| format!("{}: {}", finding.detail, finding.help))
        .collect()
}
