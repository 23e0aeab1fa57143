//! Who is on call, as the operators' own files and programs say: one user name a line, usable in policy as `oncall:NAME`
//! wherever a group is. Read every half minute beside the directory copy; what a source said last holds for a quarter of
//! an hour while it fails, and names nobody after that.
//!
//! Whoever can change a source can give access, so a file or program counts only if it belongs to root or to the daemon,
//! and nobody else can write it.

use super::Engine;
use super::refused::Refused;
use crate::config::OnCall;
use crate::domain::Time;
use crate::domain::directory::Directory;
use chrono::TimeDelta;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use team_shared::ids::UserId;

/// Between two readings.
const EVERY: Duration = Duration::from_secs(30);

/// The longest that a program may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the last good answer holds while a source fails.
const HOLDS: TimeDelta = TimeDelta::minutes(15);

/// The most that a source may say, in bytes.
const MOST: u64 = 64 * 1024;

/// What the sources said.
#[derive(Debug, Default)]
pub(super) struct OnCallBook {
    known: Mutex<BTreeMap<String, Known>>,
    /// Every source was read, well or not, since the start.
    is_read: AtomicBool,
}

#[derive(Debug, Clone, Default)]
struct Known {
    names: BTreeSet<String>,
    /// When they were read.
    read_at: Option<Time>,
    /// Why the last reading failed.
    fault: Option<String>,
}

