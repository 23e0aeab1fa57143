//! The process and the machine: who runs this, with which mask, at which time.

use super::Line;
use chrono::Datelike as _;
use rustix::process::geteuid;
use teamd_domain::Time;
use teamd_host::clock::{Clock as _, GuardedClock};
use teamd_host::descriptors;
use teamd_host::procfs;
use teamd_host::procfs::UidMap;

/// root works, but is told what it costs.
pub(super) fn user() -> Line {
    let uid = geteuid();
    if uid.is_root() {
        Line::warn(
            "user",
            "running as root, which may read and write everything",
            "run the daemon, and this check once more, as its own user: sudo -u teamd teamd check",
        )
    } else {
        Line::ok("user", format!("running as uid {}", uid.as_raw()))
    }
}

/// The mask decides who can change what the daemon creates.
pub(super) fn umask() -> Line {
    // Setting the mask is the only call that returns it; the kernel shows it without.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    judge_umask(&status)
}

fn judge_umask(status: &str) -> Line {
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("Umask:"))
        .and_then(|mask| u32::from_str_radix(mask.trim(), 8).ok());
    match mask {
        None => Line::warn("umask", "is unknown: /proc is not readable", "mount /proc"),
        Some(mask) if mask & 0o022 == 0o022 => Line::ok("umask", format!("{mask:04o}")),
        Some(mask) => Line::warn(
            "umask",
            format!("{mask:04o} lets others write to new files"),
            "UMask=0077 in the unit, or umask 077 in the shell",
        ),
    }
}

/// A user namespace decides which users can be told apart.
pub(super) fn uid_map() -> Line {
    judge_uid_map(procfs::uid_map())
}

fn judge_uid_map(map: UidMap) -> Line {
    match map {
        UidMap::Identity => Line::ok("uid map", "every uid is itself"),
        UidMap::Partial(count) => Line::warn(
            "uid map",
            format!("{count} uids, as in a container: those of the host have other numbers here"),
            "run teamd on the host whose logins it serves, with PrivateUsers=no",
        ),
        UidMap::TooSmall(count) => Line::fail(
            "uid map",
            format!("{count} uids only: other users cannot be told apart, and teamd does not start"),
            "PrivateUsers=no in the unit; in a container, map 65,536 uids or more",
        ),
        UidMap::Unknown => Line::warn("uid map", "is unknown: /proc is not readable", "mount /proc"),
    }
}

/// The login uid tells `sudo -u approver` from the approver.
pub(super) fn login_uids() -> Line {
    judge_login_uids(procfs::keeps_login_uids(), procfs::hidepid())
}

fn judge_login_uids(is_kept: bool, hidepid: Option<String>) -> Line {
    match (is_kept, hidepid) {
        (false, _) => Line::warn(
            "login uids",
            "this kernel keeps none: `sudo -u somebody` looks like that person",
            "use a kernel with CONFIG_AUDIT, or let nobody run commands as an approver",
        ),
        (true, Some(option)) => Line::warn(
            "login uids",
            format!(
                "/proc is mounted with {option}: those of other users cannot be read, and they can change nothing"
            ),
            "mount /proc with gid= of a group that the daemon's user is in, or without hidepid",
        ),
        (true, None) => Line::ok("login uids", "are read for every caller"),
    }
}

/// The limit on file descriptors decides how many connections fit.
pub(super) fn descriptors(connections: u32) -> Line {
    judge_descriptors(connections, descriptors::hard_limit())
}

fn judge_descriptors(connections: u32, limit: Option<u64>) -> Line {
    let needed = descriptors::needed(connections);
    match limit {
        Some(limit) if limit < needed => Line::warn(
            "descriptors",
            format!(
                "at most {limit} here, so that [limits] connections is lowered from {connections} to {}",
                descriptors::fitting(connections, Some(limit))
            ),
            format!("LimitNOFILE={needed} or more in the unit, or ulimit -Hn in the shell"),
        ),
        Some(limit) => Line::ok(
            "descriptors",
            format!("at most {limit} here, {needed} are needed"),
        ),
        None => Line::ok("descriptors", format!("no limit here, {needed} are needed")),
    }
}

/// A clock that was never set would end access in the wrong decade.
pub(super) fn clock(now: Time) -> Line {
    if now.year() >= 2026 {
        Line::ok("clock", now.format("%Y-%m-%dT%H:%M:%SZ").to_string())
    } else {
        Line::fail(
            "clock",
            format!("says {}, before this program was written", now.format("%Y-%m-%d")),
            "set the clock and keep it with NTP (chrony; on EC2: 169.254.169.123)",
        )
    }
}

