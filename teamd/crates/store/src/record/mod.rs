//! Rows as both backends keep them, and the way back. Nothing here guesses: what cannot be is an
//! [`ImpossibleRow`](StoreError::ImpossibleRow) that names the row.

mod attention;
mod basis;
mod directory;
mod grant;
mod request;
mod state;

pub(super) use attention::AttentionRow;
pub(super) use directory::{directory_from_json, directory_to_json};
pub(super) use grant::GrantRow;
pub(super) use request::{RequestRow, VoteRow};
pub(super) use state::StateColumns;

use super::port::{StoreError, StoreResult};
use std::fmt::Display;
use std::str::FromStr;
use teamd_domain::Time;

/// Bytes that a text of AWS's or of the daemon's keeps; more is cut, because the removal path must not be refused for
/// the length of an error message.
pub(super) const MAX_NOTE: usize = 4096;

/// Which row is being read: every error of it names this.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) table: &'static str,
    pub(super) row: &'a str,
}

impl Place<'_> {
    /// The row cannot be.
    pub(super) fn impossible(&self, why: impl Into<String>) -> StoreError {
        StoreError::ImpossibleRow {
            table: self.table,
            row: self.row.to_owned(),
            why: why.into(),
        }
    }

    /// A text that must parse.
    pub(super) fn parse<T: FromStr<Err: Display>>(&self, column: &str, text: &str) -> StoreResult<T> {
        text.parse()
            .map_err(|error| self.impossible(format!("{column}: {error}")))
    }

    /// A moment.
    pub(super) fn time(&self, column: &str, ms: i64) -> StoreResult<Time> {
        Time::from_timestamp_millis(ms).ok_or_else(|| self.impossible(format!("{column}: no time: {ms}")))
    }

    /// A moment that may be absent.
    pub(super) fn maybe_time(&self, column: &str, ms: Option<i64>) -> StoreResult<Option<Time>> {
        ms.map(|ms| self.time(column, ms)).transpose()
    }

    /// A count.
    pub(super) fn count<T: TryFrom<i64>>(&self, column: &str, number: i64) -> StoreResult<T> {
        T::try_from(number).map_err(|_| self.impossible(format!("{column}: {number} is out of range")))
    }

    /// A document of ours.
    pub(super) fn json<T: serde::de::DeserializeOwned>(&self, column: &str, text: &str) -> StoreResult<T> {
        serde_json::from_str(text).map_err(|error| self.impossible(format!("{column}: {error}")))
    }
}

/// A moment as it is stored: whole milliseconds since 1970.
pub(super) fn millis(at: Time) -> i64 {
    at.timestamp_millis()
}

/// A moment in the precision that is stored.
pub(super) fn rounded(at: Time) -> Time {
    Time::from_timestamp_millis(millis(at)).unwrap_or(at)
}

/// A number that the tables can hold.
pub(super) fn signed(number: u64) -> StoreResult<i64> {
    i64::try_from(number).map_err(|_| StoreError::Database(format!("{number} does not fit into a column")))
}

/// A document of ours as text.
pub(super) fn to_json<T: serde::Serialize>(value: &T) -> StoreResult<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Database(error.to_string()))
}

/// A text cut to [`MAX_NOTE`] bytes at a character, with `…` where anything is gone.
pub(super) fn note(text: &str) -> String {
    if text.len() <= MAX_NOTE {
        return text.to_owned();
    }
    let cut = text.floor_char_boundary(MAX_NOTE - '…'.len_utf8());
    format!("{}…", &text[..cut])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_notes_are_cut_at_a_character() {
        assert_eq!(note("short"), "short");
        let cut = note(&"é".repeat(4000));
        assert!(cut.len() <= MAX_NOTE && cut.ends_with('…') && cut.len() > MAX_NOTE - 4);
        assert_eq!(note(&cut), cut);
    }
}
