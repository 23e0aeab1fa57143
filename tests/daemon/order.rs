//! Of two faults the earlier is named: size, identity, rate, JSON, visibility, role, state, validation, policy.

use crate::support::*;
use reqwest::Method;
use serde_json::json;

/// A login that Identity Center does not know.
const STRANGER: &str = "stranger";

fn huge() -> String {
    "{".repeat(70_000)
}

#[tokio::test]
async fn size_goes_before_identity_and_identity_before_json() {
    let world = World::new().await;
    let id = world.pending().await;
    let stranger = world.as_(STRANGER);
    let mut paths = vec![(Method::POST, "/v1/requests".to_owned())];
    for verb in ["approve", "reject", "cancel", "done", "revoke"] {
        paths.push((Method::POST, format!("/v1/requests/{id}/{verb}")));
        paths.push((Method::POST, format!("/v1/requests/not-an-id/{verb}")));
    }
    for (method, path) in &paths {
        stranger
            .send(method.clone(), path, huge())
            .await
            .refused(413, "too_large");
        stranger
            .send(method.clone(), path, "{")
            .await
            .refused(403, "unknown_identity");
    }
    let policy = "x".repeat(1024 * 1024 + 1);
    stranger
        .send(Method::PUT, "/v1/policy", policy)
        .await
        .refused(413, "too_large");
    stranger
        .send(Method::PUT, "/v1/policy", "{")
        .await
        .refused(403, "unknown_identity");
    // Nor does a bad header come before.
    let request = stranger
        .request(Method::POST, "/v1/requests")
        .header("idempotency-key", "");
    Answer::of(request.body("{"))
        .await
        .refused(403, "unknown_identity");
}

#[tokio::test]
async fn rate_goes_before_json() {
    let world = Setup::new()
        .config(|c| c.limits.submits_per_minute_per_user = 1)
        .start()
        .await;
    world.pending().await;
    for body in ["{", r#"{"user": "gita"}"#] {
        let answer = world.as_("alice").send(Method::POST, "/v1/requests", body).await;
        answer.refused(429, "limit_reached");
    }
    world
        .as_("alice")
        .send(Method::POST, "/v1/requests", huge())
        .await
        .refused(413, "too_large");
}

