//! The same events in any order, as often as they come, give the same lines, marks and counts.

use super::*;
use chrono::TimeDelta;
use proptest::prelude::*;
use team_shared::ids::RequestId;
use teamd_domain::activity::{Call, Digest, Door, Recorded, Via};

fn start() -> Time {
    Time::from_timestamp_millis(1_795_000_000_000).unwrap()
}

fn owner(request: u64) -> Owner {
    Owner {
        request: RequestId::from_parts(request, 1),
        user: "976710cc5d-9d976f61".parse().unwrap(),
        permission_set: "arn:aws:sso:::permissionSet/ssoins-1111222233334444/ps-1111222233334444"
            .parse()
            .unwrap(),
    }
}

fn event(id: u64, second: i64, action: &str) -> Recorded {
    let (service, name) = action.split_once(':').unwrap();
    Recorded {
        call: Call {
            event_id: format!("e{id}"),
            at: start() + TimeDelta::seconds(second),
            name: name.to_owned(),
            source: format!("{service}.amazonaws.com"),
            source_ip: "192.0.2.1".to_owned(),
            user_agent: "aws-cli/2.15".to_owned(),
            anchor: "A1".to_owned(),
            read_only: name.starts_with("Describe"),
            error: id.is_multiple_of(3).then(|| "AccessDenied".to_owned()),
            ..Call::default()
        },
        via: Via::Session,
        marks: vec!["write".to_owned()],
        record: format!("{{\"id\":{id}}}"),
    }
}

/// What a reader sees in the end.
async fn seen(store: &ActivityStore, request: u64) -> (Vec<(String, Time)>, Digest) {
    let id = owner(request).request;
    let lines = store.page(id, PageOf::After(None), usize::MAX).await.unwrap();
    let mut lines: Vec<_> = lines
        .lines
        .into_iter()
        .map(|line| (line.event_id, line.at))
        .collect();
    // Events of one moment stand in the order of their arrival.
    lines.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
    (lines, store.digest(id).await.unwrap())
}

#[tokio::test]
async fn pages_follow_one_another_and_the_newest_are_at_hand() {
    let store = ActivityStore::in_memory().unwrap();
    let events = (0..10).map(|n| event(n, 0, "ec2:RunInstances")).collect();
    let kept = store.keep(owner(1), events).await.unwrap();
    assert_eq!(
        (kept.new.len(), kept.summary.events, kept.summary.errors),
        (10, 10, 4)
    );
    let (mut position, mut found) = (None, Vec::new());
    loop {
        let page = store
            .page(owner(1).request, PageOf::After(position), 3)
            .await
            .unwrap();
        let Some(last) = page.lines.last() else { break };
        position = Line::position_of(&Line::cursor_at(last.position));
        found.extend(page.lines.iter().map(|line| line.event_id.clone()));
    }
    assert_eq!(found.len(), 10, "{found:?}");
    let newest = store
        .page(owner(1).request, PageOf::Newest, 2)
        .await
        .unwrap()
        .lines;
    assert_eq!([&newest[0].event_id, &newest[1].event_id], [&found[8], &found[9]]);
}

#[tokio::test]
async fn a_page_of_large_records_is_a_short_one() {
    let store = ActivityStore::in_memory().unwrap();
    let large = (0..30).map(|n| {
        let mut event = event(n, i64::try_from(n).unwrap(), "ec2:RunInstances");
        let mut record: serde_json::Value = serde_json::from_str(&event.record).unwrap_or_default();
        record["requestParameters"] = serde_json::json!({ "userData": "x".repeat(250 * 1024) });
        event.record = record.to_string();
        event
    });
    store.keep(owner(1), large.collect()).await.unwrap();
    let (mut position, mut found) = (None, Vec::new());
    loop {
        let of = PageOf::After(position);
        let page = store.page(owner(1).request, of, 500).await.unwrap();
        let bytes: usize = page.lines.iter().map(|line| line.record.len()).sum();
        assert!(bytes <= 2 * 1024 * 1024 && !page.lines.is_empty(), "{bytes}");
        found.extend(page.lines.iter().map(|line| line.event_id.clone()));
        position = page.lines.last().map(|line| line.position);
        if !page.has_more {
            break;
        }
    }
    assert_eq!(found.len(), 30);
    let newest = store.page(owner(1).request, PageOf::Newest, 500).await.unwrap();
    assert!(newest.has_more && newest.lines.last().map(|line| &line.event_id) == found.last());
}

