//! What `/proc` says about the kernel and the namespaces that identity rests on: login uids, hidden processes, uid maps.

use std::io;

/// A uid map that covers fewer uids hides most users behind uid 65534.
const LEAST_UIDS: u64 = 65_536;

/// Whether this kernel keeps login uids (`CONFIG_AUDIT`). Where it does not, nobody has one. Our own file is looked at:
/// no mount option hides that.
#[must_use]
pub fn keeps_login_uids() -> bool {
    judge_login_uid(&std::fs::read_to_string("/proc/self/loginuid"), has_proc())
}

fn has_proc() -> bool {
    std::fs::metadata("/proc/self/stat").is_ok()
}

/// A file that cannot be read, other than one that is not there, counts as kept: then those of others are unknown.
fn judge_login_uid(own: &io::Result<String>, has_proc: bool) -> bool {
    !matches!(own, Err(error) if error.kind() == io::ErrorKind::NotFound && has_proc)
}

/// The option that hides the processes of other users from us, as `/proc` was mounted; none: all are visible.
#[must_use]
pub fn hidepid() -> Option<String> {
    judge_mounts(&std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default())
}

fn judge_mounts(mountinfo: &str) -> Option<String> {
    let last = mountinfo.lines().rfind(|line| {
        let mount_point = line.split(' ').nth(4);
        mount_point == Some("/proc") && line.contains(" - proc ")
    })?;
    let options = last.rsplit(' ').next().unwrap_or_default();
    options
        .split(',')
        .find(|option| option.starts_with("hidepid=") && !["hidepid=0", "hidepid=off"].contains(option))
        .map(ToOwned::to_owned)
}

/// The uids that this process can tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UidMap {
    /// Every uid is itself.
    Identity,
    /// So many uids, perhaps under other numbers: a container.
    Partial(u64),
    /// So few that different users look alike.
    TooSmall(u64),
    /// It cannot be read.
    Unknown,
}

/// The uid map of our user namespace.
#[must_use]
pub fn uid_map() -> UidMap {
    std::fs::read_to_string("/proc/self/uid_map").map_or(UidMap::Unknown, |map| judge_uid_map(&map))
}

fn judge_uid_map(map: &str) -> UidMap {
    let mut ranges = Vec::new();
    for line in map.lines() {
        let numbers: Vec<u64> = line.split_whitespace().filter_map(|n| n.parse().ok()).collect();
        let [inside, outside, count] = numbers[..] else {
            return UidMap::Unknown;
        };
        ranges.push((inside, outside, count));
    }
    let covered = ranges.iter().map(|(_, _, count)| count).sum();
    match ranges[..] {
        [] => UidMap::Unknown,
        [(0, 0, count)] if count >= u64::from(u32::MAX) => UidMap::Identity,
        _ if covered < LEAST_UIDS => UidMap::TooSmall(covered),
        _ => UidMap::Partial(covered),
    }
}

#[cfg(test)]
mod tests {
    use crate::procfs::*;

    #[test]
    fn kernel_without_login_uids_is_told_apart() {
        let error = |kind: io::ErrorKind| Err(kind.into());
        assert!(!judge_login_uid(&error(io::ErrorKind::NotFound), true));
        assert!(judge_login_uid(&error(io::ErrorKind::NotFound), false));
        assert!(judge_login_uid(&error(io::ErrorKind::PermissionDenied), true));
        assert!(judge_login_uid(&Ok("4294967295".to_owned()), true));
    }

    #[test]
    fn hidden_processes_are_found_in_mountinfo() {
        let mounts = |options: &str| {
            format!(
                "22 28 0:20 / /sys rw - sysfs sysfs rw\n23 28 0:21 / /proc rw,nosuid - proc proc {options}\n"
            )
        };
        assert_eq!(judge_mounts(&mounts("rw")), None);
        assert_eq!(judge_mounts(&mounts("rw,hidepid=0")), None);
        assert_eq!(
            judge_mounts(&mounts("rw,gid=4,hidepid=invisible")),
            Some("hidepid=invisible".to_owned())
        );
        // The mount on top counts.
        let both = mounts("rw,hidepid=2") + &mounts("rw");
        assert_eq!(judge_mounts(&both), None);
    }

    #[test]
    fn uid_map_is_judged_by_what_it_covers() {
        assert_eq!(
            judge_uid_map("         0          0 4294967295\n"),
            UidMap::Identity
        );
        assert_eq!(judge_uid_map("0 100000 65536\n"), UidMap::Partial(65_536));
        assert_eq!(
            judge_uid_map("0 0 1000\n1000 5000 65536\n"),
            UidMap::Partial(66_536)
        );
        assert_eq!(judge_uid_map("0 1000 1\n"), UidMap::TooSmall(1));
        assert_eq!(judge_uid_map(""), UidMap::Unknown);
        assert_eq!(judge_uid_map("0 0\n"), UidMap::Unknown);
    }
}
