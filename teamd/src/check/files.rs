//! Store and socket: there, writable, with room, and nobody else's.

use super::Line;
use rustix::fs::{Access, access, statvfs};
use rustix::process::geteuid;
use std::collections::BTreeSet;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use teamd_config::Store;

const MIB: u64 = 1024 * 1024;
/// Below this a warning.
const LITTLE: u64 = 1024 * MIB;
/// Below this a failure: a full disk keeps grants from being written.
const TOO_LITTLE: u64 = 256 * MIB;

/// The uid that the daemon runs as, told by who owns its state.
pub(super) fn daemon_uid(store: &Store) -> Option<u32> {
    let owner = |path: &Path| path.metadata().map(|metadata| metadata.uid()).ok();
    owner(&store.path).or_else(|| owner(directory(&store.path)))
}

/// Directories and files of the store.
pub(super) fn store(store: &Store) -> Vec<Line> {
    // The other paths of [store] are not written by this version.
    let paths = [&store.path];
    let directories: BTreeSet<&Path> = paths.iter().map(|path| directory(path)).collect();
    let mut lines = Vec::new();
    for directory in directories {
        match directory.metadata() {
            Ok(metadata) if metadata.is_dir() => {
                lines.push(store_directory(directory, &metadata));
                lines.push(disk(directory));
                lines.push(ballast(&store.path));
            }
            Ok(_) => lines.push(Line::fail(
                "store",
                format!("{} is not a directory", directory.display()),
                "name another path in [store]",
            )),
            Err(error) => lines.push(Line::fail(
                "store",
                format!("{}: {error}", directory.display()),
                format!(
                    "install -d -m 0700 -o teamd -g teamd {}, or name another path in [store]",
                    directory.display()
                ),
            )),
        }
    }
    let files: BTreeSet<PathBuf> = paths.iter().flat_map(|path| with_companions(path)).collect();
    for file in files {
        if let Ok(metadata) = file.symlink_metadata() {
            lines.push(store_file(&file, &metadata));
        }
    }
    lines
}

/// The directory of the socket: who can write there can put another socket in its place.
pub(super) fn socket_directory(socket: &Path) -> Line {
    let directory = directory(socket);
    let shown = directory.display();
    let help =
        "systemctl enable --now teamd.socket (or systemd-tmpfiles --create), or name another [server] socket";
    match directory.metadata() {
        Err(error) => Line::fail("socket", format!("{shown}: {error}"), help),
        Ok(metadata) if !metadata.is_dir() => {
            Line::fail("socket", format!("{shown} is not a directory"), help)
        }
        Ok(metadata) if metadata.mode() & 0o022 != 0 => Line::fail(
            "socket",
            format!(
                "{shown} can be written by others (mode {:04o}), who could put a socket of their own there",
                metadata.mode() & 0o7777
            ),
            "chmod go-w it, or name a socket in a directory of its own",
        ),
        Ok(metadata) => Line::ok(
            "socket",
            format!(
                "{shown} belongs to uid {} (mode {:04o})",
                metadata.uid(),
                metadata.mode() & 0o7777
            ),
        ),
    }
}

fn store_directory(directory: &Path, metadata: &Metadata) -> Line {
    let shown = directory.display();
    let mode = metadata.mode() & 0o7777;
    if access(directory, Access::WRITE_OK | Access::EXEC_OK).is_err() {
        return Line::fail(
            "store",
            format!("{shown} cannot be written by uid {}", geteuid().as_raw()),
            format!(
                "run this as the daemon's user (the directory belongs to uid {}), or chown it",
                metadata.uid()
            ),
        );
    }
    let help = format!("chmod 0700 {shown}");
    match mode & 0o022 {
        0 => Line::ok("store", format!("{shown} can be written (mode {mode:04o})")),
        // With the sticky bit, as on /tmp, others cannot replace files, but can put new ones beside them.
        _ if mode & 0o1000 != 0 => Line::warn(
            "store",
            format!("{shown} is a place for everybody (mode {mode:04o})"),
            "name a directory of its own in [store]",
        ),
        _ => Line::fail(
            "store",
            format!("{shown} can be written by others (mode {mode:04o}), who could replace the database"),
            help,
        ),
    }
}

fn store_file(file: &Path, metadata: &Metadata) -> Line {
    let shown = file.display();
    let mode = metadata.mode() & 0o7777;
    if !metadata.is_file() {
        return Line::fail(
            "store",
            format!("{shown} is not a plain file"),
            "name the file itself in [store]",
        );
    }
    if access(file, Access::READ_OK | Access::WRITE_OK).is_err() {
        return Line::fail(
            "store",
            format!("{shown} cannot be read and written by uid {}", geteuid().as_raw()),
            format!(
                "run this as the daemon's user (the file belongs to uid {}), or chown it",
                metadata.uid()
            ),
        );
    }
    if mode & 0o077 == 0 {
        Line::ok(
            "store",
            format!("{shown} is the daemon's alone (mode {mode:04o})"),
        )
    } else {
        Line::fail(
            "store",
            format!("{shown} is open to others (mode {mode:04o})"),
            format!("chmod 0600 {shown}"),
        )
    }
}

