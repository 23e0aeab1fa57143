//! Typed reading of TOML tables that collects faults instead of stopping at the first.

use super::Fault;
use super::suggest::nearest;
use super::value::{expected, moment};
use crate::PatternBook;
use std::ops::RangeInclusive;
use team_shared::duration::Seconds;
use team_shared::text;
use teamd_domain::Time;
use toml::de::{DeTable, DeValue};

/// The faults found so far.
pub(super) struct Faults<'t> {
    text: &'t str,
    /// Where lines end, as bytes of the text.
    ends: Vec<usize>,
    found: Vec<(usize, String)>,
    /// The ticket patterns so far, and whether their budget is used up.
    pub(super) patterns: PatternBook,
    pub(super) is_over_budget: bool,
}

impl<'t> Faults<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text,
            ends: text.match_indices('\n').map(|(at, _)| at).collect(),
            found: Vec::new(),
            patterns: PatternBook::default(),
            is_over_budget: false,
        }
    }

    pub(super) fn any(&self) -> bool {
        !self.found.is_empty()
    }

    pub(super) fn count(&self) -> usize {
        self.found.len()
    }

    /// A fault at a byte of the text.
    pub(super) fn at(&mut self, byte: usize, message: impl Into<String>) {
        self.found.push((byte, message.into()));
    }

    /// The line of a byte of the text, from 1.
    fn line(&self, byte: usize) -> usize {
        self.ends.partition_point(|end| *end < byte) + 1
    }

    /// What the TOML parser says, with the text that it says it about.
    pub(super) fn syntax(&mut self, error: &toml::de::Error) {
        let span = error.span().unwrap_or_default();
        let offending = self.text.get(span.clone()).unwrap_or_default();
        let offending: String = offending
            .lines()
            .next()
            .unwrap_or_default()
            .chars()
            .take(60)
            .collect();
        let message = if offending.is_empty() {
            error.message().to_owned()
        } else {
            format!("{}: {offending:?}", error.message())
        };
        self.at(span.start, message);
    }

    /// All of them, in the order of the text.
    pub(super) fn in_order(mut self) -> Vec<Fault> {
        self.found.sort();
        self.found.dedup();
        let mut faults = Vec::with_capacity(self.found.len());
        // One walk over the text, however many faults there are.
        let mut characters = self.text.char_indices().peekable();
        let (mut line, mut column) = (1, 1);
        for (byte, message) in self.found {
            while let Some((_, c)) = characters.next_if(|(at, _)| *at < byte) {
                if c == '\n' {
                    line += 1;
                    column = 1;
                } else {
                    column += 1;
                }
            }
            faults.push(Fault {
                line,
                column,
                message,
            });
        }
        faults
    }
}

/// A table of the document.
pub(super) struct Section<'d, 'i> {
    /// What it is called in messages; empty for the document itself.
    name: String,
    /// Where its header is.
    at: usize,
    table: &'d DeTable<'i>,
}

impl<'d, 'i> Section<'d, 'i> {
    pub(super) fn root(table: &'d DeTable<'i>) -> Self {
        Self {
            name: String::new(),
            at: 0,
            table,
        }
    }

    /// The line of its header, from 1.
    pub(super) fn line(&self, faults: &Faults<'_>) -> usize {
        faults.line(self.at)
    }

    /// Whether the key is there, well-formed or not.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Says what is wrong with the value of a key; with the table, where it has no such key.
    pub(super) fn fault(&self, key: &str, message: impl Into<String>, faults: &mut Faults<'_>) {
        let at = self.table.get(key).map_or(self.at, |value| value.span().start);
        faults.at(at, format!("{key}: {}", message.into()));
    }

    /// Says that a key is missing, if it is.
    pub(super) fn require(&self, key: &str, faults: &mut Faults<'_>) {
        if !self.has(key) {
            let place = if self.name.is_empty() {
                "the document"
            } else {
                &self.name
            };
            faults.at(self.at, format!("{place} needs the key {key}"));
        }
    }

    /// Refuses every key but these.
    pub(super) fn refuse_unknown(&self, keys: &[&str], faults: &mut Faults<'_>) {
        for key in self
            .table
            .keys()
            .filter(|key| !keys.contains(&key.get_ref().as_ref()))
        {
            let written = key.get_ref();
            let place = if self.name.is_empty() {
                String::new()
            } else {
                format!(" in {}", self.name)
            };
            let help = match nearest(written, keys) {
                Some(meant) => format!("did you mean {meant}?"),
                None => format!("known are {}", keys.join(", ")),
            };
            faults.at(
                key.span().start,
                format!("unknown key {written:?}{place}; {help}"),
            );
        }
    }

