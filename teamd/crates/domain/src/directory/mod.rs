//! What AWS says exists: accounts with their OU paths, people, groups, permission sets. A value, replaced as a whole.

mod index;

pub use index::Index;

use super::Time;
use std::collections::{BTreeMap, BTreeSet};
use team_shared::ids::{AccountId, GroupId, PermissionSetArn, UserId};

/// An account of the organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Id.
    pub id: AccountId,
    /// Name, as AWS has it: any characters.
    pub name: String,
    /// AWS's `State` is `ACTIVE`; anything else cannot be granted.
    pub active: bool,
    /// AWS's `State` as received, for people.
    pub state: String,
    /// Ids of its OUs from the outermost down; the root is left out.
    pub ou_ids: Vec<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

/// An organisational unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationalUnit {
    /// Id.
    pub id: String,
    /// Names from the outermost down, `/` between them: `Workloads/Prod`.
    pub path: String,
}

/// A permission set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionSet {
    /// ARN.
    pub arn: PermissionSetArn,
    /// Name.
    pub name: String,
    /// Description.
    pub description: String,
    /// How long its sessions last, in seconds.
    pub session_seconds: i64,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Immutable id.
    pub id: UserId,
    /// User name.
    pub user_name: String,
    /// Display name.
    pub display_name: String,
    /// Mail address.
    pub email: Option<String>,
    /// IANA name of their time zone, where the directory has one.
    pub zone: Option<String>,
    /// Not DISABLED; a user without a status counts as enabled.
    pub enabled: bool,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Immutable id.
    pub id: GroupId,
    /// Display name.
    pub name: String,
    /// Members.
    pub members: BTreeSet<UserId>,
}

/// Whom a source names as on call. To policy, an unknown source names nobody; who asks whether access may be given or
/// is lost must look at what it could name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnCallMembers {
    /// These people, by a reading that counts.
    Known(BTreeSet<UserId>),
    /// Nobody can say: the source fails, or has not been read yet.
    Unknown {
        /// Whom it named when it was last read, if it was since the start.
        last: Option<BTreeSet<UserId>>,
    },
}

impl OnCallMembers {
    /// Whether a person is known to be on call.
    #[must_use]
    pub fn contains(&self, user: &UserId) -> bool {
        match self {
            Self::Known(people) => people.contains(user),
            Self::Unknown { .. } => false,
        }
    }
}

/// The people who are known to be on call.
impl<'a> IntoIterator for &'a OnCallMembers {
    type Item = &'a UserId;
    type IntoIter = std::iter::Flatten<std::option::IntoIter<&'a BTreeSet<UserId>>>;

    fn into_iter(self) -> Self::IntoIter {
        let known = match self {
            OnCallMembers::Known(people) => Some(people),
            OnCallMembers::Unknown { .. } => None,
        };
        known.into_iter().flatten()
    }
}

/// The whole copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// When this complete load finished.
    pub loaded_at: Time,
    /// The Identity Center instance.
    pub instance_arn: String,
    /// Its identity store.
    pub identity_store_id: String,
    /// The management account, where Organizations said.
    pub management_account: Option<AccountId>,
    /// OUs by id.
    pub organizational_units: BTreeMap<String, OrganizationalUnit>,
    /// Accounts by id.
    pub accounts: BTreeMap<AccountId, Account>,
    /// Permission sets by ARN.
    pub permission_sets: BTreeMap<PermissionSetArn, PermissionSet>,
    /// People by id.
    pub people: BTreeMap<UserId, Person>,
    /// Groups by id.
    pub groups: BTreeMap<GroupId, Group>,
    /// (account, permission set, group): access that people hold through groups, as far as it was read.
    pub group_access: BTreeSet<(AccountId, PermissionSetArn, GroupId)>,
    /// Who is on call, by the name of the source: every source that is configured. Not AWS's word but the operators',
    /// read beside the copy.
    pub on_call: BTreeMap<String, OnCallMembers>,
    /// Look-ups, made when they are first needed.
    pub index: Index,
}

impl Directory {
    /// The OU path of an account in names: `/` for the root itself.
    #[must_use]
    pub fn ou_path(&self, account: &Account) -> String {
        account
            .ou_ids
            .last()
            .and_then(|id| self.organizational_units.get(id))
            .map_or_else(|| "/".to_owned(), |ou| ou.path.clone())
    }

    /// The one permission set of that name, or of that ARN.
    #[must_use]
    pub fn permission_set(&self, name_or_arn: &str) -> Option<&PermissionSet> {
        self.permission_sets
            .values()
            .find(|set| set.arn.as_str() == name_or_arn || set.name == name_or_arn)
    }

    /// The account of that id or name. Names are unique only by habit: of several, the first by id.
    #[must_use]
    pub fn account_called(&self, id_or_name: &str) -> Option<&Account> {
        self.accounts
            .values()
            .find(|account| account.id.as_str() == id_or_name)
            .or_else(|| self.accounts.values().find(|account| account.name == id_or_name))
    }

    /// The person of that user name or id.
    #[must_use]
    pub fn person_called(&self, name_or_id: &str) -> Option<&Person> {
        self.person_named(name_or_id).or_else(|| {
            self.people
                .values()
                .find(|person| person.id.as_str() == name_or_id)
        })
    }

    /// Names of the groups that hold exactly this access and have the person as a member.
    #[must_use]
    pub fn held_through(&self, user: &UserId, account: &AccountId, set: &PermissionSetArn) -> Vec<String> {
        self.group_access
            .iter()
            .filter(|(a, s, _)| a == account && s == set)
            .filter_map(|(_, _, group)| self.groups.get(group))
            .filter(|group| group.members.contains(user))
            .map(|group| group.name.clone())
            .collect()
    }
}
