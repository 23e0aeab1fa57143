//! Words that a test run must show even where the test passes: the test harness keeps what `eprintln!` says to itself.

use std::io::Write;

/// Says a line on standard error, past the harness.
pub fn say(line: &str) {
    // Nothing can be told where standard error is closed.
    let _ = writeln!(std::io::stderr(), "{line}");
}
