//! A removal that does not succeed: tried for ever, told of after 1, 5 and 15 minutes.

use super::{always, await_events, events_of, lines, status_where};
use crate::support::*;
use aws_simulator::FaultKind;
use chrono::TimeDelta;
use serde_json::json;

#[tokio::test]
async fn alarms_come_after_1_5_and_15_minutes_once_each_and_over_restarts() {
    let mut world = World::new().await;
    let id = world.active().await;
    world.faults(quick().with(always("DeleteAccountAssignment", FaultKind::InternalError)));
    world.act("alice", &id, "done").await.is(200);
    await_events(&world, &id, "grant.retry", 1).await;
    assert_eq!(events_of(&world, &id, "grant.stuck").await.len(), 0);

    for (minutes, alarm) in [(1, 1), (4, 2)] {
        world.clock.shift(TimeDelta::minutes(minutes));
        let stuck = await_events(&world, &id, "grant.stuck", alarm).await;
        let last = &stuck[alarm - 1]["data"];
        assert_eq!(last["alarm"], alarm);
        assert!(
            last["last_error"]
                .as_str()
                .is_some_and(|e| e.contains("DeleteAccountAssignment")),
            "{last}"
        );
        assert!(last["attempts"].as_u64().is_some_and(|n| n >= 1), "{last}");
    }
    // A restart neither repeats the alarm nor forgets how many there were; the next one is the third.
    world.kill().await;
    world.run().await;
    world.clock.shift(TimeDelta::minutes(10));
    let stuck = await_events(&world, &id, "grant.stuck", 3).await;
    let alarms: Vec<_> = stuck.iter().map(|event| event["data"]["alarm"].clone()).collect();
    assert_eq!(alarms, [json!(1), json!(2), json!(3)]);

    let status = status_where(&world, "named", |s| {
        lines(s, "problems").contains("not taken back")
    })
    .await;
    let problems = lines(&status, "problems");
    assert!(
        problems.contains("alice on prod-ledger as AdministratorAccess"),
        "{problems}"
    );
    assert_eq!(status["healthy"], false);
    assert_eq!(status["overdue_requests"][0]["alarms"], 3);
    // Who may not see whose it is hears that there is one.
    let short = world.as_("erin").get("/v1/status?short=true").await.is(200);
    let problems = lines(&short, "problems");
    assert!(
        problems.contains("stuck") && !problems.contains("alice"),
        "{problems}"
    );

    world.faults(quick());
    world.clock.shift(TimeDelta::minutes(1));
    let ended = world.reach(&id, "ended").await;
    assert!(
        ended["ended"]["late_by_seconds"]
            .as_i64()
            .is_some_and(|late| late >= 960),
        "{ended}"
    );
    assert!(!world.is_assigned("alice", "prod-ledger", ADMIN));
    // The next removal on the key begins anew.
    assert_eq!(events_of(&world, &id, "grant.stuck").await.len(), 3);
    let next = world.active().await;
    world.faults(quick().with(always("DeleteAccountAssignment", FaultKind::InternalError)));
    world.act("alice", &next, "done").await.is(200);
    world.clock.shift(TimeDelta::minutes(1));
    assert_eq!(
        await_events(&world, &next, "grant.stuck", 1).await[0]["data"]["alarm"],
        1
    );
}

#[tokio::test]
async fn alarms_come_although_aws_hangs_and_nothing_but_time_moves() {
    let world = World::new().await;
    let id = world.active().await;
    let hangs = always("DeleteAccountAssignment", FaultKind::Latency).delay_ms(600_000);
    world.faults(quick().with(hangs));
    world.act("alice", &id, "done").await.is(200);
    world.reach(&id, "ending").await;
    world.clock.shift(TimeDelta::hours(2));
    // Several were missed: one alarm says so, the highest.
    let stuck = await_events(&world, &id, "grant.stuck", 1).await;
    assert_eq!(stuck[0]["data"]["alarm"], 3);
    assert_eq!(
        events_of(&world, &id, "grant.retry").await.len(),
        0,
        "nothing was answered"
    );
}

#[tokio::test]
async fn attempts_and_the_last_error_survive_a_restart() {
    let mut world = World::new().await;
    let id = world.active().await;
    world.faults(quick().with(always("DeleteAccountAssignment", FaultKind::InternalError)));
    world.act("alice", &id, "done").await.is(200);
    await_events(&world, &id, "grant.retry", 3).await;
    world.kill().await;
    world.stop_aws().await;
    world.run().await;
    let grant = world.show(&id).await["grant"].clone();
    assert!(grant["attempts"].as_u64().is_some_and(|n| n >= 3), "{grant}");
    assert!(grant["last_error"].is_string(), "{grant}");
    // And the pause stays within a minute.
    let next = moment(&grant["next_attempt_at"]);
    assert!((next - now()).num_seconds() <= 60, "{grant}");
}
