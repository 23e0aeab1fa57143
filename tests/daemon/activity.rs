//! What was done with the access: events of the simulated CloudTrail beside the request they belong to.
//!
//! * `review` what was left behind, and access that was not used
//! * `sight` who sees what, and the stream

mod review;
mod sight;

use crate::support::*;
use aws_simulator::Organisation;
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::time::Instant;

/// A world that follows sessions.
pub(crate) async fn followed() -> World {
    followed_with(|_| {}).await
}

pub(crate) async fn followed_with(change: impl FnOnce(&mut teamd_config::Config)) -> World {
    let activity = |config: &mut teamd_config::Config| {
        config.activity.source = teamd_config::ActivitySource::CloudtrailLookup;
        config.activity.role_name = Some("teamd-trail-reader".to_owned());
        config.activity.regions = vec!["eu-west-1".to_owned()];
        config.activity.poll = "1s".parse().expect("a duration");
        change(config);
    };
    Setup::new().config(activity).start().await
}

/// A call in the ledger's account by somebody's session with [`ADMIN`], as CloudTrail would write it.
pub(crate) fn call(aws: &Organisation, who: &str, id: &str, action: &str) -> Value {
    let (service, name) = action.split_once(':').expect("service:Call");
    let user = aws.user_named(who).expect("a user").id.clone();
    let set = aws.permission_set_named(ADMIN).expect("the set").arn.clone();
    let role = aws.role_name(LEDGER, &set);
    json!({
        "eventID": id,
        "eventSource": format!("{service}.amazonaws.com"),
        "eventName": name,
        "awsRegion": "eu-west-1",
        "recipientAccountId": LEDGER,
        "readOnly": name.starts_with("Describe"),
        "sourceIPAddress": "192.0.2.1",
        "userAgent": "aws-cli/2.31",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": format!("AROAEXAMPLE:{who}"),
            "arn": format!("arn:aws:sts::{LEDGER}:assumed-role/{role}/{who}"),
            "accessKeyId": "ASIAEXAMPLE",
            "sessionContext": { "sessionIssuer": { "userName": role } },
            "onBehalfOf": { "userId": user },
        },
    })
}

/// A call by a role that a session went on to: it has another name, and so does its session.
fn by_the_chained_role(aws: &Organisation, id: &str) -> Value {
    let mut record = call(aws, "alice", id, "s3:PutObject");
    record["userIdentity"] = json!({
        "type": "AssumedRole",
        "principalId": "AROAOTHER:build-17",
        "accessKeyId": "ASIACHAINED",
        "sessionContext": {"sessionIssuer": {"userName": "deployer"}},
    });
    record
}

/// Writes a call of that person into CloudTrail, in a region, so long ago.
pub(crate) fn happen(
    world: &World,
    region: &str,
    who: &str,
    ago: TimeDelta,
    change: impl Fn(&Organisation) -> Value,
) {
    world.aws(|aws, now| {
        let record = change(aws).to_string();
        aws.record_event((LEDGER, region), who, &record, now - ago.num_milliseconds());
    });
}

/// The page of a request, once it is as wanted.
pub(crate) async fn page_when(world: &World, id: &str, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + SOON;
    loop {
        let path = format!("/v1/requests/{id}/activity?digest=true");
        let page = world.as_("hugo").get(&path).await.is(200);
        if is_so(&page) {
            return page;
        }
        assert!(Instant::now() < deadline, "never {what}: {page:#}");
        pause().await;
    }
}

fn ids(page: &Value) -> Vec<&str> {
    items(page)
        .iter()
        .filter_map(|item| item["event_id"].as_str())
        .collect()
}

