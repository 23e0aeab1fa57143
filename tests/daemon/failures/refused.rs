//! AWS refuses our credentials: nothing more is granted, and removals go on trying.

use super::{always, await_events, lines, status_where};
use crate::support::*;
use aws_simulator::{FaultKind, Operation};
use chrono::TimeDelta;

#[tokio::test]
async fn while_aws_refuses_us_nothing_is_granted_and_removals_go_on() {
    let world = World::new().await;
    let ends = world.active().await;
    let creates = || {
        world.aws(|aws, _| {
            let is_create = |op| op == Operation::CreateAccountAssignment;
            aws.calls().filter(|call| is_create(call.operation)).count()
        })
    };
    let before = creates();
    world.faults(quick().with(always("sso:*", FaultKind::AccessDenied)));
    world.act("alice", &ends, "done").await.is(200);
    await_events(&world, &ends, "grant.retry", 1).await;
    // Told at once, a fault after a minute.
    let status = status_where(&world, "told", |s| {
        lines(s, "notices").contains("refuses our credentials")
    })
    .await;
    assert_eq!(status["aws"]["state"], "refusing");
    // Decisions are taken; what they start waits.
    let starts = id_of(&world.submit("dave", ask(DEV_WEB, ADMIN, 600)).await);
    assert_eq!(world.show(&starts).await["state"], "activating");
    await_events(&world, &ends, "grant.retry", 3).await;
    world.clock.shift(TimeDelta::seconds(61));
    let status = status_where(&world, "a fault", |s| s["healthy"] == false).await;
    assert!(
        lines(&status, "problems").contains("AWS is refusing"),
        "{status:#}"
    );
    await_events(&world, &ends, "grant.retry", 5).await;
    assert_eq!(creates(), before, "no create was sent");

    world.faults(quick());
    world.clock.shift(TimeDelta::minutes(1));
    world.reach(&ends, "ended").await;
    world.clock.shift(TimeDelta::seconds(10));
    world.reach(&starts, "active").await;
    status_where(&world, "clear", |s| {
        lines(s, "notices").is_empty() && s["healthy"] == true
    })
    .await;
}

#[tokio::test]
async fn it_asks_by_itself_where_nobody_else_calls() {
    let world = World::new().await;
    world.faults(quick().with(always("sso:*", FaultKind::AccessDenied).first(1)));
    let starts = id_of(&world.submit("dave", ask(DEV_WEB, ADMIN, 600)).await);
    // The first look was refused, nothing is being removed and nothing is loaded: the question lets go.
    world.reach(&starts, "active").await;
}
