//! Policy, directory, remembered answers, outbox, small values.

use super::builders::{at, event};
use super::{Bench, is_database, suite};
use crate::port::Remembered;
use chrono::TimeDelta;
use std::collections::{BTreeMap, BTreeSet};
use teamd_domain::directory::{Account, Directory, Group, OrganizationalUnit, PermissionSet, Person};

suite!(
    policies_are_versions,
    a_directory_roundtrips,
    a_directory_is_replaced,
    answers_are_remembered_per_caller,
    answers_are_forgotten_after_24_hours,
    outbox_rows_wait_for_their_time,
    outbox_rows_go_when_done,
    outbox_rows_need_an_event,
    outbox_numbers_are_not_used_again,
    small_values_are_kept,
    the_stores_own_values_are_not_set,
    epochs_count_openings,
    everything_outlives_the_store,
);

fn policies_are_versions(bench: &mut Bench) {
    assert_eq!(bench.read(|read| read.policy()), None);
    for (number, document) in (1_u64..).zip(["a = 1\n", "a = 2\r\n# ü", ""]) {
        let version = bench
            .write(move |tx| tx.append_policy(document, &"ab".repeat(32), "operator", at(1)))
            .unwrap();
        assert_eq!(version, number);
        let current = bench.read(|read| read.policy()).unwrap();
        assert_eq!((current.version, current.document.as_str()), (number, document));
    }
    let second = bench.read(|read| read.policy_version(2)).unwrap();
    assert_eq!(second.document, "a = 2\r\n# ü");
    assert_eq!(
        (second.applied_by.as_str(), second.applied_at),
        ("operator", at(1))
    );
    assert_eq!(bench.read(|read| read.policy_version(4)), None);
    let versions: Vec<u64> = bench
        .read(|read| read.policy_history())
        .iter()
        .map(|row| row.version)
        .collect();
    assert_eq!(versions, [3, 2, 1]);
}

fn directory() -> Directory {
    let account = Account {
        id: "000011112222".parse().unwrap(),
        name: "Prod \"1\"".into(),
        active: true,
        state: "ACTIVE".into(),
        ou_ids: vec!["ou-1".into(), "ou-2".into()],
        tags: BTreeMap::from([("env".into(), "prod".into())]),
    };
    let set = PermissionSet {
        arn: "arn:ps-1".parse().unwrap(),
        name: "Admin".into(),
        description: String::new(),
        session_seconds: 3600,
    };
    let person = |id: &str, email: Option<&str>| Person {
        id: id.parse().unwrap(),
        user_name: format!("{id}@example.com"),
        display_name: "Ä".into(),
        email: email.map(str::to_owned),
        zone: email.map(|_| "Europe/Berlin".into()),
        enabled: email.is_some(),
    };
    let group = Group {
        id: "g-1".parse().unwrap(),
        name: "Ops".into(),
        members: BTreeSet::from(["u-1".parse().unwrap()]),
    };
    let unit = OrganizationalUnit {
        id: "ou-1".into(),
        path: "Workloads/Prod".into(),
    };
    let people = [person("u-1", Some("u@example.com")), person("u-2", None)];
    Directory {
        loaded_at: at(5),
        instance_arn: "arn:instance".into(),
        identity_store_id: "d-1".into(),
        management_account: Some("999999999999".parse().unwrap()),
        organizational_units: BTreeMap::from([(unit.id.clone(), unit)]),
        group_access: BTreeSet::from([(account.id.clone(), set.arn.clone(), group.id.clone())]),
        on_call: Default::default(),
        index: Default::default(),
        accounts: BTreeMap::from([(account.id.clone(), account)]),
        permission_sets: BTreeMap::from([(set.arn.clone(), set)]),
        people: people
            .into_iter()
            .map(|person| (person.id.clone(), person))
            .collect(),
        groups: BTreeMap::from([(group.id.clone(), group)]),
    }
}

fn a_directory_roundtrips(bench: &mut Bench) {
    assert_eq!(bench.read(|read| read.directory()), None);
    bench.write(|tx| tx.save_directory(&directory())).unwrap();
    assert_eq!(bench.read(|read| read.directory()), Some(directory()));
    bench.reopen();
    assert_eq!(bench.read(|read| read.directory()), Some(directory()));
}

fn a_directory_is_replaced(bench: &mut Bench) {
    bench.write(|tx| tx.save_directory(&directory())).unwrap();
    let smaller = Directory {
        people: BTreeMap::new(),
        management_account: None,
        loaded_at: at(6),
        ..directory()
    };
    let copy = smaller.clone();
    bench.write(move |tx| tx.save_directory(&copy)).unwrap();
    assert_eq!(bench.read(|read| read.directory()), Some(smaller));
}

fn answer(body: &str, second: i64) -> Remembered {
    Remembered {
        fingerprint: [7; 32],
        status: 201,
        body: body.to_owned(),
        at: at(second),
    }
}

fn answers_are_remembered_per_caller(bench: &mut Bench) {
    bench
        .write(|tx| tx.remember("anna", "k", &answer("1", 0)))
        .unwrap();
    bench
        .write(|tx| tx.remember("zoe", "k", &answer("2", 0)))
        .unwrap();
    assert_eq!(
        bench.read(|read| read.remembered("anna", "k", at(1))),
        Some(answer("1", 0))
    );
    assert_eq!(
        bench.read(|read| read.remembered("zoe", "k", at(1))),
        Some(answer("2", 0))
    );
    assert_eq!(bench.read(|read| read.remembered("anna", "other", at(1))), None);
    bench
        .write(|tx| tx.remember("anna", "k", &answer("3", 2)))
        .unwrap();
    assert_eq!(
        bench.read(|read| read.remembered("anna", "k", at(3))),
        Some(answer("3", 2))
    );
}

