//! Who meddles with the trail is found out, and that is told.

use crate::audit::rows;
use crate::support::*;
use serde_json::{Value, json};

#[tokio::test]
async fn a_tampered_trail_is_reported() {
    // What somebody with the file can do, and what the check says.
    let tampers = [
        (
            "UPDATE audit SET body = CAST(replace(CAST(body AS TEXT), 'alice', 'mallo') AS BLOB) WHERE seq = 4",
            "DROP TRIGGER audit_update",
        ),
        ("DELETE FROM audit WHERE seq = 4", "DROP TRIGGER audit_delete"),
        (
            "UPDATE audit SET ts_ms = ts_ms + 1 WHERE seq = 3",
            "DROP TRIGGER audit_update",
        ),
        (
            "UPDATE audit_text SET text = 'Another reason altogether'",
            "DROP TRIGGER audit_text_update",
        ),
        (
            "DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)",
            "DROP TRIGGER audit_delete",
        ),
    ];
    for (tamper, first) in tampers {
        let mut world = World::new().await;
        let id = world.pending().await;
        world.act("alice", &id, "cancel").await.is(200);
        let check = world.as_("ivy").get("/v1/audit/verify").await.is(200);
        assert_eq!((&check["ok"], &check["fault"]), (&json!(true), &Value::Null));
        assert_eq!(
            check["rows"].as_u64(),
            Some(rows(&world, "hugo").await.len() as u64)
        );
        assert_eq!(
            check["head"],
            rows(&world, "hugo").await.last().expect("a row")["hash"]
        );
        world.stop().await;
        let file = rusqlite::Connection::open(world.database()).expect("the database");
        let meddle = format!("PRAGMA foreign_keys = OFF; {first}; {tamper};");
        file.execute_batch(&meddle)
            .unwrap_or_else(|error| panic!("{meddle}: {error}"));
        drop(file);
        let check = teamd_store::verify_file(&world.database()).expect("a database");
        assert!(check.fault.is_some(), "{tamper}");
        world.run().await;
        let check = world.as_("ivy").get("/v1/audit/verify").await.is(200);
        assert_eq!(check["ok"], false, "{tamper}: {check}");
        assert!(
            check["fault"].as_str().is_some_and(|fault| !fault.is_empty()),
            "{tamper}: {check}"
        );
        let status = world.as_("ivy").get("/v1/status").await.is(200);
        assert_eq!(
            (&status["healthy"], &status["audit"]["ok"]),
            (&json!(false), &json!(false)),
            "{tamper}"
        );
    }
}

#[tokio::test]
async fn a_trail_that_does_not_verify_is_told_once() {
    let mut world = World::new().await;
    world.pending().await;
    world.stop().await;
    let file = rusqlite::Connection::open(world.database()).expect("the database");
    let meddle = "DROP TRIGGER audit_update; UPDATE audit SET ts_ms = ts_ms + 1 WHERE seq = 3;";
    file.execute_batch(meddle).expect("the meddling");
    drop(file);
    world.run().await;
    for _ in 0..2 {
        let check = world.as_("ivy").get("/v1/audit/verify").await.is(200);
        assert_eq!(check["ok"], false, "{check}");
    }
    let rows = rows(&world, "hugo").await;
    let told: Vec<&Value> = rows.iter().filter(|row| row["type"] == "audit.fault").collect();
    assert_eq!(told.len(), 1, "{rows:#?}");
    assert!(told[0]["data"]["why"].as_str().is_some_and(|why| !why.is_empty()));
}
