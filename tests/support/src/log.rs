//! Where a program's output goes, and how a failing test shows it.

use std::fs::{File, OpenOptions};
use std::path::PathBuf;
use std::process::Stdio;

/// Lines shown of a log.
const SHOWN: usize = 60;

/// A file that collects what a program says, over its restarts.
#[derive(Debug)]
pub struct Log(PathBuf);

impl Log {
    /// In this file.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// For a program's standard output or error.
    ///
    /// # Panics
    /// The file cannot be made.
    #[must_use]
    pub fn stdio(&self) -> Stdio {
        self.file().into()
    }

    /// The file, to append to.
    ///
    /// # Panics
    /// It cannot be made.
    #[must_use]
    pub fn file(&self) -> File {
        OpenOptions::new()
            .append(true)
            .create(true)
            .open(&self.0)
            .unwrap_or_else(|error| panic!("{}: {error}", self.0.display()))
    }

    /// All of it.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.0).unwrap_or_default()).into_owned()
    }

    /// The end of it.
    #[must_use]
    pub fn tail(&self) -> String {
        let text = self.text();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(SHOWN)..].join("\n")
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- {}\n{}\n---", self.0.display(), self.tail());
        }
    }
}
