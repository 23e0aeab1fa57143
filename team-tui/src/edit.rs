//! The reader's own editor on the policy document. The text is kept in a private file until it is in force: nothing that
//! was typed is ever lost.

use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Writes a document to a file of its own that nobody else can read, in a folder of its own.
///
/// # Errors
/// It cannot be written.
pub(crate) fn keep(document: &str) -> io::Result<PathBuf> {
    let folder = tempfile::Builder::new()
        .prefix("team-policy-")
        .permissions(std::fs::Permissions::from_mode(0o700))
        .tempdir()?
        .keep();
    let path = folder.join("policy.toml");
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path)?;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    file.write_all(document.as_bytes())?;
    file.sync_all()?;
    Ok(path)
}

/// Has a text written in the reader's editor: what it is afterwards.
///
/// # Errors
/// There is no such editor, it failed, or the file cannot be kept.
pub(crate) fn text(before: &str) -> io::Result<String> {
    let folder = tempfile::Builder::new()
        .prefix("team-text-")
        .permissions(std::fs::Permissions::from_mode(0o700))
        .tempdir()?;
    let path = folder.path().join("text.txt");
    std::fs::write(&path, format!("{before}\n"))?;
    run(&path, 1)?;
    std::fs::read_to_string(&path)
}

/// Runs `$VISUAL`, `$EDITOR` or `vi` on the file, at a line where the editor is known to take one.
///
/// # Errors
/// There is no such editor, or it failed.
pub(crate) fn run(file: &Path, line: usize) -> io::Result<()> {
    let named = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let editor = named("VISUAL")
        .or_else(|| named("EDITOR"))
        .unwrap_or_else(|| "vi".to_owned());
    // As the shell would split it, for `code --wait` and the like; no shell sees it.
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or("vi");
    let mut command = Command::new(program);
    command.args(words);
    let name = Path::new(program)
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    if matches!(name, "vi" | "vim" | "nvim" | "nano" | "emacs" | "less" | "view") && line > 1 {
        command.arg(format!("+{line}"));
    }
    let status = command.arg(file).status().map_err(|error| {
        io::Error::new(
            error.kind(),
            format!("{editor}: {error}; set EDITOR to one that is there"),
        )
    })?;
    if status.success() {
        Ok(())
    } else {
        Err(io::Error::other(format!(
            "{editor} ended with {status}; the text is in {}",
            file.display()
        )))
    }
}

/// Takes the file away once its text is in force.
pub(crate) fn forget(file: &Path) {
    let _ = std::fs::remove_file(file);
    if let Some(folder) = file.parent() {
        let _ = std::fs::remove_dir(folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_document_is_private_and_whole() {
        let path = keep("version = 1\n# a comment\n").unwrap();
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            "version = 1\n# a comment\n"
        );
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        forget(&path);
        assert!(!path.exists() && !path.parent().unwrap().exists());
    }
}
