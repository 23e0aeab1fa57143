//! A decision on a copy of the directory that is old: AWS is asked about the requester and about who decides. Nothing
//! else refreshes the copy here, so what is noticed is noticed by that.

use crate::support::*;
use aws_simulator::{FaultKind, FaultRule, Operation};
use chrono::TimeDelta;

/// The copy is older than `[aws] directory_refresh`.
fn it_is_old(world: &World) {
    world.clock.shift(TimeDelta::minutes(6));
}

fn set_enabled(world: &World, who: &str, enabled: bool) {
    let user = world.user_id(who);
    assert!(world.aws(|aws, _| aws.set_user_enabled(&user, enabled)));
}

fn leaves(world: &World, who: &str, group: &str) {
    let user = world.user_id(who);
    assert!(world.aws(|aws, _| aws.remove_member(group, &user)));
}

/// How often AWS was asked about one person.
fn asked(world: &World) -> usize {
    world.aws(|aws, _| {
        let asked = |call: &&aws_simulator::CallLog| call.operation == Operation::DescribeUser;
        aws.calls().filter(asked).count()
    })
}

/// Whether the copy holds that person for enabled.
fn copy_says(world: &World, who: &str) -> bool {
    let copy = world.engine().directory().expect("a copy");
    copy.person_named(who).expect("a person").enabled
}

#[tokio::test]
async fn a_requester_who_can_no_longer_ask_is_noticed_when_somebody_decides() {
    for is_disabled in [true, false] {
        let world = World::new().await;
        let id = world.pending().await;
        match is_disabled {
            true => set_enabled(&world, "alice", false),
            false => leaves(&world, "alice", "oncall"),
        }
        it_is_old(&world);
        assert!(copy_says(&world, "alice"), "nobody has asked yet");
        world
            .act("bob", &id, "approve")
            .await
            .refused(403, "not_eligible");
        assert_eq!(asked(&world), 2, "about her and about him");
        let over = world.show(&id).await;
        assert_eq!(over["state"], "withdrawn", "{over:#}");
        let reason = over["ended"]["reason"].as_str().unwrap_or_default();
        assert!(reason.starts_with("no longer fits"), "{over:#}");
        assert_eq!(reason.contains("disabled"), is_disabled, "{over:#}");
        assert_eq!(world.writes(), (0, 0));
    }
}

#[tokio::test]
async fn an_approver_who_can_no_longer_decide_is_noticed_and_others_decide() {
    for is_disabled in [true, false] {
        let world = World::new().await;
        let id = world.pending().await;
        match is_disabled {
            true => set_enabled(&world, "bob", false),
            false => leaves(&world, "bob", "prod-leads"),
        }
        it_is_old(&world);
        // Who decides nothing on that target does not see it; whoever is disabled does not see anything.
        world.act("bob", &id, "approve").await.refused(404, "not_found");
        if is_disabled {
            world
                .act("bob", &id, "approve")
                .await
                .refused(403, "unknown_identity");
        }
        let waiting = world.show(&id).await;
        assert_eq!(waiting["state"], "pending");
        assert_eq!(waiting["approval"]["demands"][0]["votes"], serde_json::json!([]));
        world.act("carol", &id, "approve").await.is(200);
        world.reach(&id, "active").await;
    }
}

#[tokio::test]
async fn while_the_copy_is_young_nobody_is_asked_about() {
    let world = World::new().await;
    let id = world.pending().await;
    set_enabled(&world, "alice", false);
    world.act("bob", &id, "approve").await.is(200);
    assert_eq!(asked(&world), 0);
}

#[tokio::test]
async fn where_aws_does_not_answer_the_copy_decides() {
    let world = World::new().await;
    let silent = FaultRule::new("identitystore:*", FaultKind::Latency).delay_ms(600_000);
    let (first, second) = (
        world.pending().await,
        id_of(&world.submit("alice", ask(WEB, ADMIN, 3600)).await),
    );
    set_enabled(&world, "alice", false);
    it_is_old(&world);
    world.faults(without_loads(quick()).with(silent));
    let approved = world.act("bob", &first, "approve").await.is(200);
    assert_ne!(approved["state"], "pending");
    assert!(copy_says(&world, "alice"), "the copy is as it was");
    // Somebody about whom nothing comes back may also ask.
    world.submit("dave", ask(WEB, POWER, 600)).await;
    // And once it answers it is believed.
    world.faults(without_loads(quick()));
    world
        .act("bob", &second, "approve")
        .await
        .refused(403, "not_eligible");
    assert!(!copy_says(&world, "alice"));
    assert_eq!(world.show(&second).await["state"], "withdrawn");
}
