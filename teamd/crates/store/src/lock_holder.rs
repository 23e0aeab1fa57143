//! Which other process keeps us from the database, for people. The kernel is asked (`F_GETLK`): that works where
//! `/proc/locks` is hidden, as it is by `ProcSubset=pid`.

use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::process::{Flock, FlockOffsetType, FlockType, fcntl_getlk};
use std::fmt;
use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// The lock of whoever writes, in the `-shm` file: `WAL_WRITE_LOCK` of the file format.
const WRITE_LOCK: (u64, u64) = (120, 1);

/// All locks of the write-ahead log.
const WAL_LOCKS: (u64, u64) = (120, 8);

/// Pending, reserved and shared locks of the database file.
const FILE_LOCKS: (u64, u64) = (0x4000_0000, 512);

/// A process that holds a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockHolder {
    /// Its number.
    pub pid: i32,
    /// What it is called, without control characters.
    pub command: Option<String>,
    /// Whose it is.
    pub uid: Option<u32>,
}

impl LockHolder {
    fn of(pid: i32) -> Self {
        let folder = PathBuf::from(format!("/proc/{pid}"));
        let command = std::fs::read(folder.join("comm")).ok();
        Self {
            pid,
            command: command.map(|name| team_shared::text::inert(String::from_utf8_lossy(&name).trim_end())),
            uid: folder.metadata().ok().map(|process| process.uid()),
        }
    }
}

impl fmt::Display for LockHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.command, self.uid) {
            (Some(command), Some(uid)) => write!(f, "{command} (process {}, uid {uid})", self.pid),
            _ => write!(f, "process {}", self.pid),
        }
    }
}

/// The files of a database, opened to ask about their locks. They are never closed: to close any descriptor of a file
/// lets go of every lock that the process has on it, SQLite's among them.
#[derive(Debug, Clone)]
pub(super) struct LockProbe {
    database: PathBuf,
    shared_memory: PathBuf,
    opened: Arc<OnceLock<[&'static File; 2]>>,
}

impl LockProbe {
    pub(super) fn of(database: &Path) -> Self {
        let mut shared_memory = database.as_os_str().to_owned();
        shared_memory.push("-shm");
        Self {
            database: database.to_owned(),
            shared_memory: shared_memory.into(),
            opened: Arc::default(),
        }
    }

    /// Only for people: never on the way of a removal.
    pub(super) fn holder(&self) -> Option<LockHolder> {
        let [database, shared_memory] = match self.opened.get() {
            Some(files) => *files,
            None => {
                let files = [open(&self.database)?, open(&self.shared_memory)?];
                *self.opened.get_or_init(|| files)
            }
        };
        let pid = exclusive(shared_memory, WRITE_LOCK)
            .or_else(|| exclusive(shared_memory, WAL_LOCKS))
            .or_else(|| exclusive(database, FILE_LOCKS))?;
        Some(LockHolder::of(pid))
    }
}

/// Opens it for the life of the process.
fn open(path: &Path) -> Option<&'static File> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = rustix::fs::open(path, flags, Mode::empty()).ok()?;
    Some(Box::leak(Box::new(File::from(file))))
}

/// The other process that holds an exclusive lock there. Those that share one keep nobody from anything.
fn exclusive(file: &File, (start, length): (u64, u64)) -> Option<i32> {
    let question = Flock {
        start,
        length,
        pid: None,
        typ: FlockType::ReadLock,
        offset_type: FlockOffsetType::Set,
    };
    let found = fcntl_getlk(file, &question).ok()??;
    Some(found.pid?.as_raw_nonzero().get()).filter(|pid| *pid > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};

    const DATABASE: &str = "TEAMD_TEST_LOCKED_DATABASE";
    const SELF: &str = "lock_holder::tests::holder_in_another_process_is_named";

    /// In the other process: holds the lock until its input is closed.
    fn hold(path: &Path) {
        let other = rusqlite::Connection::open(path).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        println!("locked");
        std::io::stdin().lines().for_each(drop);
    }

    #[test]
    fn holder_in_another_process_is_named() {
        if let Some(path) = std::env::var_os(DATABASE) {
            return hold(Path::new(&path));
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("teamd.db");
        let store = crate::Store::open(&path).unwrap();
        let disk = store.disk().unwrap();
        assert_eq!(disk.lock_holder(), None);
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", SELF, "--nocapture"])
            .env(DATABASE, &path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("locked")));
        let holder = disk.lock_holder().unwrap();
        assert_eq!(holder.pid, i32::try_from(child.id()).unwrap());
        assert_eq!(holder.uid, Some(nix::unistd::geteuid().as_raw()));
        assert!(
            holder
                .to_string()
                .contains(&format!("(process {}, uid", holder.pid))
        );
        // Asking has not cost us our own locks: another one still finds the database in use.
        assert!(crate::is_locked(&path));
        drop(child.stdin.take());
        child.wait().unwrap();
        assert_eq!(disk.lock_holder(), None);
        assert!(!crate::is_locked(&path));
        store.close();
    }
}
