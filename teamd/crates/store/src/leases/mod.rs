//! `leases.json`: what is ours in AWS and until when, in a file of its own. It is the record for the day when the store
//! cannot be read or the daemon itself is the fault: `teamd sweep` and revoke-only mode take access back from it.
//!
//! Written before every create and at every lease change, readable without the store, the directory or the daemon.
//! Nothing is granted from it, ever.
//!
//! * [`LeasesFile`] the document; [`collect`] makes its entries from what the store says
//! * [`read`], [`write()`] the file: 0600, whole or not at all, as are its neighbours

mod collect;
mod file;
mod whole;

pub use collect::collect;
pub use file::{ReadError, read, write};
pub use whole::{remove, replace};

use serde::{Deserialize, Serialize};
use team_shared::ids::{AccountId, PermissionSetArn, RequestId, UserId};
use teamd_domain::Time;
use teamd_domain::request::Key;

/// The format of the file. A reader refuses others.
pub const VERSION: u32 = 1;

/// What is ours in AWS, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeasesFile {
    /// [`VERSION`].
    pub version: u32,
    /// When it was written. The daemon writes it anew every few minutes, also when nothing has changed: an old one is a
    /// sign that no daemon runs.
    pub written_at: Time,
    /// Who wrote it, in words.
    pub daemon: String,
    /// The Identity Center instance; none: not known yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_arn: Option<String>,
    /// Its identity store; none: not known yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_store_id: Option<String>,
    /// Its region; none: the one of the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// An entry for each key that is ours, by key.
    pub leases: Vec<LeaseEntry>,
}

/// One key that is ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseEntry {
    /// Whose.
    pub user_id: UserId,
    /// Where.
    pub account_id: AccountId,
    /// As what.
    pub permission_set_arn: PermissionSetArn,
    /// That we created it, or were about to. Where it is not true nothing is deleted.
    pub owned: bool,
    /// The latest end of any request that holds it, or held it.
    pub last_end: Time,
    /// Where nothing is there as far as we know, but a create attempt of unknown outcome may yet surface: until when.
    /// After this moment the entry means nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub may_surface_until: Option<Time>,
    /// The requests behind it, oldest first.
    pub requests: Vec<RequestId>,
}

impl LeaseEntry {
    /// The key of the assignment.
    #[must_use]
    pub fn key(&self) -> Key {
        Key {
            user: self.user_id.clone(),
            account: self.account_id.clone(),
            permission_set: self.permission_set_arn.clone(),
        }
    }
}
