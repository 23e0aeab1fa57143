//! Folders that only the test's user can write, as teamd demands of its on-call sources. `/tmp` is none.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A new folder in the build directory, the home directory or the runtime directory, whichever of them only this user
/// and root can write.
///
/// # Panics
/// None of them is so.
#[must_use]
pub fn trusted_folder() -> TempDir {
    let build = std::env::current_exe()
        .ok()
        .and_then(|exe| exe.parent().map(Path::to_owned));
    let of_variable = |name| std::env::var_os(name).map(PathBuf::from);
    let places = [build, of_variable("HOME"), of_variable("XDG_RUNTIME_DIR")];
    let place = places
        .into_iter()
        .flatten()
        .find(|place| is_trusted(place))
        .expect("a build, home or runtime directory that only you can write, with all folders above it");
    tempfile::tempdir_in(place).expect("a folder")
}

/// Whether only root and this user can write the folder and those above it.
fn is_trusted(folder: &Path) -> bool {
    let me = nix::unistd::geteuid().as_raw();
    let is_safe = |folder: &Path| {
        folder
            .metadata()
            .is_ok_and(|folder| [0, me].contains(&folder.uid()) && folder.mode() & 0o022 == 0)
    };
    folder
        .canonicalize()
        .is_ok_and(|folder| folder.ancestors().all(is_safe))
}
