//! Bodies: their size, their fields, their shape.

use crate::support::*;
use reqwest::{Body, Method};
use serde_json::{Value, json};

/// A body of exactly so many bytes that is valid but for its reason.
fn sized(bytes: usize) -> String {
    let empty = with(ask(LEDGER, ADMIN, 60), json!({"justification": ""})).to_string();
    let reason = "x".repeat(bytes - empty.len());
    let body = with(ask(LEDGER, ADMIN, 60), json!({"justification": reason})).to_string();
    assert_eq!(body.len(), bytes);
    body
}

/// The same bytes without a length said before.
fn streamed(text: String) -> Body {
    let chunks: Vec<_> = text
        .into_bytes()
        .chunks(8000)
        .map(|c| Ok::<_, std::io::Error>(c.to_vec()))
        .collect();
    Body::wrap_stream(futures::stream::iter(chunks))
}

#[tokio::test]
async fn bodies_end_at_64_kib_and_policies_at_1_mib() {
    const KIB: usize = 1024;
    let world = World::new().await;
    let id = world.pending().await;
    let alice = world.as_("alice");
    alice
        .send(Method::POST, "/v1/requests", sized(64 * KIB))
        .await
        .refuses_fields(&["justification"]);
    let over = sized(64 * KIB + 1);
    alice
        .send(Method::POST, "/v1/requests", over.clone())
        .await
        .refused(413, "too_large");
    alice
        .send(Method::POST, "/v1/requests", streamed(over.clone()))
        .await
        .refused(413, "too_large");
    for verb in ["approve", "reject", "cancel", "done", "revoke"] {
        let path = format!("/v1/requests/{id}/{verb}");
        world
            .as_("bob")
            .send(Method::POST, &path, over.clone())
            .await
            .refused(413, "too_large");
    }
    assert_eq!(world.show(&id).await["version"], 1);

    let gita = world.as_("gita");
    let policy = |bytes: usize| {
        let empty = json!({ "document": format!("{POLICY}#") }).to_string();
        let document = format!("{POLICY}#{}", "x".repeat(bytes - empty.len()));
        json!({ "document": document }).to_string()
    };
    let whole = gita
        .send(Method::PUT, "/v1/policy", policy(KIB * KIB))
        .await
        .is(200);
    assert_eq!(whole["version"], 2);
    let over = policy(KIB * KIB + 1);
    gita.send(Method::PUT, "/v1/policy", over.clone())
        .await
        .refused(413, "too_large");
    gita.send(Method::PUT, "/v1/policy", streamed(over))
        .await
        .refused(413, "too_large");
    assert_eq!(gita.get("/v1/policy").await.is(200)["version"], 2);
}

/// Fields with which a client of another product could say who it is, or what was decided (CVE-2025-1969).
const SPOOFED: &[&str] = &[
    "user",
    "user_id",
    "user_name",
    "userId",
    "username",
    "uid",
    "login",
    "login_uid",
    "email",
    "requester",
    "requester_id",
    "on_behalf_of",
    "actor",
    "by",
    "approver",
    "approver_id",
    "approvers",
    "approved",
    "approved_by",
    "votes",
    "status",
    "state",
    "role",
    "roles",
    "groups",
    "admin",
    "is_admin",
    "rule",
    "rules",
    "quorum",
    "id",
    "request_id",
    "revision",
    "created_at",
    "expires_at",
    "max_duration",
    "extends",
    "overseers",
    "grant",
    "session_duration",
    "account_name",
    "applied_by",
    "__proto__",
    "constructor",
];

#[tokio::test]
async fn a_field_that_does_not_exist_is_refused_in_every_body_d10_d24() {
    let world = World::new().await;
    let id = world.pending().await;
    let of = |verb: &str| format!("/v1/requests/{id}/{verb}");
    let comment = || json!({"comment": "a word on it"});
    let bodies: Vec<(&str, Method, String, Value)> = vec![
        (
            "alice",
            Method::POST,
            "/v1/requests".to_owned(),
            ask(WEB, ADMIN, 60),
        ),
        ("bob", Method::POST, of("approve"), comment()),
        ("bob", Method::POST, of("reject"), comment()),
        ("alice", Method::POST, of("cancel"), json!({})),
        ("alice", Method::POST, of("done"), json!({})),
        ("gita", Method::POST, of("revoke"), comment()),
        (
            "gita",
            Method::PUT,
            "/v1/policy".to_owned(),
            json!({"document": POLICY}),
        ),
    ];
    for (who, method, path, body) in &bodies {
        for field in SPOOFED {
            for value in [json!("gita"), json!(null), json!({"user_id": "gita"})] {
                let body = with(body.clone(), json!({ *field: value }));
                let answer = world.as_(who).send(method.clone(), path, body.to_string()).await;
                let problem = answer.refused(400, "unknown_field");
                assert!(
                    problem["errors"][0]["message"]
                        .as_str()
                        .unwrap_or_default()
                        .contains(field)
                );
                assert_eq!(problem["errors"][0]["field"], *field, "{answer:?}");
            }
        }
    }
    let request = world.show(&id).await;
    assert_eq!(
        (&request["version"], &request["state"]),
        (&json!(1), &json!("pending"))
    );
    assert_eq!(
        items(&world.as_("hugo").get("/v1/requests").await.is(200)).len(),
        1
    );
    assert_eq!(world.as_("gita").get("/v1/policy").await.is(200)["version"], 1);
}

