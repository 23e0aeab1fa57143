//! The dead-man's switches.

use super::builders::{at, key};
use super::{Bench, suite};
use crate::port::StoreError;
use teamd_domain::backstop::Backstop;

suite!(
    switches_roundtrip,
    they_are_replaced_and_forgotten,
    they_outlive_the_store
);

fn switch(person: &str, ends_at: Option<i64>) -> Backstop {
    Backstop {
        key: key(person),
        ends_at: ends_at.map(at),
    }
}

fn save(bench: &Bench, switch: Backstop) {
    bench.write(move |tx| tx.save_backstop(&switch)).unwrap();
}

fn switches_roundtrip(bench: &mut Bench) {
    assert_eq!(bench.read(|read| read.backstop(&key("anna"))), None);
    for ends_at in [None, Some(5)] {
        save(bench, switch("anna", ends_at));
        assert_eq!(
            bench.read(|read| read.backstop(&key("anna"))),
            Some(switch("anna", ends_at))
        );
        assert_eq!(bench.read(|read| read.backstop(&key("bert"))), None);
    }
}

fn they_are_replaced_and_forgotten(bench: &mut Bench) {
    for person in ["carl", "anna"] {
        save(bench, switch(person, Some(1)));
    }
    save(bench, switch("carl", Some(2)));
    let all = [switch("anna", Some(1)), switch("carl", Some(2))];
    assert_eq!(bench.read(|read| read.backstops()), all);
    let undone: Result<(), StoreError> = bench.write(|tx| {
        tx.forget_backstop(&key("anna"))?;
        tx.save_backstop(&switch("dora", None))?;
        Err(StoreError::Full)
    });
    assert_eq!(undone, Err(StoreError::Full));
    assert_eq!(bench.read(|read| read.backstops()), all);
    bench.write(|tx| tx.forget_backstop(&key("anna"))).unwrap();
    bench.write(|tx| tx.forget_backstop(&key("anna"))).unwrap();
    assert_eq!(bench.read(|read| read.backstops()), all[1..]);
}

fn they_outlive_the_store(bench: &mut Bench) {
    save(bench, switch("anna", Some(1)));
    bench.reopen();
    assert_eq!(bench.read(|read| read.backstops()), [switch("anna", Some(1))]);
}
