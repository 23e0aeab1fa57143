//! Conditions on CloudTrail records, and the two languages they are asked in: CloudWatch Logs' JSON filter patterns
//! and CloudTrail Lake's SQL. Both as far as they are written here; anything else is refused, never guessed.

mod pattern;
mod sql;
mod tokens;

use serde_json::Value;

pub(super) use pattern::parse as pattern;
pub(super) use sql::{Statement, parse as sql};

/// What a record must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    /// All of these.
    All(Vec<Condition>),
    /// One of these.
    Any(Vec<Condition>),
    /// This member is this text; `*` at either end stands for anything if `wild`.
    Is {
        path: Vec<String>,
        text: String,
        wild: bool,
    },
    /// This member is like this text: `%` stands for anything, `_` for one character.
    Like { path: Vec<String>, text: String },
    /// Happened at this time or later; as CloudTrail writes times, which sort as texts.
    Since(String),
    /// Happened at this time or before.
    Until(String),
}

impl Condition {
    pub(super) fn holds(&self, record: &Value) -> bool {
        let time = || record["eventTime"].as_str().unwrap_or_default();
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(record)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(record)),
            Self::Is { path, text, wild } => member(record, path).is_some_and(|value| is(value, text, *wild)),
            Self::Like { path, text } => member(record, path).is_some_and(|value| like(value, text)),
            Self::Since(at) => time() >= at.as_str(),
            Self::Until(at) => time() <= at.as_str(),
        }
    }
}

fn member<'a>(record: &'a Value, path: &[String]) -> Option<&'a str> {
    path.iter()
        .try_fold(record, |value, name| value.get(name.as_str()))
        .and_then(Value::as_str)
}

/// Keeps, for each beginning of the text, which beginnings of the value it matches.
fn like(value: &str, text: &str) -> bool {
    let value: Vec<char> = value.chars().collect();
    let mut matches = vec![false; value.len() + 1];
    matches[0] = true;
    for wanted in text.chars() {
        if wanted == '%' {
            let from = matches.iter().position(|it| *it).unwrap_or(matches.len());
            matches[from..].fill(true);
            continue;
        }
        for at in (0..value.len()).rev() {
            matches[at + 1] = matches[at] && (wanted == '_' || wanted == value[at]);
        }
        matches[0] = false;
    }
    matches[value.len()]
}

fn is(value: &str, text: &str, wild: bool) -> bool {
    if !wild {
        return value == text;
    }
    let (open_end, text) = match text.strip_suffix('*') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let (open_start, text) = match text.strip_prefix('*') {
        Some(text) => (true, text),
        None => (false, text),
    };
    match (open_start, open_end) {
        (true, true) => value.contains(text),
        (true, false) => value.ends_with(text),
        (false, true) => value.starts_with(text),
        (false, false) => value == text,
    }
}
