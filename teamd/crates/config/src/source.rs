//! Brings file and environment into one tree in which every value knows where it was set.

use super::error::{Errors, Origin};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What every variable of ours starts with.
pub(super) const PREFIX: &str = "TEAMD_";

/// Keys of a table.
pub(super) type Table = BTreeMap<String, Entry>;

/// One key with its value.
#[derive(Debug)]
pub(super) struct Entry {
    /// Where the key stands.
    pub(super) key: Origin,
    /// What it is set to.
    pub(super) item: Item,
}

/// One value.
#[derive(Debug)]
pub(super) struct Item {
    /// Where it stands.
    pub(super) origin: Origin,
    /// What it is.
    pub(super) value: Value,
}

/// A value before anybody knows what it should have been.
#[derive(Debug)]
pub(super) enum Value {
    /// A TOML string.
    Text(String),
    /// A TOML integer; none if it does not fit.
    Integer(Option<i64>),
    /// A TOML float; none if it does not fit.
    Float(Option<f64>),
    /// A TOML boolean.
    Bool(bool),
    /// A TOML date or time: no key of ours is one.
    Date,
    /// A TOML array.
    List(Vec<Item>),
    /// A TOML table.
    Table(Table),
    /// Text of an environment variable; the key decides what it means.
    Plain(String),
}

impl Value {
    /// What it is, for a message.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) | Self::Plain(_) => "a text",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Bool(_) => "true or false",
            Self::Date => "a date or time",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

/// The tree of a file. Where the text is no TOML, every place where it is none is noted and the tree is empty: what a
/// broken text means is a guess.
pub(super) fn parse(path: &Path, text: &str, errors: &mut Errors) -> Table {
    let places = Places {
        path: Arc::from(path),
        text,
    };
    let (table, broken) = DeTable::parse_recoverable(text);
    for error in &broken {
        let origin = places.at(&error.span().unwrap_or(0..0));
        errors.push(&origin, format!("is not TOML here: {}", error.message().trim()));
    }
    if broken.is_empty() {
        places.table(table.into_inner())
    } else {
        Table::new()
    }
}

/// Lays the variables over the tree; they go before the file.
pub(super) fn overlay(tree: &mut Table, env: impl Iterator<Item = (String, String)>) {
    for (name, value) in env {
        let Some((section, key)) = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once("__")) else {
            continue;
        };
        let (section, key) = (section.to_ascii_lowercase(), key.to_ascii_lowercase());
        let origin = Origin::Env(name);
        let entry = tree.entry(section).or_insert_with(|| Entry {
            key: origin.clone(),
            item: Item {
                origin: origin.clone(),
                value: Value::Table(Table::new()),
            },
        });
        // A section that is no table is reported as such by whoever reads it.
        if let Value::Table(keys) = &mut entry.item.value {
            let item = Item {
                origin: origin.clone(),
                value: Value::Plain(value),
            };
            keys.insert(key, Entry { key: origin, item });
        }
    }
}

/// Turns byte ranges into lines and columns.
struct Places<'t> {
    path: Arc<Path>,
    text: &'t str,
}

impl Places<'_> {
    fn at(&self, span: &Range<usize>) -> Origin {
        let before = &self.text.as_bytes()[..span.start.min(self.text.len())];
        let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        Origin::File {
            path: Arc::clone(&self.path),
            line: 1 + before.iter().filter(|b| **b == b'\n').count(),
            // Characters, as editors count: continuation bytes of UTF-8 are none.
            column: 1 + before[line_start..].iter().filter(|b| **b & 0xC0 != 0x80).count(),
        }
    }

    fn table(&self, table: DeTable<'_>) -> Table {
        table
            .into_iter()
            .map(|(key, value)| {
                let entry = Entry {
                    key: self.at(&key.span()),
                    item: self.item(value),
                };
                (key.into_inner().into_owned(), entry)
            })
            .collect()
    }

    fn item(&self, value: Spanned<DeValue<'_>>) -> Item {
        let origin = self.at(&value.span());
        let value = match value.into_inner() {
            DeValue::String(text) => Value::Text(text.into_owned()),
            DeValue::Integer(number) => {
                Value::Integer(i64::from_str_radix(number.as_str(), number.radix()).ok())
            }
            DeValue::Float(number) => Value::Float(number.as_str().parse().ok()),
            DeValue::Boolean(flag) => Value::Bool(flag),
            DeValue::Datetime(_) => Value::Date,
            DeValue::Array(items) => Value::List(items.into_iter().map(|item| self.item(item)).collect()),
            DeValue::Table(table) => Value::Table(self.table(table)),
        };
        Item { origin, value }
    }
}
