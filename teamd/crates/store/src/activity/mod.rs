//! What CloudTrail recorded of sessions: a database file of its own, with its own writer, so that nothing of it ever waits
//! in front of a removal. It is not synced at each commit, and where it is damaged it is put aside and begun anew:
//! CloudTrail keeps everything for 90 days.
//!
//! * `faces` who and as what, as it was then
//! * `write` keeps events, how far each place was read, what is over
//! * `read` pages, digests, summaries

mod faces;
mod large;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use faces::Face;
pub use read::{Line, Lines, PageOf, Position, WiderMarks};
pub use write::{Kept, Owner};

use super::port::{StoreError, StoreResult};
use super::sqlite::{connect, failed, private, reader, refuse_network};
use rusqlite::{Connection, TransactionBehavior};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use teamd_domain::Time;

/// Marks the file as ours, with the form of its tables. Another form is put aside as damage is.
const FORM: i64 = 0x7ea_0001;

/// The most connections that wait for the next reader.
const IDLE_READERS: usize = 4;

/// The database of activity. Clones are the same.
#[derive(Clone)]
pub struct ActivityStore(Arc<Inner>);

struct Inner {
    /// None: in memory, where everything runs on the one connection, where it is called.
    path: Option<PathBuf>,
    // Closed before the writer, which then tidies up the log.
    readers: Mutex<Readers>,
    writer: Mutex<Connection>,
}

/// Connections that read and wait for the next reader.
#[derive(Default)]
struct Readers {
    idle: Vec<Connection>,
    /// How often the file was begun anew. Who began to read before has the old file open, and does not wait here again.
    generation: u64,
}

impl Inner {
    fn readers(&self) -> MutexGuard<'_, Readers> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// No reader that has the file as it is now reads again.
    fn retire_readers(&self) {
        let mut readers = self.readers();
        readers.generation += 1;
        readers.idle.clear();
    }
}

/// How far a place was read for a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look {
    /// When it was last read without a fault; everything delivered by then is there.
    pub read_at: Option<Time>,
    /// When it was last read some hours back, for what came late.
    pub deep_at: Option<Time>,
    /// Why it cannot be read now.
    pub error: Option<String>,
    /// Since when.
    pub error_since: Option<Time>,
}

impl ActivityStore {
    /// Opens or creates the file at `path`. What is damaged or of another form is put aside: its new name, in that case.
    ///
    /// # Errors
    /// It is on a network file system, or cannot be created.
    pub fn open(path: &Path) -> StoreResult<(Self, Option<PathBuf>)> {
        refuse_network(path)?;
        let (writer, aside) = match open_writer(path) {
            Ok(writer) => (writer, None),
            Err(StoreError::Damaged(_)) => {
                let aside = put_aside(path)?;
                (open_writer(path)?, Some(aside))
            }
            Err(error) => return Err(error),
        };
        let inner = Inner {
            path: Some(path.to_owned()),
            writer: Mutex::new(writer),
            readers: Mutex::default(),
        };
        Ok((Self(Arc::new(inner)), aside))
    }

    /// In memory, for tests and simulations.
    ///
    /// # Errors
    /// None in practice.
    pub fn in_memory() -> StoreResult<Self> {
        let conn = Connection::open_in_memory().map_err(failed)?;
        create(&conn)?;
        Ok(Self(Arc::new(Inner {
            path: None,
            writer: Mutex::new(conn),
            readers: Mutex::default(),
        })))
    }

