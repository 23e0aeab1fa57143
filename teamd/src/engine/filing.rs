//! From what a person asks for to a request: target, texts, and what other requests of theirs say.

use super::refused::Refused;
use super::submit::Submission;
use super::{commit, daily, random};
use crate::domain::Time;
use crate::domain::directory::Directory;
use crate::domain::policy::{Judgement, TextRules, check_texts};
use crate::domain::request::{Key, Next, Request, State, Terms, expires_at};
use crate::store::port::Tx;
use team_shared::duration::Seconds;
use team_shared::problem::{Code, FieldError};
use team_shared::terms::Shape;
use team_shared::text;

/// Looks once more at what other requests of the person say, and files one.
pub(super) fn file(
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
            && other.terms.duration == request.terms.duration
            && other.terms.break_glass == request.terms.break_glass
            && other.terms.shape == request.terms.shape
            && (request.terms.shape == Shape::Floating || other.terms.start_at == request.terms.start_at);
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
    let mine = crate::store::port::RequestFilter {
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