fn disk(directory: &Path) -> Line {
    let shown = directory.display();
    match statvfs(directory) {
        Ok(volume) => judge_space(
            &shown.to_string(),
            volume.f_bavail.saturating_mul(volume.f_frsize),
            volume.f_blocks.saturating_mul(volume.f_frsize),
        ),
        Err(error) => Line::fail(
            "disk",
            format!("{shown}: free space is unknown: {error}"),
            "look at the disk",
        ),
    }
}

/// The limits are the store's: bytes or a share of the disk, whichever is less.
fn judge_space(directory: &str, free: u64, total: u64) -> Line {
    let detail = if free >= LITTLE {
        format!("{:.1} GiB free at {directory}", free as f64 / LITTLE as f64)
    } else {
        format!("{} MiB free at {directory}", free / MIB)
    };
    let help = "free some: with a full disk nothing is granted any more, only removed";
    if free < TOO_LITTLE.min(total / 100 * 3) {
        Line::fail("disk", detail, help)
    } else if free < LITTLE.min(total / 10) {
        Line::warn("disk", detail, help)
    } else {
        Line::ok("disk", detail)
    }
}

/// The file that is given up when the disk is full. The daemon makes it.
fn ballast(database: &Path) -> Line {
    let mut path = database.as_os_str().to_owned();
    path.push(".ballast");
    let path = PathBuf::from(path);
    match path.symlink_metadata() {
        Ok(file) => Line::ok(
            "disk",
            format!(
                "{} holds {} MiB for a full disk",
                path.display(),
                file.blocks() * 512 / MIB
            ),
        ),
        // Before the first start there is none.
        Err(_) if !database.exists() => Line::ok(
            "disk",
            "the daemon keeps some room for a full disk beside the database",
        ),
        Err(_) => Line::warn(
            "disk",
            format!("there is no {}: nothing is kept for a full disk", path.display()),
            "make room, the daemon makes it again",
        ),
    }
}

/// SQLite's companions of a database hold the same data.
fn with_companions(path: &Path) -> [PathBuf; 4] {
    ["", "-wal", "-shm", ".ballast"].map(|suffix| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        name.into()
    })
}

/// Where a file is, or would be: `.` for a bare name.
fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Status;
    use std::fs::{Permissions, create_dir, set_permissions, write};
    use std::os::unix::fs::PermissionsExt as _;

    fn at(directory: &Path) -> Store {
        Store {
            path: directory.join("teamd.db"),
            activity_path: directory.join("activity.db"),
            leases_path: directory.join("leases.json"),
        }
    }

    fn chmod(path: &Path, mode: u32) {
        set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn worst(lines: &[Line]) -> Status {
        // The machine that runs the tests may be short of space.
        let lines = lines.iter().filter(|line| line.name != "disk");
        lines.map(|line| line.status).max().unwrap()
    }

    #[test]
    fn a_private_directory_is_fine_and_an_open_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        for (mode, expected) in [
            (0o700, Status::Ok),
            (0o755, Status::Ok),
            (0o777, Status::Fail),
            (0o1777, Status::Warn),
        ] {
            chmod(dir.path(), mode);
            assert_eq!(worst(&store(&at(dir.path()))), expected, "{mode:o}");
        }
    }

    #[test]
    fn files_that_others_can_read_are_found_with_their_companions() {
        let dir = tempfile::tempdir().unwrap();
        chmod(dir.path(), 0o700);
        let wal = dir.path().join("teamd.db-wal");
        write(&wal, "").unwrap();
        chmod(&wal, 0o640);
        let lines = store(&at(dir.path()));
        let found = lines.iter().find(|line| line.status == Status::Fail).unwrap();
        assert!(
            found.detail.contains("teamd.db-wal") && found.help.contains("0600"),
            "{found:?}"
        );
        chmod(&wal, 0o600);
        assert_eq!(worst(&store(&at(dir.path()))), Status::Ok);
        assert_eq!(daemon_uid(&at(dir.path())), Some(geteuid().as_raw()));
    }

    #[test]
    fn a_missing_directory_is_a_failure_that_says_how_to_make_it() {
        let dir = tempfile::tempdir().unwrap();
        let lines = store(&at(&dir.path().join("absent")));
        assert_eq!(worst(&lines), Status::Fail);
        assert!(lines[0].help.starts_with("install -d"));
    }

    #[test]
    fn a_socket_needs_a_directory_that_others_cannot_write() {
        let dir = tempfile::tempdir().unwrap();
        let run = dir.path().join("run");
        let socket = run.join("teamd.sock");
        assert_eq!(socket_directory(&socket).status, Status::Fail);
        create_dir(&run).unwrap();
        for (mode, expected) in [(0o755, Status::Ok), (0o775, Status::Fail), (0o1777, Status::Fail)] {
            chmod(&run, mode);
            assert_eq!(socket_directory(&socket).status, expected, "{mode:o}");
        }
    }

    #[test]
    fn space_has_two_thresholds() {
        assert_eq!(judge_space("/", 2 * LITTLE, 1 << 44).status, Status::Ok);
        assert_eq!(judge_space("/", LITTLE - 1, 1 << 44).status, Status::Warn);
        assert_eq!(judge_space("/", TOO_LITTLE - 1, 1 << 44).status, Status::Fail);
        // On a small disk a share of it counts.
        assert_eq!(judge_space("/", MIB, 12 * MIB).status, Status::Warn);
        assert_eq!(disk(Path::new("/")).name, "disk");
    }
}
