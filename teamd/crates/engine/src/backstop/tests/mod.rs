//! The switch at work: the daemon's part, and AWS's when the daemon has gone.

pub(crate) mod model;
pub(crate) mod world;

use super::names;
use aws_simulator::{FaultKind, FaultRule, Faults};
use chrono::TimeDelta;
use model::model_key;
use teamd_aws::port::Schedules;
use teamd_domain::request::State;
use world::{World, at, key};

const HOUR: i64 = 3600;
const FIRST: i64 = 15 * 60;
const SECOND: i64 = 2 * HOUR;

fn quick() -> Faults {
    Faults {
        rate_limits: false,
        conflict_window_ms: 0,
        ..Faults::default()
    }
}

fn end_of(state: &State) -> i64 {
    let end_at = state.session().unwrap().end_at;
    // Schedules know whole seconds.
    ((end_at - at(0)).num_milliseconds() + 999) / 1000
}

fn both(end: i64) -> [i64; 2] {
    [end + FIRST, end + SECOND]
}

/// As [`World::schedules`], give or take the second that the model does not round up to.
fn stand_for(world: &World, end: i64) -> bool {
    let found = world.schedules();
    found.len() == 2 && found.iter().zip(both(end)).all(|(a, b)| (a - b).abs() <= 1)
}

#[tokio::test]
async fn the_schedules_come_before_the_create_and_go_after_the_absence() {
    let mut world = World::new(quick()).await;
    let id = world.file(HOUR).await;
    let active = world.reach(id, "active").await;
    assert_eq!(
        world.changes()[..3],
        ["CreateSchedule", "CreateSchedule", "CreateAccountAssignment"]
    );
    let end = end_of(&active.state);
    world
        .until("they stand for the true end", |world| stand_for(world, end))
        .await;
    world.done(id).await;
    world.reach(id, "ended").await;
    world
        .until("no schedule is left", |world| world.schedules().is_empty())
        .await;
    let changes = world.changes();
    let deleted = changes
        .iter()
        .position(|it| *it == "DeleteAccountAssignment")
        .unwrap();
    assert_eq!(
        changes[deleted + 1..],
        ["DeleteSchedule", "DeleteSchedule"],
        "{changes:?}"
    );
    assert_eq!(world.org().dead_letters(), 0);
    world.die().await;
}

#[tokio::test]
async fn a_longer_lease_is_active_once_the_schedules_stand_for_it() {
    let mut world = World::new(quick()).await;
    let first = world.file(HOUR).await;
    let end = end_of(&world.reach(first, "active").await.state);
    world
        .until("they stand for the first", |world| stand_for(world, end))
        .await;
    world.faults(quick().with(FaultRule::new("scheduler:*", FaultKind::AccessDenied)));
    let second = world.file(3 * HOUR).await;
    world
        .until("it has been tried", |world| {
            !world.engine().switches.problems().is_empty()
        })
        .await;
    for _ in 0..20 {
        world.pass().await;
    }
    assert_eq!(
        world.reach(second, "activating").await.key,
        key(),
        "nobody relies on it yet"
    );
    world.faults(quick());
    let longer = end_of(&world.reach(second, "active").await.state);
    assert!(longer > end + HOUR);
    world
        .until("they stand for the longer", |world| stand_for(world, longer))
        .await;
    world
        .until("all is well", |world| {
            world.engine().switches.problems().is_empty()
        })
        .await;
    // The end of the first changes nothing.
    world.done(first).await;
    world.reach(first, "ended").await;
    assert!(world.is_assigned() && stand_for(&world, longer));
    // The end of the longer one brings the shorter one's back.
    let third = world.file(HOUR).await;
    let shorter = end_of(&world.reach(third, "active").await.state);
    world.done(second).await;
    world
        .until("they stand for the third", |world| stand_for(world, shorter))
        .await;
    assert!(world.is_assigned());
    world.die().await;
}

#[tokio::test]
async fn access_ends_without_the_daemon() {
    // The first schedule's delete fails where nobody looks, or is refused: the second one does it.
    for (fault, by) in [
        (None, FIRST),
        (Some(FaultKind::Failed), SECOND),
        (Some(FaultKind::AccessDenied), SECOND),
    ] {
        let mut world = World::new(quick()).await;
        let id = world.file(HOUR).await;
        let end = end_of(&world.reach(id, "active").await.state);
        world
            .until("they stand for the true end", |world| stand_for(world, end))
            .await;
        world.die().await;
        if let Some(kind) = fault {
            world.faults(quick().with(FaultRule::new("DeleteAccountAssignment", kind).first(1)));
        }
        world.clock.set(at(end + by - 1));
        assert!(world.is_assigned(), "{fault:?}");
        world.jump(TimeDelta::seconds(10));
        assert!(!world.is_assigned(), "{fault:?}");
        world.jump(TimeDelta::hours(3));
        assert!(world.schedules().is_empty());
    }
}

#[tokio::test]
async fn a_daemon_that_dies_at_the_create_leaves_nothing_for_ever() {
    let mut world = World::new(quick()).await;
    let id = world.file(HOUR).await;
    world
        .until("the create is sent", |world| {
            world.changes().contains(&"CreateAccountAssignment")
        })
        .await;
    world.die().await;
    world.jump(TimeDelta::seconds(30));
    assert!(world.is_assigned());
    // Not later than the latest end that it could have had.
    world.jump(TimeDelta::seconds(HOUR + FIRST + SECOND));
    assert!(!world.is_assigned());
    // And when somebody starts it again, it closes what it finds.
    world.run(true).await;
    world.reach(id, "failed").await;
    world.die().await;
}

