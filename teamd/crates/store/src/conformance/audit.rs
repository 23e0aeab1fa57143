//! The audit trail.

use super::builders::{at, event, id};
use super::{Bench, suite};
use crate::port::{AuditFilter, StoreError};
use serde_json::json;
use team_shared::event::EventType;
use teamd_domain::event::{Datum, EventDraft};

suite!(
    rows_are_numbered_and_chained,
    rows_roundtrip,
    rows_filter,
    rows_page,
    the_chain_verifies,
    an_empty_chain_verifies,
    the_chain_goes_on_after_a_restart,
    a_rollback_leaves_no_trace,
    long_rows_are_cut_not_refused,
);

fn append(bench: &Bench, count: u64) {
    bench
        .write(move |tx| {
            (1..=count).try_for_each(|number| {
                tx.append(at(i64::try_from(number).unwrap()), &event(number % 3))
                    .map(drop)
            })
        })
        .unwrap();
}

fn all() -> AuditFilter {
    AuditFilter {
        limit: 1000,
        ..AuditFilter::default()
    }
}

fn rows_are_numbered_and_chained(bench: &mut Bench) {
    for expected in 1..=3 {
        let seq = bench.write(move |tx| tx.append(at(0), &event(expected))).unwrap();
        assert_eq!(seq, expected);
        assert_eq!(bench.read(|read| read.last_seq()), expected);
    }
    let rows = bench.read(|read| read.audit(&all()));
    assert_eq!(rows[0].prev, [0; 32]);
    assert!(
        rows.windows(2)
            .all(|pair| pair[1].prev == pair[0].hash && pair[1].seq == pair[0].seq + 1)
    );
}

fn rows_roundtrip(bench: &mut Bench) {
    let draft = event(1)
        .with("attempts", Datum::Number(3))
        .with("late", Datum::Flag(false))
        .with("at", Datum::Moment(at(7)))
        .with("groups", Datum::List(vec!["a".into()]));
    let copy = draft.clone();
    bench.write(move |tx| tx.append(at(9), &copy)).unwrap();
    let row = bench.read(|read| read.audit(&all())).remove(0);
    assert_eq!(
        (row.at, row.kind, row.request_id),
        (at(9), EventType::RequestSubmitted, Some(id(1)))
    );
    assert_eq!(row.actor, draft.actor);
    let data = json!({
        "attempts": 3, "late": false, "at": "2026-11-18T11:06:47Z", "groups": ["a"], "rule": "ops",
        "justification": "on call: \u{202e}x",
    });
    assert_eq!(row.data, data);

    bench
        .write(|tx| tx.append(at(9), &EventDraft::new(EventType::DaemonStarted)))
        .unwrap();
    let row = bench.read(|read| read.audit(&all())).remove(1);
    assert_eq!((row.request_id, row.data), (None, json!({})));
    assert_eq!(row.actor, teamd_domain::event::Actor::daemon());
}

fn rows_filter(bench: &mut Bench) {
    append(bench, 9);
    let find = |filter: AuditFilter| {
        let rows = bench.read(move |read| read.audit(&filter));
        rows.iter().map(|row| row.seq).collect::<Vec<_>>()
    };
    assert_eq!(
        find(AuditFilter {
            request: Some(id(1)),
            ..all()
        }),
        [1, 4, 7]
    );
    assert_eq!(
        find(AuditFilter {
            request: Some(id(1)),
            after: 1,
            limit: 1,
            ..all()
        }),
        [4]
    );
    assert_eq!(
        find(AuditFilter {
            since: Some(at(3)),
            until: Some(at(5)),
            ..all()
        }),
        [3, 4]
    );
    assert!(
        find(AuditFilter {
            request: Some(id(50)),
            ..all()
        })
        .is_empty()
    );
}

fn rows_page(bench: &mut Bench) {
    append(bench, 5);
    let mut seen = Vec::new();
    loop {
        let filter = AuditFilter {
            after: seen.last().copied().unwrap_or(0),
            limit: 2,
            ..AuditFilter::default()
        };
        let rows = bench.read(move |read| read.audit(&filter));
        if rows.is_empty() {
            break;
        }
        seen.extend(rows.iter().map(|row| row.seq));
    }
    assert_eq!(seen, [1, 2, 3, 4, 5]);
}

fn the_chain_verifies(bench: &mut Bench) {
    append(bench, 50);
    let check = bench.read(|read| read.verify_chain());
    let last = bench.read(|read| read.audit(&all())).pop().unwrap();
    assert_eq!(
        (check.rows, check.head, check.erased_texts, check.fault),
        (50, last.hash, 0, None)
    );
}

fn an_empty_chain_verifies(bench: &mut Bench) {
    let check = bench.read(|read| read.verify_chain());
    assert_eq!((check.rows, check.head, check.fault), (0, [0; 32], None));
    assert_eq!(bench.read(|read| read.last_seq()), 0);
    assert!(bench.read(|read| read.audit(&all())).is_empty());
}

fn the_chain_goes_on_after_a_restart(bench: &mut Bench) {
    append(bench, 3);
    bench.reopen();
    append(bench, 3);
    let check = bench.read(|read| read.verify_chain());
    assert_eq!((check.rows, check.fault), (6, None));
}

fn a_rollback_leaves_no_trace(bench: &mut Bench) {
    append(bench, 2);
    let before = bench.read(|read| read.verify_chain());
    let answer: Result<(), StoreError> = bench.write(|tx| {
        let seq = tx.append(at(0), &event(1))?;
        tx.push_outbox(seq, at(0))?;
        tx.insert_request(&super::builders::request(
            1,
            teamd_domain::request::State::Pending,
        ))?;
        tx.save_grant(&teamd_domain::grant::Grant {
            state: teamd_domain::grant::State::Present,
            ..teamd_domain::grant::Grant::new(super::builders::key("anna"))
        })?;
        tx.append_policy("p", &"ab".repeat(32), "anna", at(0))?;
        tx.set_meta("mark", "x")?;
        assert_eq!(tx.last_seq()?, 3);
        Err(StoreError::Database("no".into()))
    });
    assert_eq!(answer, Err(StoreError::Database("no".into())));
    bench.read(move |read| {
        assert_eq!(read.verify_chain()?, before);
        assert!(read.outbox_due(at(99), 9)?.is_empty() && read.request(&id(1))?.is_none());
        assert!(read.grants()?.is_empty() && read.policy()?.is_none() && read.meta("mark")?.is_none());
        Ok(())
    });
    append(bench, 1);
    assert_eq!(bench.read(|read| read.verify_chain()).rows, 3);
}

fn long_rows_are_cut_not_refused(bench: &mut Bench) {
    let long = event(1).text("error", "é".repeat(100_000));
    bench.write(move |tx| tx.append(at(0), &long)).unwrap();
    let row = bench.read(|read| read.audit(&all())).remove(0);
    let error = row.data["error"].as_str().unwrap();
    assert!(error.len() < 16_384 && error.ends_with("bytes cut]"), "{error}");
    assert_eq!(bench.read(|read| read.verify_chain()).fault, None);
}
