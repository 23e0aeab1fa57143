//! Who holds what, and what looking may cost.

use super::directory::organisation;
use super::{Answer, Fake, INSTANCE, SET, USER, connect, key, page_of_html, settings};
use serde_json::{Value, json};
use std::time::Instant;
use teamd_aws::health::State;
use teamd_aws::port::{DirectorySource, Inventory};
use teamd_domain::grant::Holder;

const GROUP: &str = "9067642c9c-ccccdddd-1111-2222-3333-444455556666";

fn row(kind: &str, id: &str) -> Value {
    json!({ "AccountId": "111122223333", "PermissionSetArn": SET, "PrincipalType": kind, "PrincipalId": id })
}

#[tokio::test]
async fn people_and_groups_of_every_page() {
    let fake = Fake::start(|_, body| {
        Answer::Ok(match body["NextToken"].as_str() {
            None => json!({ "AccountAssignments": [row("USER", USER)], "NextToken": "a" }),
            // AWS may send empty pages.
            Some("a") => json!({ "AccountAssignments": [], "NextToken": "b" }),
            Some(_) => json!({ "AccountAssignments": [row("GROUP", GROUP), row("ROBOT", GROUP)] }),
        })
    })
    .await;
    let (aws, _) = connect(settings(&fake.url)).await;
    let key = key();
    let holders = aws.holders(&key.account, &key.permission_set).await.unwrap();
    let expected = [
        Holder::User(USER.parse().unwrap()),
        Holder::Group(GROUP.parse().unwrap()),
    ];
    assert_eq!(holders, expected);
    let bodies = fake.bodies("ListAccountAssignments");
    assert_eq!(bodies.len(), 3);
    assert_eq!(bodies[0]["InstanceArn"], INSTANCE);
    assert_eq!(bodies[0]["AccountId"], "111122223333");
    assert_eq!(bodies[0]["PermissionSetArn"], SET);
}

#[tokio::test]
async fn a_failed_page_is_no_list_and_what_is_unknown_has_no_holders() {
    let key = key();
    let fake = Fake::start(|_, body| match body["NextToken"].as_str() {
        None => Answer::Ok(json!({ "AccountAssignments": [row("USER", USER)], "NextToken": "a" })),
        Some(_) => Answer::Error(400, "ThrottlingException", "slow down"),
    })
    .await;
    let (aws, health) = connect(settings(&fake.url)).await;
    assert!(aws.holders(&key.account, &key.permission_set).await.is_err());
    assert_eq!(health.snapshot().state, State::Throttling);
    let fake = Fake::start(|_, _| Answer::Error(400, "ResourceNotFoundException", "gone")).await;
    let (aws, _) = connect(settings(&fake.url)).await;
    assert_eq!(
        aws.holders(&key.account, &key.permission_set).await,
        Ok(Vec::new())
    );
    assert_eq!(aws.provisioned(&key.account).await, Ok(Some(Vec::new())));
}

#[tokio::test]
async fn where_it_cannot_be_asked_what_is_provisioned_that_is_no_failure() {
    let account = key().account;
    let fake = Fake::start(|_, _| Answer::Ok(json!({ "PermissionSets": [SET] }))).await;
    let (aws, _) = connect(settings(&fake.url)).await;
    let sets = aws.provisioned(&account).await.unwrap();
    assert_eq!(sets, Some(vec![SET.parse().unwrap()]));
    for refused in [true, false] {
        let fake = Fake::start(move |_, _| match refused {
            true => Answer::Error(400, "AccessDeniedException", "no"),
            false => page_of_html(),
        })
        .await;
        let (aws, health) = connect(settings(&fake.url)).await;
        assert_eq!(aws.provisioned(&account).await, Ok(None));
        assert_ne!(health.snapshot().state, State::Refusing);
    }
    let fake = Fake::start(|_, _| Answer::Error(503, "ServiceUnavailable", "later")).await;
    let (aws, _) = connect(settings(&fake.url)).await;
    assert!(aws.provisioned(&account).await.is_err());
}

/// The first load is waited for by everybody; what comes after shares a fifth of the rate with the sweeps. However slow
/// the machine is, more calls than the time allows are never made.
#[tokio::test]
async fn refreshes_and_sweeps_share_one_budget() {
    const RATE: f64 = 100.0;
    let fake = Fake::start(|operation, body| match operation {
        "ListAccountAssignments" => Answer::Ok(json!({ "AccountAssignments": [] })),
        _ => organisation(operation, body),
    })
    .await;
    let settings = teamd_aws::config::AwsSettings {
        requests_per_second: RATE,
        ..settings(&fake.url)
    };
    let (aws, _) = connect(settings).await;
    aws.load(super::start()).await.unwrap();
    let spent = || {
        let calls = [
            "ListAccountAssignments",
            "ListAccountAssignmentsForPrincipal",
            "ListPermissionSets",
            "DescribePermissionSet",
        ];
        calls.iter().map(|call| fake.count(call)).sum::<usize>()
    };
    let (before, began, key) = (spent(), Instant::now(), key());
    let looks = async {
        for _ in 0..12 {
            aws.holders(&key.account, &key.permission_set).await.unwrap();
        }
    };
    let loads = async {
        for _ in 0..2 {
            aws.load(super::start()).await.unwrap();
        }
    };
    tokio::join!(looks, loads);
    let (calls, took) = (spent() - before, began.elapsed().as_secs_f64());
    let most = took * RATE / 5.0 + 1.0;
    assert!(calls >= 20 && calls as f64 <= most, "{calls} calls in {took} s");
}
