//! Injected faults, as the model's callers see them.

use super::*;
use crate::faults::{FaultKind, FaultRule};

#[test]
fn answers_that_get_lost() {
    let create = "CreateAccountAssignment";
    let mut w = world(
        Faults::default()
            .with(FaultRule {
                user: Some("alice".into()),
                ..FaultRule::new(create, FaultKind::TimeoutAfterSuccess)
            })
            .with(FaultRule {
                user: Some("dave".into()),
                ..FaultRule::new(create, FaultKind::DropBefore)
            })
            .with(FaultRule {
                user: Some("erin".into()),
                ..FaultRule::new(create, FaultKind::InternalError)
            })
            .with(FaultRule::new(create, FaultKind::InternalErrorAfterSuccess)),
    );
    let [alice, dave, erin, frank] = ["alice", "dave", "erin", "frank"].map(|user| w.key(user));
    assert_eq!(w.create(&alice, 0), Err(CallError::NoAnswer { performed: true }));
    assert_eq!(w.create(&dave, 0), Err(CallError::NoAnswer { performed: false }));
    assert_eq!(kind_of(w.create(&erin, 0)), ErrorKind::Internal);
    assert_eq!(kind_of(w.create(&frank, 0)), ErrorKind::Internal);
    let there = [&alice, &dave, &erin, &frank].map(|key| w.listed(key, 1000));
    assert_eq!(there, [1, 0, 0, 1]);
    assert_eq!(w.org.fault_hits(), [1, 1, 1, 1]);
    let outcomes: Vec<_> = w
        .org
        .calls()
        .take(2)
        .map(|call| (call.key.clone(), call.outcome.clone()))
        .collect();
    assert_eq!(
        outcomes,
        [
            (Some(alice), Outcome::PerformedUnanswered),
            (Some(dave), Outcome::Dropped)
        ]
    );
}

#[test]
fn failed_slow_and_late() {
    let mut failed = FaultRule::new("CreateAccountAssignment", FaultKind::Failed).first(1);
    failed.reason = Some("no".into());
    let mut w = world(
        Faults::default()
            .with(failed)
            .with(FaultRule::new("DeleteAccountAssignment", FaultKind::Slow).delay_ms(9000))
            .with(FaultRule::new("ListAccountAssignments", FaultKind::LateListing).delay_ms(3000)),
    );
    let key = w.key("alice");
    let first = w.create(&key, 0).unwrap();
    let ended = w.status(&first, 1000);
    assert_eq!(
        (ended.status, ended.failure_reason.as_deref()),
        (OperationStatus::Failed, Some("no"))
    );
    w.create(&key, 1000).unwrap();
    assert_eq!(w.listed(&key, 4999), 0, "true since 2000, shown from 5000");
    assert_eq!(w.listed(&key, 5000), 1);
    let removal = w.delete(&key, 6000).unwrap();
    assert_eq!(w.status(&removal, 15_999).status, OperationStatus::InProgress);
    assert_eq!(w.status(&removal, 16_000).status, OperationStatus::Succeeded);
    assert_eq!(w.listed(&key, 18_999), 1);
    assert_eq!(w.listed(&key, 19_000), 0);
}

#[test]
fn late_answers_say_how_late() {
    let slow = FaultRule::new("CreateAccountAssignment", FaultKind::TimeoutAfterSuccess).delay_ms(7000);
    let mut w = world(
        Faults {
            latency_ms: 20,
            ..Faults::default()
        }
        .with(slow),
    );
    let key = w.key("alice");
    w.create(&key, 0).unwrap();
    assert_eq!(w.org.delay_of_last_call(), 7020);
    w.listed(&key, 0);
    assert_eq!(w.org.delay_of_last_call(), 20);
}

#[test]
fn the_same_seed_is_the_same_story() {
    let story = || {
        let mut w = world(Faults::default().with(FaultRule {
            probability: Some(0.3),
            ..FaultRule::new("*", FaultKind::InternalError)
        }));
        let keys = ["alice", "bob", "carol"].map(|user| w.key(user));
        for at in 0..60 {
            let key = &keys[usize::try_from(at).unwrap() % 3];
            let _ = w.create(key, at * 1000);
            let _ = w.delete(key, at * 1000 + 500);
            w.org.let_people_act(START + at * 1000);
        }
        let calls: Vec<_> = w.org.calls().cloned().collect();
        let events: Vec<_> = w.org.history(&keys[0].account, "eu-west-1").to_vec();
        (calls, events)
    };
    assert_eq!(story(), story());
}
