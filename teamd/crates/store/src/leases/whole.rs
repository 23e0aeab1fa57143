//! Files that are there whole or not at all: a reader sees the old text or the new one, also after a power cut.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use teamd_host::failpoint::hit;

/// Puts a text in the place of a file, for its owner only: a new file beside it, synced, renamed, and the folder synced.
///
/// # Errors
/// The disk is full, or the folder does not take it: what was there before still is.
pub fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let folder = folder(path);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = folder.join(name);
    let written = put(&beside, text).and_then(|()| {
        hit("leases.rename")?;
        std::fs::rename(&beside, path)
    });
    if let Err(error) = written {
        // Its half must not take the room that the next try needs.
        let _ = std::fs::remove_file(&beside);
        return Err(error);
    }
    File::open(folder)?.sync_all()?;
    Ok(hit("leases.written")?)
}

/// Takes a file away, for good once this returns; one that is not there is away.
///
/// # Errors
/// The folder does not let it go.
pub fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Ok(()) => File::open(folder(path))?.sync_all(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

fn put(path: &Path, text: &[u8]) -> io::Result<()> {
    // What a stopped daemon has left behind may have another mode, or be a link.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Err(_) | Ok(()) => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    hit("leases.write")?;
    file.write_all(text)?;
    file.sync_all()
}
