//! AWS credentials in files: keys that others can read are keys that others have.

use super::Line;
use nix::unistd::{Uid, User};
use rustix::process::geteuid;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Files of the daemon's user, where it is known, and of whoever runs this.
pub(super) fn lines(daemon: Option<u32>) -> Vec<Line> {
    let uids: BTreeSet<u32> = daemon.into_iter().chain([geteuid().as_raw()]).collect();
    let mut files: BTreeSet<PathBuf> = uids
        .into_iter()
        .filter_map(|uid| User::from_uid(Uid::from_raw(uid)).ok().flatten())
        .flat_map(|user| {
            let aws = user.dir.join(".aws");
            [aws.join("credentials"), aws.join("config")]
        })
        .collect();
    for variable in ["AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"] {
        files.extend(std::env::var_os(variable).map(PathBuf::from));
    }
    judge(&files)
}

fn judge(files: &BTreeSet<PathBuf>) -> Vec<Line> {
    let mut lines: Vec<Line> = files.iter().filter_map(|file| judge_file(file)).collect();
    if lines.is_empty() {
        lines.push(Line::ok("credentials", "no AWS keys in files"));
    }
    lines
}

/// None: there is nothing to protect.
fn judge_file(file: &Path) -> Option<Line> {
    let mode = file.metadata().ok()?.mode() & 0o7777;
    let shown = file.display();
    // A file of settings may be read by all, as long as there are no keys in it.
    if file.file_name() == Some(OsStr::new("config"))
        && std::fs::read(file).is_ok_and(|bytes| !holds_keys(&bytes))
    {
        return None;
    }
    Some(if mode & 0o077 == 0 {
        Line::ok("credentials", format!("{shown} is private (mode {mode:04o})"))
    } else {
        Line::fail(
            "credentials",
            format!("{shown} is open to other users (mode {mode:04o})"),
            format!("chmod 0600 {shown}, and replace the keys if others had access"),
        )
    })
}

fn holds_keys(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    text.contains("aws_secret_access_key") || text.contains("aws_session_token")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Status;
    use std::fs::{Permissions, set_permissions, write};
    use std::os::unix::fs::PermissionsExt as _;

    fn found(name: &str, text: &str, mode: u32) -> Status {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(name);
        write(&file, text).unwrap();
        set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        judge(&[file].into()).pop().unwrap().status
    }

    #[test]
    fn keys_that_others_can_read_are_a_failure() {
        let keys = "[default]\naws_secret_access_key = x\n";
        assert_eq!(found("credentials", keys, 0o600), Status::Ok);
        assert_eq!(found("credentials", keys, 0o604), Status::Fail);
        assert_eq!(found("credentials", keys, 0o640), Status::Fail);
        assert_eq!(found("config", keys, 0o644), Status::Fail);
        assert_eq!(found("config", "[default]\nregion = x\n", 0o644), Status::Ok);
    }

    #[test]
    fn no_file_is_fine() {
        assert_eq!(
            judge(&["/nonexistent/credentials".into()].into())[0].status,
            Status::Ok
        );
        assert!(!lines(None).is_empty());
    }
}
