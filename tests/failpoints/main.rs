//! A whole life of requests, with a fault at every point in turn: an error, twenty of them, a panic, half a minute lost,
//! a crash, at the first time that the point is passed, in the middle and at the last time. Whatever it is, access begins, ends, and is
//! gone; nothing that was acknowledged is lost; what is not ours stays.
//!
//! ```text
//! cargo test -p teamd-engine --test failpoints
//! POINT=store.commit cargo test -p teamd-engine --test failpoints -- --nocapture
//! ```
//!
//! * `world` the engine on tables in memory in paused time, started anew when it dies, and its people
//! * `messages` a channel that remembers what it took
//! * `sky` AWS: assignments that take a while

mod messages;
mod sky;
mod values;
mod world;

use fail::FailScenario;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use teamd_engine::Guard;
use teamd_host::failpoint::POINTS;
use world::run;

/// What a point is told to do.
const FAULTS: [(&str, &str); 5] = [
    ("error", "1*return(error)"),
    ("errors", "20*return(error)"),
    ("panic", "1*panic"),
    ("late", "1*return(late)"),
    ("crash", "1*return(crash)"),
];

/// How often each point is passed in a life without faults.
fn passes() -> BTreeMap<&'static str, usize> {
    let passes = Arc::new(Mutex::new(BTreeMap::new()));
    for point in POINTS {
        let passes = Arc::clone(&passes);
        let count = move || *passes.lock().unwrap().entry(*point).or_insert(0) += 1;
        fail::cfg_callback(*point, count).unwrap();
    }
    run(None, false).expect("a life without faults");
    passes.lock().unwrap().clone()
}

#[test]
fn requests_live_and_end_whatever_fails_once() {
    world::quiet_panics();
    let scenario = FailScenario::setup();
    let passes = passes();
    let missed: Vec<_> = POINTS
        .iter()
        .filter(|point| !passes.contains_key(*point))
        .collect();
    assert!(missed.is_empty(), "points that are never passed: {missed:?}");
    assert!(POINTS.len() >= 40);

    let only = std::env::var("POINT").ok();
    let (mut lives, mut failures) = (0, Vec::new());
    for (point, count) in passes {
        if only.as_deref().is_some_and(|only| only != point) {
            continue;
        }
        let mut places = vec![0, count / 2, count - 1];
        places.dedup();
        for (name, action) in FAULTS {
            for place in &places {
                let told = match place {
                    0 => action.to_owned(),
                    place => format!("{place}*off->{action}"),
                };
                fail::cfg(point, &told).unwrap();
                lives += 1;
                // Twenty errors in a row take longer than the shortest window.
                let may_fail = name == "errors" && point.starts_with("aws.create");
                if let Err(why) = run(None, may_fail) {
                    failures.push(format!("{point} {name} after {place} of {count}: {why}"));
                }
                fail::remove(point);
            }
        }
    }
    scenario.teardown();
    println!("{lives} lives, {} points", POINTS.len());
    assert!(
        failures.is_empty(),
        "{} of {lives}:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[test]
fn a_key_at_which_everything_panics_stops_no_other() {
    world::quiet_panics();
    let scenario = FailScenario::setup();
    run(Some("ann"), false).expect("all others, and ann when the panics stop");
    scenario.teardown();
}

/// The test of the test: an engine that gives up after five tries must be noticed.
#[test]
fn a_missing_guard_is_noticed() {
    world::quiet_panics();
    let scenario = FailScenario::setup();
    teamd_engine::switch_off(Some(Guard::NeverGivesUp));
    fail::cfg("aws.delete", "60*return(error)").unwrap();
    let found = run(None, false);
    teamd_engine::switch_off(None);
    scenario.teardown();
    assert!(found.is_err(), "nothing was noticed");
}