#[tokio::test]
async fn json_goes_before_visibility_and_visibility_before_role() {
    let world = World::new().await;
    let id = world.pending().await;
    for verb in ["approve", "reject", "cancel", "done", "revoke"] {
        for id in [id.as_str(), "not-an-id", "01ARZ3NDEKTSV4RRFFQ69G5FAV"] {
            let path = format!("/v1/requests/{id}/{verb}");
            let erin = world.as_("erin");
            erin.send(Method::POST, &path, r#"{"state": "approved"}"#)
                .await
                .refused(400, "unknown_field");
            erin.send(Method::POST, &path, "{").await.refused(400, "bad_json");
            // Erin's role would not allow it either; that it is there at all is not hers to know.
            erin.post(&path, json!({})).await.refused(404, "not_found");
        }
    }
}

#[tokio::test]
async fn visibility_goes_before_validation_at_a_submission() {
    let world = World::new().await;
    let nowhere = with(ask("999999999999", ADMIN, -1), json!({"justification": "\u{7}"}));
    world
        .as_("alice")
        .post("/v1/requests", nowhere)
        .await
        .refused(404, "not_found");
    let as_what = with(ask(LEDGER, "NoSuchSet", -1), json!({"justification": "\u{7}"}));
    world
        .as_("alice")
        .post("/v1/requests", as_what)
        .await
        .refused(404, "not_found");
}

#[tokio::test]
async fn role_goes_before_state_and_state_before_validation() {
    let world = World::new().await;
    let gone = world.pending().await;
    world.act("alice", &gone, "cancel").await.is(200);
    let live = world.pending().await;
    // Who, which request, which verb, which body: and what comes of it.
    let hidden = json!({"comment": "\u{202e}"});
    let old = json!({"version": 7, "comment": "\u{202e}", "duration_seconds": 0});
    for (who, id, verb, body, status, code) in [
        ("alice", &gone, "approve", json!({}), 403, "self_approval"),
        ("alice", &gone, "reject", json!({}), 403, "self_approval"),
        (
            "hugo",
            &gone,
            "approve",
            json!({"version": 7}),
            403,
            "not_allowed",
        ),
        ("hugo", &gone, "reject", json!({"version": 7}), 403, "not_allowed"),
        ("hugo", &gone, "revoke", json!({"version": 7}), 403, "not_allowed"),
        ("bob", &gone, "cancel", json!({"version": 7}), 403, "not_allowed"),
        ("bob", &gone, "done", json!({"version": 7}), 403, "not_allowed"),
        ("alice", &live, "revoke", json!({}), 403, "not_allowed"),
        ("bob", &gone, "approve", hidden.clone(), 409, "already_decided"),
        ("bob", &gone, "reject", json!({}), 409, "already_decided"),
        ("bob", &gone, "revoke", json!({}), 409, "already_decided"),
        ("alice", &gone, "cancel", hidden.clone(), 409, "already_decided"),
        ("alice", &gone, "done", hidden.clone(), 409, "already_decided"),
        ("bob", &live, "revoke", json!({}), 409, "already_decided"),
        ("bob", &live, "approve", old.clone(), 409, "stale"),
        ("bob", &live, "reject", json!({"version": 7}), 409, "stale"),
        (
            "alice",
            &live,
            "cancel",
            json!({"version": 7, "comment": "\u{202e}"}),
            409,
            "stale",
        ),
        ("bob", &live, "approve", hidden.clone(), 422, "invalid"),
        ("bob", &live, "reject", json!({}), 422, "invalid"),
        ("alice", &live, "cancel", hidden, 422, "invalid"),
    ] {
        let answer = world
            .as_(who)
            .post(&format!("/v1/requests/{id}/{verb}"), body)
            .await;
        assert_eq!(answer.word(), code, "{who} {verb}: {answer:?}");
        answer.refused(status, code);
    }
}

#[tokio::test]
async fn a_vote_that_was_given_goes_before_validation() {
    let world = World::new().await;
    let id = id_of(&world.submit("alice", ask(LEDGER, DATABASE, 3600)).await);
    world.act("bob", &id, "approve").await.is(200);
    let hidden = json!({"comment": "\u{202e}"});
    let again = world
        .as_("bob")
        .post(&format!("/v1/requests/{id}/approve"), hidden)
        .await;
    again.refused(409, "already_voted");
}

#[tokio::test]
async fn state_goes_before_validation_of_a_policy_and_role_before_both() {
    let world = World::new().await;
    let broken = json!({"document": "version = 1\nno_such_key = 1", "base_version": 7});
    world
        .as_("alice")
        .put("/v1/policy", broken.clone())
        .await
        .refused(403, "not_allowed");
    world
        .as_("hugo")
        .put("/v1/policy", broken.clone())
        .await
        .refused(403, "not_allowed");
    world
        .as_("gita")
        .put("/v1/policy", broken)
        .await
        .refused(409, "stale");
    let broken = json!({"document": "version = 1\nno_such_key = 1", "base_version": 1});
    world
        .as_("gita")
        .put("/v1/policy", broken)
        .await
        .refused(422, "invalid");
}

#[tokio::test]
async fn validation_goes_before_policy() {
    let world = World::new().await;
    // Not eligible there, and denied: but first, what is asked for cannot be meant.
    for (fields, wrong) in [
        (json!({"duration_seconds": 0}), "duration_seconds"),
        (json!({"duration_seconds": -1}), "duration_seconds"),
        (json!({"duration_seconds": null}), "duration_seconds"),
        (json!({"end_at": in_seconds(60)}), "end_at"),
        (json!({"start_at": in_seconds(-3600)}), "start_at"),
        (json!({"justification": "a\u{200b}b"}), "justification"),
        (json!({"ticket": "a\u{1b}[2Jb"}), "ticket"),
        (json!({"batch_id": "not a ulid"}), "batch_id"),
    ] {
        for (who, account) in [("erin", LEDGER), ("frank", SANDBOX_ANNA)] {
            let body = with(ask(account, ADMIN, 999_999), fields.clone());
            world
                .as_(who)
                .post("/v1/requests", body)
                .await
                .refuses_fields(&[wrong]);
        }
    }
    let id = world.pending().await;
    for (fields, wrong) in [
        (json!({"duration_seconds": 0}), "duration_seconds"),
        (
            json!({"start_at": in_seconds(-3600), "duration_seconds": 999_999}),
            "start_at",
        ),
        (
            json!({"comment": "a\u{7}", "duration_seconds": 999_999}),
            "comment",
        ),
    ] {
        let answer = world
            .as_("bob")
            .post(&format!("/v1/requests/{id}/approve"), fields)
            .await;
        answer.refuses_fields(&[wrong]);
    }
    let longer = json!({"duration_seconds": 999_999});
    world
        .as_("bob")
        .post(&format!("/v1/requests/{id}/approve"), longer)
        .await
        .refused(403, "over_cap");
    assert_eq!(world.show(&id).await["version"], 1);
}