#[tokio::test]
async fn exactly_the_calls_of_the_session_are_shown_counted_and_told() {
    let mut world = followed().await;
    let id = world.active().await;
    let second = TimeDelta::seconds(1);
    happen(&world, "eu-west-1", "alice", second, |aws| {
        call(aws, "alice", "e1", "ec2:DescribeInstances")
    });
    happen(&world, "us-east-1", "alice", second, |aws| {
        let mut made = call(aws, "alice", "e2", "iam:CreateAccessKey");
        made["responseElements"] = json!({"accessKey": {"userName": "deploy", "accessKeyId": "AKIAEXAMPLE"}});
        made
    });
    happen(&world, "eu-west-1", "alice", TimeDelta::zero(), |aws| {
        let mut refused = call(aws, "alice", "e3", "ec2:RunInstances");
        refused["errorCode"] = json!("Client.UnauthorizedOperation");
        refused
    });
    // Another role of the same name's kind, another person, and what was before: none of it is this session's.
    happen(&world, "eu-west-1", "alice", TimeDelta::zero(), |aws| {
        let mut other = call(aws, "alice", "no1", "ec2:RunInstances");
        let role = format!("AWSReservedSSO_ReadOnly{ADMIN}_7243976e43c75fc5");
        other["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"] = json!(role);
        other
    });
    happen(&world, "eu-west-1", "alice", TimeDelta::zero(), |aws| {
        let mut other = call(aws, "bob", "no2", "ec2:RunInstances");
        other["userIdentity"]["principalId"] = json!("AROAEXAMPLE:alice");
        other
    });
    happen(&world, "eu-west-1", "alice", TimeDelta::hours(1), |aws| {
        call(aws, "alice", "no3", "ec2:RunInstances")
    });
    let page = page_when(&world, &id, "three events", |page| items(page).len() >= 3).await;
    let mut found = ids(&page);
    found.sort_unstable();
    assert_eq!(found, ["e1", "e2", "e3"], "{page:#}");
    let digest = &page["digest"];
    assert_eq!(
        (&digest["events"], &digest["writes"], &digest["errors"]),
        (&json!(3), &json!(2), &json!(1))
    );
    assert_eq!(
        digest["left_behind"][0]["label"],
        "access key: deploy · AKIAEXAMPLE"
    );
    let coverage = page["coverage"].as_str().unwrap_or_default();
    assert!(coverage.contains("eu-west-1, us-east-1"), "{coverage}");
    let shown = world.show(&id).await;
    assert_eq!(shown["activity"]["events"], 3, "{shown:#}");
    assert_eq!(shown["activity"]["left_behind"], 1);
    // Told once, also after a restart that reads everything again.
    let rows = |world: &World| {
        let rows = world.engine().store().read_blocking(|read| {
            read.audit(&teamd_store::port::AuditFilter {
                limit: usize::MAX,
                ..Default::default()
            })
        });
        let rows = rows.expect("the trail");
        let of = |kind: &str| rows.iter().filter(|row| row.kind.as_str() == kind).count();
        (of("activity.started"), of("activity.marked"))
    };
    soon("the marks are in the trail", || rows(&world).1 > 0).await;
    let told = rows(&world);
    assert_eq!(told.0, 1);
    world.stop().await;
    std::fs::remove_file(world.folder().join("activity.db")).expect("the file of activity");
    world.run().await;
    let again = page_when(&world, &id, "three events again", |page| items(page).len() >= 3).await;
    assert_eq!(
        again["digest"]["marks"], page["digest"]["marks"],
        "lost and read again: the same"
    );
    assert_eq!(rows(&world), told);
}

