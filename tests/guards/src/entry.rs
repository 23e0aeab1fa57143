//! `tests/guards.toml`: which guards there are, where they stand, and which tests are about them.

use std::collections::BTreeMap;
use std::path::Path;
use toml::{Table, Value};

/// A guard.
#[derive(Debug, Clone)]
pub struct Entry {
    /// How it is called: `d13`, or `d13-…` where a defect has several.
    pub key: String,
    /// The guard that it goes out with, where one promise is kept in several places; else its own key.
    pub with: String,
    /// What goes wrong without it, in a few words.
    pub what: String,
    /// The file that it stands in, below the top of the repository.
    pub file: String,
    /// What stands right before it, where that tells it from other places.
    pub before: String,
    /// The guard: an expression, or statements that end with `;` or `}`.
    pub find: String,
    /// What the code is without it.
    pub without: String,
    /// Functions of tests that must fail without it: at least one, and none where it goes out with another.
    pub tests: Vec<String>,
}

/// The whole file.
#[derive(Debug, Default)]
pub struct Guards {
    /// By key.
    pub entries: Vec<Entry>,
    /// Defects that no guard stands for, with the reason: `D4` and so on.
    pub none: BTreeMap<String, String>,
}

impl Guards {
    /// Reads the file's text.
    ///
    /// # Errors
    /// No TOML, or an entry that lacks something: all of it, a line each.
    pub fn read(text: &str) -> Result<Self, Vec<String>> {
        let file: Table = text.parse().map_err(|error| vec![format!("no TOML: {error}")])?;
        let table = |name: &str| {
            file.get(name)
                .and_then(Value::as_table)
                .cloned()
                .unwrap_or_default()
        };
        let (mut guards, mut wrong) = (Self::default(), Vec::new());
        for (key, value) in table("guards") {
            match value.as_table().map(|row| entry(&key, row)) {
                Some(Ok(entry)) => guards.entries.push(entry),
                Some(Err(fault)) => wrong.push(fault),
                None => wrong.push(format!("guards.{key} is no table")),
            }
        }
        for (defect, why) in table("none") {
            match why.as_str().filter(|why| !why.trim().is_empty()) {
                Some(why) => {
                    guards.none.insert(defect, why.to_owned());
                }
                None => wrong.push(format!("none.{defect} gives no reason; a sentence is enough")),
            }
        }
        if wrong.is_empty() { Ok(guards) } else { Err(wrong) }
    }

    /// Whether a defect has a guard here.
    #[must_use]
    pub fn guard(&self, defect: u32) -> bool {
        self.entries.iter().any(|entry| entry.defects().contains(&defect))
    }

    /// Guards that do not stand where the file says: a line each.
    #[must_use]
    pub fn misplaced(&self, top: &Path) -> Vec<String> {
        let misplaced = |entry: &Entry| {
            let text = std::fs::read_to_string(top.join(&entry.file));
            let Ok(text) = text else {
                return Some(format!("{}: {} cannot be read", entry.key, entry.file));
            };
            let times = text.matches(&entry.anchor()).count();
            (times != 1).then(|| {
                format!(
                    "{}: its source occurs {times} times in {}, not once; bring `find` (and `before`) up to date",
                    entry.key, entry.file
                )
            })
        };
        self.entries.iter().filter_map(misplaced).collect()
    }
}

impl Entry {
    /// The text that occurs once in the file.
    #[must_use]
    pub fn anchor(&self) -> String {
        format!("{}{}", self.before, self.find)
    }

    /// The numbers of the defects in its key.
    #[must_use]
    pub fn defects(&self) -> Vec<u32> {
        let words = self.key.split(['-', '_']);
        words
            .filter_map(|word| word.strip_prefix('d')?.parse().ok())
            .collect()
    }
}

fn entry(key: &str, row: &Table) -> Result<Entry, String> {
    let known = ["with", "what", "file", "before", "find", "without", "tests"];
    if let Some(other) = row.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(format!("guards.{key}.{other}: there are {}", known.join(", ")));
    }
    let text = |name: &str, default: Option<&str>| {
        let given = row.get(name).and_then(Value::as_str).or(default);
        given
            .map(ToOwned::to_owned)
            .ok_or_else(|| format!("guards.{key} has no {name}, a text"))
    };
    let tests = row.get("tests").and_then(Value::as_array).into_iter().flatten();
    let tests: Vec<String> = tests.filter_map(Value::as_str).map(ToOwned::to_owned).collect();
    if tests.is_empty() != row.contains_key("with") {
        return Err(format!(
            "guards.{key} has either tests, a list of names, or `with`, the key of another"
        ));
    }
    Ok(Entry {
        key: key.to_owned(),
        with: text("with", Some(key))?,
        what: text("what", None)?,
        file: text("file", None)?,
        before: text("before", Some(""))?,
        find: text("find", None)?,
        without: text("without", None)?,
        tests,
    })
}
