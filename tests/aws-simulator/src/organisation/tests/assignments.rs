//! Asynchronous operations, conflicts, quotas, limits.

use super::*;

#[test]
fn operations_are_asynchronous() {
    let mut w = world(Faults::default());
    let key = w.key("alice");
    let operation = w.create(&key, 0).unwrap();
    assert_eq!(operation.status, OperationStatus::InProgress);
    assert_eq!(w.status(&operation, 999).status, OperationStatus::InProgress);
    assert_eq!(w.listed(&key, 999), 0);
    assert_eq!(w.status(&operation, 1000).status, OperationStatus::Succeeded);
    assert_eq!(w.listed(&key, 1000), 1);
    let removal = w.delete(&key, 5000).unwrap();
    assert_ne!(removal.request_id, operation.request_id);
    assert_eq!(w.listed(&key, 5999), 1);
    assert_eq!(w.listed(&key, 6000), 0);
    let wrong_kind =
        w.org
            .describe_assignment_operation(&w.by, OperationKind::Create, &removal.request_id, START + 6000);
    assert_eq!(kind_of(wrong_kind), ErrorKind::NotFound);
}

#[test]
fn an_effect_dates_from_when_it_was_due() {
    let mut w = world(Faults::default());
    let key = w.key("alice");
    w.create(&key, 0).unwrap();
    w.org.advance(START + 3_600_000);
    assert_eq!(
        w.org.assignments().find(|(found, _)| **found == key).unwrap().1,
        START + 1000
    );
}

#[test]
fn the_opposite_operation_conflicts_for_a_while() {
    let mut w = world(Faults::default());
    let (key, other) = (w.key("alice"), w.key("dave"));
    w.create(&key, 0).unwrap();
    w.create(&key, 100)
        .expect("the same operation again is no conflict");
    w.create(&other, 100).expect("another key is no conflict");
    assert_eq!(kind_of(w.delete(&key, 2099)), ErrorKind::Conflict);
    w.delete(&key, 2100).unwrap();
    assert_eq!(kind_of(w.create(&key, 3000)), ErrorKind::Conflict);
    w.create(&key, 4100).unwrap();
}

#[test]
fn an_unfinished_operation_conflicts_however_long_it_takes() {
    let mut w = world(Faults {
        assignment_latency_ms: 60_000,
        ..Faults::default()
    });
    let key = w.key("alice");
    w.create(&key, 0).unwrap();
    assert_eq!(kind_of(w.delete(&key, 59_999)), ErrorKind::Conflict);
    w.delete(&key, 60_000).unwrap();
}

#[test]
fn existing_and_missing_assignments() {
    let mut w = world(Faults::default());
    let key = w.key("alice");
    assert_eq!(kind_of(w.delete(&key, 0)), ErrorKind::NotFound);
    w.org.put_assignment(&key, START);
    let again = w.create(&key, 10).unwrap();
    assert_eq!(w.status(&again, 5000).status, OperationStatus::Succeeded);
    assert_eq!(w.listed(&key, 5000), 1);
    let (first, second) = (w.delete(&key, 6000).unwrap(), w.delete(&key, 6001).unwrap());
    assert_eq!(w.status(&first, 9000).status, OperationStatus::Succeeded);
    assert_eq!(
        w.status(&second, 9000).status,
        OperationStatus::Failed,
        "it was gone already"
    );
}

#[test]
fn what_aws_refuses_accepts_and_ignores() {
    let mut w = world(Faults::default());
    let alice = w.key("alice");
    let stranger = AssignmentKey {
        account: "999999999999".into(),
        ..alice.clone()
    };
    let ignored = w.create(&stranger, 0).unwrap();
    assert_eq!(w.status(&ignored, 5000).status, OperationStatus::Succeeded);
    assert_eq!(w.listed(&stranger, 5000), 0, "no error, no effect");
    let suspended = w.org.user_key("alice", "old-shop", "DatabaseAdmin").unwrap();
    let nobody = AssignmentKey {
        principal: Principal::User("nobody".into()),
        ..alice.clone()
    };
    for key in [suspended, nobody] {
        let operation = w.create(&key, 0).unwrap();
        let ended = w.status(&operation, 5000);
        assert_eq!(ended.status, OperationStatus::Failed);
        assert!(ended.failure_reason.is_some());
    }
    let no_set = AssignmentKey {
        permission_set: "arn:aws:sso:::permissionSet/x/y".into(),
        ..alice
    };
    assert_eq!(kind_of(w.create(&no_set, 0)), ErrorKind::NotFound);
}

#[test]
fn fifteen_creates_at_once() {
    let mut w = world(Faults {
        rate_limits: false,
        ..Faults::default()
    });
    let accounts: Vec<String> = w.org.accounts().map(|account| account.id.clone()).collect();
    let keys: Vec<_> = accounts
        .iter()
        .map(|id| w.org.user_key("alice", id, "ReadOnlyAccess").unwrap())
        .collect();
    for key in &keys[..15] {
        w.create(key, 0).unwrap();
    }
    assert_eq!(kind_of(w.create(&keys[15], 999)), ErrorKind::QuotaExceeded);
    w.create(&keys[15], 1000).unwrap();
    let waiting = Some(OperationStatus::InProgress);
    let open = w
        .org
        .list_assignment_operations(&w.by, OperationKind::Create, waiting, START + 1000)
        .unwrap();
    assert_eq!(open.len(), 1);
}

#[test]
fn twenty_calls_a_second() {
    let mut w = world(Faults::default());
    let admitted = (0..30)
        .filter(|_| w.org.list_permission_sets(&w.by, START).is_ok())
        .count();
    assert_eq!(admitted, 20);
    assert_eq!(
        kind_of(w.org.list_permission_sets(&w.by, START)),
        ErrorKind::Throttled
    );
    let last = w.org.calls().last().unwrap();
    assert_eq!(last.outcome, Outcome::Refused("ThrottlingException".into()));
    w.org
        .list_users(&w.by, START)
        .expect("the identity store has its own limit");
    let roots = (0..5)
        .map(|_| w.org.list_roots(&w.by, START))
        .filter_map(Result::err)
        .last()
        .unwrap();
    let CallError::Aws(error) = roots else {
        panic!("AWS answered")
    };
    assert_eq!(error.code(Service::Organizations), "TooManyRequestsException");
}

#[test]
fn assignments_of_deleted_users_linger() {
    let mut w = world(Faults::default());
    let key = w.key("alice");
    w.org.put_assignment(&key, START);
    w.org.delete_user(&w.by, key.principal.id(), START).unwrap();
    assert_eq!(w.listed(&key, 1), 1);
    w.delete(&key, 2).unwrap();
    assert_eq!(w.listed(&key, 5000), 0);
}
