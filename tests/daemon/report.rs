//! Requests of a period, counted: `GET /v1/report`.

use crate::support::*;
use serde_json::{Value, json};

async fn report(world: &World, who: &str, query: &str) -> Value {
    world.as_(who).get(&format!("/v1/report{query}")).await.is(200)
}

fn row<'a>(report: &'a Value, name: &str) -> &'a Value {
    let rows = report["items"].as_array().expect("rows");
    rows.iter()
        .find(|row| row["name"] == name)
        .unwrap_or_else(|| panic!("no row {name}: {report}"))
}

#[tokio::test]
async fn requests_are_counted_by_whom_and_where_and_by_who_decided() {
    let world = World::new().await;
    let used = world.active().await;
    world.act("alice", &used, "done").await.is(200);
    world.reach(&used, "ended").await;
    let refused = id_of(&world.submit("alice", ask(LEDGER, ADMIN, 3600)).await);
    world.act("carol", &refused, "reject").await.is(200);
    let waiting = id_of(&world.submit("dave", ask(LEDGER, ADMIN, 3600)).await);
    let people = report(&world, "hugo", "").await;
    assert_eq!(people["by"], "person");
    let alice = row(&people, "alice");
    for (count, number) in [
        ("requests", 2),
        ("granted", 1),
        ("rejected", 1),
        ("waiting", 0),
        ("reviews_open", 1),
    ] {
        assert_eq!(alice[count], number, "{count}: {alice}");
    }
    assert!(
        alice["live_seconds"]
            .as_i64()
            .is_some_and(|live| (0..600).contains(&live))
    );
    assert!(alice["median_decision_seconds"].is_i64());
    let dave = row(&people, "dave");
    assert_eq!(
        (&dave["waiting"], &dave["median_decision_seconds"]),
        (&json!(1), &Value::Null)
    );
    let total = &people["total"];
    assert_eq!((&total["requests"], &total["granted"]), (&json!(3), &json!(1)));
    // Each who decided has what they decided on; who has not, has no row.
    let deciders = report(&world, "hugo", "?by=approver").await;
    assert_eq!(row(&deciders, "bob")["granted"], 1);
    assert_eq!(row(&deciders, "carol")["rejected"], 1);
    assert_eq!(deciders["items"].as_array().map(Vec::len), Some(2));
    for (by, name) in [
        ("account", "prod-ledger"),
        ("set", ADMIN),
        ("rule", "oncall-prod"),
    ] {
        let report = report(&world, "hugo", &format!("?by={by}")).await;
        assert_eq!(row(&report, name)["requests"], 3, "{by}");
    }
    // One counts what one may see.
    let own = report(&world, "dave", "").await;
    assert_eq!(
        (&own["total"]["requests"], &row(&own, "dave")["requests"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(report(&world, "frank", "").await["total"]["requests"], 0);
    world
        .as_("stranger")
        .get("/v1/report")
        .await
        .refused(403, "unknown_identity");
    assert!(world.show(&waiting).await["state"] == "pending");
}

#[tokio::test]
async fn a_report_covers_the_time_that_is_asked_for_and_a_year_at_most() {
    let world = World::new().await;
    world.pending().await;
    let before = now() - chrono::TimeDelta::hours(1);
    let query = format!("?until={}", before.format("%Y-%m-%dT%H:%M:%SZ"));
    let earlier = report(&world, "hugo", &query).await;
    assert_eq!(
        (&earlier["total"]["requests"], &earlier["items"]),
        (&json!(0), &json!([]))
    );
    for (query, field) in [
        ("?by=colour", "by"),
        ("?since=2020-01-01T00:00:00Z", "since"),
        ("?since=2030-01-01T00:00:00Z&until=2029-01-01T00:00:00Z", "since"),
        ("?colour=red", "colour"),
    ] {
        let problem = world
            .as_("hugo")
            .get(&format!("/v1/report{query}"))
            .await
            .refused(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], field, "{query}: {problem}");
    }
}
