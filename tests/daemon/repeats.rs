//! The same thing twice: duplicates, idempotency keys, dry runs, access that is there already.

use crate::support::*;
use reqwest::Method;
use serde_json::{Value, json};
use teamd_engine::Refused;
use teamd_store::WriteLane;

async fn keyed(world: &World, who: &str, key: &str, path: &str, body: Value) -> Answer {
    let request = world
        .as_(who)
        .request(Method::POST, path)
        .header("idempotency-key", key);
    Answer::of(request.body(body.to_string())).await
}

async fn count(world: &World) -> usize {
    items(&world.as_("hugo").get("/v1/requests").await.is(200)).len()
}

#[tokio::test]
async fn the_same_ask_twice_is_a_duplicate_while_it_is_pending() {
    let world = World::new().await;
    let id = world.pending().await;
    let problem = world
        .as_("alice")
        .post("/v1/requests", ask(LEDGER, ADMIN, 3600))
        .await
        .refused(409, "duplicate");
    let short = &id[id.len() - 6..];
    assert!(
        problem["detail"].as_str().unwrap_or_default().contains(short),
        "{problem}"
    );
    let reworded = with(
        ask(LEDGER, ADMIN, 3600),
        json!({"justification": "The same in other words"}),
    );
    world
        .as_("alice")
        .post("/v1/requests", reworded)
        .await
        .refused(409, "duplicate");
    // Longer, elsewhere, at another time, or by somebody else: another ask.
    world.submit("alice", ask(LEDGER, ADMIN, 3601)).await;
    world.submit("alice", ask(WEB, ADMIN, 3600)).await;
    world
        .submit(
            "alice",
            with(ask(LEDGER, ADMIN, 3600), json!({"start_at": in_seconds(3600)})),
        )
        .await;
    world.submit("dave", ask(LEDGER, ADMIN, 3600)).await;
    world.act("alice", &id, "cancel").await.is(200);
    world.submit("alice", ask(LEDGER, ADMIN, 3600)).await;
}

#[tokio::test]
async fn a_key_is_answered_again_and_not_done_again() {
    let world = World::new().await;
    let body = ask(LEDGER, ADMIN, 3600);
    let first = keyed(&world, "alice", "k-1", "/v1/requests", body.clone()).await;
    let id = id_of(&first.is(201));
    let again = keyed(&world, "alice", "k-1", "/v1/requests", body.clone()).await;
    assert_eq!((again.status, &again.text), (201, &first.text));
    assert_eq!(count(&world).await, 1);
    keyed(&world, "alice", "k-1", "/v1/requests", ask(LEDGER, ADMIN, 3601))
        .await
        .refused(409, "duplicate");
    let cancel = format!("/v1/requests/{id}/cancel");
    keyed(&world, "alice", "k-1", &cancel, json!({}))
        .await
        .refused(409, "duplicate");
    // A key is each caller's own.
    keyed(&world, "dave", "k-1", "/v1/requests", body).await.is(201);
    assert_eq!(count(&world).await, 2);

    let done = keyed(&world, "alice", "k-2", &cancel, json!({})).await.is(200);
    assert_eq!(done["state"], "cancelled");
    assert_eq!(
        keyed(&world, "alice", "k-2", &cancel, json!({})).await.is(200),
        done
    );
    keyed(&world, "alice", "k-3", &cancel, json!({}))
        .await
        .refused(409, "already_decided");
    // What was refused is tried again.
    keyed(&world, "alice", "k-3", "/v1/requests", ask(LEDGER, ADMIN, 3600))
        .await
        .is(201);
}

#[tokio::test]
async fn one_key_at_once_is_one_request() {
    let world = World::new().await;
    let calls = (0..8).map(|_| {
        keyed(
            &world,
            "alice",
            "together",
            "/v1/requests",
            ask(DEV_WEB, ADMIN, 600),
        )
    });
    let answers = futures::future::join_all(calls).await;
    for answer in &answers {
        assert_eq!((answer.status, &answer.text), (201, &answers[0].text));
    }
    assert_eq!(count(&world).await, 1);
}

#[tokio::test]
async fn a_key_is_1_to_200_visible_characters() {
    let world = World::new().await;
    for key in ["", &"k".repeat(201)] {
        keyed(&world, "alice", key, "/v1/requests", ask(LEDGER, ADMIN, 3600))
            .await
            .refused(422, "invalid");
    }
    keyed(
        &world,
        "alice",
        &"k".repeat(200),
        "/v1/requests",
        ask(LEDGER, ADMIN, 3600),
    )
    .await
    .is(201);
}

