//! The caller, as the daemon sees them.

use crate::duration::Seconds;
use crate::request::{AccountRef, PermissionSetRef, PersonRef};
use serde::{Deserialize, Serialize};

/// Answer of `GET /v1/me`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// The uid that the kernel says.
    pub uid: u32,
    /// The login uid, where one is set.
    pub login_uid: Option<u32>,
    /// The login uid could not be read: everything that changes something is refused.
    #[serde(default)]
    pub login_uid_unknown: bool,
    /// The login name of the uid.
    pub login: Option<String>,
    /// The person; absent for the operator and for logins that map to nobody.
    pub person: Option<PersonRef>,
    /// `requester`, `approver`, `security`, `auditor`, `admin`, `operator`.
    pub roles: Vec<String>,
    /// Groups of the person.
    pub groups: Vec<String>,
    /// How the login was mapped, or why it was not.
    pub explanation: String,
    /// Banners that everybody should see: approval off, no policy yet, AWS unreachable.
    pub notices: Vec<String>,
    /// Version of the daemon.
    pub daemon_version: String,
}

/// Answer of `GET /v1/logins/{login}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginView {
    /// The login.
    pub login: String,
    /// Its uid; absent where the machine has no such login.
    pub uid: Option<u32>,
    /// Whom it stands for; absent for the operator, and where it stands for nobody.
    pub person: Option<PersonRef>,
    /// As in [`Me`].
    pub roles: Vec<String>,
    /// Groups of the person.
    pub groups: Vec<String>,
    /// How it is mapped, or why it is not.
    pub explanation: String,
    /// What is doubtful about it: several logins of one person, several people behind one.
    pub warnings: Vec<String>,
}

/// One (account, permission set) that a person may request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entitlement {
    /// The account.
    pub account: AccountRef,
    /// The permission set.
    pub permission_set: PermissionSetRef,
    /// The longest that may be asked for, in seconds.
    pub max_duration_seconds: Seconds,
    /// What is asked for when nobody says.
    pub default_duration_seconds: Seconds,
    /// Whether somebody must approve.
    pub approval_required: bool,
    /// Only under `break_glass`.
    pub break_glass: bool,
    /// Who can approve, requester left out.
    pub approvers: Vec<PersonRef>,
    /// The largest quorum among the demands; 0 where no approval is needed.
    pub quorum: u32,
    /// The counting rule with the longest cap.
    pub rule: String,
    /// Whether a ticket must be named.
    pub ticket_required: bool,
    /// Whether a reason must be given, and its least length.
    pub justification_min: usize,
    /// The TUI asks for the account's name before it submits or approves.
    pub guarded: bool,
}
