//! Clocks that are wrong: nothing is granted, everything is taken back, and time never runs backwards.

use crate::support::*;
use aws_simulator::Faults;
use serde_json::{Value, json};
use teamd_api::ask_to_accept_clock;
use teamd_engine::{Hold, accept_offline};
use teamd_store::Store;

const HOUR: i64 = 3600;
const TEN_YEARS: i64 = 10 * 365 * 24 * HOUR;

fn is_suspect(world: &World) -> bool {
    world.engine().gate().is_held(Hold::ClockSuspect)
}

/// Seconds that AWS is ahead of the wall clock, by its last answer.
fn aws_ahead(world: &World) -> Option<i64> {
    let state = world.engine().clock_state().expect("the daemon's own clock");
    state.aws_ahead.map(|by| by.num_seconds())
}

fn skew_aws(world: &World, seconds: i64) {
    world.faults(Faults {
        date_skew_ms: seconds * 1000,
        ..quick()
    });
}

/// More than a minute passes for everybody, and AWS is heard all the while.
async fn a_minute_passes(world: &World) {
    for turn in 1..=5 {
        // A little faster each time, by which its answers can be told apart.
        skew_aws(world, 23 * turn);
        world.clocks.pass(20);
        soon("an answer of AWS", || {
            aws_ahead(world).is_some_and(|by| (3 * turn - 2..20).contains(&by))
        })
        .await;
    }
}

/// A request that is approved, and cannot start.
async fn approved_in_vain(world: &World) -> String {
    let id = id_of(&world.submit("alice", ask(WEB, ADMIN, HOUR)).await);
    world.act("bob", &id, "approve").await.is(200);
    id
}

/// Rows of this kind, once there is one.
async fn events(world: &World, kind: &str) -> Vec<Value> {
    let deadline = std::time::Instant::now() + SOON;
    loop {
        let rows = all_events(world, kind).await;
        if !rows.is_empty() {
            return rows;
        }
        assert!(std::time::Instant::now() < deadline, "no {kind} in the trail");
        pause().await;
    }
}

async fn all_events(world: &World, kind: &str) -> Vec<Value> {
    let rows = world.as_("hugo").get("/v1/audit?limit=500").await.is(200);
    let of_kind = items(&rows).iter().filter(|row| row["type"] == kind);
    of_kind.cloned().collect()
}

#[tokio::test]
async fn a_suspect_clock_blocks_grants_and_no_removal_and_clears_by_itself() {
    for by in [TEN_YEARS, -HOUR] {
        let world = Setup::new().guarded().start().await;
        let held = world.active().await;
        let before = world.engine().now();
        world.clocks.set_wall(by);
        soon("suspicion", || is_suspect(&world)).await;
        assert!(world.engine().now() - before < chrono::TimeDelta::hours(1));
        let status = world.as_("hugo").get("/v1/status").await.is(200);
        assert_eq!(status["healthy"], false);
        assert!(
            status["problems"][0]
                .as_str()
                .is_some_and(|p| p.contains("teamd clock accept"))
        );
        assert!(status["clock"]["suspect"].is_string() && status["clock"]["steps"] == 1);

        let waiting = approved_in_vain(&world).await;
        world.act("alice", &held, "done").await.is(200);
        world.reach(&held, "ended").await;
        assert!(!world.is_assigned("alice", "prod-ledger", ADMIN));
        assert!(!world.is_assigned("alice", "prod-web", ADMIN));
        assert_ne!(world.show(&waiting).await["state"], "active");
        assert_eq!(events(&world, "clock.suspect").await.len(), 1);

        world.clocks.set_wall(-by);
        soon("AWS and the wall clock agree", || {
            aws_ahead(&world).is_some_and(|ahead| ahead.abs() <= 2)
        })
        .await;
        a_minute_passes(&world).await;
        soon("trust", || !is_suspect(&world)).await;
        world.reach(&waiting, "active").await;
        assert_eq!(events(&world, "clock.clear").await[0]["data"]["how"], "agreement");
    }
}

#[tokio::test]
async fn an_end_comes_on_time_when_the_wall_clock_falls_back() {
    let world = Setup::new().guarded().start().await;
    let id = id_of(&world.submit("alice", ask(LEDGER, ADMIN, 3)).await);
    world.act("bob", &id, "approve").await.is(200);
    world.reach(&id, "active").await;
    world.clocks.set_wall(-HOUR);
    world.reach(&id, "ended").await;
    assert!(!world.is_assigned("alice", "prod-ledger", ADMIN));
}

#[tokio::test]
async fn a_machine_that_slept_does_what_is_due_at_once() {
    let world = Setup::new().guarded().start().await;
    let id = world.active().await;
    skew_aws(&world, 6 * HOUR);
    world.clocks.pass(6 * HOUR);
    world.reach(&id, "ended").await;
    assert!(!is_suspect(&world) && all_events(&world, "clock.suspect").await.is_empty());
}

#[tokio::test]
async fn a_jump_ahead_ends_what_aws_calls_due_and_nothing_else() {
    let mut world = Setup::new().guarded().start().await;
    let id = world.active().await;
    world.clocks.set_wall(TEN_YEARS);
    soon("AWS was asked", || aws_ahead(&world).is_some_and(|by| by < -HOUR)).await;
    world.clocks.pass(60);
    let turned = world.engine().now();
    soon("a turn of the deadlines", || {
        world.engine().ticks().borrow().is_some_and(|at| at > turned)
    })
    .await;
    assert_eq!(world.show(&id).await["state"], "active");
    // Where AWS cannot be asked, too early is the safe side.
    world.stop_aws().await;
    world.clocks.set_wall(HOUR);
    assert!(world.engine().clock_state().is_some_and(|state| state.steps == 2));
    world.clocks.pass(31);
    let ending = world.reach(&id, "ending").await;
    assert!(world.engine().now() < moment(&ending["end_at"]));
}

