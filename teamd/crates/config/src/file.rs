//! Reads the file: all of it or nothing, and only if nobody else can have written it.

use super::error::{ConfigError, ConfigErrors, Origin};
use rustix::process::{getegid, geteuid};
use std::fs::{File, Metadata};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A configuration is a few kilobytes; more is another file by mistake.
const LARGEST: u64 = 1024 * 1024;

/// The text of the file; none if it is not there and need not be.
pub(super) fn read(path: &Path, required: bool) -> Result<Option<String>, ConfigErrors> {
    let fail = |message: String| {
        ConfigErrors::from(ConfigError {
            origin: Origin::WholeFile(path.to_owned()),
            message,
        })
    };
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound && !required => return Ok(None),
        Err(error) => return Err(fail(format!("cannot be opened: {error}"))),
    };
    // Asked of the open file, so that what was judged is what is read.
    let metadata = file
        .metadata()
        .map_err(|error| fail(format!("cannot be examined: {error}")))?;
    judge(&metadata, geteuid().as_raw(), getegid().as_raw()).map_err(fail)?;
    let mut bytes = Vec::new();
    file.by_ref()
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| fail(format!("cannot be read: {error}")))?;
    if bytes.len() as u64 > LARGEST {
        return Err(fail("is larger than 1 MiB: not a teamd configuration".to_owned()));
    }
    String::from_utf8(bytes)
        .map(Some)
        .map_err(|_| fail("is not UTF-8 text".to_owned()))
}

/// Whoever can write the configuration decides whose credentials the daemon uses and who is who.
fn judge(metadata: &Metadata, uid: u32, gid: u32) -> Result<(), String> {
    if !metadata.is_file() {
        // A pipe or a terminal has no meaningful mode, and can only have been named by whoever started us.
        return Ok(());
    }
    let (mode, owner, group) = (metadata.mode(), metadata.uid(), metadata.gid());
    if owner != 0 && owner != uid {
        return Err(format!(
            "belongs to uid {owner}, who could change it; it must belong to root or to uid {uid}: chown it"
        ));
    }
    if mode & 0o002 != 0 {
        return Err(format!(
            "can be written by everyone (mode {:04o}): chmod o-w it",
            mode & 0o7777
        ));
    }
    // One's own file in one's own group is what a umask of 002 makes where every user has a group of their own.
    if mode & 0o020 != 0 && !(owner == uid && group == gid) {
        return Err(format!(
            "can be written by group {group} (mode {:04o}): chmod g-w it",
            mode & 0o7777
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{Permissions, set_permissions, write};
    use std::os::unix::fs::PermissionsExt;

    fn verdict(mode: u32, uid_offset: u32, gid_offset: u32) -> Result<(), String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("teamd.toml");
        write(&path, "").unwrap();
        set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let metadata = path.metadata().unwrap();
        judge(
            &metadata,
            metadata.uid() + uid_offset,
            metadata.gid() + gid_offset,
        )
    }

    #[test]
    fn a_file_that_others_can_write_is_refused() {
        assert_eq!(verdict(0o644, 0, 0), Ok(()));
        assert_eq!(verdict(0o600, 0, 0), Ok(()));
        assert_eq!(verdict(0o664, 0, 0), Ok(()));
        assert!(verdict(0o664, 0, 1).unwrap_err().contains("chmod g-w"));
        assert!(verdict(0o646, 0, 0).unwrap_err().contains("chmod o-w"));
    }

    #[test]
    fn a_file_of_somebody_else_is_refused_unless_it_is_roots() {
        let result = verdict(0o644, 1, 0);
        if geteuid().is_root() {
            assert_eq!(result, Ok(()));
        } else {
            assert!(result.unwrap_err().contains("chown"));
        }
    }

    #[test]
    fn missing_files_matter_only_where_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("absent.toml");
        assert_eq!(read(&path, false).unwrap(), None);
        let errors = read(&path, true).unwrap_err().to_string();
        assert!(
            errors.contains("absent.toml") && errors.contains("cannot be opened"),
            "{errors}"
        );
    }

    #[test]
    fn directories_and_binary_files_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert!(read(dir.path(), true).is_err());
        let path = dir.path().join("binary");
        write(&path, [0xff, 0xfe]).unwrap();
        set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        assert!(read(&path, true).unwrap_err().to_string().contains("UTF-8"));
    }
}
