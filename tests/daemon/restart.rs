//! The same store opened again: nothing that was acknowledged is lost, and nothing needs AWS to be shown.

use crate::support::*;
use serde_json::{Value, json};

/// Everything that a person could read, as the auditor.
async fn everything(world: &World) -> Value {
    let hugo = world.as_("hugo");
    let mut all = json!({});
    for path in [
        "/v1/requests",
        "/v1/policy",
        "/v1/policy/history",
        "/v1/accounts",
        "/v1/people",
        "/v1/groups",
        "/v1/permission-sets",
    ] {
        all[path] = hugo.get(path).await.is(200);
    }
    all["entitlements"] = world.as_("alice").get("/v1/entitlements").await.is(200);
    all["me"] = world.as_("bob").get("/v1/me").await.is(200)["roles"].clone();
    all
}

/// Requests in many states.
async fn lived_in() -> World {
    let world = World::new().await;
    let cancelled = world.pending().await;
    world.act("alice", &cancelled, "cancel").await.is(200);
    let rejected = world.pending().await;
    world.act("bob", &rejected, "reject").await.is(200);
    let ended = world.active().await;
    world.act("alice", &ended, "done").await.is(200);
    world.reach(&ended, "ended").await;
    let voted = id_of(
        &world
            .submit(
                "alice",
                with(ask(LEDGER, DATABASE, 600), json!({"ticket": "INC-1"})),
            )
            .await,
    );
    world.act("bob", &voted, "approve").await.is(200);
    let scheduled = id_of(
        &world
            .submit(
                "dave",
                with(ask(WEB, ADMIN, 600), json!({"start_at": in_seconds(3600)})),
            )
            .await,
    );
    world.act("carol", &scheduled, "approve").await.is(200);
    world.active().await;
    world
}

#[tokio::test]
async fn everything_is_still_there_without_aws_d41() {
    let mut world = lived_in().await;
    for soft in [true, false] {
        let before = everything(&world).await;
        if soft {
            world.stop().await;
        } else {
            world.kill().await;
        }
        world.stop_aws().await;
        world.run().await;
        assert_eq!(everything(&world).await, before);
        // Decisions and submissions are taken on the copy.
        let request = world
            .submit("alice", ask(WEB, ADMIN, if soft { 601 } else { 602 }))
            .await;
        assert_eq!(request["state"], "pending");
        world.act("bob", &id_of(&request), "reject").await.is(200);
        assert_eq!(world.as_("ivy").get("/v1/audit/verify").await.is(200)["ok"], true);
    }
    let rows = world.as_("hugo").get("/v1/audit?limit=500").await.is(200);
    let kinds: Vec<_> = items(&rows)
        .iter()
        .filter_map(|row| row["type"].as_str())
        .collect();
    let count = |kind: &str| kinds.iter().filter(|k| **k == kind).count();
    assert_eq!((count("daemon.started"), count("daemon.stopped")), (3, 1));
}

#[tokio::test]
async fn what_was_due_meanwhile_is_done_at_once_d19() {
    let mut world = World::new().await;
    let ends = id_of(&world.submit("alice", ask(DEV_WEB, ADMIN, 2)).await);
    let active = world.reach(&ends, "active").await;
    let starts = id_of(
        &world
            .submit(
                "dave",
                with(ask(DEV_WEB, ADMIN, 600), json!({"start_at": in_seconds(1)})),
            )
            .await,
    );
    world.kill().await;
    soon("the end has passed", || now() > moment(&active["end_at"])).await;
    assert!(
        world.is_assigned("alice", "dev-web", ADMIN),
        "nobody was there to take it away"
    );
    world.run().await;
    let ended = world.reach(&ends, "ended").await;
    assert!(
        ended["ended"]["late_by_seconds"]
            .as_i64()
            .is_some_and(|late| late < 20),
        "{ended}"
    );
    assert!(!world.is_assigned("alice", "dev-web", ADMIN));
    world.reach(&starts, "active").await;
    assert!(world.is_assigned("dave", "dev-web", ADMIN));
}

#[tokio::test]
async fn a_key_is_remembered_across_a_restart() {
    let mut world = World::new().await;
    let send = async |world: &World| {
        let request = world
            .as_("alice")
            .request(reqwest::Method::POST, "/v1/requests")
            .header("idempotency-key", "once");
        Answer::of(request.body(ask(LEDGER, ADMIN, 3600).to_string())).await
    };
    let first = send(&world).await.is(201);
    world.kill().await;
    world.run().await;
    assert_eq!(send(&world).await.is(201), first);
}

#[tokio::test]
async fn the_socket_of_a_daemon_that_was_killed_is_taken_over_and_a_live_one_is_not() {
    let mut world = World::new().await;
    let socket = world.socket();
    assert!(socket.exists());
    let taken = teamd_api::bind(&socket, 0o600, None).map(drop);
    assert_eq!(
        taken.map_err(|error| error.kind()),
        Err(std::io::ErrorKind::AddrInUse)
    );
    world.kill().await;
    world.run().await;
    world.as_("alice").get("/v1/me").await.is(200);
    // Anything else at the path is left alone.
    let file = socket.with_file_name("precious");
    std::fs::write(&file, "text").expect("a file");
    let refused = teamd_api::bind(&file, 0o600, None).map(drop);
    assert_eq!(
        refused.map_err(|error| error.kind()),
        Err(std::io::ErrorKind::AlreadyExists)
    );
    assert_eq!(std::fs::read_to_string(&file).expect("the file"), "text");
}

#[tokio::test]
async fn status_says_how_it_is() {
    let mut world = World::new().await;
    let id = world.active().await;
    let full = world.as_("ivy").get("/v1/status").await.is(200);
    assert_eq!((&full["healthy"], &full["problems"]), (&json!(true), &json!([])));
    assert_eq!(
        (
            &full["active"],
            &full["requests"]["active"],
            &full["grants"]["present"]
        ),
        (&json!(1), &json!(1), &json!(1))
    );
    assert_eq!(
        (&full["directory"]["accounts"], &full["directory"]["people"]),
        (&json!(19), &json!(13))
    );
    assert_eq!(full["policy_version"], 1);
    for (who, active) in [("alice", 1), ("bob", 1), ("erin", 0), ("stranger", 0)] {
        let short = world.as_(who).get("/v1/status?short=true").await.is(200);
        assert_eq!(
            (&short["healthy"], &short["active"]),
            (&json!(true), &json!(active)),
            "{who}"
        );
        assert_eq!(short.as_object().map(|o| o.len()), Some(7), "{who}: {short}");
    }
    // Without AWS it answers as fast, and says so once it matters.
    world.stop_aws().await;
    world.act("alice", &id, "done").await.is(200);
    let begun = std::time::Instant::now();
    let status = world.as_("ivy").get("/v1/status").await.is(200);
    assert!(begun.elapsed().as_secs() < 2);
    assert_eq!(status["requests"]["ending"], 1);
    assert_eq!(world.show(&id).await["waiting_for"]["what"], "aws");
}
