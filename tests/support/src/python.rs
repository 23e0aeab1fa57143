//! A Python with third-party emulators in it, where there is one or one can be made.

use crate::loud::say;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// Names an interpreter that has what is needed.
const VARIABLE: &str = "TEAM_TEST_PYTHON";

/// To download and install.
const INSTALL: Duration = Duration::from_secs(150);

/// The interpreter of `TEAM_TEST_PYTHON`; else that of a virtual environment in `folder`, made if need be, with these
/// requirements. None, said loudly, where neither works.
pub async fn python(test: &str, folder: &Path, requirements: &[&str]) -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(VARIABLE) {
        return Some(named.into());
    }
    match tokio::time::timeout(INSTALL, environment(folder, requirements)).await {
        Ok(Ok(python)) => Some(python),
        Ok(Err(why)) => {
            skipped(test, requirements, &why);
            None
        }
        Err(_) => {
            skipped(test, requirements, "it takes too long to install");
            None
        }
    }
}

fn skipped(test: &str, requirements: &[&str], why: &str) {
    let wanted = requirements.join(" ");
    say(&format!(
        "SKIPPED: {test}: no Python with {wanted} ({why}); {VARIABLE} can name one"
    ));
}

async fn environment(folder: &Path, requirements: &[&str]) -> Result<PathBuf, String> {
    let (python, mark) = (folder.join("bin/python"), folder.join("installed"));
    let wanted = requirements.join("\n");
    if std::fs::read_to_string(&mark).is_ok_and(|has| has == wanted) {
        return Ok(python);
    }
    let folder = folder.as_os_str();
    run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(folder))
    .await?;
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--retries",
        "1",
    ];
    run(Command::new(&python)
        .args(pip)
        .args(["--timeout", "10"])
        .args(requirements))
    .await?;
    std::fs::write(&mark, wanted).map_err(|error| error.to_string())?;
    Ok(python)
}

async fn run(command: &mut Command) -> Result<(), String> {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let last = said.lines().rev().find(|line| !line.trim().is_empty());
    Err(last.unwrap_or("no reason given").to_owned())
}