impl Engine {
    pub(super) async fn run_on_call(&self) {
        while !self.stop.is_cancelled() {
            self.read_on_call(|_| true).await;
            if !self.on_call.is_read.swap(true, Ordering::Relaxed) {
                self.deadlines_wake.notify_one();
            }
            self.heed_on_call().await;
            tokio::select! {
                biased;
                () = tokio::time::sleep(self.nap(EVERY)) => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    /// Files are read before anything starts; programs may take their time, and starts wait for them.
    pub(super) async fn read_on_call_files(&self) {
        self.read_on_call(|source| matches!(source, OnCall::File(_)))
            .await;
        let settings = self.settings();
        let files_only = settings
            .on_call
            .values()
            .all(|source| matches!(source, OnCall::File(_)));
        self.on_call.is_read.store(files_only, Ordering::Relaxed);
        self.heed_on_call().await;
    }

    /// Whether every source was read since the start.
    pub(super) fn on_call_is_read(&self) -> bool {
        self.on_call.is_read.load(Ordering::Relaxed)
    }

    /// What is wrong with the sources, a line each.
    #[must_use]
    pub fn on_call_faults(&self) -> Vec<String> {
        let known = self.on_call.known.lock().unwrap_or_else(PoisonError::into_inner);
        let faults = known.iter().filter_map(|(name, known)| {
            let fault = known.fault.as_ref()?;
            Some(format!("on-call source {name}: {fault}"))
        });
        faults.collect()
    }

    async fn read_on_call(&self, which: impl Fn(&OnCall) -> bool) {
        let settings = self.settings();
        for (name, source) in settings.on_call.iter().filter(|(_, source)| which(source)) {
            let said = match source {
                OnCall::File(path) => read_file(path),
                OnCall::Command(words) => run(words).await,
            };
            let now = self.clock.now();
            let mut book = self.on_call.known.lock().unwrap_or_else(PoisonError::into_inner);
            let known = book.entry(name.clone()).or_default();
            match said {
                Ok(text) => {
                    *known = Known {
                        names: names(&text),
                        read_at: Some(now),
                        fault: None,
                    };
                }
                Err(fault) => {
                    if known.fault.as_ref() != Some(&fault) {
                        tracing::warn!(source = %name, fault = %team_shared::text::inert(&fault), "on-call source");
                    }
                    known.fault = Some(fault);
                }
            }
        }
        let mut book = self.on_call.known.lock().unwrap_or_else(PoisonError::into_inner);
        book.retain(|name, _| settings.on_call.contains_key(name));
    }

    /// The people on call now, by source: every source that is configured, with those whom the copy knows.
    pub(super) fn on_call_of(&self, directory: &Directory) -> BTreeMap<String, BTreeSet<UserId>> {
        let (settings, now) = (self.settings(), self.clock.now());
        let book = self.on_call.known.lock().unwrap_or_else(PoisonError::into_inner);
        let people = |name: &String| -> BTreeSet<UserId> {
            let known = book.get(name);
            let fresh = known.filter(|known| known.read_at.is_some_and(|at| now - at <= HOLDS));
            let names = fresh.into_iter().flat_map(|known| &known.names);
            names
                .filter_map(|name| directory.person_named(name))
                .map(|person| person.id.clone())
                .collect()
        };
        let sources = settings.on_call.keys();
        sources.map(|name| (name.clone(), people(name))).collect()
    }

    /// Puts who is on call into the copy, where that is news, and looks at what hangs on it.
    async fn heed_on_call(&self) {
        let Some(copy) = self.directory() else { return };
        if self.on_call_of(&copy) == copy.on_call {
            return;
        }
        // Of the copy that is there by now: a load or a look at one person may have come in between.
        self.directory.rcu(|current| {
            let mut directory = Directory::clone(current.as_ref()?);
            directory.on_call = self.on_call_of(&directory);
            Some(Arc::new(directory))
        });
        if let Err(error) = self.recheck_open_requests().await {
            tracing::error!(%error, "open requests could not be checked against who is on call");
        }
    }

    /// Reads the sources now, as the loop does.
    ///
    /// # Errors
    /// None yet: faults are kept with their source.
    pub async fn look_who_is_on_call(&self) -> Result<(), Refused> {
        self.read_on_call(|_| true).await;
        self.heed_on_call().await;
        Ok(())
    }
}

/// User names, a line each; `#` begins a remark.
fn names(text: &str) -> BTreeSet<String> {
    let lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim());
    lines
        .filter(|line| !line.is_empty())
        .map(ToOwned::to_owned)
        .collect()
}

/// Refuses what somebody else than root and the daemon could have written.
fn trusted(of: &std::fs::Metadata) -> Result<(), String> {
    let me = nix::unistd::geteuid().as_raw();
    if of.uid() != 0 && of.uid() != me {
        return Err(format!(
            "it belongs to uid {}, neither to root nor to the daemon",
            of.uid()
        ));
    }
    if of.mode() & 0o022 != 0 {
        return Err(format!("others can write it (mode {:o})", of.mode() & 0o7777));
    }
    Ok(())
}

fn read_file(path: &Path) -> Result<String, String> {
    let about = |error: std::io::Error| format!("{}: {error}", path.display());
    let file = std::fs::File::open(path).map_err(about)?;
    let metadata = file.metadata().map_err(about)?;
    if !metadata.is_file() {
        return Err(format!("{}: it is no file", path.display()));
    }
    trusted(&metadata).map_err(|why| format!("{}: {why}", path.display()))?;
    let mut text = String::new();
    let read = file.take(MOST + 1).read_to_string(&mut text).map_err(about)?;
    if read as u64 > MOST {
        return Err(format!("{}: more than {MOST} bytes", path.display()));
    }
    Ok(text)
}

async fn run(words: &[String]) -> Result<String, String> {
    let [program, arguments @ ..] = words else {
        return Err("no program is named".to_owned());
    };
    let metadata = std::fs::metadata(program).map_err(|error| format!("{program}: {error}"))?;
    trusted(&metadata).map_err(|why| format!("{program}: {why}"))?;
    let mut command = tokio::process::Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let answer = tokio::time::timeout(PATIENCE, command.output())
        .await
        .map_err(|_| format!("{program}: no answer within {} seconds", PATIENCE.as_secs()))?
        .map_err(|error| format!("{program}: {error}"))?;
    if !answer.status.success() {
        let said = String::from_utf8_lossy(&answer.stderr);
        let line = said.lines().next().unwrap_or_default();
        return Err(format!("{program}: {}: {line}", answer.status));
    }
    if answer.stdout.len() as u64 > MOST {
        return Err(format!("{program}: more than {MOST} bytes"));
    }
    String::from_utf8(answer.stdout).map_err(|_| format!("{program}: what it says is no UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn lines_are_user_names_and_remarks_are_not() {
        let said = names("ann\n  bob # until monday\n\n# nobody else\nann\n");
        assert_eq!(said.into_iter().collect::<Vec<_>>(), ["ann", "bob"]);
    }

    #[test]
    fn what_others_can_write_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("payments");
        std::fs::write(&path, "ann\n").unwrap();
        let allow = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        allow(0o644);
        assert_eq!(read_file(&path).unwrap(), "ann\n");
        allow(0o664);
        assert!(read_file(&path).unwrap_err().contains("others can write it"));
        assert!(read_file(folder.path()).unwrap_err().contains("no file"));
    }

    #[tokio::test]
    async fn programs_are_run_without_a_shell_and_not_for_ever() {
        let words = |text: &str| -> Vec<String> { text.split('|').map(ToOwned::to_owned).collect() };
        assert_eq!(run(&words("/bin/echo|$HOME ann")).await.unwrap(), "$HOME ann\n");
        let failed = run(&words("/bin/sh|-c|echo gone >&2; exit 3")).await.unwrap_err();
        assert!(
            failed.contains("exit status: 3") && failed.contains("gone"),
            "{failed}"
        );
        assert!(run(&words("/no/such/program")).await.is_err());
    }
}
