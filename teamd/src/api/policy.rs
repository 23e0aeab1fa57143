//! The policy document.

use super::Api;
use super::body::Raw;
use super::caller::{Calling, Known};
use super::error::ApiError;
use crate::domain::identity::Caller;
use crate::engine::{InForce, PolicyInput, Refused};
use axum::Json;
use axum::extract::State;
use team_shared::list::Page;
use team_shared::policy::{PolicyVersion, PolicyView, PutPolicy};
use team_shared::problem::Code;

pub(super) fn may_read(api: &Api, caller: &Caller) -> Result<(), ApiError> {
    if api.engine.facts().access(caller).sees_operations() {
        return Ok(());
    }
    Err(Refused::new(
        Code::NotAllowed,
        "reading the policy takes security, auditor, administrator or operator",
    )
    .help("`team-tui entitlements` says what it gives you")
    .into())
}

fn view(api: &Api, in_force: &InForce) -> PolicyView {
    PolicyView {
        version: in_force.version,
        document: in_force.row.document.clone(),
        sha256: in_force.row.sha256.clone(),
        applied_by: Some(in_force.row.applied_by.clone()),
        applied_at: Some(in_force.row.applied_at),
        warnings: api.engine.policy_warnings(),
        proposal: None,
    }
}

/// `GET /v1/policy`.
pub(super) async fn show(State(api): State<Api>, Known(caller): Known) -> Result<Json<PolicyView>, ApiError> {
    may_read(&api, &caller)?;
    Ok(Json(match api.engine.policy() {
        Some(in_force) => view(&api, &in_force),
        None => PolicyView {
            version: 0,
            document: String::new(),
            sha256: String::new(),
            applied_by: None,
            applied_at: None,
            warnings: Vec::new(),
            proposal: None,
        },
    }))
}

/// `PUT /v1/policy`.
pub(super) async fn apply(
    State(api): State<Api>,
    Calling(caller): Calling,
    raw: Raw,
) -> Result<Json<PolicyView>, ApiError> {
    let applied = async {
        // Identity goes before JSON.
        api.engine.facts().access(&caller).refuse_nobody()?;
        let body: PutPolicy = raw.json()?;
        let input = PolicyInput {
            document: body.document,
            base_version: body.base_version,
        };
        Ok::<_, ApiError>(api.engine.apply_policy(&caller, input).await?)
    };
    match applied.await {
        Ok(in_force) => Ok(Json(view(&api, &in_force))),
        Err(error) => {
            api.engine
                .note_refusal(&caller, "policy apply", None, &error.refused())
                .await;
            Err(error)
        }
    }
}

/// `GET /v1/policy/history`.
pub(super) async fn history(
    State(api): State<Api>,
    Known(caller): Known,
) -> Result<Json<Page<PolicyVersion>>, ApiError> {
    may_read(&api, &caller)?;
    let rows = api
        .engine
        .store()
        .read(|read| Ok::<_, Refused>(read.policy_history()?))
        .await?;
    let current = rows.iter().map(|row| row.version).max().unwrap_or(0);
    let items = rows
        .into_iter()
        .map(|row| PolicyVersion {
            current: row.version == current,
            version: row.version,
            sha256: row.sha256,
            applied_by: row.applied_by,
            applied_at: row.applied_at,
            confirmed_by: None,
            change: String::new(),
            diff: String::new(),
            rolled_back_to: None,
            force_reason: None,
        })
        .collect();
    Ok(Json(Page::whole(items)))
}
