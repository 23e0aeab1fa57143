//! Versions so far, with what each changed.

use crate::Engine;
use crate::refused::Refused;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use similar::{ChangeTag, TextDiff};
use std::time::Duration;
use teamd_domain::event::{Datum, EventDraft};
use teamd_store::port::{PolicyRow, Read, StoreResult, Tx};

/// Versions of one page.
const MAX_VERSIONS: usize = 100;
/// Documents and differences of one page, in bytes.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// How long differences are looked for before a coarser answer is taken.
const DIFF_TIME: Duration = Duration::from_millis(250);

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
    let diff = lines_of(before, after);
    let mut unified = diff.unified_diff();
    unified.context_radius(3).header(names.0, names.1).to_string()
}

fn lines_of<'a>(before: &'a str, after: &'a str) -> TextDiff<'a, 'a, str> {
    TextDiff::configure().timeout(DIFF_TIME).diff_lines(before, after)
}

/// Lines added and removed: `+3 -1`.
pub(super) fn changed_lines(before: &str, after: &str) -> String {
    let diff = lines_of(before, after);
    let count = |tag| {
        diff.iter_all_changes()
            .filter(|change| change.tag() == tag)
            .count()
    };
    format!("+{} -{}", count(ChangeTag::Insert), count(ChangeTag::Delete))
}

impl Engine {
    /// A page of versions, newest first, below `below`; and the version to go on below, where there are more. Each is
    /// read in a store job of its own: a document can be large.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn policy_history(
        &self,
        below: Option<u64>,
    ) -> Result<(Vec<HistoryRow>, Option<u64>), Refused> {
        let newest = self.policy_version_in_force().await?;
        let from = below.map_or(newest, |below| below.saturating_sub(1).min(newest));
        let (mut rows, mut bytes) = (Vec::new(), 0);
        let mut next = self.noted_version(from).await?;
        while let Some((row, note)) = next {
            let before = self.noted_version(row.version - 1).await?;
            let before_text = before.as_ref().map_or("", |(row, _)| &row.document);
            let change = changed_lines(before_text, &row.document);
            let names = (
                format!("version {}", row.version - 1),
                format!("version {}", row.version),
            );
            let diff = diff(before_text, &row.document, (&names.0, &names.1));
            bytes += row.document.len() + diff.len();
            let version = row.version;
            rows.push(HistoryRow {
                row,
                note,
                change,
                diff,
            });
            next = before;
            if next.is_some() && (rows.len() >= MAX_VERSIONS || bytes >= MAX_BYTES) {
                return Ok((rows, Some(version)));
            }
        }
        Ok((rows, None))
    }

    async fn noted_version(&self, version: u64) -> Result<Option<(PolicyRow, Note)>, Refused> {
        self.store
            .read(move |read| {
                let Some(row) = read.policy_version(version)? else {
                    return Ok::<_, Refused>(None);
                };
                let note = Note::read(read, version)?;
                Ok(Some((row, note)))
            })
            .await
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
