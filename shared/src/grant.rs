//! Grants on the wire: the assignments that we hold or have held, and what a sweep has found beside them.

use crate::ids::{GroupId, RequestId};
use crate::request::{AccountRef, GrantOfRequest, PermissionSetRef, PersonRef};
use crate::state::{DriftKind, HolderKind};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantView {
    /// Whose.
    pub person: PersonRef,
    /// Where.
    pub account: AccountRef,
    /// As what.
    pub permission_set: PermissionSetRef,
    /// Requests that hold it.
    pub leases: Vec<RequestId>,
    /// What we know of the assignment.
    #[serde(flatten)]
    pub grant: GrantOfRequest,
}

/// A group as shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupRef {
    /// Immutable id.
    pub group_id: GroupId,
    /// Display name.
    pub name: String,
    /// How many people are in it.
    pub members: usize,
}

/// Standing access: an assignment that is not the daemon's, `?view=standing`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandingView {
    /// Whether a person holds it, or everybody in a group.
    pub holder: HolderKind,
    /// The person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonRef>,
    /// The group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupRef>,
    /// Where.
    pub account: AccountRef,
    /// As what.
    pub permission_set: PermissionSetRef,
    /// When a sweep first saw it.
    pub found_at: DateTime<Utc>,
}

impl StandingView {
    /// The name of the person or of the group.
    #[must_use]
    pub fn name(&self) -> &str {
        let person = self.person.as_ref().map(|person| person.user_name.as_str());
        let group = self.group.as_ref().map(|group| group.name.as_str());
        person.or(group).unwrap_or_default()
    }
}

/// A difference between AWS and the book, `?view=drift`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftView {
    /// Which way.
    pub kind: DriftKind,
    /// Whose key.
    pub person: PersonRef,
    /// Where.
    pub account: AccountRef,
    /// As what.
    pub permission_set: PermissionSetRef,
    /// Requests that hold the grant.
    pub leases: Vec<RequestId>,
    /// When a sweep first saw it.
    pub found_at: DateTime<Utc>,
    /// What it means, in words.
    pub detail: String,
}
