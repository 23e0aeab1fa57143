//! CloudTrail's event history, and whose credentials these are.

use super::super::{Aws, EventHistory};
use super::{Answer, Fake, caller_is, connect, key, settings, start};
use futures::TryStreamExt;
use serde_json::json;
use std::sync::Arc;
use teamd_aws::health::{Service, State};
use teamd_aws::port::{ActivitySource, Assignments, AwsError, CalledBy, Lane, Look, OwnIdentity, RawEvent};
use teamd_domain::grant::{Refusal, Reply};

#[tokio::test]
async fn events_of_all_pages_come_with_their_record_d29_d33() {
    let fake = Fake::start(|_, body| {
        let event = |id: &str, at: i64, record: &str| json!({ "EventId": id, "EventTime": at, "CloudTrailEvent": record });
        let now = start().timestamp();
        Answer::Ok(match body["NextToken"].as_str() {
            None => json!({ "Events": [
                event("e3", now + 30, "{\"eventName\":\"RunInstances\"}"),
                json!({ "EventName": "WithoutId", "EventTime": now }),
            ], "NextToken": "more" }),
            Some(_) => json!({ "Events": [event("e2", now + 20, "not json"), event("e1", now + 20, "{}")] }),
        })
    })
    .await;
    let (aws, health) = connect(settings(&fake.url)).await;
    own(&aws);
    let events = read(aws, ACCOUNT).await.unwrap();
    let kept: Vec<_> = events
        .iter()
        .map(|e| (e.event_id.as_str(), e.record.as_str()))
        .collect();
    assert_eq!(
        kept,
        [
            ("e3", "{\"eventName\":\"RunInstances\"}"),
            ("e2", "not json"),
            ("e1", "{}")
        ]
    );
    let bodies = fake.bodies("LookupEvents");
    let (mut first, mut second) = (bodies[0].clone(), bodies[1].clone());
    assert_eq!(
        first["LookupAttributes"],
        json!([{ "AttributeKey": "Username", "AttributeValue": "alice" }])
    );
    assert_eq!(first["StartTime"].as_f64(), Some(start().timestamp() as f64));
    first.as_object_mut().unwrap().remove("NextToken");
    second.as_object_mut().unwrap().remove("NextToken");
    assert_eq!(first, second, "a token is good only with the same parameters");
    assert_eq!(health.service(Service::CloudTrail).state, State::Ok);
}

#[tokio::test]
async fn a_refusal_is_an_error_of_activity_alone() {
    let fake = Fake::start(|_, _| Answer::Error(400, "AccessDeniedException", "no")).await;
    let (aws, health) = connect(settings(&fake.url)).await;
    own(&aws);
    let error = read(aws, ACCOUNT).await.unwrap_err();
    assert!(matches!(error, AwsError::Refused(_)), "{error}");
    assert_eq!(health.service(Service::CloudTrail).state, State::Refusing);
    assert_eq!(health.snapshot().state, State::Unknown);
}

#[tokio::test]
async fn the_account_of_the_credentials() {
    let fake = Fake::start(|_, _| caller_is("001122223333")).await;
    let (aws, _) = connect(settings(&fake.url)).await;
    assert_eq!(aws.account().await.unwrap().as_str(), "001122223333");
}

#[tokio::test]
async fn a_role_is_assumed_at_our_own_endpoint() {
    let fake = Fake::start(|operation, _| match operation {
        "AssumeRole" => {
            let xml = "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
                <AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
                <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
            Answer::Raw(200, "text/xml", xml.to_owned())
        }
        _ => Answer::Ok(json!({ "AccountAssignments": [] })),
    })
    .await;
    let mut assuming = settings(&fake.url);
    assuming.assume_role = Some("arn:aws:iam::111122223333:role/teamd".to_owned());
    let (aws, _) = connect(assuming).await;
    for _ in 0..2 {
        let listed = aws.list(&key(), Lane::Grant).await;
        assert_eq!(listed, Reply::Listed { present: false });
    }
    assert_eq!(
        fake.heard(),
        ["AssumeRole", "ListAccountAssignments", "ListAccountAssignments"]
    );
}

#[tokio::test]
async fn a_role_that_may_not_be_assumed_is_a_refusal_and_nothing_is_sent() {
    let fake = Fake::start(|_, _| {
        let xml = "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
            <Code>AccessDenied</Code><Message>not yours</Message></Error></ErrorResponse>";
        Answer::Raw(403, "text/xml", xml.to_owned())
    })
    .await;
    let mut assuming = settings(&fake.url);
    assuming.assume_role = Some("arn:aws:iam::111122223333:role/teamd".to_owned());
    let (aws, health) = connect(assuming).await;
    let reply = aws.create(&key()).await;
    let Reply::Refused { class, message } = reply else {
        panic!("{reply:?}");
    };
    assert_eq!(class, Refusal::AccessDenied, "{message}");
    assert!(message.contains("not yours"), "{message}");
    assert_eq!(fake.heard(), ["AssumeRole"]);
    assert_eq!(health.snapshot().state, State::Refusing);
}

const ACCOUNT: &str = "111122223333";

/// What alice did in an account's first hour.
async fn read(aws: Aws, account: &str) -> Result<Vec<RawEvent>, AwsError> {
    let look = Look {
        account: account.parse().unwrap(),
        region: Some("us-east-1".to_owned()),
        called_by: CalledBy::Name("alice".to_owned()),
        user: None,
        since: start(),
        until: start() + chrono::TimeDelta::hours(1),
    };
    EventHistory(Arc::new(aws)).read(&look).try_concat().await
}

/// Our own account is known.
fn own(aws: &Aws) {
    aws.own_account
        .store(Some(std::sync::Arc::new(ACCOUNT.parse().unwrap())));
}

#[tokio::test]
async fn another_account_is_read_only_with_a_role() {
    let fake = Fake::start(|_, _| Answer::Error(400, "AccessDeniedException", "no")).await;
    let (aws, _) = connect(settings(&fake.url)).await;
    own(&aws);
    let error = read(aws, "444455556666").await.unwrap_err();
    assert!(error.to_string().contains("role_name"), "{error}");
    assert!(fake.bodies("LookupEvents").is_empty());
}
