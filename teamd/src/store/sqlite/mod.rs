//! The tables on disk. One file per table family; each function takes a connection that is inside of a transaction.

mod audit;
mod directory;
mod grants;
mod idempotency;
mod meta;
mod migrate;
mod open;
mod outbox;
mod policy;
mod requests;
mod session;

pub(super) use idempotency::MEMORY;
pub(super) use meta::refuse_own;

use super::port::{Backend, ChainCheck, Read, StoreError, StoreResult, Tx};
use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use session::Session;
use std::path::{Path, PathBuf};

/// The tables on disk.
pub(super) struct Sqlite {
    // Dropped before the lock: the next daemon must find the database closed.
    conn: Connection,
    path: PathBuf,
    epoch: u64,
    _lock: Option<open::Lock>,
}

impl Sqlite {
    /// Opens the database as the only daemon on it, creates it or brings its schema up to date, and counts the epoch up.
    pub(super) fn open(path: &Path) -> StoreResult<Self> {
        open::refuse_old_sqlite()?;
        open::refuse_network(path)?;
        let lock = open::lock(path)?;
        drop(open::private(path)?);
        let mut conn = open::writer(path)?;
        open::quick_check(&conn)?;
        migrate::refuse_foreign(&conn)?;
        migrate::migrate(&mut conn)?;
        let tx = conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        let epoch = meta::next_epoch(&tx)?;
        tx.commit().map_err(failed)?;
        Ok(Self {
            conn,
            path: path.to_owned(),
            epoch,
            _lock: Some(lock),
        })
    }
}

impl Backend for Sqlite {
    fn write(&mut self, work: &mut dyn FnMut(&mut dyn Tx) -> StoreResult<()>) -> StoreResult<()> {
        let tx = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        work(&mut Session {
            conn: &tx,
            epoch: self.epoch,
        })?;
        tx.commit().map_err(failed)
    }

    fn read(&mut self, work: &mut dyn FnMut(&mut dyn Read) -> StoreResult<()>) -> StoreResult<()> {
        let tx = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Deferred)
            .map_err(failed)?;
        work(&mut Session {
            conn: &tx,
            epoch: self.epoch,
        })
    }

    fn reader(&self) -> StoreResult<Option<Box<dyn Backend>>> {
        Ok(Some(Box::new(Self {
            conn: open::reader(&self.path)?,
            path: self.path.clone(),
            epoch: self.epoch,
            _lock: None,
        })))
    }
}

/// Checks the audit trail of a database file, read-only; no daemon need be running, and one may be.
///
/// # Errors
/// The file cannot be read, or is not a database of ours. A broken chain is no error but a
/// [fault](ChainCheck::fault) in the answer.
pub fn verify_file(path: &Path) -> StoreResult<ChainCheck> {
    if !path.is_file() {
        return Err(StoreError::Database(format!("{}: no such file", path.display())));
    }
    let mut conn = open::offline(path)?;
    let tx = conn
        .transaction_with_behavior(TransactionBehavior::Deferred)
        .map_err(failed)?;
    migrate::refuse_foreign(&tx)?;
    audit::verify(&tx)
}

/// What a failure of SQLite means to us.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full,
        _ => StoreError::Database(error.to_string()),
    }
}
