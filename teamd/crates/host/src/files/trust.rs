//! Whether only root and the daemon's user can change what a path leads to.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

/// Symbolic links that are followed; as many as Linux follows.
const MAX_LINKS: usize = 40;

/// Why a path is not trusted.
#[derive(Debug, thiserror::Error)]
pub enum Untrusted {
    /// Its owner can change it.
    #[error(
        "{} belongs to uid {uid}, and only root and teamd's user are trusted with it: \
         chown root it, or move the source to a folder that only root can write", path.display()
    )]
    Owner {
        /// The file or folder, which may be above the path in question.
        path: PathBuf,
        /// Its owner.
        uid: u32,
    },
    /// Its group or everybody can change it.
    #[error(
        "others can write {} (mode {mode:04o}): {}move the source to a folder that only root can write",
        path.display(), if mode & 0o1000 == 0 { "chmod go-w it, or " } else { "" }
    )]
    Writable {
        /// The file or folder, which may be above the path in question.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It cannot be looked at.
    #[error("{}: {error}", path.display())]
    Unknown {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// Refuses a path that somebody else than root and the user `daemon` could change: it, every folder above it, and the
/// same of every symbolic link on the way. The sticky bit, as on `/tmp`, does not help: others can put files there. What
/// does not exist is trusted where nobody else can create it. A relative path begins at `/`.
///
/// # Errors
/// The first file, folder or link that is not trusted.
pub fn refuse_untrusted(path: &Path, daemon: u32) -> Result<(), Untrusted> {
    let mut at = PathBuf::from("/");
    judge(&at, &look(&at)?, daemon)?;
    let mut rest: VecDeque<OsString> = VecDeque::new();
    prepend(&mut rest, path);
    let mut links = 0;
    while let Some(name) = rest.pop_front() {
        if name == ".." {
            // Of a path without links, so that this is its folder.
            at.pop();
            continue;
        }
        let next = at.join(name);
        let metadata = match look(&next) {
            Err(Untrusted::Unknown { error, .. }) if is_absent(&error) => return Ok(()),
            looked => looked?,
        };
        judge(&next, &metadata, daemon)?;
        if !metadata.is_symlink() {
            at = next;
            continue;
        }
        links += 1;
        let unknown = |error| Untrusted::Unknown {
            path: next.clone(),
            error,
        };
        if links > MAX_LINKS {
            return Err(unknown(rustix::io::Errno::LOOP.into()));
        }
        let target = next.read_link().map_err(unknown)?;
        if target.is_absolute() {
            at = PathBuf::from("/");
        }
        prepend(&mut rest, &target);
    }
    Ok(())
}

/// Puts the names of a path in front of others.
fn prepend(rest: &mut VecDeque<OsString>, path: &Path) {
    for component in path.components().rev() {
        match component {
            Component::Normal(name) => rest.push_front(name.to_owned()),
            Component::ParentDir => rest.push_front("..".into()),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
}

fn look(path: &Path) -> Result<Metadata, Untrusted> {
    path.symlink_metadata().map_err(|error| Untrusted::Unknown {
        path: path.to_owned(),
        error,
    })
}

/// Too long a name is no file either: it is an argument of another kind.
fn is_absent(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidFilename, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory | InvalidFilename)
}

fn judge(path: &Path, metadata: &Metadata, daemon: u32) -> Result<(), Untrusted> {
    let (uid, mode) = (metadata.uid(), metadata.mode() & 0o7777);
    let path = || path.to_owned();
    if uid != 0 && uid != daemon {
        return Err(Untrusted::Owner { path: path(), uid });
    }
    // Links have no permissions of their own.
    if mode & 0o022 != 0 && !metadata.is_symlink() {
        return Err(Untrusted::Writable { path: path(), mode });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::files::trust::*;
    use std::fs::{Permissions, create_dir, set_permissions, write};
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use team_test_support::trusted::trusted_folder;

    fn chmod(path: &Path, mode: u32) {
        set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    /// Whatever the umask is.
    fn put(path: &Path) {
        write(path, "").unwrap();
        chmod(path, 0o644);
    }

    fn make(path: &Path) {
        create_dir(path).unwrap();
        chmod(path, 0o755);
    }

    fn refuse(path: &Path) -> Result<(), String> {
        refuse_untrusted(path, rustix::process::geteuid().as_raw()).map_err(|why| why.to_string())
    }

    #[test]
    fn writable_file_is_refused_by_name() {
        let folder = trusted_folder();
        let path = folder.path().join("who.sh");
        put(&path);
        for (mode, is_trusted) in [(0o644, true), (0o755, true), (0o664, false), (0o646, false)] {
            chmod(&path, mode);
            let refused = refuse(&path);
            assert_eq!(refused.is_ok(), is_trusted, "{mode:o}: {refused:?}");
        }
        let refused = refuse(&path).unwrap_err();
        assert!(refused.contains(&path.display().to_string()), "{refused}");
        assert!(
            refused.contains("mode 0646") && refused.contains("chmod go-w"),
            "{refused}"
        );
    }

    #[test]
    fn writable_folder_above_is_refused() {
        let folder = trusted_folder();
        let (above, below) = (folder.path().join("above"), folder.path().join("above/below"));
        make(&above);
        make(&below);
        let path = below.join("payments");
        put(&path);
        for mode in [0o775, 0o757, 0o1777] {
            chmod(&above, mode);
            let refused = refuse(&path).unwrap_err();
            let named = format!("others can write {} (", above.display());
            assert!(refused.contains(&named), "{refused}");
        }
        chmod(&above, 0o755);
        assert_eq!(refuse(&path), Ok(()));
    }

    #[test]
    fn link_and_its_target_are_both_judged() {
        let folder = trusted_folder();
        let (open, safe) = (folder.path().join("open"), folder.path().join("safe"));
        make(&open);
        make(&safe);
        put(&open.join("who.sh"));
        put(&safe.join("who.sh"));
        chmod(&open, 0o777);
        // Out of a trusted folder into one that is not, absolute, relative and through a folder; and the other way.
        symlink(open.join("who.sh"), safe.join("absolute")).unwrap();
        symlink("../open/who.sh", safe.join("relative")).unwrap();
        symlink("../open", safe.join("folder")).unwrap();
        symlink(safe.join("who.sh"), open.join("link")).unwrap();
        for path in [
            "safe/absolute",
            "safe/relative",
            "safe/folder/who.sh",
            "open/link",
        ] {
            let refused = refuse(&folder.path().join(path)).unwrap_err();
            assert!(refused.contains(&open.display().to_string()), "{path}: {refused}");
        }
        symlink("who.sh", safe.join("well")).unwrap();
        symlink("loop", safe.join("loop")).unwrap();
        assert_eq!(refuse(&safe.join("well")), Ok(()));
        assert!(refuse(&safe.join("loop")).is_err());
    }

    #[test]
    fn absent_file_is_trusted_in_trusted_folder() {
        let folder = trusted_folder();
        assert_eq!(refuse(&folder.path().join("no/such/file")), Ok(()));
        chmod(folder.path(), 0o1777);
        assert!(refuse(&folder.path().join("no/such/file")).is_err());
    }

    #[test]
    fn relative_path_begins_at_root() {
        assert!(refuse(Path::new("tmp/who.sh")).unwrap_err().contains("/tmp "));
        assert!(refuse(Path::new("usr/../tmp/who.sh")).is_err());
        assert_eq!(refuse(Path::new("no-such-thing-at-root")), Ok(()));
        assert_eq!(refuse(Path::new(&"x".repeat(5_000))), Ok(()));
    }

    #[test]
    fn file_of_other_user_is_refused() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let folder = trusted_folder();
        let path = folder.path().join("payments");
        put(&path);
        std::os::unix::fs::chown(&path, Some(64_123), None).unwrap();
        assert!(refuse(&path).unwrap_err().contains("belongs to uid 64123"));
        assert!(refuse_untrusted(&path, 64_123).is_ok(), "it is the daemon's own");
    }
}
