//! More time on live access: a request of its own that begins where the other ends. It holds its lease from its approval
//! on, so nothing is asked of AWS between the two.

use super::access::Verb;
use super::decide::ask;
use super::filing::{refuse_repeats, refuse_texts};
use super::freeze::refuse_frozen;
use super::refused::Refused;
use super::submit::Mark;
use super::verb::{opened, refuse_stale};
use super::{Engine, Facts, chain, commit, daily, random};
use chrono::TimeDelta;
use team_shared::duration::Seconds;
use team_shared::ids::RequestId;
use team_shared::problem::{Code, FieldError};
use team_shared::terms::Shape;
use team_shared::text;
use teamd_domain::Time;
use teamd_domain::identity::Caller;
use teamd_domain::request::{Next, Request, State, Terms, TransitionError, expires_at, submit};
use teamd_store::port::Tx;

/// What a person asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extension {
    /// How much longer, in seconds.
    pub duration_seconds: i64,
    /// Why.
    pub reason: String,
    /// The version of the parent that was read.
    pub version: Option<u64>,
    /// The digest of the parent that was read.
    pub terms_digest: Option<String>,
}

impl Engine {
    /// Asks for more time on the caller's own live access: the new request, remembered under a key where there is one.
    ///
    /// # Errors
    /// A refusal; nothing is filed.
    pub async fn extend(
        &self,
        caller: &Caller,
        id: &RequestId,
        extension: Extension,
        mark: Option<Mark>,
    ) -> Result<Request, Refused> {
        let now = self.clock.now();
        let person = self.facts().access(caller).acting_person()?.clone();
        let place = self.limits.take_submit(&person, now, &self.settings())?;
        self.directory_ready().await?;
        self.on_call_ready().await;
        self.accounts_ready().await;
        self.refresh_person(&person).await;
        let (caller, id) = (caller.clone(), *id);
        let pending_per_user = self.settings().pending_per_user;
        let request = self
            .decide(move |tx, facts, now| {
                let request = draft(tx, facts, &caller, &id, &extension, now)?;
                refuse_repeats(tx, &request, pending_per_user)?;
                let next = submit(request, &caller.actor(), now);
                commit::file(tx, &next, now)?;
                if let Some(mark) = &mark {
                    mark.keep(tx, [next.request.id], now)?;
                }
                let Next { request, .. } = next;
                Ok::<_, Refused>(request)
            })
            .await?;
        place.keep();
        self.after_commit(&request);
        Ok(request)
    }
}

fn draft(
    tx: &mut dyn Tx,
    facts: &Facts,
    caller: &Caller,
    id: &RequestId,
    extension: &Extension,
    now: Time,
) -> Result<Request, Refused> {
    let parent = opened(tx, facts, caller, id, Verb::Extend)?;
    refuse_frozen(tx)?;
    facts.refuse_held()?;
    refuse_stale(&parent, extension.version, extension.terms_digest.as_deref())?;
    let from = match &parent.state {
        State::Active { session } if session.end_at > now => session.end_at,
        state => {
            let error = TransitionError::NotNow {
                state: state.word(),
                command: "extend",
            };
            return Err(Refused::from(error).help("only live access is extended; ask anew with `request`"));
        }
    };
    if let Some(other) = chain::open_extension(tx, &parent)? {
        return Err(Refused::new(
            Code::Duplicate,
            format!(
                "request {} extends it already and is {}",
                other.id.short(),
                other.state.word()
            ),
        )
        .help("an extension can itself be extended once it is active"));
    }
    let terms = read(&parent, extension, from)?;
    let mut request = Request {
        id: random::request_id(now),
        version: 1,
        key: parent.key.clone(),
        extends: Some(parent.id),
        batch_id: None,
        created_at: now,
        expires_at: now,
        basis: Default::default(),
        also_held_through: Vec::new(),
        votes: Vec::new(),
        state: State::Pending,
        terms,
    };
    let (in_force, directory) = facts.both()?;
    let judgement = facts.judge_new(&ask(&request, &in_force.policy, request.terms.duration, now))?;
    refuse_texts(&judgement.texts, &request.terms).map_err(|mut refused| {
        // Its reason has another name here.
        for error in &mut refused.errors {
            if error.field == "justification" {
                error.field = "reason".to_owned();
            }
        }
        Refused {
            help: refused.help,
            ..Refused::invalid(refused.errors)
        }
    })?;
    let number = chain::depth(tx, &request)?;
    if number > judgement.max_extensions {
        return Err(Refused::new(
            Code::LimitReached,
            format!(
                "it was extended {} times, and policy allows {}",
                number - 1,
                judgement.max_extensions
            ),
        )
        .help("ask anew with `request`: a new request is decided on by itself"));
    }
    daily::refuse_over(tx, &request, judgement.max_per_day, Some(directory), now)?;
    request.expires_at = expires_at(now, judgement.request_expiry, &request.terms);
    request.basis = judgement.basis;
    let key = &request.key;
    request.also_held_through = directory.held_through(&key.user, &key.account, &key.permission_set);
    Ok(request)
}

/// The window after the parent's, for reasons of its own. Never break-glass: who needs more time has time to ask.
fn read(parent: &Request, extension: &Extension, from: Time) -> Result<Terms, Refused> {
    let mut faults = Vec::new();
    let mut fault = |field: &str, message: String| {
        faults.push(FieldError {
            field: field.to_owned(),
            message,
        });
    };
    let duration = Seconds::new(extension.duration_seconds);
    if let Err(error) = &duration {
        fault("duration_seconds", error.to_string());
    }
    if !extension.reason.is_empty()
        && let Err(error) = text::check(&extension.reason)
    {
        fault("reason", error.to_string());
    }
    match duration {
        Ok(duration) if faults.is_empty() => Ok(Terms {
            revision: 1,
            shape: Shape::Window,
            start_at: Some(from),
            end_at: Some(from + TimeDelta::seconds(duration.get())),
            duration,
            justification: extension.reason.clone(),
            ticket: parent.terms.ticket.clone(),
            break_glass: false,
        }),
        Ok(_) | Err(_) => Err(Refused::invalid(faults)),
    }
}
