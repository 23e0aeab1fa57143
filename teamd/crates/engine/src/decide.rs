//! Approving and rejecting. Everything is looked at again at the moment of the decision: the approver, the person, the
//! target, the policy, the terms.

use super::access::Verb;
use super::directory::{lost_basis, may_be_lost};
use super::freeze::refuse_frozen;
use super::refused::Refused;
use super::terms::{FAR_AWAY, START_SLACK};
use super::verb::{checked_comment, opened, refuse_stale};
use super::{Engine, Facts, commit, daily, limits};
use chrono::SubsecRound;
use team_shared::duration::Seconds;
use team_shared::ids::RequestId;
use team_shared::problem::{Code, FieldError};
use team_shared::terms::Shape;
use teamd_domain::Time;
use teamd_domain::identity::Caller;
use teamd_domain::request::{Change, Command, Request, State, TransitionError};
use teamd_host::failpoint::pass;
use teamd_policy::reminders::is_escalated;
use teamd_policy::{Ask, Judgement, Policy, Refusal, evaluate};
use teamd_store::port::Tx;

/// A decision as it comes in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Approval {
    /// A word to the requester.
    pub comment: Option<String>,
    /// Another length, in seconds.
    pub duration_seconds: Option<i64>,
    /// A fixed start.
    pub start_at: Option<Time>,
    /// The version that was read.
    pub version: Option<u64>,
    /// The digest that was read.
    pub terms_digest: Option<String>,
}

/// What came of a transaction that may both refuse and change something.
enum Outcome {
    Done(Box<Request>),
    /// The request no longer fits: it is withdrawn, and the caller is told why.
    Withdrawn(Box<Request>, Refused),
}

impl Engine {
    /// Approves a request, perhaps with other terms.
    ///
    /// # Errors
    /// A refusal. Where policy no longer supports the request it is withdrawn as well.
    pub async fn approve(
        &self,
        caller: &Caller,
        id: &RequestId,
        approval: Approval,
    ) -> Result<Request, Refused> {
        // A vote as it was asked for is cast once; terms can be changed again and again.
        if approval.duration_seconds.is_some() || approval.start_at.is_some() {
            self.take_act(caller, limits::Act::Decision)?;
        }
        self.directory_ready().await?;
        self.on_call_ready().await;
        self.accounts_ready().await;
        self.refresh_for_decision(caller, id).await?;
        let (caller, id) = (caller.clone(), *id);
        pass("approve.decide").await?;
        let outcome = self
            .decide(move |tx, facts, now| approve(tx, facts, &caller, &id, &approval, now))
            .await?;
        pass("approve.decided").await?;
        match outcome {
            Outcome::Done(request) => {
                self.after_commit(&request);
                Ok(*request)
            }
            Outcome::Withdrawn(request, refused) => {
                self.after_commit(&request);
                Err(refused)
            }
        }
    }

    /// Rejects a request.
    ///
    /// # Errors
    /// A refusal.
    pub async fn reject(
        &self,
        caller: &Caller,
        id: &RequestId,
        approval: Approval,
    ) -> Result<Request, Refused> {
        self.directory_ready().await?;
        self.on_call_ready().await;
        self.refresh_for_decision(caller, id).await?;
        let (caller, id) = (caller.clone(), *id);
        let request = self
            .decide(move |tx, facts, now| {
                let request = opened(tx, facts, &caller, &id, Verb::Reject)?;
                refuse_decided(&request, facts, now)?;
                refuse_stale(&request, approval.version, approval.terms_digest.as_deref())?;
                let comment = checked_comment(approval.comment.as_deref(), true)?;
                let by = facts.access(&caller).acting_person()?.clone();
                commit::carry_out(
                    tx,
                    &request,
                    &Command::Reject { by, comment },
                    &caller.actor(),
                    now,
                )
            })
            .await?;
        self.after_commit(&request);
        Ok(request)
    }

    /// Asks AWS about the requester and the approver where the copy is old. Where AWS does not answer, the copy does.
    async fn refresh_for_decision(&self, caller: &Caller, id: &RequestId) -> Result<(), Refused> {
        if !self.directory_is_old() {
            return Ok(());
        }
        let wanted = *id;
        let request = self
            .store
            .read(move |read| Ok::<_, Refused>(read.request(&wanted)?))
            .await?;
        for person in request.iter().map(|r| &r.key.user).chain(caller.person()) {
            self.refresh_person(person).await;
        }
        Ok(())
    }
}