    fn read<T>(
        &self,
        key: &str,
        faults: &mut Faults<'_>,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, String>,
    ) -> Option<T> {
        match read(self.table.get(key)?.get_ref()) {
            Ok(value) => Some(value),
            Err(message) => {
                self.fault(key, message, faults);
                None
            }
        }
    }

    pub(super) fn boolean(&self, key: &str, faults: &mut Faults<'_>) -> Option<bool> {
        self.read(key, faults, |value| {
            value.as_bool().ok_or_else(|| expected("true or false", value))
        })
    }

    pub(super) fn integer(
        &self,
        key: &str,
        range: RangeInclusive<i64>,
        faults: &mut Faults<'_>,
    ) -> Option<i64> {
        self.read(key, faults, |value| {
            let DeValue::Integer(integer) = value else {
                return Err(expected("a whole number", value));
            };
            i64::from_str_radix(integer.as_str(), integer.radix())
                .ok()
                .filter(|number| range.contains(number))
                .ok_or_else(|| {
                    format!(
                        "{} is out of range: from {} to {}",
                        integer.as_str(),
                        range.start(),
                        range.end()
                    )
                })
        })
    }

    /// A text that `parse` understands.
    pub(super) fn parsed<T>(
        &self,
        key: &str,
        faults: &mut Faults<'_>,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.read(key, faults, |value| {
            parse(
                value
                    .as_str()
                    .ok_or_else(|| expected("a text in quotes", value))?,
            )
        })
    }

    /// The text of a key, as it is written and unchecked, for messages.
    pub(super) fn word(&self, key: &str) -> Option<String> {
        let text = self.table.get(key)?.get_ref().as_str()?;
        Some(text::inert(&text.chars().take(64).collect::<String>()))
    }

    /// A text that people will read.
    pub(super) fn text(&self, key: &str, faults: &mut Faults<'_>) -> Option<String> {
        self.parsed(key, faults, |written| match text::check(written) {
            Ok(()) => Ok(written.to_owned()),
            Err(error) => Err(error.to_string()),
        })
    }

    pub(super) fn duration(&self, key: &str, faults: &mut Faults<'_>) -> Option<Seconds> {
        self.parsed(key, faults, |written| {
            written.parse().map_err(|error| format!("{error}"))
        })
    }

    pub(super) fn moment(&self, key: &str, faults: &mut Faults<'_>) -> Option<Time> {
        self.read(key, faults, |value| match value {
            DeValue::Datetime(written) => moment(written).ok_or_else(|| {
                format!("{written} is not a moment: write date, time and zone, like 2027-01-31T00:00:00Z")
            }),
            other => Err(expected(
                "a moment without quotes, like 2027-01-31T00:00:00Z,",
                other,
            )),
        })
    }

    /// A list of texts that `parse` understands; every one that it does not is a fault of its own.
    pub(super) fn list<T>(
        &self,
        key: &str,
        faults: &mut Faults<'_>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let items = self.read(key, faults, |value| {
            value
                .as_array()
                .ok_or_else(|| expected("a list in brackets", value))
                .map(|_| ())
        });
        items?;
        let items = self.table.get(key)?.get_ref().as_array()?;
        let mut read = Vec::with_capacity(items.len());
        for item in items.iter() {
            let parsed = match item.get_ref().as_str() {
                Some(written) => parse(written),
                None => Err(expected("a text in quotes", item.get_ref())),
            };
            match parsed {
                Ok(value) => read.push(value),
                Err(message) => faults.at(item.span().start, format!("{key}: {message}")),
            }
        }
        Some(read)
    }

    /// The table `[key]`.
    pub(super) fn table(&self, key: &str, faults: &mut Faults<'_>) -> Option<Section<'d, 'i>> {
        let value = self.table.get(key)?;
        let Some(table) = value.get_ref().as_table() else {
            faults.at(value.span().start, format!("{key} is a table: write [{key}]"));
            return None;
        };
        Some(Section {
            name: format!("[{key}]"),
            at: value.span().start,
            table,
        })
    }

    /// The tables `[[key]]`, in document order.
    pub(super) fn tables(&self, key: &str, faults: &mut Faults<'_>) -> Vec<Section<'d, 'i>> {
        let Some(value) = self.table.get(key) else {
            return Vec::new();
        };
        let Some(items) = value.get_ref().as_array() else {
            faults.at(
                value.span().start,
                format!("{key} is a list of tables: write [[{key}]]"),
            );
            return Vec::new();
        };
        let mut sections = Vec::with_capacity(items.len());
        for item in items.iter() {
            match item.get_ref().as_table() {
                Some(table) => sections.push(Section {
                    name: format!("[[{key}]]"),
                    at: item.span().start,
                    table,
                }),
                None => faults.at(
                    item.span().start,
                    format!("{key}: {}", expected("a table", item.get_ref())),
                ),
            }
        }
        sections
    }
}
