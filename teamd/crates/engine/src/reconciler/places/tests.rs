//! Who gets the next place.

use super::*;

fn at(seconds: i64) -> Time {
    chrono::DateTime::from_timestamp(1_795_000_000 + seconds, 0).unwrap()
}

fn key(account: u64, user: &str) -> Key {
    Key {
        user: user.parse().unwrap(),
        account: format!("{account:012}").parse().unwrap(),
        permission_set: "arn:ps".parse().unwrap(),
    }
}

fn users(places: &mut Places, now: Time) -> Vec<String> {
    std::iter::from_fn(|| places.next(now))
        .map(|(key, _)| key.user.as_str().to_owned())
        .collect()
}

#[test]
fn removals_before_grants_and_the_earliest_end_first() {
    let mut places = Places::new(12);
    places.ask(&key(1, "grant"), Lane::Grant, at(0));
    places.ask(&key(2, "late"), Lane::Removal, at(9));
    places.ask(&key(3, "early"), Lane::Removal, at(3));
    assert!(places.removals_wait());
    assert_eq!(users(&mut places, at(10)), ["early", "late", "grant"]);
    assert_eq!(places.unfinished(), 3);
}

#[test]
fn grants_leave_a_quarter_for_removals() {
    let mut places = Places::new(12);
    for account in 0..20 {
        places.ask(&key(account, &format!("g{account:02}")), Lane::Grant, at(0));
    }
    assert_eq!(users(&mut places, at(1)).len(), 9);
    for account in 20..25 {
        places.ask(&key(account, &format!("r{account}")), Lane::Removal, at(0));
    }
    assert_eq!(users(&mut places, at(1)), ["r20", "r21", "r22"]);
}

#[test]
fn as_many_as_there_are_places_and_who_gives_one_back_makes_room() {
    let mut places = Places::new(2);
    for account in 0..5 {
        places.ask(&key(account, &format!("u{account}")), Lane::Removal, at(0));
    }
    let (first, number) = places.next(at(1)).unwrap();
    assert_eq!(first.user.as_str(), "u0");
    assert_eq!(users(&mut places, at(1)), ["u1"]);
    places.give_back(number);
    places.give_back(number);
    assert_eq!(users(&mut places, at(1)), ["u2"]);
}

#[test]
fn one_operation_an_account_for_creates_and_three_deletes_where_nobody_else_waits() {
    let mut places = Places::new(4);
    for user in ["a", "b", "c", "d"] {
        places.ask(&key(1, user), Lane::Removal, at(0));
        places.ask(&key(2, &format!("g{user}")), Lane::Grant, at(0));
    }
    places.ask(&key(3, "x"), Lane::Removal, at(5));
    // The other account first, although it is due later; then what is lent; then the grants' one.
    assert_eq!(users(&mut places, at(6)), ["a", "x", "b", "c"]);
    let mut places = Places::new(12);
    for user in ["a", "b"] {
        places.ask(&key(2, user), Lane::Grant, at(0));
    }
    assert_eq!(users(&mut places, at(6)), ["a"]);
}

#[test]
fn an_account_that_had_a_conflict_is_lent_nothing_for_a_while() {
    let mut places = Places::new(4);
    places.conflicted(&key(1, "a").account, at(0));
    for user in ["a", "b"] {
        places.ask(&key(1, user), Lane::Removal, at(0));
    }
    assert_eq!(users(&mut places, at(1)), ["a"]);
    assert_eq!(users(&mut places, at(601)), ["b"]);
}

#[test]
fn of_equals_the_account_that_was_served_longest_ago() {
    let mut places = Places::new(1);
    for user in ["a", "b", "c"] {
        for account in 1..4 {
            places.ask(&key(account, &format!("{user}{account}")), Lane::Removal, at(0));
        }
    }
    let mut order = Vec::new();
    while let Some((key, number)) = places.next(at(1)) {
        order.push(key.user.as_str().to_owned());
        places.give_back(number);
    }
    assert_eq!(order, ["a1", "a2", "a3", "b1", "b2", "b3", "c1", "c2", "c3"]);
}

#[test]
fn operations_that_hang_leave_the_places_to_the_others() {
    let mut places = Places::new(12);
    for account in 0..40 {
        places.ask(&key(account, &format!("u{account}")), Lane::Removal, at(0));
    }
    assert_eq!(users(&mut places, at(0)).len(), 12);
    assert_eq!(users(&mut places, at(14)).len(), 0);
    assert_eq!(places.look_again_at(at(14)), Some(at(15)));
    // Three are in the slow places now, and three more have theirs: as many as AWS allows.
    assert_eq!(users(&mut places, at(15)).len(), 3);
    assert_eq!(places.unfinished(), 15);
    let hung = key(0, "u0").account;
    places.succeeded(&hung);
    assert!(places.troubled(at(614)).contains(&hung), "still apart");
    assert!(!places.troubled(at(615)).contains(&hung));
}

#[test]
fn an_account_that_fails_has_slow_places_and_growing_pauses() {
    let mut places = Places::new(12);
    let broken = key(1, "a").account;
    for account in 1..6 {
        for user in ["a", "b", "c", "d"] {
            places.ask(&key(account, &format!("{user}{account}")), Lane::Removal, at(0));
        }
    }
    let (first, number) = places.next(at(0)).unwrap();
    assert_eq!(first.account, broken);
    places.failed(&broken, at(0));
    places.failed(&broken, at(0));
    places.give_back(number);
    assert!(users(&mut places, at(0)).iter().all(|user| !user.ends_with('1')));
    assert!(places.look_again_at(at(0)).unwrap() < at(1));
    let (again, number) = places.next(at(1)).unwrap();
    assert_eq!(again.user.as_str(), "b1");
    assert!(places.next(at(1)).is_none(), "one at a time");
    for _ in 0..20 {
        places.failed(&broken, at(1));
    }
    places.give_back(number);
    assert!(places.next(at(10)).is_none());
    assert_eq!(places.next(at(11)).unwrap().0.user.as_str(), "c1");
    places.succeeded(&broken);
    assert!(places.accounts[&broken].not_before.is_none());
}

#[test]
fn where_most_accounts_fail_none_of_them_is_apart() {
    let mut places = Places::new(12);
    for account in 0..10 {
        let key = key(account, &format!("u{account}"));
        places.failed(&key.account, at(0));
        places.failed(&key.account, at(0));
        places.ask(&key, Lane::Removal, at(0));
    }
    assert_eq!(users(&mut places, at(60)).len(), 10);
}

#[test]
fn who_asks_again_waits_once_and_in_the_new_lane() {
    let mut places = Places::new(1);
    places.ask(&key(1, "a"), Lane::Grant, at(0));
    places.ask(&key(1, "a"), Lane::Removal, at(0));
    assert!(places.is_waiting(&key(1, "a")));
    assert_eq!(users(&mut places, at(1)), ["a"]);
    assert!(!places.is_waiting(&key(1, "a")) && !places.removals_wait());
    places.ask(&key(2, "b"), Lane::Grant, at(0));
    assert!(places.forget(&key(2, "b")) && !places.forget(&key(2, "b")));
    assert!(places.next(at(9)).is_none());
}
