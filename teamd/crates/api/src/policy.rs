//! The policy document.

use super::Api;
use super::body::{Raw, query};
use super::budget::UserBudget;
use super::caller::{Calling, Known};
use super::error::ApiError;
use super::paging::{ListQuery, page};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{OriginalUri, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use team_shared::policy::{
    ConfirmPolicy, PlanPolicy, PolicyQuery, PolicyVersion, PolicyView, PutPolicy, RollBackPolicy,
};
use team_shared::problem::Code;
use teamd_domain::identity::{Caller, LoginUid, Who};
use teamd_engine::{Applied, HistoryRow, InForce, PolicyInput, Refused};

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
pub(super) async fn show(
    State(api): State<Api>,
    Known(caller): Known,
    query: Result<Query<PolicyQuery>, QueryRejection>,
) -> Result<Json<PolicyView>, ApiError> {
    let Query(query) = query.map_err(|error| Refused::new(Code::Invalid, error.body_text()))?;
    may_read(&api, &caller)?;
    if let Some(version) = query.version {
        let row = api.engine.policy_row(version).await?;
        return Ok(Json(PolicyView {
            version: row.version,
            document: row.document,
            sha256: row.sha256,
            applied_by: Some(row.applied_by),
            applied_at: Some(row.applied_at),
            warnings: Vec::new(),
            proposal: None,
        }));
    }
    Ok(Json(in_force(&api).await?))
}

/// The policy in force, or that there is none, and what waits for a second administrator.
async fn in_force(api: &Api) -> Result<PolicyView, ApiError> {
    let proposal = api.engine.policy_proposal().await?.map(Into::into);
    Ok(match api.engine.policy() {
        Some(in_force) => PolicyView {
            proposal,
            ..view(api, &in_force)
        },
        None => PolicyView {
            version: 0,
            document: String::new(),
            sha256: String::new(),
            applied_by: None,
            applied_at: None,
            warnings: Vec::new(),
            proposal,
        },
    })
}

/// The caller with the person behind uid 0, whose signature it counts as. Where the name service does not say who that
/// is, nothing is signed.
async fn signer(api: &Api, caller: &Caller) -> Result<Caller, ApiError> {
    let login = match (&caller.who, caller.peer.login_uid) {
        (Who::Operator, LoginUid::Set(uid)) if uid != 0 => api.logins.name(uid).await?,
        _ => None,
    };
    Ok(api.engine.with_person_behind(caller.clone(), login))
}

/// `PUT /v1/policy`.
pub(super) async fn apply(
    State(api): State<Api>,
    Calling(caller): Calling,
    budget: UserBudget,
    raw: Raw,
) -> Result<(StatusCode, Json<PolicyView>), ApiError> {
    let applied = async {
        // Identity goes before JSON.
        api.engine.facts().access(&caller).refuse_nobody()?;
        let caller = signer(&api, &caller).await?;
        let body: PutPolicy = raw.json()?;
        let input = PolicyInput {
            document: body.document,
            base_version: body.base_version,
            force_reason: body.force_reason,
            rolled_back_to: None,
        };
        let (engine, by) = (Arc::clone(&api.engine), caller.clone());
        let applied = budget.compute_async(&api.heavy, async move { engine.apply_policy(&by, input).await });
        Ok::<_, ApiError>(applied.await??)
    };
    answer(&api, &caller, "policy apply", applied.await).await
}

/// `POST /v1/policy/confirm`.
pub(super) async fn confirm(
    State(api): State<Api>,
    Calling(caller): Calling,
    budget: UserBudget,
    raw: Raw,
) -> Result<(StatusCode, Json<PolicyView>), ApiError> {
    let applied = async {
        api.engine.facts().access(&caller).refuse_nobody()?;
        let body: ConfirmPolicy = raw.json()?;
        let (engine, by) = (Arc::clone(&api.engine), caller.clone());
        let confirmed = budget.compute_async(&api.heavy, async move {
            engine.confirm_policy(&by, &body.sha256).await
        });
        Ok::<_, ApiError>(confirmed.await??)
    };
    answer(&api, &caller, "policy confirm", applied.await).await
}

/// `POST /v1/policy/rollback`.
pub(super) async fn roll_back(
    State(api): State<Api>,
    Calling(caller): Calling,
    budget: UserBudget,
    raw: Raw,
) -> Result<(StatusCode, Json<PolicyView>), ApiError> {
    let applied = async {
        api.engine.facts().access(&caller).refuse_nobody()?;
        let body: RollBackPolicy = raw.json()?;
        let (engine, by) = (Arc::clone(&api.engine), signer(&api, &caller).await?);
        let applied = budget.compute_async(&api.heavy, async move {
            engine
                .roll_back_policy(&by, body.version, body.force_reason)
                .await
        });
        Ok::<_, ApiError>(applied.await??)
    };
    answer(&api, &caller, "policy rollback", applied.await).await
}

/// 200 with what is in force; 202 where a second administrator has to confirm it. Refusals are in the trail.
async fn answer(
    api: &Api,
    caller: &Caller,
    verb: &str,
    applied: Result<Applied, ApiError>,
) -> Result<(StatusCode, Json<PolicyView>), ApiError> {
    match applied {
        Ok(Applied::InForce(in_force)) => Ok((StatusCode::OK, Json(view(api, &in_force)))),
        Ok(Applied::Proposed(_)) => Ok((StatusCode::ACCEPTED, Json(in_force(api).await?))),
        Err(error) => {
            api.engine
                .note_refusal(caller, verb, None, &error.refused())
                .await;
            Err(error)
        }
    }
}

/// `POST /v1/policy/plan`: changes nothing.
pub(super) async fn plan(
    State(api): State<Api>,
    Known(caller): Known,
    budget: UserBudget,
    raw: Raw,
) -> Result<Response, ApiError> {
    let body: PlanPolicy = raw.json()?;
    may_read(&api, &caller)?;
    let engine = Arc::clone(&api.engine);
    let planned = budget.compute_async(&api.heavy, async move {
        let planned = engine
            .plan_policy(&caller, &body.document, body.base_version)
            .await;
        // Written there too: a plan can be long.
        planned.map(|plan| Json(plan).into_response())
    });
    Ok(planned.await??)
}

/// `GET /v1/policy/history`: newest first.
pub(super) async fn history(
    State(api): State<Api>,
    Known(caller): Known,
    budget: UserBudget,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, ApiError> {
    may_read(&api, &caller)?;
    let asked: ListQuery = query(&uri)?;
    let below = match asked.cursor.as_deref().map(str::parse) {
        None => None,
        Some(Ok(version)) => Some(version),
        Some(Err(_)) => return Err(Refused::field("cursor", "not a cursor of this list").into()),
    };
    let (engine, current) = (
        Arc::clone(&api.engine),
        api.engine.policy().map_or(0, |in_force| in_force.version),
    );
    let read = budget.compute_async(&api.heavy, async move {
        let (rows, next) = engine.policy_history(below).await?;
        let rows = rows.into_iter().map(|row| {
            let cursor = row.row.version.to_string();
            (version_of(row, current), cursor)
        });
        page(rows, next.map(|version| version.to_string()))
    });
    read.await?
}

fn version_of(one: HistoryRow, current: u64) -> PolicyVersion {
    let HistoryRow {
        row,
        note,
        change,
        diff,
    } = one;
    PolicyVersion {
        current: row.version == current,
        version: row.version,
        sha256: row.sha256,
        applied_by: row.applied_by,
        applied_at: row.applied_at,
        confirmed_by: note.confirmed_by,
        change,
        diff,
        rolled_back_to: note.rolled_back_to,
        force_reason: note.force_reason,
    }
}
