//! An organisation's trail: its log group, and its event data store.

use super::super::activity::Patience;
use super::super::{EventDataStore, LogGroup};
use super::{Answer, Fake, connect, settings, start};
use chrono::TimeDelta;
use futures::TryStreamExt;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use teamd_aws::health::{Service, State};
use teamd_aws::port::{ActivitySource, AwsError, CalledBy, Look, RawEvent};

const GROUP: &str = "arn:aws:logs:eu-west-1:111122223333:log-group:trail";
const STORE: &str = "arn:aws:cloudtrail:eu-west-1:111122223333:eventdatastore/0e45-1";

async fn read(source: &impl ActivitySource) -> Result<Vec<RawEvent>, AwsError> {
    let look = Look {
        account: "111122223333".parse().unwrap(),
        region: None,
        called_by: CalledBy::Name("alice".to_owned()),
        user: Some(super::USER.parse().unwrap()),
        since: start(),
        until: start() + TimeDelta::hours(1),
    };
    source.read(&look).try_concat().await
}

fn ids(events: &[RawEvent]) -> Vec<&str> {
    events.iter().map(|event| event.event_id.as_str()).collect()
}

#[tokio::test]
async fn a_log_group_is_read_to_its_end_over_empty_pages() {
    let fake = Fake::start(|_, body| {
        let at = start().timestamp_millis() + 600_000;
        let event = |id: &str, message: &str| json!({ "eventId": id, "timestamp": at, "message": message });
        Answer::Ok(match body["nextToken"].as_str() {
            None => json!({ "events": [], "nextToken": "1" }),
            Some("1") => json!({ "nextToken": "2", "events": [
                event("l1", "{\"eventID\":\"e1\",\"eventTime\":\"2026-11-18T11:10:00Z\"}"),
                json!({ "eventId": "without a message" }),
            ] }),
            Some("2") => json!({ "events": [], "nextToken": "3" }),
            Some(_) => json!({ "events": [event("l2", "not json")] }),
        })
    })
    .await;
    let (aws, health) = connect(settings(&fake.url)).await;
    let events = read(&LogGroup::new(Arc::new(aws), "trail")).await.unwrap();
    assert_eq!(ids(&events), ["e1", "l2"]);
    assert_eq!(
        events[0].at.to_rfc3339(),
        "2026-11-18T11:10:00+00:00",
        "the call's own time"
    );
    assert_eq!(events[1].at, start() + TimeDelta::minutes(10));
    let bodies = fake.bodies("FilterLogEvents");
    assert_eq!(bodies.len(), 4);
    let first = &bodies[0];
    assert_eq!(first["logGroupName"], "trail");
    assert_eq!(first["logGroupIdentifier"], Value::Null);
    assert_eq!(first["startTime"], start().timestamp_millis());
    let (hour, margin) = (3_600_000, 7_200_000);
    assert_eq!(
        first["endTime"],
        start().timestamp_millis() + hour + margin,
        "what is stamped when it is delivered is found too"
    );
    assert_eq!(health.service(Service::Logs).state, State::Ok);
}

#[tokio::test]
async fn a_log_group_that_cannot_be_read_is_an_error_of_activity_alone() {
    let fake = Fake::start(|_, body| match body["logGroupIdentifier"].as_str() {
        Some(GROUP) => Answer::Error(400, "AccessDeniedException", "no"),
        _ => Answer::Error(
            400,
            "ResourceNotFoundException",
            "The specified log group does not exist.",
        ),
    })
    .await;
    let (aws, health) = connect(settings(&fake.url)).await;
    let aws = Arc::new(aws);
    let error = read(&LogGroup::new(Arc::clone(&aws), &format!("{GROUP}:*")))
        .await
        .unwrap_err();
    assert!(matches!(error, AwsError::Refused(_)), "{error}");
    assert_eq!(health.service(Service::Logs).state, State::Refusing);
    assert_eq!(health.snapshot().state, State::Unknown);
    let error = read(&LogGroup::new(aws, "other")).await.unwrap_err();
    assert!(error.to_string().contains("does not exist"), "{error}");
}

/// An event data store that is asked at once, and given up soon.
fn store(aws: super::Aws) -> EventDataStore {
    EventDataStore::new(Arc::new(aws), STORE).with_patience(Patience {
        first: Duration::from_millis(10),
        longest: Duration::from_millis(20),
        whole: Duration::from_millis(300),
    })
}

