//! Runs the program of a source in a process group of its own, for a bounded time and with bounded output, and leaves
//! none of its processes behind. Blocks, so it runs on a thread of its own.

use nix::sys::signal::{Signal, killpg};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Largest output of a program, in bytes, and as much again of its errors.
const MAX_BYTES: usize = 64 * 1024;

/// What an operator does where the sandbox of the unit lets no program run.
const NOT_ALLOWED: &str = "under the shipped unit teamd may execute no other program: install the drop-in \
    on-call-command.conf and name the program and its interpreter there (OPERATIONS.md, Who is on call)";

/// Status of a shell that may not execute a program.
const CANNOT_EXECUTE: i32 = 126;

/// The programs that run now, so that a stop can end them.
#[derive(Debug, Default)]
pub(super) struct Programs(Mutex<Groups>);

#[derive(Debug, Default)]
struct Groups {
    /// Process groups by the id of their leader, which has not been reaped: no other process has this id.
    running: BTreeSet<i32>,
    is_stopped: bool,
}

impl Programs {
    /// Runs a program to its end: what it prints.
    ///
    /// # Errors
    /// It cannot run, fails, prints too much or has not ended in time.
    pub(super) fn run(&self, words: &[String], timeout: Duration) -> Result<String, String> {
        let [program, arguments @ ..] = words else {
            return Err("no program is named".to_owned());
        };
        let about = |why: &dyn std::fmt::Display| format!("{program}: {why}");
        let child = Command::new(program)
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            // The arguments were judged as seen from here.
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // So that what it starts can be killed with it.
            .process_group(0)
            .spawn()
            .map_err(|error| match error.kind() {
                io::ErrorKind::PermissionDenied => about(&format!("{error}; {NOT_ALLOWED}")),
                _ => about(&error),
            })?;
        let mut group = self.watch(child).map_err(|why| about(&why))?;
        let (out, err) = group.output(timeout).map_err(|why| about(&why))?;
        let status = group.reap().map_err(|error| about(&error))?;
        if !status.success() {
            let text = String::from_utf8_lossy(&err);
            let said = text.lines().next().unwrap_or_default();
            return Err(about(&match status.code() {
                Some(CANNOT_EXECUTE) => format!("{status}: {said}; {NOT_ALLOWED}"),
                _ => format!("{status}: {said}"),
            }));
        }
        String::from_utf8(out).map_err(|_| about(&"its output is not UTF-8"))
    }

    /// Kills every program with all that it has started, and lets none begin any more.
    pub(super) fn stop(&self) {
        let mut groups = self.lock();
        groups.is_stopped = true;
        for leader in &groups.running {
            kill(*leader);
        }
    }

    fn watch(&self, leader: Child) -> Result<Group<'_>, &'static str> {
        let group = Group {
            programs: self,
            leader,
            is_reaped: false,
        };
        let is_stopped = {
            let mut groups = self.lock();
            groups.running.extend(group.id());
            groups.is_stopped
        };
        if is_stopped {
            return Err("teamd is stopping");
        }
        Ok(group)
    }

    fn lock(&self) -> MutexGuard<'_, Groups> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn kill(leader: i32) {
    // It may have ended meanwhile.
    let _ = killpg(nix::unistd::Pid::from_raw(leader), Signal::SIGKILL);
}

/// A program and everything it has started, unless that has left its process group. Killed when dropped.
struct Group<'a> {
    programs: &'a Programs,
    leader: Child,
    is_reaped: bool,
}

impl Group<'_> {
    /// The id of the group and of its leader.
    fn id(&self) -> Option<i32> {
        i32::try_from(self.leader.id()).ok()
    }

    /// Reads until both pipes are closed and the program has ended.
    fn output(&mut self, timeout: Duration) -> Result<(Vec<u8>, Vec<u8>), String> {
        let deadline = Instant::now() + timeout;
        let pid = self.id().and_then(Pid::from_raw);
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
        if let Some(leader) = self.id() {
            let mut groups = self.programs.lock();
            // Before the wait: while it is a zombie, nothing else has its id and its group's.
            kill(leader);
            groups.running.remove(&leader);
        }
        self.is_reaped = true;
        self.leader.wait()
    }
}

