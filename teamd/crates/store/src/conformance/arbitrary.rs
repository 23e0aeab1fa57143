//! Any request comes back as it went in.

use super::Bench;
use super::builders::{at, request, states, vote};
use proptest::prelude::*;
use team_shared::duration::{LONGEST, Seconds};
use team_shared::ids::RequestId;
use team_shared::terms::Shape;
use teamd_domain::request::{Basis, Demand, Request, Terms, Vote};

fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(any::<char>(), 0..40).prop_map(|chars| chars.into_iter().collect())
}

fn user() -> impl Strategy<Value = String> {
    proptest::collection::vec(0x21_u8..0x7f, 1..50)
        .prop_map(|bytes| bytes.into_iter().map(char::from).collect())
}

prop_compose! {
    fn terms()(
        revision in any::<u32>(), shape in proptest::sample::select(Shape::ALL.to_vec()),
        start in proptest::option::of(-9_999_999_i64..9_999_999), end in proptest::option::of(-9_999_999_i64..9_999_999),
        duration in 1..=LONGEST, justification in text(), ticket in proptest::option::of(text()),
        break_glass in any::<bool>(),
    ) -> Terms {
        Terms {
            revision, shape, start_at: start.map(at), end_at: end.map(at), duration: Seconds::new(duration).unwrap(),
            justification, ticket, break_glass,
        }
    }
}

prop_compose! {
    fn votes()(votes in proptest::collection::vec((user(), any::<i32>(), proptest::option::of(text())), 0..4))
        -> Vec<Vote> {
        let make = |(by, second, comment): (String, i32, _)| Vote { comment, ..vote(&by, i64::from(second)) };
        votes.into_iter().map(make).collect()
    }
}

prop_compose! {
    fn requests()(
        at_ms in 0..(1_u64 << 48), random in 0..(1_u128 << 80), terms in terms(), votes in votes(), user in user(),
        state in proptest::sample::select(states()), rule in proptest::option::of(text()), quorum in any::<u32>(),
        groups in proptest::collection::vec(text(), 0..3), batch_id in proptest::option::of(text()),
        extends in proptest::option::of((0..(1_u64 << 48)).prop_map(|ms| RequestId::from_parts(ms, 1))),
    ) -> Request {
        let user = user.parse().unwrap();
        let approvers = votes.iter().map(|vote| vote.by.clone()).collect();
        let basis = Basis {
            rules: groups.clone(),
            demands: vec![Demand { rule: rule.clone().unwrap_or_default(), quorum, approvers }],
            rule,
            ..Basis::default()
        };
        let votes = votes.into_iter().filter(|vote| vote.by != user).collect();
        let mut request = request(1, state);
        request.key.user = user;
        Request { id: RequestId::from_parts(at_ms, random), terms, votes, basis, also_held_through: groups, batch_id,
            extends, ..request }
    }
}

fn check(bench: &Bench, request: Request) {
    let (written, id) = (request.clone(), request.id);
    let found = bench
        .write(move |tx| {
            tx.insert_request(&written)?;
            tx.request(&id)
        })
        .unwrap();
    assert_eq!(found.as_ref(), Some(&request));
    let mut next = request;
    next.version = 2;
    next.votes.reverse();
    let written = next.clone();
    bench.write(move |tx| tx.update_request(&written)).unwrap();
    assert_eq!(bench.read(move |read| read.request(&id)), Some(next));
}

#[test]
fn any_request_roundtrips() {
    let (memory, disk) = (Bench::memory(), Bench::disk());
    let seen = std::cell::RefCell::new(std::collections::BTreeSet::new());
    proptest!(ProptestConfig::with_cases(256), |(request in requests())| {
        if seen.borrow_mut().insert(request.id) {
            check(&memory, request.clone());
            check(&disk, request);
        }
    });
}
