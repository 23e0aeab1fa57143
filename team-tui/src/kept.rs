//! What the dashboard remembers between runs, in `$XDG_STATE_HOME/team-tui`: the draft of a request that was not sent, the
//! columns that were chosen, and that the reader has been welcomed. Nothing of it is needed: where it cannot be kept, it is not.

use crate::lists::Columns;
use crate::settings::Template;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const DRAFT: &str = "draft.toml";
const COLUMNS: &str = "columns.toml";
const WELCOMED: &str = "welcomed";

/// The folder; none where the environment names no home.
#[must_use]
pub fn folder() -> Option<PathBuf> {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let state = named("XDG_STATE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let state = state.or_else(|| named("HOME").map(|home| PathBuf::from(home).join(".local/state")))?;
    Some(state.join("team-tui"))
}

/// The draft that is kept, if one is.
pub(crate) fn draft(folder: &Path) -> Option<Template> {
    let text = std::fs::read_to_string(folder.join(DRAFT)).ok()?;
    toml::from_str(&text).ok()
}

/// Keeps a draft, or forgets the one that is kept.
pub(crate) fn keep_draft(folder: &Path, draft: Option<&Template>) {
    match draft.and_then(|draft| toml::to_string(draft).ok()) {
        Some(text) => write(folder, DRAFT, &text),
        None => drop(std::fs::remove_file(folder.join(DRAFT))),
    }
}

/// The columns that were chosen.
pub(crate) fn columns(folder: &Path) -> Columns {
    let text = std::fs::read_to_string(folder.join(COLUMNS)).unwrap_or_default();
    toml::from_str(&text).unwrap_or_default()
}

/// Keeps the columns that were chosen.
pub(crate) fn keep_columns(folder: &Path, columns: &Columns) {
    if let Ok(text) = toml::to_string(&columns.written()) {
        write(folder, COLUMNS, &text);
    }
}

/// Whether the reader was here before.
pub(crate) fn was_welcomed(folder: &Path) -> bool {
    folder.join(WELCOMED).exists()
}

/// The reader was here.
pub(crate) fn note_welcome(folder: &Path) {
    write(folder, WELCOMED, "");
}

/// For its owner alone, at once or not at all.
fn write(folder: &Path, name: &str, text: &str) {
    let _ = std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder);
    let new = folder.join(format!("{name}.new"));
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    if written.is_ok() {
        let _ = std::fs::rename(&new, folder.join(name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_draft_is_kept_for_its_owner_alone_and_forgotten_once_it_is_sent() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().join("state/team-tui");
        assert_eq!(draft(&folder), None);
        let template = Template {
            account: "prod-web".to_owned(),
            reason: "\"quoted\"\nand more".to_owned(),
            ..Template::default()
        };
        keep_draft(&folder, Some(&template));
        assert_eq!(draft(&folder), Some(template));
        let mode = |path: &Path| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&folder.join(DRAFT))), (0o700, 0o600));
        keep_draft(&folder, None);
        assert_eq!(draft(&folder), None);
        let mut chosen = Columns::default();
        chosen
            .choose(crate::Screen::Queue, &[], "id reason")
            .expect("two columns");
        assert_eq!(columns(&folder), Columns::default());
        keep_columns(&folder, &chosen);
        assert_eq!(columns(&folder), chosen);
        assert!(!was_welcomed(&folder));
        note_welcome(&folder);
        assert!(was_welcomed(&folder));
    }
}
