//! A failure is told as a failure, to the requester and to administrators, and never as a success.

use super::http::{Receiver, ok};
use super::webhook;
use crate::support::*;
use aws_simulator::{FaultKind, FaultRule};
use chrono::TimeDelta;

/// Subjects of what was told about a request.
fn told(receiver: &Receiver, id: &str) -> Vec<String> {
    let got = receiver.got();
    let about = got
        .iter()
        .map(super::http::Got::json)
        .filter(|body| body["data"]["event"]["request_id"] == id);
    about.map(|body| body["data"]["subject"].to_string()).collect()
}

async fn world(folder: &tempfile::TempDir, receiver: &Receiver) -> World {
    Setup::new()
        .config(|config| webhook(config, folder.path(), "all", &receiver.url("/")))
        .start()
        .await
}

#[tokio::test]
async fn what_failed_is_told_as_failed_d4() {
    let folder = tempfile::tempdir().expect("a folder");
    let receiver = Receiver::start(|_| ok()).await;
    let world = world(&folder, &receiver).await;
    world.faults(quick().with(FaultRule::new("CreateAccountAssignment", FaultKind::Failed)));
    let id = world.pending().await;
    world.act("bob", &id, "approve").await.is(200);
    let deadline = std::time::Instant::now() + SOON;
    while world.show(&id).await["state"] != "failed" {
        assert!(std::time::Instant::now() < deadline);
        world.clock.shift(TimeDelta::seconds(20));
        pause().await;
    }
    soon("the failure is told", || {
        told(&receiver, &id)
            .iter()
            .any(|subject| subject.contains("Failed: "))
    })
    .await;
    let all = told(&receiver, &id);
    assert!(!all.iter().any(|subject| subject.contains("Active")), "{all:?}");
}

#[tokio::test]
async fn what_is_not_taken_back_is_told_as_that_and_not_as_ended_d4() {
    let folder = tempfile::tempdir().expect("a folder");
    let receiver = Receiver::start(|_| ok()).await;
    let world = world(&folder, &receiver).await;
    let id = world.active().await;
    world.faults(quick().with(FaultRule::new(
        "DeleteAccountAssignment",
        FaultKind::InternalError,
    )));
    world.act("ivy", &id, "revoke").await.is(200);
    world.clock.shift(TimeDelta::minutes(1));
    soon("the alarm is told", || {
        told(&receiver, &id)
            .iter()
            .any(|subject| subject.contains("NOT taken back"))
    })
    .await;
    let all = told(&receiver, &id);
    assert!(
        !all.iter()
            .any(|subject| subject.contains("Ended") || subject.contains("Revoked")),
        "{all:?}"
    );
    world.faults(quick());
    world.clock.shift(TimeDelta::minutes(1));
    world.reach(&id, "revoked").await;
    soon("the end is told", || {
        told(&receiver, &id)
            .iter()
            .any(|subject| subject.contains("Revoked"))
    })
    .await;
    let got = receiver.got();
    let revoked = got
        .iter()
        .map(super::http::Got::json)
        .find(|body| body["type"] == "request.revoked");
    let revoked = revoked.expect("it");
    assert_eq!(
        revoked["data"]["event"]["actor"]["user_name"], "ivy",
        "{revoked:#}"
    );
    assert!(
        revoked["data"]["facts"]["by"]
            .as_str()
            .is_some_and(|by| by.contains("ivy")),
        "{revoked:#}"
    );
}
