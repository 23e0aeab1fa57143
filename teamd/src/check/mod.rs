//! `teamd check`: what would keep the daemon from working, or from being safe, a line each.
//!
//! Checks look and change nothing: they create no file, open no database, send no AWS call of their own. AWS is asked
//! by whoever has a client, and [`aws::lines`] says what the answers mean. To add a check: a function that returns
//! [`Line`]s, and its call in [`local`] or in `main`.

mod activity;
pub mod aws;
mod channels;
mod credentials;
mod files;
mod host;
mod metadata;
mod on_call;
mod run;

pub use run::run;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use team_shared::text::inert;
use teamd_config::{Config, ConfigErrors, DEFAULT_PATH};
use teamd_domain::Time;

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// As it should be.
    Ok,
    /// Works, but somebody should look at it.
    Warn,
    /// Does not work, or is not safe.
    Fail,
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// How it went.
    pub status: Status,
    /// What was looked at, in a word or two.
    pub name: String,
    /// What was found.
    pub detail: String,
    /// What helps; empty where nothing has to be done.
    pub help: String,
}

impl Line {
    /// As it should be.
    pub fn ok(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Status::Ok, name, detail, "")
    }

    /// Somebody should look at it.
    pub fn warn(name: impl Into<String>, detail: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(Status::Warn, name, detail, help)
    }

    /// Not working, or not safe.
    pub fn fail(name: impl Into<String>, detail: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(Status::Fail, name, detail, help)
    }

    fn new(
        status: Status,
        name: impl Into<String>,
        detail: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            status,
            name: name.into(),
            detail: detail.into(),
            help: help.into(),
        }
    }
}

/// Every check that needs no AWS client, and the configuration for those that do, if it is valid. With a `config` of
/// none the default path is read.
#[must_use]
pub fn local(
    config: Option<&Path>,
    env: impl Iterator<Item = (String, String)>,
    now: Time,
) -> (Vec<Line>, Option<Config>) {
    let mut lines = vec![
        host::user(),
        host::umask(),
        host::uid_map(),
        host::login_uids(),
        host::clock(now),
    ];
    let loaded = Config::load(config, env);
    lines.extend(configuration(config, &loaded));
    let Ok(config) = loaded else {
        return (lines, None);
    };
    lines.push(host::descriptors(config.limits.connections));
    lines.extend(files::store(&config.store));
    lines.push(files::socket_directory(&config.server.socket));
    let daemon = files::daemon_uid(&config.store);
    lines.push(metadata::line(daemon));
    lines.extend(credentials::lines(daemon));
    lines.extend(on_call::lines(&config.on_call, daemon));
    (lines, Some(config))
}

/// A line for a valid configuration, else one for each error.
fn configuration(path: Option<&Path>, loaded: &Result<Config, ConfigErrors>) -> Vec<Line> {
    match loaded {
        Ok(_) => {
            let file = path.unwrap_or_else(|| Path::new(DEFAULT_PATH));
            let detail = if file.exists() {
                format!("{} is valid", file.display())
            } else {
                format!(
                    "there is no {}: defaults and environment variables are used",
                    file.display()
                )
            };
            vec![Line::ok("configuration", detail)]
        }
        Err(errors) => errors
            .as_slice()
            .iter()
            .map(|error| Line::fail("configuration", error.to_string(), ""))
            .collect(),
    }
}

/// The lines as people read them: one each, with nothing that a terminal would act on.
#[must_use]
pub fn render(lines: &[Line]) -> String {
    let width = lines
        .iter()
        .map(|line| line.name.chars().count())
        .max()
        .unwrap_or_default();
    let mut text = String::new();
    for line in lines {
        let status = match line.status {
            Status::Ok => "ok",
            Status::Warn => "warn",
            Status::Fail => "fail",
        };
        let help = if line.help.is_empty() {
            String::new()
        } else {
            format!(" -> {}", line.help)
        };
        let rest = inert(&format!("{}{help}", line.detail));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{status:<4}  {:<width$}  {rest}", inert(&line.name));
    }
    text
}

/// Prints the lines to standard output.
pub fn print(lines: &[Line]) {
    // Whoever closed the pipe has read enough; the exit code says the rest.
    let _ = std::io::stdout().write_all(render(lines).as_bytes());
}

/// 1 if anything failed, else 0: a warning is for people.
#[must_use]
pub fn exit_code(lines: &[Line]) -> u8 {
    u8::from(lines.iter().any(|line| line.status == Status::Fail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_aligned_and_inert() {
        let lines = [
            Line::ok("disk", "12 GiB free"),
            Line::warn("clock", "x\ny\x1b[2J", "set it"),
            Line::fail("configuration", "bad", ""),
        ];
        insta::assert_snapshot!(render(&lines), @r"
        ok    disk           12 GiB free
        warn  clock          x y\u{1b}[2J -> set it
        fail  configuration  bad
        ");
    }

    #[test]
    fn only_failures_count() {
        let warning = Line::warn("clock", "x", "y");
        assert_eq!(exit_code(&[Line::ok("a", "b"), warning.clone()]), 0);
        assert_eq!(exit_code(&[warning, Line::fail("a", "b", "c")]), 1);
        assert_eq!(exit_code(&[]), 0);
    }

    #[test]
    fn everything_local_is_looked_at() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("teamd.toml");
        let store = dir.path().join("teamd.db");
        let text = format!(
            "[store]\npath = {store:?}\nactivity_path = {store:?}\nleases_path = {store:?}\n\
             [server]\nsocket = {:?}\n",
            dir.path().join("sock")
        );
        std::fs::write(&file, text).unwrap();
        let now = "2026-11-23T09:00:00Z".parse().unwrap();
        let (lines, config) = local(Some(&file), std::iter::empty(), now);
        assert!(config.is_some());
        for name in [
            "user",
            "umask",
            "clock",
            "configuration",
            "descriptors",
            "store",
            "disk",
            "socket",
            "metadata",
            "credentials",
        ] {
            assert!(lines.iter().any(|line| line.name == name), "{name}: {lines:#?}");
        }
    }

    #[test]
    fn each_error_of_the_configuration_is_a_line() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("teamd.toml");
        std::fs::write(&file, "[aws]\nregoin = 1\nmax_in_flight = 0\n").unwrap();
        let now = "2026-11-23T09:00:00Z".parse().unwrap();
        let (lines, config) = local(Some(&file), std::iter::empty(), now);
        assert!(config.is_none());
        let failed = lines.iter().filter(|line| line.name == "configuration").count();
        assert_eq!(failed, 2, "{lines:#?}");
        assert_eq!(exit_code(&lines), 1);
    }
}
