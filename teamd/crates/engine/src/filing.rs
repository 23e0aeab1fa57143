//! From what a person asks for to a request: target, texts, and what other requests of theirs say.

use super::refused::Refused;
use super::submit::Submission;
use super::{commit, daily, random};
use team_shared::duration::Seconds;
use team_shared::problem::{Code, FieldError};
use team_shared::terms::Shape;
use team_shared::text;
use teamd_domain::Time;
use teamd_domain::directory::Directory;
use teamd_domain::request::{Key, Next, Request, State, Terms, expires_at};
use teamd_policy::{Judgement, TextRules, check_texts};
use teamd_store::port::{RequestFilter, Tx};

/// The most requests of one batch.
const MAX_BATCH: usize = 200;

/// Looks once more at what other requests of the person say, and files one.
pub(crate) fn file(
    tx: &mut dyn Tx,
    next: &Next,
    max_per_day: Option<Seconds>,
    pending_per_user: usize,
    directory: Option<&Directory>,
    now: Time,
) -> Result<(), Refused> {
    refuse_repeats(tx, &next.request, pending_per_user)?;
    daily::refuse_over(tx, &next.request, max_per_day, directory, now)?;
    commit::file(tx, next, now)?;
    Ok(())
}

pub(super) fn refuse_repeats(
    tx: &mut dyn Tx,
    request: &Request,
    pending_per_user: usize,
) -> Result<(), Refused> {
    for other in tx.open_requests_on(&request.key)? {
        let same = commit::is_pending(&other)
            && other.terms.break_glass == request.terms.break_glass
            && is_same_time(&other, request);
        if same {
            return Err(Refused::new(
                Code::Duplicate,
                format!("request {} asks for the same and is pending", other.id.short()),
            )
            .help(format!(
                "`team-tui show {}` says who can decide it",
                other.id.short()
            )));
        }
    }
    if !commit::is_pending(request) {
        // Nobody has to decide it, so it does not count among those that wait.
        return Ok(());
    }
    let mine = RequestFilter {
        states: vec![team_shared::state::RequestState::Pending],
        user: Some(request.key.user.clone()),
        limit: pending_per_user,
        ..Default::default()
    };
    if tx.requests(&mine)?.len() >= pending_per_user {
        return Err(Refused::new(
            Code::LimitReached,
            format!("you have {pending_per_user} pending requests, which is the limit"),
        )
        .help("cancel one, or wait for a decision"));
    }
    Ok(())
}

/// Whether both ask for the same time. "Until T" from now on is the same whenever it is asked, however long that is by then.
fn is_same_time(one: &Request, other: &Request) -> bool {
    let (a, b) = (&one.terms, &other.terms);
    let from_now = |request: &Request| request.terms.start_at <= Some(request.created_at);
    a.shape == b.shape
        && match a.shape {
            Shape::Floating => a.duration == b.duration,
            Shape::Window => a.start_at == b.start_at && a.duration == b.duration,
            Shape::Until => {
                a.end_at == b.end_at && (a.start_at == b.start_at || from_now(one) && from_now(other))
            }
        }
}

/// Approvers decide on a batch as a whole, so nobody adds to another's, nor to one that somebody has begun to decide.
pub(super) fn refuse_batch(tx: &mut dyn Tx, request: &Request) -> Result<(), Refused> {
    let Some(batch) = &request.batch_id else {
        return Ok(());
    };
    let members = tx.requests(&RequestFilter {
        batch: Some(batch.clone()),
        limit: MAX_BATCH + 1,
        ..RequestFilter::default()
    })?;
    if members.len() > MAX_BATCH {
        return Err(Refused::field(
            "batch_id",
            format!("{MAX_BATCH} requests have it already; give a new ULID"),
        ));
    }
    let is_theirs = members.iter().any(|member| member.key.user != request.key.user);
    let is_begun = members
        .iter()
        .any(|member| !member.votes.is_empty() || matches!(member.state, State::Rejected { .. }));
    let why = match (is_theirs, is_begun) {
        (true, _) => "is taken; leave it out, or give a new ULID",
        (false, true) => "is that of a batch on which somebody has decided already; give a new ULID",
        (false, false) => return Ok(()),
    };
    Err(Refused::field("batch_id", why))
}

pub(super) fn find_target(
    directory: &Directory,
    person: &team_shared::ids::UserId,
    submission: &Submission,
) -> Result<Key, Refused> {
    let by_id = submission
        .account
        .parse()
        .ok()
        .and_then(|id| directory.accounts.get(&id));
    let by_name = || {
        let mut named = directory
            .accounts
            .values()
            .filter(|account| account.name == submission.account);
        // A name that several accounts have stands for none of them.
        named.next().filter(|_| named.next().is_none())
    };
    let account = by_id.or_else(by_name).ok_or_else(|| {
        Refused::new(
            Code::NotFound,
            format!(
                "the organisation has no account {}",
                text::inert(&submission.account)
            ),
        )
        .help("`team-tui entitlements` lists what you may ask for")
    })?;
    let set = directory
        .permission_set(&submission.permission_set)
        .ok_or_else(|| {
            Refused::new(
                Code::NotFound,
                format!(
                    "Identity Center has no permission set {}",
                    text::inert(&submission.permission_set)
                ),
            )
            .help("`team-tui entitlements` lists what you may ask for")
        })?;
    Ok(Key {
        user: person.clone(),
        account: account.id.clone(),
        permission_set: set.arn.clone(),
    })
}

/// Refuses reasons and tickets that policy does not take.
pub(super) fn refuse_texts(rules: &TextRules, terms: &Terms) -> Result<(), Refused> {
    let faults = check_texts(
        rules,
        &terms.justification,
        terms.ticket.as_deref(),
        terms.break_glass,
    );
    if faults.is_empty() {
        return Ok(());
    }
    Err(Refused::invalid(
        faults
            .into_iter()
            .map(|f| FieldError {
                field: f.field.to_owned(),
                message: f.message,
            })
            .collect(),
    ))
}

pub(super) fn make_request(
    key: Key,
    terms: Terms,
    submission: &Submission,
    judgement: Judgement,
    directory: &Directory,
    now: Time,
) -> Request {
    let also_held_through = directory.held_through(&key.user, &key.account, &key.permission_set);
    Request {
        id: random::request_id(now),
        version: 1,
        expires_at: expires_at(now, judgement.request_expiry, &terms),
        key,
        terms,
        extends: None,
        batch_id: submission.batch_id.clone(),
        created_at: now,
        basis: judgement.basis,
        also_held_through,
        votes: Vec::new(),
        state: State::Pending,
    }
}
