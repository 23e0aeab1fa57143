//! Everything that can fail under access that was given, a row each, and what becomes of it. The promise of every row:
//! nothing outlives its window for longer than AWS is away, and people are told.
//!
//! | what fails | here | elsewhere |
//! |---|---|---|
//! | a removal that does not succeed | [`stuck`] | `basis` |
//! | AWS throttles, answers 5xx, loses replies | [`replies`] | e2e `faults`, `unreachable` |
//! | AWS is away for hours | [`outage`] | e2e `unreachable` |
//! | an operation ends FAILED | [`replies`] | e2e `faults` |
//! | the assignment is gone already | [`replies`] | |
//! | the person is disabled or deleted | [`people`] | `basis` |
//! | the person leaves the group | [`people`] | `basis` (a change of the policy) |
//! | the permission set is deleted | [`targets`] | |
//! | the account is suspended, or leaves the organisation | [`targets`] | |
//! | our credentials are refused | [`refused`] | |
//! | the daemon is down over an end | [`outage`] | `restart` |
//! | the daemon is killed anywhere | | e2e `kills`, `failpoints` |
//! | two decide at once, one decides too late | [`races`] | |

mod outage;
mod people;
mod races;
mod refused;
mod replies;
mod stuck;
mod targets;

use crate::support::*;
use aws_simulator::{FaultKind, FaultRule};
use chrono::TimeDelta;
use serde_json::Value;
use teamd_host::clock::Clock as _;

/// Every call of this operation fails so.
fn always(operation: &str, kind: FaultKind) -> FaultRule {
    FaultRule::new(operation, kind)
}

/// Events of a request of one type, oldest first.
async fn events_of(world: &World, id: &str, kind: &str) -> Vec<Value> {
    let path = format!("/v1/requests/{id}/timeline");
    let timeline = world.as_("hugo").get(&path).await.is(200);
    let of_kind = |event: &&Value| event["type"] == kind;
    items(&timeline).iter().filter(of_kind).cloned().collect()
}

/// Waits until a request has so many events of a type.
async fn await_events(world: &World, id: &str, kind: &str, count: usize) -> Vec<Value> {
    let deadline = std::time::Instant::now() + SOON;
    loop {
        let found = events_of(world, id, kind).await;
        if found.len() >= count {
            return found;
        }
        assert!(
            std::time::Instant::now() < deadline,
            "{kind}: {} of {count}",
            found.len()
        );
        pause().await;
    }
}

/// Waits until the request is in this state while hours pass in seconds: for pauses and listings that lag.
async fn reach_as_time_passes(world: &World, id: &str, state: &str) -> Value {
    let deadline = std::time::Instant::now() + SOON;
    loop {
        let request = world.show(id).await;
        if request["state"] == state {
            return request;
        }
        assert!(std::time::Instant::now() < deadline, "never {state}: {request:#}");
        world.clock.shift(TimeDelta::seconds(3));
        pause().await;
    }
}

/// A status as the security team reads it, once it is as wanted.
async fn status_where(world: &World, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let deadline = std::time::Instant::now() + SOON;
    loop {
        let status = world.as_("ivy").get("/v1/status").await.is(200);
        if is_so(&status) {
            return status;
        }
        assert!(std::time::Instant::now() < deadline, "never {what}: {status:#}");
        pause().await;
    }
}

/// Under the daemon's clock.
fn from_now(world: &World, by: TimeDelta) -> String {
    (world.clock.now() + by).to_rfc3339()
}

fn lines(status: &Value, key: &str) -> String {
    let lines: Vec<_> = status[key]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    lines.join("\n")
}
