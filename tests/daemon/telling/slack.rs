//! Slack, as its documentation describes it: HTTP 200 with `"ok": false`, 429, and no key against repeats.

use super::http::{Answer, Got, Receiver};
use super::{notifications, reach_state, secret_file};
use crate::support::*;
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use teamd_config::{Config, Slack, SlackAccess};

fn json_answer(value: &Value) -> Answer {
    Some((
        200,
        vec![("content-type", "application/json".to_owned())],
        value.to_string(),
    ))
}

/// Everybody but Carol is there; rooms are.
fn workspace(got: &Got) -> Answer {
    if got.header("authorization") != "Bearer xoxb-1-secret" {
        return json_answer(&json!({ "ok": false, "error": "invalid_auth" }));
    }
    if let Some((_, address)) = got.path.split_once("/users.lookupByEmail?email=") {
        let name = address.split("%40").next().unwrap_or_default();
        return json_answer(&match name {
            "carol" => json!({ "ok": false, "error": "users_not_found" }),
            _ => json!({ "ok": true, "user": { "id": format!("U-{name}") } }),
        });
    }
    match got.path.as_str() {
        "POST /api/auth.test" => json_answer(&json!({ "ok": true, "user": "teamd", "team": "Acme" })),
        "POST /api/chat.postMessage" => {
            let channel = got.json()["channel"].clone();
            json_answer(&json!({ "ok": true, "channel": channel, "ts": "1700000000.000100" }))
        }
        _ => json_answer(&json!({ "ok": false, "error": "unknown_method" })),
    }
}

pub(super) fn bot(config: &mut Config, receiver: &Receiver, folder: &tempfile::TempDir) {
    config.notify.slack = Some(Slack {
        access: SlackAccess::Bot(secret_file(folder.path(), "token", "xoxb-1-secret\n")),
        audit_channel: Some("#access".to_owned()),
        api_url: receiver.url("/api"),
    });
}

fn posted(receiver: &Receiver) -> Vec<Value> {
    let all = receiver
        .got()
        .into_iter()
        .filter(|got| got.path.ends_with("chat.postMessage"));
    all.map(|got| got.json()).collect()
}

fn posted_to(receiver: &Receiver, channel: &str) -> usize {
    posted(receiver)
        .iter()
        .filter(|message| message["channel"] == channel)
        .count()
}

#[tokio::test]
async fn the_room_is_told_though_one_recipient_is_unknown_d38() {
    let folder = tempfile::tempdir().expect("a folder");
    let receiver = Receiver::start(workspace).await;
    let world = Setup::new()
        .config(|config| bot(config, &receiver, &folder))
        .start()
        .await;
    let id = world.pending().await;
    soon("bob is told", || posted_to(&receiver, "U-bob") == 1).await;
    let mine = posted(&receiver)
        .into_iter()
        .find(|message| message["channel"] == "U-bob")
        .expect("it");
    assert!(mine.to_string().contains(&format!("team-tui open {id}")));
    assert_eq!(mine["blocks"][0]["text"]["type"], "plain_text");
    // Slack knows no Carol: that is said, and said once.
    let dead = reach_state(&world, "dead", 1).await;
    assert_eq!(dead[0]["recipient"], "carol");
    assert_eq!(dead[0]["reply"], "Slack: users_not_found");
    soon("the room is told", || posted_to(&receiver, "#access") >= 2).await;
    let sent = notifications(&world, "&state=sent").await;
    assert!(
        sent.iter()
            .any(|one| one["reply"] == "ok, U-bob 1700000000.000100"),
        "{sent:#?}"
    );
    assert!(!format!("{sent:#?}{dead:#?}").contains("xoxb"));
}

