//! Takes values out of the tree, key by key. Each taking names a key that exists; what is left over at the end is
//! unknown, and the names taken are what suggestions are made of. So there is no second list of keys to keep.

use super::error::{Errors, Origin};
use super::source::{Entry, Item, Table, Value};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use team_shared::text::is_hidden;

/// Says what is wrong with a text, or what it means.
pub(super) type Parse<T> = fn(&str) -> Result<T, String>;

/// The whole tree while it is read.
pub(super) struct Reader {
    tree: Table,
    known: BTreeMap<&'static str, Vec<&'static str>>,
    left: Vec<(&'static str, String, Origin)>,
    /// What went wrong so far.
    pub(super) errors: Errors,
}

impl Reader {
    /// Reads this tree; `errors` are those of parsing it.
    pub(super) fn new(tree: Table, errors: Errors) -> Self {
        Self {
            tree,
            known: BTreeMap::new(),
            left: Vec::new(),
            errors,
        }
    }

    /// Reads one section; whatever `read` leaves in it is unknown.
    pub(super) fn section<T>(&mut self, name: &'static str, read: impl FnOnce(&mut Section<'_>) -> T) -> T {
        let table = match self.tree.remove(name).map(|entry| entry.item) {
            None => Table::new(),
            Some(Item {
                value: Value::Table(table),
                ..
            }) => table,
            Some(Item { origin, value }) => {
                let message = format!("{name} is a section, [{name}], not {}", value.kind());
                self.errors.push(&origin, message);
                Table::new()
            }
        };
        let mut section = Section {
            name: name.to_owned(),
            at: None,
            table,
            known: Vec::new(),
            errors: &mut self.errors,
        };
        let read = read(&mut section);
        let Section { table, known, .. } = section;
        self.known.insert(name, known);
        self.left
            .extend(table.into_iter().map(|(key, entry)| (name, key, entry.key)));
        read
    }

    /// Reports what nobody took, and hands over all errors.
    pub(super) fn finish(mut self) -> Errors {
        for (section, key, origin) in &self.left {
            let hint = self.hint(key, Some(section));
            self.errors
                .push(origin, format!("[{section}] has no key {key:?}{hint}"));
        }
        for (name, entry) in &self.tree {
            if !matches!(entry.item.value, Value::Table(_)) {
                let hint = self.hint(name, None);
                self.errors.push(
                    &entry.key,
                    format!("there is no key {name:?} outside of sections{hint}"),
                );
                continue;
            }
            let hint = nearest(name, self.known.keys().copied())
                .map_or(String::new(), |near| format!("; did you mean [{near}]?"));
            self.errors
                .push(&entry.key, format!("there is no section [{name}]{hint}"));
        }
        self.errors
    }

    /// What an unknown key was probably meant to be.
    fn hint(&self, key: &str, section: Option<&str>) -> String {
        let own = section.and_then(|section| self.known.get(section));
        if let Some(near) = own.and_then(|keys| nearest(key, keys.iter().copied())) {
            return format!("; did you mean {near}?");
        }
        let elsewhere = |(section, keys): (&&'static str, &Vec<&'static str>)| {
            keys.contains(&key)
                .then(|| format!("; it belongs in [{section}]"))
        };
        self.known.iter().find_map(elsewhere).unwrap_or_default()
    }
}

/// The known name that is most like this one, if any is like it at all.
fn nearest(name: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    // Names of our own are short; comparing a megabyte with each of them would take minutes.
    if name.len() > 64 {
        return None;
    }
    known
        .map(|known| (strsim::jaro_winkler(name, known), known))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

/// One section while it is read. Each method takes one key: none if it is absent, or wrong, which is then noted.
pub(super) struct Section<'r> {
    name: String,
    /// Where it stands, where it is a part of another.
    at: Option<Origin>,
    table: Table,
    known: Vec<&'static str>,
    errors: &'r mut Errors,
}

