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
    /// `/proc/PID/loginuid`, where one is set.
    pub login_uid: Option<u32>,
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
            login_uid: self.peer.login_uid,
        }
    }

    /// The `sudo -u` shape: the login behind the session is another than the uid that speaks.
    #[must_use]
    pub fn is_sudo(&self) -> bool {
        self.peer.uid != 0 && self.peer.login_uid.is_some_and(|login| login != self.peer.uid)
    }
}