/// The clocks by the daemon's own rule, once AWS has answered: wall clock, boot clock and AWS's `Date`. What a daemon
/// knows from the runs before it is not looked at, since that is in its store.
pub(super) fn compared(clock: &GuardedClock) -> Line {
    let now = clock.now();
    let (suspicion, aws_ahead) = clock.look(|rule| (rule.suspicion().cloned(), rule.aws_ahead()));
    let at = now.format("%Y-%m-%dT%H:%M:%SZ");
    match (suspicion, aws_ahead) {
        (Some(suspicion), _) => Line::fail(
            "clock",
            format!("{suspicion}; until then no access is granted"),
            "",
        ),
        (None, Some(ahead)) => {
            // AWS's answers name whole seconds.
            let apart = ahead.num_seconds().abs() + 1;
            Line::ok(
                "clock",
                format!("{at}; wall clock, boot clock and AWS agree, AWS within {apart} s"),
            )
        }
        (None, None) => Line::ok("clock", format!("{at}; AWS has not said what time it is")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Status;
    use chrono::TimeDelta;
    use teamd_host::clock::{Machine, Readings as _};

    #[test]
    fn a_clock_that_was_never_set_is_found() {
        assert_eq!(clock("2026-01-01T00:00:00Z".parse().unwrap()).status, Status::Ok);
        assert_eq!(
            clock("1970-01-01T00:00:09Z".parse().unwrap()).status,
            Status::Fail
        );
    }

    #[test]
    fn a_clock_that_aws_does_not_agree_with_is_found() {
        let heard = |ahead: Option<TimeDelta>| {
            let clock = GuardedClock::start(Box::new(Machine), None, None);
            if let Some(ahead) = ahead {
                clock.hear(Machine.read().wall + ahead, clock.stamp());
            }
            compared(&clock)
        };
        let unheard = heard(None);
        assert_eq!(unheard.status, Status::Ok);
        assert!(unheard.detail.contains("AWS has not said"), "{unheard:?}");
        let agreed = heard(Some(TimeDelta::seconds(-3)));
        assert_eq!(agreed.status, Status::Ok);
        assert!(agreed.detail.contains("agree, AWS within 4 s"), "{agreed:?}");
        for apart in [-90, 90] {
            let line = heard(Some(TimeDelta::seconds(apart)));
            assert_eq!(line.status, Status::Fail);
            assert!(
                line.detail.contains("suspect") && line.detail.contains("no access"),
                "{line:?}"
            );
        }
    }

    #[test]
    fn a_mask_that_lets_others_write_is_found() {
        assert_eq!(judge_umask("Name:\tx\nUmask:\t0077\n").status, Status::Ok);
        assert_eq!(judge_umask("Umask:\t0022\n").status, Status::Ok);
        assert_eq!(judge_umask("Umask:\t0002\n").status, Status::Warn);
        assert_eq!(judge_umask("").status, Status::Warn);
    }

    #[test]
    fn uid_map_that_hides_users_fails() {
        assert_eq!(judge_uid_map(UidMap::Identity).status, Status::Ok);
        assert_eq!(judge_uid_map(UidMap::Partial(65_536)).status, Status::Warn);
        assert_eq!(judge_uid_map(UidMap::TooSmall(1)).status, Status::Fail);
        assert_eq!(judge_uid_map(UidMap::Unknown).status, Status::Warn);
    }

    #[test]
    fn unreadable_login_uids_are_a_warning() {
        assert_eq!(judge_login_uids(true, None).status, Status::Ok);
        assert_eq!(judge_login_uids(false, None).status, Status::Warn);
        let hidden = judge_login_uids(true, Some("hidepid=2".to_owned()));
        assert_eq!(hidden.status, Status::Warn);
        assert!(
            hidden.detail.contains("hidepid=2") && hidden.help.contains("gid="),
            "{hidden:?}"
        );
    }

    #[test]
    fn low_descriptor_limit_is_a_warning() {
        assert_eq!(judge_descriptors(1024, Some(8192)).status, Status::Ok);
        assert_eq!(judge_descriptors(1024, None).status, Status::Ok);
        let low = judge_descriptors(1024, Some(1024));
        assert_eq!(low.status, Status::Warn);
        assert!(low.detail.contains("from 1024 to 744"), "{low:?}");
        assert!(low.help.contains("LimitNOFILE=1304"), "{low:?}");
    }
}
