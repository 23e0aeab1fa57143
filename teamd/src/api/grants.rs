//! Grants: what we hold in AWS, what others hold, and where AWS and the book differ.

use super::Api;
use super::body::query;
use super::caller::Known;
use super::error::ApiError;
use super::views::{Names, grant_of};
use crate::domain::grant::{Drift, DriftKind, Grant, Holder, Standing};
use crate::domain::request::Key;
use crate::engine::{DriftOverview, Facts, Refused};
use crate::store::port::Read;
use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use team_shared::grant::{DriftView, GrantView, StandingView};
use team_shared::ids::RequestId;
use team_shared::list::Page;
use team_shared::problem::Code;
use team_shared::state::HolderKind;
use team_shared::status::DriftStatus;

/// Findings that `status` names.
const FINDINGS_SHOWN: usize = 20;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default)]
    view: View,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum View {
    /// What we hold.
    #[default]
    Managed,
    /// What others hold.
    Standing,
    /// Where AWS and the book differ.
    Drift,
}

/// `GET /v1/grants`.
pub(super) async fn list(
    State(api): State<Api>,
    Known(caller): Known,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, ApiError> {
    let facts = api.engine.facts();
    if !facts.access(&caller).sees_operations() {
        return Err(Refused::new(
            Code::NotAllowed,
            "the list of grants takes security, auditor, administrator or operator",
        )
        .help("`team-tui ls --active` lists what you may see")
        .into());
    }
    let asked: Asked = query(&uri)?;
    Ok(match asked.view {
        View::Managed => Json(managed(&api, &facts).await?).into_response(),
        View::Standing => Json(standing(&api, &facts).await?).into_response(),
        View::Drift => Json(drift(&api, &facts).await?).into_response(),
    })
}

async fn managed(api: &Api, facts: &Facts) -> Result<Page<GrantView>, Refused> {
    let grants: Vec<(Grant, Vec<RequestId>)> = api
        .engine
        .store()
        .read(|read| {
            let mut rows = Vec::new();
            for grant in read.grants()? {
                let leases = leases(read, &grant.key)?;
                rows.push((grant, leases));
            }
            Ok::<_, Refused>(rows)
        })
        .await?;
    let names = Names(facts.directory.as_deref());
    let row = |(grant, leases): (Grant, Vec<RequestId>)| GrantView {
        person: names.person(&grant.key.user),
        account: names.account(&grant.key.account),
        permission_set: names.permission_set(&grant.key.permission_set),
        leases,
        grant: grant_of(&grant),
    };
    Ok(Page::whole(grants.into_iter().map(row).collect()))
}

async fn standing(api: &Api, facts: &Facts) -> Result<Page<StandingView>, Refused> {
    let found: Vec<Standing> = api
        .engine
        .store()
        .read(|read| Ok::<_, Refused>(read.standing()?))
        .await?;
    let names = Names(facts.directory.as_deref());
    let row = |standing: Standing| {
        let (holder, person, group) = match &standing.holder {
            Holder::User(id) => (HolderKind::User, Some(names.person(id)), None),
            Holder::Group(id) => (HolderKind::Group, None, Some(names.group(id))),
        };
        StandingView {
            holder,
            person,
            group,
            account: names.account(&standing.account),
            permission_set: names.permission_set(&standing.permission_set),
            found_at: standing.found_at,
        }
    };
    Ok(Page::whole(found.into_iter().map(row).collect()))
}

async fn drift(api: &Api, facts: &Facts) -> Result<Page<DriftView>, Refused> {
    let found: Vec<(Drift, Vec<RequestId>)> = api
        .engine
        .store()
        .read(|read| {
            let mut rows = Vec::new();
            for drift in read.drift()? {
                let leases = leases(read, &drift.key)?;
                rows.push((drift, leases));
            }
            Ok::<_, Refused>(rows)
        })
        .await?;
    let names = Names(facts.directory.as_deref());
    let row = |(drift, leases): (Drift, Vec<RequestId>)| DriftView {
        kind: drift.kind,
        person: names.person(&drift.key.user),
        account: names.account(&drift.key.account),
        permission_set: names.permission_set(&drift.key.permission_set),
        leases,
        found_at: drift.found_at,
        detail: meaning(drift.kind).to_owned(),
    };
    Ok(Page::whole(found.into_iter().map(row).collect()))
}

/// Requests that hold a grant.
fn leases(read: &mut dyn Read, key: &Key) -> Result<Vec<RequestId>, Refused> {
    let open = read.open_requests_on(key)?;
    let held = open.into_iter().filter(|request| request.holds_lease());
    Ok(held.map(|request| request.id).collect())
}

fn meaning(kind: DriftKind) -> &'static str {
    match kind {
        DriftKind::Missing => "granted by us, and AWS does not have it: somebody has removed it",
        DriftKind::Foreign => "was ours once; what AWS has now is not of our making, and stays",
    }
}

/// The sweeps as `status` shows them.
pub(super) fn drift_status(overview: &DriftOverview, names: Names<'_>) -> DriftStatus {
    let line = |drift: &Drift| {
        format!(
            "{}: {} on {} as {}: {}",
            drift.kind,
            names.person(&drift.key.user).user_name,
            names.account(&drift.key.account).name,
            names.permission_set(&drift.key.permission_set).name,
            meaning(drift.kind)
        )
    };
    DriftStatus {
        completed_at: overview.completed_at,
        accounts_done: overview.position.map(|(done, _)| done),
        accounts_total: overview.position.map(|(_, total)| total),
        standing: overview.standing,
        missing: overview.count(DriftKind::Missing),
        foreign: overview.count(DriftKind::Foreign),
        findings: overview.findings.iter().take(FINDINGS_SHOWN).map(line).collect(),
        note: overview.note.map(ToOwned::to_owned),
        last_error: overview.last_error.clone(),
    }
}
