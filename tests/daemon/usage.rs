//! How granted access is used: `GET /v1/requests/{id}/use`.

use crate::support::*;
use serde_json::json;

/// A world that knows its portal.
async fn with_portal() -> World {
    let portal = |config: &mut teamd_config::Config| {
        config.aws.portal_url = Some("https://example.awsapps.com/start".to_owned());
    };
    Setup::new().config(portal).start().await
}

/// Alice asks how to use a request, and cannot: the help that she gets.
async fn help_instead(world: &World, id: &str) -> String {
    let path = format!("/v1/requests/{id}/use");
    let answer = world.as_("alice").get(&path).await;
    let refused = answer.refused(409, "already_decided");
    refused["help"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn only_its_requester_uses_live_access() {
    let world = with_portal().await;
    let id = world.active().await;
    let path = format!("/v1/requests/{id}/use");
    let shown = world.show(&id).await;
    let answer = world.as_("alice").get(&path).await.is(200);
    assert_eq!(answer["portal_url"], "https://example.awsapps.com/start");
    assert_eq!(answer["sso_region"], "eu-west-1");
    assert_eq!(answer["region"], answer["sso_region"]);
    assert_eq!(answer["account_id"], shown["account"]["id"]);
    assert_eq!(answer["role_name"], shown["permission_set"]["name"]);
    assert_eq!(answer["until"], shown["end_at"]);
    let name = answer["profile"].as_str().unwrap_or_default();
    assert!(
        name.contains(shown["account"]["id"].as_str().unwrap_or("?")),
        "{name}"
    );
    // Who sees it and may not use it, and who does not see it.
    for (who, status, code) in [
        ("bob", 403, "not_allowed"),
        ("ivy", 403, "not_allowed"),
        ("hugo", 403, "not_allowed"),
        ("gita", 403, "not_allowed"),
        ("liam", 404, "not_found"),
        ("stranger", 403, "unknown_identity"),
    ] {
        world.as_(who).get(&path).await.refused(status, code);
    }
    if let Some(operator) = world.as_operator() {
        operator.get(&path).await.refused(403, "not_allowed");
    }
    let nowhere = "/v1/requests/01KAPX5T8E3M2Q9V7WB4D6F0GH/use";
    world.as_("alice").get(nowhere).await.refused(404, "not_found");
    world
        .as_("alice")
        .post(&path, json!({}))
        .await
        .refused(405, "method_not_allowed");
    world.act("alice", &id, "done").await.is(200);
    let help = help_instead(&world, &id).await;
    assert!(help.contains("ask anew"), "{help}");
}

#[tokio::test]
async fn access_that_has_not_begun_says_how_to_wait() {
    let world = World::new().await;
    let id = world.pending().await;
    let help = help_instead(&world, &id).await;
    assert!(help.contains("--for active"), "{help}");
    world.act("alice", &id, "cancel").await.is(200);
    let help = help_instead(&world, &id).await;
    assert!(help.contains("ask anew"), "{help}");
}

#[tokio::test]
async fn a_portal_that_is_not_configured_is_not_guessed() {
    let world = World::new().await;
    let id = world.active().await;
    let answer = world
        .as_("alice")
        .get(&format!("/v1/requests/{id}/use"))
        .await
        .is(200);
    assert!(answer["portal_url"].is_null(), "{answer}");
}
