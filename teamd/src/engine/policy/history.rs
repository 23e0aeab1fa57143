//! Versions so far, with what each changed.

use crate::domain::event::{Datum, EventDraft};
use crate::engine::Engine;
use crate::engine::refused::Refused;
use crate::store::port::{PolicyRow, Read, StoreResult, Tx};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use similar::{ChangeTag, TextDiff};

/// Versions whose differences are worked out; of older ones only the rows are shown.
const SHOWN: usize = 100;

/// What is known of a version besides its row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Who confirmed it.
    #[serde(default)]
    pub confirmed_by: Option<String>,
    /// The version whose document it is.
    #[serde(default)]
    pub rolled_back_to: Option<u64>,
    /// Why it was forced.
    #[serde(default)]
    pub force_reason: Option<String>,
}

/// A version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRow {
    /// Its row.
    pub row: PolicyRow,
    /// What else is known.
    pub note: Note,
    /// Lines added and removed.
    pub change: String,
    /// Against the version before, in unified form.
    pub diff: String,
}

impl Note {
    pub(super) fn keep(&self, tx: &mut dyn Tx, version: u64) -> StoreResult<()> {
        match serde_json::to_string(self) {
            Ok(text) if *self != Self::default() => tx.set_meta(&key(version), &text),
            _ => Ok(()),
        }
    }

    fn read(read: &mut (impl Read + ?Sized), version: u64) -> StoreResult<Self> {
        let text = read.meta(&key(version))?;
        Ok(text
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default())
    }

    /// The event, with what is in the note.
    pub(super) fn on(&self, mut event: EventDraft) -> EventDraft {
        if let Some(name) = &self.confirmed_by {
            event = event.text("confirmed_by", name);
        }
        if let Some(version) = self.rolled_back_to {
            event = event.with(
                "rolled_back_to",
                Datum::Number(i64::try_from(version).unwrap_or(i64::MAX)),
            );
        }
        if let Some(reason) = &self.force_reason {
            event = event.with("force_reason", Datum::FreeText(reason.clone()));
        }
        event
    }
}

fn key(version: u64) -> String {
    format!("policy.note.{version}")
}

/// Lower-case hex SHA-256 of a document.
#[must_use]
pub fn sha256(document: &str) -> String {
    let digest = Sha256::digest(document.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// From one document to another, in unified form; empty: the same.
#[must_use]
pub fn diff(before: &str, after: &str, names: (&str, &str)) -> String {
    let diff = TextDiff::from_lines(before, after);
    let mut unified = diff.unified_diff();
    unified.context_radius(3).header(names.0, names.1).to_string()
}

/// Lines added and removed: `+3 -1`.
pub(super) fn changed_lines(before: &str, after: &str) -> String {
    let diff = TextDiff::from_lines(before, after);
    let count = |tag| {
        diff.iter_all_changes()
            .filter(|change| change.tag() == tag)
            .count()
    };
    format!("+{} -{}", count(ChangeTag::Insert), count(ChangeTag::Delete))
}

impl Engine {
    /// All versions, newest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn policy_history(&self) -> Result<Vec<HistoryRow>, Refused> {
        let rows = self
            .store
            .read(|read| {
                let rows = read.policy_history()?;
                let mut noted = Vec::with_capacity(rows.len());
                for row in rows {
                    let note = Note::read(read, row.version)?;
                    noted.push((row, note));
                }
                Ok::<_, Refused>(noted)
            })
            .await?;
        let documents: Vec<String> = rows.iter().map(|(row, _)| row.document.clone()).collect();
        let versions = rows.into_iter().enumerate().map(|(at, (row, note))| {
            let (mut change, mut differs) = (String::new(), String::new());
            if at < SHOWN {
                let before = documents.get(at + 1).map_or("", String::as_str);
                change = changed_lines(before, &row.document);
                let names = (
                    format!("version {}", row.version - 1),
                    format!("version {}", row.version),
                );
                differs = diff(before, &row.document, (&names.0, &names.1));
            }
            HistoryRow {
                row,
                note,
                change,
                diff: differs,
            }
        });
        Ok(versions.collect())
    }

    /// One version.
    ///
    /// # Errors
    /// There is none, or the store cannot be read.
    pub async fn policy_row(&self, version: u64) -> Result<PolicyRow, Refused> {
        self.store
            .read(move |read| Ok::<_, Refused>(read.policy_version(version)?))
            .await?
            .ok_or_else(|| Refused::not_found(format!("policy version {version}")))
    }
}