#[tokio::test]
async fn what_is_not_json_of_the_right_shape_is_400() {
    let world = World::new().await;
    let id = world.pending().await;
    let nested = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let everywhere: Vec<Vec<u8>> = vec![
        b"{".to_vec(),
        b"}".to_vec(),
        b"null".to_vec(),
        b"true".to_vec(),
        b"\"text\"".to_vec(),
        b"[]".to_vec(),
        b"[\"a word on it\"]".to_vec(),
        b"{} {}".to_vec(),
        b"{}x".to_vec(),
        b"{'comment': 1}".to_vec(),
        b"comment=ok".to_vec(),
        b"\xff\xfe{\x00}\x00".to_vec(),
        b"{\"\xff\": 1}".to_vec(),
        b"\xef\xbb\xbf{}".to_vec(),
        nested.into_bytes(),
    ];
    let verbs = |body: &str| {
        let verbs = ["approve", "reject", "cancel", "done", "revoke"];
        verbs.map(|verb| (format!("/v1/requests/{id}/{verb}"), body.as_bytes().to_vec()))
    };
    let submits = [
        ask(LEDGER, ADMIN, 60).to_string().replace("60", "60.5"),
        ask(LEDGER, ADMIN, 60).to_string().replace("60", "\"60\""),
        ask(LEDGER, ADMIN, 60)
            .to_string()
            .replace("60", "60000000000000000000"),
        with(ask(LEDGER, ADMIN, 60), json!({"account_id": 400_000_000_032_u64})).to_string(),
        with(ask(LEDGER, ADMIN, 60), json!({"account_id": null})).to_string(),
        with(ask(LEDGER, ADMIN, 60), json!({"start_at": "tomorrow"})).to_string(),
        with(
            ask(LEDGER, ADMIN, 60),
            json!({"start_at": "2026-13-01T00:00:00Z"}),
        )
        .to_string(),
        with(ask(LEDGER, ADMIN, 60), json!({"start_at": 1_700_000_000})).to_string(),
        with(ask(LEDGER, ADMIN, 60), json!({"end_at": ""})).to_string(),
        with(ask(LEDGER, ADMIN, 60), json!({"break_glass": "yes"})).to_string(),
        with(ask(LEDGER, ADMIN, 60), json!({"ticket": ["INC-1"]})).to_string(),
        json!({"permission_set": ADMIN, "duration_seconds": 60}).to_string(),
        String::new(),
    ];
    let mut calls: Vec<(String, Vec<u8>)> = Vec::new();
    calls.extend(
        submits
            .into_iter()
            .map(|body| ("/v1/requests".to_owned(), body.into_bytes())),
    );
    calls.extend(verbs(r#"{"comment": 1}"#));
    calls.extend(verbs(r#"{"version": -1}"#));
    calls.extend(verbs(r#"{"version": "1"}"#));
    calls.extend(verbs(r#"{"comment": "one word", "comment": "another"}"#));
    for body in &everywhere {
        calls.push(("/v1/requests".to_owned(), body.clone()));
        calls.push((format!("/v1/requests/{id}/approve"), body.clone()));
        calls.push((format!("/v1/requests/{id}/cancel"), body.clone()));
    }
    for (path, body) in calls {
        // Alice may cancel and submit, Bob approve and the rest: whoever calls, JSON is looked at first.
        for who in ["alice", "bob"] {
            world
                .as_(who)
                .send(Method::POST, &path, body.clone())
                .await
                .refused(400, "bad_json");
        }
    }
    for body in everywhere {
        world
            .as_("gita")
            .send(Method::PUT, "/v1/policy", body)
            .await
            .refused(400, "bad_json");
    }
    assert_eq!(world.show(&id).await["version"], 1);
}
