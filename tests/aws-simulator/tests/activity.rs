//! The sources of activity over the wire: event history, a log group, Lake; one organisation behind all of them.

use std::collections::BTreeSet;

use aws_simulator::faults::{Delivery, Gap};
use aws_simulator::{FaultKind, FaultRule, Faults, Simulator, SimulatorConfig};
use reqwest::Client;
use serde_json::{Value, json};

const FILTER: &str = "Logs_20140328.FilterLogEvents";
const START: &str = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.StartQuery";
const RESULTS: &str = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.GetQueryResults";
const CANCEL: &str = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.CancelQuery";
const LOOKUP: &str = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents";

struct World {
    simulator: Simulator,
    http: Client,
    group: String,
    store: String,
}

/// A week of history, and then these faults.
async fn world(faults: Faults) -> World {
    let simulator = Simulator::start(SimulatorConfig {
        faults,
        history_days: 7,
        ..SimulatorConfig::default()
    })
    .await
    .unwrap();
    let (group, store) = {
        let model = simulator.model();
        let org = model.lock().unwrap();
        (org.trail_log_group(), org.event_data_store())
    };
    let http = Client::builder().no_proxy().build().unwrap();
    World {
        simulator,
        http,
        group,
        store,
    }
}

fn quick() -> Faults {
    Faults {
        lake_queued_ms: 0,
        lake_running_ms: 0,
        ..Faults::none()
    }
}