#[tokio::test]
async fn a_lost_reply_may_repeat_and_can_be_told_by_the_id() {
    let folder = tempfile::tempdir().expect("a folder");
    let tries = AtomicUsize::new(0);
    let receiver = Receiver::start(move |got| {
        let is_bobs = got.path.ends_with("chat.postMessage") && got.json()["channel"] == "U-bob";
        match is_bobs.then(|| tries.fetch_add(1, Ordering::SeqCst)) {
            Some(0) => None,
            Some(1) => Some((
                429,
                vec![("retry-after", "30".to_owned())],
                "{\"ok\":false,\"error\":\"ratelimited\"}".to_owned(),
            )),
            Some(2) => json_answer(&json!({ "ok": false, "error": "internal_error" })),
            _ => workspace(got),
        }
    })
    .await;
    let world = Setup::new()
        .config(|config| bot(config, &receiver, &folder))
        .start()
        .await;
    world.pending().await;
    for so_many in 1..=3 {
        let deadline = std::time::Instant::now() + SOON;
        while !notifications(&world, "&state=due")
            .await
            .iter()
            .any(|one| one["recipient"] == "bob" && one["attempts"] == so_many)
        {
            assert!(std::time::Instant::now() < deadline);
            pause().await;
        }
        world.clock.shift(TimeDelta::minutes(10));
    }
    soon("bob is told", || posted_to(&receiver, "U-bob") == 4).await;
    let ids: Vec<String> = posted(&receiver)
        .iter()
        .filter(|message| message["channel"] == "U-bob")
        .map(|message| {
            message["blocks"]
                .as_array()
                .and_then(|all| all.last())
                .expect("a foot")
                .to_string()
        })
        .collect();
    assert!(
        ids.iter().all(|id| *id == ids[0] && id.contains("ntf_")),
        "{ids:?}"
    );
}

#[tokio::test]
async fn a_token_that_is_revoked_is_no_reason_to_give_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let receiver = Receiver::start(workspace).await;
    let setup = Setup::new().config(|config| {
        bot(config, &receiver, &folder);
        secret_file(folder.path(), "token", "xoxb-old");
    });
    let world = setup.start().await;
    world.pending().await;
    let deadline = std::time::Instant::now() + SOON;
    while !notifications(&world, "&state=due")
        .await
        .iter()
        .any(|one| one["reply"] == "Slack: invalid_auth")
    {
        assert!(std::time::Instant::now() < deadline);
        pause().await;
    }
    // The new one is read without a restart.
    secret_file(folder.path(), "token", "xoxb-1-secret");
    world.clock.shift(TimeDelta::minutes(2));
    soon("bob is told", || posted_to(&receiver, "U-bob") == 1).await;
}

#[tokio::test]
async fn an_incoming_webhook_tells_its_room_until_it_is_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let gone = std::sync::Arc::new(AtomicUsize::new(0));
    let asked = std::sync::Arc::clone(&gone);
    let receiver = Receiver::start(move |_| match asked.load(Ordering::SeqCst) {
        0 => super::http::ok(),
        _ => Some((404, Vec::new(), "no_service".to_owned())),
    })
    .await;
    let world = Setup::new()
        .config(|config| {
            let address = receiver.url("/services/T0/B0/secret");
            config.notify.slack = Some(Slack {
                access: SlackAccess::Webhook(secret_file(folder.path(), "webhook", &address)),
                audit_channel: None,
                api_url: receiver.url("/api"),
            });
        })
        .start()
        .await;
    let id = world.pending().await;
    let about = |got: &Got| got.json().to_string().contains(&id);
    soon("the room is told", || receiver.got().iter().any(about)).await;
    let told = receiver.got().into_iter().find(about).expect("the message");
    assert_eq!(told.path, "POST /services/T0/B0/secret");
    assert!(told.json()["blocks"].is_array(), "{}", told.json());
    let sent = reach_state(&world, "sent", 1).await;
    assert!(sent.iter().all(|one| one["reply"] == "HTTP 200: ok"), "{sent:#?}");
    assert!(!format!("{sent:#?}").contains("secret"), "the address is one");
    gone.store(1, Ordering::SeqCst);
    world.act("bob", &id, "approve").await.is(200);
    let dead = reach_state(&world, "dead", 1).await;
    assert!(
        dead[0]["reply"]
            .as_str()
            .is_some_and(|reply| reply.contains("no_service")),
        "{dead:#?}"
    );
}
