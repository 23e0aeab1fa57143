//! Grants: what we hold in AWS, what others hold, and where AWS and the book differ.

use super::Api;
use super::body::query;
use super::caller::Known;
use super::error::ApiError;
use super::paging::{Bounds, page_of_list};
use super::views::{Names, grant_of};
use axum::extract::{OriginalUri, State};
use axum::response::Response;
use serde::Deserialize;
use team_shared::grant::{DriftView, GrantView, StandingView};
use team_shared::ids::RequestId;
use team_shared::problem::Code;
use team_shared::state::HolderKind;
use team_shared::status::DriftStatus;
use teamd_domain::grant::{Drift, DriftKind, Grant, Holder, Standing};
use teamd_domain::request::Key;
use teamd_engine::{DriftOverview, Facts, Refused};
use teamd_store::port::Read;

/// Findings that `status` names.
const FINDINGS_SHOWN: usize = 20;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default)]
    view: View,
    cursor: Option<String>,
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
    let cursor = asked.cursor.as_deref();
    match asked.view {
        View::Managed => managed(&api, &facts, cursor).await,
        View::Standing => standing(&api, &facts, cursor).await,
        View::Drift => drift(&api, &facts, cursor).await,
    }
}

async fn managed(api: &Api, facts: &Facts, cursor: Option<&str>) -> Result<Response, ApiError> {
    let held = api
        .engine
        .store()
        .read(|read| Ok::<_, Refused>(read.grants()?))
        .await?;
    let grants = with_leases(api, held, |grant| &grant.key).await?;
    let names = Names(facts.directory.as_deref());
    let row = |(grant, leases): (Grant, Vec<RequestId>)| GrantView {
        person: names.person(&grant.key.user),
        account: names.account(&grant.key.account),
        permission_set: names.permission_set(&grant.key.permission_set),
        leases,
        grant: grant_of(&grant),
    };
    page_of_list(grants.into_iter().map(row), cursor)
}

async fn standing(api: &Api, facts: &Facts, cursor: Option<&str>) -> Result<Response, ApiError> {
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
    page_of_list(found.into_iter().map(row), cursor)
}

async fn drift(api: &Api, facts: &Facts, cursor: Option<&str>) -> Result<Response, ApiError> {
    let found = api
        .engine
        .store()
        .read(|read| Ok::<_, Refused>(read.drift()?))
        .await?;
    let found = with_leases(api, found, |drift| &drift.key).await?;
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
    page_of_list(found.into_iter().map(row), cursor)
}

/// Each with the requests that hold its grant, read in several short jobs.
async fn with_leases<T: Send + 'static>(
    api: &Api,
    rows: Vec<T>,
    key: fn(&T) -> &Key,
) -> Result<Vec<(T, Vec<RequestId>)>, Refused> {
    let mut rest = rows.into_iter();
    let mut done = Vec::with_capacity(rest.len());
    while rest.len() > 0 {
        (rest, done) = api
            .engine
            .store()
            .read(move |read| {
                let mut job = Bounds::of_job();
                while !job.is_spent()
                    && let Some(row) = rest.next()
                {
                    job.count();
                    let leases = leases(read, key(&row))?;
                    done.push((row, leases));
                }
                Ok::<_, Refused>((rest, done))
            })
            .await?;
    }
    Ok(done)
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
