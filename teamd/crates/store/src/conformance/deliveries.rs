//! Who is told of what, and what came of it.

use super::builders::{at, id};
use super::{Bench, is_database, suite};
use crate::port::{DeliveryFilter, StoreError};
use team_shared::event::EventType;
use teamd_domain::delivery::{Delivery, DeliveryState};
use teamd_domain::event::EventDraft;

suite!(
    deliveries_roundtrip,
    none_is_filed_twice,
    they_need_an_event,
    what_waits_longest_is_due_first,
    lists_are_filtered_and_paged,
    open_ones_are_counted,
    settled_ones_are_forgotten,
    what_fails_leaves_no_trace
);

fn all() -> DeliveryFilter {
    DeliveryFilter {
        limit: 99,
        ..DeliveryFilter::default()
    }
}

fn delivery(name: &str, channel: &str, not_before: i64) -> Delivery {
    Delivery {
        number: 0,
        id: name.into(),
        seq: 1,
        kind: EventType::RequestSubmitted,
        request_id: Some(id(7)),
        channel: channel.into(),
        recipient: "u-1".into(),
        created_at: at(0),
        state: DeliveryState::Due,
        attempts: 0,
        not_before: at(not_before),
        tried_at: None,
        reply: None,
    }
}

fn file(bench: &Bench, deliveries: Vec<Delivery>) {
    bench
        .write(move |tx| {
            if tx.last_seq()? == 0 {
                tx.append(at(0), &EventDraft::new(EventType::DaemonStarted))?;
            }
            for one in &deliveries {
                assert!(tx.push_delivery(one)?, "{one:?}");
            }
            Ok(())
        })
        .unwrap();
}

fn names(deliveries: &[Delivery]) -> Vec<&str> {
    deliveries.iter().map(|one| one.id.as_str()).collect()
}

fn deliveries_roundtrip(bench: &mut Bench) {
    let filed = Delivery {
        request_id: None,
        attempts: 3,
        tried_at: Some(at(5)),
        reply: Some("503 Grüße".into()),
        ..delivery("a", "smtp", 9)
    };
    file(bench, vec![delivery("b", "slack", 0), filed.clone()]);
    bench.reopen();
    let found = bench.read(|read| read.delivery("a")).unwrap();
    assert_eq!(
        found,
        Delivery {
            number: 2,
            ..filed.clone()
        }
    );
    let mut sent = found;
    sent.sent(at(20), "x".repeat(5000));
    bench.write(move |tx| tx.save_delivery(&sent)).unwrap();
    let found = bench.read(|read| read.delivery("a")).unwrap();
    assert_eq!(
        (found.state, found.attempts, found.tried_at),
        (DeliveryState::Sent, 4, Some(at(20)))
    );
    assert!(found.reply.unwrap().len() <= 4096);
    assert_eq!(bench.read(|read| read.delivery("c")), None);
}

fn none_is_filed_twice(bench: &mut Bench) {
    file(bench, vec![delivery("a", "smtp", 0)]);
    let other = delivery("a", "slack", 5);
    assert!(!bench.write(move |tx| tx.push_delivery(&other)).unwrap());
    let found = bench.read(|read| read.deliveries(&all()));
    assert_eq!((found.len(), found[0].channel.as_str()), (1, "smtp"));
}

fn they_need_an_event(bench: &mut Bench) {
    assert!(is_database(
        bench.write(|tx| tx.push_delivery(&delivery("a", "smtp", 0)))
    ));
}

fn what_waits_longest_is_due_first(bench: &mut Bench) {
    file(
        bench,
        vec![
            delivery("late", "smtp", 9),
            delivery("first", "smtp", 1),
            delivery("second", "smtp", 1),
            delivery("other", "slack", 0),
        ],
    );
    let due = |now: i64, limit: usize| bench.read(move |read| read.deliveries_due("smtp", at(now), limit));
    assert_eq!(names(&due(8, 9)), ["first", "second"]);
    assert_eq!(names(&due(9, 9)), ["first", "second", "late"]);
    assert_eq!(names(&due(9, 1)), ["first"]);
    assert_eq!(bench.read(|read| read.next_delivery("smtp", at(0))), Some(at(1)));
    assert_eq!(bench.read(|read| read.next_delivery("smtp", at(1))), Some(at(9)));
    for mut one in due(9, 2) {
        one.sent(at(9), "250 ok".into());
        bench.write(move |tx| tx.save_delivery(&one)).unwrap();
    }
    assert_eq!(bench.read(|read| read.next_delivery("smtp", at(9))), None);
    assert_eq!(bench.read(|read| read.next_delivery("sns", at(0))), None);
}

