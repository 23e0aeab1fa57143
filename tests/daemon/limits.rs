//! How much one person may ask for.

use crate::support::*;
use serde_json::json;

#[tokio::test]
async fn pending_requests_of_a_person() {
    let world = Setup::new()
        .config(|c| c.limits.pending_per_user = 2)
        .start()
        .await;
    for seconds in [600, 601] {
        world.submit("alice", ask(LEDGER, ADMIN, seconds)).await;
    }
    world
        .as_("alice")
        .post("/v1/requests", ask(LEDGER, ADMIN, 602))
        .await
        .refused(429, "limit_reached");
    // Dave's are his own, and what nobody has to decide does not wait.
    world.submit("dave", ask(LEDGER, ADMIN, 600)).await;
    world.submit("alice", ask(DEV_WEB, ADMIN, 600)).await;
    let queue = world
        .as_("alice")
        .get("/v1/requests?scope=mine&state=pending")
        .await
        .is(200);
    world
        .act("alice", &id_of(&items(&queue)[0]), "cancel")
        .await
        .is(200);
    world.submit("alice", ask(LEDGER, ADMIN, 602)).await;
}

#[tokio::test]
async fn submissions_of_a_minute() {
    let world = Setup::new()
        .config(|c| c.limits.submits_per_minute_per_user = 3)
        .start()
        .await;
    // Refused ones use up nothing of it.
    for _ in 0..5 {
        world
            .as_("alice")
            .post("/v1/requests", ask(BILLING, ADMIN, 600))
            .await
            .refused(403, "not_eligible");
    }
    for seconds in [600, 601, 602] {
        world.submit("alice", ask(LEDGER, ADMIN, seconds)).await;
    }
    let problem = world
        .as_("alice")
        .post("/v1/requests", ask(LEDGER, ADMIN, 603))
        .await;
    problem.refused(429, "limit_reached");
    world.submit("dave", ask(LEDGER, ADMIN, 600)).await;
}

#[tokio::test]
async fn many_at_once_are_no_way_around_it() {
    let world = Setup::new()
        .config(|c| c.limits.submits_per_minute_per_user = 3)
        .start()
        .await;
    let asks = (0..12).map(|n| {
        let alice = world.as_("alice");
        async move {
            alice
                .post("/v1/requests", ask(LEDGER, ADMIN, 600 + n))
                .await
                .status
        }
    });
    let statuses = futures::future::join_all(asks).await;
    let taken = statuses.iter().filter(|status| **status == 201).count();
    assert_eq!(taken, 3, "{statuses:?}");
    assert!(
        statuses.iter().all(|status| matches!(status, 201 | 429)),
        "{statuses:?}"
    );
}

#[tokio::test]
async fn refused_submissions_of_a_minute() {
    let world = Setup::new()
        .config(|c| c.limits.refusals_per_minute_per_user = 4)
        .start()
        .await;
    world.submit("alice", ask(LEDGER, ADMIN, 600)).await;
    // Whatever they are refused for.
    for (body, code) in [
        (ask(BILLING, ADMIN, 600), "not_eligible"),
        (ask(LEDGER, ADMIN, 600), "duplicate"),
        (ask(LEDGER, ADMIN, 0), "invalid"),
        (
            with(ask(LEDGER, ADMIN, 601), json!({"user": "bob"})),
            "unknown_field",
        ),
    ] {
        assert_eq!(world.as_("alice").post("/v1/requests", body).await.word(), code);
    }
    world
        .as_("alice")
        .post("/v1/requests", ask(LEDGER, ADMIN, 602))
        .await
        .refused(429, "limit_reached");
    // What is hers already she can still give back.
    let mine = world.as_("alice").get("/v1/requests?scope=mine").await.is(200);
    world
        .act("alice", &id_of(&items(&mine)[0]), "cancel")
        .await
        .is(200);
    world.submit("dave", ask(LEDGER, ADMIN, 600)).await;
}

