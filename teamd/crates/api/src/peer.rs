//! What the kernel says about the other end of a connection: uid, pid and login uid.
//!
//! The uid comes from the socket and cannot change. The login uid is read from `/proc/PID/loginuid`, and a pid says
//! nothing once its process has ended. So the value counts only if the process that connected was still there when it
//! was read: by a pidfd of the peer (`SO_PEERPIDFD`, Linux 6.5), else by comparing start time and uids around the
//! reading. Everything else is [`LoginUid::Unknown`], which changes nothing.

use nix::sys::socket::{getsockopt, sockopt::PeerPidfd};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::os::fd::{AsFd, OwnedFd};
use teamd_domain::identity::{LoginUid, Peer};

/// The peer of a connection.
///
/// `is_kept`: the kernel keeps login uids. Where it does not, nobody has one.
pub(super) fn peer_of(socket: &impl AsFd, uid: u32, pid: Option<i32>, is_kept: bool) -> Peer {
    let login_uid = match (is_kept, pid) {
        (false, _) => LoginUid::Unset,
        (true, None) => LoginUid::Unknown,
        (true, Some(pid)) => login_uid(socket, uid, pid).unwrap_or(LoginUid::Unknown),
    };
    Peer { uid, pid, login_uid }
}

/// The login uid of the process that connected; none: it cannot be said.
fn login_uid(socket: &impl AsFd, uid: u32, pid: i32) -> Option<LoginUid> {
    let pidfd = match getsockopt(socket, PeerPidfd) {
        Ok(pidfd) => Some(pidfd),
        // An older kernel.
        Err(nix::errno::Errno::ENOPROTOOPT) => None,
        Err(_) => return None,
    };
    let before = Process::of(pid)?;
    let text = std::fs::read_to_string(format!("/proc/{pid}/loginuid")).ok()?;
    let after = Process::of(pid)?;
    let is_peer = match &pidfd {
        Some(pidfd) => before == after && is_alive(pidfd),
        None => before == after && before.uids.contains(&uid),
    };
    is_peer.then(|| parse(&text)).flatten()
}

fn parse(text: &str) -> Option<LoginUid> {
    match text.trim().parse() {
        Ok(u32::MAX) => Some(LoginUid::Unset),
        Ok(uid) => Some(LoginUid::Set(uid)),
        Err(_) => None,
    }
}

/// A pidfd is readable once its process has ended.
fn is_alive(pidfd: &OwnedFd) -> bool {
    let mut fds = [PollFd::new(pidfd, PollFlags::IN)];
    let at_once = Timespec::default();
    matches!(poll(&mut fds, Some(&at_once)), Ok(0))
}

/// What tells a process from another one that gets its number later.
#[derive(Debug, PartialEq, Eq)]
struct Process {
    /// Clock ticks after boot.
    started: u64,
    /// Real, effective, saved and file-system uid.
    uids: Vec<u32>,
}

impl Process {
    fn of(pid: i32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        Some(Self {
            started: started(&stat)?,
            uids: uids(&status)?,
        })
    }
}

/// Field 22 of `/proc/PID/stat`. The name in field 2 may hold anything, brackets and blanks too.
fn started(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(19)?.parse().ok()
}

fn uids(status: &str) -> Option<Vec<u32>> {
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    let uids: Result<Vec<u32>, _> = line.split_whitespace().map(str::parse).collect();
    uids.ok().filter(|uids| uids.len() == 4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::{UnixListener, UnixStream};

    fn accepted(listener: &UnixListener) -> (UnixStream, u32, Option<i32>) {
        let (stream, _) = listener.accept().unwrap();
        let credentials = getsockopt(&stream, nix::sys::socket::sockopt::PeerCredentials).unwrap();
        (stream, credentials.uid(), Some(credentials.pid()))
    }

    #[test]
    fn login_uid_has_three_values() {
        assert_eq!(parse("1001\n"), Some(LoginUid::Set(1001)));
        assert_eq!(parse("4294967295"), Some(LoginUid::Unset));
        assert_eq!(parse(""), None);
        assert_eq!(parse("-1"), None);
    }

    #[test]
    fn process_name_does_not_shift_fields() {
        let stat = "7 (a) 1 2 (b) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4242 20";
        assert_eq!(started(stat), Some(4242));
        assert_eq!(started("7 (short) S 1"), None);
        assert_eq!(uids("Name:\tx\nUid:\t1\t2\t3\t4\n"), Some(vec![1, 2, 3, 4]));
        assert_eq!(uids("Uid:\t1\n"), None);
    }

    #[test]
    fn peer_that_is_there_has_its_login_uid() {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("sock")).unwrap();
        let _client = UnixStream::connect(folder.path().join("sock")).unwrap();
        let (stream, uid, pid) = accepted(&listener);
        let own = parse(&std::fs::read_to_string("/proc/self/loginuid").unwrap_or_default());
        let expected = own.unwrap_or(LoginUid::Unknown);
        assert_eq!(peer_of(&stream, uid, pid, true).login_uid, expected);
        assert_eq!(peer_of(&stream, uid, pid, false).login_uid, LoginUid::Unset);
        assert_eq!(peer_of(&stream, uid, None, true).login_uid, LoginUid::Unknown);
    }

    /// The connection outlives the process that made it: a child that shares descriptors connects and ends before it is
    /// accepted. Here the child leaves its connection in the listener's queue and passes the socket on by inheritance.
    #[test]
    fn ended_peer_has_an_unknown_login_uid() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sock");
        let listener = UnixListener::bind(&path).unwrap();
        let connected = std::process::Command::new("python3")
            .args([
                "-c",
                "import socket,sys,os\ns=socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])",
            ])
            .arg(&path)
            .status();
        let Ok(status) = connected else {
            eprintln!("SKIPPED: no python3 to make a connection whose process has ended");
            return;
        };
        assert!(status.success());
        let (stream, uid, pid) = accepted(&listener);
        assert_eq!(peer_of(&stream, uid, pid, true).login_uid, LoginUid::Unknown);
    }
}
