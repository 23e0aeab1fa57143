//! Whether `tests/coverage.toml` accounts for everything: each feature that tools of this kind have, and each defect
//! that AWS's TEAM is known for, is shown by tests that exist, or is said to be open, or not to apply.
//!
//! What shows that a defect of TEAM is guarded against carries its number in its name: `…_d17`. So a reader of the test
//! knows why it is there, and nobody takes it away without the file noticing.
//!
//! * [`entry`] one line of the file · [`sources`] the functions of the workspace · [`tests`] the check, on this
//!   workspace and on small ones
//!
//! Texts come in and faults go out: only [`sources::of_workspace`] reads files. A feature or a defect more: [`FEATURES`]
//! or [`DEFECTS`], and a line in the file.

mod entry;
mod sources;
mod tests;

use entry::{Claim, Entry};
use sources::{Function, Numbers};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// The rows of the table of features.
const FEATURES: RangeInclusive<u32> = 1..=92;

/// The known defects of TEAM, D1 and so on.
const DEFECTS: RangeInclusive<u32> = 1..=46;

/// What is wrong with the file, given the functions of the workspace: a line each, with what would help.
fn faults(text: &str, functions: &[Function]) -> Vec<String> {
    let file: toml::Table = match text.parse() {
        Ok(file) => file,
        Err(error) => return vec![format!("no TOML: {error}")],
    };
    let mut faults = Vec::new();
    for name in file
        .keys()
        .filter(|name| !["features", "defects"].contains(&name.as_str()))
    {
        faults.push(format!(
            "[{name}]: only [features] and [defects] are known; take it away"
        ));
    }
    let features = entries(&file, "features", "", FEATURES, &mut faults);
    let defects = entries(&file, "defects", "D", DEFECTS, &mut faults);
    for entry in features.values().chain(defects.values()) {
        faults.extend(entry.missing_tests(functions));
    }
    for (number, entry) in &defects {
        faults.extend(unmarked(*number, entry));
    }
    for function in functions {
        faults.extend(unclaimed(function, &defects));
    }
    faults
}

/// The rows of one table, by number; what is missing, too much or misshapen is a fault.
fn entries(
    file: &toml::Table,
    name: &str,
    prefix: &str,
    expected: RangeInclusive<u32>,
    faults: &mut Vec<String>,
) -> BTreeMap<u32, Entry> {
    let Some(rows) = file.get(name).and_then(toml::Value::as_table) else {
        faults.push(format!(
            "[{name}] is not there; it is a table with a row for each number"
        ));
        return BTreeMap::new();
    };
    let key = |number: u32| format!("{prefix}{number}");
    let mut found = BTreeMap::new();
    for number in expected.clone() {
        let place = format!("{name}.{}", key(number));
        match rows.get(&key(number)).map(|row| Entry::read(&place, row)) {
            Some(Ok(entry)) => {
                found.insert(number, entry);
            }
            Some(Err(wrong)) => faults.extend(wrong),
            None => faults.push(format!(
                "{place} is not there; add it with its tests, or as open or not_applicable with the reason"
            )),
        }
    }
    for row in rows.keys() {
        if !expected.clone().any(|number| key(number) == *row) {
            let (first, last) = (key(*expected.start()), key(*expected.end()));
            faults.push(format!(
                "{name}.{row} is too much: rows are {first} to {last}; take it away, or raise the last number"
            ));
        }
    }
    found
}

/// Tests of a defect whose names do not say so.
fn unmarked(number: u32, entry: &Entry) -> Vec<String> {
    let Claim::Tests(tests) = &entry.claim else {
        return Vec::new();
    };
    let unmarked = tests.iter().filter(|test| !Numbers::of(test).contains(number));
    unmarked
        .map(|test| {
            let place = &entry.place;
            format!("{place}: the name of {test} does not say _d{number}; rename it to {test}_d{number}")
        })
        .collect()
}

/// Numbers in the name of a function whose defects do not name it.
fn unclaimed(function: &Function, defects: &BTreeMap<u32, Entry>) -> Vec<String> {
    let is_named = |number: &u32| {
        let claim = defects.get(number).map(|entry| &entry.claim);
        matches!(claim, Some(Claim::Tests(tests)) if tests.contains(&function.name))
    };
    let numbers = Numbers::of(&function.name);
    let unclaimed = numbers.iter().filter(|number| !is_named(number));
    unclaimed
        .map(|number| {
            let Function { name, file, .. } = function;
            format!("defects.D{number} does not name {name} ({file}); name it there, or take _d{number} off its name")
        })
        .collect()
}
