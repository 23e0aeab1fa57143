//! One reading of one source: a file or the output of a program. Blocks, so it runs on a thread of its own.
//!
//! Whoever can change a source can give access, so a file or program counts only if it belongs to root or to the daemon,
//! and nobody else can write it.

use crate::config::OnCall;
use crate::files::{self, Links};
use nix::sys::signal::{Signal, killpg};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longest run of a program.
pub(super) const RUN_TIMEOUT: Duration = Duration::from_secs(5);

/// Largest text of a source, in bytes, and as much again of a program's errors.
const MAX_BYTES: usize = 64 * 1024;

/// What a source says now.
///
/// # Errors
/// Why it does not count, for people.
pub(super) fn read(source: &OnCall) -> Result<String, String> {
    match source {
        OnCall::File(path) => read_file(path),
        OnCall::Command(words) => run(words, RUN_TIMEOUT),
    }
}

fn read_file(path: &Path) -> Result<String, String> {
    let about = |error: io::Error| format!("{}: {error}", path.display());
    let file = files::open(path, Links::Refuse).map_err(about)?;
    // Asked of the open file, so that what was judged is what is read.
    let metadata = file.metadata().map_err(about)?;
    refuse_untrusted(&metadata).map_err(|why| format!("{}: {why}", path.display()))?;
    let bytes = files::read_all(file, MAX_BYTES as u64).map_err(about)?;
    String::from_utf8(bytes).map_err(|_| format!("{}: it is not UTF-8", path.display()))
}

/// Refuses what somebody else than root and the daemon could have written.
fn refuse_untrusted(file: &std::fs::Metadata) -> Result<(), String> {
    let me = nix::unistd::geteuid().as_raw();
    if file.uid() != 0 && file.uid() != me {
        return Err(format!(
            "it belongs to uid {}, neither to root nor to the daemon",
            file.uid()
        ));
    }
    if file.mode() & 0o022 != 0 {
        return Err(format!("others can write it (mode {:o})", file.mode() & 0o7777));
    }
    Ok(())
}

fn run(words: &[String], timeout: Duration) -> Result<String, String> {
    let [program, arguments @ ..] = words else {
        return Err("no program is named".to_owned());
    };
    let about = |why: &dyn std::fmt::Display| format!("{program}: {why}");
    let metadata = std::fs::metadata(program).map_err(|error| about(&error))?;
    refuse_untrusted(&metadata).map_err(|why| about(&why))?;
    let child = Command::new(program)
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // So that what it starts can be killed with it.
        .process_group(0)
        .spawn()
        .map_err(|error| about(&error))?;
    let mut group = Group {
        leader: child,
        is_reaped: false,
    };
    let (out, err) = group.output(timeout).map_err(|why| about(&why))?;
    let status = group.reap().map_err(|error| about(&error))?;
    if !status.success() {
        let text = String::from_utf8_lossy(&err);
        return Err(about(&format!(
            "{status}: {}",
            text.lines().next().unwrap_or_default()
        )));
    }
    String::from_utf8(out).map_err(|_| about(&"its output is not UTF-8"))
}

/// A program and everything it has started, unless that has left its process group. Killed when dropped.
struct Group {
    leader: Child,
    is_reaped: bool,
}

impl Group {
    /// Reads until both pipes are closed and the program has ended.
    fn output(&mut self, timeout: Duration) -> Result<(Vec<u8>, Vec<u8>), String> {
        let deadline = Instant::now() + timeout;
        let pid = i32::try_from(self.leader.id()).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or("it has no process id")?;
        let end = pidfd_open(pid, PidfdFlags::empty()).map_err(|error| error.to_string())?;
        let mut out = Pipe::new(self.leader.stdout.take());
        let mut err = Pipe::new(self.leader.stderr.take());
        let mut has_ended = false;
        while !has_ended || out.is_open() || err.is_open() {
            let left = deadline.saturating_duration_since(Instant::now());
            let left = Timespec::try_from(left).map_err(|error| error.to_string())?;
            let mut waits: Vec<PollFd<'_>> = Vec::with_capacity(3);
            waits.extend(out.from.iter().map(|pipe| PollFd::new(pipe, PollFlags::IN)));
            waits.extend(err.from.iter().map(|pipe| PollFd::new(pipe, PollFlags::IN)));
            if !has_ended {
                waits.push(PollFd::new(&end, PollFlags::IN));
            }
            let ready = match poll(&mut waits, Some(&left)) {
                Ok(0) => return Err(format!("no answer within {} seconds", timeout.as_secs())),
                Ok(_) => waits
                    .iter()
                    .map(|wait| !wait.revents().is_empty())
                    .collect::<Vec<_>>(),
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(error.to_string()),
            };
            drop(waits);
            let mut ready = ready.into_iter();
            for pipe in [&mut out, &mut err] {
                if pipe.is_open() && ready.next() == Some(true) {
                    pipe.take_some()?;
                }
            }
            has_ended |= !has_ended && ready.next() == Some(true);
        }
        Ok((out.bytes, err.bytes))
    }

