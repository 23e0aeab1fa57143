//! When what a request stands on changes under it: the policy, the person, the approvers, AWS itself.

use crate::support::*;
use aws_simulator::{FaultKind, FaultRule, Faults};
use serde_json::json;

/// A policy that lets nobody ask for the ledger.
fn without_production() -> String {
    POLICY.replace("\"ou:Workloads/Prod\"", "\"name:nowhere\"")
}

fn reason(request: &serde_json::Value) -> &str {
    request["ended"]["reason"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn a_policy_change_withdraws_what_it_no_longer_allows() {
    let world = World::new().await;
    let pending = world.pending().await;
    let scheduled = id_of(
        &world
            .submit(
                "dave",
                with(ask(LEDGER, ADMIN, 600), json!({"start_at": in_seconds(3600)})),
            )
            .await,
    );
    world.act("bob", &scheduled, "approve").await.is(200);
    let other = id_of(&world.submit("erin", ask(BILLING, "BillingReadOnly", 600)).await);
    let change = json!({"document": without_production(), "base_version": 1});
    world.as_("gita").put("/v1/policy", change).await.is(200);
    for id in [&pending, &scheduled] {
        let withdrawn = world.reach(id, "withdrawn").await;
        assert!(reason(&withdrawn).starts_with("eligibility_lost"), "{withdrawn}");
    }
    assert_eq!(world.show(&other).await["state"], "pending");
    world
        .as_("alice")
        .post("/v1/requests", ask(LEDGER, ADMIN, 3600))
        .await
        .refused(403, "not_eligible");
}

#[tokio::test]
async fn live_access_ends_with_its_basis_unless_policy_keeps_it() {
    for keep in [false, true] {
        let setting = if keep {
            "[settings]\non_lost_eligibility = \"keep\""
        } else {
            "[settings]"
        };
        let policy = |document: &str| document.replace("[settings]", setting);
        let world = Setup::new().policy(policy(POLICY)).start().await;
        let active = world.active().await;
        let pending = id_of(&world.submit("alice", ask(LEDGER, ADMIN, 7200)).await);
        world.apply(&policy(&without_production())).await;
        world.reach(&pending, "withdrawn").await;
        if keep {
            assert_eq!(world.show(&active).await["state"], "active");
            assert!(world.is_assigned("alice", "prod-ledger", ADMIN));
        } else {
            let revoked = world.reach(&active, "revoked").await;
            assert!(reason(&revoked).starts_with("eligibility_lost"), "{revoked}");
            assert!(!world.is_assigned("alice", "prod-ledger", ADMIN));
        }
    }
}

#[tokio::test]
async fn who_is_disabled_loses_live_access_at_the_next_refresh() {
    let world = Setup::new().quick_directory().start().await;
    let active = world.active().await;
    let pending = id_of(&world.submit("alice", ask(LEDGER, ADMIN, 7200)).await);
    let alice = world.user_id("alice");
    world.aws(|aws, _| assert!(aws.set_user_enabled(&alice, false)));
    let revoked = world.reach(&active, "revoked").await;
    assert!(reason(&revoked).contains("disabled"), "{revoked}");
    world.reach(&pending, "withdrawn").await;
    assert!(!world.is_assigned("alice", "prod-ledger", ADMIN));
    world
        .as_("alice")
        .get("/v1/requests")
        .await
        .refused(403, "unknown_identity");
    // And has it again once they are enabled, by asking again.
    world.aws(|aws, _| assert!(aws.set_user_enabled(&alice, true)));
    soon("alice is known again", || {
        let directory = world.engine().directory();
        directory.is_some_and(|d| d.person_named("alice").is_some_and(|p| p.enabled))
    })
    .await;
    world.pending().await;
}

#[tokio::test]
async fn who_left_the_organisation_loses_live_access_too() {
    let world = Setup::new().quick_directory().start().await;
    let active = world.active().await;
    let alice = world.user_id("alice");
    world.aws(|aws, _| assert!(aws.remove_user(&alice)));
    let revoked = world.reach(&active, "revoked").await;
    assert_eq!(
        revoked["requester"]["display_name"],
        "(no longer in Identity Center)"
    );
    assert_eq!(revoked["requester"]["user_id"], alice);
    world.aws(|aws, _| {
        let left = aws
            .assignments()
            .filter(|(key, _)| key.principal.id() == alice)
            .count();
        assert_eq!(left, 0);
    });
}

#[tokio::test]
async fn a_disabled_approver_does_not_count_d16() {
    let world = Setup::new().quick_directory().start().await;
    let bob = world.user_id("bob");
    let carol = world.user_id("carol");
    let id = world.pending().await;
    world.aws(|aws, _| {
        aws.set_user_enabled(&bob, false);
        aws.set_user_enabled(&carol, false);
    });
    soon("bob is disabled", || {
        let directory = world.engine().directory();
        directory.is_some_and(|d| d.person_named("carol").is_some_and(|p| !p.enabled))
    })
    .await;
    world
        .act("bob", &id, "approve")
        .await
        .refused(403, "unknown_identity");
    // It stays pending: somebody may come back.
    assert_eq!(world.show(&id).await["state"], "pending");
    world
        .as_("dave")
        .post("/v1/requests", ask(LEDGER, ADMIN, 600))
        .await
        .refused(403, "no_approver");
}

#[tokio::test]
async fn approval_can_be_switched_off_and_everybody_is_told() {
    let world = World::new().await;
    world
        .apply(&POLICY.replace("[settings]", "[settings]\napproval = false"))
        .await;
    let request = world.submit("alice", ask(LEDGER, ADMIN, 600)).await;
    assert_eq!(request["approval"]["required"], false);
    world.reach(&id_of(&request), "active").await;
    for who in ["alice", "erin", "hugo"] {
        let me = world.as_(who).get("/v1/me").await.is(200);
        assert!(
            me["notices"][0]
                .as_str()
                .unwrap_or_default()
                .contains("approval is switched off"),
            "{me}"
        );
    }
    assert_eq!(
        world.act("bob", &id_of(&request), "revoke").await.is(200)["state"],
        "ending"
    );
}

#[tokio::test]
async fn a_document_with_faults_changes_nothing() {
    let world = World::new().await;
    let id = world.pending().await;
    let gita = world.as_("gita");
    for (document, names) in [
        ("version = 1\n[settings\n", "line 2"),
        ("version = 2\n", "version"),
        ("version = 1\n[setings]\n", "settings"),
        (
            &POLICY.replace("approval = \"none\"", "aproval = \"none\""),
            "aproval",
        ),
        (&POLICY.replace("quorum = 2", "quorum = 0"), "quorum"),
    ] {
        let problem = gita
            .put("/v1/policy", json!({"document": document}))
            .await
            .refused(422, "invalid");
        assert!(problem.to_string().contains(names), "{names}: {problem}");
        assert!(
            problem["errors"][0]["field"]
                .as_str()
                .unwrap_or_default()
                .starts_with("line "),
            "{problem}"
        );
    }
    assert_eq!(gita.get("/v1/policy").await.is(200)["version"], 1);
    assert_eq!(world.show(&id).await["version"], 1);
    gita.put("/v1/policy", json!({"document": POLICY, "base_version": 0}))
        .await
        .refused(409, "stale");
    let applied = gita
        .put("/v1/policy", json!({"document": POLICY, "base_version": 1}))
        .await
        .is(200);
    assert_eq!(applied["version"], 2);
}

#[tokio::test]
async fn where_aws_refuses_for_good_the_request_fails_d27() {
    let world = World::new().await;
    let refuse = FaultRule {
        reason: Some("Received a 404 status error: Not supported.".to_owned()),
        ..FaultRule::new("CreateAccountAssignment", FaultKind::Failed)
    };
    world.faults(Faults::none().with(refuse));
    let id = world.pending().await;
    world.act("bob", &id, "approve").await.is(200);
    let failed = world.reach(&id, "failed").await;
    assert!(reason(&failed).contains("Not supported"), "{failed}");
    assert!(!world.is_assigned("alice", "prod-ledger", ADMIN));
}

#[tokio::test]
async fn a_removal_that_aws_refuses_is_tried_until_it_is_gone() {
    let world = World::new().await;
    let id = world.active().await;
    world.faults(
        Faults::none().with(FaultRule::new("DeleteAccountAssignment", FaultKind::InternalError).first(2)),
    );
    world.act("alice", &id, "done").await.is(200);
    let ending = world.reach(&id, "ending").await;
    assert_eq!(ending["waiting_for"]["what"], "aws");
    world.reach(&id, "ended").await;
    assert!(!world.is_assigned("alice", "prod-ledger", ADMIN));
    let timeline = world
        .as_("alice")
        .get(&format!("/v1/requests/{id}/timeline"))
        .await
        .is(200);
    assert!(
        items(&timeline)
            .iter()
            .any(|event| event["type"] == "grant.retry"),
        "{timeline:#}"
    );
}
