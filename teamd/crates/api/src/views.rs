//! From the domain to the wire. Names come from the directory, never from a client.

use super::beside::Beside;
use team_shared::activity::ActivitySummary;
use team_shared::grant::GroupRef;
use team_shared::ids::{AccountId, GroupId, PermissionSetArn, UserId};
use team_shared::request::{
    AccountRef, ApprovalView, DemandView, EndedView, GivenUpView, GrantOfRequest, PermissionSetRef,
    PersonRef, RequestView, ReviewView, VoteView, WaitingFor,
};
use team_shared::routes;
use teamd_domain::Time;
use teamd_domain::directory::{Account, Directory, PermissionSet};
use teamd_domain::grant::Grant;
use teamd_domain::request::{Request, State};
use teamd_engine::{Access, Facts};

/// What names are looked up in.
#[derive(Clone, Copy)]
pub(super) struct Names<'a>(pub(super) Option<&'a Directory>);

impl Names<'_> {
    pub(super) fn person(self, id: &UserId) -> PersonRef {
        let known = self.0.and_then(|directory| directory.people.get(id));
        PersonRef {
            user_id: id.clone(),
            user_name: known.map_or_else(|| id.to_string(), |p| p.user_name.clone()),
            display_name: known.map_or_else(
                || "(no longer in Identity Center)".to_owned(),
                |p| p.display_name.clone(),
            ),
        }
    }

    pub(super) fn group(self, id: &GroupId) -> GroupRef {
        let known = self.0.and_then(|directory| directory.groups.get(id));
        GroupRef {
            group_id: id.clone(),
            name: known.map_or_else(|| id.to_string(), |group| group.name.clone()),
            members: known.map_or(0, |group| group.members.len()),
        }
    }

    pub(super) fn people<'b>(self, ids: impl IntoIterator<Item = &'b UserId>) -> Vec<PersonRef> {
        ids.into_iter().map(|id| self.person(id)).collect()
    }

    pub(super) fn account(self, id: &AccountId) -> AccountRef {
        match self
            .0
            .and_then(|directory| Some((directory, directory.accounts.get(id)?)))
        {
            Some((directory, account)) => account_ref(directory, account),
            None => AccountRef {
                id: id.clone(),
                name: id.to_string(),
                ou_path: "/".to_owned(),
            },
        }
    }

    pub(super) fn permission_set(self, arn: &PermissionSetArn) -> PermissionSetRef {
        match self.0.and_then(|directory| directory.permission_sets.get(arn)) {
            Some(set) => set_ref(set),
            None => PermissionSetRef {
                arn: arn.clone(),
                name: arn.as_str().rsplit('/').next().unwrap_or_default().to_owned(),
                session_duration_seconds: 3600,
            },
        }
    }
}

pub(super) fn account_ref(directory: &Directory, account: &Account) -> AccountRef {
    AccountRef {
        id: account.id.clone(),
        name: account.name.clone(),
        ou_path: directory.ou_path(account),
    }
}

pub(super) fn set_ref(set: &PermissionSet) -> PermissionSetRef {
    PermissionSetRef {
        arn: set.arn.clone(),
        name: set.name.clone(),
        session_duration_seconds: set.session_seconds,
    }
}

/// A request as the caller may see it.
pub(super) fn request(request: &Request, beside: &Beside, facts: &Facts, access: &Access<'_>) -> RequestView {
    let (grant, attention) = (beside.grant.as_ref(), &beside.attention);
    let claim = attention.claim_on(request, facts.now);
    let names = Names(facts.directory.as_deref());
    let session = request.state.session();
    RequestView {
        id: request.id,
        version: request.version,
        revision: request.terms.revision,
        state: request.state.word(),
        requester: names.person(&request.key.user).into(),
        account: names.account(&request.key.account).into(),
        permission_set: names.permission_set(&request.key.permission_set).into(),
        start_at: session.map(|s| s.start_at).or(request.terms.start_at),
        end_at: session.map(|s| s.end_at).or(request.terms.end_at),
        duration_seconds: request.terms.duration.get(),
        justification: request.terms.justification.clone(),
        ticket: request.terms.ticket.clone(),
        ticket_link: ticket_link(request, facts),
        break_glass: request.terms.break_glass,
        extends: request.extends,
        batch_id: request.batch_id.clone(),
        rule: request.basis.rule.clone(),
        rules: request.basis.rules.clone(),
        guarded: is_guarded(request, facts),
        approval: approval(request, names),
        overseers: names.people(&request.basis.overseers),
        also_held_through: request.also_held_through.clone(),
        claimed_by: claim.map(|claim| names.person(&claim.by)),
        claimed_until: claim.map(|claim| claim.until),
        created_at: request.created_at,
        expires_at: request.expires_at,
        // What the key went through for others before is not this request's.
        grant: grant.filter(|_| has_grant(&request.state)).map(grant_of),
        waiting_for: waiting_for(request, grant, names),
        ended: ended(&request.state).map(|ended| with_what_is_beside(ended, beside)),
        given_up: given_up(&request.state, names),
        review: ReviewView {
            needed: attention.needs_review(request),
            by: attention.review.as_ref().map(|review| names.person(&review.by)),
            at: attention.review.as_ref().map(|review| review.at),
            comment: attention
                .review
                .as_ref()
                .and_then(|review| review.comment.clone()),
        },
        activity: beside.activity.map(|summary| ActivitySummary {
            events: summary.events,
            writes: summary.writes,
            errors: summary.errors,
            left_behind: summary.left_behind,
            newest_event_at: summary.newest_at,
            complete: summary.closed_at.is_some(),
        }),
        terms_digest: request.digest(),
        you_may: access
            .open_verbs(request, attention)
            .into_iter()
            .map(ToOwned::to_owned)
            .collect(),
    }
}

