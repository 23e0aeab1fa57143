//! What an organisation consists of. Plain data; the rules are in the modules beside this one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

/// `Account.State` of AWS Organizations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AccountState {
    /// Created, not yet usable.
    PendingActivation,
    /// In use.
    Active,
    /// Closed by the owner or suspended by AWS.
    Suspended,
    /// Being closed.
    PendingClosure,
    /// Closed for good.
    Closed,
}

impl AccountState {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PendingActivation => "PENDING_ACTIVATION",
            Self::Active => "ACTIVE",
            Self::Suspended => "SUSPENDED",
            Self::PendingClosure => "PENDING_CLOSURE",
            Self::Closed => "CLOSED",
        }
    }
}

/// An AWS account.
#[derive(Debug, Clone)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// The account's name.
    pub name: String,
    /// The root user's address.
    pub email: String,
    /// Only `Active` accounts can be granted.
    pub state: AccountState,
    /// Id of the root or organisational unit it is in.
    pub parent: String,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// When it joined, milliseconds since the epoch.
    pub joined_ms: i64,
}

/// An organisational unit.
#[derive(Debug, Clone)]
pub struct OrganizationalUnit {
    /// `ou-xxxx-yyyyyyyy`.
    pub id: String,
    /// Its own name, without its parents'.
    pub name: String,
    /// Id of the root or unit it is in.
    pub parent: String,
}

/// A person in the identity store.
#[derive(Debug, Clone)]
pub struct User {
    /// `UserId`: ten digits of the store, a dash, a UUID.
    pub id: String,
    /// The name to sign in with, also the role session's name.
    pub user_name: String,
    /// The name to show.
    pub display_name: String,
    /// The primary address.
    pub email: String,
    /// `UserStatus`: `ENABLED` or `DISABLED`.
    pub enabled: bool,
    /// When it was created, milliseconds since the epoch.
    pub created_ms: i64,
}

/// A group in the identity store; groups do not nest.
#[derive(Debug, Clone)]
pub struct Group {
    /// `GroupId`.
    pub id: String,
    /// The group's name.
    pub display_name: String,
    /// What it is for.
    pub description: String,
    /// User ids.
    pub members: BTreeSet<String>,
}

/// A permission set.
#[derive(Debug, Clone)]
pub struct PermissionSet {
    /// `arn:aws:sso:::permissionSet/ssoins-…/ps-…`.
    pub arn: String,
    /// At most 32 characters.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// ISO 8601, for instance `PT1H`.
    pub session_duration: String,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// When it was created, milliseconds since the epoch.
    pub created_ms: i64,
}

/// Who an assignment is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "type", content = "id", rename_all = "UPPERCASE")]
pub enum Principal {
    /// A group, by `GroupId`.
    Group(String),
    /// A user, by `UserId`.
    User(String),
}

impl Principal {
    /// The `UserId` or `GroupId`.
    pub fn id(&self) -> &str {
        match self {
            Self::Group(id) | Self::User(id) => id,
        }
    }

    /// `USER` or `GROUP`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Group(_) => "GROUP",
            Self::User(_) => "USER",
        }
    }
}

/// What identifies an account assignment: AWS keeps at most one of each.
///
/// Ordered by account, then permission set, so that one listing is one range.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AssignmentKey {
    /// Twelve digits.
    pub account: String,
    /// The permission set's ARN.
    pub permission_set: String,
    /// Who.
    pub principal: Principal,
}

impl fmt::Display for AssignmentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} in {} with {}",
            self.principal.kind(),
            self.principal.id(),
            self.account,
            self.permission_set
        )
    }
}

/// Who is calling, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The calling credentials' account.
    pub account: String,
    /// The region of the endpoint called.
    pub region: String,
}

/// Seconds in an ISO 8601 duration of days, hours, minutes and seconds; `None` if it is not one.
pub fn duration_seconds(text: &str) -> Option<i64> {
    let mut rest = text.strip_prefix('P')?;
    let mut seconds = 0;
    let mut in_time = false;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('T') {
            in_time = true;
            rest = after;
            continue;
        }
        let unit_at = rest.find(|c: char| !c.is_ascii_digit())?;
        let count: i64 = rest[..unit_at].parse().ok()?;
        seconds += count
            * match (in_time, rest.as_bytes()[unit_at]) {
                (false, b'W') => 604_800,
                (false, b'D') => 86_400,
                (true, b'H') => 3_600,
                (true, b'M') => 60,
                (true, b'S') => 1,
                _ => return None,
            };
        rest = &rest[unit_at + 1..];
    }
    (seconds > 0).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, seconds) in [
            ("PT1H", 3600),
            ("PT8H", 28_800),
            ("PT43200S", 43_200),
            ("PT1H30M", 5400),
            ("P1D", 86_400),
        ] {
            assert_eq!(duration_seconds(text), Some(seconds), "{text}");
        }
        for text in ["", "1H", "PT", "P1H", "PTH", "PT1X", "P"] {
            assert_eq!(duration_seconds(text), None, "{text}");
        }
    }
}
