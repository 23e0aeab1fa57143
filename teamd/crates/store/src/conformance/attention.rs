//! What people do around requests.

use super::builders::{at, id, request};
use super::{Bench, is_database, suite};
use crate::port::RequestFilter;
use teamd_domain::attention::{Attention, Claim, Review};
use teamd_domain::request::State;

suite!(
    it_is_kept_whole,
    it_needs_its_request,
    nobody_reviews_their_own,
    a_review_is_closed_once,
    lists_leave_out_what_is_reviewed
);

fn noticed(reviewer: Option<&str>) -> Attention {
    Attention {
        claim: Some(Claim {
            by: "bert".parse().unwrap(),
            at: at(1),
            until: at(601),
        }),
        reminded_at: Some(at(2)),
        escalated_at: Some(at(3)),
        warned_at: Some(at(4)),
        review: reviewer.map(|by| Review {
            by: by.parse().unwrap(),
            at: at(5),
            comment: Some("as it said".to_owned()),
        }),
    }
}

fn save(bench: &Bench, number: u64, attention: Attention) -> crate::port::StoreResult<()> {
    bench.write(move |tx| tx.save_attention(&id(number), &attention))
}

fn file(bench: &Bench, number: u64) {
    bench
        .write(move |tx| tx.insert_request(&request(number, State::Pending)))
        .unwrap();
}

fn it_is_kept_whole(bench: &mut Bench) {
    file(bench, 1);
    let kept = |bench: &Bench| bench.read(|read| read.attention(&id(1)));
    assert_eq!(kept(bench), Attention::default());
    for attention in [noticed(None), Attention::default(), noticed(Some("bert"))] {
        save(bench, 1, attention.clone()).unwrap();
        assert_eq!(kept(bench), attention);
    }
    bench.reopen();
    assert_eq!(kept(bench), noticed(Some("bert")));
}

fn it_needs_its_request(bench: &mut Bench) {
    assert!(is_database(save(bench, 1, noticed(None))));
}

fn nobody_reviews_their_own(bench: &mut Bench) {
    file(bench, 1);
    let own = request(1, State::Pending).key.user.to_string();
    assert!(is_database(save(bench, 1, noticed(Some(&own)))));
    save(bench, 1, noticed(None)).unwrap();
    assert!(is_database(save(bench, 1, noticed(Some(&own)))));
}

fn a_review_is_closed_once(bench: &mut Bench) {
    file(bench, 1);
    save(bench, 1, noticed(Some("bert"))).unwrap();
    assert!(is_database(save(bench, 1, noticed(Some("carl")))));
    assert!(is_database(save(bench, 1, noticed(None))));
}

fn lists_leave_out_what_is_reviewed(bench: &mut Bench) {
    file(bench, 1);
    file(bench, 2);
    save(bench, 1, noticed(Some("bert"))).unwrap();
    save(bench, 2, noticed(None)).unwrap();
    let filter = RequestFilter {
        unreviewed: true,
        limit: 10,
        ..RequestFilter::default()
    };
    let found = bench.read(move |read| read.requests(&filter));
    assert_eq!(found.iter().map(|one| one.id).collect::<Vec<_>>(), [id(2)]);
}
