//! What one caller can take from others: reads, pages, claims.

use crate::support::*;
use futures::future::join_all;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use team_shared::event::EventType;
use teamd_domain::event::EventDraft;
use teamd_store::WriteLane;
use teamd_store::port::StoreError;

/// Adds rows to the trail that only those see who see everything.
async fn fill_trail(world: &World, rows: usize) {
    let at = now();
    let written = world.engine().store().write(WriteLane::Normal, move |tx| {
        let event = EventDraft::new(EventType::NotifyClear);
        for _ in 0..rows {
            tx.append(at, &event)?;
        }
        Ok::<_, StoreError>(())
    });
    written.await.expect("rows are appended");
}

#[tokio::test]
async fn short_pages_lead_to_the_end() {
    let world = World::new().await;
    let id = world.pending().await;
    fill_trail(&world, 21_000).await;
    let (mut cursor, mut sizes, mut seen) = (String::new(), Vec::new(), 0);
    loop {
        let page = world
            .as_("alice")
            .get(&format!("/v1/audit{cursor}"))
            .await
            .is(200);
        sizes.push(items(&page).len());
        seen += items(&page).iter().filter(|row| row["request_id"] == *id).count();
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("?cursor={next}"),
            None => break,
        }
    }
    // Alice sees none of the newest rows: the call ends before it has read them all, and says where to go on.
    assert_eq!(sizes[0], 0, "{sizes:?}");
    assert!(sizes.len() > 1 && seen > 0, "{sizes:?} {seen}");
    // A period ends a search early, in both directions.
    let none = world
        .as_("alice")
        .get("/v1/audit?since=2100-01-01T00:00:00Z")
        .await
        .is(200);
    assert_eq!((items(&none).len(), &none["next_cursor"]), (0, &Value::Null));
    let export = world.as_("alice").get("/v1/audit/export?format=jsonl").await;
    assert!(export.status == 200 && export.text.contains(&id));
    let check = world.as_("hugo").get("/v1/audit/verify").await.is(200);
    assert!(
        check["ok"] == true && check["rows"].as_u64() > Some(21_000),
        "{check}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn crowd_of_reads_delays_nobody_else() {
    let world = World::new().await;
    fill_trail(&world, 20_000).await;
    let (alice, bob) = (world.as_("alice"), world.as_("bob"));
    let crowd = join_all((0..200).map(|_| alice.get("/v1/audit?limit=500")));
    let other = async {
        let mut worst = Duration::ZERO;
        for _ in 0..5 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let start = Instant::now();
            bob.get("/v1/status?short=true").await.is(200);
            worst = worst.max(start.elapsed());
        }
        worst
    };
    let (answers, worst) = tokio::join!(crowd, other);
    assert!(worst < Duration::from_secs(5), "{worst:?}");
    // Those of one person wait for each other, and what has waited too long is told so.
    for answer in answers {
        match answer.status {
            200 => {}
            _ => drop(answer.refused(429, "limit_reached")),
        }
    }
}

#[tokio::test]
async fn claims_are_limited_without_a_row() {
    let world = Setup::new()
        .config(|config| config.limits.submits_per_minute_per_user = 1)
        .start()
        .await;
    let id = world.pending().await;
    for verb in ["claim", "unclaim", "claim"] {
        world.act("bob", &id, verb).await.is(200);
    }
    for _ in 0..20 {
        let refused = world
            .act("bob", &id, "unclaim")
            .await
            .refused(429, "limit_reached");
        assert!(
            refused["detail"]
                .as_str()
                .unwrap_or_default()
                .contains("3 claims a minute"),
            "{refused}"
        );
    }
    let rows = crate::audit::rows(&world, "hugo").await;
    let of = |kind: &str| rows.iter().filter(|row| row["type"] == kind).count();
    assert_eq!(
        (of("request.claimed"), of("request.unclaimed"), of("refused")),
        (2, 1, 0)
    );
    // Nobody's limit keeps access from being taken back.
    world.act("bob", &id, "reject").await.is(200);
    let after = crate::audit::rows(&world, "hugo").await.len();
    for _ in 0..3 {
        world
            .as_("alice")
            .post(&format!("/v1/requests/{id}/cancel"), json!({}))
            .await
            .refused(409, "already_decided");
    }
    let rows = crate::audit::rows(&world, "hugo").await;
    let refused = rows[after..].iter().all(|row| row["type"] == "refused");
    assert!(refused, "{:?}", &rows[after..]);
}

#[tokio::test]
async fn history_is_read_page_by_page() {
    let world = World::new().await;
    for n in 0..3 {
        world.apply(&format!("{POLICY}\n# change {n}\n")).await;
    }
    let all = world.as_("hugo").get("/v1/policy/history").await.is(200);
    let versions: Vec<_> = items(&all).iter().map(|row| row["version"].as_u64()).collect();
    assert_eq!(versions, [Some(4), Some(3), Some(2), Some(1)]);
    let rest = world.as_("hugo").get("/v1/policy/history?cursor=3").await.is(200);
    let versions: Vec<_> = items(&rest).iter().map(|row| row["version"].as_u64()).collect();
    assert_eq!(versions, [Some(2), Some(1)]);
    assert_eq!(
        (&items(&rest)[0]["current"], &items(&all)[0]["current"]),
        (&json!(false), &json!(true))
    );
}
