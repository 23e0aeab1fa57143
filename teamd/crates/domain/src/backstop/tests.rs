use super::*;
use crate::request::{Basis, Outcome, Session, Terms};
use team_shared::duration::Seconds;
use team_shared::ids::RequestId;
use team_shared::terms::Shape;

const HOUR: i64 = 3600;

fn at(seconds: i64) -> Time {
    Time::from_timestamp(1_795_000_000 + seconds, 0).unwrap()
}

fn key() -> Key {
    Key {
        user: "u-alice".parse().unwrap(),
        account: "111122223333".parse().unwrap(),
        permission_set: "arn:ps".parse().unwrap(),
    }
}

/// An hour's request.
fn request(end_at: Option<i64>, state: State) -> Request {
    Request {
        id: RequestId::from_parts(1, 1),
        version: 1,
        key: key(),
        terms: Terms {
            revision: 1,
            shape: Shape::Floating,
            start_at: None,
            end_at: end_at.map(at),
            duration: Seconds::new(HOUR).unwrap(),
            justification: String::new(),
            ticket: None,
            break_glass: false,
        },
        extends: None,
        batch_id: None,
        created_at: at(0),
        expires_at: at(HOUR),
        basis: Basis::default(),
        also_held_through: Vec::new(),
        votes: Vec::new(),
        state,
    }
}

fn active(end: i64) -> Request {
    let session = Session {
        start_at: at(0),
        end_at: at(end),
    };
    request(None, State::Active { session })
}

fn activating(first_attempt_at: Option<i64>) -> Request {
    let state = State::Activating {
        since: at(0),
        first_attempt_at: first_attempt_at.map(at),
    };
    request(None, state)
}

fn ending() -> Request {
    let state = State::Ending {
        since: at(0),
        due_at: at(0),
        reason: "end".to_owned(),
        outcome: Outcome::Ended,
        session: None,
        given_up: None,
    };
    request(None, state)
}

fn grant(state: GrantState) -> Grant {
    Grant {
        state,
        ..Grant::new(key())
    }
}

fn set_to(seconds: Option<i64>) -> Backstop {
    Backstop {
        key: key(),
        ends_at: seconds.map(at),
    }
}

fn set(seconds: i64) -> Move {
    Move::Set { ends_at: at(seconds) }
}

fn listed(seconds: i64) -> GrantState {
    GrantState::Absent {
        listed_at: Some(at(seconds)),
    }
}

#[test]
fn a_create_is_covered_by_the_latest_end_that_it_can_have() {
    let open = [activating(None)];
    let fresh = grant(listed(0));
    assert_eq!(next(None, Some(&fresh), &open, at(1)), set(1 + 15 * 60 + HOUR));
    let set = set_to(Some(1 + 15 * 60 + HOUR));
    assert!(covers(Some(&set), &open, at(1)));
    assert!(
        covers(Some(&set), &open, at(600)),
        "it need not be moved at each try"
    );
    assert!(!covers(Some(&set), &open, at(700)));
    assert!(covers(Some(&set), &[activating(Some(500))], at(9999)));
    // Not even the slowest confirmation outlives it.
    let window = [request(Some(2 * HOUR), activating(None).state)];
    assert_eq!(
        next(None, Some(&fresh), &window, at(1)),
        super::Move::Set {
            ends_at: at(2 * HOUR)
        }
    );
}

#[test]
fn it_is_never_set_on_what_may_be_somebody_elses() {
    let open = [activating(None)];
    for state in [
        GrantState::Absent { listed_at: None },
        listed(-61),
        GrantState::Foreign { listed_at: at(0) },
    ] {
        assert_eq!(next(None, Some(&grant(state)), &open, at(1)), Move::Rest);
    }
    assert_eq!(next(None, None, &open, at(1)), Move::Rest);
    let foreign = grant(GrantState::Foreign { listed_at: at(0) });
    assert_eq!(
        next(Some(&set_to(Some(9))), Some(&foreign), &open, at(1)),
        Move::Remove
    );
}

#[test]
fn it_follows_the_last_end() {
    let present = grant(GrantState::Present);
    let at_now = |switch: &Backstop, open: &[Request]| next(Some(switch), Some(&present), open, at(1));
    assert_eq!(at_now(&set_to(Some(HOUR)), &[active(HOUR)]), Move::Rest);
    assert_eq!(
        at_now(&set_to(Some(HOUR)), &[active(HOUR), active(2 * HOUR)]),
        set(2 * HOUR)
    );
    assert_eq!(at_now(&set_to(Some(2 * HOUR)), &[active(HOUR)]), set(HOUR));
    assert_eq!(
        at_now(&set_to(Some(HOUR + 60)), &[active(HOUR)]),
        Move::Rest,
        "near enough"
    );
    assert_eq!(
        at_now(&set_to(None), &[active(HOUR)]),
        set(HOUR),
        "what was interrupted is done again"
    );
    assert!(!covers(Some(&set_to(None)), &[active(HOUR)], at(1)));
    assert!(!covers(None, &[active(HOUR)], at(1)));
}

#[test]
fn it_stays_until_absence_is_verified() {
    let switch = set_to(Some(HOUR));
    for state in [
        GrantState::Present,
        GrantState::Unknown,
        GrantState::Deleting(crate::grant::Phase::Intent),
    ] {
        assert_eq!(next(Some(&switch), Some(&grant(state)), &[], at(1)), Move::Rest);
    }
    let gone = grant(listed(0));
    assert_eq!(next(Some(&switch), Some(&gone), &[ending()], at(1)), Move::Rest);
    assert_eq!(next(Some(&switch), Some(&gone), &[], at(1)), Move::Remove);
    assert_eq!(next(None, Some(&gone), &[], at(1)), Move::Rest);
    let doubtful = Grant {
        attempts: 1,
        ambiguous_create_at: Some(at(0)),
        ..gone
    };
    assert_eq!(next(Some(&switch), Some(&doubtful), &[], at(1)), Move::Rest);
    assert_eq!(
        next(Some(&switch), Some(&doubtful), &[], at(25 * HOUR)),
        Move::Remove
    );
}