#[tokio::test]
async fn a_query_is_waited_for_and_read_to_its_end() {
    let asked = AtomicUsize::new(0);
    let fake = Fake::start(move |operation, body| {
        let record = |id: &str| json!({ "eventID": id, "eventTime": "2026-11-18T11:10:00Z" }).to_string();
        let finished = |rows: Value, next: Option<&str>| {
            json!({ "QueryStatus": "FINISHED", "QueryResultRows": rows, "NextToken": next })
        };
        Answer::Ok(match (operation, body["NextToken"].as_str()) {
            ("StartQuery", _) => json!({ "QueryId": "q1" }),
            (_, None) => match asked.fetch_add(1, Ordering::SeqCst) {
                0 => json!({ "QueryStatus": "QUEUED", "QueryResultRows": [] }),
                1 => json!({ "QueryStatus": "RUNNING" }),
                _ => finished(json!([[{ "eventJson": record("e1") }]]), Some("1")),
            },
            (_, Some("1")) => finished(json!([]), Some("2")),
            (_, Some(_)) => finished(
                json!([
                    [{ "eventid": "x" }, { "eventjson": record("e2") }],
                    [{ "eventJson": "not json" }],
                    [],
                ]),
                None,
            ),
        })
    })
    .await;
    let (aws, health) = connect(settings(&fake.url)).await;
    aws.own_account
        .store(Some(Arc::new("444455556666".parse().unwrap())));
    let events = read(&store(aws)).await.unwrap();
    assert_eq!(ids(&events), ["e1", "e2"]);
    assert_eq!(fake.count("GetQueryResults"), 5);
    let started = &fake.bodies("StartQuery")[0];
    assert_eq!(
        started["EventDataStoreOwnerAccountId"], "111122223333",
        "it is not ours"
    );
    let query = started["QueryStatement"].as_str().unwrap();
    assert!(
        query.starts_with("SELECT eventJson FROM 0e45-1 WHERE "),
        "{query}"
    );
    assert_eq!(health.service(Service::CloudTrail).state, State::Ok);
}

#[tokio::test]
async fn a_query_that_fails_ends_at_once_and_one_that_does_not_end_is_given_up_d34() {
    for status in ["FAILED", "CANCELLED", "TIMED_OUT", "PONDERING"] {
        let fake = Fake::start(move |operation, _| {
            Answer::Ok(match operation {
                "StartQuery" => json!({ "QueryId": "q1" }),
                _ => json!({ "QueryStatus": status, "ErrorMessage": "Query exhausted resources" }),
            })
        })
        .await;
        let (aws, _) = connect(settings(&fake.url)).await;
        let error = read(&store(aws)).await.unwrap_err().to_string();
        assert!(error.contains(status) && error.contains("exhausted"), "{error}");
        let heard = fake.heard();
        assert_eq!(
            heard[..2],
            ["StartQuery", "GetQueryResults"],
            "asked after once: {heard:?}"
        );
        // What has ended need not be cancelled; what we do not know may be at work.
        let cancelled = usize::from(status == "PONDERING");
        assert_eq!(fake.count("CancelQuery"), cancelled, "{status}");
        assert_eq!(heard.len(), 2 + cancelled);
    }
    let fake = Fake::start(|operation, _| {
        Answer::Ok(match operation {
            "StartQuery" => json!({ "QueryId": "q1" }),
            _ => json!({ "QueryStatus": "RUNNING" }),
        })
    })
    .await;
    let (aws, _) = connect(settings(&fake.url)).await;
    let error = read(&store(aws)).await.unwrap_err();
    assert!(matches!(error, AwsError::Unreachable(_)), "{error}");
    let asked = fake.count("GetQueryResults");
    assert!((2..=20).contains(&asked), "with pauses: {asked}");
    let cancelled = fake.bodies("CancelQuery");
    assert_eq!(
        cancelled.iter().map(|body| &body["QueryId"]).collect::<Vec<_>>(),
        ["q1"],
        "AWS bills what goes on"
    );
}

#[tokio::test]
async fn too_many_queries_and_a_store_that_is_not_there_are_told_apart() {
    for (code, is_later) in [
        ("MaxConcurrentQueriesException", true),
        ("EventDataStoreNotFoundException", false),
        ("InvalidQueryStatementException", false),
    ] {
        let fake = Fake::start(move |_, _| Answer::Error(400, code, "no")).await;
        let (aws, _) = connect(settings(&fake.url)).await;
        let error = read(&store(aws)).await.unwrap_err();
        assert_eq!(matches!(error, AwsError::Throttled(_)), is_later, "{error}");
        assert_eq!(fake.count("GetQueryResults"), 0);
    }
}
