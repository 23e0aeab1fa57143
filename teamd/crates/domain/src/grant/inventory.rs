//! What is in AWS beside our own grants.

use super::DriftKind;
use crate::Time;
use crate::request::Key;
use team_shared::ids::{AccountId, GroupId, PermissionSetArn, UserId};

/// Who holds an assignment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holder {
    /// A person, by an assignment of their own.
    User(UserId),
    /// All members of a group.
    Group(GroupId),
}

/// An assignment that is not ours: permanent privilege.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Whose.
    pub holder: Holder,
    /// Where.
    pub account: AccountId,
    /// As what.
    pub permission_set: PermissionSetArn,
    /// When a sweep first saw it.
    pub found_at: Time,
}

/// A difference between AWS and our book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// Where.
    pub key: Key,
    /// What.
    pub kind: DriftKind,
    /// When a sweep first saw it.
    pub found_at: Time,
}
