//! CloudTrail's event history, and the account of the credentials.

use super::{Answer, Fake, caller_is, connect, settings, start};
use crate::aws::health::{Service, State};
use crate::aws::port::{ActivitySource, AwsError, OwnIdentity};
use serde_json::{Value, json};

#[tokio::test]
async fn events_of_all_pages_come_oldest_first_with_their_record() {
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
    let events = aws.lookup("us-east-1", "alice", start()).await.unwrap();
    let ids: Vec<&str> = events.iter().map(|event| event.event_id.as_str()).collect();
    assert_eq!(ids, ["e1", "e2", "e3"]);
    assert_eq!(events[1].record, Value::String("not json".to_owned()));
    assert_eq!(events[2].record["eventName"], "RunInstances");
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
    let error = aws.lookup("us-east-1", "alice", start()).await.unwrap_err();
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
