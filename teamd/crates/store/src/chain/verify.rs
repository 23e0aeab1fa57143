//! The check of the chain, row by row, so that it needs no memory for the trail.

use super::body::text_hashes;
use super::{Hash, Head, Text, row_hash, text_hash};
use crate::port::ChainCheck;

/// A row as it was read: nothing about it is believed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowRef<'a> {
    pub(crate) seq: i64,
    pub(crate) ts_ms: i64,
    pub(crate) epoch: i64,
    pub(crate) body: &'a [u8],
    pub(crate) prev: &'a [u8],
    pub(crate) hash: &'a [u8],
}

/// Takes rows by ascending number and keeps the first fault.
#[derive(Debug, Default)]
pub(crate) struct Verifier {
    head: Head,
    erased_texts: u64,
    fault: Option<String>,
}

/// How far a check of the chain has come.
#[derive(Debug, Default)]
pub struct ChainProgress(pub(crate) Verifier);

/// A check of the chain after some rows more.
#[derive(Debug)]
pub enum ChainStep {
    /// There may be more rows.
    More(ChainProgress),
    /// It is finished.
    Done(ChainCheck),
}

impl Verifier {
    /// The number of the last good row.
    pub(crate) fn position(&self) -> u64 {
        self.head.seq
    }

    /// Checks the next row with its free texts, ordered by field. `false`: there is a fault, and reading on is of no use.
    pub(crate) fn row(&mut self, row: RowRef<'_>, texts: &[Text]) -> bool {
        match self.check(row, texts) {
            Ok(head) => {
                self.head = head;
                true
            }
            Err(fault) => {
                self.fault = Some(fault);
                false
            }
        }
    }

    /// A free text that belongs to no row.
    pub(crate) fn stray_text(&mut self, seq: i64, field: &str) {
        self.fault
            .get_or_insert_with(|| format!("there is a text {field:?} of row {seq}, but no such row"));
    }

    /// Compares the end with the recorded one; `None`: none is recorded.
    pub(crate) fn finish(mut self, recorded: Option<Head>) -> ChainCheck {
        if self.fault.is_none() {
            self.fault = self.compare(recorded);
        }
        ChainCheck {
            rows: self.head.seq,
            head: self.head.hash,
            erased_texts: self.erased_texts,
            fault: self.fault,
        }
    }

    fn check(&mut self, row: RowRef<'_>, texts: &[Text]) -> Result<Head, String> {
        let expected = self.head.seq + 1;
        let name = row.seq;
        if u64::try_from(row.seq) != Ok(expected) {
            return Err(format!(
                "row {expected} is missing: row {name} follows row {}",
                self.head.seq
            ));
        }
        if row.prev != self.head.hash {
            return Err(format!(
                "row {name} does not follow row {}: it names another hash before it",
                self.head.seq
            ));
        }
        let epoch = u64::try_from(row.epoch).map_err(|_| format!("row {name} has epoch {}", row.epoch))?;
        let hash: Hash = row_hash(expected, row.ts_ms, epoch, row.prev, row.body);
        if row.hash != hash {
            return Err(format!(
                "row {name} was changed: its hash does not fit its content"
            ));
        }
        // Parsing is the dear part of the check; only rows with free text need it.
        if !texts.is_empty() || holds_hash(row.body) {
            self.check_texts(row, texts)?;
        }
        Ok(Head { seq: expected, hash })
    }

    fn check_texts(&mut self, row: RowRef<'_>, texts: &[Text]) -> Result<(), String> {
        let hashes = text_hashes(row.body).map_err(|error| format!("row {}: body: {error}", row.seq))?;
        if let Some(text) = texts
            .iter()
            .find(|text| !hashes.iter().any(|(field, _)| *field == text.field))
        {
            return Err(format!(
                "row {} has no text {:?}, but one is kept",
                row.seq, text.field
            ));
        }
        for (field, hash) in hashes {
            match texts.iter().find(|text| text.field == field) {
                None => self.erased_texts += 1,
                Some(text) if text_hash(&text.salt, &text.text) == hash => {}
                Some(_) => return Err(format!("text {field:?} of row {} was changed", row.seq)),
            }
        }
        Ok(())
    }

    fn compare(&self, recorded: Option<Head>) -> Option<String> {
        let Some(recorded) = recorded else {
            return (self.head.seq > 0).then(|| "no end of the trail is recorded".to_owned());
        };
        if recorded.seq > self.head.seq {
            return Some(format!(
                "rows {} to {} are missing at the end",
                self.head.seq + 1,
                recorded.seq
            ));
        }
        if recorded.seq < self.head.seq {
            return Some(format!(
                "rows {} to {} were added at the end",
                recorded.seq + 1,
                self.head.seq
            ));
        }
        (recorded != self.head)
            .then(|| format!("row {} is not the one that was recorded as last", recorded.seq))
    }
}

/// Whether an object of the body begins with the key of a text's hash. A quote inside of a JSON text is escaped, so this
/// finds keys only.
fn holds_hash(body: &[u8]) -> bool {
    let mut objects = body.split(|byte| *byte == b'{').skip(1);
    objects.any(|object| object.starts_with(b"\"sha256\":"))
}
