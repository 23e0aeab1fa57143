//! Secrets from files, read anew for each use: so that a new one needs no restart, and none stays in memory.

use std::fmt;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use teamd_host::files;
use teamd_host::files::Links;

/// No secret is longer, in bytes.
const MOST: u64 = 16 * 1024;

/// A secret. Neither its `Debug` nor an error shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// To be handed to whoever needs it, and to nobody else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The secret in a file, without blanks at its ends. It may be on a mount that hangs: it is read on a thread of its own.
///
/// # Errors
/// It is missing, empty, no text, or others on this machine can read it. Names the file, never what is in it.
pub async fn read(path: &Path) -> Result<Secret, String> {
    let from = path.to_owned();
    files::on_thread(&path.to_string_lossy(), files::READ_TIMEOUT, move || {
        read_now(&from)
    })
    .await
    .map_err(|unanswered| format!("{}: {unanswered}", path.display()))?
}

fn read_now(path: &Path) -> Result<Secret, String> {
    let name = path.display();
    let file = files::open(path, Links::Follow).map_err(|error| format!("{name}: {error}"))?;
    let metadata = file.metadata().map_err(|error| format!("{name}: {error}"))?;
    let mode = metadata.mode();
    if mode & 0o006 != 0 {
        return Err(format!(
            "{name} is open to everybody on this machine (mode {:04o}): chmod o-rw it, and change the secret",
            mode & 0o7777
        ));
    }
    let mut bytes = Vec::new();
    file.take(MOST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("{name}: {error}"))?;
    if bytes.len() as u64 > MOST {
        return Err(format!("{name} is longer than any secret"));
    }
    let text = String::from_utf8(bytes).map_err(|_| format!("{name} is not a text"))?;
    let text = text.trim();
    if text.is_empty() {
        return Err(format!("{name} is empty"));
    }
    Ok(Secret(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{Permissions, set_permissions, write};
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_secret_is_read_and_not_shown() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        write(&path, "xoxb-1\n").unwrap();
        set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let secret = read_now(&path).unwrap();
        assert_eq!(secret.expose(), "xoxb-1");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }

    #[test]
    fn what_everybody_can_read_is_no_secret() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        write(&path, "xoxb-1").unwrap();
        for mode in [0o604, 0o602] {
            set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let error = read_now(&path).unwrap_err();
            assert!(error.contains("chmod") && !error.contains("xoxb"), "{error}");
        }
        write(&path, " \n").unwrap();
        set_permissions(&path, Permissions::from_mode(0o440)).unwrap();
        assert!(read_now(&path).unwrap_err().ends_with("is empty"));
        assert!(read_now(&dir.path().join("none")).unwrap_err().contains("none"));
    }
}
