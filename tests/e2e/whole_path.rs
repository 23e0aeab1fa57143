//! From a request to the assignment and back out, as alice and bob.

use crate::world::{World, id};
use std::time::Duration;

#[tokio::test]
async fn the_whole_path_through_the_simulator() {
    let Some(world) = World::start("the whole path through the simulator", "").await else {
        return;
    };
    let bastion = &world.bastion;

    let asked = [
        "request",
        "prod",
        "Admin",
        "--for",
        "4s",
        "--reason",
        "the queue is stuck, INC-4711",
    ];
    let filed = bastion.json("alice", &asked).await.json();
    assert_eq!(filed["state"], "pending", "{filed}");
    assert_eq!(filed["waiting_for"]["what"], "approval");
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
    assert!(
        world.aws.calls("CreateAccountAssignment").await.is_empty(),
        "nothing before the approval"
    );

    let queue = bastion.json("bob", &["ls", "--queue"]).await.json();
    assert_eq!(queue["items"][0]["id"], filed["id"], "{queue}");
    bastion.approve(&id[id.len() - 6..]).await;
    world.wait_for_assignment(true, Duration::from_secs(10)).await;
    let active = bastion.wait_for(&id, "active", "10s").await;
    assert!(active["end_at"].is_string(), "{active}");

    world.wait_for_assignment(false, Duration::from_secs(15)).await;
    let ended = bastion.wait_for(&id, "ended", "10s").await;
    assert!(
        ended["ended"]["late_by_seconds"]
            .as_i64()
            .is_some_and(|late| late <= 10),
        "{ended}"
    );
    assert!(ended["ended"]["residual_until"].is_string(), "{ended}");
    assert_eq!(world.aws.calls("CreateAccountAssignment").await.len(), 1);
    assert_eq!(world.aws.calls("DeleteAccountAssignment").await.len(), 1);

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
    for step in [
        "grant.intent",
        "grant.accepted",
        "grant.confirmed",
        "grant.removed",
        "refused",
    ] {
        assert!(
            bastion.events(None).await.iter().any(|event| event == step),
            "no {step}"
        );
    }
    world.all_is_clean().await;
}
