//! Defects of AWS's TEAM that a whole daemon shows best to be absent, and that no other test does; the number is in the
//! name. Which tests show the others: `tests/coverage.toml`.

use crate::support::*;
use aws_simulator::{AssignmentKey, FaultKind, FaultRule};
use serde_json::json;

/// A policy under which live access stays when its basis goes.
fn keeping() -> String {
    POLICY.replace("[settings]", "[settings]\non_lost_eligibility = \"keep\"")
}

#[tokio::test]
async fn a_revoke_needs_neither_directory_nor_organisation_d1() {
    let world = World::new().await;
    let id = world.active().await;
    let throttled = |operation: &str| FaultRule::new(operation, FaultKind::Throttle);
    world.faults(
        quick()
            .with(throttled("organizations:*"))
            .with(throttled("identitystore:*")),
    );
    world.act("bob", &id, "revoke").await.is(200);
    world.reach(&id, "revoked").await;
    assert!(!world.is_assigned("alice", "prod-ledger", ADMIN));
}

#[tokio::test]
async fn a_policy_that_no_longer_allows_it_is_in_no_revokes_way_d2_d8() {
    for (allowed, no_more) in [
        ("\"ou:Workloads/Prod\"", "\"name:nowhere\""),
        ("max_duration = \"4h\"", "max_duration = \"10m\""),
    ] {
        let world = Setup::new().policy(keeping()).start().await;
        let id = world.active().await;
        let changed = keeping().replace(allowed, no_more);
        assert_ne!(changed, keeping());
        world.apply(&changed).await;
        assert_eq!(world.show(&id).await["state"], "active", "{no_more}");
        world.act("bob", &id, "revoke").await.is(200);
        world.reach(&id, "revoked").await;
        assert!(!world.is_assigned("alice", "prod-ledger", ADMIN), "{no_more}");
    }
}

#[tokio::test]
async fn taking_back_what_has_not_begun_deletes_nothing_d7() {
    let world = World::new().await;
    let start = json!({"start_at": in_seconds(3600)});
    let id = id_of(&world.submit("alice", with(ask(LEDGER, ADMIN, 600), start)).await);
    world.act("bob", &id, "approve").await.is(200);
    // Somebody gives it by hand meanwhile: it is not ours to take.
    world.aws(|aws, now| {
        let key: AssignmentKey = aws.user_key("alice", "prod-ledger", ADMIN).expect("names");
        aws.put_assignment(&key, now);
    });
    assert_eq!(
        world.act("bob", &id, "revoke").await.is(200)["state"],
        "withdrawn"
    );
    assert!(world.is_assigned("alice", "prod-ledger", ADMIN));
    assert_eq!(world.writes(), (0, 0));
}

/// Bob decides on what others ask for there, and may ask for it himself.
#[tokio::test]
async fn a_rejection_stands_also_where_the_requester_is_an_approver_d11() {
    let world = World::new().await;
    let id = id_of(&world.submit("bob", ask(LEDGER, ADMIN, 600)).await);
    world.act("carol", &id, "reject").await.is(200);
    world
        .act("bob", &id, "approve")
        .await
        .refused(403, "self_approval");
    world
        .act("carol", &id, "approve")
        .await
        .refused(409, "already_decided");
    assert_eq!(world.show(&id).await["state"], "rejected");
    assert_eq!(world.writes(), (0, 0));
}

#[tokio::test]
async fn a_group_that_is_gone_takes_no_request_out_of_sight_d20() {
    let leads = "who = [\"group:prod-leads\"]";
    let policy = POLICY.replace(leads, "who = [\"group:no-such-group\", \"group:prod-leads\"]");
    assert_ne!(policy, POLICY);
    let world = Setup::new().policy(policy).start().await;
    let id = world.pending().await;
    let queue = world.as_("bob").get("/v1/requests?scope=queue").await.is(200);
    assert_eq!(id_of(&items(&queue)[0]), id);
    let status = world.as_("ivy").get("/v1/status").await.is(200);
    let warnings = status["policy_warnings"].to_string();
    assert!(warnings.contains("no-such-group"), "{warnings}");
    world.act("bob", &id, "approve").await.is(200);
    world.reach(&id, "active").await;
}
