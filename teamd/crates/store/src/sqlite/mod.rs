//! The tables on disk. One file per table family; each function takes a connection that is inside of a transaction.

mod attention;
mod audit;
mod backstops;
mod deliveries;
mod directory;
mod grants;
mod idempotency;
mod inventory;
mod meta;
mod migrate;
mod open;
mod outbox;
mod policy;
mod preflight;
mod requests;
mod session;

pub(super) use idempotency::MEMORY;
pub(super) use meta::refuse_own;
pub(super) use open::{Lock, connect, lock, private, reader, refuse_network};

use super::chain::Verifier;
use super::disk::Disk;
use super::fallback::Live;
use super::port::{Backend, ChainCheck, ChainStep, Read, StoreError, StoreResult, Tx};
use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use session::Session;
use std::path::{Path, PathBuf};

/// The tables on disk.
pub(super) struct Sqlite {
    // Dropped before the lock: the next daemon must find the database closed.
    conn: Connection,
    path: PathBuf,
    epoch: u64,
    disk: Option<Disk>,
    /// Pages that the file may have: a full disk, for tests.
    #[cfg(any(test, feature = "simulator"))]
    pub(super) page_limit: std::sync::Arc<std::sync::atomic::AtomicU32>,
    _lock: Option<open::Lock>,
}

impl Sqlite {
    /// Opens the database as the only daemon on it, creates it or brings its schema up to date, and counts the epoch up.
    pub(super) fn open(path: &Path, disk: &Disk) -> StoreResult<Self> {
        open::refuse_old_sqlite()?;
        open::refuse_network(path)?;
        let lock = open::lock(path)?;
        // On a full disk not even reading works.
        disk.release_if_low();
        drop(open::private(path)?);
        preflight::look(path)?;
        let mut conn = open::connect(path)?;
        open::make_writer(&conn)?;
        migrate::migrate(&mut conn)?;
        let tx = conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        let epoch = meta::next_epoch(&tx)?;
        tx.commit().map_err(failed)?;
        conn.busy_timeout(open::BUSY_TIMEOUT).map_err(failed)?;
        Ok(Self {
            conn,
            path: path.to_owned(),
            epoch,
            disk: Some(disk.clone()),
            #[cfg(any(test, feature = "simulator"))]
            page_limit: Default::default(),
            _lock: Some(lock),
        })
    }
}

#[cfg(any(test, feature = "simulator"))]
impl Sqlite {
    fn limit_pages(&self) -> StoreResult<()> {
        let pages = self.page_limit.load(std::sync::atomic::Ordering::SeqCst);
        if pages == 0 {
            return Ok(());
        }
        self.conn
            .query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
            .map_err(failed)
    }
}

impl Backend for Sqlite {
    fn write(&mut self, work: &mut dyn FnMut(&mut dyn Tx) -> StoreResult<()>) -> StoreResult<()> {
        // Before it is needed: not every transaction is run a second time.
        let _ = self.disk.as_ref().is_some_and(Disk::release_if_low);
        #[cfg(any(test, feature = "simulator"))]
        self.limit_pages()?;
        let tx = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        meta::refuse_superseded(&tx, self.epoch)?;
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

    fn make_room(&mut self) -> bool {
        self.disk.as_ref().is_some_and(Disk::release)
    }

    fn reader(&self) -> StoreResult<Option<Box<dyn Backend>>> {
        Ok(Some(Box::new(Self {
            conn: open::reader(&self.path)?,
            path: self.path.clone(),
            epoch: self.epoch,
            disk: None,
            #[cfg(any(test, feature = "simulator"))]
            page_limit: Default::default(),
            _lock: None,
        })))
    }
}

/// Looks at a database as an opening would, without writing to it.
///
/// # Errors
/// Those of an opening.
pub fn examine(path: &Path) -> StoreResult<()> {
    preflight::look(path)
}

/// Whether another process holds the lock that writing needs.
#[must_use]
pub fn is_locked(path: &Path) -> bool {
    let probe = || {
        let mut conn = open::connect(path)?;
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate);
        tx.and_then(rusqlite::Transaction::rollback).map_err(failed)
    };
    matches!(probe(), Err(StoreError::Busy(_)))
}

