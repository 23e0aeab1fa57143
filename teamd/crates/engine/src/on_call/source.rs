//! One reading of one source: a file or the output of a program. Blocks, so it runs on a thread of its own.
//!
//! Whoever can change a source can give access, so a source counts only if nobody but root and the daemon can change its
//! file, or its program and every file that its arguments name, or a folder above one of these.

use super::program::Programs;
use std::io;
use std::path::Path;
use std::time::Duration;
use teamd_config::OnCall;
use teamd_host::files;
use teamd_host::files::Links;

/// Longest run of a program.
pub(super) const RUN_TIMEOUT: Duration = Duration::from_secs(5);

/// Largest file, in bytes.
const MAX_BYTES: u64 = 64 * 1024;

/// What a source says now.
///
/// # Errors
/// Why it does not count, for people.
pub(super) fn read(source: &OnCall, programs: &Programs) -> Result<String, String> {
    let me = rustix::process::geteuid().as_raw();
    let mut paths = source.paths().into_iter();
    paths
        .try_for_each(|path| files::refuse_untrusted(path, me))
        .map_err(|why| why.to_string())?;
    match source {
        OnCall::File(path) => read_file(path),
        OnCall::Command(words) => programs.run(words, RUN_TIMEOUT),
    }
}

fn read_file(path: &Path) -> Result<String, String> {
    let about = |error: io::Error| format!("{}: {error}", path.display());
    let file = files::open(path, Links::Refuse).map_err(about)?;
    let bytes = files::read_all(file, MAX_BYTES).map_err(about)?;
    String::from_utf8(bytes).map_err(|_| format!("{}: it is not UTF-8", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{Permissions, set_permissions, write};
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use team_test_support::trusted::trusted_folder;

    fn chmod(path: &Path, mode: u32) {
        set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn read(source: &OnCall) -> Result<String, String> {
        super::read(source, &Programs::default())
    }

    fn command(words: &[&str]) -> OnCall {
        OnCall::Command(words.iter().map(|word| (*word).to_owned()).collect())
    }

    #[test]
    fn writable_file_or_folder_is_refused() {
        let folder = trusted_folder();
        let path = folder.path().join("payments");
        let source = OnCall::File(path.clone());
        write(&path, "ann\n").unwrap();
        chmod(&path, 0o644);
        assert_eq!(read(&source).unwrap(), "ann\n");
        chmod(&path, 0o664);
        assert!(read(&source).unwrap_err().contains("others can write"));
        chmod(&path, 0o644);
        chmod(folder.path(), 0o770);
        assert!(read(&source).unwrap_err().contains("others can write"));
        chmod(folder.path(), 0o700);
        let refused = read(&OnCall::File(folder.path().to_owned())).unwrap_err();
        assert!(refused.contains("no file"), "{refused}");
    }

    #[test]
    fn symlink_and_large_file_are_refused() {
        let folder = trusted_folder();
        let (path, link) = (folder.path().join("payments"), folder.path().join("link"));
        write(&path, "x".repeat(MAX_BYTES as usize + 1)).unwrap();
        chmod(&path, 0o644);
        symlink(&path, &link).unwrap();
        assert!(read(&OnCall::File(link)).unwrap_err().contains("symbolic link"));
        assert!(read(&OnCall::File(path)).unwrap_err().contains("more than"));
    }

    #[test]
    fn writable_script_as_argument_is_refused() {
        let folder = trusted_folder();
        let script = folder.path().join("who.sh");
        let name = script.to_str().unwrap();
        write(&script, "echo ann\n").unwrap();
        chmod(&script, 0o644);
        assert_eq!(read(&command(&["/bin/sh", name])).unwrap(), "ann\n");
        chmod(&script, 0o666);
        let relative = name.trim_start_matches('/');
        for word in [
            name,
            relative,
            &format!("--rcfile={name}"),
            &format!("--rcfile={relative}"),
            &format!("-f{name}"),
            &format!("@{name}"),
            &format!("usr/../{relative}"),
        ] {
            let refused = read(&command(&["/bin/sh", word])).unwrap_err();
            let named = format!("others can write {name} (mode 0666)");
            assert!(refused.contains(&named), "{word}: {refused}");
        }
        // A program, by its own name or a link.
        chmod(&script, 0o777);
        let link = folder.path().join("link");
        symlink(&script, &link).unwrap();
        for program in [name, link.to_str().unwrap()] {
            assert!(
                read(&command(&[program]))
                    .unwrap_err()
                    .contains("others can write")
            );
        }
    }

    #[test]
    fn words_that_name_no_file_are_trusted() {
        let words = [
            "/bin/echo",
            "ledger",
            "--team=ledger",
            "https://example.com/v1/who",
            "a\nb",
            "-",
        ];
        assert!(read(&command(&words)).is_ok());
    }
}
