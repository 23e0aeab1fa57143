//! `request`: what is said of what was filed.

use crate::cli::{json, team};
use crate::fake::{self, Running};
use crate::fixtures;
use serde_json::Value;
use team_shared::state::RequestState;

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_is_told_where_keys_outlive_the_access() {
    let running = fake::start().await;
    for (length, is_said) in [("30m", true), ("2h", false)] {
        let args = [
            "request",
            "pay-prod",
            "AdministratorAccess",
            "--reason",
            "roll back by hand",
            "--for",
            length,
        ];
        let (code, out, err) = team(&running, &args).await;
        assert_eq!(code, 0, "{err}");
        let warning = "! 30m asked; keys may live 1h more: longer than the access itself";
        assert_eq!(err.contains(warning), is_said, "{err}");
        assert!(!out.contains("keys may live"), "talk is not data: {out}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_becomes_of_the_waiting_all_that_was_filed_is_printed() {
    let ask = ["--reason", "roll back by hand", "--for", "2h", "--wait=1s"];
    let two = [
        &["request", "pay-prod", "web-prod", "AdministratorAccess"],
        &ask[..],
    ]
    .concat();
    for (fate, wanted) in [
        (RequestState::Active, 0),
        (RequestState::Pending, 7),
        (RequestState::Rejected, 8),
    ] {
        let running = fake::start().await;
        running.fake.world().fate = Some(fate);
        let (code, out, err) = team(&running, &two).await;
        assert_eq!(code, wanted, "{err}");
        let said: Vec<String> = out
            .lines()
            .map(|line| line.chars().take_while(|c| *c != ':').collect())
            .collect();
        assert_eq!(
            said,
            ["NEWRQ1 active".to_owned(), format!("NEWRQ2 {fate}")],
            "{out}"
        );
        let running = fake::start().await;
        running.fake.world().fate = Some(fate);
        let (code, out, err) = team(&running, &[&two[..], &["--json"]].concat()).await;
        assert_eq!(code, wanted, "{err}");
        assert_eq!(json(&out)["items"][1]["state"], fate.as_str());
    }
    // One alone is no other matter.
    let running = fake::start().await;
    running.fake.world().fate = Some(RequestState::Rejected);
    let one = [&["request", "pay-prod", "AdministratorAccess"], &ask[..]].concat();
    let (code, out, err) = team(&running, &one).await;
    assert_eq!(
        (code, out.starts_with("NEWREQ rejected")),
        (8, true),
        "{out}{err}"
    );
}

/// What was filed by a command.
async fn filed(running: &Running, args: &[&str]) -> (String, Value) {
    running.fake.world().seen.clear();
    let (code, _, err) = team(running, &[&["request"], args].concat()).await;
    assert_eq!(code, 0, "{args:?}: {err}");
    let body = running.fake.world().seen[0].2.clone();
    (err, body)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_past_request_is_filed_again_with_what_is_given_in_its_place() {
    let running = fake::start().await;
    let (_, body) = filed(&running, &["--again", "ZZ4H6R"]).await;
    let past = fixtures::request(fake::now(), "ZZ4H6R", "bob", 0);
    assert_eq!(body["account_id"], past.account.id.as_str());
    assert_eq!(body["permission_set"], past.permission_set.arn.as_str());
    assert_eq!(body["duration_seconds"], past.duration_seconds);
    assert_eq!(body["justification"], past.justification.as_str());
    assert_eq!(body["ticket"], "INC-4711");
    assert!(body["start_at"].is_null() && body["end_at"].is_null());
    let args = [
        "--again",
        "zz4h6r",
        "--for",
        "30m",
        "--reason",
        "once more",
        "--ticket",
        "INC-9",
    ];
    let (_, body) = filed(&running, &args).await;
    assert_eq!(
        (&body["duration_seconds"], &body["ticket"]),
        (&1800.into(), &"INC-9".into())
    );
    assert_eq!(body["justification"], "once more");
    let (_, body) = filed(&running, &["--again", "ZZ4H6R", "--until", "+3h"]).await;
    assert!(
        body["duration_seconds"].is_null() && body["end_at"].is_string(),
        "{body}"
    );
    let (_, body) = filed(&running, &["web-prod", "ReadOnlyAccess", "--again", "ZZ4H6R"]).await;
    assert_eq!(body["account_id"], "444455556666");
    assert_eq!(
        (&body["permission_set"], &body["ticket"]),
        (&"ReadOnlyAccess".into(), &"INC-4711".into())
    );
    let (code, _, err) = team(&running, &["request", "--again", "AAAAAA"]).await;
    assert_eq!(code, 4, "{err}");
    let (code, _, err) = team(&running, &["request", "web-prod", "--again", "ZZ4H6R"]).await;
    assert_eq!((code, err.contains("name the account")), (2, true), "{err}");
    let (code, _, err) = team(&running, &["request", "web-prod", "X", "--for", "1h"]).await;
    assert_eq!((code, err.contains("--reason")), (2, true), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn glass_is_not_broken_again_unless_one_says_so() {
    let running = fake::start().await;
    for view in &mut running.fake.world().requests {
        view.break_glass = true;
    }
    let (err, body) = filed(&running, &["--again", "ZZ4H6R"]).await;
    assert!(
        body["break_glass"] == false && err.contains("--break-glass"),
        "{err}"
    );
    let (_, body) = filed(&running, &["--again", "ZZ4H6R", "--break-glass"]).await;
    assert_eq!(body["break_glass"], true);
}