/// What can still be read of a damaged database about access that must be taken back, row by row. For want of anything
/// better only: nobody vouches for it.
#[must_use]
pub fn salvage(path: &Path) -> Live {
    preflight::salvage(path)
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
    match audit::verify(&tx, Verifier::default(), usize::MAX)? {
        ChainStep::Done(check) => Ok(check),
        ChainStep::More(_) => Err(StoreError::Database("the check did not end".into())),
    }
}

/// What a failure of SQLite means to us.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(super) fn failed(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Damaged(error.to_string()),
        Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::ReadOnly) => {
            StoreError::Failing(error.to_string())
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed) => {
            StoreError::Busy(error.to_string())
        }
        _ => StoreError::Database(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::LEVELS;

    fn number(conn: &Connection, pragma: &str) -> i64 {
        conn.pragma_query_value(None, pragma, |row| row.get(0)).unwrap()
    }

    fn open() -> (tempfile::TempDir, Sqlite, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("teamd.db");
        let sqlite = Sqlite::open(&path, &Disk::of(&path, LEVELS)).unwrap();
        let reader = open::reader(&path).unwrap();
        (folder, sqlite, reader)
    }

    #[test]
    fn connections_are_set_up_as_they_must_be() {
        let (_folder, sqlite, reader) = open();
        for (pragma, value) in [
            ("synchronous", 2),
            ("foreign_keys", 1),
            ("trusted_schema", 0),
            ("cell_size_check", 1),
            ("busy_timeout", 100),
            ("journal_size_limit", 64 << 20),
            ("wal_autocheckpoint", 1000),
            ("application_id", i64::from(migrate::APPLICATION_ID)),
            ("user_version", 4),
            ("ignore_check_constraints", 0),
        ] {
            assert_eq!(number(&sqlite.conn, pragma), value, "{pragma}");
        }
        assert_eq!(number(&reader, "query_only"), 1);
        let mode: String = sqlite
            .conn
            .pragma_query_value(None, "journal_mode", |row| row.get(0))
            .unwrap();
        assert_eq!(mode, "wal");
        assert!(reader.execute("DELETE FROM meta", []).is_err());
        assert!(sqlite.conn.execute("SELECT \"text\"", []).is_err());
        assert!(open::refuse_old_sqlite().is_ok());
    }

    #[test]
    fn every_lock_error_is_busy() {
        use rusqlite::ffi;
        for code in [
            ffi::SQLITE_BUSY,
            ffi::SQLITE_BUSY_RECOVERY,
            ffi::SQLITE_BUSY_SNAPSHOT,
            ffi::SQLITE_BUSY_TIMEOUT,
            ffi::SQLITE_LOCKED,
            ffi::SQLITE_LOCKED_SHAREDCACHE,
            ffi::SQLITE_LOCKED_VTAB,
            ffi::SQLITE_PROTOCOL,
        ] {
            let error = failed(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
            assert!(
                matches!(error, StoreError::Busy(_)) && error.is_fault(),
                "{code}: {error}"
            );
        }
    }

    #[test]
    fn a_full_disk_has_its_own_error_and_passes() {
        let (_folder, mut sqlite, _reader) = open();
        let pages = number(&sqlite.conn, "page_count");
        let limit = |conn: &Connection, pages: i64| {
            conn.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |row| {
                row.get::<_, i64>(0)
            })
            .unwrap()
        };
        limit(&sqlite.conn, pages);
        let mut big = |tx: &mut dyn Tx| tx.set_meta("big", &"x".repeat(1 << 20));
        assert_eq!(sqlite.write(&mut big), Err(StoreError::Full));
        limit(&sqlite.conn, 1 << 20);
        assert_eq!(sqlite.write(&mut big), Ok(()));
    }
}
