//! The search of the list of requests: what is asked for, and reading it in short store jobs.

use super::beside::Beside;
use super::error::ApiError;
use super::paging::{BATCH, Bounds, CLOCK_SET_BACK};
use super::requests::is_unused;
use super::views;
use team_shared::ids::RequestId;
use team_shared::list::{DEFAULT_LIMIT, MAX_LIMIT};
use team_shared::request::RequestQuery;
use team_shared::state::RequestState;
use teamd_domain::Time;
use teamd_domain::attention::was_access;
use teamd_domain::identity::Caller;
use teamd_domain::request::Request;
use teamd_engine::{Access, Engine, Facts, Refused, Verb};
use teamd_store::port::{Read, RequestFilter};

/// A list query, parsed.
pub(super) struct Search {
    /// What the database looks for: what it has an index for, so that no job reads more rows than it asks for.
    filter: RequestFilter,
    /// What is looked at in each row that it finds.
    wanted: RequestFilter,
    pub(super) before: Option<RequestId>,
    scope: Scope,
    /// Nothing can fit.
    pub(super) is_void: bool,
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

/// How far a call has read.
#[derive(Default)]
pub(super) struct Scan {
    pub(super) rows: Vec<(Request, Beside)>,
    /// The last request that was looked at.
    pub(super) position: Option<RequestId>,
    /// The page is full, or the list ends.
    pub(super) is_done: bool,
    pub(super) has_more: bool,
}

impl Search {
    pub(super) fn read(
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
        let wanted = RequestFilter {
            states,
            user,
            account: account.flatten(),
            batch: asked.batch.clone(),
            unreviewed: scope == Scope::Review,
            since: asked.since,
            until: asked.until,
            ..RequestFilter::default()
        };
        Ok(Self {
            filter: by_index(&wanted),
            wanted,
            before,
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

    /// Reads on for the time of one job.
    pub(super) fn run(
        &self,
        read: &mut dyn Read,
        (facts, caller, engine): (&Facts, &Caller, &Engine),
        scan: &mut Scan,
        call: &mut Bounds,
    ) -> Result<(), Refused> {
        let access = facts.access(caller);
        let mut job = Bounds::of_job();
        while !scan.is_done && !job.is_spent() && !call.is_spent() {
            let found = read.requests(&RequestFilter {
                before: scan.position,
                limit: BATCH,
                ..self.filter.clone()
            })?;
            scan.is_done = found.len() < BATCH;
            for request in found {
                job.count();
                call.count();
                if is_before(&request, self.wanted.since) {
                    scan.is_done = true;
                    break;
                }
                if self.fits(&request)
                    && access.can_see(&request)
                    && self.is_in_scope(&access, &request)
                    && self.has_words(&request, facts)
                    && (!self.is_unused || is_unused(engine, &request))
                    && !(self.wanted.unreviewed && read.attention(&request.id)?.review.is_some())
                {
                    if scan.rows.len() == self.limit {
                        (scan.is_done, scan.has_more) = (true, true);
                        break;
                    }
                    let beside = Beside::of(read, &request, engine)?;
                    scan.position = Some(request.id);
                    scan.rows.push((request, beside));
                } else {
                    scan.position = Some(request.id);
                }
            }
        }
        Ok(())
    }

    /// What the database was not asked about.
    fn fits(&self, request: &Request) -> bool {
        let wanted = &self.wanted;
        let at = request.created_at.timestamp_millis();
        (wanted.states.is_empty() || wanted.states.contains(&request.state.word()))
            && wanted.user.as_ref().is_none_or(|user| *user == request.key.user)
            && wanted
                .account
                .as_ref()
                .is_none_or(|account| *account == request.key.account)
            && wanted
                .batch
                .as_ref()
                .is_none_or(|batch| request.batch_id.as_ref() == Some(batch))
            && wanted.since.is_none_or(|since| at >= since.timestamp_millis())
            && wanted.until.is_none_or(|until| at < until.timestamp_millis())
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

/// The part of a filter that one index answers, so that the database reads no more rows than it gives: a batch, a person,
/// what is open, an account, or one state.
fn by_index(wanted: &RequestFilter) -> RequestFilter {
    let mut filter = RequestFilter::default();
    let is_open = |state: &RequestState| {
        matches!(
            state,
            RequestState::Pending
                | RequestState::Scheduled
                | RequestState::Activating
                | RequestState::Active
                | RequestState::Ending
        )
    };
    let has_states = !wanted.states.is_empty();
    if wanted.batch.is_some() {
        filter.batch.clone_from(&wanted.batch);
    } else if wanted.user.is_some() {
        filter.user.clone_from(&wanted.user);
    } else if has_states && wanted.states.iter().all(is_open) {
        filter.states.clone_from(&wanted.states);
    } else if wanted.account.is_some() {
        filter.account.clone_from(&wanted.account);
    } else if wanted.states.len() == 1 {
        filter.states.clone_from(&wanted.states);
    }
    filter
}

/// Whether a request, and so all that are older, is from before a period. Ids are in the order of their times, but for a
/// clock that was set back.
pub(super) fn is_before(request: &Request, since: Option<Time>) -> bool {
    since.is_some_and(|since| since.signed_duration_since(request.created_at) > CLOCK_SET_BACK)
}
