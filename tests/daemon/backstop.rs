//! The dead-man's switch: what the daemon asks of EventBridge Scheduler, over the wire.

use crate::support::*;
use aws_simulator::{FaultKind, FaultRule, Faults};
use teamd_config::Backstop;

const ROLE: &str = "arn:aws:iam::100000000001:role/teamd-backstop";

fn with_switch() -> Setup {
    Setup::new().config(|config| {
        config.backstop = Some(Backstop {
            role_arn: ROLE.to_owned(),
        });
    })
}

fn quick() -> Faults {
    Faults {
        assignment_latency_ms: 50,
        ..Faults::none()
    }
}

/// When the schedules run, in seconds after this moment, and with which role.
fn schedules(world: &World, from_ms: i64) -> Vec<(i64, String)> {
    world.aws(|aws, _| {
        let row =
            |it: &aws_simulator::Schedule| ((it.spec.at_ms - from_ms + 999) / 1000, it.spec.role.clone());
        aws.schedules().map(row).collect()
    })
}

fn changes(world: &World) -> Vec<&'static str> {
    world.aws(|aws, _| {
        let names = aws.calls().map(|call| call.operation.name());
        names
            .filter(|name| name.ends_with("AccountAssignment") || name.ends_with("Schedule"))
            .collect()
    })
}

#[tokio::test]
async fn it_stands_before_the_create_and_goes_after_the_end() {
    let mut world = with_switch().start().await;
    let id = world.active().await;
    assert_eq!(
        changes(&world)[..3],
        ["CreateSchedule", "CreateSchedule", "CreateAccountAssignment"]
    );
    let end = moment(&world.show(&id).await["end_at"]).timestamp_millis();
    let wanted = [15 * 60, 2 * 3600].map(|after| (after, ROLE.to_owned()));
    let near = |world: &World| {
        let found = schedules(world, end);
        found.len() == 2
            && found
                .iter()
                .zip(&wanted)
                .all(|(found, wanted)| (found.0 - wanted.0).abs() <= 1 && found.1 == wanted.1)
    };
    soon("they stand for the true end", || near(&world)).await;
    // A restart knows of them.
    world.kill().await;
    world.run().await;
    world.act("alice", &id, "done").await.is(200);
    world.reach(&id, "ended").await;
    soon("no schedule is left", || schedules(&world, end).is_empty()).await;
    assert!(!world.is_assigned("alice", "prod-ledger", ADMIN));
    world.stop().await;
}

#[tokio::test]
async fn what_the_scheduler_refuses_holds_creates_only() {
    let mut world = with_switch().start().await;
    let held = world.active().await;
    world.faults(quick().with(FaultRule::new("scheduler:*", FaultKind::AccessDenied)));
    let waits = id_of(&world.submit("alice", ask(DEV_WEB, ADMIN, 600)).await);
    let said = |status: &serde_json::Value| {
        let problems = status["problems"].to_string();
        problems.contains("dead-man's switch cannot be set for 1 grants, which wait for it: AWS refuses us")
    };
    let deadline = std::time::Instant::now() + SOON;
    while !said(&world.as_("hugo").get("/v1/status").await.is(200)) {
        assert!(std::time::Instant::now() < deadline, "status never says it");
        pause().await;
    }
    world.act("alice", &held, "done").await.is(200);
    world.reach(&held, "ended").await;
    assert!(!world.is_assigned("alice", "prod-ledger", ADMIN));
    let request = world.show(&waits).await;
    assert_eq!(request["state"], "activating");
    assert!(!world.is_assigned("alice", "dev-web", ADMIN));
    world.faults(quick());
    world.reach(&waits, "active").await;
    world.stop().await;
}
