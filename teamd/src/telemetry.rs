//! Logging to standard error: one line an event, whatever its fields hold.
//!
//! Under the journal lines carry a priority instead of a time, on a terminal the level is coloured. What is logged is
//! chosen by `TEAMD_LOG`, else `RUST_LOG`, else `info`. Text from outside cannot break a line or move a cursor.
//!
//! Whoever logs never waits for the reader of standard error: lines go to a bounded queue and from there to a thread of
//! its own. Lines for which the queue has no room are dropped and counted. Panics take the same way.

use std::fmt::{self, Write as _};
use std::io::{self, IsTerminal as _};
use std::os::unix::fs::MetadataExt as _;
use std::sync::OnceLock;
use team_shared::text::inert;
use tracing::{Event, Level, Subscriber};
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// Where lines go, which decides how they look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// The journal: `<3>` in front, no time, which the journal has.
    Journal,
    /// A person: colours.
    Terminal,
    /// A file or a pipe.
    Plain,
}

/// Lines that wait for standard error at most. A line has at most a few KiB.
const MAX_QUEUED_LINES: usize = 4096;

/// How many lines were dropped since the start.
static DROPPED: OnceLock<ErrorCounter> = OnceLock::new();

/// Writes what is queued when it is dropped, for a second at most. Hold it until the process ends.
#[derive(Debug)]
pub struct LogGuard(#[expect(dead_code, reason = "held, never read")] Option<WorkerGuard>);

/// Starts logging. Called once; a second call changes nothing.
#[must_use]
pub fn init() -> LogGuard {
    let (filter, complaint) = filter(|name| std::env::var(name).ok());
    let (writer, guard) = queue(io::stderr(), MAX_QUEUED_LINES);
    let dropped = writer.error_counter();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_ansi(false)
        .event_format(Line(style()))
        .finish();
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        return LogGuard(None);
    }
    let _ = DROPPED.set(dropped);
    // The standard hook writes to standard error itself, and would wait for its reader.
    std::panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current().name().unwrap_or("unnamed").to_owned();
        tracing::error!(thread, "{panic}");
    }));
    if let Some(error) = complaint {
        tracing::warn!(%error, "the log filter is not understood; using info");
    }
    LogGuard(Some(guard))
}

/// Lines dropped since the start, because nobody read standard error.
#[must_use]
pub fn dropped_lines() -> usize {
    DROPPED.get().map_or(0, ErrorCounter::dropped_lines)
}

fn queue(writer: impl io::Write + Send + 'static, lines: usize) -> (NonBlocking, WorkerGuard) {
    NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(lines)
        .thread_name("log")
        .finish(writer)
}

/// The filter, and what was wrong with the one asked for.
fn filter(variable: impl Fn(&str) -> Option<String>) -> (EnvFilter, Option<ParseError>) {
    let wanted = ["TEAMD_LOG", "RUST_LOG"]
        .into_iter()
        .filter_map(variable)
        .find(|text| !text.trim().is_empty());
    match wanted.map(EnvFilter::try_new) {
        Some(Ok(filter)) => (filter, None),
        Some(Err(error)) => (EnvFilter::new("info"), Some(error)),
        None => (EnvFilter::new("info"), None),
    }
}

fn style() -> Style {
    let stream = std::env::var("JOURNAL_STREAM").unwrap_or_default();
    // The variable is inherited by children whose standard error may be elsewhere; it names the device and inode of
    // the journal's stream so that one can tell.
    let stderr = std::fs::metadata("/proc/self/fd/2").map(|file| format!("{}:{}", file.dev(), file.ino()));
    if stderr.is_ok_and(|stderr| stderr == stream) {
        Style::Journal
    } else if io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
    {
        Style::Terminal
    } else {
        Style::Plain
    }
}

