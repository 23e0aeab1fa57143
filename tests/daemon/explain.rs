//! `GET /v1/policy/explain`: what it answers, and to whom.

use crate::support::*;
use serde_json::Value;

async fn explain(world: &World, who: &str, query: &str) -> Value {
    world
        .as_(who)
        .get(&format!("/v1/policy/explain?{query}"))
        .await
        .is(200)
}

fn helps(answer: &Value) -> String {
    answer["help"].to_string()
}

fn outcome(answer: &Value, rule: &str) -> String {
    let rules = answer["rules"].as_array().expect("rules");
    let found = rules.iter().find(|one| one["id"] == rule);
    found.expect("every rule is there")["outcome"]
        .as_str()
        .expect("a word")
        .to_owned()
}

#[tokio::test]
async fn who_can_approve_this() {
    let world = Setup::new().start().await;
    let query = "account=prod-ledger&permission_set=AdministratorAccess&duration_seconds=3600";
    let answer = explain(&world, "alice", query).await;
    assert_eq!(answer["allowed"], true);
    assert_eq!(answer["max_duration_seconds"], 4 * 3600);
    assert!(
        answer["summary"]
            .as_str()
            .is_some_and(|text| text.starts_with("you may ask for"))
    );
    let approvers = answer["demands"][0]["approvers"].to_string();
    assert!(
        approvers.contains("bob") && approvers.contains("carol"),
        "{approvers}"
    );
    assert!(helps(&answer).contains("approval by 1 of"), "{}", helps(&answer));
    assert_eq!(outcome(&answer, "oncall-prod"), "counts");
    assert_eq!(outcome(&answer, "developers-dev"), "does not match");
}

#[tokio::test]
async fn why_was_i_refused() {
    let world = Setup::new().start().await;
    let long = "account=prod-ledger&permission_set=AdministratorAccess&duration_seconds=21600";
    let answer = explain(&world, "alice", long).await;
    assert_eq!(
        (&answer["allowed"], &answer["code"]),
        (&false.into(), &"over_cap".into())
    );
    assert!(
        helps(&answer).contains("ask for 4h or less"),
        "{}",
        helps(&answer)
    );
    let foreign = "account=prod-ledger&permission_set=AdministratorAccess";
    let answer = explain(&world, "erin", foreign).await;
    assert_eq!(answer["code"], "not_eligible");
    assert!(
        helps(&answer).contains("erin is not group:oncall"),
        "{}",
        helps(&answer)
    );
    let unknown = explain(
        &world,
        "alice",
        "account=no-such&permission_set=AdministratorAccess",
    )
    .await;
    assert_eq!(unknown["code"], "not_found");
    assert_eq!(unknown["summary"], "the organisation has no account no-such");
    let twice = "account=prod-ledger&permission_set=AdministratorAccess&duration_seconds=0";
    let refused = world
        .as_("alice")
        .get(&format!("/v1/policy/explain?{twice}"))
        .await;
    refused.refused(422, "invalid");
}

#[tokio::test]
async fn why_is_there_nothing_to_choose_from() {
    let world = Setup::new().start().await;
    let answer = explain(&world, "alice", "").await;
    assert_eq!(answer["allowed"], true);
    let none = explain(&world, "kim", "account=prod-ledger").await;
    assert_eq!(
        (&none["allowed"], &none["code"]),
        (&false.into(), &"not_eligible".into())
    );
    let help = helps(&none);
    assert!(help.contains("kim is not group:oncall"), "{help}");
}

#[tokio::test]
async fn others_are_asked_about_by_those_who_may() {
    let world = Setup::new().start().await;
    let about_alice = "/v1/policy/explain?user=alice&account=prod-ledger&permission_set=AdministratorAccess";
    for who in ["alice", "bob", "gita", "hugo", "ivy"] {
        let answer = world.as_(who).get(about_alice).await.is(200);
        assert_eq!(answer["person"]["user_name"], "alice", "{who}");
    }
    for who in ["erin", "liam"] {
        world.as_(who).get(about_alice).await.refused(403, "not_allowed");
        let nobody = about_alice.replace("user=alice", "user=no-such");
        world.as_(who).get(&nobody).await.refused(403, "not_allowed");
    }
    world
        .as_("bob")
        .get("/v1/policy/explain?user=alice")
        .await
        .refused(403, "not_allowed");
    world
        .as_("hugo")
        .get("/v1/policy/explain?user=no-such")
        .await
        .refused(404, "not_found");
}
