//! Changes of the policy: planned, tested, forced, confirmed by a second administrator, rolled back.

use crate::support::*;
use serde_json::{Value, json};

fn two_admins() -> String {
    POLICY
        .replace("[roles]\nadmins = [", "[roles]\nadmins = [\"user:hugo\", ")
        .replace("[settings]", "[settings]\npolicy_changes_need = 2")
}

fn shorter(document: &str) -> String {
    document.replacen("max_duration = \"4h\"", "max_duration = \"2h\"", 1)
}

async fn plan(world: &World, document: &str) -> Value {
    let body = json!({"document": document});
    world.as_("gita").post("/v1/policy/plan", body).await.is(200)
}

async fn version(world: &World) -> Value {
    world.as_("gita").get("/v1/policy").await.is(200)["version"].clone()
}

fn of<'a>(list: &'a Value, key: &str, value: &str) -> &'a Value {
    let found = list
        .as_array()
        .and_then(|items| items.iter().find(|one| one[key] == value));
    found.unwrap_or_else(|| panic!("no {key} {value} in {list}"))
}

#[tokio::test]
async fn a_plan_says_who_gains_and_loses_and_changes_nothing() {
    let world = World::new().await;
    let pending = world.pending().await;
    let changed = POLICY.replacen("\"group:oncall\", \"user:bob\"", "\"user:erin\", \"user:bob\"", 1);
    let plan = plan(&world, &changed).await;
    assert_eq!(plan["base_version"], 1);
    assert_eq!(of(&plan["rules"], "id", "oncall-prod")["change"], "changed");
    assert!(
        plan["gains"].to_string().contains("\"erin\""),
        "{}",
        plan["gains"]
    );
    assert!(
        plan["losses"].to_string().contains("\"alice\""),
        "{}",
        plan["losses"]
    );
    assert!(!plan["losses"].to_string().contains("\"bob\""));
    let withdrawn = &plan["withdrawn"][0];
    assert_eq!(
        (&withdrawn["id"], &withdrawn["user_name"]),
        (&json!(pending), &json!("alice"))
    );
    assert!(
        plan["diff"]
            .as_str()
            .is_some_and(|diff| diff.contains("+who = [\"user:erin\""))
    );
    assert_eq!(version(&world).await, 1);
    assert_eq!(world.show(&pending).await["state"], "pending");
}

#[tokio::test]
async fn plans_are_for_those_who_read_the_policy() {
    let world = World::new().await;
    let body = json!({"document": POLICY});
    for (who, status) in [
        ("gita", 200),
        ("hugo", 200),
        ("ivy", 200),
        ("alice", 403),
        ("bob", 403),
    ] {
        let answer = world.as_(who).post("/v1/policy/plan", body.clone()).await;
        assert_eq!(answer.status, status, "{who}");
    }
    let stale = json!({"document": POLICY, "base_version": 7});
    world
        .as_("hugo")
        .post("/v1/policy/plan", stale)
        .await
        .refused(409, "stale");
    let broken = json!({"document": "version = 1\nrols = 3"});
    let refused = world.as_("hugo").post("/v1/policy/plan", broken).await;
    assert!(
        refused
            .refused(422, "invalid")
            .to_string()
            .contains("did you mean roles?")
    );
}

#[tokio::test]
async fn what_locks_somebody_out_is_refused_unless_forced_with_a_reason() {
    let world = World::new().await;
    let gita = world.as_("gita");
    let no_admin = POLICY.replace("group:team-admins", "group:nobody-at-all");
    let no_approver = POLICY.replace("who = [\"group:prod-leads\"]", "who = [\"group:nobody-at-all\"]");
    assert_ne!(no_approver, POLICY);
    for (document, code, about) in [
        (&no_admin, "no-admin", "roles.admins"),
        (&no_approver, "no-approver", "oncall-prod"),
    ] {
        let finding = of(&plan(&world, document).await["findings"], "code", code).clone();
        assert_eq!(finding["severity"], "refused");
        let answer = gita.put("/v1/policy", json!({"document": document})).await;
        let refused = answer.refused(422, "invalid").to_string();
        assert!(
            refused.contains(about) && refused.contains("--force REASON"),
            "{refused}"
        );
        assert_eq!(version(&world).await, 1);
    }
    let blank = json!({"document": no_admin, "force_reason": " "});
    gita.put("/v1/policy", blank).await.refused(422, "invalid");
    let forced = json!({"document": no_approver, "force_reason": "the leads change tomorrow"});
    assert_eq!(gita.put("/v1/policy", forced).await.is(200)["version"], 2);
    let history = world.as_("hugo").get("/v1/policy/history").await.is(200);
    assert_eq!(items(&history)[0]["force_reason"], "the leads change tomorrow");
    assert_eq!(items(&history)[0]["change"], "+1 -1");
    // What was so before is not held against the next change.
    let next = json!({"document": shorter(&no_approver)});
    assert_eq!(gita.put("/v1/policy", next).await.is(200)["version"], 3);
}

