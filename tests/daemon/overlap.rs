//! Several requests on one key share one grant: it goes with the last of them.

use crate::support::*;
use serde_json::json;

#[tokio::test]
async fn overlapping_requests_share_one_grant_and_the_answer_says_who_keeps_it() {
    let world = World::new().await;
    let first = world.active().await;
    let other = id_of(&world.submit("alice", ask(LEDGER, ADMIN, 1800)).await);
    world.act("bob", &other, "approve").await.is(200);
    let held = world.reach(&other, "active").await;
    assert_eq!(world.writes(), (1, 0));
    let done = world.act("alice", &first, "done").await.is(200);
    assert_eq!(
        (&done["state"], &done["ended"]["still_held_by"]),
        (&json!("ended"), &held["id"])
    );
    assert_eq!(done["ended"]["still_held_until"], held["end_at"]);
    assert_eq!(world.show(&first).await["ended"], done["ended"]);
    assert!(world.is_assigned("alice", "prod-ledger", ADMIN));
    let revoked = world.act("gita", &other, "revoke").await.is(200);
    assert_eq!(revoked["state"], "ending");
    let revoked = world.reach(&other, "revoked").await;
    assert_eq!(revoked["ended"]["still_held_by"], serde_json::Value::Null);
    assert!(!world.is_assigned("alice", "prod-ledger", ADMIN));
    assert_eq!(world.writes(), (1, 1));
}

#[tokio::test]
async fn back_to_back_windows_share_one_grant_d6() {
    let world = World::new().await;
    let (start, middle, end) = (in_seconds(1), in_seconds(3), in_seconds(5));
    let mut ids = Vec::new();
    for (from, to) in [(&start, &middle), (&middle, &end)] {
        let window = json!({"duration_seconds": null, "start_at": from, "end_at": to});
        ids.push(id_of(
            &world
                .submit("liam", with(ask(DEV_WEB, READ_ONLY, 0), window))
                .await,
        ));
    }
    world.reach(&ids[0], "active").await;
    world.reach(&ids[1], "active").await;
    world.reach(&ids[0], "ended").await;
    assert!(world.is_assigned("liam", "dev-web", READ_ONLY));
    world.reach(&ids[1], "ended").await;
    assert!(!world.is_assigned("liam", "dev-web", READ_ONLY));
    assert_eq!(world.writes(), (1, 1));
}

#[tokio::test]
async fn the_end_of_one_never_cuts_another_d6() {
    let world = World::new().await;
    let short = id_of(&world.submit("liam", ask(DEV_WEB, READ_ONLY, 2)).await);
    let long = id_of(&world.submit("liam", ask(DEV_WEB, READ_ONLY, 60)).await);
    world.reach(&long, "active").await;
    let ended = world.reach(&short, "ended").await;
    assert_eq!(ended["ended"]["still_held_by"], json!(long));
    assert!(world.is_assigned("liam", "dev-web", READ_ONLY));
    assert_eq!(world.writes(), (1, 0));
}