    /// Puts a file that has turned out to be damaged aside, and begins anew; its new name.
    ///
    /// # Errors
    /// There is no file, or no new one can be created.
    pub fn begin_anew(&self) -> StoreResult<PathBuf> {
        let Some(path) = &self.0.path else {
            return Err(StoreError::Database("activity is kept in memory".to_owned()));
        };
        let mut writer = self.0.writer.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.retire_readers();
        // Else the old one would tidy up the log of the new one when it closes.
        *writer = Connection::open_in_memory().map_err(failed)?;
        let aside = put_aside(path)?;
        *writer = open_writer(path)?;
        // Those too that opened the old file until it was put aside.
        self.0.retire_readers();
        Ok(aside)
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> StoreResult<T> + Send + 'static,
    ) -> StoreResult<T> {
        self.run(move |inner| {
            let mut conn = inner.writer.lock().unwrap_or_else(PoisonError::into_inner);
            let tx = conn
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .map_err(failed)?;
            let done = work(&tx)?;
            tx.commit().map_err(failed)?;
            Ok(done)
        })
        .await
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> StoreResult<T> + Send + 'static,
    ) -> StoreResult<T> {
        self.run(move |inner| {
            let Some(path) = &inner.path else {
                let mut conn = inner.writer.lock().unwrap_or_else(PoisonError::into_inner);
                let tx = conn.transaction().map_err(failed)?;
                return work(&tx);
            };
            let (known, generation) = {
                let mut readers = inner.readers();
                (readers.idle.pop(), readers.generation)
            };
            let mut conn = match known {
                Some(conn) => conn,
                None => reader(path)?,
            };
            let tx = conn.transaction().map_err(failed)?;
            let done = work(&tx)?;
            drop(tx);
            let mut readers = inner.readers();
            if readers.generation == generation && readers.idle.len() < IDLE_READERS {
                readers.idle.push(conn);
            }
            Ok(done)
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> StoreResult<T> + Send + 'static,
    ) -> StoreResult<T> {
        let inner = Arc::clone(&self.0);
        if inner.path.is_none() {
            return work(&inner);
        }
        let done = tokio::task::spawn_blocking(move || work(&inner)).await;
        done.unwrap_or_else(|error| Err(StoreError::Database(error.to_string())))
    }
}

fn open_writer(path: &Path) -> StoreResult<Connection> {
    drop(private(path)?);
    let conn = connect(path)?;
    let form: i64 = conn
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(failed)?;
    let tables: i64 = conn
        .query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(failed)?;
    for (pragma, value) in [("journal_mode", "WAL"), ("journal_size_limit", "67108864")] {
        conn.pragma_update_and_check(None, pragma, value, |_| Ok(()))
            .map_err(failed)?;
    }
    // A commit that is lost with the machine is read again.
    conn.pragma_update(None, "synchronous", "NORMAL")
        .map_err(failed)?;
    match (form, tables) {
        (FORM, _) => {
            grow(&conn)?;
            Ok(conn)
        }
        (0, 0) => {
            create(&conn)?;
            Ok(conn)
        }
        _ => Err(StoreError::Damaged(format!("activity: tables of form {form}"))),
    }
}

fn create(conn: &Connection) -> StoreResult<()> {
    let schema = include_str!("schema.sql");
    conn.execute_batch(&format!(
        "BEGIN IMMEDIATE;\n{schema}\n{}\nPRAGMA user_version = {FORM};\nCOMMIT;",
        include_str!("faces.sql")
    ))
    .map_err(failed)
}

/// Adds what a file of an earlier version lacks.
fn grow(conn: &Connection) -> StoreResult<()> {
    let has_times = conn.prepare("SELECT at FROM chains LIMIT 0").map(drop).is_ok();
    if !has_times {
        conn.execute_batch("ALTER TABLE chains ADD COLUMN at INTEGER NOT NULL DEFAULT 0")
            .map_err(failed)?;
    }
    conn.execute_batch(include_str!("faces.sql")).map_err(failed)
}

/// The newest damaged file is kept, for whoever wants to look; what it held comes from CloudTrail again.
fn put_aside(path: &Path) -> StoreResult<PathBuf> {
    let beside = |end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    let aside = beside(".damaged");
    std::fs::rename(path, &aside).map_err(|error| StoreError::Failing(error.to_string()))?;
    for end in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(beside(end));
    }
    Ok(aside)
}

/// A moment for a column, and back. Impossible ones are the beginning of time: they were never written by us.
fn millis(at: Time) -> i64 {
    at.timestamp_millis()
}

fn moment(ms: i64) -> Time {
    Time::from_timestamp_millis(ms).unwrap_or_default()
}
