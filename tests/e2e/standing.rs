//! Access that teamd did not give.

use crate::world::{World, id};
use std::time::Duration;

#[tokio::test]
async fn standing_access_is_refused_and_never_touched() {
    let Some(world) = World::start("standing access", crate::world::QUICK).await else {
        return;
    };
    let bastion = &world.bastion;
    let ask = |account, set| {
        [
            "request",
            account,
            set,
            "--for",
            "3s",
            "--reason",
            "look at the old account",
        ]
    };

    let refused = bastion
        .json("alice", &ask("legacy", "Admin"))
        .await
        .problem(5, "standing_access");
    assert!(
        refused["detail"]
            .as_str()
            .is_some_and(|text| text.contains("standing")),
        "{refused}"
    );

    // Held through a group: allowed, and said.
    let filed = bastion.json("alice", &ask("shared", "ReadOnly")).await.json();
    assert_eq!(filed["also_held_through"][0], "viewers", "{filed}");
    let id = id(&filed);
    let sheet = bastion.run("bob", &["show", &id]).await.ok();
    assert!(sheet.out.contains("through group viewers"), "{sheet}");
    bastion.approve(&id).await;
    let ended = bastion.wait_for(&id, "ended", "15s").await;
    assert_eq!(ended["also_held_through"][0], "viewers", "{ended}");

    // Appears between the approval and the start: the request fails, and what somebody else gave stays.
    let windowed = [&ask("prod", "Admin")[..], &["--at", "+5s"]].concat();
    let filed = bastion.json("alice", &windowed).await.json();
    let id = self::id(&filed);
    bastion.approve(&id).await;
    world.aws.assign("alice", "prod", "Admin").await;
    let failed = bastion.wait_for(&id, "failed", "20s").await;
    assert_eq!(failed["ended"]["reason"], "standing_access", "{failed}");
    world.wait_for_assignment(true, Duration::from_secs(1)).await;

    for call in world.aws.calls("DeleteAccountAssignment").await {
        let key = call["key"].to_string();
        assert!(
            key.contains("444455556666"),
            "only what we made is deleted: {call}"
        );
    }
    world.bastion_stops_clean().await;
}

#[tokio::test]
async fn access_held_by_two_requests_goes_with_the_last() {
    let Some(world) = World::start("two requests for the same", crate::world::QUICK).await else {
        return;
    };
    let bastion = &world.bastion;
    let long = bastion.request("12s").await;
    bastion.approve(&long).await;
    bastion.wait_for(&long, "active", "10s").await;
    let short = bastion.request("3s").await;
    bastion.approve(&short).await;
    let ended = bastion.wait_for(&short, "ended", "15s").await;
    assert_eq!(ended["ended"]["still_held_by"], long.as_str(), "{ended}");
    world.wait_for_assignment(true, Duration::from_secs(1)).await;
    bastion.run("alice", &["done", &long]).await.ok();
    world.wait_for_assignment(false, Duration::from_secs(10)).await;
    bastion.wait_for(&long, "ended", "10s").await;
    assert_eq!(world.aws.calls("CreateAccountAssignment").await.len(), 1);
    world.all_is_clean().await;
}
