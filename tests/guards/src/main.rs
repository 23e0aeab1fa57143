//! Takes every guard of `tests/guards.toml` out, one at a time, and says whether its tests notice.
//!
//! `cargo run -p team-guards [KEY…]`. Exits with 1 where a test passes without its guard, or fails with it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use team_guards::build::{self, Tests};
use team_guards::entry::{Entry, Guards};
use team_guards::run::{self, Outcome};
use team_guards::tree;

fn main() -> ExitCode {
    match all() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// Whether every test notices.
fn all() -> Result<bool, String> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let top = top
        .canonicalize()
        .map_err(|error| format!("{}: {error}", top.display()))?;
    let file = top.join("tests/guards.toml");
    let text = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let guards = Guards::read(&text).map_err(|wrong| wrong.join("\n"))?;
    let misplaced = guards.misplaced(&top);
    if !misplaced.is_empty() {
        return Err(misplaced.join("\n"));
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| top.join("target"), PathBuf::from);
    let copy = target.join("guards/tree");
    tree::copy(&top, &copy, &guards.entries)?;
    let wanted: BTreeSet<String> = std::env::args().skip(1).collect();
    let entries: Vec<&Entry> = guards
        .entries
        .iter()
        .filter(|entry| wanted.is_empty() || wanted.contains(&entry.key))
        .collect();
    let own = target.join("guards/build");
    build::take_over(&target, &own)?;
    let programs = build::tests(&copy, &own)?;
    let jobs: Vec<(&Entry, &str)> = entries
        .iter()
        .flat_map(|entry| entry.tests.iter().map(|test| (*entry, test.as_str())))
        .collect();
    let noticed = noticed(&jobs, &programs)?;
    println!(
        "{} guards, {} tests, {noticed} of them notice",
        entries.iter().filter(|entry| !entry.tests.is_empty()).count(),
        jobs.len()
    );
    Ok(noticed == jobs.len() && noticed > 0)
}

/// How many tests run at once: most of them wait most of the time.
const AT_ONCE: usize = 4;

/// How many of the tests notice.
fn noticed(jobs: &[(&Entry, &str)], programs: &[Tests]) -> Result<usize, String> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut noticed = 0;
        while let Some((entry, test)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            noticed += usize::from(notices(entry, test, programs)?);
        }
        Ok(noticed)
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        let ended = workers.into_iter().map(|worker| {
            let failed = || Err("a run broke off".to_owned());
            worker.join().unwrap_or_else(|_| failed())
        });
        ended.sum()
    })
}

/// Whether a test passes with its guard and fails without it; prints a line.
fn notices(entry: &Entry, test: &str, programs: &[Tests]) -> Result<bool, String> {
    let found = programs
        .iter()
        .find_map(|tests| Some((tests, tests.path_of(test)?)));
    let (with, without) = match found {
        None => (Outcome::NotRun, Outcome::NotRun),
        Some((tests, path)) => (
            run::test(tests, path, None)?,
            run::test(tests, path, Some(&entry.key))?,
        ),
    };
    let notices = with == Outcome::Passed && matches!(without, Outcome::Failed | Outcome::Hung);
    let why = if notices {
        String::new()
    } else {
        format!("\n     {}: {}", entry.what, entry.file)
    };
    println!(
        "{:4} {:16} with it {:8} without it {:8} {test}{why}",
        if notices { "ok" } else { "BAD" },
        entry.key,
        with.as_str(),
        without.as_str()
    );
    Ok(notices)
}