#[tokio::test]
async fn a_role_that_the_session_went_on_to_is_followed_and_another_account_left_our_view() {
    let world = followed().await;
    let id = world.active().await;
    let assumed = |aws: &Organisation, event: &str, account: &str| {
        let mut record = call(aws, "alice", event, "sts:AssumeRole");
        record["requestParameters"] = json!({"roleArn": format!("arn:aws:iam::{account}:role/deployer")});
        record["responseElements"] = json!({"credentials": {"accessKeyId": "ASIACHAINED"}});
        record
    };
    happen(&world, "eu-west-1", "alice", TimeDelta::seconds(2), |aws| {
        assumed(aws, "e1", LEDGER)
    });
    happen(&world, "eu-west-1", "alice", TimeDelta::seconds(2), |aws| {
        assumed(aws, "e2", WEB)
    });
    // The chained role has another name, and so does its session.
    happen(&world, "eu-west-1", "build-17", TimeDelta::seconds(1), |aws| {
        by_the_chained_role(aws, "e3")
    });
    let page = page_when(&world, &id, "the chain's call", |page| ids(page).contains(&"e3")).await;
    let marks = |event: &str| {
        let mut all = items(&page).iter();
        all.find(|item| item["event_id"] == event).expect("the event")["marks"].to_string()
    };
    assert!(marks("e1").contains("role-chaining") && !marks("e1").contains("left-our-view"));
    assert!(marks("e2").contains("left-our-view"), "{}", marks("e2"));
}

#[tokio::test]
async fn what_comes_late_and_out_of_order_is_found_after_the_end_d31() {
    let world = followed().await;
    let id = world.active().await;
    page_when(&world, &id, "read once", |page| {
        !page["complete_until"].is_null() || items(page).is_empty()
    })
    .await;
    world.act("alice", &id, "done").await.is(200);
    world.reach(&id, "ended").await;
    // Half an hour late, the newer one first.
    happen(&world, "eu-west-1", "alice", TimeDelta::zero(), |aws| {
        call(aws, "alice", "late2", "ec2:RunInstances")
    });
    happen(
        &world,
        "eu-west-1",
        "alice",
        TimeDelta::milliseconds(1500),
        |aws| call(aws, "alice", "late1", "ec2:DescribeInstances"),
    );
    world.clock.shift(TimeDelta::hours(14));
    let page = page_when(&world, &id, "complete", |page| {
        page["coverage"]
            .as_str()
            .is_some_and(|text| text.ends_with("complete"))
    })
    .await;
    let mut found = ids(&page);
    found.sort_unstable();
    assert_eq!(found, ["late1", "late2"]);
    assert_eq!(world.show(&id).await["activity"]["complete"], true);
}

#[tokio::test]
async fn a_place_that_cannot_be_read_is_named_and_nothing_is_called_complete() {
    let world = followed_with(|config| config.activity.role_name = None).await;
    let id = world.active().await;
    let page = page_when(&world, &id, "a page", |_| true).await;
    let coverage = page["coverage"].as_str().unwrap_or_default();
    assert!(coverage.contains("role_name"), "{coverage}");
    assert!(page["complete_until"].is_null());
}

#[tokio::test]
async fn any_record_is_kept_as_it_is_and_harms_nothing() {
    let world = followed().await;
    let id = world.active().await;
    happen(&world, "eu-west-1", "alice", TimeDelta::seconds(1), |aws| {
        let mut odd = call(aws, "alice", "odd1", "ec2:RunInstances");
        odd["userAgent"] = json!("\u{1b}]0;owned\u{7}\u{202e}");
        odd["resources"] = json!({"not": "a list"});
        odd["requestParameters"] = json!("x".repeat(200 * 1024));
        odd
    });
    world.aws(|aws, now| {
        let record = "not json at all \u{1b}[31m";
        aws.record_event((LEDGER, "eu-west-1"), "alice", record, now);
    });
    page_when(&world, &id, "the odd event", |page| ids(page).contains(&"odd1")).await;
    let path = format!("/v1/requests/{id}/activity?raw=true");
    let page = world.as_("hugo").get(&path).await.is(200);
    assert_eq!(
        items(&page)[0]["user_agent"],
        "\u{1b}]0;owned\u{7}\u{202e}",
        "clients escape it"
    );
    assert!(
        items(&page)[0]["raw"]["requestParameters"]
            .as_str()
            .is_some_and(|text| text.len() == 200 * 1024)
    );
}