/// By the policy in force: rules of the basis that are not there any more guard nothing.
fn is_guarded(request: &Request, facts: &Facts) -> bool {
    let rules = facts
        .policy
        .iter()
        .flat_map(|in_force| &in_force.policy.eligibility);
    rules
        .filter(|rule| rule.guarded)
        .any(|rule| request.basis.rules.contains(&rule.id))
}

/// Where its ticket is read: by the rule that counts most, else by the settings. The ticket is a person's text, so whatever
/// means something in a link is written as its bytes.
fn ticket_link(request: &Request, facts: &Facts) -> Option<String> {
    let ticket = request.terms.ticket.as_ref()?;
    let policy = &facts.policy.as_ref()?.policy;
    let mut rules = policy.eligibility.iter();
    let rule = rules.find(|rule| Some(&rule.id) == request.basis.rule.as_ref());
    let own = rule.and_then(|rule| rule.overrides.ticket_url.as_ref());
    let url = own.unwrap_or(&policy.settings.texts.ticket_url);
    let is_link = url.starts_with("https://") || url.starts_with("http://");
    is_link.then(|| url.replace("{ticket}", &routes::percent(ticket)))
}

/// Whether a request has anything to do with the grant yet.
fn has_grant(state: &State) -> bool {
    state.is_live()
        || matches!(
            state,
            State::Ending { .. } | State::Ended(_) | State::Revoked(_) | State::Failed(_)
        )
}

fn approval(request: &Request, names: Names<'_>) -> ApprovalView {
    let demands = request
        .basis
        .demands
        .iter()
        .map(|demand| DemandView {
            rule: demand.rule.clone(),
            quorum: demand.quorum,
            approvers: names.people(demand.approvers.iter()),
            votes: request
                .votes_for(demand)
                .map(|vote| VoteView {
                    by: names.person(&vote.by),
                    at: vote.at,
                    comment: vote.comment.clone(),
                    terms_digest: vote.digest.clone(),
                })
                .collect(),
        })
        .collect::<Vec<_>>();
    ApprovalView {
        required: !demands.is_empty(),
        demands,
    }
}

/// The grant behind a request.
pub(super) fn grant_of(grant: &Grant) -> GrantOfRequest {
    GrantOfRequest {
        state: grant.word(),
        attempts: grant.attempts,
        next_attempt_at: grant.next_attempt_at,
        last_error: grant.last_error.clone(),
        aws_request_id: grant.aws_request_id.clone(),
    }
}

fn given_up(state: &State, names: Names<'_>) -> Option<GivenUpView> {
    let State::Ending {
        given_up: Some(signature),
        ..
    } = state
    else {
        return None;
    };
    Some(GivenUpView {
        by: names.person(&signature.by),
        at: signature.at,
        reason: signature.reason.clone(),
    })
}

fn clock(at: Time) -> String {
    at.format("%Y-%m-%d %H:%M:%SZ").to_string()
}