    /// Kills what the program has left behind, and takes its status.
    fn reap(&mut self) -> io::Result<std::process::ExitStatus> {
        // Before the wait: its number, and with it the group's, is not used again while it is a zombie.
        if let Ok(leader) = i32::try_from(self.leader.id()) {
            let _ = killpg(nix::unistd::Pid::from_raw(leader), Signal::SIGKILL);
        }
        self.is_reaped = true;
        self.leader.wait()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // The number of one that was reaped may be another's by now.
        if !self.is_reaped {
            let _ = self.reap();
        }
    }
}

/// One end of a pipe, and what has come through it. Nothing is read beyond the bound.
struct Pipe {
    from: Option<File>,
    bytes: Vec<u8>,
}

impl Pipe {
    fn new(from: Option<impl Into<OwnedFd>>) -> Self {
        Self {
            from: from.map(|pipe| File::from(pipe.into())),
            bytes: Vec::new(),
        }
    }

    fn is_open(&self) -> bool {
        self.from.is_some()
    }

    /// Reads what is there. At its end it is closed.
    fn take_some(&mut self) -> Result<(), String> {
        let Some(from) = &mut self.from else { return Ok(()) };
        let mut block = [0; 4096];
        match from.read(&mut block) {
            Ok(0) => self.from = None,
            Ok(count) if self.bytes.len() + count > MAX_BYTES => {
                return Err(format!("more than {MAX_BYTES} bytes"));
            }
            Ok(count) => self.bytes.extend_from_slice(&block[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.to_string()),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn words(text: &str) -> Vec<String> {
        text.split('|').map(ToOwned::to_owned).collect()
    }

    /// Whether a process is there and not a zombie.
    fn is_alive(pid: &str) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
        stat.is_ok_and(|stat| !stat.contains(") Z "))
    }

    fn gone(pid: &str) -> bool {
        let until = Instant::now() + Duration::from_secs(5);
        while is_alive(pid) && Instant::now() < until {
            std::thread::yield_now();
        }
        !is_alive(pid)
    }

    #[test]
    fn writable_file_or_folder_is_refused() {
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

    #[test]
    fn symlink_and_large_file_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("payments"), folder.path().join("link"));
        std::fs::write(&path, "x".repeat(MAX_BYTES + 1)).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(read_file(&link).unwrap_err().contains("symbolic link"));
        assert!(read_file(&path).unwrap_err().contains("more than"));
    }

    #[test]
    fn program_runs_without_a_shell() {
        let run = |text| run(&words(text), RUN_TIMEOUT);
        assert_eq!(run("/bin/echo|$HOME ann").unwrap(), "$HOME ann\n");
        let failed = run("/bin/sh|-c|echo gone >&2; exit 3").unwrap_err();
        assert!(
            failed.contains("exit status: 3") && failed.contains("gone"),
            "{failed}"
        );
        assert!(run("/no/such/program").is_err());
    }

    #[test]
    fn endless_output_is_stopped_at_the_bound() {
        for to in ["", " >&2"] {
            let begun = Instant::now();
            let refused = run(
                &words(&format!("/bin/sh|-c|exec cat /dev/zero{to}")),
                Duration::from_secs(60),
            );
            assert!(refused.unwrap_err().contains("more than 65536 bytes"));
            assert!(
                begun.elapsed() < Duration::from_secs(30),
                "it was collected first"
            );
        }
    }

    #[test]
    fn timeout_kills_the_whole_process_group() {
        let folder = tempfile::tempdir().unwrap();
        let note = folder.path().join("pid");
        // With its parent alive, and with its parent gone and the pipe still open.
        for then in ["; sleep 600", ""] {
            let script = format!("sleep 600 & echo $! > {}{then}", note.display());
            let refused = run(&words(&format!("/bin/sh|-c|{script}")), Duration::from_secs(1));
            assert!(refused.unwrap_err().contains("no answer within 1 seconds"));
            let grandchild = std::fs::read_to_string(&note).unwrap();
            assert!(gone(&grandchild), "process {grandchild} is still there");
        }
    }

    #[test]
    fn background_process_ends_with_its_program() {
        let script = "sleep 600 >/dev/null 2>&1 & echo $!";
        let grandchild = run(&words(&format!("/bin/sh|-c|{script}")), RUN_TIMEOUT).unwrap();
        assert!(gone(&grandchild), "process {grandchild} is still there");
    }
}