#[tokio::test]
async fn a_dry_run_files_nothing() {
    let world = World::new().await;
    let dry = |body: Value| with(body, json!({"dry_run": true}));
    let alice = world.as_("alice");
    let before = world.as_("hugo").get("/v1/audit").await.is(200);
    let would = alice
        .post("/v1/requests", dry(ask(LEDGER, ADMIN, 3600)))
        .await
        .is(200);
    assert_eq!(
        (&would["rule"], &would["approval"]["required"]),
        (&json!("oncall-prod"), &json!(true))
    );
    alice
        .get(&format!("/v1/requests/{}", id_of(&would)))
        .await
        .refused(404, "not_found");
    assert_eq!(count(&world).await, 0);
    assert_eq!(world.as_("hugo").get("/v1/audit").await.is(200), before);
    // It is judged as the real one.
    alice
        .post("/v1/requests", dry(ask(LEDGER, ADMIN, 999_999)))
        .await
        .refused(403, "over_cap");
    alice
        .post("/v1/requests", dry(ask(LEDGER, ADMIN, 0)))
        .await
        .refused(422, "invalid");
    assert!(!world.is_assigned("alice", "prod-ledger", ADMIN));
    // What nobody need approve would not wait for anybody.
    let would = alice
        .post("/v1/requests", dry(ask(DEV_WEB, ADMIN, 600)))
        .await
        .is(200);
    assert_eq!(
        (&would["state"], &would["approval"]["required"]),
        (&json!("activating"), &json!(false))
    );
    assert_eq!(count(&world).await, 0);
}

#[tokio::test]
async fn standing_access_is_refused_and_left_alone_d7() {
    let world = World::new().await;
    assert!(world.is_assigned("frank", "sandbox-ben", POWER));
    world
        .as_("frank")
        .post("/v1/requests", ask(SANDBOX_BEN, POWER, 600))
        .await
        .refused(409, "standing_access");
    // It appears between approval and create: the request fails, the assignment stays.
    let id = id_of(
        &world
            .submit(
                "alice",
                with(ask(LEDGER, ADMIN, 600), json!({"start_at": in_seconds(2)})),
            )
            .await,
    );
    world.act("bob", &id, "approve").await.is(200);
    world.aws(|aws, now| {
        let key = aws.user_key("alice", "prod-ledger", ADMIN).expect("a key");
        aws.put_assignment(&key, now);
    });
    let failed = world.reach(&id, "failed").await;
    assert_eq!(failed["ended"]["reason"], "standing_access");
    for (user, account, set) in [("frank", "sandbox-ben", POWER), ("alice", "prod-ledger", ADMIN)] {
        assert!(world.is_assigned(user, account, set), "{user}");
    }
}

#[tokio::test]
async fn access_through_a_group_is_allowed_and_named() {
    let world = World::new().await;
    let request = world.submit("alice", ask(DEV_WEB, POWER, 600)).await;
    assert_eq!(request["also_held_through"], json!(["developers"]));
    let id = id_of(&request);
    world.reach(&id, "active").await;
    world.act("alice", &id, "done").await.is(200);
    let ended = world.reach(&id, "ended").await;
    assert_eq!(ended["also_held_through"], json!(["developers"]));
    assert!(!world.is_assigned("alice", "dev-web", POWER));
    let other = world.submit("alice", ask(DEV_WEB, ADMIN, 600)).await;
    assert_eq!(other["also_held_through"], json!([]));
}

#[tokio::test]
async fn a_ticket_is_a_link_where_policy_says_where_it_is_read() {
    let url = "[settings]\nticket_url = \"https://tickets.example.com/browse/{ticket}\"";
    let world = Setup::new()
        .policy(POLICY.replace("[settings]", url))
        .start()
        .await;
    let link = async |ticket: &str, seconds: i64| {
        let body = with(ask(LEDGER, ADMIN, seconds), json!({"ticket": ticket}));
        world.submit("alice", body).await["ticket_link"].clone()
    };
    assert_eq!(
        link("INC-7", 600).await,
        "https://tickets.example.com/browse/INC-7"
    );
    // Whatever would lead elsewhere is written as its bytes.
    assert_eq!(
        link("../?x=1#y", 601).await,
        "https://tickets.example.com/browse/..%2F%3Fx%3D1%23y"
    );
}

