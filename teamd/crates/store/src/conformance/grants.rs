//! Grants, and which keys have work.

use super::builders::{active, at, ending, key, next, request};
use super::{Bench, suite};
use teamd_domain::grant::{Grant, Phase, State};
use teamd_domain::request::{Key, State as RequestIs};

suite!(
    every_state_roundtrips,
    an_unknown_grant_is_none,
    settled_absence_is_left_out,
    long_errors_are_cut_not_refused,
    keys_with_work_are_the_unsettled_ones,
    a_lost_create_is_work_only_where_it_is_doubtful,
    leases_make_work_where_access_is_missing,
    requests_under_way_make_work,
);

fn states() -> Vec<State> {
    let accepted = || Phase::Accepted {
        request_id: "aws-1".into(),
        at: at(3),
    };
    let verifying = |request_id: Option<&str>| Phase::Verifying {
        request_id: request_id.map(str::to_owned),
        since: at(4),
    };
    vec![
        State::Absent { listed_at: None },
        State::Absent {
            listed_at: Some(at(1)),
        },
        State::Creating(Phase::Intent),
        State::Creating(accepted()),
        State::Creating(verifying(Some("aws-1"))),
        State::Creating(verifying(None)),
        State::Present,
        State::Deleting(Phase::Intent),
        State::Deleting(accepted()),
        State::Deleting(verifying(Some("aws-2"))),
        State::Deleting(verifying(None)),
        State::Foreign { listed_at: at(2) },
        State::Unknown,
    ]
}

fn grant(person: &str, state: State) -> Grant {
    Grant {
        state,
        ..Grant::new(key(person))
    }
}

fn put(bench: &Bench, grants: Vec<Grant>) {
    bench
        .write(move |tx| grants.iter().try_for_each(|grant| tx.save_grant(grant)))
        .unwrap();
}

fn work(bench: &Bench) -> Vec<Key> {
    bench.read(|read| read.keys_with_work())
}

fn every_state_roundtrips(bench: &mut Bench) {
    for state in states() {
        for full in [false, true] {
            let grant = Grant {
                attempts: if full { u32::MAX } else { 0 },
                next_attempt_at: full.then(|| at(7)),
                last_error: full.then(|| "throttled".into()),
                aws_request_id: full.then(|| "aws-9".into()),
                ambiguous_create_at: full.then(|| at(8)),
                owned_at: full.then(|| at(9)),
                failed_creates: if full { 3 } else { 0 },
                stuck_alarms: if full { 2 } else { 0 },
                ..grant("anna", state.clone())
            };
            put(bench, vec![grant.clone()]);
            assert_eq!(bench.read(|read| read.grant(&key("anna"))), Some(grant));
        }
    }
    bench.reopen();
    assert_eq!(bench.read(|read| read.grants()).len(), 1);
}

fn an_unknown_grant_is_none(bench: &mut Bench) {
    put(bench, vec![grant("anna", State::Present)]);
    assert_eq!(bench.read(|read| read.grant(&key("zoe"))), None);
}

fn settled_absence_is_left_out(bench: &mut Bench) {
    let mut ambiguous = grant("bert", State::Absent { listed_at: None });
    ambiguous.ambiguous_create_at = Some(at(1));
    let mut waiting = grant("carl", State::Absent { listed_at: None });
    waiting.next_attempt_at = Some(at(1));
    let settled = grant(
        "anna",
        State::Absent {
            listed_at: Some(at(1)),
        },
    );
    put(
        bench,
        vec![ambiguous, waiting, settled, grant("dora", State::Present)],
    );
    let users: Vec<String> = bench
        .read(|read| read.grants())
        .iter()
        .map(|grant| grant.key.user.to_string())
        .collect();
    assert_eq!(users, ["bert", "carl", "dora"]);
}

fn long_errors_are_cut_not_refused(bench: &mut Bench) {
    let mut long = grant("anna", State::Unknown);
    long.last_error = Some("x".repeat(100_000));
    put(bench, vec![long]);
    let found = bench.read(|read| read.grant(&key("anna"))).unwrap();
    assert!(found.last_error.unwrap().len() <= 4096);
}

fn keys_with_work_are_the_unsettled_ones(bench: &mut Bench) {
    assert!(work(bench).is_empty());
    for state in states() {
        let mut grant = grant("anna", state.clone());
        put(bench, vec![grant.clone()]);
        let settled = matches!(state, State::Absent { .. } | State::Foreign { .. });
        assert_eq!(work(bench).is_empty(), settled, "{state:?}");
        // What may surface is for the sweep of recent keys to look for.
        grant.ambiguous_create_at = Some(at(1));
        put(bench, vec![grant]);
        assert_eq!(work(bench).is_empty(), settled, "{state:?}, ambiguous");
    }
}

fn a_lost_create_is_work_only_where_it_is_doubtful(bench: &mut Bench) {
    let doubtful = Grant {
        ambiguous_create_at: Some(at(1)),
        attempts: 1,
        ..grant("anna", State::Absent { listed_at: None })
    };
    put(bench, vec![doubtful]);
    assert_eq!(work(bench), [key("anna")]);
}

fn leases_make_work_where_access_is_missing(bench: &mut Bench) {
    bench
        .write(|tx| tx.insert_request(&request(1, active(100))))
        .unwrap();
    assert_eq!(work(bench), [key("anna")]);
    for state in states() {
        put(bench, vec![grant("anna", state.clone())]);
        assert_eq!(work(bench).is_empty(), state == State::Present, "{state:?}");
    }
    put(bench, vec![grant("anna", State::Present)]);
    bench
        .write(|tx| tx.update_request(&next(&request(1, active(100)), ending(100))))
        .unwrap();
    assert_eq!(work(bench), [key("anna")]);
}

fn requests_under_way_make_work(bench: &mut Bench) {
    let since = at(1);
    let first_attempt_at = None;
    let mut activating = request(
        1,
        RequestIs::Activating {
            since,
            first_attempt_at,
        },
    );
    activating.key = key("bert");
    let mut pending = request(2, RequestIs::Pending);
    pending.key = key("carl");
    let mut scheduled = request(3, RequestIs::Scheduled { approved_at: at(1) });
    scheduled.key = key("dora");
    bench
        .write(move |tx| {
            tx.insert_request(&activating)?;
            tx.insert_request(&pending)?;
            tx.insert_request(&scheduled)?;
            tx.insert_request(&request(4, ending(1)))
        })
        .unwrap();
    assert_eq!(work(bench), [key("anna"), key("bert")]);
    put(bench, vec![grant("bert", State::Present)]);
    assert_eq!(work(bench), [key("anna"), key("bert")]);
}
