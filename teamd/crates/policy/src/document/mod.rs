//! The policy document: from the TOML that people write to [`Policy`].
//!
//! All faults are reported at once, with line and column. Nothing is silently ignored: an unknown key is a fault (with
//! the key that was probably meant). Where the text is not TOML at all, only those faults are reported: what could be read of it
//! would be guesswork.
//!
//! To add a key: its reading in `rules` or `settings`, and its name in the list of keys beside it.

mod expectations;
pub mod patterns;
mod places;
mod reader;
mod rules;
mod settings;
mod suggest;
pub mod targets;
mod value;

#[cfg(test)]
mod tests;

pub use expectations::parse_expectations;
pub use places::{RulePlace, rule_places};

use crate::{Policy, RoleAssignments, Settings};
use reader::{Faults, Section};
use toml::de::DeTable;

/// Something wrong in a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct Fault {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong, and what would be right.
    pub message: String,
}

/// The version of the document's form that is understood.
const VERSION: i64 = 1;

const KEYS: &[&str] = &[
    "version",
    "roles",
    "settings",
    "eligibility",
    "approver",
    "deny",
    "route",
];
const ROLES: &[&str] = &["admins", "auditors", "security"];

/// Parses a policy document.
///
/// # Errors
/// All faults at once, in the order of the text.
pub fn parse(text: &str) -> Result<Policy, Vec<Fault>> {
    let mut faults = Faults::new(text);
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        faults.syntax(&error);
    }
    if faults.any() {
        return Err(faults.in_order());
    }
    let root = Section::root(root.get_ref());
    root.refuse_unknown(KEYS, &mut faults);
    version(&root, &mut faults);
    let settings = match root.table("settings", &mut faults) {
        Some(section) => settings::read(&section, &mut faults),
        None => Settings::default(),
    };
    let policy = Policy {
        roles: root
            .table("roles", &mut faults)
            .map(|section| roles(&section, &mut faults))
            .unwrap_or_default(),
        eligibility: rules::each(&root, "eligibility", &mut faults, |section, faults| {
            rules::eligibility(section, &settings, faults)
        }),
        approvers: rules::each(&root, "approver", &mut faults, rules::approver),
        deny: rules::each(&root, "deny", &mut faults, rules::deny),
        routes: rules::each(&root, "route", &mut faults, rules::route),
        settings,
    };
    if faults.any() {
        Err(faults.in_order())
    } else {
        Ok(policy)
    }
}

fn version(root: &Section<'_, '_>, faults: &mut Faults<'_>) {
    let version = root.integer("version", i64::MIN..=i64::MAX, faults);
    match version {
        Some(VERSION) => {}
        Some(other) => root.fault(
            "version",
            format!("{other} is not understood: write version = {VERSION}"),
            faults,
        ),
        None => root.require("version", faults),
    }
}

fn roles(section: &Section<'_, '_>, faults: &mut Faults<'_>) -> RoleAssignments {
    section.refuse_unknown(ROLES, faults);
    let mut who = |key| section.list(key, faults, patterns::subject).unwrap_or_default();
    RoleAssignments {
        admins: who("admins"),
        auditors: who("auditors"),
        security: who("security"),
    }
}
