//! AWS is away for hours, and the daemon is away over an end.

use super::{always, await_events, from_now, status_where};
use crate::support::*;
use aws_simulator::{FaultKind, Faults, Operation};
use chrono::TimeDelta;
use serde_json::json;
use teamd_host::clock::Clock as _;

/// Writes that AWS has taken since a call, oldest first.
fn writes_after(world: &World, number: u64) -> Vec<Operation> {
    let is_write = |op: Operation| {
        matches!(
            op,
            Operation::CreateAccountAssignment | Operation::DeleteAccountAssignment
        )
    };
    world.aws(|aws, _| {
        aws.calls()
            .filter(|call| call.number > number && is_write(call.operation))
            .map(|call| call.operation)
            .collect()
    })
}

#[tokio::test]
async fn after_fifteen_hours_removals_drain_first_and_then_what_is_still_open_begins() {
    let world = Setup::new().quick_directory().start().await;
    let ends = world.active().await;
    let scheduled = async |who: &str, start: TimeDelta, seconds: i64| {
        let body = with(
            ask(LEDGER, POWER, seconds),
            json!({"start_at": from_now(&world, start)}),
        );
        let id = id_of(&world.submit(who, body).await);
        world.act("bob", &id, "approve").await.is(200);
        id
    };
    let missed = scheduled("dave", TimeDelta::hours(2), 3600).await;
    let open = scheduled("alice", TimeDelta::hours(13), 4 * 3600).await;

    let away = |by: TimeDelta| Faults {
        date_skew_ms: by.num_milliseconds(),
        ..quick().with(always("*", FaultKind::DropBefore))
    };
    world.faults(away(TimeDelta::zero()));
    status_where(&world, "unreachable", |s| s["aws"]["state"] == "unreachable").await;
    // New decisions are taken on the copy meanwhile.
    let decided = world.pending().await;
    world.act("bob", &decided, "reject").await.is(200);

    let gone = TimeDelta::hours(15);
    world.faults(away(gone));
    world.clock.shift(gone);
    world.reach(&ends, "ending").await;
    world.reach(&missed, "withdrawn").await;
    await_events(&world, &ends, "grant.stuck", 1).await;
    assert_eq!(world.show(&open).await["state"], "scheduled", "it waits for AWS");
    let status = status_where(&world, "overdue", |s| s["overdue"] == 1).await;
    assert_eq!(status["healthy"], false);

    let before = world.aws(|aws, _| aws.calls().last().map_or(0, |call| call.number));
    world.faults(Faults {
        date_skew_ms: gone.num_milliseconds(),
        ..quick()
    });
    // At most a minute between two tries.
    world.clock.shift(TimeDelta::minutes(1));
    let ended = world.reach(&ends, "ended").await;
    let late = ended["ended"]["late_by_seconds"].as_i64().unwrap_or_default();
    assert!((13 * 3600..15 * 3600).contains(&late), "{ended}");
    world.clock.shift(TimeDelta::minutes(1));
    let active = world.reach(&open, "active").await;
    assert!(
        moment(&active["end_at"]) < world.clock.now() + TimeDelta::hours(3),
        "windows do not move: {active}"
    );
    let writes = writes_after(&world, before);
    assert_eq!(
        writes,
        [
            Operation::DeleteAccountAssignment,
            Operation::CreateAccountAssignment
        ],
        "removals first"
    );
}

#[tokio::test]
async fn what_fell_due_while_the_daemon_was_down_is_ending_before_anybody_is_answered_d19() {
    let mut world = World::new().await;
    let id = world.active().await;
    world.kill().await;
    world.clock.shift(TimeDelta::hours(3));
    world.faults(quick().with(always("DeleteAccountAssignment", FaultKind::InternalError)));
    world.run().await;
    // The very first answer: nobody ever sees it active.
    assert_eq!(world.show(&id).await["state"], "ending");
    world.faults(quick());
    let ended = world.reach(&id, "ended").await;
    let late = ended["ended"]["late_by_seconds"].as_i64().unwrap_or_default();
    assert!((2 * 3600..3 * 3600).contains(&late), "{ended}");
}
