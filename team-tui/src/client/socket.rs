//! Whom we talk to: a socket of root's, of `teamd`'s or of our own. Anybody else's could show us anything, and would
//! see every reason that is typed; its mode does not matter.

use super::error::{ClientError, from_io};
use nix::unistd::{Gid, Group, Uid, User};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Checks the owner of the socket.
///
/// # Errors
/// It is absent, out of reach, no socket, or somebody else's.
pub fn check(path: &Path) -> Result<(), ClientError> {
    let metadata = std::fs::metadata(path).map_err(|error| from_io(&error, path))?;
    if !metadata.file_type().is_socket() {
        return Err(ClientError::Broken {
            path: path.to_owned(),
            detail: "it is not a socket".to_owned(),
        });
    }
    let teamd = || {
        User::from_name("teamd")
            .ok()
            .flatten()
            .map(|user| user.uid.as_raw())
    };
    let owner = metadata.uid();
    if trusted(owner, Uid::effective().as_raw(), teamd) {
        return Ok(());
    }
    Err(ClientError::Untrusted {
        path: path.to_owned(),
        owner: name_of(owner),
    })
}

fn trusted(owner: u32, own: u32, teamd: impl FnOnce() -> Option<u32>) -> bool {
    owner == 0 || owner == own || teamd() == Some(owner)
}

fn name_of(uid: u32) -> String {
    match User::from_uid(Uid::from_raw(uid)) {
        Ok(Some(user)) => format!("{} (uid {uid})", user.name),
        _ => format!("uid {uid}"),
    }
}

/// The group of the socket, or of the nearest parent that can be looked at.
pub(super) fn group_of(path: &Path) -> Option<String> {
    let seen: Option<PathBuf> = path
        .ancestors()
        .find(|place| std::fs::metadata(place).is_ok())
        .map(Path::to_owned);
    let gid = std::fs::metadata(seen?).ok()?.gid();
    if gid == 0 {
        return None;
    }
    Group::from_gid(Gid::from_raw(gid))
        .ok()
        .flatten()
        .map(|group| group.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_root_teamd_and_oneself_are_trusted() {
        assert!(trusted(0, 1000, || None));
        assert!(trusted(1000, 1000, || None));
        assert!(trusted(990, 1000, || Some(990)));
        assert!(!trusted(1001, 1000, || Some(990)));
        assert!(!trusted(1001, 0, || None));
    }
}
