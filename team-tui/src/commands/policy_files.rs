//! The policy as it is kept: a file, stdin, or a folder of files, one for each owner.

use super::Failure;
use std::io::{self, Read};
use std::path::Path;
use team_shared::policy::folder::{is_part, join};

/// The most that the daemon takes.
const MOST: u64 = 1024 * 1024;

/// The text of a policy: of a file, of stdin for `-`, or of all files of a folder.
pub(super) fn policy(path: &Path) -> Result<String, Failure> {
    if !path.is_dir() {
        return text(path);
    }
    let failed = |error: io::Error| unreadable(path, &error.to_string());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if is_part(&name) {
            files.push((name, text(&entry.path())?));
        }
    }
    files.sort();
    match join(files, is_toml) {
        Ok(joined) => Ok(joined.document),
        Err(error) => Err(unreadable(path, &error.to_string())),
    }
}

/// The text of a file, or of stdin for `-`.
pub(super) fn text(path: &Path) -> Result<String, Failure> {
    let failed = |error: io::Error| unreadable(path, &error.to_string());
    let mut text = String::new();
    // One byte over the limit is enough to be refused by size.
    let mut read = |source: &mut dyn Read| source.take(MOST + 1).read_to_string(&mut text).map_err(failed);
    if path == Path::new("-") {
        read(&mut io::stdin().lock())?;
    } else {
        read(&mut std::fs::File::open(path).map_err(failed)?)?;
    }
    Ok(text)
}

fn unreadable(path: &Path, why: &str) -> Failure {
    Failure::usage(
        format!("{}: {why}", path.display()),
        "name a readable TOML file, or a folder of them",
    )
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

    #[test]
    fn a_folder_is_one_document_and_each_file_must_be_toml() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("policy.toml", "version = 1\n");
        write("soc.toml", "[[deny]]\nid = \"x\"\n");
        write("expectations.toml", "[[expect]]\n");
        let document = policy(folder.path()).unwrap();
        assert_eq!(
            document,
            "# --- policy.toml\nversion = 1\n# --- soc.toml\n[[deny]]\nid = \"x\"\n"
        );
        write("open.toml", "[[deny]]\nid = \"\"\"x\n");
        let failure = policy(folder.path()).unwrap_err();
        assert_eq!(failure.exit_code(), 2);
        assert!(failure.to_string().contains("open.toml: line "), "{failure}");
    }
}
