//! Whatever CloudTrail does with the order, the number and the time of what it delivers, the same is known in the end.

mod sessions;

use super::*;
use crate::backstop::tests::world::{World, key};
use crate::deps::ActivityPorts;
use aws_simulator::Faults;
use futures::StreamExt;
use futures::stream::BoxStream;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use teamd_aws::port::{ActivitySource, AwsError, CalledBy, Look, RawEvent};
use teamd_domain::directory::{Index, PermissionSet, Person};
use teamd_domain::request::Key;
use teamd_host::clock::{Clock, ManualClock};
use teamd_store::activity::{ActivityStore, PageOf};

/// CloudTrail as the test has it: events with the moment of their delivery, and a time in which it cannot be read.
struct Trail {
    clock: Arc<ManualClock>,
    events: Mutex<Vec<(Time, RawEvent)>>,
    gap: Mutex<Option<(Time, Time)>>,
    /// An account whose answer never comes.
    hangs: Mutex<Option<AccountId>>,
    /// What was asked.
    asked: Mutex<Vec<CalledBy>>,
    is_regional: AtomicBool,
    rng: Mutex<StdRng>,
}

impl ActivitySource for Trail {
    fn name(&self) -> String {
        "the test's trail".to_owned()
    }

    fn is_regional(&self) -> bool {
        self.is_regional.load(Ordering::SeqCst)
    }

    fn read<'a>(&'a self, look: &'a Look) -> BoxStream<'a, Result<Vec<RawEvent>, AwsError>> {
        let now = self.clock.now();
        held(&self.asked).push(look.called_by.clone());
        if held(&self.hangs).as_ref() == Some(&look.account) {
            return futures::stream::pending().boxed();
        }
        if held(&self.gap).is_some_and(|(from, to)| from <= now && now < to) {
            let fault = AwsError::Unreachable("not now".to_owned());
            return futures::stream::iter([Err(fault)]).boxed();
        }
        let mut found: Vec<RawEvent> = held(&self.events)
            .iter()
            .filter(|(seen_at, event)| *seen_at <= now && look.since <= event.at && event.at <= look.until)
            .map(|(_, event)| event.clone())
            .collect();
        found.shuffle(&mut *held(&self.rng));
        let pages: Vec<_> = found.chunks(7).map(|page| Ok(page.to_vec())).collect();
        futures::stream::iter(pages).boxed()
    }
}

fn event(id: usize, at: Time, who: &str) -> RawEvent {
    let record = json!({
        "eventName": "DescribeInstances", "eventSource": "ec2.amazonaws.com", "readOnly": true,
        "recipientAccountId": key().account.as_str(), "sourceIPAddress": "192.0.2.1",
        "userIdentity": {
            "principalId": format!("AROAEXAMPLE:{who}"),
            "sessionContext": { "sessionIssuer": { "userName": "AWSReservedSSO_DatabaseAdmin_7243976e43c75fc5" } },
        },
    });
    RawEvent {
        event_id: format!("e{id}"),
        at,
        record: record.to_string(),
    }
}

fn directory(now: Time) -> Directory {
    let key = key();
    let person = Person {
        id: key.user.clone(),
        user_name: "alice".to_owned(),
        display_name: "Alice".to_owned(),
        email: None,
        zone: None,
        enabled: true,
    };
    let set = PermissionSet {
        arn: key.permission_set.clone(),
        name: "DatabaseAdmin".to_owned(),
        description: String::new(),
        session_seconds: 3_600,
    };
    Directory {
        loaded_at: now,
        instance_arn: String::new(),
        identity_store_id: String::new(),
        management_account: None,
        organizational_units: BTreeMap::new(),
        accounts: BTreeMap::new(),
        permission_sets: BTreeMap::from([(key.permission_set, set)]),
        people: BTreeMap::from([(key.user, person)]),
        groups: BTreeMap::new(),
        group_access: BTreeSet::new(),
        on_call: BTreeMap::new(),
        index: Index::default(),
    }
}

/// A daemon that follows sessions on that trail.
async fn followed(seed: u64) -> (World, Arc<Trail>, ActivityStore) {
    let mut world = World::asleep(Faults::default());
    let trail = Arc::new(Trail {
        clock: Arc::clone(&world.clock),
        events: Mutex::default(),
        gap: Mutex::default(),
        hangs: Mutex::default(),
        asked: Mutex::default(),
        is_regional: AtomicBool::default(),
        rng: Mutex::new(StdRng::seed_from_u64(seed)),
    });
    let store = ActivityStore::in_memory().unwrap();
    world.activity = Some(ActivityPorts {
        source: trail.clone(),
        store: store.clone(),
    });
    world.run(false).await;
    let directory = Arc::new(directory(world.clock.now()));
    world.engine().directory.store(Some(directory));
    (world, trail, store)
}

