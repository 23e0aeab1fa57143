//! Grants on the wire: the assignments that we hold or have held.

use crate::ids::RequestId;
use crate::request::{AccountRef, GrantOfRequest, PermissionSetRef, PersonRef};
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
