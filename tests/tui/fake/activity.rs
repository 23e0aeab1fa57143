//! Activity: pages, and streams that say what a test wants said.

use super::routes::{Events, killed, problem};
use super::{Shared, now};
use crate::fixtures;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::sse::{Event as SseEvent, Sse};
use axum::response::{IntoResponse, Response};
use futures::{FutureExt, StreamExt};
use serde_json::json;
use std::collections::{HashMap, VecDeque};
use team_shared::activity::ActivityItem;
use team_shared::ids::RequestId;
use team_shared::problem::Code;

/// One thing that a stream does.
pub(crate) enum Step {
    /// Waits until activity was read so often.
    AfterReads(u64),
    /// This is in the pages from here on, and in no stream.
    Happens(Box<ActivityItem>),
    /// Activity of this one cannot be read from here on.
    Breaks(RequestId),
    /// A block: its name and its data.
    Say(&'static str, String),
    /// The daemon closes it; without this it stays open.
    Close,
}

pub(super) async fn of_request(
    State(fake): State<Shared>,
    Path(id): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let world = fake.world();
    let known = world.requests.iter().find(|view| view.id.to_string() == id);
    let Some(id) = known.map(|view| view.id) else {
        return problem(Code::NotFound, "no such request");
    };
    if world.unreadable.contains(&id) {
        return problem(Code::Internal, "the store has a fault");
    }
    let mut items = fixtures::activity(now(), id);
    let more = world.activity.iter().filter(|item| item.request_id == Some(id));
    items.extend(more.cloned());
    if let Some(event) = query.get("event") {
        items.retain(|item| item.event_id == *event);
    }
    fake.activity_reads.send_modify(|count| *count += 1);
    let newest = items.iter().map(|item| item.event_time).max();
    Json(
        json!({"items": items, "next_cursor": null, "coverage": world.coverage, "newest_event_at": newest,
                "digest": fixtures::digest()}),
    )
    .into_response()
}

pub(super) async fn stream(State(fake): State<Shared>) -> Events {
    let end = killed(&fake);
    let script = fake.world().streams.pop_front();
    match script {
        Some(script) => Sse::new(scripted(fake, script.into()).take_until(end).boxed()),
        None => Sse::new(now_and_then(&fake).take_until(end).boxed()),
    }
}

fn scripted(
    fake: Shared,
    script: VecDeque<Step>,
) -> impl futures::Stream<Item = Result<SseEvent, std::convert::Infallible>> {
    let steps = futures::stream::unfold((fake, script), |(fake, mut script)| async move {
        loop {
            match script.pop_front() {
                Some(Step::AfterReads(times)) => {
                    let mut reads = fake.activity_reads.subscribe();
                    reads.wait_for(|count| *count >= times).await.ok()?;
                }
                Some(Step::Happens(item)) => fake.world().activity.push(*item),
                Some(Step::Breaks(id)) => fake.world().unreadable.push(id),
                Some(Step::Say(name, data)) => {
                    let block = SseEvent::default().event(name).data(data);
                    return Some((Ok(block), (fake, script)));
                }
                Some(Step::Close) => return None,
                None => std::future::pending().await,
            }
        }
    });
    // The head is sent with the first block.
    futures::stream::once(async { Ok(SseEvent::default().comment("teamd")) }.boxed()).chain(steps)
}

fn now_and_then(
    fake: &Shared,
) -> impl futures::Stream<Item = Result<SseEvent, std::convert::Infallible>> + use<> {
    let id = fake
        .world()
        .requests
        .iter()
        .find(|view| view.id.short() == "X4TE2N")
        .map(|view| view.id);
    futures::stream::unfold(100_u64, move |n| async move {
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        let mut item = fixtures::activity(now(), id?).pop()?;
        item.event_id = format!("event-{n}");
        item.event_time = now();
        let data = serde_json::to_string(&item).expect("json");
        Some((Ok(SseEvent::default().event("activity").data(data)), n + 1))
    })
}
