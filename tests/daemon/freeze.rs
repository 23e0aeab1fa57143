//! The emergency stop.

use crate::support::*;
use chrono::TimeDelta;
use serde_json::{Value, json};

async fn freeze(world: &World, who: &str, revoke: bool) -> Answer {
    let body = json!({"reason": "the key of a laptop is out", "revoke": revoke});
    world.as_(who).post("/v1/freeze", body).await
}

async fn unfreeze(world: &World, who: &str) -> Answer {
    world.as_(who).post("/v1/unfreeze", json!({})).await
}

#[tokio::test]
async fn nothing_new_is_granted_and_taking_back_goes_on() {
    let world = World::new().await;
    let live = world.active().await;
    let waiting = id_of(&world.submit("alice", ask(WEB, ADMIN, 3600)).await);
    let unwanted = id_of(&world.submit("dave", ask(WEB, ADMIN, 3600)).await);
    let frozen = freeze(&world, "ivy", false).await.is(200);
    assert_eq!(frozen["frozen"]["by"], "ivy");
    assert_eq!(frozen["ended"], 0);
    // Everybody reads it.
    let me = world.as_("kim").get("/v1/me").await.is(200);
    let notices: Vec<_> = me["notices"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(
        notices
            .iter()
            .any(|line| line.contains("frozen by ivy") && line.contains("laptop")),
        "{notices:?}"
    );
    // It is somebody's will, not a fault.
    let status = world.as_("kim").get("/v1/status?short=true").await.is(200);
    assert_eq!(status["healthy"], true, "{status:#}");
    assert!(
        status["notices"].to_string().contains("frozen by ivy"),
        "{status:#}"
    );
    let refused = world
        .as_("alice")
        .post("/v1/requests", ask(LEDGER, POWER, 600))
        .await;
    let refused = refused.refused(403, "frozen");
    assert!(
        refused["detail"]
            .as_str()
            .is_some_and(|text| text.contains("laptop"))
    );
    world.act("bob", &waiting, "approve").await.refused(403, "frozen");
    let more = json!({"duration_seconds": 600, "reason": "it takes longer than I thought"});
    let extended = world
        .as_("alice")
        .post(&format!("/v1/requests/{live}/extend"), more)
        .await;
    extended.refused(403, "frozen");
    // Where nobody has to approve, too.
    let free = world
        .as_("kim")
        .post("/v1/requests", ask(DEV_WEB, READ_ONLY, 600))
        .await;
    free.refused(403, "frozen");
    world.act("bob", &unwanted, "reject").await.is(200);
    world.act("alice", &live, "done").await.is(200);
    world.reach(&live, "ended").await;
    assert!(!world.is_assigned("alice", LEDGER, ADMIN));
    unfreeze(&world, "ivy").await.refused(403, "not_allowed");
    unfreeze(&world, "gita").await.is(200);
    unfreeze(&world, "gita").await.refused(409, "already_decided");
    world.act("bob", &waiting, "approve").await.is(200);
    world.reach(&waiting, "active").await;
}

#[tokio::test]
async fn security_and_administrators_freeze_and_nobody_else() {
    let world = World::new().await;
    for who in ["alice", "bob", "hugo", "liam"] {
        freeze(&world, who, false).await.refused(403, "not_allowed");
    }
    freeze(&world, "stranger", false)
        .await
        .refused(403, "unknown_identity");
    world
        .as_("gita")
        .post("/v1/freeze", json!({}))
        .await
        .refuses_fields(&["reason"]);
    freeze(&world, "gita", false).await.is(200);
    if let Some(operator) = world.as_operator() {
        operator.post("/v1/unfreeze", json!({})).await.is(200);
        operator
            .post("/v1/freeze", json!({"reason": "a drill"}))
            .await
            .is(200);
    }
}

#[tokio::test]
async fn with_revoke_all_that_is_live_ends() {
    let world = World::new().await;
    let alices = world.active().await;
    let kims = id_of(&world.submit("kim", ask(DEV_WEB, READ_ONLY, 3600)).await);
    world.reach(&kims, "active").await;
    let frozen = freeze(&world, "ivy", true).await.is(200);
    assert_eq!(frozen["ended"], 2);
    for id in [&alices, &kims] {
        let over = world.reach(id, "revoked").await;
        assert_eq!(over["ended"]["reason"], "revoked");
    }
    assert!(!world.is_assigned("alice", LEDGER, ADMIN) && !world.is_assigned("kim", DEV_WEB, READ_ONLY));
}

#[tokio::test]
async fn it_outlives_a_restart_and_starts_wait_until_it_is_lifted() {
    let mut world = World::new().await;
    let soon = with(ask(LEDGER, ADMIN, 7200), json!({"start_at": in_seconds(600)}));
    let open = id_of(&world.submit("alice", soon).await);
    let short = with(ask(WEB, ADMIN, 900), json!({"start_at": in_seconds(600)}));
    let missed = id_of(&world.submit("alice", short).await);
    for id in [&open, &missed] {
        world.act("bob", id, "approve").await.is(200);
    }
    freeze(&world, "gita", false).await.is(200);
    world.stop().await;
    world.run().await;
    world.clock.shift(TimeDelta::minutes(30));
    // Its window is over while it waits.
    world.reach(&missed, "withdrawn").await;
    assert_eq!(world.show(&open).await["state"], "scheduled");
    assert!(!world.is_assigned("alice", LEDGER, ADMIN));
    unfreeze(&world, "gita").await.is(200);
    world.reach(&open, "active").await;
}

#[tokio::test]
async fn both_ends_of_it_are_in_the_trail() {
    let world = World::new().await;
    freeze(&world, "ivy", true).await.is(200);
    unfreeze(&world, "gita").await.is(200);
    let page = world.as_("hugo").get("/v1/audit?limit=500").await.is(200);
    let of = |kind: &str| {
        let mut rows = items(&page).iter();
        rows.find(|row| row["type"] == kind)
            .unwrap_or_else(|| panic!("no {kind}: {page:#}"))
            .clone()
    };
    let (on, off) = (of("freeze.on"), of("freeze.off"));
    assert_eq!(on["actor"]["user_name"], "ivy");
    assert_eq!(on["data"]["revoke"], true);
    assert_eq!(on["data"]["reason"], "the key of a laptop is out");
    assert_eq!(off["actor"]["user_name"], "gita");
}

/// A restart on the database of `from`, without what SQLite keeps beside it.
async fn run_on(world: &mut World, from: &std::path::Path) {
    let database = world.database();
    for ending in ["-wal", "-shm"] {
        let mut beside = database.clone().into_os_string();
        beside.push(ending);
        drop(std::fs::remove_file(beside));
    }
    std::fs::copy(from, &database).expect("the database is put back");
    world.run().await;
}

async fn refused_as_frozen(world: &World) {
    let answer = world
        .as_("alice")
        .post("/v1/requests", ask(WEB, ADMIN, 600))
        .await;
    answer.refused(403, "frozen");
}

/// A copy of the database of a daemon that does not run.
fn backup(world: &World) -> std::path::PathBuf {
    let copy = world.folder().join("backup.db");
    let database = rusqlite::Connection::open(world.database()).expect("the database");
    // Also what is still in its log.
    database
        .execute("VACUUM INTO ?1", [copy.to_string_lossy()])
        .expect("a backup");
    copy
}

#[tokio::test]
async fn a_database_put_back_from_before_does_not_lift_it() {
    let mut world = World::new().await;
    world.stop().await;
    let before = backup(&world);
    world.run().await;
    freeze(&world, "gita", false).await.is(200);
    world.stop().await;
    run_on(&mut world, &before).await;
    refused_as_frozen(&world).await;
    let status = world.as_("ivy").get("/v1/status").await.is(200);
    assert!(
        status.to_string().contains("the key of a laptop is out"),
        "{status:#}"
    );
    unfreeze(&world, "gita").await.is(200);
    world.stop().await;
    world.run().await;
    world.submit("alice", ask(WEB, ADMIN, 600)).await;
}

#[tokio::test]
async fn said_while_the_database_is_damaged_it_outlives_the_restart_on_a_good_one() {
    let mut world = World::new().await;
    world.stop().await;
    let before = backup(&world);
    std::fs::write(world.database(), b"not a database at all".repeat(500)).expect("damage");
    world.run().await;
    // Without a database nobody has a role; the operator has.
    let Some(operator) = world.as_operator() else {
        return;
    };
    let reason = json!({"reason": "the key of a laptop is out"});
    operator.post("/v1/freeze", reason.clone()).await.is(200);
    world.stop().await;
    run_on(&mut world, &before).await;
    refused_as_frozen(&world).await;
    let page = world.as_("hugo").get("/v1/audit?limit=500").await.is(200);
    let mut rows = items(&page).iter();
    assert!(
        rows.any(|row| row["type"] == "freeze.on" && row["data"]["from"] == "frozen.json"),
        "{page:#}"
    );
}

#[tokio::test]
async fn where_neither_database_nor_disk_takes_it_the_answer_says_so() {
    let mut world = World::new().await;
    world.stop().await;
    std::fs::write(world.database(), b"not a database at all".repeat(500)).expect("damage");
    world.run().await;
    let Some(operator) = world.as_operator() else {
        return;
    };
    // A folder that is not empty, in the place of the file that is put beside it.
    std::fs::create_dir_all(world.folder().join("frozen.json.new/x")).expect("a folder");
    let answer = operator.post("/v1/freeze", json!({"reason": "a drill"})).await;
    let refused = answer.refused(503, "store_unavailable");
    assert!(refused.to_string().contains("until teamd restarts"), "{refused}");
}