/// Lets minutes pass, with a round in each, until nothing more is expected of the request.
async fn until_closed(world: &World, id: RequestId) -> Summary {
    for _ in 0..2_000 {
        world.jump(TimeDelta::minutes(1));
        world.engine().follow_all().await;
        tokio::time::sleep(Duration::from_millis(1)).await;
        if let Some(summary) = world
            .engine()
            .activity_summary(&id)
            .filter(|s| s.closed_at.is_some())
        {
            return summary;
        }
    }
    panic!("never complete: {:?}", world.engine().activity_summary(&id));
}

async fn ids(store: &ActivityStore, id: RequestId) -> BTreeSet<String> {
    let lines = store.page(id, PageOf::After(None), usize::MAX).await.unwrap();
    lines.lines.into_iter().map(|line| line.event_id).collect()
}

#[tokio::test]
async fn disorder_duplicates_delays_and_gaps_end_the_same() {
    for seed in 0..6 {
        let (mut world, trail, store) = followed(seed).await;
        let id = world.file(3_600).await;
        let session = world.reach(id, "active").await.state.session().unwrap();
        let mut rng = StdRng::seed_from_u64(seed);
        let mut all = BTreeSet::new();
        for n in 0..60 {
            let at = session.start_at + TimeDelta::seconds(rng.random_range(0..7_000));
            let mut delay = || TimeDelta::seconds(rng.random_range(0..1_800));
            let (first, second) = (delay(), delay());
            let mut events = held(&trail.events);
            events.push((at + first, event(n, at, "alice")));
            if n % 3 == 0 {
                events.push((at + second, event(n, at, "alice")));
            }
            // Hers alone, however near the names are.
            events.push((at + first, event(1_000 + n, at, "alice2")));
            all.insert(format!("e{n}"));
        }
        let from = session.start_at + TimeDelta::minutes(rng.random_range(0..100));
        *held(&trail.gap) = Some((from, from + TimeDelta::minutes(40)));
        let summary = until_closed(&world, id).await;
        assert_eq!(ids(&store, id).await, all, "seed {seed}");
        assert_eq!(summary.events, 60, "seed {seed}");
        world.die().await;
    }
}

#[tokio::test]
async fn activity_is_there_as_long_as_it_is_said_to_be_d30() {
    let (mut world, trail, store) = followed(1).await;
    let id = world.file(3_600).await;
    let session = world.reach(id, "active").await.state.session().unwrap();
    held(&trail.events).push((session.start_at, event(1, session.start_at, "alice")));
    until_closed(&world, id).await;
    let engine = world.engine();
    let forgotten = engine.settings().activity_retention;
    for (after, kept) in [
        (forgotten - TimeDelta::days(1), 1),
        (forgotten + TimeDelta::days(1), 0),
    ] {
        engine.forget_old_activity(session.start_at + after).await;
        assert_eq!(ids(&store, id).await.len(), kept, "{after}");
    }
    let digest = store.digest(id).await.unwrap();
    assert_eq!(digest.summary.events, 1, "what was counted stays");
    world.die().await;
}

#[tokio::test]
async fn of_an_account_that_cannot_be_seen_nothing_is_called_complete() {
    let (mut world, trail, _) = followed(1).await;
    trail.is_regional.store(true, Ordering::SeqCst);
    let engine = Arc::clone(world.engine());
    engine.set_own_account("999988887777".parse().unwrap());
    let mut settings = (*engine.settings()).clone();
    settings.region = "eu-west-1".to_owned();
    engine.reconfigure(settings);
    let id = world.file(3_600).await;
    world.reach(id, "active").await;
    for _ in 0..300 {
        world.jump(TimeDelta::minutes(1));
        engine.follow_all().await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let request = world.show(id).await;
    let summary = engine.activity_summary(&id);
    assert!(
        summary.is_none_or(|summary| summary.closed_at.is_none()),
        "{summary:?}"
    );
    let coverage = engine.activity_coverage(&request).await.unwrap();
    assert!(coverage.unseen.is_some() && coverage.complete_until.is_none());
    drop(engine);
    world.die().await;
}
