//! The event stream: gapless for who sees all, resumable, and for everybody else only what is theirs to see.

use crate::support::*;
use reqwest::Method;
use serde_json::Value;
use std::time::Duration;

/// An open stream, line by line.
struct Stream {
    answer: reqwest::Response,
    text: String,
}

impl Stream {
    async fn open(client: Client<'_>, path: &str, last_event_id: Option<u64>) -> Self {
        let mut request = client.request(Method::GET, path);
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let answer = request.send().await.expect("the stream opens");
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        let mut stream = Self {
            answer,
            text: String::new(),
        };
        assert_eq!(
            stream.block().await.as_deref(),
            Some(": teamd"),
            "a comment comes first, at once"
        );
        stream
    }

    /// The next block; none where the stream is over.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let block = self.text[..end].to_owned();
                self.text.drain(..end + 2);
                return Some(block);
            }
            let chunk = tokio::time::timeout(SOON, self.answer.chunk())
                .await
                .expect("something comes soon");
            let chunk = chunk.expect("the stream stands")?;
            self.text.push_str(std::str::from_utf8(&chunk).expect("UTF-8"));
        }
    }

    /// The next event, checked for its form.
    async fn event(&mut self) -> Value {
        loop {
            let block = self.block().await.expect("the stream goes on");
            let field = |name: &str| {
                let line = block
                    .lines()
                    .find_map(|line| line.strip_prefix(&format!("{name}: ")));
                line.map(ToOwned::to_owned)
            };
            let Some(data) = field("data") else { continue };
            let event: Value = serde_json::from_str(&data).expect("JSON");
            assert_eq!(field("id").as_deref(), Some(event["seq"].to_string().as_str()));
            assert_eq!(field("event").as_deref(), event["type"].as_str());
            return event;
        }
    }

    /// Events up to the first of this type of this request.
    async fn up_to(&mut self, kind: &str, id: &str) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            let event = self.event().await;
            let is_it = event["type"] == kind && event["request_id"] == id;
            events.push(event);
            if is_it {
                return events;
            }
        }
    }
}

fn seqs(events: &[Value]) -> Vec<u64> {
    events.iter().filter_map(|event| event["seq"].as_u64()).collect()
}

#[tokio::test]
async fn gapless_for_who_sees_all_and_live() {
    let world = World::new().await;
    let mut stream = Stream::open(world.as_("hugo"), "/v1/events?after=0", None).await;
    let id = world.active().await;
    let mut events = stream.up_to("request.active", &id).await;
    world.act("alice", &id, "done").await.is(200);
    events.extend(stream.up_to("request.ended", &id).await);
    let expected: Vec<u64> = (1..=events.len() as u64).collect();
    assert_eq!(seqs(&events), expected);
    assert_eq!(events[0]["type"], "daemon.started");
    // The trail says the same.
    let audit = world.as_("hugo").get("/v1/audit?limit=500").await.is(200);
    for (event, row) in events.iter().zip(items(&audit).iter().rev()) {
        for field in ["seq", "at", "type", "actor", "request_id", "data"] {
            assert_eq!(event[field], row[field], "{field} of {event}");
        }
    }
}

