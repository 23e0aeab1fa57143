//! What AWS answers, or does not: FAILED results, lost replies, an assignment that is gone already.

use super::{always, await_events, events_of, reach_as_time_passes};
use crate::support::*;
use aws_simulator::{AssignmentKey, FaultKind, FaultRule, Operation};

fn calls(world: &World, operation: Operation) -> usize {
    world.aws(|aws, _| aws.calls().filter(|call| call.operation == operation).count())
}

fn failed(operation: &str, reason: &str) -> FaultRule {
    FaultRule {
        reason: Some(reason.to_owned()),
        ..always(operation, FaultKind::Failed)
    }
}

#[tokio::test]
async fn a_create_that_ends_failed_four_times_is_given_up_with_awss_words_d5() {
    let world = World::new().await;
    // Being throttled in between counts for nothing.
    let throttled = FaultRule {
        every: Some(2),
        ..always("CreateAccountAssignment", FaultKind::Throttle)
    };
    let words = "The maximum number of roles is reached";
    world.faults(
        quick()
            .with(throttled)
            .with(failed("CreateAccountAssignment", words)),
    );
    let id = world.pending().await;
    world.act("bob", &id, "approve").await.is(200);
    let over = reach_as_time_passes(&world, &id, "failed").await;
    assert!(
        over["ended"]["reason"]
            .as_str()
            .is_some_and(|r| r.contains(words)),
        "{over}"
    );
    let ended_failed = events_of(&world, &id, "grant.accepted").await;
    let creates = ended_failed.iter().filter(|e| e["data"]["call"] == "create");
    assert_eq!(creates.count(), 4);
    assert!(!world.is_assigned("alice", "prod-ledger", ADMIN));
}

#[tokio::test]
async fn a_removal_that_ends_failed_is_sent_again_until_it_does_not_d5() {
    let world = World::new().await;
    let id = world.active().await;
    let words = "The request is taking longer than usual";
    world.faults(quick().with(failed("DeleteAccountAssignment", words).first(2)));
    world.act("alice", &id, "done").await.is(200);
    let retried = await_events(&world, &id, "grant.retry", 1).await;
    assert_eq!(retried[0]["data"]["last_error"], words);
    world.reach(&id, "ended").await;
    assert!(!world.is_assigned("alice", "prod-ledger", ADMIN));
    assert_eq!(calls(&world, Operation::DeleteAccountAssignment), 3);
}

#[tokio::test]
async fn a_reply_that_is_lost_is_looked_for_and_not_repeated() {
    let world = World::new().await;
    let lost = |operation: &str| always(operation, FaultKind::InternalErrorAfterSuccess).first(1);
    world.faults(
        quick()
            .with(lost("CreateAccountAssignment"))
            .with(lost("DeleteAccountAssignment")),
    );
    let id = world.active().await;
    assert_eq!(calls(&world, Operation::CreateAccountAssignment), 1);
    world.act("alice", &id, "done").await.is(200);
    reach_as_time_passes(&world, &id, "ended").await;
    assert!(!world.is_assigned("alice", "prod-ledger", ADMIN));
}

#[tokio::test]
async fn what_is_gone_already_is_gone() {
    let world = World::new().await;
    let id = world.active().await;
    world.aws(|aws, now| {
        let key: AssignmentKey = aws.user_key("alice", "prod-ledger", ADMIN).expect("names");
        aws.remove_assignment(&key, now);
    });
    world.act("alice", &id, "done").await.is(200);
    // Nothing vouches for the listing, so an old one must not close the matter.
    reach_as_time_passes(&world, &id, "ended").await;
    assert_eq!(events_of(&world, &id, "grant.removed").await.len(), 1);
    assert_eq!(
        events_of(&world, &id, "grant.retry").await.len(),
        0,
        "that is no failure"
    );
}