fn waiting_for(request: &Request, grant: Option<&Grant>, names: Names<'_>) -> Option<WaitingFor> {
    let waiting = |what: &str, detail: String, help: Option<&str>| {
        Some(WaitingFor {
            what: what.to_owned(),
            detail,
            help: help.map(ToOwned::to_owned),
        })
    };
    match &request.state {
        State::Pending => {
            let open = request
                .basis
                .demands
                .iter()
                .filter(|demand| request.votes_for(demand).count() < demand.quorum as usize)
                .map(|demand| {
                    let missing = demand.quorum as usize - request.votes_for(demand).count();
                    let who: Vec<_> = demand
                        .approvers
                        .iter()
                        .filter(|id| !request.votes.iter().any(|vote| vote.by == **id))
                        .map(|id| names.person(id).user_name)
                        .collect();
                    format!("{missing} of {} (rule {})", who.join(", "), demand.rule)
                })
                .collect::<Vec<_>>()
                .join("; ");
            let detail = format!("approval by {open}; expires {}", clock(request.expires_at));
            waiting(
                "approval",
                detail,
                Some(&format!(
                    "one of them decides: team-tui approve {}",
                    request.id.short()
                )),
            )
        }
        State::Scheduled { .. } => {
            let start = request.terms.start_at.map(clock).unwrap_or_default();
            waiting("start", format!("its start at {start}"), None)
        }
        State::Activating { .. } => waiting(
            "aws",
            aws_call(grant, "create"),
            Some("nothing to do; it is tried again"),
        ),
        State::Active { session } => waiting("end", format!("its end at {}", clock(session.end_at)), None),
        State::Ending { given_up, .. } => {
            let mut detail = aws_call(grant, "delete");
            if let Some(note) = target_note(names, &request.key.account) {
                detail = format!("{detail}; {note}");
            }
            if let Some(signed) = given_up {
                let who = names.person(&signed.by).user_name;
                detail = format!("{detail}; given up for lost by {who}: a second administrator must agree");
            }
            let help = "nothing to do; it is tried until AWS shows it gone";
            waiting("aws", detail, Some(help))
        }
        State::Ended(_)
        | State::Revoked(_)
        | State::Failed(_)
        | State::Rejected { .. }
        | State::Cancelled { .. }
        | State::Expired { .. }
        | State::Withdrawn { .. }
        | State::Lost { .. } => None,
    }
}

/// What the directory says about an account from which access is hard to take back.
pub(super) fn target_note(names: Names<'_>, account: &AccountId) -> Option<String> {
    match names.0?.accounts.get(account) {
        None => Some("the account is no longer in the organisation".to_owned()),
        Some(account) if !account.active => Some(format!(
            "account {} - no sign-in possible",
            account.state.to_ascii_lowercase().replace('_', " ")
        )),
        Some(_) => None,
    }
}

/// Which AWS call is waited for, which attempt, when next, and what AWS said last.
fn aws_call(grant: Option<&Grant>, call: &str) -> String {
    let name = if call == "create" {
        "CreateAccountAssignment"
    } else {
        "DeleteAccountAssignment"
    };
    let Some(grant) = grant else {
        return format!("AWS: {name}, not sent yet");
    };
    let mut text = format!(
        "AWS: {name}, assignment {}, attempt {}",
        grant.word(),
        grant.attempts + 1
    );
    if let Some(at) = grant.next_attempt_at {
        text.push_str(&format!(", next at {}", clock(at)));
    }
    if let Some(error) = &grant.last_error {
        text.push_str(&format!(", last error: {error}"));
    }
    text
}

/// The same, and until when another request keeps the grant.
fn with_what_is_beside(mut ended: EndedView, beside: &Beside) -> EndedView {
    let holder = beside.holder.as_ref();
    ended.residual_until = match (ended.residual_until, beside.residual) {
        (Some(residual), Some(sharper)) => Some(residual.min(sharper)),
        (residual, _) => residual,
    };
    let session = holder
        .filter(|holder| holder.holds_lease())
        .and_then(|holder| holder.state.session());
    ended.still_held_until = session.map(|session| session.end_at);
    ended
}

fn ended(state: &State) -> Option<EndedView> {
    let plain = |at: Time, reason: &str| {
        Some(EndedView {
            at,
            reason: reason.to_owned(),
            late_by_seconds: 0,
            residual_until: None,
            still_held_by: None,
            still_held_until: None,
        })
    };
    match state {
        State::Ended(finish) | State::Revoked(finish) | State::Failed(finish) => Some(EndedView {
            at: finish.at,
            reason: finish.reason.clone(),
            late_by_seconds: finish.late_by_seconds,
            residual_until: finish.residual_until,
            still_held_by: finish.still_held_by,
            still_held_until: None,
        }),
        State::Rejected { at, comment, .. } => plain(*at, comment.as_deref().unwrap_or("rejected")),
        State::Cancelled { at } => plain(*at, "cancelled"),
        State::Expired { at } => plain(*at, "expired"),
        State::Withdrawn { at, reason } | State::Lost { at, reason, .. } => plain(*at, reason),
        State::Pending
        | State::Scheduled { .. }
        | State::Activating { .. }
        | State::Active { .. }
        | State::Ending { .. } => None,
    }
}
