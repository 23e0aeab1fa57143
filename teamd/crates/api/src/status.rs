//! Health: from the store, without waiting for AWS.

use super::Api;
use super::body::query;
use super::caller::Calling;
use super::error::ApiError;
use super::views::{self, Names};
use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use team_shared::duration::format_seconds;
use team_shared::problem::Code;
use team_shared::state::RequestState as Word;
use team_shared::status::{
    AuditStatus, AwsStatus, ClockStatus, DirectoryStatus, HoldView, LockHolder, OverdueRequest,
    RemovalStatus, ShortStatus, Status, StoreStatus,
};
use teamd_domain::directory::Directory;
use teamd_domain::identity::Caller;
use teamd_domain::request::State as RequestState;
use teamd_engine::logins::{local_logins, shared_logins};
use teamd_engine::{Facts, Overview, Refused, RemovalProgress};
use teamd_host::procfs;
use teamd_store::port::{Read, RequestFilter};

/// Open requests that the short status looks at, and how many in one store job.
const COUNTED: usize = 500;
const COUNTED_AT_ONCE: usize = 100;

/// Removals that the problem line names.
const WORST: usize = 3;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default)]
    short: bool,
}

/// `GET /v1/status`; `?short=true` is for everybody.
pub(super) async fn status(
    State(api): State<Api>,
    Calling(caller): Calling,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, ApiError> {
    let asked: Asked = query(&uri)?;
    let facts = api.engine.facts();
    let full = facts.access(&caller).sees_operations();
    if !asked.short {
        facts.access(&caller).refuse_nobody()?;
    }
    if !asked.short && !full {
        return Err(Refused::new(
            Code::NotAllowed,
            "the full status takes security, auditor, administrator or operator",
        )
        .help("`team-tui status --short` is for everybody")
        .into());
    }
    let overview = api.engine.overview().await?;
    let short = short_status(&api, &facts, &caller, &overview, full).await?;
    if asked.short {
        return Ok(Json(short).into_response());
    }
    Ok(Json(full_status(&api, &facts, overview, short)).into_response())
}

async fn short_status(
    api: &Api,
    facts: &Facts,
    caller: &Caller,
    overview: &Overview,
    full: bool,
) -> Result<ShortStatus, Refused> {
    let count = |words: &[Word]| {
        words
            .iter()
            .filter_map(|w| overview.requests.get(w.as_str()))
            .sum::<u64>()
    };
    let live = [Word::Activating, Word::Active, Word::Ending];
    let (pending, active) = if full {
        (count(&[Word::Pending]), count(&live))
    } else {
        open_that_they_see(api, facts, caller).await?
    };
    Ok(ShortStatus {
        healthy: overview.problems.is_empty(),
        problems: overview.problems.clone(),
        pending,
        active,
        overdue: overview.overdue.len() as u64,
        notices: overview
            .notices
            .iter()
            .cloned()
            .chain(login_uid_notice(procfs::keeps_login_uids()))
            .collect(),
        holds: facts
            .holds
            .iter()
            .map(|(hold, held)| HoldView {
                kind: hold.kind().to_owned(),
                since: held.since,
                by: held.by.clone(),
                reason: held.reason.clone(),
            })
            .collect(),
    })
}

/// Without login uids `sudo -u` cannot be told from the person, so people are told that the check is off.
fn login_uid_notice(is_kept: bool) -> Option<String> {
    (!is_kept).then(|| "this kernel keeps no login uids: `sudo -u` is not noticed".to_owned())
}

/// How many requests the caller sees that are pending, and that are live: of the newest [`COUNTED`].
async fn open_that_they_see(api: &Api, facts: &Facts, caller: &Caller) -> Result<(u64, u64), Refused> {
    let (mut seen, mut before, mut looked) = ((0, 0), None, 0);
    loop {
        let (facts, caller) = (facts.clone(), caller.clone());
        let count = move |read: &mut dyn Read| {
            let access = facts.access(&caller);
            let mut seen = seen;
            let found = read.requests(&RequestFilter {
                states: vec![Word::Pending, Word::Activating, Word::Active, Word::Ending],
                before,
                limit: COUNTED_AT_ONCE,
                ..RequestFilter::default()
            })?;
            for request in found.iter().filter(|request| access.can_see(request)) {
                if matches!(request.state, RequestState::Pending) {
                    seen.0 += 1;
                } else {
                    seen.1 += 1;
                }
            }
            Ok::<_, Refused>((seen, found.last().map(|last| last.id), found.len()))
        };
        let store = api.engine.store();
        let read = match api.engine.degraded() {
            None => store.read(count.clone()).await.ok(),
            Some(_) => None,
        };
        let (counted, last, found) = match read {
            Some(read) => read,
            // What is in memory answers where the database cannot.
            None => store.read_urgently(move |read| count(read)).await?,
        };
        (seen, before, looked) = (counted, last, looked + found);
        if found < COUNTED_AT_ONCE || looked >= COUNTED {
            return Ok(seen);
        }
    }
}

/// Several logins that stand for one person, and logins that look shared.
fn identity_warnings(api: &Api, directory: Option<&Directory>) -> Vec<String> {
    let names = directory
        .map(|d| d.people.values().map(|p| p.user_name.clone()).collect())
        .unwrap_or_default();
    match local_logins() {
        Ok(local) => {
            let found = shared_logins(&local, &api.engine.settings().identity, &names).findings();
            found.into_iter().map(|finding| finding.detail).collect()
        }
        Err(error) => vec![format!("the logins of this machine cannot be read: {error}")],
    }
}

/// The worst removals that have raised an alarm, in one line: only for those who may see whose they are.
fn stuck_by_name(overdue: &[OverdueRequest]) -> Option<String> {
    let mut stuck: Vec<_> = overdue.iter().filter(|late| late.alarms > 0).collect();
    stuck.sort_by_key(|late| std::cmp::Reverse(late.late_by_seconds));
    let lines: Vec<_> = stuck
        .iter()
        .take(WORST)
        .map(|late| {
            format!(
                "{} on {} as {}, {} late, attempt {}: {}",
                late.user_name,
                late.account,
                late.permission_set,
                format_seconds(late.late_by_seconds),
                late.attempts,
                late.note
                    .as_deref()
                    .or(late.last_error.as_deref())
                    .unwrap_or("no answer yet"),
            )
        })
        .collect();
    (!lines.is_empty()).then(|| format!("access is not taken back: {}", lines.join("; ")))
}

fn removal_status(progress: &RemovalProgress) -> RemovalStatus {
    let tenths = |number: f64| (number * 10.0).round() / 10.0;
    RemovalStatus {
        due: progress.due as u64,
        unfinished: progress.unfinished as u64,
        failing: progress.failing as u64,
        per_second: tenths(progress.per_second),
        calls_per_second: progress.calls.map_or(0.0, |calls| tenths(calls.configured)),
        calls_per_second_now: progress.calls.map_or(0.0, |calls| tenths(calls.now)),
        done_by: progress.done_by,
    }
}

fn full_status(api: &Api, facts: &Facts, overview: Overview, mut short: ShortStatus) -> Status {
    let names = Names(facts.directory.as_deref());
    let settings = api.engine.settings();
    let overdue_requests = overview
        .overdue
        .iter()
        .map(|(request, grant)| {
            let due = match &request.state {
                RequestState::Ending { due_at, .. } => *due_at,
                _ => request.state.session().map_or(overview.now, |s| s.end_at),
            };
            OverdueRequest {
                id: request.id,
                user_name: names.person(&request.key.user).user_name,
                account: names.account(&request.key.account).name,
                permission_set: names.permission_set(&request.key.permission_set).name,
                late_by_seconds: (overview.now - due).num_seconds(),
                attempts: grant.as_ref().map_or(0, |g| g.attempts),
                last_error: grant.as_ref().and_then(|g| g.last_error.clone()),
                next_attempt_at: grant.as_ref().and_then(|g| g.next_attempt_at),
                alarms: grant.as_ref().map_or(0, |g| g.stuck_alarms),
                note: grant
                    .as_ref()
                    .and_then(|g| views::target_note(names, &g.key.account)),
            }
        })
        .collect::<Vec<_>>();
    short.problems.extend(stuck_by_name(&overdue_requests));
    let holder = api.engine.lock_holder();
    short.problems.extend(
        holder
            .as_ref()
            .map(|holder| format!("the database is locked by {holder}")),
    );
    let directory = facts.directory.as_deref();
    Status {
        short,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: overview.started_at,
        now: overview.now,
        aws: AwsStatus {
            state: overview.aws.state.word().to_owned(),
            since: overview.aws.since,
            last_error: overview.aws.last_error,
            last_success_at: overview.aws.last_success_at,
            region: settings.region.clone(),
            endpoint: settings.endpoint.clone(),
        },
        directory: DirectoryStatus {
            loaded_at: directory.map(|d| d.loaded_at),
            accounts: directory.map_or(0, |d| d.accounts.len()),
            permission_sets: directory.map_or(0, |d| d.permission_sets.len()),
            people: directory.map_or(0, |d| d.people.len()),
            groups: directory.map_or(0, |d| d.groups.len()),
            last_error: overview.directory_error.as_deref().cloned(),
        },
        grants: overview.grants,
        requests: overview.requests,
        drift: super::grants::drift_status(&overview.drift, names),
        removals: removal_status(&api.engine.removal_progress()),
        overdue_requests,
        audit: AuditStatus {
            ok: overview
                .chain
                .as_ref()
                .is_none_or(|(_, check)| check.fault.is_none()),
            rows: overview.audit_rows,
            head: overview.audit_head,
            verified_at: overview.chain.as_ref().map(|(at, _)| *at),
        },
        store: StoreStatus {
            fault: api.engine.degraded().map(|fault| fault.to_string()),
            locked_by: holder.map(|holder| LockHolder {
                pid: holder.pid,
                command: holder.command,
                uid: holder.uid,
            }),
        },
        policy_version: facts.policy.as_ref().map_or(0, |p| p.version),
        policy_warnings: api.engine.policy_warnings(),
        identity_warnings: identity_warnings(api, directory),
        activity: api
            .engine
            .activity_source()
            .unwrap_or_else(|| "none: set [activity] source to follow sessions".to_owned()),
        clock: api.engine.clock_state().map(|clock| ClockStatus {
            suspect: clock.suspect,
            steps: clock.steps,
            wall_ahead_ms: clock.wall_ahead.num_milliseconds(),
            aws_ahead_ms: clock.aws_ahead.map(|by| by.num_milliseconds()),
        }),
        connections: api.admission.status(super::accept::limits(api)),
    }
}
