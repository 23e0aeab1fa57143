//! Who sees what was done.

use super::{call, followed, happen, page_when};
use crate::support::*;
use chrono::TimeDelta;
use std::time::Duration;

/// Opens somebody's stream.
async fn open(world: &World, who: &str) -> reqwest::Response {
    let path = "/v1/activity/stream";
    let request = world.as_(who).request(reqwest::Method::GET, path);
    request.send().await.expect("the stream")
}

/// What a stream says until the second event, or within a moment.
async fn heard(mut stream: reqwest::Response) -> String {
    let mut text = String::new();
    let listen = async {
        while let Ok(Some(chunk)) = stream.chunk().await {
            text.push_str(&String::from_utf8_lossy(&chunk));
            if text.contains("\"e2\"") {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(8), listen).await;
    text
}

#[tokio::test]
async fn a_session_is_streamed_to_those_who_may_see_it_and_to_nobody_else() {
    let world = followed().await;
    let id = world.active().await;
    let people = ["alice", "bob", "hugo", "liam"];
    let mut streams = Vec::new();
    for who in people {
        streams.push(heard(open(&world, who).await));
    }
    let happenings = async {
        for event in ["e1", "e2"] {
            happen(&world, "eu-west-1", "alice", TimeDelta::zero(), |aws| {
                call(aws, "alice", event, "ec2:RunInstances")
            });
            page_when(&world, &id, "the event", |page| page.to_string().contains(event)).await;
        }
    };
    let (texts, ()) = futures::future::join(futures::future::join_all(streams), happenings).await;
    for (who, text) in people.into_iter().zip(texts) {
        let saw = text.contains("\"event_id\":\"e1\"") && text.contains("\"event_id\":\"e2\"");
        assert_eq!(saw, who != "liam", "{who}: {text}");
    }
}

#[tokio::test]
async fn pages_follow_by_cursor_and_nonsense_is_refused() {
    let world = followed().await;
    let id = world.active().await;
    for n in 0..5 {
        let event = format!("e{n}");
        happen(&world, "eu-west-1", "alice", TimeDelta::zero(), |aws| {
            call(aws, "alice", &event, "ec2:RunInstances")
        });
    }
    page_when(&world, &id, "five", |page| items(page).len() == 5).await;
    let path = format!("/v1/requests/{id}/activity");
    let first = world.as_("hugo").get(&format!("{path}?limit=2")).await.is(200);
    let cursor = first["next_cursor"].as_str().expect("a cursor").to_owned();
    let second = world
        .as_("hugo")
        .get(&format!("{path}?limit=9&cursor={cursor}"))
        .await
        .is(200);
    assert_eq!((items(&first).len(), items(&second).len()), (2, 3));
    assert!(second["next_cursor"].is_null());
    let newest = world
        .as_("hugo")
        .get(&format!("{path}?limit=2&newest=true"))
        .await
        .is(200);
    assert_eq!(items(&newest)[1], items(&second)[2]);
    for nonsense in ["cursor=x", "cursor=1.2&newest=true", "limit=x", "all=1"] {
        let answer = world.as_("hugo").get(&format!("{path}?{nonsense}")).await;
        assert!(matches!(answer.status, 400 | 422), "{nonsense}: {answer:?}");
    }
    world.as_("liam").get(&path).await.refused(404, "not_found");
}
