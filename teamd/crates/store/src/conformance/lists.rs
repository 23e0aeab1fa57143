//! Lists of requests.

use super::builders::{active, at, ending, id, request};
use super::requests::{all, ids, put};
use super::{Bench, suite};
use crate::port::RequestFilter;
use team_shared::state::RequestState;
use teamd_domain::request::{Request, State};

suite!(
    lists_are_newest_first,
    lists_filter,
    lists_filter_by_time,
    lists_leave_out_what_was_over_before,
    lists_find_the_short_form,
    lists_page,
    lists_obey_their_limit,
);

fn numbers(requests: &[Request]) -> Vec<u64> {
    (0..100)
        .filter(|number| requests.iter().any(|request| request.id == id(*number)))
        .collect()
}

fn lists_leave_out_what_was_over_before(bench: &mut Bench) {
    let cancelled = |seconds| State::Cancelled { at: at(seconds) };
    put(
        bench,
        vec![
            request(1, State::Pending),
            request(2, cancelled(10)),
            request(3, cancelled(20)),
        ],
    );
    let filter = RequestFilter {
        over_since: Some(at(20)),
        ..all()
    };
    assert_eq!(numbers(&bench.read(move |read| read.requests(&filter))), [1, 3]);
}

fn lists_are_newest_first(bench: &mut Bench) {
    put(bench, [3, 1, 2].map(|n| request(n, State::Pending)).to_vec());
    let found = bench.read(|read| read.requests(&all()));
    assert_eq!(ids(&found), [3, 2, 1].map(|n| id(n).to_string()));
}

fn lists_filter(bench: &mut Bench) {
    let mut other = request(3, State::Pending);
    other.key.user = "zoe".parse().unwrap();
    other.key.account = "999999999999".parse().unwrap();
    put(
        bench,
        vec![
            request(1, State::Pending),
            request(2, active(9)),
            other,
            request(4, ending(9)),
        ],
    );
    let find = |filter: RequestFilter| numbers(&bench.read(move |read| read.requests(&filter)));
    let states = vec![RequestState::Pending, RequestState::Ending];
    assert_eq!(
        find(RequestFilter {
            states: states.clone(),
            ..all()
        }),
        [1, 3, 4]
    );
    assert_eq!(
        find(RequestFilter {
            user: Some("zoe".parse().unwrap()),
            ..all()
        }),
        [3]
    );
    assert_eq!(
        find(RequestFilter {
            user: Some("anna".parse().unwrap()),
            states,
            ..all()
        }),
        [1, 4]
    );
    let account = Some("999999999999".parse().unwrap());
    assert_eq!(find(RequestFilter { account, ..all() }), [3]);
    assert!(
        find(RequestFilter {
            user: Some("nobody".parse().unwrap()),
            ..all()
        })
        .is_empty()
    );
}

fn lists_filter_by_time(bench: &mut Bench) {
    put(bench, (1..=5).map(|n| request(n, State::Pending)).collect());
    let filter = RequestFilter {
        since: Some(at(2)),
        until: Some(at(4)),
        ..all()
    };
    assert_eq!(numbers(&bench.read(move |read| read.requests(&filter))), [2, 3]);
}

fn lists_find_the_short_form(bench: &mut Bench) {
    put(bench, (1..=5).map(|n| request(n, State::Pending)).collect());
    let find = |suffix: &str| {
        let id_suffix = Some(suffix.to_owned());
        numbers(&bench.read(move |read| read.requests(&RequestFilter { id_suffix, ..all() })))
    };
    assert_eq!(find(&id(4).short()), [4]);
    assert_eq!(find(&id(4).short().to_lowercase()), [4]);
    assert_eq!(find(&id(2).to_string()), [2]);
    assert_eq!(find(""), [1, 2, 3, 4, 5]);
    assert!(find("%").is_empty() && find(&"0".repeat(27)).is_empty() && find("é").is_empty());
}

fn lists_page(bench: &mut Bench) {
    put(bench, (1..=5).map(|n| request(n, State::Pending)).collect());
    let page = |before| {
        let filter = RequestFilter {
            before,
            limit: 2,
            ..RequestFilter::default()
        };
        bench.read(move |read| read.requests(&filter))
    };
    let first = page(None);
    assert_eq!(numbers(&first), [4, 5]);
    let second = page(Some(first[1].id));
    assert_eq!(numbers(&second), [2, 3]);
    let third = page(Some(second[1].id));
    assert_eq!(numbers(&third), [1]);
    assert!(page(Some(third[0].id)).is_empty());
}

fn lists_obey_their_limit(bench: &mut Bench) {
    put(bench, (1..=3).map(|n| request(n, State::Pending)).collect());
    for limit in [0, 1, 3, usize::MAX] {
        let filter = RequestFilter {
            limit,
            ..RequestFilter::default()
        };
        let found = bench.read(move |read| read.requests(&filter));
        assert_eq!(found.len(), limit.min(3));
    }
}