fn lists_are_filtered_and_paged(bench: &mut Bench) {
    let dead = Delivery {
        state: DeliveryState::Dead,
        request_id: Some(id(8)),
        ..delivery("c", "slack", 0)
    };
    file(
        bench,
        vec![delivery("a", "smtp", 0), delivery("b", "slack", 0), dead],
    );
    let list = |filter: DeliveryFilter| bench.read(move |read| read.deliveries(&filter));
    assert_eq!(names(&list(all())), ["c", "b", "a"]);
    let page = list(DeliveryFilter { limit: 2, ..all() });
    assert_eq!(names(&page), ["c", "b"]);
    let before = Some(page[1].number);
    assert_eq!(names(&list(DeliveryFilter { before, ..all() })), ["a"]);
    let request = Some(id(7));
    assert_eq!(names(&list(DeliveryFilter { request, ..all() })), ["b", "a"]);
    let (state, channel) = (Some(DeliveryState::Dead), Some("slack".to_owned()));
    assert_eq!(names(&list(DeliveryFilter { state, ..all() })), ["c"]);
    assert_eq!(names(&list(DeliveryFilter { channel, ..all() })), ["c", "b"]);
    let recipient = Some("u-2".to_owned());
    assert!(list(DeliveryFilter { recipient, ..all() }).is_empty());
}

fn open_ones_are_counted(bench: &mut Bench) {
    let became = |name: &str, state| Delivery {
        state,
        ..delivery(name, "smtp", 0)
    };
    file(
        bench,
        vec![
            delivery("a", "slack", 0),
            became("b", DeliveryState::Dead),
            became("c", DeliveryState::Due),
            became("d", DeliveryState::Due),
            became("e", DeliveryState::Sent),
            became("f", DeliveryState::Skipped),
        ],
    );
    assert_eq!(
        bench.read(|read| read.count_deliveries()),
        [
            ("slack".to_owned(), DeliveryState::Due, 1),
            ("smtp".to_owned(), DeliveryState::Dead, 1),
            ("smtp".to_owned(), DeliveryState::Due, 2),
        ]
    );
}

fn settled_ones_are_forgotten(bench: &mut Bench) {
    let became = |name: &str, state, created: i64| Delivery {
        state,
        created_at: at(created),
        ..delivery(name, "smtp", 0)
    };
    file(
        bench,
        vec![
            became("old", DeliveryState::Sent, 0),
            became("skipped", DeliveryState::Skipped, 0),
            became("dead", DeliveryState::Dead, 0),
            became("due", DeliveryState::Due, 0),
            became("new", DeliveryState::Sent, 5),
        ],
    );
    assert_eq!(bench.write(|tx| tx.forget_deliveries(at(5))), Ok(3));
    assert_eq!(names(&bench.read(|read| read.deliveries(&all()))), ["new", "due"]);
    file(bench, vec![delivery("old", "smtp", 0)]);
    assert_eq!(bench.read(|read| read.delivery("old")).unwrap().number, 6);
}

fn what_fails_leaves_no_trace(bench: &mut Bench) {
    file(bench, vec![delivery("a", "smtp", 0), delivery("b", "smtp", 0)]);
    let mut sent = bench.read(|read| read.delivery("b")).unwrap();
    sent.sent(at(1), "250".into());
    bench.write(move |tx| tx.save_delivery(&sent)).unwrap();
    let before = bench.read(|read| read.deliveries(&all()));
    let undone: Result<(), StoreError> = bench.write(|tx| {
        tx.push_delivery(&delivery("c", "smtp", 0))?;
        let mut one = delivery("a", "smtp", 0);
        one.refused(at(2), "550".into());
        tx.save_delivery(&one)?;
        tx.forget_deliveries(at(9))?;
        Err(StoreError::Full)
    });
    assert_eq!(undone, Err(StoreError::Full));
    assert_eq!(bench.read(|read| read.deliveries(&all())), before);
    assert_eq!(bench.read(|read| read.delivery("c")), None);
    file(bench, vec![delivery("c", "smtp", 0)]);
}