/// Formats an event as one line.
struct Line(Style);

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        ctx: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let level = *event.metadata().level();
        match self.0 {
            Style::Journal => write!(writer, "<{}>", priority(level))?,
            Style::Terminal => {
                SystemTime.format_time(&mut writer)?;
                write!(writer, " \x1b[{}m{level:>5}\x1b[0m ", colour(level))?;
            }
            Style::Plain => {
                SystemTime.format_time(&mut writer)?;
                write!(writer, " {level:>5} ")?;
            }
        }
        // Everything that may hold foreign text goes through a buffer; only what stands above is written as it is.
        let mut text = String::new();
        write!(text, "{}: ", event.metadata().target())?;
        for span in ctx.event_scope().into_iter().flat_map(|scope| scope.from_root()) {
            write!(text, "{}", span.name())?;
            match span.extensions().get::<FormattedFields<N>>() {
                Some(fields) if !fields.is_empty() => write!(text, "{{{fields}}}: ")?,
                _ => write!(text, ": ")?,
            }
        }
        ctx.format_fields(Writer::new(&mut text), event)?;
        writeln!(writer, "{}", inert(&text))
    }
}

/// The level as syslog counts: what `journalctl -p` and the journal's colours go by.
fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        _ => 7,
    }
}

/// The colour of a level, as terminals number them.
fn colour(level: Level) -> u8 {
    match level {
        Level::ERROR => 31,
        Level::WARN => 33,
        Level::INFO => 32,
        _ => 36,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(style: Style, log: impl FnOnce()) -> String {
        let captured = Captured::default();
        let writer = captured.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .with_ansi(false)
            .event_format(Line(style))
            .finish();
        tracing::subscriber::with_default(subscriber, log);
        let bytes = captured.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn journal_lines_carry_their_priority_and_spans() {
        let text = logged(Style::Journal, || {
            let _span = tracing::info_span!("request", id = 7).entered();
            tracing::error!(attempt = 2, "not removed");
        });
        assert_eq!(
            text,
            "<3>teamd::telemetry::tests: request{id=7}: not removed attempt=2\n"
        );
    }

    #[test]
    fn foreign_text_stays_on_its_line() {
        let evil = "x\n<0>forged\x1b[2J\u{202e}";
        for style in [Style::Journal, Style::Plain] {
            let text = logged(style, || {
                let _span = tracing::info_span!("request", %evil).entered();
                tracing::info!(reason = %evil, other = evil, "{evil}");
            });
            assert_eq!(text.matches('\n').count(), 1, "{text:?}");
            assert!(
                !text.trim_end().chars().any(team_shared::text::is_hidden),
                "{text:?}"
            );
        }
    }

    /// A pipe that nobody reads.
    struct Stuck(std::sync::mpsc::Receiver<()>);

    impl io::Write for Stuck {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn stuck_reader_drops_lines_and_blocks_nobody() {
        let (release, stuck) = std::sync::mpsc::channel();
        let (writer, _guard) = queue(Stuck(stuck), 8);
        let dropped = writer.error_counter();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(writer)
            .event_format(Line(Style::Plain))
            .finish();
        // Ends: no line waits for the reader.
        tracing::subscriber::with_default(subscriber, || {
            (0..100).for_each(|number| tracing::info!(number, "a line"));
        });
        // Eight wait, and one may be with the thread.
        assert!(
            (91..=92).contains(&dropped.dropped_lines()),
            "{}",
            dropped.dropped_lines()
        );
        drop(release);
    }

    #[test]
    fn only_terminals_get_colours() {
        let coloured = logged(Style::Terminal, || tracing::warn!("x"));
        assert!(coloured.contains("\x1b[33m"), "{coloured:?}");
        let plain = logged(Style::Plain, || tracing::warn!("x"));
        assert!(plain.contains(" WARN ") && !plain.contains('\x1b'), "{plain:?}");
    }

    #[test]
    fn our_variable_goes_before_the_common_one() {
        let both = |name: &str| Some(if name == "TEAMD_LOG" { "debug" } else { "error" }.to_owned());
        assert_eq!(filter(both).0.to_string(), "debug");
        let common = |name: &str| (name == "RUST_LOG").then(|| "error".to_owned());
        assert_eq!(filter(common).0.to_string(), "error");
        assert_eq!(filter(|_| None).0.to_string(), "info");
        let (fallback, complaint) = filter(|_| Some("teamd=loud=x".to_owned()));
        assert_eq!(fallback.to_string(), "info");
        assert!(complaint.is_some());
    }
}
