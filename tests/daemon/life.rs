//! A request from its submission to its end, in every way that it can go, with what AWS has meanwhile.

use crate::support::*;
use serde_json::{Value, json};

/// The types of a request's events, oldest first.
async fn events(world: &World, id: &str) -> Vec<String> {
    let page = world
        .as_("hugo")
        .get(&format!("/v1/requests/{id}/timeline"))
        .await
        .is(200);
    items(&page)
        .iter()
        .map(|event| event["type"].as_str().unwrap_or_default().to_owned())
        .collect()
}

/// Those of the request itself.
async fn story(world: &World, id: &str) -> Vec<String> {
    let events = events(world, id).await;
    events
        .iter()
        .filter_map(|kind| kind.strip_prefix("request."))
        .map(ToOwned::to_owned)
        .collect()
}

fn waits_for(request: &Value) -> &str {
    request["waiting_for"]["what"].as_str().unwrap_or("nothing")
}

#[tokio::test]
async fn from_submit_to_its_end() {
    let world = World::new().await;
    let request = world.submit("alice", ask(LEDGER, ADMIN, 2)).await;
    let id = id_of(&request);
    assert_eq!(request["state"], "pending");
    assert_eq!(
        (request["start_at"].clone(), request["end_at"].clone()),
        (Value::Null, Value::Null)
    );
    assert_eq!(waits_for(&request), "approval");
    assert_eq!(request["rule"], "oncall-prod");
    let demands = &request["approval"]["demands"];
    let approvers: Vec<_> = demands[0]["approvers"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|a| &a["user_name"])
        .collect();
    assert_eq!(approvers, ["bob", "carol"]);
    assert!(!world.is_assigned("alice", "prod-ledger", ADMIN));

    let comment = json!({"comment": "go ahead", "version": 1, "terms_digest": request["terms_digest"]});
    let approved = world
        .as_("bob")
        .post(&format!("/v1/requests/{id}/approve"), comment)
        .await
        .is(200);
    assert_eq!(
        approved["approval"]["demands"][0]["votes"][0]["comment"],
        "go ahead"
    );
    let active = world.reach(&id, "active").await;
    assert!(world.is_assigned("alice", "prod-ledger", ADMIN));
    let (start, end) = (moment(&active["start_at"]), moment(&active["end_at"]));
    assert_eq!(
        (end - start).num_seconds(),
        2,
        "the clock of a floating request starts when AWS confirms"
    );
    assert_eq!(
        (waits_for(&active), &active["grant"]["state"]),
        ("end", &json!("present"))
    );

    let ended = world.reach(&id, "ended").await;
    assert!(!world.is_assigned("alice", "prod-ledger", ADMIN));
    assert_eq!(ended["ended"]["reason"], "end");
    assert!(moment(&ended["ended"]["at"]) >= end);
    let residual = moment(&ended["ended"]["residual_until"]) - moment(&ended["ended"]["at"]);
    assert_eq!(
        residual.num_seconds(),
        3600,
        "a session of that permission set may live an hour"
    );
    assert_eq!(waits_for(&ended), "nothing");
    assert_eq!(
        story(&world, &id).await,
        [
            "submitted",
            "voted",
            "approved",
            "activating",
            "active",
            "ending",
            "ended"
        ]
    );
    let grants: Vec<_> = events(&world, &id)
        .await
        .into_iter()
        .filter(|e| e.starts_with("grant."))
        .collect();
    let calls = [
        "grant.intent",
        "grant.accepted",
        "grant.confirmed",
        "grant.intent",
        "grant.accepted",
        "grant.removed",
    ];
    assert_eq!(grants, calls);
}

#[tokio::test]
async fn where_nobody_need_approve_it_begins_at_once() {
    let world = World::new().await;
    let request = world.submit("alice", ask(DEV_WEB, ADMIN, 600)).await;
    assert_eq!(
        (&request["state"], &request["approval"]["required"]),
        (&json!("activating"), &json!(false))
    );
    let overseers: Vec<_> = request["overseers"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|p| &p["user_name"])
        .collect();
    assert_eq!(overseers, ["bob", "carol"]);
    let id = id_of(&request);
    world.reach(&id, "active").await;
    // Overseers may take it back.
    world.act("bob", &id, "revoke").await.is(200);
    let revoked = world.reach(&id, "revoked").await;
    assert_eq!(revoked["ended"]["reason"], "revoked");
    assert!(!world.is_assigned("alice", "dev-web", ADMIN));
}

#[tokio::test]
async fn break_glass_begins_without_a_vote() {
    let rule = "[[eligibility]]\nid = \"glass\"\nwho = [\"group:oncall\"]\naccounts = [\"ou:Workloads/Prod\"]\n\
                permission_sets = [\"AdministratorAccess\"]\napproval = \"break-glass\"\n";
    let world = Setup::new().policy(format!("{POLICY}\n{rule}")).start().await;
    let glass = |reason: &str| {
        let fields = json!({"break_glass": true, "justification": reason});
        with(ask(LEDGER, ADMIN, 600), fields)
    };
    let short = world
        .as_("alice")
        .post("/v1/requests", glass("the ledger is down"))
        .await;
    short.refuses_fields(&["justification"]);
    let request = world
        .submit("alice", glass("the ledger is down and nobody answers"))
        .await;
    assert_eq!(
        (&request["break_glass"], &request["rule"]),
        (&json!(true), &json!("glass"))
    );
    assert_eq!(request["approval"]["required"], false);
    world.reach(&id_of(&request), "active").await;
    assert!(world.is_assigned("alice", "prod-ledger", ADMIN));
}

