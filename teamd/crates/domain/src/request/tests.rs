//! What the tests of the machine share: one request, its people, its clock.

mod extension;
mod latest_end;
mod properties;
mod table;
mod time;
mod votes;

use super::*;
use crate::event::Actor;
use chrono::TimeDelta;
use team_shared::duration::Seconds;
use team_shared::terms::Shape;

const HOUR: i64 = 3600;

/// So many seconds after the request was filed.
pub(crate) fn at(seconds: i64) -> Time {
    Time::from_timestamp(1_795_000_000 + seconds, 0).unwrap()
}

fn user(name: &str) -> UserId {
    name.parse().unwrap()
}

fn seconds(count: i64) -> Seconds {
    Seconds::new(count).unwrap()
}

fn id(number: u128) -> RequestId {
    RequestId::from_parts(1_795_000_000_000, number)
}

fn demand(rule: &str, quorum: u32, approvers: &[&str]) -> Demand {
    Demand {
        rule: rule.to_owned(),
        quorum,
        approvers: approvers.iter().map(|name| user(name)).collect(),
    }
}

fn basis(demands: &[Demand]) -> Basis {
    Basis {
        rule: Some("rule".to_owned()),
        rules: vec!["rule".to_owned()],
        demands: demands.to_vec(),
        overseers: vec![user("olga")],
        valid_until: None,
    }
}

fn floating(duration: i64) -> Terms {
    Terms {
        revision: 1,
        shape: Shape::Floating,
        start_at: None,
        end_at: None,
        duration: seconds(duration),
        justification: "the cache is on fire".to_owned(),
        ticket: None,
        break_glass: false,
    }
}

fn window(start: i64, duration: i64) -> Terms {
    Terms {
        shape: Shape::Window,
        start_at: Some(at(start)),
        end_at: Some(at(start + duration)),
        ..floating(duration)
    }
}

fn until(start: i64, end: i64) -> Terms {
    Terms {
        shape: Shape::Until,
        ..window(start, end - start)
    }
}

/// Filed by alice at second 0, to be decided within three hours.
fn request(terms: Terms, demands: &[Demand]) -> Request {
    Request {
        id: id(1),
        version: 1,
        key: Key {
            user: user("alice"),
            account: "111122223333".parse().unwrap(),
            permission_set: "arn:aws:sso:::permissionSet/ssoins-1/ps-1".parse().unwrap(),
        },
        expires_at: expires_at(at(0), seconds(3 * HOUR), &terms),
        terms,
        extends: None,
        batch_id: None,
        created_at: at(0),
        basis: basis(demands),
        also_held_through: Vec::new(),
        votes: Vec::new(),
        state: State::Pending,
    }
}

/// Bob or carol must approve.
fn pending(terms: Terms) -> Request {
    request(terms, &[demand("prod", 1, &["bob", "carol"])])
}

fn in_state(state: State, terms: Terms) -> Request {
    Request {
        state,
        ..pending(terms)
    }
}

fn activating(terms: Terms, since: i64) -> Request {
    in_state(
        State::Activating {
            since: at(since),
            first_attempt_at: None,
        },
        terms,
    )
}

fn apply(request: &Request, command: Command, now: i64) -> Result<Next, TransitionError> {
    transition(request, &command, &Actor::daemon(), at(now))
}

/// The request after a command that must apply.
fn after(request: &Request, command: Command, now: i64) -> Request {
    let name = command.name();
    match apply(request, command, now) {
        Ok(next) => next.request,
        Err(error) => panic!("{name} at {now}: {error}"),
    }
}

/// Judged by the same demands as before.
fn approve(request: &Request, by: &str, change: Change) -> Command {
    Command::Approve {
        by: user(by),
        comment: None,
        change,
        basis: request.basis.clone(),
    }
}

fn as_asked() -> Change {
    Change::default()
}

fn for_(duration: i64) -> Change {
    Change {
        duration: Some(seconds(duration)),
        start_at: None,
    }
}

fn starting(start: i64) -> Change {
    Change {
        duration: None,
        start_at: Some(at(start)),
    }
}

fn voters(request: &Request) -> Vec<&str> {
    request.votes.iter().map(|vote| vote.by.as_str()).collect()
}

/// One request in each state, as it comes to be with a window from the first hour to the third.
pub(crate) fn one_of_each() -> Vec<Request> {
    let session = Session {
        start_at: at(HOUR),
        end_at: at(3 * HOUR),
    };
    let finish = Finish {
        at: at(3 * HOUR),
        reason: "end".to_owned(),
        session: Some(session),
        late_by_seconds: 0,
        residual_until: None,
        still_held_by: None,
    };
    let why = || "why".to_owned();
    [
        State::Pending,
        State::Scheduled { approved_at: at(60) },
        State::Activating {
            since: at(HOUR),
            first_attempt_at: Some(at(HOUR)),
        },
        State::Active { session },
        State::Ending {
            since: at(3 * HOUR),
            due_at: at(3 * HOUR),
            reason: "end".to_owned(),
            outcome: Outcome::Ended,
            session: Some(session),
            given_up: None,
        },
        State::Ended(finish.clone()),
        State::Revoked(finish.clone()),
        State::Rejected {
            at: at(60),
            by: user("bob"),
            comment: None,
        },
        State::Cancelled { at: at(60) },
        State::Expired { at: at(3 * HOUR) },
        State::Withdrawn {
            at: at(60),
            reason: why(),
        },
        State::Failed(finish),
        State::Lost {
            at: at(4 * HOUR),
            reason: why(),
            session: Some(session),
        },
    ]
    .map(|state| in_state(state, window(HOUR, 2 * HOUR)))
    .into()
}

/// One command of each kind, by somebody who may give it.
fn every_command(request: &Request) -> Vec<Command> {
    let reason = || "reason".to_owned();
    vec![
        approve(request, "bob", as_asked()),
        Command::Reject {
            by: user("bob"),
            comment: None,
        },
        Command::Escalate {
            basis: basis(&[demand("prod", 1, &["bob", "carol", "hank"])]),
        },
        Command::Cancel,
        Command::Done,
        Command::Revoke { comment: None },
        Command::Lapse,
        Command::LoseBasis { reason: reason() },
        Command::Start,
        Command::AttemptCreate,
        Command::Confirm,
        Command::Refuse { reason: reason() },
        Command::GiveUp { reason: reason() },
        Command::End,
        Command::VerifyAbsent {
            session_seconds: HOUR,
        },
        Command::HandOver { to: id(2) },
        Command::DeclareLost {
            by: user("gita"),
            reason: reason(),
        },
        Command::Reappear,
    ]
}
