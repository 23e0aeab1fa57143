//! The hash chain of the audit trail, shared by both backends.
//!
//! `hash = SHA256("teamd-audit-v1\0" || be64(seq) || be64(ts_ms) || be64(epoch) || prev || SHA256(body))`; `prev` of row 1
//! is 32 zero bytes. The body is hashed as it is stored and never serialised again. Free text lies beside the chain: the
//! body holds `SHA256(salt || text)`, so a text can be erased and the chain still holds.
//!
//! The last number and hash are also recorded outside the trail ([`Head`]), in the same transaction: rows that are cut
//! off at the end are missed by it, until somebody changes it too; against that only anchors outside the host help.

mod body;
mod verify;

pub(super) use body::restore;
pub use verify::{ChainProgress, ChainStep};
pub(super) use verify::{RowRef, Verifier};

use super::port::{StoreError, StoreResult};
use super::record::millis;
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;
use teamd_domain::Time;
use teamd_domain::event::EventDraft;

/// A hash.
pub(super) type Hash = [u8; 32];

/// A row of the trail as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) seq: u64,
    pub(super) ts_ms: i64,
    pub(super) epoch: u64,
    pub(super) body: Vec<u8>,
    pub(super) prev: Hash,
    pub(super) hash: Hash,
}

/// A free text beside the trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) field: String,
    pub(super) salt: Vec<u8>,
    pub(super) text: String,
}

/// Where the trail ends. The default is the end of an empty one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) seq: u64,
    pub(super) hash: Hash,
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.seq, hex(&self.hash))
    }
}

impl FromStr for Head {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (seq, hash) = text.split_once(' ').ok_or("not a number and a hash")?;
        Ok(Self {
            seq: seq.parse().map_err(|_| "not a number")?,
            hash: unhex(hash).ok_or("not a hash")?,
        })
    }
}

/// The row that follows `head`, and the free texts that go beside it.
///
/// # Errors
/// The event cannot be written as JSON; numbers and texts always can.
pub(super) fn link(head: Head, epoch: u64, at: Time, event: &EventDraft) -> StoreResult<(Row, Vec<Text>)> {
    let (body, texts) = body::body(event)?;
    let (seq, ts_ms) = (head.seq + 1, millis(at));
    let hash = row_hash(seq, ts_ms, epoch, &head.hash, &body);
    let row = Row {
        seq,
        ts_ms,
        epoch,
        body,
        prev: head.hash,
        hash,
    };
    Ok((row, texts))
}

/// The hash of a row.
pub(super) fn row_hash(seq: u64, ts_ms: i64, epoch: u64, prev: &[u8], body: &[u8]) -> Hash {
    Sha256::new()
        .chain_update(b"teamd-audit-v1\0")
        .chain_update(seq.to_be_bytes())
        .chain_update(ts_ms.to_be_bytes())
        .chain_update(epoch.to_be_bytes())
        .chain_update(prev)
        .chain_update(Sha256::digest(body))
        .finalize()
        .into()
}

/// What the body holds in place of a free text.
fn text_hash(salt: &[u8], text: &str) -> String {
    hex(&Sha256::new().chain_update(salt).chain_update(text).finalize())
}

/// Lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Hash> {
    let mut hash = Hash::default();
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (index, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[index * 2..index * 2 + 2], 16).ok()?;
    }
    Some(hash)
}

/// An audit row that cannot be read.
fn impossible(seq: u64, why: impl Into<String>) -> StoreError {
    StoreError::ImpossibleRow {
        table: "audit",
        row: seq.to_string(),
        why: why.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use team_shared::event::EventType;

    #[test]
    fn the_hash_is_the_documented_one() {
        let event = EventDraft::new(EventType::DaemonStarted).text("version", "0.1.0");
        let at = Time::from_timestamp_millis(1_795_000_000_123).unwrap();
        let (row, texts) = link(Head::default(), 7, at, &event).unwrap();
        assert!(texts.is_empty());
        let body = concat!(
            r#"{"actor":{"login_uid":null,"uid":null,"user_id":null,"user_name":null},"#,
            r#""data":{"version":"0.1.0"},"request_id":null,"type":"daemon.started"}"#
        );
        assert_eq!(std::str::from_utf8(&row.body).unwrap(), body);
        let mut input = b"teamd-audit-v1\0".to_vec();
        input.extend([0, 0, 0, 0, 0, 0, 0, 1]);
        input.extend(1_795_000_000_123_i64.to_be_bytes());
        input.extend([0, 0, 0, 0, 0, 0, 0, 7]);
        input.extend([0; 32]);
        input.extend(Sha256::digest(body.as_bytes()));
        assert_eq!(row.hash.as_slice(), Sha256::digest(&input).as_slice());
        assert_eq!(row.prev, [0; 32]);
    }

    #[test]
    fn heads_print_as_they_parse() {
        let head = Head {
            seq: 42,
            hash: [0xab; 32],
        };
        assert_eq!(head.to_string().parse::<Head>(), Ok(head));
        for bad in ["", "1", "x 00", "1 00", &format!("1 {}", "é".repeat(32))] {
            assert!(bad.parse::<Head>().is_err(), "{bad}");
        }
    }
}
