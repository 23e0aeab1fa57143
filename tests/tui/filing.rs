//! `request`: what is said of what was filed.

use crate::cli::{json, team};
use crate::fake;
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
