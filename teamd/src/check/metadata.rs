//! The instance-metadata service: whoever reaches it has the credentials of the machine, so the daemon's rights in AWS
//! without the daemon.
//!
//! As root the question is asked as `nobody`, from a thread of its own: on Linux a thread can drop its user for good
//! while the process keeps its own. That needs no shell, no helper program and no binary that `nobody` may execute,
//! and the connection is made by the uid that a firewall rule would see.

use super::Line;
use rustix::process::{Gid, Uid, geteuid};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// Where EC2 answers: by IPv4, and by IPv6 where that is switched on.
const ADDRESSES: [SocketAddr; 2] = [
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)), 80),
    SocketAddr::new(
        std::net::IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
        80,
    ),
];
/// The service is in the machine's own hypervisor: what takes longer is not there.
const PATIENCE: Duration = Duration::from_millis(300);
/// Linux's `nobody`: a user that stands for everybody else.
const NOBODY: u32 = 65534;
const HELP: &str = "let only the daemon's uid reach 169.254.169.254 and fd00:ec2::254 (the nftables file beside the units), or \
                    give the machine no instance role";

/// Whether others reach the credentials of the machine. `daemon` is the daemon's uid, where it is known.
pub(super) fn line(daemon: Option<u32>) -> Line {
    let uid = geteuid();
    if uid.is_root() {
        judge_as_root(as_nobody(reachable))
    } else {
        judge_as_user(reachable(), uid.as_raw(), daemon)
    }
}

fn judge_as_root(others: io::Result<Option<SocketAddr>>) -> Line {
    match others {
        Ok(None) => Line::ok(
            "metadata",
            "other users do not reach the instance-metadata service (tried as nobody)",
        ),
        Ok(Some(address)) => Line::fail(
            "metadata",
            format!("any user of this machine reaches {address}, and with it the machine's AWS credentials"),
            HELP,
        ),
        Err(error) => Line::warn(
            "metadata",
            format!("whether other users reach the instance-metadata service is unknown: {error}"),
            "run this check as root with the capabilities to change its user",
        ),
    }
}

fn judge_as_user(reached: Option<SocketAddr>, uid: u32, daemon: Option<u32>) -> Line {
    match reached {
        None => Line::ok(
            "metadata",
            format!("uid {uid} does not reach the instance-metadata service"),
        ),
        Some(address) if daemon == Some(uid) => Line::warn(
            "metadata",
            format!("the daemon's user reaches {address}; whether others do can only be tried as root"),
            "run this check once as root",
        ),
        Some(address) => Line::fail(
            "metadata",
            format!("uid {uid} reaches {address}, and with it the machine's AWS credentials"),
            HELP,
        ),
    }
}

/// The first address that takes a connection. A refused one counts as out of reach: firewalls answer so.
fn reachable() -> Option<SocketAddr> {
    ADDRESSES
        .into_iter()
        .find(|address| TcpStream::connect_timeout(address, PATIENCE).is_ok())
}

/// Runs this as `nobody`, without groups. Only root can.
fn as_nobody<T: Send>(ask: impl FnOnce() -> T + Send) -> io::Result<T> {
    std::thread::scope(|scope| {
        // Real, effective and saved ids all change, for this thread only; it ends with its user.
        let thread = scope.spawn(|| -> io::Result<T> {
            let (uid, gid) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
            set_thread_groups(&[])?;
            set_thread_res_gid(gid, gid, gid)?;
            set_thread_res_uid(uid, uid, uid)?;
            Ok(ask())
        });
        thread
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("the trial panicked")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Status;
    use std::os::unix::fs::PermissionsExt as _;

    const REACHED: Option<SocketAddr> = Some(ADDRESSES[0]);

    #[test]
    fn reach_of_others_is_a_failure() {
        assert_eq!(judge_as_root(Ok(REACHED)).status, Status::Fail);
        assert_eq!(judge_as_root(Ok(None)).status, Status::Ok);
        assert_eq!(judge_as_root(Err(io::Error::other("x"))).status, Status::Warn);
    }

    #[test]
    fn reach_of_the_daemon_is_no_failure_but_of_a_user_is() {
        assert_eq!(judge_as_user(REACHED, 990, Some(990)).status, Status::Warn);
        assert_eq!(judge_as_user(REACHED, 1001, Some(990)).status, Status::Fail);
        assert_eq!(judge_as_user(REACHED, 1001, None).status, Status::Fail);
        assert_eq!(judge_as_user(None, 1001, Some(990)).status, Status::Ok);
    }

    #[test]
    fn only_the_thread_changes_its_user() {
        let before = geteuid();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        std::fs::write(&path, "x").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let result = as_nobody(|| (rustix::process::getuid().as_raw(), std::fs::read(&path).is_ok()));
        if before.is_root() {
            // Nothing of root's power is left either.
            assert_eq!(result.unwrap(), (NOBODY, false));
        } else {
            assert!(result.is_err());
        }
        assert_eq!(geteuid(), before);
        assert!(std::fs::read(&path).is_ok());
    }
}