#[tokio::test]
async fn what_came_before_is_kept_once_and_belongs_to_both_requests() {
    let store = ActivityStore::in_memory().unwrap();
    store
        .keep(owner(1), vec![event(1, 0, "ec2:RunInstances")])
        .await
        .unwrap();
    let again = store
        .keep(owner(1), vec![event(1, 0, "ec2:RunInstances")])
        .await
        .unwrap();
    assert_eq!((again.new.len(), again.summary.events), (0, 1));
    let other = store
        .keep(owner(2), vec![event(1, 0, "ec2:RunInstances")])
        .await
        .unwrap();
    assert_eq!(other.new.len(), 1);
}

#[tokio::test]
async fn a_use_that_earlier_sessions_did_not_have_is_marked_at_its_first_call() {
    let store = ActivityStore::in_memory().unwrap();
    let first = store
        .keep(owner(1), vec![event(1, 0, "ec2:DescribeInstances")])
        .await
        .unwrap();
    assert!(
        !first.new[0].marks.iter().any(|mark| mark.starts_with("new-")),
        "nothing to compare with"
    );
    let mut later = vec![
        event(2, 9000, "ec2:DescribeInstances"),
        event(4, 9001, "iam:CreateUser"),
    ];
    later[1].call.source_ip = "198.51.100.7".to_owned();
    let later = store.keep(owner(2), later).await.unwrap();
    assert_eq!(later.new[0].marks, ["write"]);
    assert_eq!(later.new[1].marks, ["write", "new-address", "new-action"]);
    // 91 days later the same is new again.
    let after = TimeDelta::days(91).num_seconds() + 9001;
    let last = store
        .keep(owner(3), vec![event(5, after, "iam:CreateUser")])
        .await
        .unwrap();
    assert!(
        last.new[0].marks.contains(&"new-action".to_owned()),
        "{:?}",
        last.new[0].marks
    );
}

#[tokio::test]
async fn the_fifth_refusal_in_a_minute_is_a_burst() {
    let store = ActivityStore::in_memory().unwrap();
    let events = (0..5).map(|n| event(n * 3, i64::try_from(n).unwrap() * 14, "ec2:RunInstances"));
    let kept = store.keep(owner(1), events.collect()).await.unwrap();
    let marked: Vec<bool> = kept
        .new
        .iter()
        .map(|e| e.marks.contains(&"denied-burst".to_owned()))
        .collect();
    assert_eq!(marked, [false, false, false, false, true]);
}

#[tokio::test]
async fn what_is_left_behind_counts_once_however_often_it_was_touched() {
    let store = ActivityStore::in_memory().unwrap();
    let door = Door {
        kind: "role".to_owned(),
        name: "deployer".to_owned(),
    };
    let mut events = vec![event(1, 9, "iam:CreateRole"), event(2, 3, "iam:CreateRole")];
    for event in &mut events {
        event.call.doors = vec![door.clone()];
    }
    for event in events {
        store.keep(owner(1), vec![event]).await.unwrap();
    }
    let left = store.left_behind(owner(1).request).await.unwrap();
    assert_eq!(
        (left.len(), left[0].event_id.as_str()),
        (1, "e2"),
        "the first call made it"
    );
    assert_eq!(left[0].label(), "role: deployer");
    let summary = store.summaries().await.unwrap()[&owner(1).request];
    assert_eq!((summary.left_behind, summary.events), (1, 2));
    store.forget(start() + TimeDelta::days(1)).await.unwrap();
    assert_eq!(
        store.left_behind(owner(1).request).await.unwrap(),
        left,
        "old events go, this stays"
    );
    assert!(
        store
            .page(owner(1).request, PageOf::Newest, 9)
            .await
            .unwrap()
            .lines
            .is_empty()
    );
}