impl Section<'_> {
    fn take(&mut self, key: &'static str) -> Option<Item> {
        self.known.push(key);
        self.table.remove(key).map(|entry| entry.item)
    }

    /// Notes that a key is wrong.
    pub(super) fn wrong(&mut self, key: &str, origin: &Origin, message: impl AsRef<str>) {
        self.errors
            .push(origin, format!("[{}] {key}: {}", self.name, message.as_ref()));
    }

    /// Where a key is set, if it is.
    pub(super) fn origin(&self, key: &str) -> Option<Origin> {
        self.table.get(key).map(|entry| entry.item.origin.clone())
    }

    /// Every key as a section of its own, whatever it is called; a key that is none is noted.
    pub(super) fn sections<T>(&mut self, read: impl Fn(&mut Section<'_>) -> T) -> BTreeMap<String, T> {
        let mut all = BTreeMap::new();
        for (name, Entry { key: at, item }) in std::mem::take(&mut self.table) {
            let Value::Table(table) = item.value else {
                let message = format!("must be a table, not {}", item.value.kind());
                self.wrong(&name, &item.origin, message);
                continue;
            };
            if name.is_empty()
                || name
                    .chars()
                    .any(|letter| is_hidden(letter) || letter.is_whitespace())
            {
                self.wrong(
                    &name,
                    &at,
                    "the name holds blanks or characters that cannot be seen",
                );
                continue;
            }
            let title = format!("{}.{name}", self.name);
            let one = part(title, at, table, self.errors, &read);
            all.insert(name, one);
        }
        all
    }

    /// One key as a section of its own; none if it is absent or none.
    pub(super) fn part<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&mut Section<'_>) -> Option<T>,
    ) -> Option<T> {
        self.known.push(key);
        let Entry { key: at, item } = self.table.remove(key)?;
        let Value::Table(table) = item.value else {
            let message = format!(
                "must be a table, [{}.{key}], not {}",
                self.name,
                item.value.kind()
            );
            self.wrong(key, &item.origin, message);
            return None;
        };
        part(format!("{}.{key}", self.name), at, table, self.errors, &read)
    }

    /// One key as a list of sections, `[[section.key]]`.
    pub(super) fn parts<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&mut Section<'_>) -> Option<T>,
    ) -> Vec<T> {
        let Some(Item { origin, value }) = self.take(key) else {
            return Vec::new();
        };
        let title = format!("{}.{key}", self.name);
        let Value::List(items) = value else {
            let message = format!("must be a list of tables, [[{title}]], not {}", value.kind());
            self.wrong(key, &origin, message);
            return Vec::new();
        };
        let mut all = Vec::new();
        for item in items {
            match item.value {
                Value::Table(table) => {
                    all.extend(part(title.clone(), item.origin, table, self.errors, &read));
                }
                other => {
                    let message = format!("must be a table, [[{title}]], not {}", other.kind());
                    self.wrong(key, &item.origin, message);
                }
            }
        }
        all
    }

    /// Notes that a part as a whole is wrong.
    pub(super) fn wrong_itself(&mut self, message: &str) {
        if let Some(at) = &self.at {
            self.errors.push(at, format!("[{}]: {message}", self.name));
        }
    }

    /// A text with a meaning.
    pub(super) fn text<T>(&mut self, key: &'static str, parse: Parse<T>) -> Option<T> {
        let item = self.take(key)?;
        self.word(key, item, parse)
    }

    fn word<T>(&mut self, key: &str, Item { origin, value }: Item, parse: Parse<T>) -> Option<T> {
        let (Value::Text(text) | Value::Plain(text)) = value else {
            let message = format!("must be a text in quotes, not {}", value.kind());
            self.wrong(key, &origin, message);
            return None;
        };
        let parsed = if text.trim().is_empty() {
            Err("must not be empty; leave the key out for its default".to_owned())
        } else if text.chars().any(is_hidden) {
            Err("holds characters that cannot be seen".to_owned())
        } else {
            parse(&text)
        };
        parsed.map_err(|message| self.wrong(key, &origin, message)).ok()
    }

    /// A list of texts; separated by commas in a variable.
    pub(super) fn list<T>(&mut self, key: &'static str, parse: Parse<T>) -> Option<Vec<T>> {
        let Item { origin, value } = self.take(key)?;
        let items = match value {
            Value::List(items) => items,
            Value::Plain(text) => text
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(|part| Item {
                    origin: origin.clone(),
                    value: Value::Plain(part.to_owned()),
                })
                .collect(),
            other => {
                let message = format!("must be a list of texts, [\"…\"], not {}", other.kind());
                self.wrong(key, &origin, message);
                return None;
            }
        };
        let count = items.len();
        let parsed: Vec<T> = items
            .into_iter()
            .filter_map(|item| self.word(key, item, parse))
            .collect();
        (parsed.len() == count).then_some(parsed)
    }

    /// A table of texts; cannot be set by a variable.
    pub(super) fn map(&mut self, key: &'static str) -> Option<BTreeMap<String, String>> {
        let Item { origin, value } = self.take(key)?;
        let table = match value {
            Value::Table(table) => table,
            Value::Plain(_) => {
                self.wrong(
                    key,
                    &origin,
                    "is a table, which only the file can hold, not a variable",
                );
                return None;
            }
            other => {
                let message = format!("must be a table, [{}.{key}], not {}", self.name, other.kind());
                self.wrong(key, &origin, message);
                return None;
            }
        };
        let mut map = BTreeMap::new();
        for (name, Entry { key: origin, item }) in table {
            let label = format!("{key}.{name}");
            if name.trim().is_empty() || name.chars().any(is_hidden) {
                self.wrong(
                    &label,
                    &origin,
                    "the name is empty or holds characters that cannot be seen",
                );
            } else if let Some(text) = self.word(&label, item, |text| Ok(text.to_owned())) {
                map.insert(name, text);
            }
        }
        Some(map)
    }

    /// True or false.
    pub(super) fn flag(&mut self, key: &'static str) -> Option<bool> {
        let Item { origin, value } = self.take(key)?;
        match value {
            Value::Bool(flag) => return Some(flag),
            Value::Plain(text) if text == "true" => return Some(true),
            Value::Plain(text) if text == "false" => return Some(false),
            _ => self.wrong(key, &origin, "must be true or false"),
        }
        None
    }

    /// A whole number in a range.
    pub(super) fn count(&mut self, key: &'static str, range: RangeInclusive<u32>) -> Option<u32> {
        let Item { origin, value } = self.take(key)?;
        let number = match value {
            Value::Integer(number) => number,
            Value::Plain(text) => text.parse().ok(),
            _ => None,
        };
        let count = number
            .and_then(|number| u32::try_from(number).ok())
            .filter(|count| range.contains(count));
        if count.is_none() {
            let (least, most) = range.into_inner();
            self.wrong(
                key,
                &origin,
                format!("must be a whole number from {least} to {most}"),
            );
        }
        count
    }

    /// Calls a second: above zero, whole or not.
    pub(super) fn rate(&mut self, key: &'static str) -> Option<f64> {
        let Item { origin, value } = self.take(key)?;
        let number = match value {
            // Rates are small: nothing is lost where it matters.
            #[allow(clippy::cast_precision_loss)]
            Value::Integer(number) => number.map(|number| number as f64),
            Value::Float(number) => number,
            Value::Plain(text) => text.parse().ok(),
            _ => None,
        };
        // Below a thousandth a removal would wait a quarter of an hour for its turn: a mistake, not a limit.
        let rate = number.filter(|rate| (0.001..=1000.0).contains(rate));
        if rate.is_none() {
            self.wrong(
                key,
                &origin,
                "must be a number above 0 (at least 0.001, at most 1000)",
            );
        }
        rate
    }
}

/// Reads a part of a section; whatever `read` leaves in it is unknown.
fn part<T>(
    name: String,
    at: Origin,
    table: Table,
    errors: &mut Errors,
    read: &impl Fn(&mut Section<'_>) -> T,
) -> T {
    let mut section = Section {
        name,
        at: Some(at),
        table,
        known: Vec::new(),
        errors,
    };
    let one = read(&mut section);
    let known = section.known.join(", ");
    let left = std::mem::take(&mut section.table);
    for (key, entry) in left {
        let message = format!("there is no such key; there are: {known}");
        section.wrong(&key, &entry.key, message);
    }
    one
}
