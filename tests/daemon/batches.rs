//! Several targets at once: all of them, or none.

use crate::support::*;
use serde_json::{Value, json};

async fn file(world: &World, who: &str, requests: Value) -> Answer {
    world
        .as_(who)
        .post("/v1/batches", json!({"requests": requests}))
        .await
}

#[tokio::test]
async fn a_batch_is_filed_as_one_and_found_by_its_id() {
    let world = World::new().await;
    let filed = file(
        &world,
        "alice",
        json!([ask(LEDGER, ADMIN, 3600), ask(WEB, ADMIN, 3600)]),
    )
    .await
    .is(201);
    let ids: Vec<String> = items(&filed).iter().map(id_of).collect();
    let batch = items(&filed)[0]["batch_id"].as_str().expect("a batch").to_owned();
    assert_eq!(items(&filed)[1]["batch_id"], batch.as_str());
    let page = world
        .as_("bob")
        .get(&format!("/v1/requests?batch={batch}"))
        .await
        .is(200);
    let mut found: Vec<String> = items(&page).iter().map(id_of).collect();
    found.sort();
    let mut expected = ids.clone();
    expected.sort();
    assert_eq!(found, expected);
    // Each is decided on by itself.
    world.act("bob", &ids[0], "approve").await.is(200);
    world.act("carol", &ids[1], "reject").await.is(200);
}

#[tokio::test]
async fn one_refusal_files_nothing_and_names_the_account() {
    let world = World::new().await;
    let refused = file(
        &world,
        "alice",
        json!([ask(LEDGER, ADMIN, 3600), ask(BILLING, ADMIN, 3600)]),
    )
    .await;
    let problem = refused.refused(403, "not_eligible");
    assert!(
        problem["detail"]
            .as_str()
            .is_some_and(|text| text.starts_with(BILLING)),
        "{problem:#}"
    );
    // Also where only the store can see it: the same twice.
    let refused = file(
        &world,
        "alice",
        json!([ask(LEDGER, ADMIN, 3600), ask(LEDGER, ADMIN, 3600)]),
    )
    .await;
    refused.refused(409, "duplicate");
    let mine = world.as_("alice").get("/v1/requests?scope=mine").await.is(200);
    assert!(items(&mine).is_empty(), "{mine:#}");
    file(&world, "alice", json!([]))
        .await
        .refuses_fields(&["requests"]);
}

#[tokio::test]
async fn nobody_adds_to_anothers_batch_or_to_one_that_is_being_decided() {
    let world = World::new().await;
    let filed = file(
        &world,
        "alice",
        json!([ask(LEDGER, ADMIN, 3600), ask(WEB, ADMIN, 3600)]),
    )
    .await;
    let filed = filed.is(201);
    let batch = items(&filed)[0]["batch_id"].clone();
    let of_batch = |seconds: i64| with(ask(LEDGER, ADMIN, seconds), json!({ "batch_id": batch }));
    let add = async |who: &str, seconds: i64| world.as_(who).post("/v1/requests", of_batch(seconds)).await;
    // Bob sees it, and would have what he asks for approved along with it.
    for who in ["bob", "dave"] {
        add(who, 1800).await.refuses_fields(&["batch_id"]);
    }
    add("alice", 1800).await.is(201);
    world
        .act("carol", &id_of(&items(&filed)[0]), "approve")
        .await
        .is(200);
    add("alice", 900).await.refuses_fields(&["batch_id"]);
}

#[tokio::test]
async fn a_batch_counts_for_the_limit_of_what_waits() {
    let world = Setup::new()
        .config(|c| c.limits.pending_per_user = 1)
        .start()
        .await;
    let refused = file(
        &world,
        "alice",
        json!([ask(LEDGER, ADMIN, 3600), ask(WEB, ADMIN, 3600)]),
    )
    .await;
    refused.refused(429, "limit_reached");
    let mine = world.as_("alice").get("/v1/requests?scope=mine").await.is(200);
    assert!(items(&mine).is_empty());
}

#[tokio::test]
async fn a_batch_sent_again_is_answered_again() {
    let world = World::new().await;
    let body = json!({"requests": [ask(LEDGER, ADMIN, 3600), ask(WEB, ADMIN, 3600)]}).to_string();
    let mut answers = Vec::new();
    for _ in 0..2 {
        let request = world
            .as_("alice")
            .request(reqwest::Method::POST, "/v1/batches")
            .header("content-type", "application/json")
            .header("idempotency-key", "the same")
            .body(body.clone());
        answers.push(Answer::of(request).await.is(201));
    }
    let ids = |page: &Value| items(page).iter().map(id_of).collect::<Vec<_>>();
    assert_eq!(ids(&answers[0]), ids(&answers[1]));
    let mine = world.as_("alice").get("/v1/requests?scope=mine").await.is(200);
    assert_eq!(items(&mine).len(), 2);
}
