//! EventBridge Scheduler's wire, byte by byte.

use aws_simulator::{Simulator, SimulatorConfig};
use reqwest::{Client, Method};
use serde_json::{Value, json};

struct World {
    simulator: Simulator,
    http: Client,
}

impl World {
    async fn new() -> Self {
        let simulator = Simulator::start(SimulatorConfig::default()).await.unwrap();
        let http = Client::builder().no_proxy().build().unwrap();
        Self { simulator, http }
    }

    /// Status, error type and body.
    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> (u16, String, Value) {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.simulator.url()));
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.headers()["content-type"], "application/json");
        let kind = answer.headers().get("x-amzn-errortype");
        let kind = kind.map_or("", |kind| kind.to_str().unwrap()).to_owned();
        (answer.status().as_u16(), kind, answer.json().await.unwrap())
    }
}

fn schedule() -> Value {
    json!({
        "ClientToken": "t1",
        "ScheduleExpression": "at(2030-01-02T03:04:05)",
        "ScheduleExpressionTimezone": "UTC",
        "FlexibleTimeWindow": { "Mode": "OFF" },
        "ActionAfterCompletion": "DELETE",
        "Target": {
            "Arn": "arn:aws:scheduler:::aws-sdk:ssoadmin:deleteAccountAssignment",
            "RoleArn": "arn:aws:iam::111122223333:role/backstop",
            "Input": "{}",
            "RetryPolicy": { "MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185 },
        },
    })
}

#[tokio::test]
async fn a_schedule_from_its_making_to_its_end() {
    let w = World::new().await;
    let (status, _, made) = w
        .send(Method::POST, "/schedules/teamd-1-a", Some(&schedule()))
        .await;
    assert_eq!(status, 200, "{made}");
    assert!(
        made["ScheduleArn"]
            .as_str()
            .unwrap()
            .ends_with(":schedule/default/teamd-1-a")
    );
    let mut again = schedule();
    again["ClientToken"] = "t2".into();
    let (status, kind, _) = w.send(Method::POST, "/schedules/teamd-1-a", Some(&again)).await;
    assert_eq!((status, kind.as_str()), (409, "ConflictException"));
    again["ScheduleExpression"] = "at(2031-01-02T03:04:05)".into();
    let (status, ..) = w.send(Method::PUT, "/schedules/teamd-1-a", Some(&again)).await;
    assert_eq!(status, 200);
    let (_, _, found) = w
        .send(Method::GET, "/schedules/teamd-1-a?groupName=default", None)
        .await;
    assert_eq!(found["ScheduleExpression"], "at(2031-01-02T03:04:05)");
    assert_eq!(
        found["Target"]["RetryPolicy"],
        schedule()["Target"]["RetryPolicy"]
    );
    for other in ["teamd-2-a", "other"] {
        w.send(Method::POST, &format!("/schedules/{other}"), Some(&schedule()))
            .await;
    }
    let (_, _, page) = w
        .send(Method::GET, "/schedules?NamePrefix=teamd-&MaxResults=1", None)
        .await;
    assert_eq!(page["Schedules"][0]["Name"], "teamd-1-a");
    let token = page["NextToken"].as_str().unwrap();
    let next = format!("/schedules?NamePrefix=teamd-&MaxResults=1&NextToken={token}");
    let (_, _, page) = w.send(Method::GET, &next, None).await;
    assert_eq!(
        (&page["Schedules"][0]["Name"], &page["NextToken"]),
        (&json!("teamd-2-a"), &Value::Null)
    );
    let (status, ..) = w
        .send(Method::DELETE, "/schedules/teamd-1-a?clientToken=x", None)
        .await;
    assert_eq!(status, 200);
    let (status, kind, _) = w
        .send(Method::DELETE, "/schedules/teamd-1-a?clientToken=x", None)
        .await;
    assert_eq!((status, kind.as_str()), (404, "ResourceNotFoundException"));
}

#[tokio::test]
async fn what_aws_would_not_take() {
    let w = World::new().await;
    let wrong = |change: fn(&mut Value)| {
        let mut body = schedule();
        change(&mut body);
        body
    };
    for (name, body) in [
        (&*"x".repeat(65), schedule()),
        ("a%20b", schedule()),
        ("a", wrong(|body| body["FlexibleTimeWindow"] = Value::Null)),
        ("a", wrong(|body| body["Target"] = Value::Null)),
        ("a", wrong(|body| body["Target"]["RoleArn"] = Value::Null)),
        (
            "a",
            wrong(|body| body["Target"]["RetryPolicy"]["MaximumRetryAttempts"] = json!(186)),
        ),
        (
            "a",
            wrong(|body| body["ScheduleExpression"] = "at(tomorrow)".into()),
        ),
        ("a", wrong(|body| body["ScheduleExpression"] = Value::Null)),
    ] {
        let (status, kind, answer) = w
            .send(Method::POST, &format!("/schedules/{name}"), Some(&body))
            .await;
        assert_eq!(
            (status, kind.as_str()),
            (400, "ValidationException"),
            "{name} {answer}"
        );
    }
    let (status, kind, _) = w.send(Method::GET, "/schedules/a?groupName=other", None).await;
    assert_eq!((status, kind.as_str()), (404, "ResourceNotFoundException"));
    let (_, _, none) = w.send(Method::GET, "/_simulator/schedules", None).await;
    assert_eq!(none, json!({ "schedules": [], "dead_letters": 0 }));
}
