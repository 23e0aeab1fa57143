//! The policy as it is kept: one file, or a folder of them.

use std::path::Path;
use team_shared::policy::folder::{Joined, is_part, join};
use teamd_policy::Policy;
use teamd_policy::document;
use teamd_policy::document::Fault;

/// The policy of a file, or of all files of a folder.
///
/// # Errors
/// A line for everything that is wrong, with its file.
pub fn policy(path: &Path) -> Result<Policy, Vec<String>> {
    if !path.is_dir() {
        return document::parse(&text(path)?).map_err(|faults| places(path, faults));
    }
    let joined = read_folder(path)?;
    document::parse(&joined.document).map_err(|faults| {
        let place = |fault: Fault| match joined.place(fault.line) {
            Some((file, line)) => {
                let file = path.join(file);
                format!("{}:{line}:{}: {}", file.display(), fault.column, fault.message)
            }
            None => format!("{}: {}", path.display(), fault.message),
        };
        faults.into_iter().map(place).collect()
    })
}

/// The text of a file.
///
/// # Errors
/// It cannot be read.
pub(super) fn text(path: &Path) -> Result<String, Vec<String>> {
    std::fs::read_to_string(path).map_err(|error| vec![format!("{}: {error}", path.display())])
}

/// Faults of a file, as a compiler would say them.
pub(super) fn places(path: &Path, faults: Vec<Fault>) -> Vec<String> {
    let place = |fault: Fault| {
        format!(
            "{}:{}:{}: {}",
            path.display(),
            fault.line,
            fault.column,
            fault.message
        )
    };
    faults.into_iter().map(place).collect()
}

fn read_folder(path: &Path) -> Result<Joined, Vec<String>> {
    let failed = |error: std::io::Error| vec![format!("{}: {error}", path.display())];
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if is_part(&name) {
            files.push((name, text(&entry.path())?));
        }
    }
    // The order of a folder is any; of two files that are wrong the same one is always named.
    files.sort();
    join(files, is_toml).map_err(|error| vec![format!("{}: {error}", path.display())])
}

/// Whether a text is TOML by itself; else the line and what is wrong.
fn is_toml(text: &str) -> Result<(), String> {
    match toml::de::DeTable::parse(text) {
        Ok(_) => Ok(()),
        Err(error) => {
            let before = text
                .get(..error.span().unwrap_or_default().start)
                .unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            Err(format!("line {line}: {}", error.message()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    const RULE: &str = "who = [\"group:a\"]\naccounts = [\"*\"]\npermission_sets = [\"*\"]\n";

    #[test]
    fn a_folder_is_one_policy() {
        let folder = folder(&[
            ("policy.toml", "version = 1\n[settings]\nmax_duration = \"2h\"\n"),
            ("payments.toml", &format!("[[eligibility]]\nid = \"pay\"\n{RULE}")),
            ("soc.toml", &format!("[[deny]]\nid = \"no\"\n{RULE}")),
            ("expectations.toml", "[[expect]]\n"),
        ]);
        let policy = policy(folder.path()).unwrap();
        assert_eq!((policy.eligibility.len(), policy.deny.len()), (1, 1));
        assert_eq!(policy.settings.max_duration, "2h".parse().unwrap());
    }

    #[test]
    fn faults_are_those_of_their_file() {
        let folder = folder(&[
            ("policy.toml", "version = 1\n"),
            (
                "payments.toml",
                &format!("# ours\n[[eligibility]]\nid = \"pay\"\nwhom = []\n{RULE}"),
            ),
        ]);
        let lines = policy(folder.path()).unwrap_err();
        assert!(
            lines.len() == 1 && lines[0].contains("payments.toml:4:1: unknown key \"whom\""),
            "{lines:?}"
        );
    }

    #[test]
    fn a_file_that_is_open_at_its_end_is_named() {
        let folder = folder(&[
            ("policy.toml", "version = 1\n"),
            ("a.toml", "[[eligibility]]\nid = \"\"\"a\n"),
            ("b.toml", "[[deny]]\nid = \"\"\"b\"\"\"\n"),
        ]);
        let lines = policy(folder.path()).unwrap_err();
        assert!(
            lines[0].contains("a.toml: line ") && !lines[0].contains('\n'),
            "{lines:?}"
        );
    }
}