#[tokio::test]
async fn what_cannot_be_scheduled_is_not_created_and_removals_go_on() {
    let mut world = World::new(quick()).await;
    let held = world.file(HOUR).await;
    world.reach(held, "active").await;
    world
        .until("all is well", |world| world.schedules().len() == 2)
        .await;
    world.faults(quick().with(FaultRule::new("scheduler:*", FaultKind::AccessDenied)));
    world.done(held).await;
    world.reach(held, "ended").await;
    assert!(!world.is_assigned());
    world
        .until("it is said", |world| {
            let said = world.engine().switches.problems().concat();
            said.contains("of 1 grants that are gone cannot be removed")
        })
        .await;
    let waits = world.file(HOUR).await;
    world
        .until("it is said", |world| {
            let said = world.engine().switches.problems().concat();
            said.contains("cannot be set for 1 grants, which wait for it: AWS refuses us")
        })
        .await;
    assert!(!world.is_assigned());
    let status = world.engine().overview().await.unwrap();
    assert!(
        status.problems.iter().any(|it| it.contains("dead-man's switch")),
        "{:?}",
        status.problems
    );
    for _ in 0..16 {
        world.clock.advance(TimeDelta::minutes(1));
        world.pass().await;
    }
    let failed = world.reach(waits, "failed").await;
    let State::Failed(finish) = failed.state else {
        panic!("{failed:?}")
    };
    assert!(finish.reason.contains("not_confirmed"), "{finish:?}");
    let creates = world
        .changes()
        .iter()
        .filter(|it| **it == "CreateAccountAssignment")
        .count();
    assert_eq!(creates, 1);
    // It comes by itself when it may.
    let next = world.file(HOUR).await;
    world.faults(quick());
    world.reach(next, "active").await;
    world.die().await;
}

#[tokio::test]
async fn standing_access_is_never_scheduled_for_deletion() {
    let mut world = World::asleep(quick());
    let mine = model_key(&key());
    world.org().put_assignment(&mine, 0);
    world.run(true).await;
    let id = world.file(HOUR).await;
    world.reach(id, "failed").await;
    assert_eq!(world.changes(), [""; 0]);
    world.die().await;
}

#[tokio::test]
async fn schedules_that_somebody_takes_away_are_set_anew_and_what_is_left_behind_goes() {
    let mut world = World::new(quick()).await;
    let id = world.file(2 * HOUR).await;
    let end = end_of(&world.reach(id, "active").await.state);
    world
        .until("they stand for the true end", |world| stand_for(world, end))
        .await;
    let [first, second] = names(&key());
    world.model.delete(&first).await.unwrap();
    let schedules = world.model.clone();
    world.engine().sweep_schedules(schedules.as_ref()).await;
    world
        .until("it is there again", |world| stand_for(world, end))
        .await;
    world.done(id).await;
    world.reach(id, "ended").await;
    world
        .until("no schedule is left", |world| world.schedules().is_empty())
        .await;
    // A put whose answer was lost lands after the removal; and somebody else's schedule.
    world.model.put(&second, &key(), at(9 * HOUR)).await.unwrap();
    world
        .model
        .put("teamd-other", &key(), at(9 * HOUR))
        .await
        .unwrap();
    world.engine().sweep_schedules(schedules.as_ref()).await;
    world
        .until("ours is gone", |world| world.schedules().len() == 1)
        .await;
    assert_eq!(world.org().schedules().next().unwrap().spec.name, "teamd-other");
    world.die().await;
}

#[tokio::test]
async fn a_store_that_knows_nothing_leaves_the_schedules_alone() {
    let mut world = World::new(quick()).await;
    let [first, _] = names(&key());
    world.model.put(&first, &key(), at(HOUR)).await.unwrap();
    let schedules = world.model.clone();
    world.engine().sweep_schedules(schedules.as_ref()).await;
    for _ in 0..20 {
        world.pass().await;
    }
    assert_eq!(world.schedules(), [HOUR]);
    world.die().await;
}

#[tokio::test]
async fn off_is_off_and_a_daemon_without_it_is_held_up_by_nothing() {
    let mut world = World::new(quick()).await;
    let id = world.file(HOUR).await;
    let end = end_of(&world.reach(id, "active").await.state);
    world
        .until("they stand for the true end", |world| stand_for(world, end))
        .await;
    world.die().await;
    world.run(false).await;
    let before = world.changes().len();
    let longer = world.file(2 * HOUR).await;
    world.reach(longer, "active").await;
    world.done(id).await;
    world.done(longer).await;
    world.reach(longer, "ended").await;
    assert_eq!(world.changes()[before..], ["DeleteAccountAssignment"]);
    // On again: what is left over from before is found.
    world.die().await;
    world.run(true).await;
    world
        .until("no schedule is left", |world| world.schedules().is_empty())
        .await;
    world.die().await;
}

#[test]
fn names_fit_awss_rules_and_differ_by_key() {
    let [a, b] = names(&key());
    assert!(a.len() <= 64 && a.starts_with("teamd-") && a != b, "{a} {b}");
    let good = |name: &str| name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-');
    assert!(good(&a) && good(&b));
    let mut other = key();
    other.user = other.user.as_str().to_ascii_uppercase().parse().unwrap();
    assert_eq!(names(&other), names(&key()), "AWS writes user ids in either case");
    other.account = "999999999999".parse().unwrap();
    assert_ne!(names(&other), names(&key()));
}