#[tokio::test]
async fn it_outlives_a_restart_and_damage_is_put_aside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("activity.db");
    let look = Look {
        read_at: Some(start()),
        error: Some("no".to_owned()),
        ..Look::default()
    };
    {
        let (store, aside) = ActivityStore::open(&path).unwrap();
        assert_eq!(aside, None);
        store
            .keep(owner(1), vec![event(1, 0, "ec2:RunInstances")])
            .await
            .unwrap();
        store
            .save_look(owner(1).request, "place".to_owned(), look.clone())
            .await
            .unwrap();
        store.close(owner(1).request, start()).await.unwrap();
    }
    let (store, _) = ActivityStore::open(&path).unwrap();
    assert_eq!(store.looks(owner(1).request).await.unwrap()["place"], look);
    let summary = store.summaries().await.unwrap()[&owner(1).request];
    assert_eq!((summary.events, summary.closed_at), (1, Some(start())));
    let aside = store.begin_anew().unwrap();
    assert!(aside.exists() && store.summaries().await.unwrap().is_empty());
    store
        .keep(owner(1), vec![event(1, 0, "ec2:RunInstances")])
        .await
        .unwrap();
    drop(store);
    std::fs::write(&path, "no database at all ".repeat(1000)).unwrap();
    let (store, aside) = ActivityStore::open(&path).unwrap();
    assert!(aside.is_some() && store.summaries().await.unwrap().is_empty());
}

#[tokio::test]
async fn refusals_within_one_second_are_counted_each() {
    let store = ActivityStore::in_memory().unwrap();
    let events = (0..100).map(|n| event(n * 3, 0, "ec2:RunInstances"));
    let kept = store.keep(owner(1), events.collect()).await.unwrap();
    let burst = "denied-burst".to_owned();
    let marked = kept
        .new
        .iter()
        .filter(|event| event.marks.contains(&burst))
        .count();
    let digest = store.digest(owner(1).request).await.unwrap();
    let counted = digest.marks.iter().find(|(mark, _)| *mark == burst);
    assert_eq!((marked, counted), (100, Some(&(burst, 100))));
}

#[tokio::test]
async fn who_reads_while_the_file_is_begun_anew_has_the_old_one_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = ActivityStore::open(&folder.path().join("activity.db")).unwrap();
    let one = || vec![event(1, 0, "ec2:RunInstances")];
    store.keep(owner(1), one()).await.unwrap();
    let same = store.clone();
    let count = |conn: &Connection| {
        conn.query_row("SELECT COUNT(*) FROM events", [], |row| row.get::<_, i64>(0))
            .map_err(failed)
    };
    let old = store.read(move |conn| {
        let before = count(conn)?;
        same.begin_anew()?;
        Ok((before, count(conn)?))
    });
    assert_eq!(old.await.unwrap(), (1, 1), "one look, one file");
    assert_eq!(store.read(count).await.unwrap(), 0, "the next reads the new one");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn shuffles_duplicates_and_batches_end_the_same(
        picks in proptest::collection::vec((0_u64..40, 0_i64..90), 1..60),
        order in any::<u64>(),
        batch in 1_usize..9,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let actions = ["ec2:DescribeInstances", "ec2:RunInstances", "iam:CreateUser"];
        // Under one id always the same event.
        let at: std::collections::BTreeMap<u64, i64> = picks.iter().copied().collect();
        let one = |id: &u64| {
            let mut one = event(*id, at[id], actions[usize::try_from(id % 3).unwrap()]);
            one.call.source_ip = format!("192.0.2.{}", id % 5);
            one
        };
        let sorted: Vec<_> = at.keys().map(one).collect();
        let mut mixed: Vec<_> = picks.iter().map(|(id, _)| one(id)).collect();
        let key = |e: &Recorded| shuffled(&e.call.event_id, order);
        mixed.sort_by_key(key);
        runtime.block_on(async {
            let (a, b) = (ActivityStore::in_memory().unwrap(), ActivityStore::in_memory().unwrap());
            for store in [&a, &b] {
                store.keep(owner(9), vec![event(900, -500, "ec2:RunInstances")]).await.unwrap();
            }
            a.keep(owner(10), sorted).await.unwrap();
            for some in mixed.chunks(batch) {
                b.keep(owner(10), some.to_vec()).await.unwrap();
            }
            prop_assert_eq!(seen(&a, 10).await, seen(&b, 10).await);
            Ok(())
        })?;
    }
}

/// Some order, by a seed.
fn shuffled(text: &str, seed: u64) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    (text, seed).hash(&mut hasher);
    hasher.finish()
}
