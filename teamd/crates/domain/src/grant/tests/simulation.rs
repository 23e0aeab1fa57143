//! Thousands of seeded lives of one grant. After each storm comes a calm, in which everything must come right.
//! `SEEDS=from..to cargo test -p teamd-domain grant` runs others; a failing seed is printed.

use super::aws::Owner;
use super::world::{Without, World};
use super::*;

const SEEDS: std::ops::Range<u64> = 0..2_000;

/// One life; what went wrong, if anything did.
fn live(seed: u64, without: Without) -> Option<String> {
    let mut world = World::new(seed, without);
    world.storm(TimeDelta::hours(3), 4_000);
    let wanted = usize::from(seed.is_multiple_of(2));
    // Late creates surface within ten minutes, a sweep comes every five.
    world.calm(wanted, TimeDelta::minutes(20));
    let is_there = world.aws.owner() != Owner::Nobody;
    if wanted > 0 && world.leases > 0 && !is_there {
        world
            .violation
            .get_or_insert(format!("converges: {:?}", world.grant));
    }
    world.calm(0, TimeDelta::minutes(20));
    if world.aws.owner() == Owner::Ours {
        world
            .violation
            .get_or_insert(format!("no_orphan: {:?}", world.grant));
    }
    if world.closing > 0 {
        world
            .violation
            .get_or_insert(format!("a request waits for ever: {:?}", world.grant));
    }
    if !world.aws.is_quiet() {
        world.violation.get_or_insert("operations in a calm".to_owned());
    }
    world.violation
}

fn first_violation(without: Without, seeds: std::ops::Range<u64>) -> Option<(u64, String)> {
    seeds
        .into_iter()
        .find_map(|seed| Some((seed, live(seed, without)?)))
}

#[test]
fn no_orphan_standing_untouched_converges_intent_first() {
    let seeds = std::env::var("SEEDS")
        .ok()
        .and_then(|text| {
            let (from, to) = text.split_once("..")?;
            Some(from.parse().ok()?..to.parse().ok()?)
        })
        .unwrap_or(SEEDS);
    let failures: Vec<_> = seeds
        .filter_map(|seed| Some((seed, live(seed, Without::Nothing)?)))
        .collect();
    let shown = failures.iter().take(5);
    let shown: Vec<_> = shown.map(|(seed, what)| format!("seed {seed}: {what}")).collect();
    assert!(
        failures.is_empty(),
        "{} seeds fail\n{}",
        failures.len(),
        shown.join("\n")
    );
}

/// The test of the test: a guard taken away must show.
#[test]
fn every_guard_is_missed_when_it_is_gone() {
    for (without, expected) in [
        (Without::PreCheck, "standing_untouched"),
        (Without::Verify, "no_"),
        (Without::Sweep, "no_"),
        (Without::Intent, "no_"),
        (Without::Poll, "no_"),
    ] {
        let (seed, what) =
            first_violation(without, 0..500).unwrap_or_else(|| panic!("500 seeds do not miss {without:?}"));
        assert!(what.starts_with(expected), "{without:?}, seed {seed}: {what}");
    }
}

#[test]
fn a_seed_means_the_same_story_each_time() {
    let story = |seed| {
        let mut world = World::new(seed, Without::Nothing);
        world.storm(TimeDelta::hours(1), 1_000);
        (world.steps, world.aws.calls, world.grant)
    };
    assert_eq!(story(7), story(7));
}
