//! What was left behind is acknowledged before a review closes; access that was not used is found.

use super::{call, followed, happen, page_when};
use crate::support::*;
use chrono::TimeDelta;
use serde_json::json;

#[tokio::test]
async fn a_review_closes_once_each_thing_left_behind_is_acknowledged() {
    let world = followed().await;
    let id = world.active().await;
    happen(&world, "us-east-1", "alice", TimeDelta::zero(), |aws| {
        let mut made = call(aws, "alice", "e1", "iam:CreateUser");
        made["requestParameters"] = json!({"userName": "backdoor"});
        made
    });
    page_when(&world, &id, "one left behind", |page| {
        !page["digest"]["left_behind"].is_null() && page["digest"]["left_behind"][0].is_object()
    })
    .await;
    world.act("alice", &id, "done").await.is(200);
    world.reach(&id, "ended").await;
    let path = format!("/v1/requests/{id}/review");
    let review = async |acknowledged: serde_json::Value| {
        let body = json!({"comment": "looked at it", "acknowledged": acknowledged});
        world.as_("hugo").post(&path, body).await
    };
    let refused = review(json!([])).await.refused(422, "invalid");
    assert!(refused.to_string().contains("IAM user: backdoor"), "{refused:#}");
    review(json!(["IAM user: backdoor", "role: other"]))
        .await
        .refused(422, "invalid");
    review(json!(["IAM user: backdoor"])).await.is(200);
    let timeline = world
        .as_("hugo")
        .get(&format!("/v1/requests/{id}/timeline"))
        .await
        .is(200);
    let closed = items(&timeline)
        .iter()
        .find(|event| event["type"] == "request.reviewed")
        .expect("the row");
    assert_eq!(closed["data"]["acknowledged"], json!(["IAM user: backdoor"]));
}

#[tokio::test]
async fn access_that_was_not_used_is_listed_once_all_is_known() {
    let world = followed().await;
    let used = world.active().await;
    happen(&world, "eu-west-1", "alice", TimeDelta::zero(), |aws| {
        call(aws, "alice", "e1", "ec2:RunInstances")
    });
    page_when(&world, &used, "used", |page| !items(page).is_empty()).await;
    world.act("alice", &used, "done").await.is(200);
    world.reach(&used, "ended").await;
    world.clock.shift(TimeDelta::hours(14));
    let idle = world.active().await;
    world.act("alice", &idle, "done").await.is(200);
    world.reach(&idle, "ended").await;
    let list = async || {
        let list = world
            .as_("hugo")
            .get("/v1/requests?scope=review&unused=true")
            .await
            .is(200);
        items(&list).iter().map(id_of).collect::<Vec<_>>()
    };
    assert!(list().await.is_empty(), "it may yet turn out to have been used");
    world.clock.shift(TimeDelta::hours(14));
    page_when(&world, &idle, "complete", |page| {
        page["coverage"]
            .as_str()
            .is_some_and(|text| text.ends_with("complete"))
    })
    .await;
    assert_eq!(list().await, [idle]);
}

#[tokio::test]
async fn the_residual_window_is_as_long_as_the_last_sign_in_allows() {
    // Of a program, and of the console.
    for how in ["GetRoleCredentials", "Federate"] {
        residual_by_sign_in(how).await;
    }
}

async fn residual_by_sign_in(how: &str) {
    let world = followed().await;
    let id = world.active().await;
    let signed_in = |event: &str| {
        world.aws(|aws, now| {
            let user = aws.user_named("alice").expect("a user").id.clone();
            let record = json!({
                "eventID": event, "eventSource": "sso.amazonaws.com", "eventName": how,
                "userIdentity": {"type": "IdentityCenterUser", "onBehalfOf": {"userId": user}},
                "serviceEventDetails": {"role_name": ADMIN, "account_id": LEDGER},
            });
            let own = aws.management_caller().account;
            aws.record_event((&own, "eu-west-1"), "", &record.to_string(), now);
        });
    };
    signed_in("s1");
    page_when(&world, &id, "signed in", |page| {
        !page["digest"]["signed_in_at"].is_null()
    })
    .await;
    world.clock.shift(TimeDelta::minutes(20));
    world.act("alice", &id, "done").await.is(200);
    let ended = world.reach(&id, "ended").await;
    let usual = moment(&ended["ended"]["residual_until"]);
    world.clock.shift(TimeDelta::minutes(16));
    let page = page_when(&world, &id, "read after the removal", |page| {
        let until = &page["complete_until"];
        !until.is_null() && moment(until) >= moment(&ended["ended"]["at"])
    })
    .await;
    // Sign-ins are read by themselves, each few seconds.
    let sharper = async {
        loop {
            let until = moment(&world.show(&id).await["ended"]["residual_until"]);
            if until != usual {
                break until;
            }
            pause().await;
        }
    };
    let sharper = tokio::time::timeout(SOON, sharper)
        .await
        .expect("all sign-ins are known");
    let seconds = ended["permission_set"]["session_duration_seconds"]
        .as_i64()
        .expect("seconds");
    let last = moment(&page["digest"]["signed_in_at"]);
    assert_eq!(sharper, last + TimeDelta::seconds(seconds));
    assert!(sharper < usual, "{sharper} {usual}");
}
