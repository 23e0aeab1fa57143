//! Several requests as one: `approve --batch`.

use crate::cli::team;
use crate::fake::{self, Running};
use crate::fixtures;

/// The id that a client chose for its batch.
const BATCH: &str = "01KB0000000000000000000BAT";

/// Three of bob's and one of ann's in a batch; ann may not decide on her own, and one of bob's has her vote already.
async fn world() -> Running {
    let running = fake::start().await;
    {
        let mut world = running.fake.world();
        for (short, who, minutes) in [
            ("BAT001", "bob", 5),
            ("BAT002", "bob", 6),
            ("BAT003", "bob", 7),
            ("BAT004", "ann", 8),
        ] {
            let mut view = fixtures::request(fake::now(), short, who, minutes);
            view.batch_id = Some(BATCH.to_owned());
            match short {
                "BAT003" => view.you_may = vec!["reject".to_owned()],
                "BAT004" => view.you_may.clear(),
                _ => {}
            }
            world.requests.push(view);
        }
    }
    running
}

/// The ids that were approved, and at which version.
fn approved(running: &Running) -> Vec<u64> {
    let world = running.fake.world();
    let calls = world.seen.iter().filter(|(verb, ..)| verb == "approve");
    calls
        .map(|(.., body)| body["version"].as_u64().unwrap_or_default())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_what_waits_for_my_decision_and_each_is_named() {
    // Named by its id, and by one of its requests that is not to be decided any more.
    for name in [BATCH, "BAT003"] {
        let running = world().await;
        let (code, out, err) = team(&running, &["approve", "--batch", name]).await;
        assert_eq!(code, 0, "{err}");
        let first: Vec<&str> = out.lines().filter_map(|line| line.get(..6)).collect();
        assert_eq!(first, ["BAT001", "BAT002"], "{out}");
        assert_eq!(approved(&running), [3, 3], "at the versions of the listing");
        let last = running.fake.world().scopes.pop();
        assert_eq!(
            last.as_deref(),
            Some("queue"),
            "what waits for me, and nothing else"
        );
    }
    let running = world().await;
    let (code, _, err) = team(&running, &["approve", "--batch", "7FQHX2"]).await;
    assert_eq!(code, 4, "in no batch: {err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_peoples_requests_under_one_id_are_no_batch() {
    let running = world().await;
    let mut stranger = fixtures::request(fake::now(), "BAT005", "mallory", 9);
    stranger.batch_id = Some(BATCH.to_owned());
    running.fake.world().requests.push(stranger);
    let (code, out, err) = team(&running, &["approve", "--batch", BATCH]).await;
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    assert!(err.contains("bob and mallory"), "{err}");
    assert!(approved(&running).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn terms_are_of_one_request_and_not_of_a_batch() {
    let running = world().await;
    let args = ["approve", "--batch", BATCH, "--terms", "digest-of-BAT001"];
    let (code, _, err) = team(&running, &args).await;
    assert_eq!(code, 2, "{err}");
    assert!(approved(&running).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_requests_of_a_batch_are_listed_and_each_names_it() {
    let running = world().await;
    for name in [BATCH, "BAT002"] {
        let (code, out, err) = team(&running, &["ls", "--batch", name, "--csv"]).await;
        assert_eq!(code, 0, "{err}");
        let rows: Vec<&str> = out.lines().collect();
        assert!(rows[0].ends_with(",batch"), "{out}");
        assert_eq!(rows.len(), 5, "{out}");
        assert!(
            rows[1..].iter().all(|row| row.ends_with(&format!(",{BATCH}"))),
            "{out}"
        );
    }
    let (code, _, err) = team(&running, &["ls", "--batch", "7FQHX2"]).await;
    assert_eq!((code, err.contains("in no batch")), (4, true), "{err}");
}