fn answers_are_forgotten_after_24_hours(bench: &mut Bench) {
    const DAY: i64 = 24 * 3600;
    bench
        .write(|tx| tx.remember("anna", "k", &answer("1", 0)))
        .unwrap();
    assert!(bench.read(|read| read.remembered("anna", "k", at(DAY))).is_some());
    assert!(
        bench
            .read(|read| read.remembered("anna", "k", at(DAY + 1)))
            .is_none()
    );
    bench
        .write(|tx| tx.remember("anna", "new", &answer("2", DAY + 1)))
        .unwrap();
    assert!(bench.read(|read| read.remembered("anna", "k", at(0))).is_none());
}

fn outbox_rows_wait_for_their_time(bench: &mut Bench) {
    bench
        .write(|tx| {
            let seq = tx.append(at(0), &event(1))?;
            tx.push_outbox(seq, at(10))?;
            tx.push_outbox(seq, at(0))
        })
        .unwrap();
    assert_eq!(bench.read(|read| read.outbox_due(at(9), 9)).len(), 1);
    let due = bench.read(|read| read.outbox_due(at(10), 9));
    assert_eq!(due.iter().map(|row| row.attempts).collect::<Vec<_>>(), [0, 0]);
    assert!(due[0].id < due[1].id && due[0].not_before == at(10) && due[0].seq == 1);
    assert_eq!(bench.read(|read| read.outbox_due(at(10), 1)), due[..1]);
}

fn outbox_rows_go_when_done(bench: &mut Bench) {
    bench
        .write(|tx| {
            let seq = tx.append(at(0), &event(1))?;
            tx.push_outbox(seq, at(0))
        })
        .unwrap();
    let row = bench.read(|read| read.outbox_due(at(0), 9)).remove(0);
    bench.write(move |tx| tx.outbox_retry(row.id, at(60))).unwrap();
    assert!(bench.read(|read| read.outbox_due(at(59), 9)).is_empty());
    assert_eq!(bench.read(|read| read.outbox_due(at(60), 9))[0].attempts, 1);
    for _ in 0..2 {
        bench.write(move |tx| tx.outbox_done(row.id)).unwrap();
        assert!(bench.read(|read| read.outbox_due(at(99), 9)).is_empty());
    }
}

fn outbox_rows_need_an_event(bench: &mut Bench) {
    assert!(is_database(bench.write(|tx| tx.push_outbox(1, at(0)))));
    assert!(is_database(bench.write(|tx| tx.push_outbox(0, at(0)))));
}

fn outbox_numbers_are_not_used_again(bench: &mut Bench) {
    bench.write(|tx| tx.append(at(0), &event(1))).unwrap();
    bench.write(|tx| tx.push_outbox(1, at(0))).unwrap();
    let first = bench.read(|read| read.outbox_due(at(0), 9))[0].id;
    bench.write(move |tx| tx.outbox_done(first)).unwrap();
    bench.write(|tx| tx.push_outbox(1, at(0))).unwrap();
    assert!(bench.read(|read| read.outbox_due(at(0), 9))[0].id > first);
}

fn small_values_are_kept(bench: &mut Bench) {
    assert_eq!(bench.read(|read| read.meta("mark")), None);
    for value in ["1", "2", ""] {
        bench.write(move |tx| tx.set_meta("mark", value)).unwrap();
        assert_eq!(bench.read(|read| read.meta("mark")).as_deref(), Some(value));
    }
}

fn the_stores_own_values_are_not_set(bench: &mut Bench) {
    assert!(is_database(bench.write(|tx| tx.set_meta("audit.head", "0"))));
    assert!(is_database(bench.write(|tx| tx.set_meta("audit.epoch", "9"))));
}

fn epochs_count_openings(bench: &mut Bench) {
    for epoch in 1..4 {
        let found = bench.read(|read| read.meta("audit.epoch"));
        assert_eq!(found, Some(epoch.to_string()));
        bench.reopen();
    }
}

fn everything_outlives_the_store(bench: &mut Bench) {
    bench
        .write(|tx| {
            let seq = tx.append(at(0), &event(1))?;
            tx.push_outbox(seq, at(0))?;
            tx.append_policy("p", &"ab".repeat(32), "anna", at(0))?;
            tx.save_directory(&directory())?;
            tx.remember("anna", "k", &answer("1", 0))?;
            tx.set_meta("mark", "x")
        })
        .unwrap();
    bench.reopen();
    bench.read(|read| {
        assert_eq!(read.last_seq()?, 1);
        assert_eq!(read.outbox_due(at(0) + TimeDelta::milliseconds(1), 9)?.len(), 1);
        assert!(read.policy()?.is_some() && read.directory()?.is_some());
        assert!(read.remembered("anna", "k", at(0))?.is_some());
        assert_eq!(read.meta("mark")?.as_deref(), Some("x"));
        Ok(())
    });
    assert_eq!(*bench.store.changes().borrow(), 1);
}
