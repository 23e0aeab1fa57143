//! AWS misbehaves; the path ends the same.

use crate::world::{QUICK, World};
use serde_json::Value;
use std::time::Duration;
use team_test_support::wait::eventually;

/// The path under faults, up to `ended`. Returns the request as it ended.
async fn ends_clean(world: &World, length: &str) -> Value {
    let id = world.bastion.request(length).await;
    world.bastion.approve(&id).await;
    world.wait_for_assignment(true, Duration::from_secs(40)).await;
    world.bastion.wait_for(&id, "active", "40s").await;
    world.wait_for_assignment(false, Duration::from_secs(40)).await;
    world.bastion.wait_for(&id, "ended", "40s").await
}

async fn world(test: &str, rules: &str) -> Option<World> {
    World::start(test, &format!("{QUICK}{rules}")).await
}

async fn failures(world: &World, operation: &str) -> usize {
    let calls = world.aws.calls(operation).await;
    calls
        .iter()
        .filter(|call| call["outcome"]["kind"] != "ok")
        .count()
}

#[tokio::test]
async fn throttling_delays_and_nothing_else() {
    let rules = r#"
[[rule]]
operation = "CreateAccountAssignment"
kind = "throttle"
count = 2
[[rule]]
operation = "DeleteAccountAssignment"
kind = "throttle"
count = 2
[[rule]]
operation = "ListAccountAssignments"
kind = "throttle"
every = 3
"#;
    let Some(world) = world("throttling", rules).await else {
        return;
    };
    ends_clean(&world, "3s").await;
    assert_eq!(failures(&world, "CreateAccountAssignment").await, 2);
    assert_eq!(failures(&world, "DeleteAccountAssignment").await, 2);
    world.all_is_clean().await;
}

#[tokio::test]
async fn server_errors_are_tried_again_done_or_not() {
    let rules = r#"
[[rule]]
operation = "CreateAccountAssignment"
kind = "internal_error_after_success"
count = 1
[[rule]]
operation = "DeleteAccountAssignment"
kind = "internal_error"
count = 2
[[rule]]
operation = "DescribeAccountAssignmentDeletionStatus"
kind = "internal_error"
count = 2
"#;
    let Some(world) = world("server errors", rules).await else {
        return;
    };
    ends_clean(&world, "3s").await;
    let created = world.aws.calls("CreateAccountAssignment").await;
    assert_eq!(
        created.len(),
        1,
        "a create of unknown outcome is looked for, not repeated: {created:?}"
    );
    world.all_is_clean().await;
}

#[tokio::test]
async fn a_create_that_is_never_answered_is_found() {
    let rules =
        "[[rule]]\noperation = 'CreateAccountAssignment'\nkind = 'timeout_after_success'\ncount = 1\n";
    let Some(world) = world("a create without an answer", rules).await else {
        return;
    };
    let ended = ends_clean(&world, "3s").await;
    assert_eq!(ended["duration_seconds"], 3, "{ended}");
    assert_eq!(world.aws.calls("CreateAccountAssignment").await.len(), 1);
    world.all_is_clean().await;
}

#[tokio::test]
async fn a_create_that_fails_is_tried_again() {
    let rules = "[[rule]]\noperation = 'CreateAccountAssignment'\nkind = 'failed'\nreason = 'Internal failure'\ncount = 2\n";
    let Some(world) = world("a failed create", rules).await else {
        return;
    };
    ends_clean(&world, "3s").await;
    assert_eq!(world.aws.calls("CreateAccountAssignment").await.len(), 3);
    world.all_is_clean().await;
}

#[tokio::test]
async fn a_create_that_always_fails_ends_failed_and_says_why_d27() {
    let rules =
        "[[rule]]\noperation = 'CreateAccountAssignment'\nkind = 'failed'\nreason = 'The role is taken'\n";
    let Some(world) = world("a create that always fails", rules).await else {
        return;
    };
    let id = world.bastion.request("30m").await;
    world.bastion.approve(&id).await;
    // Whoever waits for another state is told at once.
    let said = world
        .bastion
        .run("alice", &["wait", &id, "--for", "active", "--timeout", "30s"])
        .await;
    let said = said.fails(8);
    assert!(said.err.contains("The role is taken"), "{said}");
    let failed = world.bastion.show(&id).await;
    assert_eq!(failed["state"], "failed", "{failed}");
    world.all_is_clean().await;
}

#[tokio::test]
async fn a_removal_that_fails_is_never_given_up_and_is_told_d3() {
    let rules = "[[rule]]\noperation = 'DeleteAccountAssignment'\nkind = 'internal_error'\n";
    let Some(world) = world("a removal that fails", rules).await else {
        return;
    };
    let bastion = &world.bastion;
    let id = bastion.request("1s").await;
    bastion.approve(&id).await;
    bastion.wait_for(&id, "ending", "15s").await;
    bastion.run("root", &["status"]).await.ok();

    let status = eventually("the removal is overdue", Duration::from_secs(20), async || {
        let said = bastion.json("root", &["status"]).await;
        (said.code == 1).then_some(said)
    })
    .await;
    let status: Value = serde_json::from_str(&status.out).expect("JSON");
    let late = &status["overdue_requests"][0];
    assert_eq!(
        (&status["healthy"], &status["overdue"]),
        (&Value::from(false), &Value::from(1)),
        "{status}"
    );
    assert!(
        late["late_by_seconds"].as_i64().is_some_and(|late| late >= 10),
        "{status}"
    );
    let short = bastion.run("alice", &["status", "--short"]).await.fails(1);
    assert!(short.out.contains("overdue"), "{short}");

    let sheet = bastion.run("alice", &["show", &id]).await.ok();
    let end = sheet.out.split_once("\nwaiting for").map_or("", |(_, end)| end);
    for part in [
        "DeleteAccountAssignment",
        "attempt",
        "next at",
        "last error",
        "what helps",
    ] {
        assert!(end.contains(part), "no {part:?} at the end of\n{sheet}");
    }
    assert_eq!(bastion.show(&id).await["state"], "ending");
    world.wait_for_assignment(true, Duration::from_secs(1)).await;

    world.aws.faults(QUICK).await;
    world.wait_for_assignment(false, Duration::from_secs(40)).await;
    let ended = bastion.wait_for(&id, "ended", "10s").await;
    assert!(
        ended["ended"]["late_by_seconds"]
            .as_i64()
            .is_some_and(|late| late >= 10),
        "{ended}"
    );
    bastion.run("root", &["status"]).await.ok();
    world.all_is_clean().await;
}

#[tokio::test]
async fn listings_that_lag_are_not_believed_too_early() {
    let rules = r#"
[[rule]]
operation = "ListAccountAssignments"
kind = "late_listing"
delay_ms = 2500
[[rule]]
operation = "ListAccountAssignmentsForPrincipal"
kind = "late_listing"
delay_ms = 2500
"#;
    let Some(world) = world("late listings", rules).await else {
        return;
    };
    ends_clean(&world, "4s").await;
    assert_eq!(world.aws.calls("CreateAccountAssignment").await.len(), 1);
    assert_eq!(world.aws.calls("DeleteAccountAssignment").await.len(), 1);
    world.all_is_clean().await;
}
