//! Opening: what is refused, and how a connection is set up. RELIABILITY §8 says why each of these.

use super::failed;
use crate::port::{StoreError, StoreResult};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use rustix::fs::{FlockOperation, flock};
use std::fs::{File, OpenOptions, Permissions};
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// 3.51.3: before it, two connections that write and checkpoint at once could corrupt the file.
const OLDEST_SQLITE: i32 = 3_051_003;

/// How long a statement waits for a lock that another process holds. Short, because a removal may wait behind an ordinary
/// write that waits, and then waits itself: both must be over well within a second of the end of the access, and from
/// there on removals go through memory. Locks of well-behaved readers and of checkpoints never make us wait.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_millis(100);

/// How long an opening waits. Removals are not under way yet, and start from the leases file if it does not succeed.
const OPEN_TIMEOUT: Duration = Duration::from_millis(1000);

/// File systems whose locks or syncs cannot be relied on.
const REFUSED: &[(u32, &str)] = &[
    (0x0000_6969, "NFS"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB2"),
    (0x0000_517b, "SMB"),
    (0x6573_5546, "FUSE"),
];

/// The only daemon on a database holds this; it is let go with the process, however that ends.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "held open, never read")] File);

/// Refuses a SQLite that is too old.
pub(super) fn refuse_old_sqlite() -> StoreResult<()> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(StoreError::Database(format!(
            "SQLite {} is older than 3.51.3, which can corrupt the database",
            rusqlite::version()
        )));
    }
    Ok(())
}

/// Refuses a path on a file system that is not local.
pub(crate) fn refuse_network(path: &Path) -> StoreResult<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let stat = rustix::fs::statfs(folder)
        .map_err(|error| StoreError::Database(format!("{}: {error}", folder.display())))?;
    match refused(i128::from(stat.f_type)) {
        Some(name) => Err(StoreError::Database(format!(
            "{} is on {name}: the database needs a local file system",
            folder.display()
        ))),
        None => Ok(()),
    }
}

fn refused(magic: i128) -> Option<&'static str> {
    // The field is signed on some machines and 32 bits on others; the low 32 bits are the magic on all.
    let magic = magic & 0xffff_ffff;
    REFUSED
        .iter()
        .find(|(refused, _)| i128::from(*refused) == magic)
        .map(|(_, name)| *name)
}

/// Takes the lock beside the database, or says who has it.
pub(crate) fn lock(path: &Path) -> StoreResult<Lock> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let name = PathBuf::from(name);
    let mut file = private(&name)?;
    if let Err(error) = flock(&file, FlockOperation::NonBlockingLockExclusive) {
        if error != rustix::io::Errno::WOULDBLOCK {
            return Err(StoreError::Database(format!("{}: {error}", name.display())));
        }
        let mut owner = String::new();
        let _ = file.read_to_string(&mut owner);
        return Err(StoreError::Database(format!(
            "{} is in use by another teamd (process {}): stop that one first",
            path.display(),
            if owner.trim().is_empty() {
                "unknown"
            } else {
                owner.trim()
            }
        )));
    }
    // The number is for people; the lock is what counts.
    let _ = file
        .set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", std::process::id()));
    Ok(Lock(file))
}

/// Creates the file for its owner alone, or takes away what others may do with it.
pub(crate) fn private(path: &Path) -> StoreResult<File> {
    let fault = |error: std::io::Error| match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::Full,
        _ => StoreError::Database(format!("{}: {error}", path.display())),
    };
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(fault)?;
    let mode = file.metadata().map_err(fault)?.permissions().mode();
    if mode & 0o777 != 0o600 {
        file.set_permissions(Permissions::from_mode(0o600))
            .map_err(fault)?;
    }
    Ok(file)
}

/// A connection that may write, to a file that may still turn out not to be ours: nothing is written yet.
pub(crate) fn connect(path: &Path) -> StoreResult<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).map_err(failed)?;
    conn.busy_timeout(OPEN_TIMEOUT).map_err(failed)?;
    harden(&conn)?;
    Ok(conn)
}

/// Makes it the connection that writes.
pub(super) fn make_writer(conn: &Connection) -> StoreResult<()> {
    let mode: String = conn
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
        .map_err(failed)?;
    if mode != "wal" {
        return Err(StoreError::Database(format!("journal mode is {mode}, not wal")));
    }
    for (pragma, value) in [
        ("synchronous", "FULL"),
        ("foreign_keys", "ON"),
        ("journal_size_limit", "67108864"),
        ("wal_autocheckpoint", "1000"),
    ] {
        conn.pragma_update(None, pragma, value).map_err(failed)?;
    }
    Ok(())
}

/// A connection that only reads.
pub(crate) fn reader(path: &Path) -> StoreResult<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).map_err(failed)?;
    conn.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
    harden(&conn)?;
    conn.pragma_update(None, "query_only", "ON").map_err(failed)?;
    Ok(conn)
}

/// A connection to a file that no daemon need be running for. Where there is no write-ahead log, nothing is written
/// beside the file either, so that a copy on a read-only disk can be read.
pub(super) fn offline(path: &Path) -> StoreResult<Connection> {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    if Path::new(&wal).exists() {
        return reader(path);
    }
    let absolute = std::path::absolute(path).map_err(|error| StoreError::Database(error.to_string()))?;
    let uri: String = absolute
        .to_string_lossy()
        .chars()
        .map(|c| match c {
            '%' => "%25".to_owned(),
            '?' => "%3f".to_owned(),
            '#' => "%23".to_owned(),
            c => c.to_string(),
        })
        .collect();
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let conn = Connection::open_with_flags(format!("file:{uri}?immutable=1"), flags)
        .map_err(|error| StoreError::Database(format!("{}: {error}", path.display())))?;
    harden(&conn)?;
    Ok(conn)
}

/// Fails if the structure of the file is damaged. One impossible row is no reason to stop removing access on all others:
/// it is named when it is read.
pub(super) fn quick_check(conn: &Connection) -> StoreResult<()> {
    conn.pragma_update(None, "ignore_check_constraints", "ON")
        .map_err(failed)?;
    let answer: rusqlite::Result<String> = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
    conn.pragma_update(None, "ignore_check_constraints", "OFF")
        .map_err(failed)?;
    match answer.map_err(failed)?.as_str() {
        "ok" => Ok(()),
        damage => Err(StoreError::Damaged(damage.to_owned())),
    }
}

fn harden(conn: &Connection) -> StoreResult<()> {
    for (switch, on) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
    ] {
        conn.set_db_config(switch, on).map_err(failed)?;
    }
    for (pragma, value) in [("cell_size_check", "ON"), ("mmap_size", "0")] {
        conn.pragma_update(None, pragma, value).map_err(failed)?;
    }
    conn.set_prepared_statement_cache_capacity(128);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_refused_however_the_magic_is_signed() {
        assert_eq!(refused(0x6969), Some("NFS"));
        assert_eq!(refused(i128::from(0xff53_4d42_u32.cast_signed())), Some("CIFS"));
        assert_eq!(refused(0x6573_5546), Some("FUSE"));
        assert_eq!(refused(0xef53), None);
    }
}