#[tokio::test]
async fn reasons_and_tickets_are_what_policy_asks_for() {
    let world = World::new().await;
    for (set, fields, wrong) in [
        (ADMIN, json!({"justification": ""}), "justification"),
        (ADMIN, json!({"justification": "too short"}), "justification"),
        (ADMIN, json!({"justification": "  padded  "}), "justification"),
        (
            ADMIN,
            json!({"justification": "BECAUSE  i need it"}),
            "justification",
        ),
        (
            ADMIN,
            json!({"justification": "          \u{3000}"}),
            "justification",
        ),
        (ADMIN, json!({"justification": "x".repeat(1025)}), "justification"),
        (ADMIN, json!({"ticket": " "}), "ticket"),
        ("IncidentResponse", json!({}), "ticket"),
        ("IncidentResponse", json!({"ticket": "see INC-1"}), "ticket"),
        ("IncidentResponse", json!({"ticket": "CHG-1"}), "ticket"),
    ] {
        let answer = world
            .as_("alice")
            .post("/v1/requests", with(ask(LEDGER, set, 600), fields))
            .await;
        answer.refuses_fields(&[wrong]);
    }
    world
        .submit(
            "alice",
            with(
                ask(LEDGER, "IncidentResponse", 600),
                json!({"ticket": "INC-4711"}),
            ),
        )
        .await;
    let batch = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    let request = world
        .submit("alice", with(ask(LEDGER, ADMIN, 600), json!({"batch_id": batch})))
        .await;
    assert_eq!(request["batch_id"], batch);
    let reason = "é".repeat(1024);
    let request = world
        .submit(
            "alice",
            with(ask(WEB, ADMIN, 600), json!({"justification": reason})),
        )
        .await;
    assert_eq!(request["justification"], reason);
}

/// What a crash leaves between the filing, which is durable together with its key, and the answer.
async fn cut_off(world: &World, key: &'static str, filed: &str) {
    let (who, body) = (world.user_id("alice"), format!("{}{filed}", teamd_engine::FILED));
    let cut = world.engine().store().write(WriteLane::Normal, move |tx| {
        let mut known = tx.remembered(&who, key, now())?.expect("it is remembered");
        known.body = body;
        Ok::<_, Refused>(tx.remember(&who, key, &known)?)
    });
    cut.await.expect("the store");
}

#[tokio::test]
async fn an_extension_whose_answer_was_cut_off_is_answered_and_not_filed_again() {
    let world = World::new().await;
    let live = id_of(&world.submit("alice", ask(DEV_WEB, ADMIN, 600)).await);
    world.reach(&live, "active").await;
    let path = format!("/v1/requests/{live}/extend");
    let body = json!({ "duration_seconds": 600, "reason": "the migration takes longer" });
    let first = keyed(&world, "alice", "more", &path, body.clone()).await.is(201);
    cut_off(&world, "more", &id_of(&first)).await;
    let again = keyed(&world, "alice", "more", &path, body.clone()).await.is(201);
    assert_eq!(again["id"], first["id"]);
    // With another key it is another call.
    keyed(&world, "alice", "more of it", &path, body)
        .await
        .refused(409, "duplicate");
}

#[tokio::test]
async fn a_submission_whose_answer_was_cut_off_is_answered_and_not_filed_again() {
    let world = World::new().await;
    let send = async || {
        let request = world
            .as_("alice")
            .request(reqwest::Method::POST, "/v1/requests")
            .header("idempotency-key", "cut-off");
        Answer::of(request.body(ask(DEV_WEB, ADMIN, 600).to_string())).await
    };
    let first = id_of(&send().await.is(201));
    cut_off(&world, "cut-off", &first).await;
    for _ in 0..2 {
        assert_eq!(id_of(&send().await.is(201)), first);
    }
    let all = world.as_("alice").get("/v1/requests").await.is(200);
    assert_eq!(items(&all).len(), 1);
}

#[tokio::test]
async fn until_the_same_time_is_the_same_ask_whenever_it_is_asked() {
    let world = World::new().await;
    let until = |end: &str, more: Value| {
        let mut body = with(ask(LEDGER, ADMIN, 1), json!({ "end_at": end }));
        body.as_object_mut().expect("a body").remove("duration_seconds");
        with(body, more)
    };
    let (end, later) = (in_seconds(3600), in_seconds(7200));
    world.submit("alice", until(&end, json!({}))).await;
    let again = world
        .as_("alice")
        .post("/v1/requests", until(&end, json!({})))
        .await;
    again.refused(409, "duplicate");
    world.submit("alice", until(&later, json!({}))).await;
    let from_later = json!({ "start_at": in_seconds(1800) });
    world.submit("alice", until(&end, from_later)).await;
}

#[tokio::test]
async fn ones_own_list_has_nobody_elses() {
    let world = World::new().await;
    let id = world.pending().await;
    let list = async |query: &str| {
        let page = world
            .as_("bob")
            .get(&format!("/v1/requests?{query}"))
            .await
            .is(200);
        items(&page).iter().map(id_of).collect::<Vec<_>>()
    };
    assert_eq!(list("user=alice").await, [id]);
    assert!(list("scope=mine&user=alice").await.is_empty());
}