#[tokio::test]
async fn a_page_at_a_time() {
    let world = Setup::new()
        .config(|c| c.limits.pending_per_user = 100)
        .start()
        .await;
    let mut filed = Vec::new();
    for n in 0..7 {
        filed.push(id_of(
            &world
                .submit(
                    if n % 2 == 0 { "alice" } else { "erin" },
                    match n % 2 {
                        0 => ask(LEDGER, ADMIN, 600 + n),
                        _ => ask(BILLING, "BillingReadOnly", 600 + n),
                    },
                )
                .await,
        ));
    }
    for (who, expected) in [("hugo", 7), ("alice", 4), ("erin", 3), ("bob", 4), ("kim", 0)] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        for page in 1.. {
            assert!(page < 10, "{who}: no end of pages");
            let answer = world
                .as_(who)
                .get(&format!("/v1/requests?limit=2{cursor}"))
                .await
                .is(200);
            assert!(items(&answer).len() <= 2);
            seen.extend(items(&answer).iter().map(id_of));
            match answer["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen.len(), expected, "{who}: {seen:?}");
        let newest_first: Vec<_> = filed
            .iter()
            .rev()
            .filter(|id| seen.contains(id))
            .cloned()
            .collect();
        assert_eq!(seen, newest_first, "{who}");
    }
}

#[tokio::test]
async fn lists_are_filtered() {
    let world = World::new().await;
    let alices = id_of(
        &world
            .submit(
                "alice",
                with(ask(LEDGER, ADMIN, 600), json!({"ticket": "INC-4711"})),
            )
            .await,
    );
    let daves = id_of(&world.submit("dave", ask(WEB, POWER, 600)).await);
    world.act("dave", &daves, "cancel").await.is(200);
    let (alices, daves) = (vec![alices], vec![daves]);
    let both: Vec<_> = daves.iter().chain(&alices).cloned().collect();
    for (query, expected) in [
        ("", &both),
        ("user=alice", &alices),
        ("user=dave", &daves),
        ("user=nobody-here", &vec![]),
        ("account=400000000032", &alices),
        ("account=prod-web", &daves),
        // Names that are not there and names that may not be seen look the same.
        ("account=prod-nowhere", &vec![]),
        ("state=pending", &alices),
        ("state=pending,cancelled", &both),
        ("state=ended", &vec![]),
        // An auditor decides nothing.
        ("scope=queue", &vec![]),
        ("scope=active", &vec![]),
        ("scope=mine", &vec![]),
        ("scope=review", &vec![]),
        ("q=inc-47", &alices),
        ("q=Ledger", &both),
        ("q=prod-web", &daves),
        ("q=Dubois", &daves),
        ("q=%1b%5b2J", &vec![]),
        ("since=2020-01-01T00:00:00Z", &both),
        ("until=2020-01-01T00:00:00Z", &vec![]),
        ("since=%2B262142-01-01T00:00:00Z", &vec![]),
    ] {
        let page = world
            .as_("hugo")
            .get(&format!("/v1/requests?{query}"))
            .await
            .is(200);
        let ids: Vec<_> = items(&page).iter().map(id_of).collect();
        assert_eq!(&ids, expected, "{query}");
    }
}

#[tokio::test]
async fn one_access_of_a_day() {
    let world = Setup::new()
        .policy(POLICY.replace("[settings]", "[settings]\nmax_per_day = \"30m\""))
        .start()
        .await;
    // A day is the one in which the access begins, so windows of tomorrow are of one day whenever this runs.
    let tomorrow = (now() + chrono::TimeDelta::days(1)).date_naive();
    let window = |hour: u32, seconds: i64| {
        let at = format!("{tomorrow}T{hour:02}:00:00Z");
        with(ask(LEDGER, ADMIN, seconds), json!({ "start_at": at }))
    };
    let first = id_of(&world.submit("alice", window(8, 1200)).await);
    let alice = world.as_("alice");
    for dry_run in [true, false] {
        let body = with(window(9, 601), json!({ "dry_run": dry_run }));
        let problem = alice
            .post("/v1/requests", body)
            .await
            .refused(403, "over_daily_max");
        assert!(
            problem["detail"]
                .as_str()
                .unwrap_or_default()
                .contains("allows 30m of AdministratorAccess in"),
            "{problem}"
        );
        assert!(
            problem["help"]
                .as_str()
                .unwrap_or_default()
                .contains("ask for 10m or less"),
            "{problem}"
        );
    }
    world.submit("alice", window(10, 600)).await;
    alice
        .post("/v1/requests", window(11, 1))
        .await
        .refused(403, "over_daily_max");
    // Others, other accounts and other days have their own; what is taken back is free again.
    world.submit("dave", window(11, 1800)).await;
    world
        .submit(
            "alice",
            with(
                ask(LEDGER, ADMIN, 1800),
                json!({ "start_at": in_seconds(3 * 86_400) }),
            ),
        )
        .await;
    world.act("alice", &first, "cancel").await.is(200);
    world.submit("alice", window(12, 1200)).await;
}

#[tokio::test]
async fn the_maximum_of_a_day_is_looked_at_again_when_it_is_decided_and_extended() {
    let world = Setup::new()
        .policy(POLICY.replace("[settings]", "[settings]\nmax_per_day = \"30m\""))
        .start()
        .await;
    let tomorrow = (now() + chrono::TimeDelta::days(1)).date_naive();
    let window = |hour: u32, seconds: i64| {
        let at = format!("{tomorrow}T{hour:02}:00:00Z");
        with(ask(LEDGER, ADMIN, seconds), json!({ "start_at": at }))
    };
    let first = id_of(&world.submit("alice", window(8, 600)).await);
    world.submit("alice", window(10, 600)).await;
    let approve = async |id: &str, body| {
        let path = format!("/v1/requests/{id}/approve");
        world.as_("bob").post(&path, body).await
    };
    // Longer than was asked for: up to what is left of the day, and no further.
    let over = approve(&first, json!({ "duration_seconds": 1201 })).await;
    over.refused(403, "over_daily_max");
    approve(&first, json!({ "duration_seconds": 1200 })).await.is(200);
    // An extension is more of the same day. Close to midnight it would begin on the next one.
    let in_half_an_hour = (now() + chrono::TimeDelta::minutes(30)).date_naive();
    if in_half_an_hour == tomorrow {
        world.clock.shift(chrono::TimeDelta::minutes(30));
    }
    let live = id_of(&world.submit("liam", ask(DEV_WEB, READ_ONLY, 600)).await);
    world.reach(&live, "active").await;
    let extend = async |seconds: i64| {
        let body = json!({ "duration_seconds": seconds, "reason": "the migration takes longer" });
        let path = format!("/v1/requests/{live}/extend");
        world.as_("liam").post(&path, body).await
    };
    extend(1201).await.refused(403, "over_daily_max");
    extend(1200).await.is(201);
}
