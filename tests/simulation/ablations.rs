//! The test of the tests: a guard that is taken away must be noticed, or it guards nothing, or nobody looks.

use super::sweep::sweep;
use teamd_engine::Guard;

/// Seeds that each ablation has to be noticed in.
const WITHIN: u64 = 500;

const GUARDS: &[(&str, Guard)] = &[
    ("PreCheck", Guard::PreCheck),
    ("Poll", Guard::Poll),
    ("Verify", Guard::Verify),
    ("Sweep", Guard::Sweep),
    ("LeaseCount", Guard::LeaseCount),
    ("Intent", Guard::Intent),
    ("NeverGivesUp", Guard::NeverGivesUp),
    ("RemovalsFirst", Guard::RemovalsFirst),
    ("EndAsksNobody", Guard::EndAsksNobody),
    ("DurableAttempts", Guard::DurableAttempts),
    ("Gate", Guard::Gate),
    ("JudgeAgain", Guard::JudgeAgain),
    ("OwnInstance", Guard::OwnInstance),
    ("Epoch", Guard::Epoch),
    ("BusyIsFault", Guard::BusyIsFault),
    ("ClockRule", Guard::ClockRule),
];

/// The guard of that name.
pub(crate) fn guard(name: &str) -> Guard {
    let found = GUARDS.iter().find(|(other, _)| *other == name);
    found.unwrap_or_else(|| panic!("there is no guard {name}")).1
}

#[test]
fn every_guard_is_missed() {
    let mut table = Vec::new();
    let mut unnoticed = Vec::new();
    for (name, guard) in GUARDS {
        let found = sweep((0..WITHIN).collect(), Some(*guard), 1);
        match found.failures.first() {
            Some((seed, violations)) => {
                let mut by: Vec<_> = violations.iter().map(|violation| violation.invariant).collect();
                by.sort_unstable();
                by.dedup();
                table.push(format!("| {name} | {} | {} |", seed + 1, by.join(", ")));
            }
            None => unnoticed.push(*name),
        }
    }
    println!(
        "| without | seeds until it is noticed | by |\n|---|---|---|\n{}",
        table.join("\n")
    );
    assert!(
        unnoticed.is_empty(),
        "nobody misses {unnoticed:?} in {WITHIN} seeds"
    );
}
