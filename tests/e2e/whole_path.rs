//! From a request to the assignment and back out, as alice and bob.

use crate::moto::Moto;
use crate::world::{Bastion, POLICY, World, folder, id};
use std::time::Duration;
use team_test_support::users::Logins;

#[tokio::test]
async fn the_whole_path_through_the_simulator() {
    let Some(world) = World::start("the whole path through the simulator", "").await else {
        return;
    };
    walk(&world.bastion, async |there| {
        world.wait_for_assignment(there, Duration::from_secs(15)).await
    })
    .await;
    assert_eq!(world.aws.calls("CreateAccountAssignment").await.len(), 1);
    assert_eq!(world.aws.calls("DeleteAccountAssignment").await.len(), 1);
    world.all_is_clean().await;
}

#[tokio::test]
async fn the_whole_path_through_moto() {
    let test = "the whole path through moto";
    let Some(logins) = Logins::get(test) else { return };
    let Some(moto) = Moto::start(test).await else {
        return;
    };
    let bastion = Bastion::start(folder(), logins, moto.url()).await;
    bastion.apply(POLICY).await;
    bastion.wait_for_directory().await;
    walk(&bastion, async |there| moto.wait_for_assignment(there).await).await;
    bastion.chain_holds().await;
}

/// alice asks and may not decide, carol may not either, bob does; AWS has the assignment, and then no more.
/// `assignment(true)` waits until it is in AWS, `assignment(false)` until it is gone.
async fn walk(bastion: &Bastion, assignment: impl AsyncFn(bool)) {
    let reason = "the queue is stuck, INC-4711";
    let asked = ["request", "prod", "Admin", "--for", "6s", "--reason", reason];
    let filed = bastion.json("alice", &asked).await.json();
    assert_eq!(filed["state"], "pending", "{filed}");
    assert_eq!(filed["waiting_for"]["what"], "approval", "{filed}");
    let id = id(&filed);
    let refused = bastion
        .json("alice", &["approve", &id])
        .await
        .problem(3, "self_approval");
    assert!(
        refused["help"]
            .as_str()
            .is_some_and(|help| help.contains("another")),
        "{refused}"
    );
    bastion
        .json("carol", &["approve", &id])
        .await
        .problem(3, "not_allowed");
    assignment(false).await;

    let queue = bastion.json("bob", &["ls", "--queue"]).await.json();
    assert_eq!(queue["items"][0]["id"], filed["id"], "{queue}");
    bastion.approve(&id[id.len() - 6..]).await;
    assignment(true).await;
    let active = bastion.wait_for(&id, "active", "10s").await;
    assert!(active["end_at"].is_string(), "{active}");

    assignment(false).await;
    let ended = bastion.wait_for(&id, "ended", "10s").await;
    let how = &ended["ended"];
    assert!(
        how["late_by_seconds"].as_i64().is_some_and(|late| late <= 10),
        "{ended}"
    );
    assert!(how["residual_until"].is_string(), "{ended}");

    let steps = [
        "submitted",
        "voted",
        "approved",
        "activating",
        "active",
        "ending",
        "ended",
    ];
    let events = bastion.events(Some(&id)).await;
    let seen: Vec<&str> = events
        .iter()
        .filter_map(|event| event.strip_prefix("request."))
        .collect();
    assert_eq!(seen, steps, "{events:?}");
    let all = bastion.events(None).await;
    for step in [
        "grant.intent",
        "grant.accepted",
        "grant.confirmed",
        "grant.removed",
        "refused",
        "policy.applied",
    ] {
        assert!(all.iter().any(|event| event == step), "no {step}: {all:?}");
    }
}
