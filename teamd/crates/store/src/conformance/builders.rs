//! Values for the checks.

use chrono::TimeDelta;
use team_shared::duration::Seconds;
use team_shared::event::EventType;
use team_shared::ids::RequestId;
use team_shared::terms::Shape;
use teamd_domain::Time;
use teamd_domain::event::{Actor, EventDraft};
use teamd_domain::request::{
    Basis, Demand, Finish, Key, Outcome, Request, Session, Signature, State, Terms, Vote,
};

/// So many seconds after the beginning of the checks.
pub(super) fn at(seconds: i64) -> Time {
    Time::from_timestamp_millis(1_795_000_000_000).unwrap() + TimeDelta::seconds(seconds)
}

pub(super) fn key(person: &str) -> Key {
    Key {
        user: person.parse().unwrap(),
        account: "000011112222".parse().unwrap(),
        permission_set: "arn:aws:sso:::permissionSet/ssoins-1/ps-1".parse().unwrap(),
    }
}

pub(super) fn id(number: u64) -> RequestId {
    RequestId::from_parts(1_795_000_000_000 + number, u128::from(number) << 5)
}

/// A request that holds something in every field.
pub(super) fn request(number: u64, state: State) -> Request {
    Request {
        id: id(number),
        version: 1,
        key: key("anna"),
        terms: Terms {
            revision: 1,
            shape: Shape::Window,
            start_at: Some(at(60)),
            end_at: Some(at(3660)),
            duration: Seconds::new(3600).unwrap(),
            justification: "Grüße, 東京 'quoted' \"twice\"; --".into(),
            ticket: Some("INC-1".into()),
            break_glass: true,
        },
        extends: Some(id(900_000)),
        batch_id: Some("batch-1".into()),
        created_at: at(i64::try_from(number).unwrap()),
        expires_at: at(1800),
        basis: Basis {
            rule: Some("ops".into()),
            rules: vec!["ops".into(), "all".into()],
            demands: vec![Demand {
                rule: "ops".into(),
                quorum: 2,
                approvers: ["bert".parse().unwrap(), "carl".parse().unwrap()].into(),
            }],
            overseers: vec!["dora".parse().unwrap()],
            valid_until: Some("2027-01-31T00:00:00Z".parse().unwrap()),
        },
        also_held_through: vec!["Admins".into()],
        votes: Vec::new(),
        state,
    }
}

/// The next version of a request.
pub(super) fn next(request: &Request, state: State) -> Request {
    Request {
        version: request.version + 1,
        state,
        ..request.clone()
    }
}

pub(super) fn vote(by: &str, second: i64) -> Vote {
    Vote {
        by: by.parse().unwrap(),
        at: at(second),
        digest: "ab".repeat(32),
        comment: Some("fine".into()),
    }
}

pub(super) fn session() -> Session {
    Session {
        start_at: at(60),
        end_at: at(3660),
    }
}

pub(super) fn active(end: i64) -> State {
    State::Active {
        session: Session {
            start_at: at(0),
            end_at: at(end),
        },
    }
}

pub(super) fn ending(due: i64) -> State {
    State::Ending {
        since: at(due),
        due_at: at(due),
        reason: "end".into(),
        outcome: Outcome::Ended,
        session: Some(session()),
        given_up: None,
    }
}

pub(super) fn finish() -> Finish {
    Finish {
        at: at(3700),
        reason: "end".into(),
        session: Some(session()),
        late_by_seconds: 40,
        residual_until: Some(at(7300)),
        still_held_by: Some(id(77)),
    }
}

/// Every state, with and without what it may lack.
pub(super) fn states() -> Vec<State> {
    let bare = Finish {
        session: None,
        residual_until: None,
        still_held_by: None,
        late_by_seconds: -3,
        ..finish()
    };
    let ending = |outcome, session| State::Ending {
        since: at(9),
        due_at: at(8),
        reason: String::new(),
        outcome,
        session,
        given_up: (outcome == Outcome::Revoked).then(|| Signature {
            by: "gita".parse().unwrap(),
            at: at(10),
            reason: "closed account".into(),
        }),
    };
    let rejected = |comment: Option<&str>| State::Rejected {
        at: at(5),
        by: "bert".parse().unwrap(),
        comment: comment.map(str::to_owned),
    };
    let activating = |first_attempt_at| State::Activating {
        since: at(1),
        first_attempt_at,
    };
    vec![
        State::Pending,
        State::Scheduled { approved_at: at(2) },
        activating(None),
        activating(Some(at(3))),
        active(3600),
        ending(Outcome::Ended, Some(session())),
        ending(Outcome::Revoked, None),
        ending(Outcome::Failed, None),
        State::Ended(finish()),
        State::Ended(bare.clone()),
        State::Revoked(finish()),
        State::Failed(bare),
        rejected(None),
        rejected(Some("no")),
        State::Cancelled { at: at(6) },
        State::Expired { at: at(6) },
        State::Withdrawn {
            at: at(6),
            reason: "left".into(),
        },
        State::Lost {
            at: at(6),
            reason: "closed account".into(),
            session: Some(session()),
        },
        State::Lost {
            at: at(6),
            reason: "closed account".into(),
            session: None,
        },
    ]
}

pub(super) fn event(number: u64) -> EventDraft {
    let actor = Actor {
        user_id: Some("anna".parse().unwrap()),
        user_name: Some("anna@example.com".into()),
        uid: Some(1001),
        login_uid: None,
    };
    EventDraft::new(EventType::RequestSubmitted)
        .of(id(number))
        .by(&actor)
        .text("rule", "ops")
        .free("justification", Some("on call: \u{202e}x"))
}
