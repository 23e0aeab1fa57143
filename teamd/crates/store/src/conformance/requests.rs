//! Requests and votes.

use super::builders::{active, at, ending, id, key, next, request, states, vote};
use super::{Bench, is_database, suite};
use crate::port::{RequestFilter, StoreError};
use team_shared::state::RequestState;
use teamd_domain::request::{Request, State};

suite!(
    every_state_roundtrips,
    every_state_replaces_every_other,
    an_unknown_request_is_none,
    a_stale_version_is_refused,
    a_request_begins_at_version_one_and_once,
    what_a_request_is_about_never_changes,
    votes_that_no_longer_count_are_left_out,
    nobody_votes_on_their_own_request,
    long_reasons_are_cut_not_refused,
    open_requests_are_oldest_first,
    due_starts_go_before_due_ends,
    due_requests_obey_their_limit,
    the_next_deadline_is_the_earliest,
    states_are_counted,
    overdue_ends_are_found,
    times_are_kept_in_milliseconds,
    sub_millisecond_deadlines_are_due,
);

pub(super) fn put(bench: &Bench, requests: Vec<Request>) {
    bench
        .write(move |tx| requests.iter().try_for_each(|request| tx.insert_request(request)))
        .unwrap();
}

pub(super) fn ids(requests: &[Request]) -> Vec<String> {
    requests.iter().map(|request| request.id.to_string()).collect()
}

pub(super) fn all() -> RequestFilter {
    RequestFilter {
        limit: 1000,
        ..RequestFilter::default()
    }
}

fn every_state_roundtrips(bench: &mut Bench) {
    for (number, state) in (1..).zip(states()) {
        let mut request = request(number, state);
        request.votes = vec![vote("bert", 1), vote("carl", 2)];
        put(bench, vec![request.clone()]);
        let found = bench.read(move |read| read.request(&id(number)));
        assert_eq!(found, Some(request));
    }
    bench.reopen();
    assert_eq!(bench.read(|read| read.requests(&all())).len(), states().len());
}

fn every_state_replaces_every_other(bench: &mut Bench) {
    let mut current = request(1, State::Pending);
    put(bench, vec![current.clone()]);
    for from in states() {
        for to in [from.clone()].into_iter().chain(states()) {
            current = next(&current, to);
            let written = current.clone();
            bench.write(move |tx| tx.update_request(&written)).unwrap();
            assert_eq!(bench.read(|read| read.request(&id(1))).as_ref(), Some(&current));
        }
    }
}

fn an_unknown_request_is_none(bench: &mut Bench) {
    assert_eq!(bench.read(|read| read.request(&id(1))), None);
    let request = next(&request(1, State::Pending), State::Pending);
    let answer = bench.write(move |tx| tx.update_request(&request));
    assert!(matches!(
        answer,
        Err(StoreError::VersionConflict {
            found: 0,
            expected: 1,
            ..
        })
    ));
}

fn a_stale_version_is_refused(bench: &mut Bench) {
    let first = request(1, State::Pending);
    put(bench, vec![first.clone()]);
    let second = next(&first, State::Scheduled { approved_at: at(1) });
    let copy = second.clone();
    bench.write(move |tx| tx.update_request(&copy)).unwrap();
    let stale = next(&first, State::Cancelled { at: at(2) });
    let skipped = next(&next(&second, State::Pending), State::Pending);
    for (wrong, expected) in [(stale, 1), (first, 0), (skipped, 3)] {
        let answer = bench.write(move |tx| tx.update_request(&wrong));
        let conflict = StoreError::VersionConflict {
            id: id(1),
            found: 2,
            expected,
        };
        assert_eq!(answer, Err(conflict));
    }
    assert_eq!(bench.read(|read| read.request(&id(1))), Some(second));
}

fn a_request_begins_at_version_one_and_once(bench: &mut Bench) {
    let first = request(1, State::Pending);
    let later = next(&first, State::Pending);
    assert!(bench.write(move |tx| tx.insert_request(&later)).is_err());
    put(bench, vec![first.clone()]);
    let answer = bench.write(move |tx| tx.insert_request(&first));
    assert!(matches!(
        answer,
        Err(StoreError::VersionConflict {
            found: 1,
            expected: 0,
            ..
        })
    ));
}

fn what_a_request_is_about_never_changes(bench: &mut Bench) {
    let first = request(1, State::Pending);
    put(bench, vec![first.clone()]);
    let mut others = vec![next(&first, State::Pending); 4];
    others[0].key = key("zoe");
    others[1].created_at = at(99);
    others[2].extends = None;
    others[3].batch_id = Some("other".into());
    for other in others {
        assert!(is_database(bench.write(move |tx| tx.update_request(&other))));
    }
    assert_eq!(bench.read(|read| read.request(&id(1))), Some(first));
}

fn votes_that_no_longer_count_are_left_out(bench: &mut Bench) {
    let first = request(1, State::Pending);
    put(bench, vec![first.clone()]);
    let mut current = first;
    for votes in [
        vec![vote("bert", 1)],
        vec![vote("bert", 1), vote("carl", 2)],
        vec![vote("carl", 2)],
        vec![vote("bert", 3), vote("carl", 2)],
        vec![],
        vec![vote("bert", 1), vote("bert", 1)],
    ] {
        current = next(&current, State::Pending);
        current.votes = votes;
        let written = current.clone();
        bench.write(move |tx| tx.update_request(&written)).unwrap();
        assert_eq!(bench.read(|read| read.request(&id(1))).as_ref(), Some(&current));
    }
}