impl Drop for Group<'_> {
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
    use std::sync::Arc;

    const TIMEOUT: Duration = Duration::from_secs(60);

    fn words(text: &str) -> Vec<String> {
        text.split('|').map(ToOwned::to_owned).collect()
    }

    fn run(text: &str, timeout: Duration) -> Result<String, String> {
        Programs::default().run(&words(text), timeout)
    }

    /// Whether a process is there and not a zombie.
    fn is_alive(pid: &str) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
        stat.is_ok_and(|stat| !stat.contains(") Z "))
    }

    fn wait_until(holds: impl Fn() -> bool) -> bool {
        let until = Instant::now() + Duration::from_secs(10);
        while !holds() && Instant::now() < until {
            std::thread::yield_now();
        }
        holds()
    }

    fn gone(pid: &str) -> bool {
        wait_until(|| !is_alive(pid))
    }

    #[test]
    fn program_runs_without_shell_at_root() {
        assert_eq!(run("/bin/echo|$HOME ann", TIMEOUT).unwrap(), "$HOME ann\n");
        assert_eq!(run("/bin/pwd", TIMEOUT).unwrap(), "/\n");
        assert_eq!(run("/usr/bin/env", TIMEOUT).unwrap(), "PATH=/usr/bin:/bin\n");
        let failed = run("/bin/sh|-c|echo gone >&2; exit 3", TIMEOUT).unwrap_err();
        assert!(
            failed.contains("exit status: 3") && failed.contains("gone"),
            "{failed}"
        );
        assert!(run("/no/such/program", TIMEOUT).is_err());
    }

    #[test]
    fn forbidden_execution_names_the_drop_in() {
        for program in ["/etc/passwd", "/bin/sh|-c|/etc/passwd"] {
            let refused = run(program, TIMEOUT).unwrap_err();
            assert!(refused.contains("on-call-command.conf"), "{refused}");
        }
    }

    #[test]
    fn excess_output_stops_program_at_the_bound() {
        let mebibyte = "head -c 1048576 /dev/zero";
        for script in ["exec cat /dev/zero", "exec cat /dev/zero >&2", mebibyte] {
            let begun = Instant::now();
            let refused = run(&format!("/bin/sh|-c|{script}"), TIMEOUT).unwrap_err();
            assert!(refused.contains("more than 65536 bytes"), "{refused}");
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
            let refused = run(&format!("/bin/sh|-c|{script}"), Duration::from_secs(1));
            assert!(refused.unwrap_err().contains("no answer within 1 seconds"));
            let grandchild = std::fs::read_to_string(&note).unwrap();
            assert!(gone(&grandchild), "process {grandchild} is still there");
        }
    }

    #[test]
    fn background_process_ends_with_its_program() {
        let script = "sleep 600 >/dev/null 2>&1 & echo $!";
        let grandchild = run(&format!("/bin/sh|-c|{script}"), TIMEOUT).unwrap();
        assert!(gone(&grandchild), "process {grandchild} is still there");
    }

    #[test]
    fn stop_kills_running_group_and_begins_none() {
        let folder = tempfile::tempdir().unwrap();
        let note = folder.path().join("pid");
        let programs = Arc::new(Programs::default());
        let script = format!("sleep 600 & echo $! > {}; sleep 600", note.display());
        let (running, command) = (Arc::clone(&programs), words(&format!("/bin/sh|-c|{script}")));
        let run = std::thread::spawn(move || running.run(&command, TIMEOUT));
        let grandchild = || std::fs::read_to_string(&note).unwrap_or_default();
        assert!(wait_until(|| grandchild().ends_with('\n')));
        programs.stop();
        assert!(gone(&grandchild()), "process {} is still there", grandchild());
        assert!(
            run.join().unwrap().is_err(),
            "the reading fails, and its program is reaped"
        );
        let refused = programs.run(&words("/bin/echo|ann"), TIMEOUT).unwrap_err();
        assert!(refused.contains("teamd is stopping"), "{refused}");
        assert!(programs.lock().running.is_empty());
    }
}
