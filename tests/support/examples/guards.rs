//! Takes the guards of `tests/guards.toml` out, one at a time, and sees that tests notice.
//!
//! ```sh
//! cargo run -p team-test-support --example guards            # all
//! cargo run -p team-test-support --example guards -- d7 d44  # those whose names begin so
//! ```
//!
//! The sources go to `target/guards/tree`, with a choice in the place of every guard, and are compiled there once, into
//! the target folder of this workspace: what it depends on is compiled already. The tests then run as they are, and
//! must pass; and with each guard out, and must fail. Exits 1 where one does not.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output, Stdio};
use std::time::{Duration, Instant};
use team_test_support::guards::{Guard, OUT, read::read};

/// A test that hangs without its guard has noticed.
const PATIENCE: Duration = Duration::from_secs(150);

/// Which of Cargo's targets have the tests.
const TARGETS: [&str; 6] = ["--workspace", "--lib", "--test", "daemon", "--test", "tui"];

fn main() -> ExitCode {
    match run(&std::env::args().skip(1).collect::<Vec<_>>()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("guards: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(wanted: &[String]) -> Result<bool, String> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let top = top.canonicalize().map_err(|error| error.to_string())?;
    let text = std::fs::read_to_string(top.join("tests/guards.toml")).map_err(|error| error.to_string())?;
    let guards = read(&text).map_err(|faults| faults.join("\n"))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| top.join("target"), PathBuf::from);
    let tree = target.join("guards/tree");
    copy(&top, &tree)?;
    let opened = guards.opened(|file| std::fs::read_to_string(top.join(file)).ok());
    for (file, text) in opened.map_err(|faults| faults.join("\n"))? {
        std::fs::write(tree.join(&file), text).map_err(|error| format!("{file}: {error}"))?;
    }
    eprintln!("compiling {}", tree.display());
    let programs = compile(&tree, &target)?;
    let is_wanted =
        |guard: &&Guard| wanted.is_empty() || wanted.iter().any(|name| guard.name.starts_with(name));
    let chosen: Vec<&Guard> = guards.guards.iter().filter(is_wanted).collect();
    let names: BTreeSet<&String> = chosen.iter().flat_map(|guard| &guard.tests).collect();
    let mut places = BTreeMap::new();
    for name in names {
        places.insert(name.clone(), place(&programs, name)?);
    }
    let mut is_well = true;
    println!("{:<14} {:<8} {:<70} TEST", "GUARD", "NOTICED", "WITHOUT IT");
    for guard in chosen {
        for test in &guard.tests {
            let Some(place) = places.get(test) else { continue };
            let verdict = match (place.passes(None)?, place.passes(Some(&guard.name))?) {
                (true, false) => "yes",
                (true, true) => "NO",
                (false, _) => "red as is",
            };
            is_well &= verdict == "yes";
            println!("{:<14} {verdict:<8} {:<70} {test}", guard.name, guard.what);
        }
    }
    Ok(is_well)
}

/// What git knows of or would take, as it is now. Files that are the same keep their times, so that little is compiled again.
fn copy(top: &Path, tree: &Path) -> Result<(), String> {
    let listed = Command::new("git")
        .arg("-C")
        .arg(top)
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .output();
    let listed = listed.map_err(|error| format!("git: {error}"))?;
    if !listed.status.success() {
        return Err(format!(
            "git ls-files: {}",
            String::from_utf8_lossy(&listed.stderr)
        ));
    }
    for file in String::from_utf8_lossy(&listed.stdout).split_terminator('\0') {
        let (from, to) = (top.join(file), tree.join(file));
        let Ok(text) = std::fs::read(&from) else { continue };
        let folder = to.parent().unwrap_or(tree);
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        if std::fs::read(&to).is_ok_and(|old| old == text) {
            continue;
        }
        std::fs::copy(&from, &to).map_err(|error| format!("{}: {error}", to.display()))?;
    }
    Ok(())
}

/// A test program, and the folder that its tests run in.
struct Program {
    path: PathBuf,
    folder: PathBuf,
    tests: Vec<String>,
}

fn compile(tree: &Path, target: &Path) -> Result<Vec<Program>, String> {
    let output = Command::new(env!("CARGO"))
        .current_dir(tree)
        .args([
            "test",
            "--no-run",
            "--message-format=json-render-diagnostics",
            "--target-dir",
        ])
        .arg(target)
        .args(TARGETS)
        .output()
        .map_err(|error| format!("cargo: {error}"))?;
    if !output.status.success() {
        // Choices make for warnings, which are of interest to nobody.
        eprintln!("{}", String::from_utf8_lossy(&output.stderr));
        return Err("the sources with choices in them do not compile; see above".to_owned());
    }
    let mut programs = Vec::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(message) = serde_json::from_str::<serde_json::Value>(line) else {
            continue;
        };
        let is_test = message["profile"]["test"].as_bool() == Some(true);
        let (Some(path), Some(manifest)) =
            (message["executable"].as_str(), message["manifest_path"].as_str())
        else {
            continue;
        };
        if is_test {
            let folder = Path::new(manifest).parent().unwrap_or(tree).to_owned();
            let listed = Command::new(path)
                .current_dir(&folder)
                .args(["--list", "--format=terse"])
                .output();
            let listed = listed.map_err(|error| format!("{path}: {error}"))?;
            let tests = String::from_utf8_lossy(&listed.stdout);
            let tests = tests.lines().filter_map(|line| line.strip_suffix(": test"));
            programs.push(Program {
                path: path.into(),
                folder,
                tests: tests.map(ToOwned::to_owned).collect(),
            });
        }
    }
    Ok(programs)
}

/// A test in its program.
#[derive(Clone)]
struct Place<'a> {
    program: &'a Program,
    name: &'a str,
}

fn place<'a>(programs: &'a [Program], function: &str) -> Result<Place<'a>, String> {
    let ending = format!("::{function}");
    let found = programs.iter().find_map(|program| {
        let mut tests = program.tests.iter();
        let name = tests.find(|test| *test == function || test.ends_with(&ending))?;
        Some(Place { program, name })
    });
    found.ok_or_else(|| format!("no test is called {function}"))
}

impl Place<'_> {
    /// Whether the test passes with this guard out, or with all in their places.
    fn passes(&self, out: Option<&str>) -> Result<bool, String> {
        let mut command = Command::new(&self.program.path);
        command
            .current_dir(&self.program.folder)
            .args([self.name, "--exact"])
            .env("INSTA_UPDATE", "no")
            .env_remove(OUT)
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        if let Some(guard) = out {
            command.env(OUT, guard);
        }
        let Some(output) = finished(command)? else {
            return Ok(false);
        };
        let said = String::from_utf8_lossy(&output.stdout);
        if !said.contains("running 1 test") {
            return Err(format!("{} does not run: {said}", self.name));
        }
        Ok(output.status.success())
    }
}

/// What a program said; none: it had not ended in time, and was stopped.
fn finished(mut command: Command) -> Result<Option<Output>, String> {
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if child.try_wait().map_err(|error| error.to_string())?.is_some() {
            return child
                .wait_with_output()
                .map(Some)
                .map_err(|error| error.to_string());
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }
    child.kill().map_err(|error| error.to_string())?;
    child.wait().map_err(|error| error.to_string())?;
    Ok(None)
}