#[tokio::test]
async fn nobody_loses_a_request_to_a_suspect_clock() {
    let policy = POLICY.replace("[settings]", "[settings]\nrequest_expiry = \"5s\"");
    let world = Setup::new().guarded().policy(policy).start().await;
    let id = world.pending().await;
    world.clocks.set_wall(-HOUR);
    soon("suspicion", || is_suspect(&world)).await;
    world.clocks.pass(60);
    let turned = world.engine().now();
    soon("a turn of the deadlines", || {
        world.engine().ticks().borrow().is_some_and(|at| at > turned)
    })
    .await;
    assert_eq!(world.show(&id).await["state"], "pending");
    skew_aws(&world, 60);
    world.clocks.set_wall(HOUR);
    accept(&world).await;
    world.reach(&id, "expired").await;
}

async fn accept(world: &World) {
    let caller = operator(world.engine());
    let done = world
        .engine()
        .accept_clock(&caller)
        .await
        .expect("the operator may");
    assert!(done.was_suspect);
}

#[tokio::test]
async fn the_operator_can_accept_the_clock_and_nobody_else() {
    let world = Setup::new().guarded().start().await;
    world.clocks.set_wall(-HOUR);
    soon("suspicion", || is_suspect(&world)).await;
    for who in ["alice", "ivy", "hugo"] {
        let answer = world.as_(who).post("/v1/clock/accept", json!({})).await;
        answer.refused(403, "not_allowed");
    }
    assert!(is_suspect(&world));
    skew_aws(&world, -HOUR);
    let before = world.engine().now();
    accept(&world).await;
    assert!(!is_suspect(&world));
    assert!(before - world.engine().now() > chrono::TimeDelta::minutes(50));
    let told = events(&world, "clock.clear").await;
    assert_eq!(
        (&told[0]["data"]["how"], &told[0]["actor"]["uid"]),
        (&json!("accepted"), &json!(0))
    );
    let id = approved_in_vain(&world).await;
    world.reach(&id, "active").await;

    // Nothing to accept is no fault; and the same from the command, which asks over the socket.
    let caller = operator(world.engine());
    let again = world
        .engine()
        .accept_clock(&caller)
        .await
        .expect("the operator may");
    assert!(!again.was_suspect);
    assert_eq!(events(&world, "clock.clear").await.len(), 1);
    assert!(matches!(
        ask_to_accept_clock(&world.socket().join("x")).await,
        Err(_) | Ok(None)
    ));
    if world.as_operator().is_some() {
        let asked = ask_to_accept_clock(&world.socket()).await.expect("an answer");
        assert!(!asked.expect("a daemon").was_suspect);
        world.clocks.set_wall(-HOUR);
        soon("suspicion", || is_suspect(&world)).await;
        let asked = ask_to_accept_clock(&world.socket()).await.expect("an answer");
        assert!(asked.expect("a daemon").was_suspect);
    }
}

#[tokio::test]
async fn time_does_not_run_back_over_a_restart() {
    for reboot in [false, true] {
        let mut world = Setup::new().guarded().start().await;
        world.clocks.pass(7200);
        let before = world.engine().now();
        world.stop().await;
        world.clocks.set_wall(-HOUR);
        if reboot {
            world.clocks.reboot();
        }
        world.run().await;
        assert!(world.engine().now() >= before);
        assert!(is_suspect(&world), "from the start");
    }
}

#[tokio::test]
async fn the_clock_can_be_accepted_while_no_daemon_runs() {
    let mut world = Setup::new().guarded().start().await;
    world.clocks.pass(HOUR);
    world.stop().await;
    world.clocks.pass(-HOUR);
    world.clocks.reboot();
    world.run().await;
    assert!(is_suspect(&world));
    world.stop().await;
    let store = Store::open(&world.database()).expect("the store");
    let done = tokio::task::spawn_blocking(move || {
        let done = accept_offline(&store, Some(1000));
        store.close();
        done
    });
    assert!(done.await.expect("a task").expect("accepted").was_suspect);
    world.clocks.reboot();
    world.run().await;
    assert!(!is_suspect(&world));
    let told = events(&world, "clock.clear").await;
    assert_eq!(told[0]["actor"]["login_uid"], 1000);
    assert_eq!(world.as_("ivy").get("/v1/audit/verify").await.is(200)["ok"], true);
}

#[tokio::test]
async fn the_date_of_aws_is_heard_on_the_wire() {
    let world = Setup::new().guarded().start().await;
    let held = world.active().await;
    assert!(aws_ahead(&world).is_some_and(|by| by.abs() <= 2));
    skew_aws(&world, -HOUR);
    // The look before a create is an answer, too: it comes before the create.
    let waiting = approved_in_vain(&world).await;
    soon("suspicion", || is_suspect(&world)).await;
    world.act("bob", &held, "revoke").await.is(200);
    world.reach(&held, "revoked").await;
    assert!(!world.is_assigned("alice", "prod-ledger", ADMIN));
    assert!(!world.is_assigned("alice", "prod-web", ADMIN));
    assert_ne!(world.show(&waiting).await["state"], "active");
    let told = events(&world, "clock.suspect").await;
    assert_eq!(told[0]["data"]["why"], "aws_apart");
}
