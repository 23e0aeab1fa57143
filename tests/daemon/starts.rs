//! A scheduled start is looked at again at its moment. Usually a change of the policy or a refresh of the directory has
//! withdrawn by then what no longer fits; here neither has, and the start itself has to notice.

use crate::support::*;
use chrono::TimeDelta;
use serde_json::{Value, json};
use teamd_engine::Refused;
use teamd_store::{Store, WriteLane};

const SOON_AFTER: TimeDelta = TimeDelta::minutes(10);

/// An hour in the ledger for that person, two hours from now, approved by Bob.
async fn scheduled(world: &World, who: &str) -> String {
    let later = json!({"start_at": in_seconds(7200)});
    let id = id_of(&world.submit(who, with(ask(LEDGER, ADMIN, 3600), later)).await);
    let approved = world.act("bob", &id, "approve").await.is(200);
    assert_eq!(approved["state"], "scheduled");
    id
}

/// Alice leaves the group, and the copy comes to know it by itself: nobody has looked at her requests because of it. It
/// is old when she asks for something else, so AWS is asked about her, and about nobody else.
async fn alice_has_left(world: &World) {
    let alice = world.user_id("alice");
    assert!(world.aws(|aws, _| aws.remove_member("oncall", &alice)));
    world.clock.shift(SOON_AFTER);
    let other = world
        .as_("alice")
        .post("/v1/requests", ask(WEB, POWER, 600))
        .await;
    other.refused(403, "not_eligible");
}

fn says_why(over: &Value) {
    let reason = over["ended"]["reason"].as_str().unwrap_or_default();
    assert!(reason.starts_with("no longer fits"), "{over:#}");
}

#[tokio::test]
async fn a_start_whose_person_has_left_is_withdrawn_and_others_begin() {
    let world = World::new().await;
    let (hers, daves) = (scheduled(&world, "alice").await, scheduled(&world, "dave").await);
    let before = world.show(&hers).await["version"].clone();
    alice_has_left(&world).await;
    let waiting = world.show(&hers).await;
    assert_eq!(
        (&waiting["state"], &waiting["version"]),
        (&json!("scheduled"), &before)
    );
    world.clock.shift(TimeDelta::hours(2) - SOON_AFTER);
    says_why(&world.reach(&hers, "withdrawn").await);
    world.reach(&daves, "active").await;
    assert!(!world.is_assigned("alice", "prod-ledger", ADMIN));
    assert_eq!(world.writes(), (1, 0), "only Dave's was asked for");
}

#[tokio::test]
async fn a_start_that_the_policy_of_its_moment_does_not_allow_is_withdrawn() {
    let mut world = World::new().await;
    let shorter = scheduled(&world, "alice").await;
    world.stop().await;
    // As where the daemon was stopped between putting it in force and looking at what is open.
    let policy = POLICY.replace("max_duration = \"4h\"", "max_duration = \"30m\"");
    assert_ne!(policy, POLICY);
    let store = Store::open(&world.database()).expect("the store");
    let written = store.write(WriteLane::Normal, move |tx| {
        Ok::<_, Refused>(tx.append_policy(&policy, &"0".repeat(64), "the test", now())?)
    });
    written.await.expect("the policy");
    store.close();
    world.run().await;
    assert_eq!(world.show(&shorter).await["state"], "scheduled");
    world.clock.shift(TimeDelta::hours(2));
    says_why(&world.reach(&shorter, "withdrawn").await);
    assert_eq!(world.writes(), (0, 0));
}

#[tokio::test]
async fn an_extension_whose_person_has_left_does_not_take_over() {
    let world = World::new().await;
    let id = world.active().await;
    let more = json!({"duration_seconds": 3600, "reason": "the replica is still catching up"});
    let path = format!("/v1/requests/{id}/extend");
    let next = id_of(&world.as_("alice").post(&path, more).await.is(201));
    world.act("carol", &next, "approve").await.is(200);
    alice_has_left(&world).await;
    assert_eq!(world.show(&next).await["state"], "scheduled");
    // Her access goes on to its end: only a complete refresh of the directory would take it.
    assert_eq!(world.show(&id).await["state"], "active");
    world.clock.shift(TimeDelta::hours(1) - SOON_AFTER);
    says_why(&world.reach(&next, "withdrawn").await);
    world.reach(&id, "ended").await;
    assert!(!world.is_assigned("alice", "prod-ledger", ADMIN));
    assert_eq!(world.writes(), (1, 1));
}