#[tokio::test]
async fn resumed_anywhere_it_gives_exactly_the_rest() {
    let world = World::new().await;
    let id = world.pending().await;
    world.act("alice", &id, "cancel").await.is(200);
    let whole = Stream::open(world.as_("hugo"), "/v1/events?after=0", None)
        .await
        .up_to("request.cancelled", &id)
        .await;
    for seen in 0..whole.len() as u64 - 1 {
        let by_header = Stream::open(world.as_("hugo"), "/v1/events", Some(seen)).await;
        // The header is the later word: the browser sends the same address again.
        let by_both = Stream::open(world.as_("hugo"), "/v1/events?after=0", Some(seen)).await;
        let by_query = Stream::open(world.as_("hugo"), &format!("/v1/events?after={seen}"), None).await;
        for mut stream in [by_header, by_both, by_query] {
            let rest = stream.up_to("request.cancelled", &id).await;
            assert_eq!(rest, whole[seen as usize..], "after {seen}");
        }
    }
    // Without a place to begin at, it begins now.
    let mut fresh = Stream::open(world.as_("hugo"), "/v1/events", None).await;
    let next = world.pending().await;
    assert_eq!(fresh.event().await["request_id"], *next);
    // A place in the future waits for it rather than repeat.
    let mut ahead = Stream::open(world.as_("hugo"), "/v1/events", Some(1_000_000)).await;
    world.act("alice", &next, "cancel").await.is(200);
    let quiet = tokio::time::timeout(Duration::from_millis(300), ahead.event()).await;
    assert!(quiet.is_err(), "{quiet:?}");
}

#[tokio::test]
async fn everybody_else_sees_what_is_theirs_d42() {
    let world = World::new().await;
    let path = "/v1/events?after=0";
    let alices = world.pending().await;
    world
        .as_("alice")
        .post("/v1/requests", ask(BILLING, ADMIN, 600))
        .await
        .refused(403, "not_eligible");
    world
        .as_("dave")
        .post("/v1/requests", ask(BILLING, ADMIN, 600))
        .await
        .refused(403, "not_eligible");
    let erins = id_of(&world.submit("erin", ask(BILLING, "BillingReadOnly", 600)).await);
    world.act("alice", &alices, "cancel").await.is(200);
    world.act("erin", &erins, "cancel").await.is(200);
    let of = async |who: &str, last: &str| {
        let events = Stream::open(world.as_(who), path, None)
            .await
            .up_to("request.cancelled", last)
            .await;
        events
            .iter()
            .map(|e| e["type"].as_str().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        of("alice", &alices).await,
        ["request.submitted", "refused", "request.cancelled"]
    );
    assert_eq!(
        of("bob", &alices).await,
        ["request.submitted", "request.cancelled"]
    );
    assert_eq!(
        of("erin", &erins).await,
        ["request.submitted", "request.cancelled"]
    );
    assert_eq!(
        of("liam", &erins).await,
        ["request.submitted", "request.cancelled"]
    );
    let mut kim = Stream::open(world.as_("kim"), path, None).await;
    let quiet = tokio::time::timeout(Duration::from_millis(300), kim.event()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    if let Some(operator) = world.as_operator() {
        let mut stream = Stream::open(operator, path, None).await;
        let quiet = tokio::time::timeout(Duration::from_millis(300), stream.event()).await;
        assert!(quiet.is_err(), "what people did is not the operator's: {quiet:?}");
    }
}

#[tokio::test]
async fn rights_are_looked_at_anew_while_it_is_open() {
    let world = World::new().await;
    let mut bob = Stream::open(world.as_("bob"), "/v1/events", None).await;
    let first = world.pending().await;
    assert_eq!(bob.event().await["request_id"], *first);
    world
        .apply(&POLICY.replace("who = [\"group:prod-leads\"]", "who = [\"user:carol\"]"))
        .await;
    let second = id_of(&world.submit("alice", ask(LEDGER, ADMIN, 600)).await);
    let mine = id_of(&world.submit("bob", ask(LEDGER, ADMIN, 600)).await);
    let seen = bob.up_to("request.submitted", &mine).await;
    assert!(
        seen.iter().all(|event| event["request_id"] != *second),
        "{seen:#?}"
    );
}

#[tokio::test]
async fn a_stop_ends_open_streams() {
    let mut world = World::new().await;
    let mut stream = Stream::open(world.as_("hugo"), "/v1/events", None).await;
    let mut activity = Stream::open(world.as_("hugo"), "/v1/activity/stream", None).await;
    world.stop().await;
    while stream.block().await.is_some() {}
    while activity.block().await.is_some() {}
}
