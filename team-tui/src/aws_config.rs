//! The AWS configuration file of a person: our own sections are put in or replaced, and no other byte is touched. A
//! comment line above a section marks it as ours; one of the same name without it is somebody's own work, and refused.

use crate::profile::Section;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The line above each section of ours.
const MARK: &str =
    "# written by team-tui use, which also replaces it: changes down to the next blank line are lost";

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// A section of this name is there, and not ours.
    #[error("{path} has a section {header} that team-tui did not write")]
    Foreign {
        /// Where.
        path: PathBuf,
        /// Which.
        header: String,
    },
    /// No home, so no file.
    #[error("there is no home directory: set HOME or AWS_CONFIG_FILE")]
    NoHome,
    /// Somebody wrote between our reading and our writing.
    #[error("{0} was changed by somebody else just now; nothing was written")]
    Changed(PathBuf),
    /// The file cannot be read or written.
    #[error("{path}: {error}")]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// Where AWS's tools look: `AWS_CONFIG_FILE`, else `~/.aws/config`.
///
/// # Errors
/// There is no home.
pub(crate) fn path() -> Result<PathBuf, ConfigError> {
    let home = || std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
    match std::env::var_os("AWS_CONFIG_FILE").filter(|path| !path.is_empty()) {
        // AWS's tools expand it themselves, where a shell has not.
        Some(path) => match Path::new(&path).strip_prefix("~") {
            Ok(below) => Ok(home().ok_or(ConfigError::NoHome)?.join(below)),
            Err(_) => Ok(path.into()),
        },
        None => Ok(home().ok_or(ConfigError::NoHome)?.join(".aws/config")),
    }
}

/// Puts the sections into the file: read, changed, written beside it and renamed over it.
///
/// # Errors
/// A section is not ours, or the file cannot be read or written; then it is as it was.
pub(crate) fn write(path: &Path, sections: &[Section]) -> Result<(), ConfigError> {
    let failed = |error| ConfigError::Io {
        path: path.to_owned(),
        error,
    };
    // A link is followed, or the rename would put a file in its place.
    let target = match path.symlink_metadata() {
        Ok(_) => path.canonicalize().map_err(failed)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
        Err(error) => return Err(failed(error)),
    };
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(failed)?;
    let before = read(&target).map_err(failed)?;
    let mut text = before.clone().unwrap_or_default();
    for section in sections {
        text = with(&text, section).map_err(|header| ConfigError::Foreign {
            path: path.to_owned(),
            header,
        })?;
    }
    if before.as_ref() == Some(&text) {
        return Ok(());
    }
    let mut file = tempfile::Builder::new()
        .prefix(".team-tui-")
        .tempfile_in(folder)
        .map_err(failed)?;
    file.write_all(&text).map_err(failed)?;
    let mode = match &before {
        Some(_) => std::fs::metadata(&target).map_err(failed)?.permissions().mode() & 0o7777,
        None => 0o600,
    };
    let permissions = std::fs::Permissions::from_mode(mode);
    file.as_file().set_permissions(permissions).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    if read(&target).map_err(failed)? != before {
        return Err(ConfigError::Changed(path.to_owned()));
    }
    file.persist(&target).map_err(|error| failed(error.error))?;
    Ok(())
}

fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The text with the section in it; the header of a section of that name that is not ours.
fn with(text: &[u8], section: &Section) -> Result<Vec<u8>, String> {
    let body = format!("{MARK}\n{}\n{}\n", section.header(), section.lines.join("\n"));
    let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let mut ours = None;
    for (at, line) in lines.iter().enumerate() {
        if !is_header_of(line, section) {
            continue;
        }
        let marked = at > 0 && lines[at - 1].trim_ascii() == MARK.as_bytes();
        if !marked || ours.is_some() {
            return Err(section.header());
        }
        ours = Some(at);
    }
    let Some(header) = ours else {
        let mut whole = text.to_vec();
        if !whole.is_empty() {
            let gap: &[u8] = if whole.ends_with(b"\n") { b"\n" } else { b"\n\n" };
            whole.extend_from_slice(gap);
        }
        whole.extend_from_slice(body.as_bytes());
        return Ok(whole);
    };
    let ends = |line: &&[u8]| {
        let line = line.trim_ascii();
        line.is_empty() || matches!(line[0], b'[' | b'#' | b';')
    };
    let length = lines[header + 1..].iter().position(ends);
    let end = length.map_or(lines.len(), |length| header + 1 + length);
    Ok([
        &lines[..header - 1].concat(),
        body.as_bytes(),
        &lines[end..].concat(),
    ]
    .concat())
}

/// Whether the line opens a section of this kind and name, however it is spaced or quoted.
fn is_header_of(line: &[u8], section: &Section) -> bool {
    let line = String::from_utf8_lossy(line);
    let Some(inner) = line.trim().strip_prefix('[') else {
        return false;
    };
    let inner = inner.split(']').next().unwrap_or_default();
    let inner = inner.replace(['"', '\''], "");
    let mut words = inner.split_whitespace();
    words.next() == Some(section.kind) && words.next() == Some(&section.name) && words.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(name: &str, value: &str) -> Section {
        Section {
            kind: "profile",
            name: name.to_owned(),
            lines: vec![format!("region = {value}")],
        }
    }

    fn put(text: &[u8], section: &Section) -> String {
        String::from_utf8(with(text, section).expect("it is ours")).expect("UTF-8")
    }

    #[test]
    fn a_second_writing_replaces_and_leaves_the_rest() {
        let old = "[default]\r\nregion=x  \n\n; mine";
        let once = put(old.as_bytes(), &section("a", "one"));
        assert_eq!(once, format!("{old}\n\n{MARK}\n[profile a]\nregion = one\n"));
        let grown = format!("{once}\n# a note\n[profile b]\nkey = [x]\n");
        let twice = put(grown.as_bytes(), &section("a", "two"));
        assert_eq!(twice, grown.replace("= one", "= two"));
        assert_eq!(put(twice.as_bytes(), &section("a", "two")), twice);
    }

    #[test]
    fn somebody_elses_section_is_refused_however_it_is_written() {
        for header in [
            "[profile a]",
            "[ profile  a ]",
            "[profile \"a\"]",
            "  [profile 'a'] # x",
        ] {
            let text = format!("x\n{header}\nregion = y\n");
            assert_eq!(
                with(text.as_bytes(), &section("a", "z")),
                Err("[profile a]".to_owned()),
                "{header}"
            );
        }
        assert!(with(b"[profile ab]\n[sso-session a]\n[a]\n", &section("a", "z")).is_ok());
    }

    #[test]
    fn bytes_that_are_no_text_stay() {
        let old = b"[x]\nname = \xff\xfe\n";
        let new = with(old, &section("a", "z")).expect("nothing is in the way");
        assert!(new.starts_with(old));
    }
}