fn nobody_votes_on_their_own_request(bench: &mut Bench) {
    let mut first = request(1, State::Pending);
    put(bench, vec![first.clone()]);
    first.version = 2;
    first.votes = vec![vote("anna", 1)];
    assert!(is_database(bench.write(move |tx| tx.update_request(&first))));
    let mut second = request(2, State::Pending);
    second.votes = vec![vote("anna", 1)];
    assert!(is_database(bench.write(move |tx| tx.insert_request(&second))));
}

fn long_reasons_are_cut_not_refused(bench: &mut Bench) {
    let reason = "é".repeat(10_000);
    put(bench, vec![request(1, State::Withdrawn { at: at(1), reason })]);
    let Some(State::Withdrawn { reason, .. }) = bench.read(|read| read.request(&id(1))).map(|r| r.state)
    else {
        panic!("not withdrawn");
    };
    assert!(reason.len() <= 4096 && reason.ends_with('…'));
}

fn open_requests_are_oldest_first(bench: &mut Bench) {
    let mut other = request(4, State::Pending);
    other.key = key("zoe");
    put(
        bench,
        vec![
            request(3, ending(1)),
            request(1, State::Pending),
            request(2, State::Cancelled { at: at(1) }),
            other,
        ],
    );
    let found = bench.read(|read| read.open_requests_on(&key("anna")));
    assert_eq!(ids(&found), [1, 3].map(|n| id(n).to_string()));
}

fn due_starts_go_before_due_ends(bench: &mut Bench) {
    let mut start = request(3, State::Scheduled { approved_at: at(0) });
    start.terms.start_at = Some(at(100));
    put(
        bench,
        vec![
            request(1, active(100)),
            request(2, active(50)),
            start,
            request(4, active(101)),
        ],
    );
    let found = bench.read(|read| read.due_requests(at(100), 10));
    assert_eq!(ids(&found), [3, 2, 1].map(|n| id(n).to_string()));
    assert!(bench.read(|read| read.due_requests(at(49), 10)).is_empty());
}

fn due_requests_obey_their_limit(bench: &mut Bench) {
    put(
        bench,
        (1..=5)
            .map(|n| request(n, active(9 - i64::try_from(n).unwrap())))
            .collect(),
    );
    let found = bench.read(|read| read.due_requests(at(100), 2));
    assert_eq!(ids(&found), [5, 4].map(|n| id(n).to_string()));
}

fn the_next_deadline_is_the_earliest(bench: &mut Bench) {
    assert_eq!(bench.read(|read| read.next_deadline()), None);
    put(bench, vec![request(1, ending(5))]);
    assert_eq!(bench.read(|read| read.next_deadline()), None);
    put(bench, vec![request(2, active(70)), request(3, active(30))]);
    assert_eq!(bench.read(|read| read.next_deadline()), Some(at(30)));
    let done = next(&request(3, active(30)), ending(30));
    bench.write(move |tx| tx.update_request(&done)).unwrap();
    assert_eq!(bench.read(|read| read.next_deadline()), Some(at(70)));
}

fn states_are_counted(bench: &mut Bench) {
    put(
        bench,
        vec![
            request(1, active(1)),
            request(2, active(2)),
            request(3, State::Pending),
        ],
    );
    let counts = bench.read(|read| read.count_requests());
    assert_eq!(counts.len(), RequestState::ALL.len());
    for (state, count) in counts {
        let expected = match state {
            RequestState::Active => 2,
            RequestState::Pending => 1,
            _ => 0,
        };
        assert_eq!(count, expected, "{state}");
    }
}

fn overdue_ends_are_found(bench: &mut Bench) {
    put(
        bench,
        vec![
            request(1, active(50)),
            request(2, ending(40)),
            request(3, ending(60)),
            request(4, State::Pending),
        ],
    );
    let found = bench.read(|read| read.overdue_requests(at(60)));
    assert_eq!(ids(&found), [2, 1].map(|n| id(n).to_string()));
}

fn times_are_kept_in_milliseconds(bench: &mut Bench) {
    let mut fine = request(1, State::Pending);
    fine.expires_at += chrono::TimeDelta::nanoseconds(1_234_567);
    put(bench, vec![fine.clone()]);
    let found = bench.read(|read| read.request(&id(1))).unwrap();
    assert_eq!(found.expires_at, at(1800) + chrono::TimeDelta::milliseconds(1));
    let again = next(&fine, State::Pending);
    bench.write(move |tx| tx.update_request(&again)).unwrap();
}

fn sub_millisecond_deadlines_are_due(bench: &mut Bench) {
    put(bench, vec![request(1, active(50))]);
    let before = at(50) - chrono::TimeDelta::nanoseconds(1);
    assert!(bench.read(move |read| read.due_requests(before, 9)).is_empty());
    let deadline = bench.read(|read| read.next_deadline()).unwrap();
    assert_eq!(bench.read(move |read| read.due_requests(deadline, 9)).len(), 1);
}
