//! Claims and reviews.

use crate::support::*;
use chrono::TimeDelta;
use serde_json::{Value, json};

/// Alice's hour in the ledger, over.
async fn ended(world: &World) -> String {
    let id = world.active().await;
    world.act("alice", &id, "done").await.is(200);
    world.reach(&id, "ended").await;
    id
}

async fn reviews(world: &World, who: &str) -> Vec<String> {
    let page = world.as_(who).get("/v1/requests?scope=review").await.is(200);
    items(&page).iter().map(id_of).collect()
}

#[tokio::test]
async fn a_claim_is_seen_by_all_and_keeps_nobody_from_deciding_d39() {
    let world = World::new().await;
    let id = world.pending().await;
    let claimed = world.act("bob", &id, "claim").await.is(200);
    assert_eq!(claimed["claimed_by"]["user_name"], "bob");
    let version = claimed["version"].clone();
    let seen = world
        .as_("alice")
        .get(&format!("/v1/requests/{id}"))
        .await
        .is(200);
    assert_eq!(seen["claimed_by"]["user_name"], "bob");
    assert!(moment(&seen["claimed_until"]) > now());
    let refused = world.act("carol", &id, "claim").await.refused(409, "duplicate");
    assert!(
        refused["detail"]
            .as_str()
            .is_some_and(|text| text.contains("bob is looking at it"))
    );
    world
        .act("carol", &id, "unclaim")
        .await
        .refused(409, "already_decided");
    // A claim does not make a reading stale, and Carol may decide all the same.
    let body = json!({"version": version});
    world
        .as_("carol")
        .post(&format!("/v1/requests/{id}/approve"), body)
        .await
        .is(200);
    let active = world.reach(&id, "active").await;
    assert_eq!(active["claimed_by"], Value::Null);
    world
        .act("bob", &id, "claim")
        .await
        .refused(409, "already_decided");
}

#[tokio::test]
async fn a_claim_times_out_by_itself_and_can_be_given_up() {
    let world = World::new().await;
    let id = world.pending().await;
    world.act("bob", &id, "claim").await.is(200);
    world.act("bob", &id, "unclaim").await.is(200);
    world.act("carol", &id, "claim").await.is(200);
    world.clock.shift(TimeDelta::minutes(11));
    assert_eq!(world.show(&id).await["claimed_by"], Value::Null);
    world.act("bob", &id, "claim").await.is(200);
}

#[tokio::test]
async fn access_that_is_over_waits_for_somebody_elses_look() {
    let world = World::new().await;
    let id = world.active().await;
    world
        .act("bob", &id, "review")
        .await
        .refused(409, "already_decided");
    world.act("alice", &id, "done").await.is(200);
    let over = world.reach(&id, "ended").await;
    assert_eq!(over["review"]["needed"], true);
    // Whoever could close it has it in their list; the requester has not, nor has who decides elsewhere.
    for (who, has) in [
        ("bob", true),
        ("hugo", true),
        ("ivy", true),
        ("gita", true),
        ("alice", false),
        ("liam", false),
    ] {
        assert_eq!(reviews(&world, who).await.contains(&id), has, "{who}");
    }
    world
        .act("alice", &id, "review")
        .await
        .refused(403, "self_approval");
    world.act("liam", &id, "review").await.refused(404, "not_found");
    let path = format!("/v1/requests/{id}/review");
    world
        .as_("hugo")
        .post(&path, json!({}))
        .await
        .refuses_fields(&["comment"]);
    let closed = world.act("hugo", &id, "review").await.is(200);
    assert_eq!(closed["review"]["needed"], false);
    assert_eq!(closed["review"]["by"]["user_name"], "hugo");
    assert_eq!(closed["review"]["comment"], "a word on it");
    assert!(reviews(&world, "bob").await.is_empty());
    let refused = world
        .act("bob", &id, "review")
        .await
        .refused(409, "already_decided");
    assert!(
        refused["detail"]
            .as_str()
            .is_some_and(|text| text.contains("hugo has closed"))
    );
}

#[tokio::test]
async fn what_never_was_access_needs_no_review() {
    let world = World::new().await;
    let id = world.pending().await;
    world.act("bob", &id, "reject").await.is(200);
    assert_eq!(world.show(&id).await["review"]["needed"], false);
    world
        .act("bob", &id, "review")
        .await
        .refused(409, "already_decided");
    assert!(reviews(&world, "bob").await.is_empty());
}

#[tokio::test]
async fn a_closed_review_outlives_a_restart() {
    let mut world = World::new().await;
    let id = ended(&world).await;
    world.act("bob", &id, "review").await.is(200);
    world.stop().await;
    world.run().await;
    assert_eq!(world.show(&id).await["review"]["by"]["user_name"], "bob");
}

#[tokio::test]
async fn broken_glass_needs_a_review_from_the_first_moment_on() {
    let policy = format!(
        "{POLICY}\n[[eligibility]]\nid = \"glass\"\nwho = [\"group:oncall\"]\naccounts = [\"ou:Workloads/Prod\"]\n\
         permission_sets = [\"AdministratorAccess\"]\napproval = \"break-glass\"\n"
    );
    let world = Setup::new().policy(policy).start().await;
    let body = with(
        ask(LEDGER, ADMIN, 1800),
        json!({"break_glass": true, "justification": "Ledger down, nobody else awake at this hour of the night"}),
    );
    let id = id_of(&world.submit("alice", body).await);
    let live = world.reach(&id, "active").await;
    assert_eq!(live["review"]["needed"], true);
    assert!(!live["overseers"].as_array().unwrap().is_empty());
    world
        .act("bob", &id, "review")
        .await
        .refused(409, "already_decided");
    world.act("alice", &id, "done").await.is(200);
    world.reach(&id, "ended").await;
    world.act("bob", &id, "review").await.is(200);
}
