//! What a process uses, by `/proc`, and a cgroup that bounds it.

use std::path::{Path, PathBuf};

/// The most memory that the process ever had resident, in MiB. None: the kernel does not say.
#[must_use]
pub fn peak_memory(id: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib / 1024.0)
}

/// How many descriptors the process has open. None: the kernel does not say.
#[must_use]
pub fn descriptors(id: u32) -> Option<usize> {
    Some(std::fs::read_dir(format!("/proc/{id}/fd")).ok()?.count())
}

/// A cgroup with a limit on memory. Dropped, it is removed; what is in it must have ended by then.
#[derive(Debug)]
pub struct MemoryCgroup(PathBuf);

impl MemoryCgroup {
    /// Makes one.
    ///
    /// # Errors
    /// Why there can be none here, in words.
    pub fn make(name: &str, bytes: u64) -> Result<Self, String> {
        let top = Path::new("/sys/fs/cgroup");
        let controllers = std::fs::read_to_string(top.join("cgroup.controllers")).unwrap_or_default();
        if !controllers
            .split_whitespace()
            .any(|controller| controller == "memory")
        {
            return Err("the memory controller of cgroup v2 is not here".to_owned());
        }
        let group = Self(top.join(name));
        let made = std::fs::create_dir(&group.0)
            .and_then(|()| std::fs::write(group.0.join("memory.max"), bytes.to_string()));
        match made {
            Ok(()) => Ok(group),
            Err(error) => Err(format!("{}: {error}", group.0.display())),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for MemoryCgroup {
    fn drop(&mut self) {
        // Nothing else can be done about a cgroup that stays.
        let _ = std::fs::remove_dir(&self.0);
    }
}
