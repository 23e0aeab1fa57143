//! The tests of the copy, built once, in a target folder of their own: crates of a workspace have the same names in it
//! wherever the workspace lies, so that one folder for both would mix them up. What comes from registries is taken over
//! from the checkout's builds and not compiled again.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A program with tests in it.
#[derive(Debug, Clone)]
pub struct Tests {
    /// The program.
    pub program: PathBuf,
    /// Where cargo would run it.
    pub folder: PathBuf,
    /// The tests, by their paths: `a::b::name`.
    pub names: Vec<String>,
}

impl Tests {
    /// The path of the test whose function is called so.
    #[must_use]
    pub fn path_of(&self, function: &str) -> Option<&str> {
        let is_it = |path: &&String| path.rsplit("::").next() == Some(function);
        self.names.iter().find(is_it).map(String::as_str)
    }
}

/// What is built: libraries, and the suites that run no program of the workspace.
const TARGETS: [&str; 5] = ["--lib", "--test", "daemon", "--test", "tui"];

/// Copies what the checkout has compiled, but for its own crates; once.
///
/// # Errors
/// The disk refuses.
pub fn take_over(from: &Path, to: &Path) -> Result<(), String> {
    let (from, to) = (from.join("debug"), to.join("debug"));
    if to.exists() || !from.exists() {
        return Ok(());
    }
    std::fs::create_dir_all(&to).map_err(|error| format!("{}: {error}", to.display()))?;
    // `-a`: by their times cargo knows that they are up to date. `-l`: they are gigabytes, and only read.
    let copied = Command::new("cp")
        .arg("-al")
        .args(["deps", "build", ".fingerprint"].map(|folder| from.join(folder)))
        .arg(&to)
        .status();
    if !copied.is_ok_and(|status| status.success()) {
        return Err(format!("{} cannot be copied to {}", from.display(), to.display()));
    }
    for folder in ["deps", "build", ".fingerprint"] {
        let entries = std::fs::read_dir(to.join(folder)).map_err(|error| error.to_string())?;
        for entry in entries.filter_map(Result::ok).filter(is_own) {
            let path = entry.path();
            let removed = if path.is_dir() {
                std::fs::remove_dir_all(&path)
            } else {
                std::fs::remove_file(&path)
            };
            removed.map_err(|error| format!("{}: {error}", path.display()))?;
        }
    }
    Ok(())
}

/// What was compiled from the workspace's own crates and tests: it is compiled anew, and not over the checkout's files.
fn is_own(entry: &std::fs::DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy().into_owned();
    let name = name.strip_prefix("lib").unwrap_or(&name).replace('-', "_");
    ["team", "aws_simulator"].iter().any(|own| name.starts_with(own))
}

/// Builds the tests of the copy. Of the whole workspace: so its dependencies are those that the checkout compiled.
///
/// # Errors
/// It does not compile, or a program does not list its tests.
pub fn tests(tree: &Path, target: &Path) -> Result<Vec<Tests>, String> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args([
            "test",
            "--quiet",
            "--locked",
            "--no-run",
            "--message-format=json",
            "--workspace",
        ])
        .args(TARGETS)
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_INCREMENTAL", "0")
        .current_dir(tree)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let messages: Vec<Value> = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    if !output.status.success() {
        let errors = messages.iter().filter(|one| one["message"]["level"] == "error");
        let errors: Vec<&str> = errors
            .filter_map(|one| one["message"]["rendered"].as_str())
            .collect();
        return Err(format!("the copy does not compile:\n{}", errors.join("\n")));
    }
    let mut found = Vec::new();
    for artifact in messages.iter().filter(|one| one["profile"]["test"] == true) {
        if let (Some(program), Some(manifest)) = (
            artifact["executable"].as_str(),
            artifact["manifest_path"].as_str(),
        ) {
            let folder = Path::new(manifest).parent().unwrap_or(tree);
            found.push(listed(Path::new(program), folder)?);
        }
    }
    Ok(found)
}

fn listed(program: &Path, folder: &Path) -> Result<Tests, String> {
    let output = Command::new(program)
        .args(["--list", "--format", "terse"])
        .current_dir(folder)
        .output()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let names = text.lines().filter_map(|line| line.strip_suffix(": test"));
    Ok(Tests {
        program: program.to_owned(),
        folder: folder.to_owned(),
        names: names.map(ToOwned::to_owned).collect(),
    })
}
