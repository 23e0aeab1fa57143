//! The book of removals.

use super::*;

fn at(millis: i64) -> Time {
    chrono::DateTime::from_timestamp_millis(1_795_000_000_000 + millis).unwrap()
}

fn key(number: usize) -> Key {
    Key {
        user: format!("u-{number}").parse().unwrap(),
        account: format!("{:012}", number % 20).parse().unwrap(),
        permission_set: "arn:ps".parse().unwrap(),
    }
}

const UNWANTED: Wanted = Wanted {
    leases: 0,
    closing: 1,
    may_create: true,
};

fn grant(number: usize, state: State) -> Grant {
    Grant {
        state,
        ..Grant::new(key(number))
    }
}

fn accepted() -> State {
    State::Deleting(Phase::Accepted {
        request_id: "r".to_owned(),
        at: at(0),
    })
}

fn verifying() -> State {
    State::Deleting(Phase::Verifying {
        request_id: None,
        since: at(0),
    })
}

#[test]
fn from_due_to_verified() {
    let removals = Removals::new(12);
    let note = |state, wanted, millis| removals.note(&key(0), &grant(0, state), wanted, at(millis));
    assert_eq!(note(State::Present, UNWANTED, 0), Some(true));
    assert_eq!(note(State::Present, UNWANTED, 10), None);
    let shown = removals.progress(None, &BTreeSet::new(), at(10));
    assert_eq!((shown.due, shown.unfinished, shown.failing), (1, 0, 0));
    assert!(shown.done_by.is_some());
    note(accepted(), UNWANTED, 20);
    assert_eq!(removals.progress(None, &BTreeSet::new(), at(30)).unfinished, 1);
    note(verifying(), UNWANTED, 1020);
    assert_eq!(removals.lock().operation, Some(1.0));
    let gone = Wanted {
        closing: 0,
        ..UNWANTED
    };
    assert_eq!(note(State::Absent { listed_at: None }, gone, 1100), Some(false));
    let shown = removals.progress(None, &BTreeSet::new(), at(1200));
    assert_eq!((shown.due, shown.done_by), (0, None));
}

#[test]
fn what_is_held_again_is_not_due() {
    let removals = Removals::new(12);
    removals.note(&key(0), &grant(0, State::Present), UNWANTED, at(0));
    let held = Wanted {
        leases: 1,
        ..UNWANTED
    };
    assert_eq!(
        removals.note(&key(0), &grant(0, State::Present), held, at(1)),
        Some(false)
    );
}

#[test]
fn what_fails_is_counted_and_left_out_of_the_estimate() {
    let removals = Removals::new(12);
    let failing = Grant {
        attempts: FAILING,
        ..grant(0, State::Deleting(Phase::Intent))
    };
    removals.note(&key(0), &failing, UNWANTED, at(0));
    let shown = removals.progress(None, &BTreeSet::new(), at(1));
    assert_eq!((shown.due, shown.failing, shown.done_by), (1, 1, None));
    removals.note(&key(1), &grant(1, State::Present), UNWANTED, at(2));
    let shown = removals.progress(None, &BTreeSet::new(), at(3));
    assert!(shown.failing == 1 && shown.done_by.is_some());
    let shown = removals.progress(None, &BTreeSet::from([key(1).account]), at(3));
    assert_eq!((shown.due, shown.failing, shown.done_by), (2, 2, None));
}

#[test]
fn the_rate_is_that_of_the_rush_and_the_estimate_follows_it() {
    let removals = Removals::new(12);
    for number in 0..400 {
        removals.note(&key(number), &grant(number, State::Present), UNWANTED, at(0));
    }
    assert_eq!(
        removals.progress(None, &BTreeSet::new(), at(0)).done_by,
        None,
        "nobody knows yet"
    );
    for number in 0..200 {
        let millis = number as i64 * 100;
        removals.note(&key(number), &grant(number, accepted()), UNWANTED, at(millis));
        removals.note(&key(number), &grant(number, verifying()), UNWANTED, at(millis));
    }
    let shown = removals.progress(None, &BTreeSet::new(), at(20_000));
    assert!((9.9..10.1).contains(&shown.per_second), "{}", shown.per_second);
    let left = (shown.done_by.unwrap() - at(20_000)).num_seconds();
    assert!((19..=22).contains(&left), "{left}");
    assert_eq!(
        removals.progress(None, &BTreeSet::new(), at(200_000)).per_second,
        0.0
    );
}
