//! What can go wrong between us and the daemon.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use team_shared::problem::{Code, Problem};

/// Why a call failed. Only [`ClientError::Problem`] was an answer; of the others, those about reaching the daemon are
/// worth a retry.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ClientError {
    /// The daemon answered with a refusal.
    #[error("{0}")]
    Problem(Box<Problem>),
    /// There is no socket.
    #[error("no socket at {}: teamd is not running", .0.display())]
    Absent(PathBuf),
    /// There is a socket, but nobody listens.
    #[error("nobody listens on {}: teamd is not running", .0.display())]
    Refused(PathBuf),
    /// The socket's mode keeps us out.
    #[error("permission denied on {}", path.display())]
    Permission {
        /// The socket.
        path: PathBuf,
        /// The group that may use it.
        group: Option<String>,
    },
    /// The socket belongs to somebody who could be anyone.
    #[error("{} is owned by {owner}, not by root, teamd or you: not talking to it", path.display())]
    Untrusted {
        /// The socket.
        path: PathBuf,
        /// Its owner's name or uid.
        owner: String,
    },
    /// The connection broke or the answer took too long.
    #[error("teamd does not answer on {}: {detail}", path.display())]
    Broken {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        detail: String,
    },
    /// An answer that we do not understand, or a fault of ours.
    #[error("{0}")]
    Unexpected(String),
}

impl ClientError {
    /// The daemon was not reached, or went away.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        !matches!(self, Self::Problem(_) | Self::Unexpected(_))
    }

    /// Whoever follows something asks again: the daemon was not reached, or had too many connections.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        let is_busy = matches!(self, Self::Problem(problem) if problem.code == Code::TooManyConnections);
        is_busy || self.is_unreachable()
    }

    /// What helps.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Problem(problem) => problem.help.clone(),
            Self::Absent(_) | Self::Refused(_) => Some(
                "start it (systemctl start teamd.socket), or name another socket with --socket or TEAM_SOCKET"
                    .to_owned(),
            ),
            Self::Permission { group: Some(group), .. } => Some(format!(
                "ask to be put in group {group}, then log in again (groups are read at login)"
            )),
            Self::Permission { group: None, .. } => {
                Some("ask an administrator which group may use the socket".to_owned())
            }
            Self::Untrusted { .. } => Some(
                "whoever owns a socket sees what you ask and can answer anything; check the path".to_owned(),
            ),
            Self::Broken { .. } => Some("see journalctl -u teamd; then try again".to_owned()),
            Self::Unexpected(_) => {
                Some("client and daemon may be of different versions: compare team-tui --version and whoami".to_owned())
            }
        }
    }
}

/// The cause behind an error of the HTTP library: it wraps the system's error several times over.
pub(super) fn from_reqwest(error: &reqwest::Error, path: &Path) -> ClientError {
    let mut cause: Option<&dyn Error> = error.source();
    let mut detail = error.to_string();
    while let Some(inner) = cause {
        detail = inner.to_string();
        if let Some(io) = inner.downcast_ref::<io::Error>() {
            return from_io(io, path);
        }
        cause = inner.source();
    }
    if error.is_timeout() {
        "no answer in time".clone_into(&mut detail);
    }
    ClientError::Broken {
        path: path.to_owned(),
        detail,
    }
}

pub(super) fn from_io(error: &io::Error, path: &Path) -> ClientError {
    let path = path.to_owned();
    match error.kind() {
        io::ErrorKind::NotFound => ClientError::Absent(path),
        io::ErrorKind::ConnectionRefused => ClientError::Refused(path),
        io::ErrorKind::PermissionDenied => {
            let group = super::socket::group_of(&path);
            ClientError::Permission { path, group }
        }
        _ => ClientError::Broken {
            path,
            detail: error.to_string(),
        },
    }
}
