//! What the reader has chosen for the dashboard: `$XDG_CONFIG_HOME/team-tui/config.toml`, and options of the command
//! line, which go before it.

use crate::keymap::Keymap;
use crate::lists::Columns;
use crate::look::Look;
use crate::theme::Palette;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How the dashboard looks and what it may do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Colours.
    pub theme: Palette,
    /// Signs and lines in ASCII; absent: where the locale is not UTF-8.
    pub ascii: Option<bool>,
    /// For programs that read the screen aloud: no lines, nothing that counts seconds.
    pub a11y: bool,
    /// Nothing is changed from this dashboard.
    pub read_only: bool,
    /// Times in the reader's zone from the start.
    pub local_time: bool,
    /// The mouse moves and opens; without it, it selects text as the terminal does.
    pub mouse: bool,
    /// Columns of lists, by screen: `queue`, `mine`, `sessions`, `history`.
    pub columns: Columns,
    /// Other keys for actions.
    pub keys: Keymap,
    /// Requests that are asked for again and again, by name: `:template NAME`.
    pub templates: BTreeMap<String, Template>,
}

/// What a request form is filled with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Template {
    /// The account, by id or name.
    pub account: String,
    /// The permission set, by name.
    pub permission_set: String,
    /// How long.
    #[serde(rename = "for")]
    pub length: String,
    /// Why.
    pub reason: String,
    /// The ticket.
    pub ticket: String,
}

/// Why a file of settings is not taken; what it says is for its owner.
#[derive(Debug, thiserror::Error)]
#[error("{}: {why}", path.display())]
pub struct InvalidSettings {
    path: PathBuf,
    why: String,
}

impl Settings {
    /// What the file says; everything as usual where there is none.
    ///
    /// # Errors
    /// It cannot be read, or has something in it that does not exist.
    pub fn read(path: &Path) -> Result<Self, InvalidSettings> {
        let invalid = |why: String| InvalidSettings {
            path: path.to_owned(),
            why,
        };
        match std::fs::read_to_string(path) {
            Ok(text) => toml::from_str(&text).map_err(|error| invalid(error.to_string())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(invalid(error.to_string())),
        }
    }

    /// Where the file is: `$XDG_CONFIG_HOME/team-tui/config.toml`, `~/.config` without it.
    #[must_use]
    pub fn place() -> Option<PathBuf> {
        let set = |name: &str| {
            std::env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let folder = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")))?;
        Some(folder.join("team-tui/config.toml"))
    }

    /// What is done to each frame.
    pub(crate) fn look(&self) -> Look {
        Look {
            is_ascii: self.ascii.unwrap_or_else(|| !is_utf8()),
            is_spoken: self.a11y,
        }
    }
}

/// Whether the locale says UTF-8; one that says nothing is taken for it.
fn is_utf8() -> bool {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG"));
    locale.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_and_mistakes_are_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.toml");
        assert_eq!(Settings::read(&path).expect("no file"), Settings::default());
        let text = "theme = \"high-contrast\"\nread_only = true\n\
                    [templates.ledger]\naccount = \"prod-ledger\"\nfor = \"1h\"\n";
        std::fs::write(&path, text).expect("the file");
        let read = Settings::read(&path).expect("settings");
        assert_eq!((read.theme, read.read_only), (Palette::HighContrast, true));
        assert_eq!(read.templates["ledger"].length, "1h");
        for (text, says) in [
            ("colour = 1", "colour"),
            ("theme = \"pink\"", "pink"),
            ("[columns]\nqueue = [\"colour\"]", "no column \"colour\""),
            ("[columns]\nstatus = [\"id\"]", "no list \"status\""),
            ("[keys]\nfreeze = \"a\"\naprove = \"b\"", "aprove"),
            (
                "[keys]\nfreeze = \"a\"\naprove = \"b\"",
                "a is approve and freeze",
            ),
            ("theme", "config.toml"),
        ] {
            std::fs::write(&path, text).expect("the file");
            let error = Settings::read(&path).expect_err(text).to_string();
            assert!(error.contains(says) && error.contains("config.toml"), "{error}");
        }
    }
}
