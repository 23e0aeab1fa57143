//! Webhooks by the Standard Webhooks specification.

use super::http::{Receiver, ok, status};
use super::{SECRET, notifications, reach_state, webhook};
use crate::support::*;
use chrono::TimeDelta;
use serde_json::json;
use standardwebhooks::Webhook;
use std::sync::atomic::{AtomicUsize, Ordering};

async fn world(folder: &tempfile::TempDir, url: String) -> World {
    Setup::new()
        .config(|config| webhook(config, folder.path(), "siem", &url))
        .start()
        .await
}

fn of(got: &[super::http::Got], kind: &str) -> Vec<super::http::Got> {
    let fits = |got: &&super::http::Got| got.json()["type"] == kind;
    got.iter().filter(fits).cloned().collect()
}

#[tokio::test]
async fn another_library_verifies_what_is_signed() {
    let folder = tempfile::tempdir().expect("a folder");
    let receiver = Receiver::start(|_| ok()).await;
    let world = world(&folder, receiver.url("/hook")).await;
    let id = world.pending().await;
    soon("the webhook is told", || {
        !of(&receiver.got(), "request.submitted").is_empty()
    })
    .await;
    let got = of(&receiver.got(), "request.submitted").remove(0);
    assert_eq!(got.path, "POST /hook");
    assert_eq!(got.header("content-type"), "application/json");
    let theirs = Webhook::new(SECRET).expect("a secret");
    theirs.verify(&got.body, &got.headers).expect("the signature");
    let mut forged = got.body.to_vec();
    forged[20] ^= 1;
    theirs.verify(&forged, &got.headers).expect_err("a changed body");
    let event = &got.json()["data"]["event"];
    assert_eq!(event["request_id"], id);
    assert_eq!(event["actor"]["user_name"], "alice");
    assert_eq!(got.json()["data"]["id"], got.header("webhook-id"));
}

#[tokio::test]
async fn a_repeat_has_the_same_id_and_a_new_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let tries = AtomicUsize::new(0);
    let receiver = Receiver::start(move |got| {
        if got.json()["type"] != "request.submitted" {
            return ok();
        }
        match tries.fetch_add(1, Ordering::SeqCst) {
            0 => status(503),
            // The reply is lost: nobody can tell whether it was taken.
            1 => None,
            2 => Some((
                429,
                vec![("retry-after", "600".to_owned())],
                "slow down".to_owned(),
            )),
            _ => ok(),
        }
    })
    .await;
    let world = world(&folder, receiver.url("/")).await;
    world.pending().await;
    for (so_many, minutes) in [(1, 1), (2, 2), (3, 3)] {
        soon("it is tried", || {
            of(&receiver.got(), "request.submitted").len() == so_many
        })
        .await;
        // Written down before time passes, or it would be tried from the later moment.
        let deadline = std::time::Instant::now() + SOON;
        while !notifications(&world, "")
            .await
            .iter()
            .any(|one| one["type"] == "request.submitted" && one["attempts"] == so_many)
        {
            assert!(std::time::Instant::now() < deadline);
            pause().await;
        }
        world.clock.shift(TimeDelta::minutes(minutes));
    }
    // What it asked for is ten minutes.
    let found = notifications(&world, "").await;
    let waits = found
        .iter()
        .find(|one| one["type"] == "request.submitted")
        .expect("it");
    assert_eq!(waits["state"], "due");
    assert!(
        waits["reply"].as_str().is_some_and(|reply| reply.contains("429")),
        "{waits:#}"
    );
    world.clock.shift(TimeDelta::minutes(10));
    reach_state(&world, "sent", 1).await;
    soon("it arrives", || {
        of(&receiver.got(), "request.submitted").len() == 4
    })
    .await;
    let got = of(&receiver.got(), "request.submitted");
    assert!(
        got.iter()
            .all(|one| one.header("webhook-id") == got[0].header("webhook-id"))
    );
    assert_ne!(
        got[0].header("webhook-timestamp"),
        got[3].header("webhook-timestamp")
    );
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let folder = tempfile::tempdir().expect("a folder");
    let elsewhere = Receiver::start(|_| ok()).await;
    let to = elsewhere.url("/stolen");
    let receiver = Receiver::start(move |_| Some((307, vec![("location", to.clone())], String::new()))).await;
    let world = world(&folder, receiver.url("/")).await;
    world.pending().await;
    let due = reach_state(&world, "due", 1).await;
    soon("it is tried", || !receiver.got().is_empty()).await;
    assert!(due.iter().all(|one| one["channel"] == "webhook:siem"));
    assert!(elsewhere.got().is_empty());
}

#[tokio::test]
async fn gone_switches_it_off_until_somebody_retries() {
    let folder = tempfile::tempdir().expect("a folder");
    let receiver = Receiver::start(|_| status(410)).await;
    let world = world(&folder, receiver.url("/")).await;
    world.pending().await;
    reach_state(&world, "dead", 1).await;
    let before = receiver.got().len();
    world.submit("alice", ask(WEB, ADMIN, 3600)).await;
    let status = world.as_("gita").get("/v1/status").await.is(200);
    assert!(
        status["notices"].to_string().contains("switched off"),
        "{status:#}"
    );
    receiver.answer(|_| ok());
    let waiting = notifications(&world, "&state=due").await;
    assert!(receiver.got().len() <= before + 3, "a few were on their way");
    assert!(!waiting.is_empty());
    let body = json!({ "which": "webhook:siem" });
    let retried = world
        .as_("gita")
        .post("/v1/notifications/retry", body.clone())
        .await
        .is(200);
    assert!(retried["count"].as_u64().is_some_and(|count| count >= 1));
    soon("both arrive", || {
        let got = of(&receiver.got(), "request.submitted");
        let ids: std::collections::BTreeSet<_> = got.iter().map(|one| one.header("webhook-id")).collect();
        ids.len() == 2
    })
    .await;
    let deadline = std::time::Instant::now() + SOON;
    while !notifications(&world, "&state=due").await.is_empty() {
        assert!(std::time::Instant::now() < deadline);
        pause().await;
    }
    assert!(notifications(&world, "&state=dead").await.is_empty());
    world
        .as_("alice")
        .post("/v1/notifications/retry", body)
        .await
        .refused(403, "not_allowed");
}
