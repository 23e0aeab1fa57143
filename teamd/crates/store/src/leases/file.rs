//! The file as it is read and written.

use super::{LeasesFile, VERSION};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use teamd_host::files;
use teamd_host::files::Links;

/// The largest file that is read. An entry has some 300 bytes, so this is far beyond any organisation.
const LARGEST: u64 = 64 << 20;

/// Why there is nothing to go by. None of them is worth a retry by itself; the file is never changed by reading.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no file.
    #[error("there is no {0}")]
    Missing(PathBuf),
    /// It cannot be read.
    #[error("{0}: {1}")]
    Io(PathBuf, io::Error),
    /// Anybody may write to it, so anybody may have.
    #[error("{0} can be written by everybody: nothing is deleted on its word")]
    Unsafe(PathBuf),
    /// It is not such a document: cut short, damaged, or something else.
    #[error("{path} is not a leases file: {why}")]
    Garbage {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// It was written by another release.
    #[error("{path} has format {found}, this release reads {VERSION}")]
    Version {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: u64,
    },
}

/// Reads a leases file.
///
/// # Errors
/// It is missing, unreadable, damaged, of another format, or not to be trusted.
pub fn read(path: &Path) -> Result<LeasesFile, ReadError> {
    let io = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => ReadError::Missing(path.to_owned()),
        _ => ReadError::Io(path.to_owned(), error),
    };
    let garbage = |why: String| ReadError::Garbage {
        path: path.to_owned(),
        why,
    };
    let file = files::open(path, Links::Follow).map_err(io)?;
    let about = file.metadata().map_err(io)?;
    if about.mode() & 0o002 != 0 {
        return Err(ReadError::Unsafe(path.to_owned()));
    }
    let mut text = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut text).map_err(io)?;
    if text.len() as u64 > LARGEST {
        return Err(garbage("it is far too large".to_owned()));
    }
    let value: serde_json::Value =
        serde_json::from_slice(&text).map_err(|error| garbage(error.to_string()))?;
    // The format goes first: of another one, nothing else can be said.
    match value.get("version").and_then(serde_json::Value::as_u64) {
        Some(found) if found != u64::from(VERSION) => {
            return Err(ReadError::Version {
                path: path.to_owned(),
                found,
            });
        }
        Some(_) => {}
        None => return Err(garbage("it has no version".to_owned())),
    }
    serde_json::from_value(value).map_err(|error| garbage(error.to_string()))
}

/// Writes a leases file, for its owner only. When this returns, the document survives a power cut; when it fails, the one
/// before is still there.
///
/// # Errors
/// The disk is full, or the folder does not take it.
pub fn write(path: &Path, document: &LeasesFile) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(document)?;
    text.push(b'\n');
    super::whole::replace(path, &text)
}

#[cfg(test)]
mod tests {
    use super::super::LeaseEntry;
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn document() -> LeasesFile {
        LeasesFile {
            version: VERSION,
            written_at: "2026-11-23T09:00:00Z".parse().unwrap(),
            daemon: "teamd 0.1.0".to_owned(),
            instance_arn: Some("arn:aws:sso:::instance/ssoins-1".to_owned()),
            identity_store_id: None,
            region: Some("eu-west-1".to_owned()),
            leases: vec![LeaseEntry {
                user_id: "u-1".parse().unwrap(),
                account_id: "111122223333".parse().unwrap(),
                permission_set_arn: "arn:aws:sso:::permissionSet/ssoins-1/ps-1".parse().unwrap(),
                owned: true,
                last_end: "2026-11-23T10:00:00Z".parse().unwrap(),
                may_surface_until: None,
                requests: vec!["01KB3X5T2V9WQZ0F8R7N6M4K2H".parse().unwrap()],
            }],
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("leases.json");
        for leftover in [false, true] {
            if leftover {
                std::fs::write(folder.path().join("leases.json.new"), "half").unwrap();
            }
            write(&path, &document()).unwrap();
            assert_eq!(read(&path).unwrap(), document());
            assert_eq!(
                std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        }
        insta::assert_snapshot!(std::fs::read_to_string(&path).unwrap());
    }

    #[test]
    fn a_failed_write_leaves_the_old_document() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("leases.json");
        write(&path, &document()).unwrap();
        // A folder in the place of the new file: it cannot be made.
        std::fs::create_dir_all(folder.path().join("leases.json.new/x")).unwrap();
        assert!(
            write(
                &path,
                &LeasesFile {
                    leases: Vec::new(),
                    ..document()
                }
            )
            .is_err()
        );
        assert_eq!(read(&path).unwrap(), document());
    }

    #[test]
    fn what_is_no_leases_file_is_refused_with_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("leases.json");
        assert!(matches!(read(&path), Err(ReadError::Missing(_))));
        assert!(matches!(
            read(folder.path()),
            Err(ReadError::Garbage { .. } | ReadError::Io(..))
        ));
        write(&path, &document()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        for cut in 0..text.trim_end().len() {
            std::fs::write(&path, &text[..cut]).unwrap();
            assert!(
                matches!(read(&path), Err(ReadError::Garbage { .. })),
                "cut at {cut}"
            );
        }
        for (from, to) in [
            ("\"version\": 1", "\"versions\": 1"),
            ("111122223333", "11112222333"),
            ("\"owned\": true", "\"owned\": 1"),
            ("2026-11-23T10:00:00Z", "tomorrow"),
            ("\"leases\"", "\"lease\""),
        ] {
            std::fs::write(&path, text.replace(from, to)).unwrap();
            assert!(matches!(read(&path), Err(ReadError::Garbage { .. })), "{to}");
        }
        for garbage in [&b"\xff\xfe\x00"[..], b"[]", b"null", b"{}", b"\0\0\0\0"] {
            std::fs::write(&path, garbage).unwrap();
            assert!(
                matches!(read(&path), Err(ReadError::Garbage { .. })),
                "{garbage:?}"
            );
        }
        std::fs::write(&path, text.replace("\"version\": 1", "\"version\": 2")).unwrap();
        assert!(matches!(read(&path), Err(ReadError::Version { found: 2, .. })));
        // What a later release adds does not keep this one from reading.
        std::fs::write(&path, text.replace("\"owned\"", "\"note\": \"x\", \"owned\"")).unwrap();
        assert_eq!(read(&path).unwrap(), document());
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o666)).unwrap();
        assert!(matches!(read(&path), Err(ReadError::Unsafe(_))));
    }
}