#[tokio::test]
async fn every_source_tells_of_the_same_calls() {
    use teamd_config::ActivitySource;
    let organisation = aws_simulator::organisation::standard::organisation();
    let sources = [
        ActivitySource::CloudtrailLookup,
        ActivitySource::CloudwatchLogs(organisation.trail_log_group()),
        ActivitySource::CloudwatchLogs(format!("{}:*", organisation.trail_log_group_arn())),
        ActivitySource::CloudtrailLake(organisation.event_data_store()),
    ];
    for source in sources {
        let world = followed_with(|config| config.activity.source = source.clone()).await;
        let id = world.active().await;
        what_alice_did(&world);
        let page = page_when(&world, &id, &format!("all by {source:?}"), |page| {
            ids(page).contains(&"by-key") && items(page).len() >= 5
        })
        .await;
        let mut found = ids(&page);
        found.sort_unstable();
        assert_eq!(
            found,
            ["assumed", "by-key", "by-name", "signed-in", "usual"],
            "{source:?}: {page:#}"
        );
        let status = world.engine().activity_source().unwrap_or_default();
        let named = match &source {
            ActivitySource::CloudtrailLookup => "CloudTrail event history of eu-west-1, us-east-1",
            ActivitySource::CloudwatchLogs(_) => "aws-cloudtrail-logs-",
            _ => "CloudTrail Lake",
        };
        assert!(status.contains(named), "{status}");
    }
}

/// Calls of one session of hers, of each kind that is found in another way; and some that are not hers.
fn what_alice_did(world: &World) {
    let second = TimeDelta::seconds(1);
    happen(world, "eu-west-1", "alice", second, |aws| {
        call(aws, "alice", "usual", "ec2:DescribeInstances")
    });
    happen(world, "us-east-1", "alice", second, |aws| {
        let mut record = call(aws, "alice", "by-name", "iam:ListUsers");
        record["userIdentity"]["onBehalfOf"] = Value::Null;
        record
    });
    happen(world, "eu-west-1", "alice", second, |aws| {
        let mut record = call(aws, "alice", "assumed", "sts:AssumeRole");
        record["requestParameters"] = json!({"roleArn": format!("arn:aws:iam::{LEDGER}:role/deployer")});
        record["responseElements"] = json!({"credentials": {"accessKeyId": "ASIACHAINED"}});
        record
    });
    happen(world, "eu-west-1", "build-17", TimeDelta::zero(), |aws| {
        by_the_chained_role(aws, "by-key")
    });
    happen(world, "eu-west-1", "bob", TimeDelta::zero(), |aws| {
        call(aws, "bob", "not-hers", "ec2:RunInstances")
    });
    happen(world, "eu-west-1", "malice", TimeDelta::zero(), |aws| {
        let mut record = call(aws, "alice", "nor-this", "ec2:RunInstances");
        record["userIdentity"]["principalId"] = json!("AROAEXAMPLE:malice");
        record["userIdentity"]["onBehalfOf"] = Value::Null;
        record
    });
    // Signing in is recorded elsewhere, with the id of the person and no name.
    world.aws(|aws, now| {
        let management = aws.management_account().to_owned();
        let user = aws.user_named("alice").expect("a user").id.clone();
        let record = json!({
            "eventID": "signed-in",
            "eventSource": "sso.amazonaws.com",
            "eventName": "GetRoleCredentials",
            "awsRegion": "eu-west-1",
            "readOnly": true,
            "userIdentity": {
                "type": "IdentityCenterUser",
                "accountId": management,
                "onBehalfOf": {"userId": user},
            },
            "serviceEventDetails": {"role_name": ADMIN, "account_id": LEDGER},
        });
        let place = (management.as_str(), "eu-west-1");
        aws.record_event(place, "", &record.to_string(), now - 2000);
    });
}
