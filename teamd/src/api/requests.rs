//! Requests: submit, list, show.

use super::beside::Beside;
use super::body::{Id, Raw, query};
use super::caller::{Calling, Known};
use super::error::ApiError;
use super::views;
use super::{Api, idempotency};
use crate::domain::attention::was_access;
use crate::domain::identity::Caller;
use crate::domain::request::Request;
use crate::engine::{Access, Engine, Facts, Refused, Submission, Verb};
use crate::store::port::{Read, RequestFilter};
use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;
use team_shared::ids::RequestId;
use team_shared::list::{DEFAULT_LIMIT, MAX_LIMIT, Page};
use team_shared::request::{RequestQuery, RequestView, Submit};
use team_shared::state::RequestState;

/// Rows read at once while looking for those that the caller may see.
const READ_AHEAD: usize = 200;

/// `POST /v1/requests`.
pub(super) async fn submit(
    State(api): State<Api>,
    Calling(caller): Calling,
    headers: HeaderMap,
    raw: Raw,
) -> Result<Response, ApiError> {
    let work = async |turn: idempotency::Turn| {
        if let Some(id) = turn.filed.first() {
            let view = one(&api, &caller, *id).await?;
            return Ok((StatusCode::CREATED, view));
        }
        // Rate goes before JSON, but a call that is sent again is no second one.
        api.engine.check_submit_rate(&caller)?;
        let body: Submit = raw.json()?;
        let dry_run = body.dry_run;
        let filed = api
            .engine
            .submit_once(&caller, submission(body), dry_run, turn.mark)
            .await?;
        let facts = api.engine.facts();
        let view = views::request(&filed.request, &Beside::default(), &facts, &facts.access(&caller));
        Ok((
            if filed.is_filed {
                StatusCode::CREATED
            } else {
                StatusCode::OK
            },
            view,
        ))
    };
    filing(&api, &caller, &headers, "submit", &raw, work).await
}

/// What files requests: identity before everything but size, once for a key, and what is refused counted and told.
pub(super) async fn filing<T: Serialize>(
    api: &Api,
    caller: &Caller,
    headers: &HeaderMap,
    what: &str,
    raw: &Raw,
    work: impl AsyncFnOnce(idempotency::Turn) -> Result<(StatusCode, T), ApiError>,
) -> Result<Response, ApiError> {
    let answer = match api.engine.facts().access(caller).acting_person() {
        Ok(_) => idempotency::once(api, caller, headers, what, &raw.0, work).await,
        Err(refused) => Err(refused.into()),
    };
    if let Err(error) = &answer {
        api.engine.count_refused_submit(caller, &error.refused());
        api.engine
            .note_refusal(caller, "submit", None, &error.refused())
            .await;
    }
    answer
}

pub(super) fn submission(body: Submit) -> Submission {
    Submission {
        account: body.account_id,
        permission_set: body.permission_set,
        duration_seconds: body.duration_seconds,
        end_at: body.end_at,
        start_at: body.start_at,
        justification: body.justification,
        ticket: body.ticket,
        break_glass: body.break_glass,
        batch_id: body.batch_id,
    }
}

/// `GET /v1/requests/{id}`.
pub(super) async fn show(
    State(api): State<Api>,
    Known(caller): Known,
    id: Id,
) -> Result<Json<RequestView>, ApiError> {
    one(&api, &caller, id.get()?).await.map(Json)
}

pub(super) async fn one(api: &Api, caller: &Caller, id: RequestId) -> Result<RequestView, ApiError> {
    let (facts, engine) = (api.engine.facts(), Arc::clone(&api.engine));
    let found = api
        .engine
        .store()
        .read(move |read| {
            Ok::<_, Refused>(match read.request(&id)? {
                Some(request) => {
                    let beside = Beside::of(read, &request, &engine)?;
                    Some((request, beside))
                }
                None => None,
            })
        })
        .await?;
    let access = facts.access(caller);
    match found {
        Some((request, beside)) if access.can_see(&request) => {
            Ok(views::request(&request, &beside, &facts, &access))
        }
        _ => Err(Refused::not_found(format!("request {id}")).into()),
    }
}

/// `GET /v1/requests`.
pub(super) async fn list(
    State(api): State<Api>,
    Known(caller): Known,
    OriginalUri(uri): OriginalUri,
) -> Result<Json<Page<RequestView>>, ApiError> {
    let asked: RequestQuery = query(&uri)?;
    let facts = api.engine.facts();
    let search = Search::read(&asked, &facts, caller.person())?;
    let (search_facts, search_caller, engine) = (facts.clone(), caller.clone(), Arc::clone(&api.engine));
    let (rows, next) = api
        .engine
        .store()
        .read(move |read| search.run(read, &search_facts, &search_caller, &engine))
        .await?;
    let access = facts.access(&caller);
    let items = rows
        .iter()
        .map(|(request, beside)| views::request(request, beside, &facts, &access))
        .collect();
    Ok(Json(Page {
        items,
        next_cursor: next.map(|id| id.to_string()),
    }))
}

/// A list query, parsed.
struct Search {
    filter: RequestFilter,
    scope: Scope,
    /// Nothing can fit.
    is_void: bool,
    words: Option<String>,
    is_unused: bool,
    limit: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    Mine,
    Queue,
    Active,
    Review,
    All,
}

type Rows = Vec<(Request, Beside)>;

