//! The copy of the workspace in which every guard can be taken out.

use crate::VARIABLE;
use crate::entry::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is put into each crate that has a guard. The process does not change its mind.
fn module() -> String {
    format!(
        "\n#[doc(hidden)]\n#[allow(missing_docs, unreachable_pub, clippy::all)]\nmod guard_without {{\n    \
         pub fn is(key: &str) -> bool {{\n        \
         static KEY: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();\n        \
         KEY.get_or_init(|| std::env::var(\"{VARIABLE}\").ok()).as_deref() == Some(key)\n    }}\n}}\n"
    )
}

/// A source with its guards behind questions. Several may stand in the same place.
#[must_use]
pub fn rewritten(text: &str, entries: &[&Entry]) -> String {
    let mut places: BTreeMap<String, Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        places.entry(entry.anchor()).or_default().push(entry);
    }
    let mut text = text.to_owned();
    for (anchor, entries) in places {
        let first = entries[0];
        let mut choice = String::new();
        for entry in &entries {
            let question = format!("if crate::guard_without::is(\"{}\")", entry.with);
            choice.push_str(&format!("{question} {{ {} }} else ", entry.without));
        }
        choice.push_str(&format!("{{ {} }}", first.find));
        let is_statement = first.find.ends_with([';', '}']);
        let choice = if is_statement {
            choice
        } else {
            format!("({choice})")
        };
        text = text.replacen(&anchor, &format!("{}{choice}", first.before), 1);
    }
    text
}

/// Copies what git knows of, with the guards behind questions. A file that would be the same is left alone, so that the
/// next build takes up where this one ends.
///
/// # Errors
/// Git or the disk refuse.
pub fn copy(top: &Path, to: &Path, entries: &[Entry]) -> Result<(), String> {
    let listed = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(top)
        .output();
    let listed = listed.map_err(|error| format!("git ls-files: {error}"))?;
    if !listed.status.success() {
        return Err(format!(
            "git ls-files: {}",
            String::from_utf8_lossy(&listed.stderr)
        ));
    }
    let listed = String::from_utf8_lossy(&listed.stdout);
    let names: BTreeSet<&str> = listed.split('\0').filter(|name| !name.is_empty()).collect();
    let crates: BTreeSet<String> = entries.iter().map(|entry| library_of(&entry.file)).collect();
    for name in &names {
        // A file that is tracked and taken away.
        let Ok(bytes) = std::fs::read(top.join(name)) else {
            continue;
        };
        let here: Vec<&Entry> = entries.iter().filter(|entry| entry.file == *name).collect();
        let bytes = if here.is_empty() && !crates.contains(*name) {
            bytes
        } else {
            let text = String::from_utf8(bytes).map_err(|error| format!("{name}: {error}"))?;
            let mut text = rewritten(&text, &here);
            if crates.contains(*name) {
                text.push_str(&module());
            }
            text.into_bytes()
        };
        write_if_other(&to.join(name), &bytes)?;
    }
    forget_others(to, to, &names)
}

/// `teamd/src/lib.rs` for a file of teamd.
fn library_of(file: &str) -> String {
    let package = file.split("/src/").next().unwrap_or_default();
    format!("{package}/src/lib.rs")
}

fn write_if_other(path: &Path, bytes: &[u8]) -> Result<(), String> {
    if std::fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    std::fs::write(path, bytes).map_err(failed)
}

/// Takes away what an earlier copy had and this one has not.
fn forget_others(folder: &Path, top: &Path, names: &BTreeSet<&str>) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
        .map_err(failed)?;
    for path in entries {
        let name = path
            .strip_prefix(top)
            .unwrap_or(&path)
            .to_string_lossy()
            .into_owned();
        if path.is_dir() {
            forget_others(&path, top, names)?;
        } else if !names.contains(name.as_str()) {
            std::fs::remove_file(&path).map_err(failed)?;
        }
    }
    Ok(())
}
