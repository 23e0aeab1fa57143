//! Reminders and escalation, with hours that pass at once.

use crate::support::*;
use chrono::TimeDelta;
use serde_json::Value;

async fn told(world: &World, id: &str, kind: &str) -> Vec<Value> {
    let page = world
        .as_("hugo")
        .get(&format!("/v1/requests/{id}/timeline"))
        .await
        .is(200);
    let rows = items(&page).iter().filter(|row| row["type"] == kind);
    rows.cloned().collect()
}

async fn look(world: &World, minutes: i64) {
    world.clock.shift(TimeDelta::minutes(minutes));
    world.engine().remind().await.expect("reminders");
}

#[tokio::test]
async fn approvers_are_reminded_of_what_waits_d39() {
    let world = World::new().await;
    let id = world.pending().await;
    look(&world, 29).await;
    assert!(told(&world, &id, "reminder.pending").await.is_empty());
    look(&world, 1).await;
    look(&world, 1).await;
    let once = told(&world, &id, "reminder.pending").await;
    assert_eq!(once.len(), 1);
    assert!(
        once[0]["data"]["waiting_seconds"]
            .as_i64()
            .is_some_and(|waited| waited >= 1800)
    );
    look(&world, 30).await;
    assert_eq!(told(&world, &id, "reminder.pending").await.len(), 2);
    world.act("bob", &id, "reject").await.is(200);
    look(&world, 60).await;
    assert_eq!(told(&world, &id, "reminder.pending").await.len(), 2);
}

#[tokio::test]
async fn whoever_may_decide_by_now_is_reminded_and_not_who_might_have() {
    let world = World::new().await;
    let id = world.pending().await;
    let changed = POLICY.replace("who = [\"group:prod-leads\"]", "who = [\"user:mona\"]");
    assert_ne!(changed, POLICY);
    world.apply(&changed).await;
    look(&world, 31).await;
    let reminder = told(&world, &id, "reminder.pending")
        .await
        .pop()
        .expect("a reminder");
    assert_eq!(reminder["data"]["to"], serde_json::json!([world.user_id("mona")]));
}

#[tokio::test]
async fn the_end_is_told_before_it_comes_and_once() {
    let mut world = World::new().await;
    let id = world.active().await;
    for (minutes, so_many) in [(25, 0), (6, 1), (1, 1), (14, 2), (1, 2)] {
        look(&world, minutes).await;
        let told = told(&world, &id, "reminder.before_end").await;
        assert_eq!(told.len(), so_many, "after {minutes} more minutes");
    }
    let last = told(&world, &id, "reminder.before_end")
        .await
        .pop()
        .expect("a warning");
    assert!(
        last["data"]["seconds_left"]
            .as_i64()
            .is_some_and(|left| (60..=900).contains(&left))
    );
    world.stop().await;
    world.run().await;
    look(&world, 0).await;
    assert_eq!(told(&world, &id, "reminder.before_end").await.len(), 2);
}

#[tokio::test]
async fn what_nobody_decides_goes_to_others_who_then_may() {
    let policy = POLICY
        .replace("[settings]\n", "[settings]\nescalate_after = \"1h\"\n")
        .replace(
            "who = [\"group:prod-leads\"]",
            "who = [\"group:prod-leads\"]\nescalate_to = [\"user:liam\"]",
        );
    let world = Setup::new().policy(policy).start().await;
    let id = world.pending().await;
    world.act("liam", &id, "approve").await.refused(404, "not_found");
    look(&world, 59).await;
    assert!(told(&world, &id, "request.escalated").await.is_empty());
    look(&world, 1).await;
    let escalated = told(&world, &id, "request.escalated").await;
    assert_eq!(escalated.len(), 1);
    let seen = world.as_("liam").get(&format!("/v1/requests/{id}")).await.is(200);
    let approvers = seen["approval"]["demands"][0]["approvers"]
        .as_array()
        .expect("approvers");
    assert!(
        approvers.iter().any(|person| person["user_name"] == "liam"),
        "{seen:#}"
    );
    let queue = world.as_("liam").get("/v1/requests?scope=queue").await.is(200);
    assert_eq!(items(&queue).len(), 1);
    look(&world, 1).await;
    assert_eq!(told(&world, &id, "request.escalated").await.len(), 1);
    world.act("liam", &id, "approve").await.is(200);
    world.reach(&id, "active").await;
}
