//! How people, accounts and permission sets are spelt.

use super::suggest::nearest;
use crate::{AccountPattern, SetPattern, Subject};
use team_shared::text;

const SUBJECTS: &[&str] = &["user:", "group:", "oncall:"];
const ACCOUNTS: &[&str] = &["name:", "ou:", "ou-direct:", "tag:"];

/// `user:NAME`, `group:NAME` or `oncall:NAME`.
///
/// # Errors
/// What is wrong with it, and what would be right.
pub fn subject(written: &str) -> Result<Subject, String> {
    plain(written)?;
    if let Some(name) = written.strip_prefix("user:") {
        return named(name, written).map(Subject::User);
    }
    if let Some(name) = written.strip_prefix("group:") {
        return named(name, written).map(Subject::Group);
    }
    if let Some(name) = written.strip_prefix("oncall:") {
        return named(name, written).map(Subject::OnCall);
    }
    Err(match prefix_meant(written, SUBJECTS) {
        Some(meant) => format!("{written:?}: did you mean {meant:?}?"),
        None => format!("{written:?} is neither a user nor a group: write \"user:NAME\" or \"group:NAME\""),
    })
}

/// An account id, `name:GLOB`, `ou:OU`, `ou-direct:OU`, `tag:KEY=VALUE` or `*`.
///
/// # Errors
/// What is wrong with it, and what would be right.
pub fn account(written: &str) -> Result<AccountPattern, String> {
    plain(written)?;
    if written == "*" {
        return Ok(AccountPattern::All);
    }
    if let Ok(id) = written.parse() {
        return Ok(AccountPattern::Id(id));
    }
    if let Some(glob) = written.strip_prefix("name:") {
        return named(glob, written).map(AccountPattern::Name);
    }
    if let Some(path) = written.strip_prefix("ou:") {
        return ou(path, written, "ou:").map(AccountPattern::Ou);
    }
    if let Some(path) = written.strip_prefix("ou-direct:") {
        return ou(path, written, "ou-direct:").map(AccountPattern::OuDirect);
    }
    if let Some(tag) = written.strip_prefix("tag:") {
        return match tag.split_once('=') {
            Some(("", _)) => Err(format!("{written:?} names no tag: write \"tag:KEY=VALUE\"")),
            Some((_, value)) if value.contains('*') => Err(format!(
                "{written:?}: tags are compared exactly, and `*` is no character that AWS allows in one"
            )),
            Some((key, value)) => Ok(AccountPattern::Tag {
                key: key.to_owned(),
                value: value.to_owned(),
            }),
            None => Err(format!("{written:?} has no value: write \"tag:KEY=VALUE\"")),
        };
    }
    if written.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!(
            "{written:?} has {} digits: an account id has 12",
            written.len()
        ));
    }
    Err(match prefix_meant(written, ACCOUNTS) {
        Some(meant) => format!("{written:?}: did you mean {meant:?}?"),
        None => format!(
            "{written:?} names no account: write an id of 12 digits, \"name:…\", \"ou:…\", \"ou-direct:…\", \
             \"tag:KEY=VALUE\" or \"*\""
        ),
    })
}

/// A permission set's name, in which `*` stands for any characters, or its ARN.
///
/// # Errors
/// What is wrong with it, and what would be right.
pub fn set(written: &str) -> Result<SetPattern, String> {
    plain(written)?;
    Ok(SetPattern(written.to_owned()))
}

/// Blank ends and hidden characters are always a slip, and one that nobody can see.
pub(super) fn plain(written: &str) -> Result<(), String> {
    text::check(written).map_err(|error| format!("{written:?} {error}"))?;
    if written.trim() == written {
        Ok(())
    } else {
        Err(format!(
            "{written:?} has blanks at an end: write {:?}",
            written.trim()
        ))
    }
}

fn named(name: &str, written: &str) -> Result<String, String> {
    if name.trim().is_empty() {
        Err(format!("{written:?} names nothing"))
    } else if name.trim() != name {
        let prefix = &written[..written.len() - name.len()];
        Err(format!(
            "{written:?} has a blank after the colon: write \"{prefix}{}\"",
            name.trim()
        ))
    } else {
        Ok(name.to_owned())
    }
}

fn ou(path: &str, written: &str, prefix: &str) -> Result<String, String> {
    let path = named(path, written)?;
    if path == "/" {
        return Ok(path);
    }
    let names: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
    if names.is_empty() {
        return Err(format!(
            "{written:?} names nothing: the whole organisation is \"{prefix}/\""
        ));
    }
    if names.join("/") == path {
        Ok(path)
    } else {
        Err(format!(
            "{written:?}: write the path without leading, trailing or double `/`: \"{prefix}{}\"",
            names.join("/")
        ))
    }
}

/// The same text with the prefix that was probably meant.
fn prefix_meant(written: &str, prefixes: &[&str]) -> Option<String> {
    let (prefix, rest) = written.split_once(':')?;
    let meant = nearest(&format!("{prefix}:"), prefixes)?;
    Some(format!("{meant}{}", rest.trim()))
}
