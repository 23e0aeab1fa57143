//! Which time and whose names a session is followed by, whatever happens to its removal, its person, its account.

use super::*;
use aws_simulator::{FaultKind, FaultRule};
use std::collections::HashSet;

async fn rounds(world: &World, minutes: usize) {
    for _ in 0..minutes {
        world.jump(TimeDelta::minutes(1));
        world.engine().follow_all().await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn record(trail: &Trail, id: usize, at: Time) {
    held(&trail.events).push((at, event(id, at, "alice")));
}

#[tokio::test]
async fn while_a_removal_hangs_the_session_goes_on() {
    let (mut world, trail, store) = followed(1).await;
    let id = world.file(3_600).await;
    let end = world.reach(id, "active").await.state.session().unwrap().end_at;
    let refused = FaultRule::new("DeleteAccountAssignment", FaultKind::AccessDenied);
    world.faults(Faults::none().with(refused));
    // Two hours after an end that was none: longer than credentials live.
    let late = end + TimeDelta::hours(2);
    record(&trail, 1, late);
    rounds(&world, 60 * 4).await;
    assert_eq!(world.show(id).await.state.word().as_str(), "ending");
    assert_eq!(ids(&store, id).await, BTreeSet::from(["e1".to_owned()]));
    let summary = world.engine().activity_summary(&id).unwrap();
    assert_eq!(summary.closed_at, None, "it is still there");
    world.faults(Faults::none());
    let ended = world.reach(id, "ended").await;
    assert_eq!(until_closed(&world, id).await.events, 1, "{:?}", ended.state);
    world.die().await;
}

#[tokio::test]
async fn what_has_just_ended_is_followed_on_at_once() {
    let (mut world, trail, store) = followed(1).await;
    let id = world.file(3_600).await;
    world.reach(id, "active").await;
    let engine = Arc::clone(world.engine());
    engine.to_follow(false).await;
    world.done(id).await;
    world.reach(id, "ended").await;
    record(&trail, 1, world.clock.now() + TimeDelta::seconds(30));
    world.jump(TimeDelta::minutes(1));
    // No look through the past comes in between.
    let found = engine.to_follow(false).await;
    assert_eq!(found.live.iter().map(|r| r.id).collect::<Vec<_>>(), [id]);
    engine.follow_in_turn(found.live).await;
    assert_eq!(ids(&store, id).await.len(), 1);
    drop(engine);
    world.die().await;
}

#[tokio::test]
async fn who_is_deleted_is_followed_on_by_the_names_of_the_beginning() {
    let (mut world, trail, store) = followed(1).await;
    let id = world.file(3_600).await;
    world.reach(id, "active").await;
    world.engine().follow_all().await;
    let mut gone = directory(world.clock.now());
    gone.people.clear();
    gone.permission_sets.clear();
    world.engine().directory.store(Some(Arc::new(gone.clone())));
    record(&trail, 1, world.clock.now() + TimeDelta::seconds(90));
    rounds(&world, 5).await;
    assert_eq!(ids(&store, id).await.len(), 1);
    // A restart knows them too.
    world.die().await;
    world.run(false).await;
    world.engine().directory.store(Some(Arc::new(gone)));
    record(&trail, 2, world.clock.now() + TimeDelta::seconds(30));
    for _ in 0..200 {
        rounds(&world, 1).await;
        if ids(&store, id).await.len() == 2 {
            break;
        }
    }
    assert_eq!(ids(&store, id).await.len(), 2);
    world.die().await;
}

/// One role after the other, each with a key of its own.
fn assume(trail: &Trail, count: usize, at: Time) {
    for n in 0..count {
        let mut assumed = event(1_000 + n, at, "alice");
        let mut record: serde_json::Value = serde_json::from_str(&assumed.record).unwrap();
        let account = key().account;
        record["eventName"] = json!("AssumeRole");
        record["eventSource"] = json!("sts.amazonaws.com");
        record["requestParameters"] = json!({ "roleArn": format!("arn:aws:iam::{account}:role/r{n}") });
        record["responseElements"] =
            json!({ "credentials": { "accessKeyId": format!("ASIAEXAMPLE{n:05}") } });
        assumed.record = record.to_string();
        held(&trail.events).push((at, assumed));
    }
}

#[tokio::test]
async fn whoever_assumes_roles_in_a_loop_keeps_nobody_from_looking() {
    let (mut world, trail, _) = followed(1).await;
    let id = world.file(3_600).await;
    world.reach(id, "active").await;
    assume(&trail, 300, world.clock.now());
    rounds(&world, 2).await;
    held(&trail.asked).clear();
    rounds(&world, 1).await;
    let asked: HashSet<CalledBy> = held(&trail.asked).iter().cloned().collect();
    let keys = asked.iter().filter(|by| matches!(by, CalledBy::Key(_))).count();
    assert_eq!(keys, 20);
    let coverage = world
        .engine()
        .activity_coverage(&world.show(id).await)
        .await
        .unwrap();
    let said = coverage
        .faults
        .iter()
        .any(|(place, why, _)| place == "assumed roles" && why.contains("newest 20"));
    assert!(said, "{:?}", coverage.faults);
    // Their credentials live for an hour: afterwards they are not asked about until the end.
    rounds(&world, 100).await;
    held(&trail.asked).clear();
    rounds(&world, 1).await;
    assert!(!held(&trail.asked).iter().any(|by| matches!(by, CalledBy::Key(_))));
    world.die().await;
}

#[tokio::test]
async fn an_account_that_hangs_holds_up_no_other() {
    let (mut world, trail, store) = followed(1).await;
    let mut settings = (*world.engine().settings()).clone();
    settings.activity_poll = Duration::from_millis(2);
    world.engine().reconfigure(settings);
    let stuck = Key {
        account: "400000000033".parse().unwrap(),
        ..key()
    };
    *held(&trail.hangs) = Some(stuck.account.clone());
    let hung = world.file_on(stuck, 3_600).await;
    world.reach(hung, "active").await;
    let id = world.file(3_600).await;
    world.reach(id, "active").await;
    // The rounds of the daemon itself, each of which begins with that account.
    for n in 0..3 {
        record(&trail, n, world.clock.now());
        let mut left = 2_000;
        while ids(&store, id).await.len() <= n {
            left -= 1;
            assert!(left > 0, "event {n} is never read");
            world.pass().await;
        }
    }
    assert!(ids(&store, hung).await.is_empty());
    world.die().await;
}
