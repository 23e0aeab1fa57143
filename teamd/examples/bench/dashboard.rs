//! What the dashboard costs with 10,000 requests behind it: time to its first rows, memory, and what it writes and
//! computes while nothing happens. `team-tui` runs in a pseudo-terminal of 80 by 24.

use crate::footprint::write_finished;
use crate::path::activate;
use crate::stats::{Sample, millis_since};
use crate::world::{World, binary_of};
use anyhow::{Context, bail};
use nix::pty::{Winsize, openpty};
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Openings measured.
const OPENED: usize = 30;
/// Keys whose frames are weighed.
const KEYS: usize = 50;
/// What the client writes after each frame.
const END_OF_FRAME: &[u8] = b"\x1b[?2026l";

/// `idle`: for how many seconds an idle dashboard is watched, on each of three screens.
pub(crate) async fn measure(idle: usize, binary: Option<&str>) -> anyhow::Result<()> {
    let binary = binary_of("team-tui", binary)?;
    let directory = tempfile::tempdir()?;
    write_finished(&directory.path().join("teamd.db"))?;
    let world = World::start(directory.path(), 0).await?;
    activate(&world, 3).await?;
    // One whose seconds count, and one that waits.
    let due = world.submit(3, 9 * 60 + 30).await?;
    world.approve(&due).await?;
    world.submit(4, 3600).await?;
    let idle = Duration::from_secs(idle.try_into()?);
    let socket = directory.path().join("teamd.sock");
    tokio::task::spawn_blocking(move || costs(&binary, &socket, idle)).await?
}

fn costs(binary: &Path, socket: &Path, idle: Duration) -> anyhow::Result<()> {
    let (mut first, mut rows) = (Vec::new(), Vec::new());
    for _ in 0..OPENED {
        let start = Instant::now();
        let dashboard = Dashboard::open(binary, socket)?;
        dashboard.wait("a frame", |shown| find(shown, END_OF_FRAME))?;
        first.push(millis_since(start));
        dashboard.wait("a row", |shown| find(shown, b"Set0"))?;
        rows.push(millis_since(start));
    }
    Sample::new(first).print("exec to the first frame");
    Sample::new(rows).print("exec to the first frame with the queue");
    let mut dashboard = Dashboard::open(binary, socket)?;
    dashboard.wait("a row", |shown| find(shown, b"Set0"))?;
    println!(
        "bytes until rows of the queue are there        {}",
        dashboard.written()
    );
    dashboard.press("4")?;
    let start = Instant::now();
    let last = dashboard.quiet();
    println!(
        "the other pages of 10,005 requests             {:.0} ms",
        last.duration_since(start).as_secs_f64() * 1000.0
    );
    dashboard.move_cursor("bytes of a frame in which the cursor moves     ")?;
    dashboard.press("z")?;
    dashboard.quiet();
    dashboard.move_cursor("the same of a list alone                       ")?;
    dashboard.press("z")?;
    for (key, what) in [
        ("1", "Queue"),
        ("3", "Sessions, one end in seconds"),
        ("4", "History"),
    ] {
        dashboard.press(key)?;
        pause(Duration::from_secs(3));
        dashboard.forget();
        let before = dashboard.computed()?;
        pause(idle);
        let computed = dashboard.computed()? - before;
        let seconds = idle.as_secs_f64();
        println!(
            "idle on {what:<38} {} bytes in {seconds:.0} s, {:.2} % of a processor",
            dashboard.written(),
            computed.as_secs_f64() / seconds * 100.0
        );
    }
    println!(
        "resident memory with 10,005 requests           {:.1} MiB",
        dashboard.memory()?
    );
    Ok(())
}

/// `team-tui` in a pseudo-terminal; it ends with its value.
struct Dashboard {
    process: Child,
    keyboard: File,
    shown: Arc<Mutex<Vec<u8>>>,
    /// When the last byte came.
    last: Arc<Mutex<Instant>>,
}

impl Dashboard {
    fn open(binary: &Path, socket: &Path) -> anyhow::Result<Self> {
        let size = Winsize {
            ws_row: 24,
            ws_col: 80,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pty = openpty(&size, None)?;
        let (keyboard, mut screen) = (File::from(pty.master.try_clone()?), File::from(pty.master));
        let process = Command::new(binary)
            .arg("--socket")
            .arg(socket)
            .args(["--as", "boss"])
            .env("TERM", "xterm-256color")
            .env_remove("XDG_STATE_HOME")
            .env_remove("HOME")
            .stdin(Stdio::from(pty.slave.try_clone()?))
            .stdout(Stdio::from(pty.slave.try_clone()?))
            .stderr(Stdio::from(pty.slave))
            .spawn()?;
        let shown = Arc::new(Mutex::new(Vec::new()));
        let last = Arc::new(Mutex::new(Instant::now()));
        let (all, latest) = (Arc::clone(&shown), Arc::clone(&last));
        thread::spawn(move || {
            let mut buffer = [0; 16 * 1024];
            // The other end is closed when the client has gone.
            while let Ok(length @ 1..) = screen.read(&mut buffer) {
                let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
                all.extend_from_slice(&buffer[..length]);
                *latest.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
            }
        });
        Ok(Self {
            process,
            keyboard,
            shown,
            last,
        })
    }

    fn wait(&self, what: &str, is_so: impl Fn(&[u8]) -> bool) -> anyhow::Result<()> {
        let start = Instant::now();
        loop {
            {
                let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
                if is_so(&shown) {
                    return Ok(());
                }
                if start.elapsed() > Duration::from_secs(30) {
                    bail!("no sight of {what}: {}", String::from_utf8_lossy(&shown));
                }
            }
            pause(Duration::from_micros(200));
        }
    }

    /// Waits until nothing has come for a second; when the last byte came. Pages that are read come faster.
    fn quiet(&self) -> Instant {
        loop {
            let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
            if last.elapsed() > Duration::from_secs(1) {
                return last;
            }
            pause(Duration::from_millis(50));
        }
    }

    fn press(&mut self, keys: &str) -> anyhow::Result<()> {
        Ok(self.keyboard.write_all(keys.as_bytes())?)
    }

    /// What a frame weighs in which the cursor is one row further down.
    fn move_cursor(&mut self, what: &str) -> anyhow::Result<()> {
        self.forget();
        for _ in 0..KEYS {
            let before = self.written();
            self.press("j")?;
            self.wait("a frame", |shown| {
                shown.len() > before && shown.ends_with(END_OF_FRAME)
            })?;
        }
        println!("{what}{}", self.written() / KEYS);
        Ok(())
    }

    fn forget(&self) {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Bytes since they were forgotten.
    fn written(&self) -> usize {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The time of processors that it has used, by the kernel's ticks of a hundredth of a second.
    fn computed(&self) -> anyhow::Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        let fields: Vec<&str> = stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok());
        let both = ticks(11)
            .zip(ticks(12))
            .context("/proc says nothing of its time")?;
        Ok(Duration::from_millis((both.0 + both.1) * 10))
    }

    fn memory(&self) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib: Option<f64> = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        Ok(kib.context("/proc does not say how much memory is used")? / 1024.0)
    }
}

impl Drop for Dashboard {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "a thread that watches a terminal has no runtime to block"
)]
fn pause(time: Duration) {
    thread::sleep(time);
}

fn find(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}
