//! The permission set or the account goes away under live access.

use super::{always, await_events, events_of, lines, status_where};
use crate::support::*;
use aws_simulator::organisation::AccountState;
use aws_simulator::{FaultKind, FaultRule};
use chrono::TimeDelta;
use serde_json::json;

/// Two administrators beside gita's team.
fn with_two_admins() -> String {
    POLICY.replace(
        "admins = [\"group:team-admins\"]",
        "admins = [\"group:team-admins\", \"user:ivy\", \"user:alice\"]",
    )
}

#[tokio::test]
async fn a_deleted_permission_set_ends_its_access_and_its_rule_is_stale() {
    let world = Setup::new().quick_directory().start().await;
    let id = world.active().await;
    assert!(world.aws(|aws, now| aws.remove_permission_set(ADMIN, now)));
    // Not found, then a listing that agrees.
    world.clock.shift(TimeDelta::seconds(5));
    let over = async {
        loop {
            let state = world.show(&id).await["state"].clone();
            if state == "ending" {
                world.clock.shift(TimeDelta::seconds(31));
            }
            if state == "revoked" {
                return;
            }
            pause().await;
        }
    };
    tokio::time::timeout(SOON, over).await.expect("it ends");
    let status = status_where(&world, "stale", |s| !lines(s, "policy_warnings").is_empty()).await;
    assert!(lines(&status, "policy_warnings").contains(ADMIN), "{status:#}");
    let refused = world
        .as_("alice")
        .post("/v1/requests", ask(LEDGER, ADMIN, 60))
        .await;
    assert!(refused.status >= 400, "{refused:?}");
}

#[tokio::test]
async fn a_suspended_account_is_refused_and_what_is_there_is_tried_on() {
    let world = Setup::new()
        .quick_directory()
        .policy(POLICY.replace("[settings]", "[settings]\non_lost_eligibility = \"keep\""))
        .start()
        .await;
    let id = world.active().await;
    let refuses = FaultRule {
        account: Some(LEDGER.to_owned()),
        reason: Some("Received a 403 status error: the account is not active".to_owned()),
        ..always("DeleteAccountAssignment", FaultKind::Failed)
    };
    world.faults(quick().with(refuses));
    assert!(world.aws(|aws, _| aws.set_account_state(LEDGER, AccountState::Suspended)));
    let known = || {
        let directory = world.engine().directory();
        directory.is_some_and(|d| d.accounts.values().any(|a| a.id.as_str() == LEDGER && !a.active))
    };
    soon("the copy knows", known).await;
    let refused = world
        .as_("dave")
        .post("/v1/requests", ask(LEDGER, ADMIN, 60))
        .await;
    assert_eq!(refused.status / 100, 4, "{refused:?}");
    // Another account is not delayed.
    let other = id_of(&world.submit("dave", ask(DEV_WEB, ADMIN, 60)).await);
    world.act("bob", &id, "revoke").await.is(200);
    world.reach(&other, "active").await;
    await_events(&world, &id, "grant.retry", 1).await;
    let ending = world.reach(&id, "ending").await;
    let detail = ending["waiting_for"]["detail"].as_str().unwrap_or_default();
    assert!(
        detail.contains("account suspended - no sign-in possible"),
        "{detail}"
    );
    world.clock.shift(TimeDelta::minutes(2));
    await_events(&world, &id, "grant.stuck", 1).await;
    let status = status_where(&world, "told", |s| lines(s, "problems").contains("suspended")).await;
    assert_eq!(
        status["overdue_requests"][0]["note"],
        "account suspended - no sign-in possible"
    );
    let next = moment(&world.show(&id).await["grant"]["next_attempt_at"]);
    let at = teamd_host::clock::Clock::now(&*world.clock);
    assert!(
        next - at <= TimeDelta::seconds(60),
        "never further apart: {next} at {at}"
    );
    world.faults(quick());
    world.clock.shift(TimeDelta::minutes(1));
    world.reach(&id, "revoked").await;
    assert!(!world.is_assigned("alice", "prod-ledger", ADMIN));
}

#[tokio::test]
async fn what_left_the_organisation_is_lost_by_two_and_comes_back_when_it_is_seen() {
    let world = Setup::new()
        .quick_directory()
        .policy(with_two_admins())
        .start()
        .await;
    let id = world.active().await;
    let key = world.aws(|aws, _| aws.user_key("alice", "prod-ledger", ADMIN).expect("names"));
    let of_account = |operation: &str| FaultRule {
        account: Some(LEDGER.to_owned()),
        ..always(operation, FaultKind::Conflict)
    };
    world.faults(
        quick()
            .with(of_account("DeleteAccountAssignment"))
            .with(of_account("ListAccountAssignments")),
    );
    assert!(world.aws(|aws, _| aws.remove_account(LEDGER)));
    world.reach(&id, "ending").await;
    let lost = async |who: &str, body| {
        let path = format!("/v1/requests/{id}/lost");
        world.as_(who).post(&path, body).await
    };
    let why = || json!({"reason": "the account was sold"});
    lost("bob", why()).await.refused(403, "not_allowed");
    lost("hugo", why()).await.refused(403, "not_allowed");
    lost("alice", why()).await.refused(403, "self_approval");
    lost("gita", json!({})).await.refuses_fields(&["reason"]);
    if let Some(operator) = world.as_operator() {
        let path = format!("/v1/requests/{id}/lost");
        let answer = operator.post(&path, why()).await;
        assert!(matches!(answer.status, 403 | 404), "{answer:?}");
    }
    let signed = lost("gita", why()).await.is(200);
    assert_eq!(
        (&signed["state"], &signed["given_up"]["by"]["user_name"]),
        (&json!("ending"), &json!("gita"))
    );
    lost("gita", why()).await.refused(409, "already_voted");
    assert_eq!(
        lost("ivy", json!({"comment": "it was"})).await.is(200)["state"],
        "lost"
    );
    assert_eq!(events_of(&world, &id, "request.given_up").await.len(), 1);
    let event = &events_of(&world, &id, "request.lost").await[0];
    assert_eq!(
        (&event["actor"]["user_name"], &event["data"]["reason"]),
        (&json!("ivy"), &json!("it was"))
    );

    // It is tried on all the same, and the first listing that shows it brings the request back.
    assert!(world.aws(|aws, _| aws.is_assigned(&key)));
    world.faults(
        quick()
            .with(of_account("DeleteAccountAssignment").first(1))
            .with(always("DeleteAccountAssignment", FaultKind::Failed).first(1)),
    );
    let over = async {
        while world.show(&id).await["state"] != "ended" {
            world.clock.shift(TimeDelta::seconds(10));
            pause().await;
        }
    };
    tokio::time::timeout(SOON, over)
        .await
        .expect("it comes back and ends");
    let ended = world.show(&id).await;
    assert_eq!(ended["ended"]["reason"], "reappeared");
    assert!(
        ended["ended"]["residual_until"].is_string(),
        "its session came back with it: {ended}"
    );
    assert!(!world.aws(|aws, _| aws.is_assigned(&key)));
}

#[tokio::test]
async fn only_a_removal_can_be_given_up() {
    let world = Setup::new().policy(with_two_admins()).start().await;
    let id = world.active().await;
    world
        .act("gita", &id, "lost")
        .await
        .refused(409, "already_decided");
}