#[tokio::test]
async fn a_roll_back_is_a_new_version_with_all_checks_d36() {
    let world = World::new().await;
    let gita = world.as_("gita");
    gita.put("/v1/policy", json!({"document": shorter(POLICY)}))
        .await
        .is(200);
    world
        .as_("hugo")
        .post("/v1/policy/rollback", json!({"version": 1}))
        .await
        .refused(403, "not_allowed");
    gita.post("/v1/policy/rollback", json!({"version": 9}))
        .await
        .refused(404, "not_found");
    let back = gita
        .post("/v1/policy/rollback", json!({"version": 1}))
        .await
        .is(200);
    assert_eq!((&back["version"], &back["document"]), (&json!(3), &json!(POLICY)));
    let history = world.as_("hugo").get("/v1/policy/history").await.is(200);
    assert_eq!(items(&history)[0]["rolled_back_to"], 1);
    assert!(
        items(&history)[0]["diff"]
            .as_str()
            .is_some_and(|diff| diff.contains("+max_duration = \"4h\""))
    );
    let old = world.as_("hugo").get("/v1/policy?version=2").await.is(200);
    assert_eq!(old["document"], shorter(POLICY));
    world
        .as_("hugo")
        .get("/v1/policy?version=77")
        .await
        .refused(404, "not_found");
}

#[tokio::test]
async fn where_two_are_needed_one_is_not_enough() {
    let world = Setup::new().policy(two_admins()).start().await;
    let (gita, hugo) = (world.as_("gita"), world.as_("hugo"));
    let wanted = json!({"document": shorter(&two_admins()), "base_version": 1});
    let waits = gita.put("/v1/policy", wanted.clone()).await.is(202);
    let hash = waits["proposal"]["sha256"].as_str().expect("a hash").to_owned();
    assert_eq!(
        (&waits["version"], &waits["proposal"]["proposed_by"]),
        (&json!(1), &json!("gita"))
    );
    // Neither the same administrator twice, by either way, nor somebody who is none.
    gita.put("/v1/policy", wanted.clone()).await.is(202);
    gita.post("/v1/policy/confirm", json!({"sha256": hash}))
        .await
        .refused(403, "not_allowed");
    world
        .as_("ivy")
        .post("/v1/policy/confirm", json!({"sha256": hash}))
        .await
        .refused(403, "not_allowed");
    hugo.post("/v1/policy/confirm", json!({"sha256": "0123456789abcdef"}))
        .await
        .refused(409, "stale");
    assert_eq!(version(&world).await, 1);
    let confirmed = hugo
        .post("/v1/policy/confirm", json!({"sha256": hash}))
        .await
        .is(200);
    assert_eq!(
        (&confirmed["version"], &confirmed["applied_by"]),
        (&json!(2), &json!("gita"))
    );
    let history = hugo.get("/v1/policy/history").await.is(200);
    assert_eq!(items(&history)[0]["confirmed_by"], "hugo");
    assert_eq!(hugo.get("/v1/policy").await.is(200)["proposal"], Value::Null);
    // The same bytes from another are a confirmation too.
    let next = json!({"document": two_admins(), "base_version": 2});
    hugo.put("/v1/policy", next.clone()).await.is(202);
    assert_eq!(gita.put("/v1/policy", next).await.is(200)["version"], 3);
    hugo.post("/v1/policy/confirm", json!({"sha256": hash}))
        .await
        .refused(404, "not_found");
}

#[tokio::test]
async fn the_operator_is_no_second_signature_but_can_overrule_with_a_reason() {
    let world = Setup::new().policy(two_admins()).start().await;
    let Some(operator) = world.as_operator() else {
        return;
    };
    let wanted = json!({"document": shorter(&two_admins()), "base_version": 1});
    let waits = world.as_("gita").put("/v1/policy", wanted.clone()).await.is(202);
    let hash = waits["proposal"]["sha256"].clone();
    operator
        .post("/v1/policy/confirm", json!({"sha256": hash}))
        .await
        .refused(403, "not_allowed");
    operator.put("/v1/policy", wanted).await.is(202);
    let forced = json!({"document": POLICY, "force_reason": "both administrators are away"});
    assert_eq!(operator.put("/v1/policy", forced).await.is(200)["version"], 2);
}

#[tokio::test]
async fn a_directory_that_lets_people_do_more_is_in_the_trail() {
    let world = Setup::new().quick_directory().start().await;
    let erin = world.user_id("erin");
    world.aws(|org, _| {
        let oncall = org.group_named("oncall").map(|group| group.id.clone());
        assert!(oncall.is_some_and(|group| org.set_membership(&group, &erin, true)));
    });
    let deadline = std::time::Instant::now() + SOON;
    let told = loop {
        let rows = world.as_("hugo").get("/v1/audit?limit=500").await.is(200);
        if let Some(row) = items(&rows).iter().find(|row| row["type"] == "directory.widened") {
            break row["data"].to_string();
        }
        assert!(std::time::Instant::now() < deadline, "nothing in the trail");
        pause().await;
    };
    assert!(
        told.contains("eligibility rule oncall-prod is about more: people erin"),
        "{told}"
    );
}
