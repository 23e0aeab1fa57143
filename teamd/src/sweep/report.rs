//! What a sweep says: one line each thing, for people and for the journal.

use super::Tally;
use super::removal::Gone;
use chrono::TimeDelta;
use std::fmt;
use team_shared::text::inert;
use teamd_domain::Time;
use teamd_store::leases::{LeaseEntry, LeasesFile};

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// Taken back.
    Deleted,
    /// Was gone.
    Gone,
    /// Not yet over.
    NotDue,
    /// Could not be taken back.
    Failed,
    /// Somebody should know.
    Warn,
    /// The end of a round.
    Sum,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it is about.
    pub word: Word,
    /// The rest.
    pub text: String,
}

impl Line {
    /// A line.
    pub fn new(word: Word, text: impl Into<String>) -> Self {
        Self {
            word,
            text: text.into(),
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.word {
            Word::Deleted => "deleted",
            Word::Gone => "gone",
            Word::NotDue => "not due",
            Word::Failed => "FAILED",
            Word::Warn => "WARN",
            Word::Sum => "sum",
        };
        write!(f, "{word:<8} {}", inert(&self.text))
    }
}

/// What has become of an entry.
pub(super) fn of(entry: &LeaseEntry, result: &Result<Gone, String>) -> Line {
    let (word, end) = match result {
        Ok(Gone::Deleted) => (Word::Deleted, "verified gone".to_owned()),
        Ok(Gone::Already) => (Word::Gone, "nothing was there".to_owned()),
        Err(why) => (Word::Failed, format!("tried again in the next round: {why}")),
    };
    Line::new(
        word,
        format!("{}; over since {}; {end}", name(entry), moment(entry.last_end)),
    )
}

/// The entries that are ours and not yet over.
#[must_use]
pub fn not_due(file: &LeasesFile, now: Time) -> Vec<Line> {
    file.leases
        .iter()
        .filter_map(|entry| match super::verdict(entry, now) {
            super::Verdict::NotDue(end) => Some(Line::new(
                Word::NotDue,
                format!("{}; until {}", name(entry), moment(end)),
            )),
            super::Verdict::Due | super::Verdict::Leave => None,
        })
        .collect()
}

/// The end of a round.
#[must_use]
pub fn sum(tally: &Tally) -> Line {
    Line::new(
        Word::Sum,
        format!(
            "{} due: {} deleted, {} gone before, {} failed; {} not due",
            tally.deleted + tally.gone + tally.failed,
            tally.deleted,
            tally.gone,
            tally.failed,
            tally.not_due
        ),
    )
}

fn name(entry: &LeaseEntry) -> String {
    let requests: Vec<String> = entry.requests.iter().map(|id| id.short().to_string()).collect();
    let requests = match requests.as_slice() {
        [] => String::new(),
        ids => format!(" ({})", ids.join(", ")),
    };
    format!(
        "user {} in {} as {}{requests}",
        entry.user_id, entry.account_id, entry.permission_set_arn
    )
}

pub(super) fn moment(at: Time) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

pub(super) fn length(span: TimeDelta) -> String {
    match span.num_minutes() {
        minutes @ ..120 => format!("{minutes} min"),
        minutes @ 120..2880 => format!("{} h", minutes / 60),
        minutes => format!("{} days", minutes / 1440),
    }
}
