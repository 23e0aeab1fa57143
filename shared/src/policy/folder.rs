//! A policy as a folder of files, one for each owner: they are joined to the one document that the daemon knows.

/// The end of the names of files that hold expectations: they may stand in the same folder.
const EXPECTATIONS: &str = "expectations.toml";

/// The document that the files of a folder make together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Joined {
    /// The document. A comment names each file before its text.
    pub document: String,
    /// Line of the document at which each file begins, with its name.
    starts: Vec<(usize, String)>,
}

/// Why files make no document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoDocument {
    /// There is nothing to join.
    #[error("holds no file whose name ends in .toml")]
    Empty,
    /// No file says of what it is a part.
    #[error(
        "no file begins with `version = 1`: one does, and has [roles] and [settings]; the others begin with a rule"
    )]
    NoHead,
    /// Keys outside of tables would land in the last rule of another file.
    #[error(
        "{one} and {other} both have keys before their first table: only one file can; the others begin with a rule"
    )]
    TwoHeads {
        /// A file.
        one: String,
        /// Another.
        other: String,
    },
    /// What is open at the end of a file would swallow the next.
    #[error("{file}: {why}")]
    NotToml {
        /// Which.
        file: String,
        /// What its parser says.
        why: String,
    },
}

/// Whether a file of a folder is a part of the policy, by its name.
#[must_use]
pub fn is_part(name: &str) -> bool {
    name.ends_with(".toml") && !name.ends_with(EXPECTATIONS) && !name.starts_with('.')
}

/// Joins files, each a name and a text: the one with `version` first, the others by name. Each is parsed by itself
/// with `is_toml`, so that no file can reach into another.
///
/// # Errors
/// They make no document.
pub fn join(
    files: impl IntoIterator<Item = (String, String)>,
    is_toml: impl Fn(&str) -> Result<(), String>,
) -> Result<Joined, NoDocument> {
    let (mut heads, mut others) = (Vec::new(), Vec::new());
    for (name, text) in files {
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned();
        if let Err(why) = is_toml(&text) {
            return Err(NoDocument::NotToml { file: name, why });
        }
        match has_keys_before_tables(&text) {
            Some(true) => heads.push((name, text)),
            Some(false) => others.push((name, text)),
            // Nothing but comments.
            None => {}
        }
    }
    if heads.is_empty() && others.is_empty() {
        return Err(NoDocument::Empty);
    }
    if let [(one, _), (other, _), ..] = heads.as_slice() {
        return Err(NoDocument::TwoHeads {
            one: one.clone(),
            other: other.clone(),
        });
    }
    if heads.is_empty() {
        return Err(NoDocument::NoHead);
    }
    others.sort();
    let mut joined = Joined::default();
    let mut line = 1;
    for (name, text) in heads.into_iter().chain(others) {
        let comment = crate::text::inert(&name);
        joined.document.push_str(&format!("# --- {comment}\n"));
        joined.document.push_str(&text);
        if !text.ends_with('\n') {
            joined.document.push('\n');
        }
        joined.starts.push((line + 1, name));
        line += 1 + text.lines().count();
    }
    Ok(joined)
}

impl Joined {
    /// The file of a line of the document, and the line in it, from 1.
    #[must_use]
    pub fn place(&self, line: usize) -> Option<(&str, usize)> {
        let after = self.starts.partition_point(|(start, _)| *start <= line);
        let (start, name) = self.starts.get(after.checked_sub(1)?)?;
        Some((name, line - start + 1))
    }
}

/// Whether something stands before the first table; `None`: there is nothing at all.
fn has_keys_before_tables(text: &str) -> Option<bool> {
    text.lines()
        .map(str::trim_start)
        .find(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| !line.starts_with('['))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(files: &[(&str, &str)]) -> Result<Joined, NoDocument> {
        let files = files
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        // Enough of a parser for what is tested here.
        join(files, |text| match text.matches("'''").count() % 2 {
            0 => Ok(()),
            _ => Err("a text has no end".to_owned()),
        })
    }

    #[test]
    fn the_file_with_the_version_comes_first_and_the_others_by_name() {
        let files = [
            ("b.toml", "[[deny]]\nid = \"b\"\n"),
            ("z.toml", "# head\nversion = 1"),
            ("a.toml", "[[deny]]\nid = \"a\""),
        ];
        let joined = joined(&files).unwrap();
        assert_eq!(
            joined.document,
            "# --- z.toml\n# head\nversion = 1\n# --- a.toml\n[[deny]]\nid = \"a\"\n# --- b.toml\n[[deny]]\nid = \"b\"\n"
        );
        for (line, at) in [
            (1, None),
            (3, Some(("z.toml", 2))),
            (5, Some(("a.toml", 1))),
            (9, Some(("b.toml", 2))),
        ] {
            assert_eq!(joined.place(line), at, "{line}");
        }
    }

    #[test]
    fn no_file_reaches_into_another() {
        let head = ("head.toml", "version = 1\n");
        let stray = joined(&[head, ("x.toml", "approval = \"none\"\n[[deny]]\n")]);
        assert!(matches!(stray, Err(NoDocument::TwoHeads { .. })), "{stray:?}");
        let open = joined(&[
            head,
            ("a.toml", "[[deny]]\nreason = '''"),
            ("b.toml", "[[deny]]\nreason = '''x'''"),
        ]);
        assert!(open.unwrap_err().to_string().starts_with("a.toml: "));
        assert_eq!(joined(&[("a.toml", "[[deny]]")]), Err(NoDocument::NoHead));
        assert_eq!(joined(&[("a.toml", "# nothing\n")]), Err(NoDocument::Empty));
    }

    #[test]
    fn expectations_and_hidden_files_are_no_part() {
        for (name, part) in [
            ("policy.toml", true),
            ("payments.toml", true),
            ("expectations.toml", false),
            ("payments.expectations.toml", false),
            (".payments.toml", false),
            ("directory.json", false),
        ] {
            assert_eq!(is_part(name), part, "{name}");
        }
    }
}
