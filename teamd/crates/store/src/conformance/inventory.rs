//! Recent grants, drift, standing access.

use super::builders::{at, key};
use super::{Bench, suite};
use team_shared::ids::{AccountId, PermissionSetArn};
use teamd_domain::grant::{Drift, DriftKind, Grant, Holder, Standing, State};
use teamd_domain::request::Key;

suite!(
    grants_of_a_pair_are_all_of_them,
    recent_grants_were_ours_or_may_surface,
    drift_is_kept_by_key,
    standing_access_is_replaced_by_account_and_set,
    standing_access_not_seen_is_forgotten,
    a_failed_write_leaves_the_inventory_as_it_was,
);

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

fn absent() -> State {
    State::Absent { listed_at: None }
}

fn users(grants: &[Grant]) -> Vec<&str> {
    grants.iter().map(|grant| grant.key.user.as_str()).collect()
}

fn pair() -> (AccountId, PermissionSetArn) {
    let key = key("anna");
    (key.account, key.permission_set)
}

fn elsewhere() -> AccountId {
    "999911112222".parse().unwrap()
}

fn grants_of_a_pair_are_all_of_them(bench: &mut Bench) {
    let mut other = grant("zoe", State::Present);
    other.key.account = elsewhere();
    put(
        bench,
        vec![grant("bert", State::Present), grant("anna", absent()), other],
    );
    let (account, set) = pair();
    let found = bench.read(move |read| read.grants_on(&account, &set));
    assert_eq!(users(&found), ["anna", "bert"]);
}

fn recent_grants_were_ours_or_may_surface(bench: &mut Bench) {
    let owned = |person, state, seconds| Grant {
        owned_at: Some(at(seconds)),
        ..grant(person, state)
    };
    let lost = Grant {
        ambiguous_create_at: Some(at(1)),
        ..grant("lost", absent())
    };
    put(
        bench,
        vec![
            owned("anna", absent(), 100),
            owned("bert", absent(), 99),
            owned("carl", State::Present, 200),
            owned("dora", State::Foreign { listed_at: at(3) }, 200),
            owned("emil", State::Unknown, 200),
            lost,
            grant("never", absent()),
        ],
    );
    let found = bench.read(|read| read.recent_grants(at(100)));
    assert_eq!(users(&found), ["anna", "dora", "lost"]);
}

fn drift(person: &str, kind: DriftKind, seconds: i64) -> Drift {
    Drift {
        key: key(person),
        kind,
        found_at: at(seconds),
    }
}

fn drift_is_kept_by_key(bench: &mut Bench) {
    let rows = [
        drift("bert", DriftKind::Missing, 1),
        drift("anna", DriftKind::Foreign, 2),
    ];
    bench
        .write(move |tx| rows.iter().try_for_each(|row| tx.save_drift(row)))
        .unwrap();
    bench
        .write(|tx| tx.save_drift(&drift("bert", DriftKind::Foreign, 3)))
        .unwrap();
    bench.reopen();
    let expected = [
        drift("anna", DriftKind::Foreign, 2),
        drift("bert", DriftKind::Foreign, 3),
    ];
    assert_eq!(bench.read(|read| read.drift()), expected);
    bench
        .write(|tx| {
            tx.remove_drift(&key("bert"))?;
            tx.remove_drift(&key("nobody"))
        })
        .unwrap();
    assert_eq!(bench.read(|read| read.drift()), expected[..1]);
}

fn user(name: &str) -> Holder {
    Holder::User(name.parse().unwrap())
}

fn group(name: &str) -> Holder {
    Holder::Group(name.parse().unwrap())
}

fn see(bench: &Bench, account: AccountId, holders: Vec<Holder>, seconds: i64) {
    bench
        .write(move |tx| tx.replace_standing(&account, &pair().1, &holders, at(seconds)))
        .unwrap();
}

fn standing(bench: &Bench) -> Vec<(Holder, AccountId, i64)> {
    let row = |row: &Standing| {
        let since = (row.found_at - at(0)).num_seconds();
        (row.holder.clone(), row.account.clone(), since)
    };
    bench.read(|read| read.standing()).iter().map(row).collect()
}

fn standing_access_is_replaced_by_account_and_set(bench: &mut Bench) {
    let (here, there) = (pair().0, elsewhere());
    see(
        bench,
        here.clone(),
        vec![group("g-1"), user("zoe"), user("anna")],
        1,
    );
    see(bench, there.clone(), vec![user("anna")], 2);
    see(
        bench,
        here.clone(),
        vec![group("g-1"), user("zoe"), user("bert")],
        3,
    );
    bench.reopen();
    let expected = [
        (user("bert"), here.clone(), 3),
        (user("zoe"), here.clone(), 1),
        (group("g-1"), here.clone(), 1),
        (user("anna"), there.clone(), 2),
    ];
    assert_eq!(standing(bench), expected);
    see(bench, here, Vec::new(), 3);
    assert_eq!(standing(bench), expected[3..]);
}

fn standing_access_not_seen_is_forgotten(bench: &mut Bench) {
    let (here, there) = (pair().0, elsewhere());
    see(bench, here.clone(), vec![user("anna")], 1);
    see(bench, there, vec![user("anna")], 2);
    see(bench, here.clone(), vec![user("anna")], 5);
    bench.write(|tx| tx.forget_standing(at(5))).unwrap();
    assert_eq!(standing(bench), [(user("anna"), here, 1)]);
}

fn a_failed_write_leaves_the_inventory_as_it_was(bench: &mut Bench) {
    let here = pair().0;
    see(bench, here.clone(), vec![user("anna")], 1);
    bench
        .write(|tx| tx.save_drift(&drift("anna", DriftKind::Missing, 1)))
        .unwrap();
    let failed = bench.write(|tx| {
        tx.replace_standing(&pair().0, &pair().1, &[user("bert")], at(2))?;
        tx.forget_standing(at(9))?;
        tx.remove_drift(&key("anna"))?;
        tx.save_drift(&drift("bert", DriftKind::Missing, 1))?;
        Err::<(), _>(crate::port::StoreError::Full)
    });
    assert!(failed.is_err());
    assert_eq!(standing(bench), [(user("anna"), here, 1)]);
    let keys: Vec<Key> = bench
        .read(|read| read.drift())
        .into_iter()
        .map(|d| d.key)
        .collect();
    assert_eq!(keys, [key("anna")]);
}
