//! `GET /v1/activity/stream`: events of sessions as they are read, to those who may see them.

use super::Api;
use super::activity::item;
use super::budget::UserBudget;
use super::caller::Known;
use super::error::ApiError;
use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event as SseEvent, KeepAlive};
use futures::Stream;
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};
use team_shared::ids::RequestId;
use teamd_domain::identity::Caller;
use teamd_engine::{ActivityLine, Facts, Refused};
use tokio::sync::broadcast::error::RecvError;

/// For so long it is believed that a caller may or may not see a request: a hundred events a second must not be a hundred
/// questions to the store.
const BELIEVED: Duration = Duration::from_secs(5);

/// The stream.
pub(super) async fn stream(
    State(api): State<Api>,
    Known(caller): Known,
    budget: UserBudget,
) -> Result<Sse<impl Stream<Item = Result<SseEvent, Infallible>>>, ApiError> {
    if caller.person().is_none() {
        // The operator's. Not asked of people: reading is not refused to the `sudo -u` shape.
        api.engine.facts().access(&caller).acting_person()?;
    }
    let mut lines = api.engine.activity_stream();
    let stopped = api.engine.stopped();
    let stream = async_stream::stream! {
        let mut sight = Sight { api, caller, budget, known: HashMap::new() };
        yield Ok(SseEvent::default().comment("teamd"));
        loop {
            let line = tokio::select! {
                biased;
                () = stopped.cancelled() => break,
                line = lines.recv() => line,
            };
            match line {
                Ok(line) => {
                    if sight.sees(line.request).await {
                        yield Ok(SseEvent::default().event("activity").data(on_the_wire(&line).as_ref()));
                    }
                }
                // Nothing is sent again: what was missed is in the pages of the requests, where the client reads it.
                Err(RecvError::Lagged(missed)) => {
                    yield Ok(SseEvent::default().event("lagged").data(missed.to_string()));
                }
                Err(RecvError::Closed) => break,
            }
        }
    };
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

fn on_the_wire(line: &ActivityLine) -> Arc<str> {
    let make = || {
        serde_json::to_string(&item(line, false))
            .unwrap_or_default()
            .into()
    };
    Arc::clone(line.wire.get_or_init(make))
}

/// What one client may see, asked anew after a moment and wherever policy or directory have changed.
struct Sight {
    api: Api,
    caller: Caller,
    budget: UserBudget,
    known: HashMap<RequestId, Seen>,
}

struct Seen {
    sees: bool,
    asked: Instant,
    facts: Facts,
}

impl Sight {
    async fn sees(&mut self, id: RequestId) -> bool {
        let facts = self.api.engine.facts();
        let is_fresh = |seen: &&Seen| seen.asked.elapsed() < BELIEVED && seen.facts.is_same(&facts);
        if let Some(seen) = self.known.get(&id).filter(is_fresh) {
            return seen.sees;
        }
        let (asked, caller) = (facts.clone(), self.caller.clone());
        let _permit = self.budget.read().await;
        let sees = self
            .api
            .engine
            .store()
            .read(move |read| {
                let request = read.request(&id)?;
                Ok::<_, Refused>(request.is_some_and(|r| asked.access(&caller).can_see(&r)))
            })
            .await
            .unwrap_or(false);
        if self.known.len() >= 10_000 {
            self.known.clear();
        }
        let asked = Instant::now();
        self.known.insert(id, Seen { sees, asked, facts });
        sees
    }
}
