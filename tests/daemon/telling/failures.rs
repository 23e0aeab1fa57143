//! A failure is told as a failure, to the requester and to administrators, and never as a success.

use super::http::{Receiver, ok, status};
use super::log::smtp;
use super::slack::bot;
use super::smtp::{Kind, Server};
use super::{notifications, webhook};
use crate::support::*;
use aws_simulator::{FaultKind, FaultRule};
use chrono::TimeDelta;
use teamd_config::Route;
use teamd_policy as policy;

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

#[tokio::test]
async fn where_the_chosen_channel_is_broken_a_failure_goes_another_way() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(Kind::Plain).await;
    let slack = Receiver::start(|_| status(503)).await;
    let setup = Setup::new().config(|config| {
        bot(config, &slack, &folder);
        config.notify.smtp = Some(smtp(&server));
        config.notify.routes.push(Route {
            route: policy::Route::default(),
            people_by: vec!["slack".to_owned()],
        });
    });
    let world = setup.start().await;
    let id = world.pending().await;
    let mails = |to: &str, word: &str| {
        let all = server.taken().into_iter();
        let mine = all.filter(|mail| mail.to.starts_with(to) && mail.header("Subject").contains(word));
        mine.count()
    };
    // By and by it counts as broken, and that is told by mail, although people are to be told over Slack.
    let deadline = std::time::Instant::now() + SOON;
    while mails("gita", "Messages over slack do not arrive") == 0 {
        assert!(std::time::Instant::now() < deadline);
        world.clock.shift(TimeDelta::minutes(2));
        pause().await;
    }
    assert_eq!(mails("bob", ""), 0, "while it was not known, mail was not used");
    world.act("bob", &id, "reject").await.is(200);
    soon("alice has mail", || mails("alice", "Rejected") == 1).await;
    let all = notifications(&world, &format!("&request={id}")).await;
    let waits = |one: &&serde_json::Value| one["channel"] == "slack" && one["recipient"] == "alice";
    assert!(
        all.iter().any(|one| waits(&one)),
        "over Slack, too, once it is back: {all:#?}"
    );
}
