//! Reading files that others may have put there: without following links, without waiting for a writer, never more than
//! a bound, and on a thread that nothing waits for longer than a time-out.
//!
//! A FIFO without a writer and a network mount that hangs block `open` and `read` for good. Such a thread is left behind:
//! it is not of the runtime, so neither a worker nor a stop waits for it.

mod trust;

pub use trust::refuse_untrusted;

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Time that a file gets, network mounts included.
pub const READ_TIMEOUT: Duration = Duration::from_secs(5);

/// Whether a link at the end of a path is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// It is.
    Follow,
    /// It is not: the path is refused.
    Refuse,
}

/// Opens a regular file for reading. A FIFO, a device or a folder is refused without waiting for it.
///
/// # Errors
/// It is not there, or no regular file.
pub fn open(path: &Path, links: Links) -> io::Result<File> {
    use rustix::fs::OFlags;
    let mut flags = OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    if links == Links::Refuse {
        flags |= OFlags::NOFOLLOW;
    }
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
        .map_err(|error| match error.raw_os_error() {
            Some(code) if code == rustix::io::Errno::LOOP.raw_os_error() => {
                io::Error::new(io::ErrorKind::InvalidInput, "it is a symbolic link")
            }
            _ => error,
        })?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
    }
    Ok(file)
}

/// All of a file; more than `most` bytes are refused.
///
/// # Errors
/// It cannot be read, or is too large.
pub fn read_all(file: File, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let why = format!("more than {most} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    Ok(bytes)
}

/// Why work on a thread of its own has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// It goes on, and nobody waits for it any more.
    #[error("no answer within {} seconds", .0.as_secs())]
    TimedOut(Duration),
    /// An earlier one of the same name goes on; this one was not begun.
    #[error("still being read")]
    StillRunning,
    /// It panicked, or there is no thread for it.
    #[error("{0}")]
    Failed(String),
}

/// Runs `work` on a thread that is not the runtime's, and waits no longer than `timeout` for it. While work of the same
/// name is over its time, none is begun: a mount that hangs costs one thread, not one for each try.
///
/// # Errors
/// No result.
pub async fn on_thread<T: Send + 'static>(
    name: &str,
    timeout: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Unanswered> {
    let running = Running::begin(name, timeout).ok_or(Unanswered::StillRunning)?;
    let (send, receive) = oneshot::channel();
    std::thread::Builder::new()
        .name("file-reader".to_owned())
        .spawn(move || {
            let answer = work();
            drop(running);
            // Whoever asked may be gone.
            drop(send.send(answer));
        })
        .map_err(|error| Unanswered::Failed(format!("no thread: {error}")))?;
    match tokio::time::timeout(timeout, receive).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) => Err(Unanswered::Failed("the reading failed".to_owned())),
        Err(_) => Err(Unanswered::TimedOut(timeout)),
    }
}

/// When each began, by name.
static RUNNING: Mutex<BTreeMap<String, BTreeMap<u64, Instant>>> = Mutex::new(BTreeMap::new());
static NEXT: AtomicU64 = AtomicU64::new(0);

/// Work that is under way. Dropped when it is done.
struct Running {
    name: String,
    number: u64,
}

impl Running {
    /// None while one of the same name is over its time.
    fn begin(name: &str, timeout: Duration) -> Option<Self> {
        let mut running = Self::all();
        let same = running.entry(name.to_owned()).or_default();
        if same.values().any(|since| since.elapsed() >= timeout) {
            return None;
        }
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        same.insert(number, Instant::now());
        Some(Self {
            name: name.to_owned(),
            number,
        })
    }

    fn all() -> MutexGuard<'static, BTreeMap<String, BTreeMap<u64, Instant>>> {
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut running = Self::all();
        if let Some(same) = running.get_mut(&self.name) {
            same.remove(&self.number);
            if same.is_empty() {
                running.remove(&self.name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::files::*;
    use std::sync::mpsc;

    fn fifo(folder: &Path) -> std::path::PathBuf {
        let path = folder.join("fifo");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRUSR).unwrap();
        path
    }

    #[test]
    fn fifo_and_folder_are_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        for path in [fifo(folder.path()), folder.path().to_owned(), "/dev/zero".into()] {
            let refused = open(&path, Links::Follow).unwrap_err().to_string();
            assert!(refused.contains("no file"), "{refused}");
        }
    }

    #[test]
    fn symlink_is_followed_only_where_allowed() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        std::fs::write(&file, "ann").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let refused = open(&link, Links::Refuse).unwrap_err().to_string();
        assert!(refused.contains("symbolic link"), "{refused}");
        let bytes = read_all(open(&link, Links::Follow).unwrap(), 3).unwrap();
        assert_eq!(bytes, b"ann");
        assert!(read_all(open(&file, Links::Refuse).unwrap(), 2).is_err());
    }

    #[tokio::test]
    async fn hung_work_is_left_and_not_begun_again() {
        let (release, wait) = mpsc::channel::<()>();
        let short = Duration::from_millis(50);
        let first = on_thread("hung-test", short, move || wait.recv().is_err()).await;
        assert_eq!(first, Err(Unanswered::TimedOut(short)));
        let second = on_thread("hung-test", short, || true).await;
        assert_eq!(second, Err(Unanswered::StillRunning));
        // Another one is not held up.
        assert_eq!(on_thread("other-test", READ_TIMEOUT, || 7).await, Ok(7));
        drop(release);
        let again = async {
            while on_thread("hung-test", short, || true).await != Ok(true) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(READ_TIMEOUT, again).await.unwrap();
    }

    #[tokio::test]
    async fn panicking_work_is_an_error() {
        let failed = on_thread("panic-test", READ_TIMEOUT, || -> u8 { panic!("of the test") }).await;
        assert!(matches!(failed, Err(Unanswered::Failed(_))));
        assert_eq!(on_thread("panic-test", READ_TIMEOUT, || 7).await, Ok(7));
    }
}