fn approve(
    tx: &mut dyn Tx,
    facts: &Facts,
    caller: &Caller,
    id: &RequestId,
    approval: &Approval,
    now: Time,
) -> Result<Outcome, Refused> {
    let request = opened(tx, facts, caller, id, Verb::Approve)?;
    refuse_frozen(tx)?;
    facts.refuse_held()?;
    refuse_decided(&request, facts, now)?;
    refuse_stale(&request, approval.version, approval.terms_digest.as_deref())?;
    let by = facts.access(caller).acting_person()?.clone();
    if (approval.duration_seconds, approval.start_at) == (None, None)
        && request.votes.iter().any(|vote| vote.by == by)
    {
        // The transition says so too; state goes before validation.
        return Err(TransitionError::AlreadyVoted.into());
    }
    let change = read_change(&request, approval, now)?;
    let comment = checked_comment(approval.comment.as_deref(), false)?;
    let terms = request.terms.changed(change.duration, change.start_at);
    if terms.is_over(now) {
        return Err(Refused::field(
            "start_at",
            "with these terms the access would be over already",
        ));
    }
    let (in_force, directory) = facts.both()?;
    let is_changed = terms != request.terms;
    // As it would become: another start is judged as that start.
    let changed = Request {
        terms,
        ..request.clone()
    };
    match judge(facts, &changed, changed.terms.duration, now) {
        Ok(_) if may_be_lost(facts, &changed, now) => Err(facts.on_call_unknown()),
        Ok(judgement) => {
            if judgement.texts.require_comment && comment.is_none() {
                return Err(Refused::field("comment", "policy asks approvers for a comment"));
            }
            // A longer access, or one that begins on another day than it was asked for, must fit into that day.
            daily::refuse_over(tx, &changed, judgement.max_per_day, Some(directory), now)?;
            let command = Command::Approve {
                by,
                comment,
                change,
                basis: judgement.basis,
            };
            let request = commit::carry_out(tx, &request, &command, &caller.actor(), now)?;
            Ok(Outcome::Done(Box::new(request)))
        }
        // Too few approvers: it stays pending, and people see why.
        Err(refusal @ Refusal::NoApprover { .. }) => Err(refusal.into()),
        Err(refusal) if is_changed && judge(facts, &request, request.terms.duration, now).is_ok() => {
            Err(refusal.into())
        }
        // It is not lost as long as nobody can say so.
        Err(_) if !facts.unknown_on_call.is_empty() && lost_basis(facts, &request, now).is_none() => {
            Err(facts.on_call_unknown())
        }
        Err(refusal) => {
            let reason = format!("no longer fits policy version {}: {refusal}", in_force.version);
            let command = Command::LoseBasis { reason };
            let request =
                commit::carry_out(tx, &request, &command, &teamd_domain::event::Actor::daemon(), now)?;
            Ok(Outcome::Withdrawn(Box::new(request), refusal.into()))
        }
    }
}

/// Policy's judgement of a request at this moment.
pub(super) fn judge(
    facts: &Facts,
    request: &Request,
    duration: Seconds,
    now: Time,
) -> Result<Judgement, Refusal> {
    let Ok((in_force, directory)) = facts.both() else {
        // Without a policy nothing fits; callers have looked for the directory before.
        return Err(Refusal::UnknownPerson {
            id: request.key.user.clone(),
        });
    };
    let ask = ask(request, &in_force.policy, duration, now);
    evaluate(&in_force.policy, directory, &facts.protected, &ask)
}

/// What a request asks of policy now.
pub(super) fn ask<'a>(request: &'a Request, policy: &Policy, duration: Seconds, now: Time) -> Ask<'a> {
    Ask {
        person: &request.key.user,
        account: &request.key.account,
        permission_set: &request.key.permission_set,
        duration,
        break_glass: request.terms.break_glass,
        is_escalated: is_escalated(request, &policy.settings, now),
        // A window is judged as the window that it is.
        now: request.terms.start_at.unwrap_or(now),
    }
}

fn refuse_decided(request: &Request, facts: &Facts, now: Time) -> Result<(), Refused> {
    if matches!(request.state, State::Pending) {
        if now >= request.expires_at {
            return Err(Refused::new(
                Code::Expired,
                format!(
                    "the time to decide was over at {}",
                    request.expires_at.format("%H:%M:%SZ")
                ),
            )
            .help("the requester can ask again"));
        }
        return Ok(());
    }
    if let State::Expired { at } = request.state {
        return Err(Refused::new(
            Code::Expired,
            format!("nobody decided in time: it expired at {}", at.format("%H:%M:%SZ")),
        )
        .help("the requester can ask again"));
    }
    Err(Refused::new(
        Code::AlreadyDecided,
        format!(
            "request {} is {} already{}",
            request.id.short(),
            request.state.word(),
            decided_by(request, facts)
        ),
    ))
}

/// `: approved by bob`, where people decided it.
fn decided_by(request: &Request, facts: &Facts) -> String {
    match &request.state {
        State::Rejected { by, .. } => format!(": rejected by {}", facts.name_of(by)),
        // Votes that did not suffice decided nothing.
        State::Pending | State::Cancelled { .. } | State::Expired { .. } | State::Withdrawn { .. } => {
            String::new()
        }
        _ if request.votes.is_empty() => String::new(),
        _ => {
            let voters: Vec<String> = request.votes.iter().map(|vote| facts.name_of(&vote.by)).collect();
            format!(": approved by {}", voters.join(", "))
        }
    }
}

fn read_change(request: &Request, approval: &Approval, now: Time) -> Result<Change, Refused> {
    let mut faults = Vec::new();
    if request.extends.is_some() && approval.start_at.is_some() {
        faults.push(FieldError {
            field: "start_at".to_owned(),
            message: "an extension starts where the request that it extends ends".to_owned(),
        });
    }
    let duration = match approval.duration_seconds.map(Seconds::new) {
        None => None,
        Some(Ok(duration)) => Some(duration),
        Some(Err(error)) => {
            faults.push(FieldError {
                field: "duration_seconds".to_owned(),
                message: error.to_string(),
            });
            None
        }
    };
    if let Some(start) = approval.start_at {
        // "Until T" ends at T, whoever moves its start: only another length moves its end.
        let until = request
            .terms
            .end_at
            .filter(|_| request.terms.shape == Shape::Until && duration.is_none());
        let fault = match start {
            start if start > *FAR_AWAY => Some("lies after the year 9999"),
            start if start < now - START_SLACK => Some("lies in the past"),
            start if until.is_some_and(|until| start >= until) => Some("lies after the end"),
            _ => None,
        };
        faults.extend(fault.map(|message| FieldError {
            field: "start_at".to_owned(),
            message: message.to_owned(),
        }));
    }
    if faults.is_empty() {
        Ok(Change {
            duration,
            // To the millisecond, as at a submission.
            start_at: approval.start_at.map(|start| start.trunc_subsecs(3).max(now)),
        })
    } else {
        Err(Refused::invalid(faults))
    }
}
