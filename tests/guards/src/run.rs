//! One test, with its guard in place or without it.

use crate::VARIABLE;
use crate::build::Tests;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Without its guard a test may wait for what never comes. That is no pass.
const LONGEST: Duration = Duration::from_secs(120);

/// How often a test that runs is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// Runs so far: each has a file of its own.
static RUNS: AtomicU64 = AtomicU64::new(0);

/// What came of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It ran, and passed.
    Passed,
    /// It ran, and failed.
    Failed,
    /// It did not end in time.
    Hung,
    /// It was not run at all, or the program broke off without a word of it.
    NotRun,
}

impl Outcome {
    /// For people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Hung => "hung",
            Self::NotRun => "not run",
        }
    }
}

/// Runs the test of that path, without a guard or with all of them.
///
/// # Errors
/// The program cannot be run.
pub fn test(tests: &Tests, path: &str, without: Option<&str>) -> Result<Outcome, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", tests.program.display());
    let mut command = Command::new(&tests.program);
    command
        .args(["--exact", path, "--format", "terse", "--test-threads", "1"])
        .current_dir(&tests.folder)
        .env("CARGO_MANIFEST_DIR", &tests.folder)
        .env("INSTA_UPDATE", "no")
        .env_remove(VARIABLE)
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    if let Some(key) = without {
        command.env(VARIABLE, key);
    }
    // A file and not a pipe: what fails may say more than a pipe holds.
    let name = format!(
        "team-guards-{}-{}",
        std::process::id(),
        RUNS.fetch_add(1, Ordering::Relaxed)
    );
    let said = std::env::temp_dir().join(name);
    command.stdout(std::fs::File::create(&said).map_err(failed)?);
    let ended = ends(command.spawn().map_err(failed)?).map_err(failed)?;
    let text = std::fs::read(&said).map_err(failed)?;
    let _ = std::fs::remove_file(&said);
    Ok(if ended {
        outcome(&String::from_utf8_lossy(&text))
    } else {
        Outcome::Hung
    })
}

/// Whether it ends by itself.
#[expect(
    clippy::disallowed_methods,
    reason = "there is no runtime here, and a child to look at"
)]
fn ends(mut child: Child) -> std::io::Result<bool> {
    let begun = Instant::now();
    while child.try_wait()?.is_none() {
        if begun.elapsed() > LONGEST {
            child.kill()?;
            child.wait()?;
            return Ok(false);
        }
        std::thread::sleep(LOOK);
    }
    Ok(true)
}

/// What the last line of a test program says of the one test that it ran.
pub(crate) fn outcome(said: &str) -> Outcome {
    let result = said.lines().rev().find(|line| line.starts_with("test result: "));
    match result {
        Some(line) if line.contains(" 1 passed; 0 failed;") => Outcome::Passed,
        Some(line) if line.contains(" 0 passed; 1 failed;") => Outcome::Failed,
        Some(_) | None => Outcome::NotRun,
    }
}