impl World {
    async fn call(&self, target: &str, body: &Value) -> (u16, Value) {
        let scope = "AWS4-HMAC-SHA256 Credential=AKIA/20261122/eu-west-1/x/aws4_request, Signature=0";
        let request = self
            .http
            .post(self.simulator.url())
            .header("x-amz-target", target)
            .header("authorization", scope);
        let response = request.body(body.to_string()).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    async fn error(&self, target: &str, body: &Value) -> String {
        let (status, answer) = self.call(target, body).await;
        assert_eq!(status, 400, "{answer}");
        answer["__type"].as_str().unwrap().to_owned()
    }

    /// The records of all pages, and the pages' sizes.
    async fn filtered(&self, mut body: Value) -> (Vec<Value>, Vec<usize>) {
        let (mut records, mut sizes) = (Vec::new(), Vec::new());
        loop {
            let (status, page) = self.call(FILTER, &body).await;
            assert_eq!(status, 200, "{page}");
            let events = page["events"].as_array().unwrap();
            sizes.push(events.len());
            records.extend(
                events
                    .iter()
                    .map(|event| parsed(event["message"].as_str().unwrap())),
            );
            match page.get("nextToken") {
                Some(token) => body["nextToken"] = token.clone(),
                None => return (records, sizes),
            }
        }
    }

    /// How many events of that name the event history has.
    async fn looked_up(&self, name: &str) -> usize {
        let mut body =
            json!({ "LookupAttributes": [{ "AttributeKey": "EventName", "AttributeValue": name }] });
        let mut found = 0;
        loop {
            let (_, page) = self.call(LOOKUP, &body).await;
            found += page["Events"].as_array().unwrap().len();
            match page.get("NextToken") {
                Some(token) => body["NextToken"] = token.clone(),
                None => return found,
            }
        }
    }

    fn sql(&self, rest: &str) -> Value {
        let id = self.store.rsplit('/').next().unwrap();
        json!({ "QueryStatement": format!("SELECT eventJson FROM {id} WHERE {rest}") })
    }

    async fn started(&self, rest: &str) -> Value {
        let (status, answer) = self.call(START, &self.sql(rest)).await;
        assert_eq!(status, 200, "{answer}");
        answer["QueryId"].clone()
    }

    async fn result(&self, rest: &str) -> Value {
        let id = self.started(rest).await;
        self.call(RESULTS, &json!({ "QueryId": id })).await.1
    }

    /// Every id in the history of an account, as the model has it.
    fn ids(&self, account: &str) -> BTreeSet<String> {
        let model = self.simulator.model();
        let org = model.lock().unwrap();
        let regions = ["eu-west-1", "us-east-1"];
        let events = regions
            .into_iter()
            .flat_map(|region| org.history(account, region));
        events.map(|event| event.id.clone()).collect()
    }
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn ids_of(records: &[Value]) -> BTreeSet<String> {
    let id = |record: &Value| record["eventID"].as_str().unwrap().to_owned();
    records.iter().map(id).collect()
}

const PAYMENTS: &str = "400000000031";
const DAY_MS: i64 = 86_400_000;

#[tokio::test]
async fn a_log_group_has_all_accounts_and_regions_in_pages() {
    let w = world(quick()).await;
    let (all, sizes) = w
        .filtered(json!({ "logGroupName": w.group, "limit": 10_000 }))
        .await;
    let (accounts, regions): (BTreeSet<_>, BTreeSet<_>) = all
        .iter()
        .map(|it| {
            let text = |name: &str| it[name].as_str().unwrap();
            (text("recipientAccountId"), text("awsRegion"))
        })
        .unzip();
    assert!(accounts.len() > 10 && regions.len() == 2);
    assert!(sizes.iter().all(|size| *size <= 10_000));
    let arn = {
        let model = w.simulator.model();
        model.lock().unwrap().trail_log_group_arn()
    };
    let pattern = format!("{{ $.recipientAccountId = \"{PAYMENTS}\" }}");
    let question = json!({ "logGroupIdentifier": arn, "filterPattern": pattern, "limit": 7 });
    let (theirs, sizes) = w.filtered(question).await;
    assert_eq!(ids_of(&theirs), w.ids(PAYMENTS));
    assert!(
        sizes.len() > 2 && sizes.iter().all(|size| *size <= 7),
        "{sizes:?}"
    );
    let (none, _) = w
        .filtered(json!({ "logGroupName": w.group, "endTime": 1000 }))
        .await;
    assert!(none.is_empty());
}

#[tokio::test]
async fn a_log_group_refuses_as_aws_does() {
    let w = world(Faults::default()).await;
    let group = &w.group;
    for (body, expected) in [
        (json!({ "logGroupName": "other" }), "ResourceNotFoundException"),
        (json!({}), "InvalidParameterException"),
        (
            json!({ "logGroupName": group, "logGroupIdentifier": group }),
            "InvalidParameterException",
        ),
        (
            json!({ "logGroupName": group, "limit": 10_001 }),
            "InvalidParameterException",
        ),
        (
            json!({ "logGroupName": group, "filterPattern": "{ $.a = \"x }" }),
            "InvalidParameterException",
        ),
    ] {
        assert_eq!(w.error(FILTER, &body).await, expected, "{body}");
    }
    w.simulator.install_faults(Faults {
        empty_pages: true,
        rate_limits: false,
        ..Faults::default()
    });
    let (_, sizes) = w.filtered(json!({ "logGroupName": group, "limit": 9 })).await;
    assert_eq!((sizes[0], sizes[1], sizes[2]), (0, 9, 0));
    let throttled = Faults::none().with(FaultRule::new("logs:*", FaultKind::Throttle).first(1));
    w.simulator.install_faults(throttled);
    let body = json!({ "logGroupName": group });
    assert_eq!(w.error(FILTER, &body).await, "ThrottlingException");
}

#[tokio::test]
async fn lake_answers_in_pages_of_at_most_a_thousand() {
    let w = world(quick()).await;
    let mine = format!("recipientAccountId = '{PAYMENTS}'");
    let id = w.started(&mine).await;
    let (mut rows, mut body) = (Vec::new(), json!({ "QueryId": id, "MaxQueryResults": 10 }));
    loop {
        let (_, page) = w.call(RESULTS, &body).await;
        assert_eq!(page["QueryStatus"], "FINISHED");
        let found = page["QueryResultRows"].as_array().unwrap();
        assert!(found.len() <= 10);
        rows.extend(
            found
                .iter()
                .map(|row| parsed(row[0]["eventJson"].as_str().unwrap())),
        );
        match page.get("NextToken") {
            Some(token) => body["NextToken"] = token.clone(),
            None => break,
        }
    }
    assert_eq!(ids_of(&rows), w.ids(PAYMENTS));
    let too_many = json!({ "QueryId": id, "MaxQueryResults": 1001 });
    assert_eq!(w.error(RESULTS, &too_many).await, "InvalidMaxResultsException");
    let none = w
        .result(&format!("{mine} AND eventTime >= '2100-01-01 00:00:00'"))
        .await;
    assert_eq!(none["QueryResultRows"], json!([]));
    let wrong = w.sql("username = 'x'");
    assert_eq!(w.error(START, &wrong).await, "InvalidQueryStatementException");
    let other = json!({ "QueryStatement": "SELECT eventJson FROM a-b" });
    assert_eq!(w.error(START, &other).await, "EventDataStoreNotFoundException");
    let unknown = json!({ "QueryId": "x" });
    assert_eq!(w.error(RESULTS, &unknown).await, "QueryIdNotFoundException");
}

#[tokio::test]
async fn lake_takes_its_time_and_may_fail() {
    let w = world(Faults {
        lake_queued_ms: 600_000,
        rate_limits: false,
        ..Faults::default()
    })
    .await;
    let rest = format!("recipientAccountId = '{PAYMENTS}'");
    assert_eq!(w.result(&rest).await["QueryStatus"], "QUEUED");
    let id = json!({ "QueryId": w.started(&rest).await });
    assert_eq!(w.call(CANCEL, &id).await.1["QueryStatus"], "CANCELLED");
    assert_eq!(w.call(RESULTS, &id).await.1["QueryStatus"], "CANCELLED");
    assert_eq!(w.error(CANCEL, &id).await, "InactiveQueryException");
    let unknown = json!({ "QueryId": "x" });
    assert_eq!(w.error(CANCEL, &unknown).await, "QueryIdNotFoundException");
    let with = |rule: FaultRule| Faults {
        rules: vec![rule],
        ..quick()
    };
    for (faults, status) in [
        (
            with(FaultRule::new("StartQuery", FaultKind::Slow).delay_ms(600_000)),
            "RUNNING",
        ),
        (with(FaultRule::new("StartQuery", FaultKind::Failed)), "FAILED"),
        (
            with(FaultRule::new("StartQuery", FaultKind::TimedOut)),
            "TIMED_OUT",
        ),
    ] {
        w.simulator.install_faults(faults);
        let result = w.result(&rest).await;
        assert_eq!(result["QueryStatus"], status);
        assert_eq!(result["QueryResultRows"], json!([]));
        assert_eq!(result["ErrorMessage"].is_string(), status == "FAILED");
    }
    w.simulator.install_faults(Faults {
        lake_queued_ms: 600_000,
        ..Faults::none()
    });
    // Two are at work already.
    for _ in 0..8 {
        w.started(&rest).await;
    }
    let error = w.error(START, &w.sql(&rest)).await;
    assert_eq!(error, "MaxConcurrentQueriesException");
}

#[tokio::test]
async fn every_source_shows_the_same_and_is_held_up_alike() {
    let w = world(quick()).await;
    let before = w.ids(PAYMENTS);
    let delivery = |delivery: Delivery| Faults { delivery, ..quick() };
    let shown = async || {
        let lookup = w.looked_up("GetRoleCredentials").await;
        let named = "{ $.userIdentity.type = \"IdentityCenterUser\" }";
        let logs = w
            .filtered(json!({ "logGroupName": w.group, "filterPattern": named }))
            .await;
        let lake = w.result("eventName = 'GetRoleCredentials'").await;
        (
            lookup,
            logs.0.len(),
            lake["QueryResultRows"].as_array().unwrap().len(),
        )
    };
    // Just before the newest event: recent, and long enough ago to be seen if nothing holds it up.
    let newest = {
        let model = w.simulator.model();
        let org = model.lock().unwrap();
        let events = org.history(PAYMENTS, "eu-west-1");
        events.last().unwrap().time_ms
    };
    let act = || {
        let model = w.simulator.model();
        model.lock().unwrap().write_history(1, newest);
    };
    let nothing = shown().await;
    w.simulator.install_faults(delivery(Delivery {
        gaps: vec![Gap {
            account: None,
            after_ms: -30 * DAY_MS,
            for_ms: 60 * DAY_MS,
        }],
        ..Delivery::default()
    }));
    act();
    assert!(w.ids(PAYMENTS).len() > before.len(), "it happened");
    assert_eq!(shown().await, nothing, "and nobody sees it before the gap heals");
    w.simulator.install_faults(delivery(Delivery {
        late_share: 1.0,
        late_ms: 30 * DAY_MS,
        ..Delivery::default()
    }));
    act();
    assert_eq!(shown().await, nothing, "nor what is late");
    w.simulator.install_faults(delivery(Delivery {
        shuffled: true,
        ..Delivery::default()
    }));
    act();
    let once = shown().await;
    let new = (once.0 - nothing.0, once.1 - nothing.1, once.2 - nothing.2);
    assert!(new.0 > 0 && new.0 == new.1 && new.1 == new.2, "{new:?}");
    let (all, _) = w.filtered(json!({ "logGroupName": w.group })).await;
    let times: Vec<_> = all.iter().map(|it| it["eventTime"].as_str().unwrap()).collect();
    assert!(!times.is_sorted(), "in no order");
}

#[tokio::test]
async fn some_events_come_twice() {
    let w = world(Faults {
        rate_limits: false,
        ..Faults::default()
    })
    .await;
    w.simulator.install_faults(Faults {
        delivery: Delivery {
            duplicate_share: 1.0,
            ..Delivery::default()
        },
        ..quick()
    });
    {
        // So long ago that the second delivery has come too.
        let model = w.simulator.model();
        model.lock().unwrap().write_history(2, 1_700_000_000_000);
    }
    let body = json!({ "logGroupName": w.group, "endTime": 1_700_000_000_000_i64 });
    let (all, _) = w.filtered(body).await;
    assert!(!all.is_empty());
    assert_eq!(all.len(), 2 * ids_of(&all).len());
}
