//! Who is calling: what the kernel said, and whom that makes.

use super::event::Actor;
use team_shared::ids::UserId;

/// What the kernel says about the other end of the socket. There is no default: without it there is no connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Peer {
    /// Peer uid at `connect()`.
    pub uid: u32,
    /// Peer pid; evidence only, never identity.
    pub pid: Option<i32>,
    /// The login behind the process.
    pub login_uid: LoginUid,
}

/// The login uid of a process (`/proc/PID/loginuid`): who logged in, whatever uid the process has by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LoginUid {
    /// This uid logged in.
    Set(u32),
    /// Nobody did: a service, or a console without PAM's login uid.
    Unset,
    /// It could not be read. What cannot be known permits nothing.
    Unknown,
}

impl LoginUid {
    /// The uid, where one is set.
    #[must_use]
    pub fn uid(self) -> Option<u32> {
        match self {
            Self::Set(uid) => Some(uid),
            Self::Unset | Self::Unknown => None,
        }
    }
}

/// Whom a peer stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// A person in Identity Center.
    Person {
        /// Immutable id.
        id: UserId,
        /// User name at this moment.
        user_name: String,
    },
    /// uid 0: operates the daemon, is never a person.
    Operator,
    /// A login that maps to nobody, and why.
    Nobody {
        /// In a sentence, with what would help.
        why: String,
    },
}

/// A caller with what the kernel said about them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The kernel's word.
    pub peer: Peer,
    /// Login name of the uid, where there is one.
    pub login: Option<String>,
    /// Whom it makes.
    pub who: Who,
    /// Of uid 0: the person who logged in, by the login uid. Known only where a signature depends on it.
    pub behind: Option<UserId>,
}

impl Caller {
    /// The person, if it is one.
    #[must_use]
    pub fn person(&self) -> Option<&UserId> {
        match &self.who {
            Who::Person { id, .. } => Some(id),
            Who::Operator | Who::Nobody { .. } => None,
        }
    }

    /// The caller as the audit trail names them.
    #[must_use]
    pub fn actor(&self) -> Actor {
        let (user_id, user_name) = match &self.who {
            Who::Person { id, user_name } => (Some(id.clone()), Some(user_name.clone())),
            Who::Operator | Who::Nobody { .. } => (None, None),
        };
        Actor {
            user_id,
            user_name,
            uid: Some(self.peer.uid),
            login_uid: self.peer.login_uid.uid(),
        }
    }

    /// Whether somebody else's login may be behind this uid. root is exempt: it can be anybody.
    #[must_use]
    pub fn may_be_sudo(&self) -> bool {
        match self.peer.login_uid {
            LoginUid::Set(login) => self.peer.uid != 0 && login != self.peer.uid,
            LoginUid::Unset => false,
            LoginUid::Unknown => self.peer.uid != 0,
        }
    }
}
