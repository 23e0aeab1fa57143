//! The functions of the workspace, and the numbers of defects in their names. Read line by line, as rustfmt leaves them:
//! an attribute that makes a test stands on a line of its own above `fn`, also within `proptest!`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A function as the sources have it.
#[derive(Debug, Clone)]
pub(super) struct Function {
    pub(super) name: String,
    /// The file, below the top of the repository.
    pub(super) file: String,
    /// Whether `cargo test` runs it.
    pub(super) is_test: bool,
}

/// The numbers of defects that a name carries: whole words, so that `_d1` is not found in `_d17`.
#[derive(Debug, PartialEq)]
pub(super) struct Numbers(BTreeSet<u32>);

impl Numbers {
    pub(super) fn of(name: &str) -> Self {
        let after_the_first = name.split('_').skip(1);
        let number = |word: &str| word.strip_prefix('d')?.parse().ok();
        Self(after_the_first.filter_map(number).collect())
    }

    pub(super) fn contains(&self, number: u32) -> bool {
        self.0.contains(&number)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u32> {
        self.0.iter().copied()
    }
}

/// The functions of a source file.
pub(super) fn functions(file: &str, text: &str) -> Vec<Function> {
    let mut found = Vec::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim_start) {
        if ["#[test]", "#[tokio::test]", "#[tokio::test("]
            .iter()
            .any(|attribute| line.starts_with(attribute))
        {
            is_test = true;
        } else if let Some(name) = name_of(line) {
            found.push(Function {
                name: name.to_owned(),
                file: file.to_owned(),
                is_test: std::mem::take(&mut is_test),
            });
        }
    }
    found
}

/// What a line that begins a function calls it.
fn name_of(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("fn ")?;
    let is_modifier = |word: &str| {
        let word = word.split('(').next().unwrap_or(word);
        ["pub", "async", "const", "unsafe"].contains(&word)
    };
    if !before.split_whitespace().all(is_modifier) {
        return None;
    }
    let end = after.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    (end > 0).then(|| &after[..end])
}

/// All functions of this workspace, in the order of their files.
pub(super) fn of_workspace(top: &Path) -> Vec<Function> {
    let mut files = Vec::new();
    for folder in ["shared", "teamd", "team-tui", "tests"] {
        below(&top.join(folder), &mut files);
    }
    files.sort();
    let read = |path: &PathBuf| {
        let text =
            std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let file = path
            .strip_prefix(top)
            .unwrap_or(path)
            .to_string_lossy()
            .into_owned();
        functions(&file, &text)
    };
    files.iter().flat_map(read).collect()
}

fn below(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("an entry of a folder that can be read").path();
        if path.is_dir() && !path.ends_with("target") {
            below(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
}
