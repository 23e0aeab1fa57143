//! What a daemon tells systemd: the other end of `NOTIFY_SOCKET`.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::UnixDatagram;
use tokio::task::JoinSet;

/// Listens, and notes when the watchdog is fed.
#[derive(Debug)]
pub struct NotifySocket {
    path: PathBuf,
    fed: Arc<Mutex<Vec<Instant>>>,
    since: Instant,
    _reader: JoinSet<()>,
}

impl NotifySocket {
    /// Listens at `path`.
    ///
    /// # Errors
    /// The socket cannot be made.
    pub fn bind(path: &Path) -> io::Result<Self> {
        let socket = UnixDatagram::bind(path)?;
        let fed = Arc::new(Mutex::new(Vec::new()));
        let times = Arc::clone(&fed);
        let mut reader = JoinSet::new();
        reader.spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok(length) = socket.recv(&mut buffer).await {
                if buffer[..length]
                    .split(|byte| *byte == b'\n')
                    .any(|line| line == b"WATCHDOG=1")
                {
                    times
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(Instant::now());
                }
            }
        });
        Ok(Self {
            path: path.to_owned(),
            fed,
            since: Instant::now(),
            _reader: reader,
        })
    }

    /// The variables for a daemon whose watchdog allows so much.
    #[must_use]
    pub fn environment(&self, watchdog: Duration) -> Vec<(&'static str, OsString)> {
        vec![
            ("NOTIFY_SOCKET", self.path.clone().into()),
            ("WATCHDOG_USEC", watchdog.as_micros().to_string().into()),
        ]
    }

    /// How often it was fed so far, and the longest time between two feedings, from the start until now.
    #[must_use]
    pub fn feedings(&self) -> (usize, Duration) {
        let fed = self.fed.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut last, mut longest) = (self.since, Duration::ZERO);
        for at in fed.iter().copied().chain([Instant::now()]) {
            longest = longest.max(at - last);
            last = at;
        }
        (fed.len(), longest)
    }
}
