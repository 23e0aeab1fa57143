//! The disk under the database: how full it is, and the ballast, a file that is given up when it is full, so that the
//! removals of the next hours can be written down.

use super::lock_holder::{LockHolder, LockProbe};
use rustix::fs::{FallocateFlags, fallocate, statvfs};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const MIB: u64 = 1024 * 1024;

/// So much of a disk: bytes, but never more than a share of it, so that small disks have sensible limits too.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// Bytes.
    pub bytes: u64,
    /// Thousandths of the file system.
    pub share: u64,
}

impl Level {
    /// In bytes on a file system of `total` bytes.
    #[must_use]
    pub fn of(self, total: u64) -> u64 {
        self.bytes.min(total / 1000 * self.share)
    }
}

/// The limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Levels {
    /// The size of the ballast.
    pub ballast: Level,
    /// Less free than this: operators are told.
    pub warn: Level,
    /// Less free than this: nothing is granted.
    pub refuse: Level,
    /// Less free than this before a write: the ballast is given up.
    pub release: Level,
    /// More free than this: the ballast is made again.
    pub restore: Level,
}

/// 64 MiB of ballast; warning below 1 GiB or 10 %, no grants below 256 MiB or 3 %, whichever is less.
pub const LEVELS: Levels = Levels {
    ballast: level(64, 50),
    warn: level(1024, 100),
    refuse: level(256, 30),
    release: level(4, 10),
    restore: level(512, 125),
};

const fn level(mib: u64, share: u64) -> Level {
    Level {
        bytes: mib * MIB,
        share,
    }
}

/// What a look found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Space {
    /// Bytes free for the daemon.
    pub free: u64,
    /// Bytes of the file system.
    pub total: u64,
    /// Bytes of ballast in place.
    pub ballast: u64,
}

/// A database's place.
#[derive(Debug, Clone)]
pub struct Disk {
    folder: PathBuf,
    lock: LockProbe,
    ballast: PathBuf,
    /// The limits.
    pub levels: Levels,
}

impl Disk {
    /// The disk that a database at `path` is on.
    #[must_use]
    pub fn of(path: &Path, levels: Levels) -> Self {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut ballast = path.as_os_str().to_owned();
        ballast.push(".ballast");
        Self {
            folder: folder.unwrap_or(Path::new(".")).to_owned(),
            ballast: ballast.into(),
            lock: LockProbe::of(path),
            levels,
        }
    }

    /// Which other process holds a lock that keeps us from the database, if the kernel names one.
    #[must_use]
    pub fn lock_holder(&self) -> Option<LockHolder> {
        self.lock.holder()
    }

    /// How full it is.
    ///
    /// # Errors
    /// The folder cannot be examined.
    pub fn look(&self) -> io::Result<Space> {
        let volume = statvfs(&self.folder)?;
        Ok(Space {
            free: volume.f_bavail.saturating_mul(volume.f_frsize),
            total: volume.f_blocks.saturating_mul(volume.f_frsize),
            // What is really allocated: a sparse file holds no room.
            ballast: std::fs::symlink_metadata(&self.ballast).map_or(0, |file| file.blocks() * 512),
        })
    }

    /// Makes the ballast where there is none, or too little of it, and room enough.
    ///
    /// # Errors
    /// It cannot be written; whatever there is of it is gone then.
    pub fn keep_ballast(&self) -> io::Result<()> {
        let space = self.look()?;
        let wanted = self.levels.ballast.of(space.total);
        if space.ballast >= wanted || space.free < self.levels.restore.of(space.total) {
            return Ok(());
        }
        self.allocate(wanted).inspect_err(|_| {
            self.release();
        })
    }

    /// Gives the ballast up; whether there was any.
    pub fn release(&self) -> bool {
        let was = std::fs::symlink_metadata(&self.ballast).is_ok_and(|file| file.blocks() > 0);
        // Truncated first: where the folder cannot be written any more the room is free nevertheless.
        let truncated = OpenOptions::new()
            .write(true)
            .truncate(true)
            .open(&self.ballast)
            .is_ok();
        let removed = std::fs::remove_file(&self.ballast).is_ok();
        was && (truncated || removed)
    }

    /// Gives the ballast up where there is hardly any room left; whether it did.
    pub fn release_if_low(&self) -> bool {
        self.look()
            .is_ok_and(|space| space.ballast > 0 && space.free < self.levels.release.of(space.total))
            && self.release()
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
            .open(&self.ballast)?;
        if fallocate(&file, FallocateFlags::empty(), 0, bytes).is_err() {
            // Not every file system can: then it is written in full.
            fill(file, bytes)?;
        }
        Ok(())
    }
}

fn fill(mut file: File, bytes: u64) -> io::Result<()> {
    let block = vec![0; 64 * 1024];
    let mut left = bytes;
    while left > 0 {
        let now = usize::try_from(left).map_or(block.len(), |left| left.min(block.len()));
        file.write_all(&block[..now])?;
        left -= now as u64;
    }
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn small_disks_have_small_limits() {
        let total = 12 * MIB;
        assert_eq!(LEVELS.ballast.of(total), total / 1000 * 50);
        assert_eq!(LEVELS.refuse.of(total), total / 1000 * 30);
        for total in [total, 1024 * MIB, 20 * 1024 * MIB, 1 << 44] {
            let of = |level: Level| level.of(total);
            assert!(of(LEVELS.release) < of(LEVELS.refuse) && of(LEVELS.refuse) < of(LEVELS.warn));
            // With the ballast made again there is still room to grant, by a margin.
            assert!(of(LEVELS.restore) - of(LEVELS.ballast) > of(LEVELS.refuse) / 4 * 5);
        }
        assert_eq!(LEVELS.ballast.of(1 << 44), 64 * MIB);
        assert_eq!(LEVELS.refuse.of(1 << 44), 256 * MIB);
    }

    #[test]
    fn the_ballast_is_allocated_private_and_given_up_once() {
        let folder = tempfile::tempdir().unwrap();
        let levels = Levels {
            ballast: level(1, 1000),
            restore: level(1, 1000),
            ..LEVELS
        };
        let disk = Disk::of(&folder.path().join("teamd.db"), levels);
        assert_eq!(disk.look().unwrap().ballast, 0);
        disk.keep_ballast().unwrap();
        assert!(disk.look().unwrap().ballast >= MIB);
        let file = folder.path().join("teamd.db.ballast");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!disk.release_if_low(), "there is room");
        assert!(disk.release());
        assert!(!disk.release());
        assert!(!file.exists());
    }
}
