//! The limits on connections, over the real socket, for the uid that runs the tests.

use crate::support::*;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;

const PER_USER: u32 = 3;

/// Ordinary connections of the uid that runs the tests, and the reserved ones where it is root.
fn allowed() -> usize {
    let reserved = if nix::unistd::geteuid().is_root() { 8 } else { 0 };
    PER_USER as usize + reserved
}

async fn limited() -> World {
    let setup = Setup::new().config(|config| config.limits.connections_per_user = PER_USER);
    setup.start().await
}

/// As many connections as one may have, none of them with a whole request.
async fn occupy(world: &World) -> Vec<UnixStream> {
    let mut held = Vec::new();
    for _ in 0..allowed() {
        let mut stream = UnixStream::connect(world.socket()).await.expect("a connection");
        stream.write_all(b"GET /v1/me HT").await.expect("bytes are taken");
        held.push(stream);
    }
    held
}

async fn refusals(world: &World) -> Vec<Value> {
    let rows = world.as_("hugo").get("/v1/audit?limit=500").await.is(200);
    let rows = rows["items"].as_array().cloned().unwrap_or_default();
    let is_ours = |row: &Value| row["data"]["code"] == "too_many_connections";
    rows.into_iter().filter(is_ours).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn excess_connections_are_refused_and_counted() {
    let world = limited().await;
    let held = occupy(&world).await;
    // The client of the tests may have an idle connection, which is taken or replaced by one of the held ones.
    let mut refused = 0;
    for _ in 0..5 {
        let fresh = reqwest::Client::builder().unix_socket(world.socket());
        let fresh = fresh.build().expect("a client");
        let answer = Answer::of(fresh.get("http://teamd/healthz")).await;
        if answer.status == 429 {
            answer.refused(429, "too_many_connections");
            refused += 1;
        }
    }
    assert!(refused >= 4, "{refused}");
    drop(held);
    soon_answers(&world).await;

    let status = world.as_("hugo").get("/v1/status").await.is(200);
    let connections = &status["connections"];
    let uid = nix::unistd::geteuid().as_raw();
    assert_eq!(connections["limit_per_user"], PER_USER, "{connections}");
    assert_eq!(connections["limit"], 1024, "{connections}");
    assert!(connections["refused"].as_u64() >= Some(refused), "{connections}");
    assert_eq!(connections["most_refused"]["uid"], uid, "{connections}");
    assert!(connections["open"].as_u64() >= Some(1), "{connections}");

    // One row for all of them.
    let deadline = std::time::Instant::now() + SOON;
    let rows = loop {
        let rows = refusals(&world).await;
        if !rows.is_empty() {
            break rows;
        }
        assert!(std::time::Instant::now() < deadline, "no row in the audit trail");
        pause().await;
    };
    assert_eq!(rows.len(), 1, "{rows:#?}");
    assert_eq!(rows[0]["actor"]["uid"], uid, "{rows:#?}");
    assert!(rows[0]["data"]["count"].as_u64() >= Some(refused), "{rows:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn reloaded_limits_apply_to_new_connections() {
    let world = limited().await;
    let _held = occupy(&world).await;
    let mut settings = (*world.engine().settings()).clone();
    settings.connections_per_user = 100;
    world.engine().reconfigure(settings);
    world.as_myself().get("/v1/status?short=true").await.is(200);
    let more = occupy(&world).await;
    assert_eq!(more.len(), allowed());
    world.as_myself().get("/v1/status?short=true").await.is(200);
}

/// Waits until the client of the tests gets a connection.
async fn soon_answers(world: &World) {
    let deadline = std::time::Instant::now() + SOON;
    while world.as_("hugo").get("/v1/me").await.status != 200 {
        assert!(
            std::time::Instant::now() < deadline,
            "the slots are not given back"
        );
        pause().await;
    }
}
