//! Guards that can be taken out of the sources, to see that tests notice: `tests/guards.toml`.
//!
//! A test of a defect that stays green without the guard against it shows nothing. The file says which piece of source
//! is the guard, what stands there without it, and which tests must fail then. [`check`] is cheap and holds in every
//! `cargo test`: each piece is where the file says, once, and each defect is accounted for. The example `guards` makes
//! the test: it copies the sources, puts a choice in the place of every guard, compiles them once, and runs the tests
//! with one guard out at a time.
//!
//! A guard more: a table in the file.

pub mod read;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

/// The variable that names the guard that is out, in the process of a test.
pub const OUT: &str = "TEAM_WITHOUT_GUARD";

/// A guard, as the file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// Its name: the defect that it is against (`d7`), and more after a `_` where there are several.
    pub name: String,
    /// What happens without it, in a few words.
    pub what: String,
    /// Where it stands. Several where one alone would be made up for by another.
    pub edits: Vec<Edit>,
    /// Functions that must fail then, each of them.
    pub tests: Vec<String>,
}

/// A piece of source, and what stands there without the guard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The file, below the top of the repository.
    pub file: String,
    /// Exactly once in the file, with `find` in it; mostly `find` itself.
    pub within: String,
    /// An expression, or a statement where it ends with `;`.
    pub find: String,
    /// What stands there without it; empty: nothing.
    pub without: String,
}

impl Guard {
    /// The number of the defect.
    #[must_use]
    pub fn defect(&self) -> &str {
        self.name.split('_').next().unwrap_or(&self.name)
    }
}

impl Edit {
    /// The source with a choice in the place of the guard of this name.
    ///
    /// # Errors
    /// The guard is not there, or not once.
    pub fn opened(&self, name: &str, source: &str) -> Result<String, String> {
        let Self {
            file,
            within,
            find,
            without,
        } = self;
        for (text, piece) in [(source, within), (within.as_str(), find)] {
            match text.matches(piece.as_str()).count() {
                1 => {}
                0 => {
                    return Err(format!(
                        "guard.{name}: {file} has no `{piece}`; say what stands there now"
                    ));
                }
                many => {
                    return Err(format!(
                        "guard.{name}: {file} has `{piece}` {many} times; say `within` what"
                    ));
                }
            }
        }
        let is_out = format!("std::env::var_os({OUT:?}).is_some_and(|out| out == {name:?})");
        let choice = if find.trim_end().ends_with(';') {
            format!("if {is_out} {{ {without} }} else {{ {find} }}")
        } else {
            format!("(if {is_out} {{ {without} }} else {{ {find} }})")
        };
        Ok(source.replacen(within, &within.replacen(find, &choice, 1), 1))
    }
}

/// What the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Guards {
    /// In the order of the file.
    pub guards: Vec<Guard>,
    /// Defects without a piece of source that could be taken out, and why.
    pub structural: BTreeMap<String, String>,
}

impl Guards {
    /// Every file that has guards, with choices in their places.
    ///
    /// # Errors
    /// A line for each guard that is not where the file says.
    pub fn opened(
        &self,
        source: impl Fn(&str) -> Option<String>,
    ) -> Result<BTreeMap<String, String>, Vec<String>> {
        let (mut files, mut faults) = (BTreeMap::new(), Vec::new());
        for (guard, edit) in self
            .guards
            .iter()
            .flat_map(|guard| guard.edits.iter().map(move |edit| (guard, edit)))
        {
            // Against the source as it is: guards in one file must not hide each other.
            let Some(text) = source(&edit.file) else {
                faults.push(format!("guard.{}: there is no {}", guard.name, edit.file));
                continue;
            };
            if let Err(fault) = edit.opened(&guard.name, &text) {
                faults.push(fault);
                continue;
            }
            let opened = files.entry(edit.file.clone()).or_insert(text);
            match edit.opened(&guard.name, opened) {
                Ok(text) => *opened = text,
                Err(fault) => faults.push(format!("{fault} (another guard stands in the way)")),
            }
        }
        if faults.is_empty() { Ok(files) } else { Err(faults) }
    }

    /// What is wrong with the file: guards that are not there, tests of no defect, defects that are not accounted for.
    /// `defects`: those that tests show, with these tests.
    pub fn faults(
        &self,
        defects: &BTreeMap<String, Vec<String>>,
        source: impl Fn(&str) -> Option<String>,
    ) -> Vec<String> {
        let mut faults = self.opened(source).err().unwrap_or_default();
        for guard in &self.guards {
            let known = defects.get(guard.defect());
            for test in &guard.tests {
                if !known.is_some_and(|tests| tests.contains(test)) {
                    faults.push(format!(
                        "guard.{}: coverage.toml does not name {test} for {}",
                        guard.name,
                        guard.defect().to_uppercase()
                    ));
                }
            }
        }
        let guarded: BTreeSet<&str> = self.guards.iter().map(Guard::defect).collect();
        for defect in defects.keys() {
            if !guarded.contains(defect.as_str()) && !self.structural.contains_key(defect) {
                faults.push(format!(
                    "{defect} has neither a guard that can be taken out nor a line in [structural] that says why"
                ));
            }
        }
        for defect in self.structural.keys() {
            if guarded.contains(defect.as_str()) || !defects.contains_key(defect) {
                faults.push(format!(
                    "structural.{defect} is too much: it has a guard, or no tests"
                ));
            }
        }
        faults
    }
}
