//! Mail by SES and notices by SNS, against a third party's emulator: what arrives in a queue that filters, and what the
//! sender is told. Skipped, and said so, without `TEAM_TEST_PYTHON`.

use super::moto::{discovering, moto};
use serde_json::{Value, json};
use std::process::Command;
use teamd_aws::messages::{Letter, MessageError, Messages, Notification};

/// A verified sender; a topic with two queues, of which one wants alarms only.
const FILL: &str = r#"
import boto3, json, sys
kw = dict(endpoint_url=sys.argv[1], region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y")
ses, sns, sqs = (boto3.client(n, **kw) for n in ("sesv2", "sns", "sqs"))
ses.create_email_identity(EmailIdentity="teamd@example.com")
topic = sns.create_topic(Name="access")["TopicArn"]
for name, policy in (("all", None), ("alarms", {"severity": ["alarm"]})):
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    attributes = {"FilterPolicy": json.dumps(policy)} if policy else {}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
print(topic)
"#;

/// What is in the queues, and what was mailed, as JSON.
const LOOK: &str = r#"
import boto3, json, sys, urllib.request
kw = dict(endpoint_url=sys.argv[1], region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y")
sqs = boto3.client("sqs", **kw)
def queue(name):
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    return [json.loads(m["Body"]) for m in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])]
quota = boto3.client("ses", **kw).get_send_quota()["SentLast24Hours"]
mails = json.load(urllib.request.urlopen(sys.argv[1] + "/moto-api/data.json")).get("ses", {}).get("Message", [])
print(json.dumps({"all": queue("all"), "alarms": queue("alarms"), "sent": quota, "mails": [str(m) for m in mails]}))
"#;

fn run(python: &str, script: &str, url: &str) -> String {
    let output = Command::new(python).args(["-c", script, url]).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn notification(topic_arn: &str, severity: &str) -> Notification {
    Notification {
        topic_arn: topic_arn.to_owned(),
        subject: format!("A test of {severity}"),
        messages: json!({ "default": "{\"type\":\"test\"}", "email": "Grüße", "sms": "short" }).to_string(),
        attributes: vec![
            ("event", "request.submitted".to_owned()),
            ("severity", severity.to_owned()),
        ],
    }
}

fn letter(from: &str, to: &str) -> Letter {
    Letter {
        from: from.to_owned(),
        source_arn: None,
        region: None,
        to: to.to_owned(),
        subject: "Grüße".to_owned(),
        text: "plain".to_owned(),
        html: "<p>html</p>".to_owned(),
        id: "ntf_1".to_owned(),
    }
}

#[tokio::test]
async fn mail_and_notices_go_through_moto() {
    let Ok(python) = std::env::var("TEAM_TEST_PYTHON") else {
        eprintln!("SKIPPED: TEAM_TEST_PYTHON does not name a python with moto[server] and boto3");
        return;
    };
    let (_server, url) = moto(&python).await;
    let aws = discovering(&url).await;
    let topic = run(&python, FILL, &url);

    for severity in ["info", "alarm"] {
        let id = aws.publish(&notification(&topic, severity)).await.unwrap();
        assert!(id.len() > 10, "{id}");
    }
    aws.send_mail(&letter("teamd@example.com", "ann@example.com"))
        .await
        .unwrap();

    let seen: Value = serde_json::from_str(&run(&python, LOOK, &url)).unwrap();
    let (all, alarms) = (
        seen["all"].as_array().unwrap(),
        seen["alarms"].as_array().unwrap(),
    );
    assert_eq!((all.len(), alarms.len()), (2, 1), "{seen:#}");
    assert_eq!(alarms[0]["Subject"], "A test of alarm");
    assert_eq!(alarms[0]["Message"], "{\"type\":\"test\"}", "programs get JSON");
    assert_eq!(
        alarms[0]["MessageAttributes"]["event"]["Value"],
        "request.submitted"
    );
    assert_eq!(seen["sent"].as_f64(), Some(1.0), "{seen:#}");

    assert!(
        aws.check_topic(&topic)
            .await
            .unwrap()
            .contains("confirmed subscriptions")
    );
    // What operators can mend is tried again.
    let unverified = aws
        .send_mail(&letter("nobody@elsewhere.example", "ann@example.com"))
        .await;
    assert!(
        matches!(unverified, Err(MessageError::Later { .. })),
        "{unverified:?}"
    );
    let gone = aws
        .publish(&notification(&topic.replace(":access", ":none"), "info"))
        .await;
    assert!(matches!(gone, Err(MessageError::Later { .. })), "{gone:?}");
}
