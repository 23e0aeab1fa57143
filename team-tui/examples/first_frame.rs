//! Measures how long the dashboard takes, from exec, to its first frame and to the first one with the queue in it: in a
//! pseudo-terminal of 80 by 24, as `bob`, against `teamd demo`. docs/PERFORMANCE.md has the figures.
//!
//! `cargo run --release -p team-tui --example first_frame -- [FOLDER OF BOTH BINARIES]`

use anyhow::{Context, bail};
use nix::pty::{Winsize, openpty};
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

const RUNS: usize = 30;

/// What the client writes after each frame.
const END_OF_FRAME: &[u8] = b"\x1b[?2026l";

/// Only rows of the demo's queue have both.
const ROWS: [&[u8]; 2] = [b"AdministratorAccess", b"BillingReadOnly"];

fn main() -> anyhow::Result<()> {
    let folder = match std::env::args_os().nth(1) {
        Some(folder) => PathBuf::from(folder),
        None => std::env::current_exe()?
            .ancestors()
            .nth(2)
            .context("this program is nowhere")?
            .to_owned(),
    };
    let (client, daemon) = (folder.join("team-tui"), folder.join("teamd"));
    for binary in [&client, &daemon] {
        if !binary.exists() {
            bail!(
                "{} is not there: cargo build --release -p teamd -p team-tui",
                binary.display()
            );
        }
    }
    let directory = tempfile::tempdir()?;
    let socket = directory.path().join("teamd.sock");
    let _demo = Running(
        Command::new(&daemon)
            .args(["demo", "--socket"])
            .arg(&socket)
            .env("RUST_LOG", "error")
            .stdout(Stdio::null())
            .spawn()?,
    );
    wait_for(&socket)?;
    let (mut first, mut queue) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let (bare, full) = open(&client, &socket)?;
        first.push(bare);
        queue.push(full);
    }
    print("exec to the first frame", first);
    print("exec to the first frame with the queue", queue);
    Ok(())
}

/// A process that ends with its value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Until the demo serves, and what people have filed there is settled.
fn wait_for(socket: &Path) -> anyhow::Result<()> {
    let (_sender, never) = mpsc::channel::<()>();
    let start = Instant::now();
    while UnixStream::connect(socket).is_err() {
        if start.elapsed() > Duration::from_secs(60) {
            bail!("the demo does not serve");
        }
        let _ = never.recv_timeout(Duration::from_millis(50));
    }
    let _ = never.recv_timeout(Duration::from_secs(8));
    Ok(())
}

/// Opens the dashboard once; milliseconds to its first frame, and to the first one with rows.
fn open(client: &Path, socket: &Path) -> anyhow::Result<(f64, f64)> {
    let size = Winsize {
        ws_row: 24,
        ws_col: 80,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let pty = openpty(&size, None)?;
    let mut keyboard = File::from(pty.master.try_clone()?);
    let mut screen = File::from(pty.master);
    let start = Instant::now();
    let mut running = Running(
        Command::new(client)
            .arg("--socket")
            .arg(socket)
            .args(["--as", "bob"])
            .env("TERM", "xterm-256color")
            .stdin(pty.slave.try_clone()?)
            .stdout(pty.slave.try_clone()?)
            .stderr(pty.slave)
            .spawn()?,
    );
    let (sender, chunks) = mpsc::channel();
    let reader = thread::spawn(move || {
        let mut buffer = [0; 16 * 1024];
        // The other end is closed when the client has gone.
        while let Ok(length @ 1..) = screen.read(&mut buffer) {
            let chunk = (start.elapsed(), buffer[..length].to_vec());
            if sender.send(chunk).is_err() {
                return;
            }
        }
    });
    let (mut shown, mut first) = (Vec::new(), None);
    let full = loop {
        let (at, chunk) = chunks
            .recv_timeout(Duration::from_secs(10))
            .with_context(|| format!("no queue on the screen: {}", String::from_utf8_lossy(&shown)))?;
        shown.extend(chunk);
        let Some(end) = find_last(&shown, END_OF_FRAME) else {
            continue;
        };
        first.get_or_insert(at);
        if ROWS.iter().all(|word| find_last(&shown[..end], word).is_some()) {
            break at;
        }
    };
    keyboard.write_all(b"q")?;
    running.0.wait()?;
    drop(chunks);
    let _ = reader.join();
    let millis = |at: Duration| at.as_secs_f64() * 1000.0;
    Ok((millis(first.unwrap_or(full)), millis(full)))
}

fn find_last(text: &[u8], word: &[u8]) -> Option<usize> {
    text.windows(word.len()).rposition(|window| window == word)
}

fn print(what: &str, mut times: Vec<f64>) {
    times.sort_by(f64::total_cmp);
    println!(
        "{what:<46} n={:<5} p50 {:>7.1} ms  max {:>7.1} ms",
        times.len(),
        times[times.len() / 2],
        times[times.len() - 1]
    );
}