impl Search {
    fn read(
        asked: &RequestQuery,
        facts: &Facts,
        person: Option<&team_shared::ids::UserId>,
    ) -> Result<Self, ApiError> {
        let invalid = |field: &str, message: String| ApiError::from(Refused::field(field, message));
        let scope = match asked.scope.as_deref() {
            None | Some("all") => Scope::All,
            Some("mine") => Scope::Mine,
            Some("queue") => Scope::Queue,
            Some("active") => Scope::Active,
            Some("review") => Scope::Review,
            Some(_) => {
                return Err(invalid(
                    "scope",
                    "one of: mine queue active review all".to_owned(),
                ));
            }
        };
        let mut states = Vec::new();
        for word in asked
            .state
            .iter()
            .flat_map(|s| s.split(','))
            .map(str::trim)
            .filter(|w| !w.is_empty())
        {
            states.push(
                word.parse::<RequestState>()
                    .map_err(|e| invalid("state", e.to_string()))?,
            );
        }
        match scope {
            Scope::Queue => states = vec![RequestState::Pending],
            Scope::Active if states.is_empty() => {
                states = vec![
                    RequestState::Scheduled,
                    RequestState::Activating,
                    RequestState::Active,
                    RequestState::Ending,
                ];
            }
            // What was access and is over.
            Scope::Review if states.is_empty() => {
                states = vec![
                    RequestState::Ended,
                    RequestState::Revoked,
                    RequestState::Failed,
                    RequestState::Lost,
                ];
            }
            Scope::Mine | Scope::Active | Scope::Review | Scope::All => {}
        }
        let directory = facts.directory.as_deref();
        let user = match (&asked.user, scope) {
            (None, Scope::Mine) => person.cloned().or_else(|| "nobody".parse().ok()),
            (None, _) => None,
            (Some(name), _) => {
                let known = directory.and_then(|d| d.person_named(name)).map(|p| p.id.clone());
                Some(
                    known
                        .map_or_else(|| name.parse(), Ok)
                        .map_err(|_| invalid("user", "no such user".to_owned()))?,
                )
            }
        };
        // A name that nobody has and one that the caller may not see give the same: nothing.
        let account = asked.account.as_ref().map(|text| {
            let by_name = || {
                directory?
                    .accounts
                    .values()
                    .find(|a| a.name == *text)
                    .map(|a| a.id.clone())
            };
            text.parse().ok().or_else(by_name)
        });
        let is_void = account == Some(None);
        let before = match &asked.cursor {
            None => None,
            Some(cursor) => Some(
                cursor
                    .parse()
                    .map_err(|_| invalid("cursor", "not a cursor of this list".to_owned()))?,
            ),
        };
        let limit = asked.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(invalid("limit", format!("1 to {MAX_LIMIT}")));
        }
        Ok(Self {
            filter: RequestFilter {
                states,
                user,
                account: account.flatten(),
                batch: asked.batch.clone(),
                unreviewed: scope == Scope::Review,
                since: asked.since,
                until: asked.until,
                id_suffix: None,
                before,
                limit: READ_AHEAD,
            },
            scope,
            is_void,
            words: asked
                .q
                .as_ref()
                .map(|q| q.to_lowercase())
                .filter(|q| !q.is_empty()),
            is_unused: asked.unused,
            limit,
        })
    }

    fn run(
        &self,
        read: &mut dyn Read,
        facts: &Facts,
        caller: &crate::domain::identity::Caller,
        engine: &Engine,
    ) -> Result<(Rows, Option<RequestId>), Refused> {
        let access = facts.access(caller);
        let mut filter = self.filter.clone();
        let mut rows = Rows::new();
        if self.is_void {
            return Ok((rows, None));
        }
        loop {
            let page = read.requests(&filter)?;
            let full = page.len() == READ_AHEAD;
            for request in page {
                filter.before = Some(request.id);
                if access.can_see(&request)
                    && self.is_in_scope(&access, &request)
                    && self.has_words(&request, facts)
                    && (!self.is_unused || is_unused(engine, &request))
                {
                    if rows.len() == self.limit {
                        return Ok((rows.clone(), rows.last().map(|(last, _)| last.id)));
                    }
                    let beside = Beside::of(read, &request, engine)?;
                    rows.push((request, beside));
                }
            }
            if !full {
                return Ok((rows, None));
            }
        }
    }

    /// The queue is what waits for the caller's decision, the review list what waits for their look.
    fn is_in_scope(&self, access: &Access<'_>, request: &Request) -> bool {
        match self.scope {
            Scope::Queue => access.may(Verb::Reject, request).is_ok(),
            Scope::Review => was_access(request) && access.may(Verb::Review, request).is_ok(),
            Scope::Mine => access.caller.person() == Some(&request.key.user),
            Scope::Active | Scope::All => true,
        }
    }

    fn has_words(&self, request: &Request, facts: &Facts) -> bool {
        let Some(words) = &self.words else { return true };
        let names = views::Names(facts.directory.as_deref());
        let person = names.person(&request.key.user);
        let texts = [
            request.id.to_string(),
            person.user_name,
            person.display_name,
            names.account(&request.key.account).name,
            request.key.account.to_string(),
            names.permission_set(&request.key.permission_set).name,
            request.terms.justification.clone(),
            request.terms.ticket.clone().unwrap_or_default(),
        ];
        texts.iter().any(|text| text.to_lowercase().contains(words))
    }
}

/// Access that was there, of which all is known, and nothing was done with it.
pub(super) fn is_unused(engine: &Engine, request: &Request) -> bool {
    let summary = engine.activity_summary(&request.id);
    summary.is_some_and(|summary| summary.closed_at.is_some() && summary.events == 0)
}
