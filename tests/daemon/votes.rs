//! Votes: quorum, changed terms, stale readings.

use crate::support::*;
use serde_json::{Value, json};

async fn approve(world: &World, who: &str, id: &str, body: Value) -> Answer {
    world
        .as_(who)
        .post(&format!("/v1/requests/{id}/approve"), body)
        .await
}

/// Alice's request that two of bob, carol and mona must approve.
async fn two_of_three(world: &World, seconds: i64) -> Value {
    world.submit("alice", ask(LEDGER, DATABASE, seconds)).await
}

fn voters(request: &Value) -> Vec<&str> {
    let votes = request["approval"]["demands"][0]["votes"].as_array();
    votes
        .into_iter()
        .flatten()
        .filter_map(|vote| vote["by"]["user_name"].as_str())
        .collect()
}

#[tokio::test]
async fn a_quorum_takes_distinct_people() {
    let world = World::new().await;
    let id = id_of(&two_of_three(&world, 3600).await);
    let once = approve(&world, "bob", &id, json!({})).await.is(200);
    assert_eq!((&once["state"], voters(&once)), (&json!("pending"), vec!["bob"]));
    let detail = once["waiting_for"]["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("1 of carol, mona"), "{detail}");
    approve(&world, "bob", &id, json!({}))
        .await
        .refused(409, "already_voted");
    approve(&world, "bob", &id, json!({"duration_seconds": 3600}))
        .await
        .refused(409, "already_voted");
    let twice = approve(&world, "mona", &id, json!({})).await.is(200);
    assert_eq!(voters(&twice), ["bob", "mona"]);
    world.reach(&id, "active").await;
    approve(&world, "carol", &id, json!({}))
        .await
        .refused(409, "already_decided");
}

/// Two rules that match ask two groups: security as well as the leads.
#[tokio::test]
async fn each_of_two_groups_must_agree() {
    let security = "\n[[eligibility]]\nid = \"security-too\"\nwho = [\"group:oncall\"]\naccounts = [\"ou:Workloads/Prod\"]\n\
                    permission_sets = [\"AdministratorAccess\"]\napproval = \"required\"\napprovers = [\"group:soc\"]\n";
    let world = Setup::new().policy(format!("{POLICY}{security}")).start().await;
    let id = world.pending().await;
    for lead in ["bob", "carol"] {
        let voted = approve(&world, lead, &id, json!({})).await.is(200);
        assert_eq!(voted["state"], "pending", "one group alone is not enough");
    }
    let detail = world.show(&id).await["waiting_for"]["detail"].to_string();
    assert!(detail.contains("ivy"), "{detail}");
    approve(&world, "ivy", &id, json!({})).await.is(200);
    world.reach(&id, "active").await;
}

#[tokio::test]
async fn one_rejection_rejects() {
    let world = World::new().await;
    let id = id_of(&two_of_three(&world, 3600).await);
    approve(&world, "bob", &id, json!({})).await.is(200);
    assert_eq!(
        world.act("mona", &id, "reject").await.is(200)["state"],
        "rejected"
    );
}

#[tokio::test]
async fn narrower_terms_keep_a_vote_and_wider_ones_void_it() {
    let world = World::new().await;
    // What the second approver changes: and whether the first one's vote still counts.
    for (change, keeps) in [
        (json!({"duration_seconds": 1800}), true),
        (json!({"duration_seconds": 7200}), false),
        (json!({"start_at": in_seconds(3600)}), false),
        (
            json!({"duration_seconds": 1800, "start_at": in_seconds(3600)}),
            false,
        ),
    ] {
        let asked = two_of_three(&world, 3600).await;
        let id = id_of(&asked);
        let first = approve(&world, "bob", &id, json!({})).await.is(200);
        let second = approve(&world, "carol", &id, change.clone()).await.is(200);
        assert_eq!(second["revision"], 2, "{change}");
        assert_ne!(second["terms_digest"], first["terms_digest"]);
        if keeps {
            assert_eq!(voters(&second), ["bob", "carol"], "{change}");
            assert_eq!(second["duration_seconds"], 1800);
            world.reach(&id, "active").await;
            world.act("alice", &id, "done").await.is(200);
            world.reach(&id, "ended").await;
        } else {
            assert_eq!(
                (&second["state"], voters(&second)),
                (&json!("pending"), vec!["carol"]),
                "{change}"
            );
            // The first one read other terms.
            let old = json!({"terms_digest": first["terms_digest"]});
            approve(&world, "bob", &id, old).await.refused(409, "stale");
            let again = approve(
                &world,
                "bob",
                &id,
                json!({"terms_digest": second["terms_digest"]}),
            )
            .await
            .is(200);
            assert_ne!(again["state"], "pending", "{change}");
            let verb = if again["state"] == "scheduled" {
                "cancel"
            } else {
                "done"
            };
            world.act("alice", &id, verb).await.is(200);
            let over = if verb == "cancel" { "cancelled" } else { "ended" };
            world.reach(&id, over).await;
        }
    }
}

#[tokio::test]
async fn the_requester_sees_what_an_approver_changed() {
    let world = World::new().await;
    let id = world.pending().await;
    let changed = approve(&world, "bob", &id, json!({"duration_seconds": 2}))
        .await
        .is(200);
    assert_eq!(
        (&changed["duration_seconds"], &changed["revision"]),
        (&json!(2), &json!(2))
    );
    let timeline = world
        .as_("alice")
        .get(&format!("/v1/requests/{id}/timeline"))
        .await
        .is(200);
    let event = items(&timeline)
        .iter()
        .find(|e| e["type"] == "request.terms_changed")
        .expect("the change");
    assert_eq!(event["data"]["duration_seconds"], 2);
    assert_eq!(event["actor"]["user_name"], "bob");
    world.reach(&id, "ended").await;
}

#[tokio::test]
async fn until_a_time_stays_until_that_time() {
    let world = World::new().await;
    let until = with(
        ask(LEDGER, ADMIN, 0),
        json!({"duration_seconds": null, "end_at": in_seconds(7200)}),
    );
    let asked = world.submit("alice", until).await;
    let id = id_of(&asked);
    approve(&world, "bob", &id, json!({"start_at": in_seconds(7300)}))
        .await
        .refuses_fields(&["start_at"]);
    let later = approve(&world, "bob", &id, json!({"start_at": in_seconds(3600)}))
        .await
        .is(200);
    assert_eq!(
        (&later["state"], &later["end_at"]),
        (&json!("scheduled"), &asked["end_at"])
    );
}

#[tokio::test]
async fn a_verb_on_an_old_reading_is_stale() {
    let world = World::new().await;
    let asked = two_of_three(&world, 3600).await;
    let id = id_of(&asked);
    approve(&world, "bob", &id, json!({"version": 1})).await.is(200);
    let digest = "0".repeat(64);
    for (who, verb) in [("carol", "approve"), ("carol", "reject"), ("alice", "cancel")] {
        let path = format!("/v1/requests/{id}/{verb}");
        let old = json!({"version": 1, "comment": "a word on it"});
        let problem = world.as_(who).post(&path, old).await.refused(409, "stale");
        assert!(
            problem["detail"]
                .as_str()
                .unwrap_or_default()
                .contains("version 2"),
            "{problem}"
        );
        let other = json!({"terms_digest": digest, "comment": "a word on it"});
        world.as_(who).post(&path, other).await.refused(409, "stale");
    }
    // Terms are the same as at version 1: a reading by digest still holds, in either case.
    let digest = asked["terms_digest"].as_str().unwrap_or_default().to_uppercase();
    approve(
        &world,
        "carol",
        &id,
        json!({"version": 2, "terms_digest": digest}),
    )
    .await
    .is(200);
    world.reach(&id, "active").await;
    let old = json!({"version": 2, "comment": "a word on it"});
    world
        .as_("ivy")
        .post(&format!("/v1/requests/{id}/revoke"), old.clone())
        .await
        .refused(409, "stale");
    world
        .as_("alice")
        .post(&format!("/v1/requests/{id}/done"), old)
        .await
        .refused(409, "stale");
}

#[tokio::test]
async fn a_comment_is_asked_for_where_policy_says_so() {
    let policy = POLICY.replace("[settings]", "[settings]\nrequire_comment = true");
    let world = Setup::new().policy(policy).start().await;
    let id = world.pending().await;
    approve(&world, "bob", &id, json!({}))
        .await
        .refuses_fields(&["comment"]);
    approve(&world, "bob", &id, json!({"comment": "  "}))
        .await
        .refuses_fields(&["comment"]);
    approve(&world, "bob", &id, json!({"comment": "seen"}))
        .await
        .is(200);
}

#[tokio::test]
async fn who_voted_sees_it_afterwards() {
    let world = World::new().await;
    let id = id_of(&two_of_three(&world, 3600).await);
    approve(&world, "mona", &id, json!({})).await.is(200);
    // Mona is no approver of the target any more.
    world.apply(&POLICY.replace(", \"user:mona\"]", "]")).await;
    let shown = world.as_("mona").get(&format!("/v1/requests/{id}")).await.is(200);
    assert_eq!(shown["you_may"], json!([]));
    world.act("mona", &id, "reject").await.refused(403, "not_allowed");
    world
        .as_("liam")
        .get(&format!("/v1/requests/{id}"))
        .await
        .refused(404, "not_found");
}

/// A rule with approvers of its own beside approvers of the target.
#[tokio::test]
async fn who_is_not_asked_is_not_offered_to_approve() {
    let world = Setup::new()
        .policy(POLICY.replace(
            r#"["user:bob", "user:carol", "user:mona"]"#,
            r#"["user:bob", "user:mona"]"#,
        ))
        .start()
        .await;
    let id = id_of(&two_of_three(&world, 3600).await);
    let verbs = async |who: &str| {
        let shown = world.as_(who).get(&format!("/v1/requests/{id}")).await.is(200);
        shown["you_may"].as_array().expect("verbs").clone()
    };
    assert!(verbs("bob").await.contains(&json!("approve")));
    // Carol decides on the account, and may refuse; a vote of hers counts for nothing.
    let carols = verbs("carol").await;
    assert!(
        carols.contains(&json!("reject")) && !carols.contains(&json!("approve")),
        "{carols:?}"
    );
    approve(&world, "carol", &id, json!({}))
        .await
        .refused(403, "not_allowed");
    // By another policy it does, without anything having happened to the request.
    world.apply(POLICY).await;
    assert!(verbs("carol").await.contains(&json!("approve")));
    approve(&world, "carol", &id, json!({})).await.is(200);
}

#[tokio::test]
async fn votes_that_did_not_suffice_have_decided_nothing() {
    let world = World::new().await;
    let id = id_of(&two_of_three(&world, 3600).await);
    approve(&world, "bob", &id, json!({})).await.is(200);
    world.act("alice", &id, "cancel").await.is(200);
    let problem = approve(&world, "mona", &id, json!({}))
        .await
        .refused(409, "already_decided");
    let detail = problem["detail"].as_str().unwrap_or_default();
    assert!(
        detail.contains("cancelled already") && !detail.contains("bob"),
        "{detail}"
    );
}