#[tokio::test]
async fn a_pending_request_is_rejected_or_cancelled() {
    let world = World::new().await;
    let id = world.pending().await;
    let comment = json!({"comment": "not during the freeze"});
    let rejected = world
        .as_("carol")
        .post(&format!("/v1/requests/{id}/reject"), comment)
        .await
        .is(200);
    assert_eq!(
        (&rejected["state"], &rejected["ended"]["reason"]),
        (&json!("rejected"), &json!("not during the freeze"))
    );
    assert_eq!(story(&world, &id).await, ["submitted", "rejected"]);
    for verb in ["cancel", "done"] {
        let id = world.pending().await;
        assert_eq!(world.act("alice", &id, verb).await.is(200)["state"], "cancelled");
        assert_eq!(story(&world, &id).await, ["submitted", "cancelled"]);
    }
    assert!(!world.is_assigned("alice", "prod-ledger", ADMIN));
}

#[tokio::test]
async fn a_scheduled_request_is_cancelled_or_revoked() {
    let world = World::new().await;
    for (who, verb, state) in [
        ("alice", "cancel", "cancelled"),
        ("bob", "revoke", "withdrawn"),
        ("ivy", "revoke", "withdrawn"),
    ] {
        let id = id_of(
            &world
                .submit(
                    "alice",
                    with(ask(LEDGER, ADMIN, 600), json!({"start_at": in_seconds(3600)})),
                )
                .await,
        );
        let scheduled = world.act("bob", &id, "approve").await.is(200);
        assert_eq!(
            (&scheduled["state"], waits_for(&scheduled)),
            (&json!("scheduled"), "start")
        );
        assert_eq!(world.act(who, &id, verb).await.is(200)["state"], state);
        assert!(!world.is_assigned("alice", "prod-ledger", ADMIN));
    }
}

#[tokio::test]
async fn live_access_is_given_back_or_taken_back() {
    let world = World::new().await;
    for (who, verb, state, reason) in [
        ("alice", "done", "ended", "done"),
        ("bob", "revoke", "revoked", "revoked"),
        ("ivy", "revoke", "revoked", "revoked"),
        ("gita", "revoke", "revoked", "revoked"),
    ] {
        let id = world.active().await;
        assert!(world.is_assigned("alice", "prod-ledger", ADMIN));
        world.act(who, &id, verb).await.is(200);
        let over = world.reach(&id, state).await;
        assert_eq!(over["ended"]["reason"], reason);
        assert!(!world.is_assigned("alice", "prod-ledger", ADMIN), "{who} {verb}");
        // What is over stays over.
        for verb in ["cancel", "done"] {
            world
                .act("alice", &id, verb)
                .await
                .refused(409, "already_decided");
        }
        world
            .act("gita", &id, "revoke")
            .await
            .refused(409, "already_decided");
    }
}

#[tokio::test]
async fn live_access_cannot_be_cancelled_nor_decided_again_d11() {
    let world = World::new().await;
    let id = world.active().await;
    let problem = world
        .act("alice", &id, "cancel")
        .await
        .refused(409, "already_decided");
    assert!(
        problem["help"].as_str().unwrap_or_default().contains("done"),
        "{problem}"
    );
    world
        .act("carol", &id, "approve")
        .await
        .refused(409, "already_decided");
    world
        .act("carol", &id, "reject")
        .await
        .refused(409, "already_decided");
    assert!(world.is_assigned("alice", "prod-ledger", ADMIN));
}

#[tokio::test]
async fn overlapping_requests_share_one_assignment() {
    let world = World::new().await;
    let first = id_of(&world.submit("alice", ask(DEV_WEB, ADMIN, 600)).await);
    let second = id_of(&world.submit("alice", ask(DEV_WEB, ADMIN, 1200)).await);
    world.reach(&first, "active").await;
    world.reach(&second, "active").await;
    world.act("alice", &first, "done").await.is(200);
    let ended = world.reach(&first, "ended").await;
    assert_eq!(ended["ended"]["still_held_by"], *second);
    assert_eq!(ended["ended"]["residual_until"], Value::Null);
    assert!(world.is_assigned("alice", "dev-web", ADMIN));
    let grants = world.as_("ivy").get("/v1/grants").await.is(200);
    assert_eq!(items(&grants)[0]["leases"], json!([second]));
    world.act("alice", &second, "done").await.is(200);
    world.reach(&second, "ended").await;
    assert!(!world.is_assigned("alice", "dev-web", ADMIN));
}

#[tokio::test]
async fn you_may_says_what_each_may_do_now() {
    let world = World::new().await;
    let verbs = async |who: &str, id: &str| {
        world.as_(who).get(&format!("/v1/requests/{id}")).await.is(200)["you_may"].clone()
    };
    let id = world.pending().await;
    assert_eq!(verbs("alice", &id).await, json!(["cancel"]));
    assert_eq!(verbs("bob", &id).await, json!(["approve", "reject", "claim"]));
    assert_eq!(verbs("hugo", &id).await, json!([]));
    assert_eq!(verbs("gita", &id).await, json!([]));
    world.act("bob", &id, "approve").await.is(200);
    world.reach(&id, "active").await;
    assert_eq!(verbs("alice", &id).await, json!(["done", "extend"]));
    for who in ["bob", "ivy", "gita"] {
        assert_eq!(verbs(who, &id).await, json!(["revoke"]), "{who}");
    }
    assert_eq!(verbs("hugo", &id).await, json!([]));
}
