//! Setting the scene, and changing it behind AWS's back: none of this counts as an API call.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::activity::Activity;
use super::types::{
    Account, AccountState, AssignmentKey, Group, OrganizationalUnit, PermissionSet, User, duration_seconds,
};
use super::{Calls, FaultEngine, Ledger, Limits, Operations, Organisation, Schedules, Trail, ids};
use crate::faults::Faults;

/// 2026-01-05T09:00:00Z: when everything that comes with an organisation was created.
pub(super) const CREATED_MS: i64 = 1_767_603_600_000;

/// An account to add.
#[derive(Debug, Clone, Default)]
pub struct NewAccount {
    /// Twelve digits; derived from the name when absent.
    pub id: Option<String>,
    /// The account's name.
    pub name: String,
    /// Derived from the name when absent.
    pub email: Option<String>,
    /// The units above it, from the top: `Workloads/Prod`; empty for the root.
    pub unit: String,
    /// `Active` when absent.
    pub state: Option<AccountState>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

/// A user to add.
#[derive(Debug, Clone, Default)]
pub struct NewUser {
    /// `UserId`; derived from the name when absent.
    pub id: Option<String>,
    /// The name to sign in with.
    pub user_name: String,
    /// The user name when absent.
    pub display_name: Option<String>,
    /// `<user name>@example.com` when absent.
    pub email: Option<String>,
    /// `UserStatus` `DISABLED`.
    pub disabled: bool,
}

/// A permission set to add.
#[derive(Debug, Clone, Default)]
pub struct NewPermissionSet {
    /// At most 32 characters of `[\w+=,.@-]`.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// ISO 8601; `PT1H` when absent.
    pub session_duration: Option<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

/// Something that cannot be in an organisation.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SetupError {
    /// Two of a kind with one name or id.
    #[error("{0} is there twice")]
    Duplicate(String),
    /// A reference to something that is not there.
    #[error("{0} does not exist")]
    Unknown(String),
    /// A value AWS would not accept.
    #[error("{0}")]
    Invalid(String),
}

impl Organisation {
    /// An organisation with nothing in it but its management account. Every id follows from `name`.
    pub fn new(name: &str, region: &str, management: NewAccount) -> Result<Self, SetupError> {
        let root = ids::alphanumeric(&format!("{name} root"), 4);
        let mut organisation = Self {
            id: format!("o-{}", ids::alphanumeric(name, 10)),
            region: region.to_owned(),
            root_id: format!("r-{root}"),
            management: String::new(),
            instance_arn: format!(
                "arn:aws:sso:::instance/ssoins-{}",
                ids::hex(&format!("{name} sso"), 16)
            ),
            identity_store_id: format!("d-{}", ids::hex(&format!("{name} store"), 10)),
            created_ms: CREATED_MS,
            accounts: BTreeMap::new(),
            units: BTreeMap::new(),
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
            sets: Vec::new(),
            delegated: BTreeSet::new(),
            ledger: Ledger::default(),
            operations: Operations::default(),
            schedules: Schedules::default(),
            trail: Trail::default(),
            queries: super::lake::Queries::default(),
            activity: Activity::new(ids::fingerprint(name)),
            issued: BTreeMap::new(),
            limits: Limits::default(),
            engine: FaultEngine::new(Faults::default()),
            calls: Calls::default(),
            serial: 0,
            delay_ms: 0,
        };
        organisation.management = organisation.add_account(management)?;
        Ok(organisation)
    }

    /// Adds an account, and the units above it; its id.
    pub fn add_account(&mut self, new: NewAccount) -> Result<String, SetupError> {
        let id = new
            .id
            .unwrap_or_else(|| ids::account(&format!("{} {}", self.id, new.name)));
        if id.len() != 12 || !id.bytes().all(|b| b.is_ascii_digit()) {
            return Err(SetupError::Invalid(format!(
                "account id {id} is not twelve digits"
            )));
        }
        if self.accounts.contains_key(&id) || self.account_named(&new.name).is_some() {
            return Err(SetupError::Duplicate(format!("account {} ({id})", new.name)));
        }
        let parent = self.add_unit(&new.unit);
        let account = Account {
            email: new
                .email
                .unwrap_or_else(|| format!("aws+{}@example.com", new.name)),
            state: new.state.unwrap_or(AccountState::Active),
            joined_ms: self.created_ms,
            id: id.clone(),
            name: new.name,
            parent,
            tags: new.tags,
        };
        self.accounts.insert(id.clone(), account);
        Ok(id)
    }

    /// Adds a unit by the names above it, `Workloads/Prod`, with those that are missing; its id.
    pub fn add_unit(&mut self, path: &str) -> String {
        let mut parent = self.root_id.clone();
        for name in path.split('/').filter(|name| !name.is_empty()) {
            let found = self
                .units
                .values()
                .find(|unit| unit.parent == parent && unit.name == name);
            parent = match found {
                Some(unit) => unit.id.clone(),
                None => {
                    let suffix = ids::alphanumeric(&format!("{parent}/{name}"), 8);
                    let id = format!("ou-{}-{suffix}", self.root_id.trim_start_matches("r-"));
                    let unit = OrganizationalUnit {
                        id: id.clone(),
                        name: name.to_owned(),
                        parent,
                    };
                    self.units.insert(id.clone(), unit);
                    id
                }
            };
        }
        parent
    }

    /// Adds a user; the `UserId`.
    pub fn add_user(&mut self, new: NewUser) -> Result<String, SetupError> {
        if new.user_name.is_empty() || new.user_name.contains(char::is_whitespace) {
            return Err(SetupError::Invalid(format!("user name `{}`", new.user_name)));
        }
        let seed = format!("user {}", new.user_name);
        let id = new
            .id
            .unwrap_or_else(|| ids::identity(&self.identity_store_id, &seed));
        if self.users.contains_key(&id) || self.user_named(&new.user_name).is_some() {
            return Err(SetupError::Duplicate(format!("user {}", new.user_name)));
        }
        let user = User {
            id: id.clone(),
            display_name: new.display_name.unwrap_or_else(|| new.user_name.clone()),
            email: new
                .email
                .unwrap_or_else(|| format!("{}@example.com", new.user_name)),
            enabled: !new.disabled,
            created_ms: self.created_ms,
            user_name: new.user_name,
        };
        self.users.insert(id.clone(), user);
        Ok(id)
    }

    /// Adds a group of these user names; the `GroupId`.
    pub fn add_group(
        &mut self,
        display_name: &str,
        description: &str,
        members: &[&str],
    ) -> Result<String, SetupError> {
        let id = ids::identity(&self.identity_store_id, &format!("group {display_name}"));
        if display_name.is_empty() {
            return Err(SetupError::Invalid("a group without a name".into()));
        }
        if self.groups.contains_key(&id) {
            return Err(SetupError::Duplicate(format!("group {display_name}")));
        }
        let members = members
            .iter()
            .map(|name| {
                let user = self
                    .user_named(name)
                    .ok_or_else(|| SetupError::Unknown(format!("user {name}")))?;
                Ok(user.id.clone())
            })
            .collect::<Result<_, SetupError>>()?;
        let (display_name, description) = (display_name.to_owned(), description.to_owned());
        self.groups.insert(
            id.clone(),
            Group {
                id: id.clone(),
                display_name,
                description,
                members,
            },
        );
        Ok(id)
    }

    /// Adds a permission set; its ARN.
    pub fn add_permission_set(&mut self, new: NewPermissionSet) -> Result<String, SetupError> {
        let legal = |c: char| c.is_alphanumeric() || "_+=,.@-".contains(c);
        if new.name.is_empty() || new.name.chars().count() > 32 || !new.name.chars().all(legal) {
            return Err(SetupError::Invalid(format!("permission set name `{}`", new.name)));
        }
        if self.permission_set_named(&new.name).is_some() {
            return Err(SetupError::Duplicate(format!("permission set {}", new.name)));
        }
        let session_duration = new.session_duration.unwrap_or_else(|| "PT1H".into());
        if !duration_seconds(&session_duration).is_some_and(|s| (3_600..=43_200).contains(&s)) {
            let problem = format!("session duration `{session_duration}` is not between PT1H and PT12H");
            return Err(SetupError::Invalid(problem));
        }
        let instance = self.instance_arn.rsplit('/').next().unwrap_or_default();
        let suffix = ids::hex(&format!("{} {}", self.id, new.name), 16);
        let arn = format!("arn:aws:sso:::permissionSet/{instance}/ps-{suffix}");
        self.sets.push(PermissionSet {
            arn: arn.clone(),
            name: new.name,
            description: new.description,
            session_duration,
            tags: new.tags,
            created_ms: self.created_ms,
        });
        Ok(arn)
    }

    /// Lets an account administer Identity Center for the management account.
    pub fn delegate_to(&mut self, account: &str) {
        self.delegated.insert(account.to_owned());
    }

    /// Puts an assignment there at once, as somebody at the console would have.
    pub fn put_assignment(&mut self, key: &AssignmentKey, now_ms: i64) {
        self.ledger.set(key, true, now_ms, None);
    }

    /// Takes an assignment away at once. With the last of its permission set in the account the role goes:
    /// the next one has another name.
    pub fn remove_assignment(&mut self, key: &AssignmentKey, now_ms: i64) {
        self.take_away(key, now_ms, None);
    }

    pub(super) fn take_away(&mut self, key: &AssignmentKey, now_ms: i64, operation: Option<&str>) {
        self.ledger.set(key, false, now_ms, operation);
        let mut left = self
            .ledger
            .of_pair_at(&key.account, &key.permission_set, i64::MAX);
        if left.next().is_none() {
            drop(left);
            self.trail.retire_role(&key.account, &key.permission_set);
        }
    }

    /// Makes an assignment that was there from the beginning.
    pub fn put_standing_assignment(&mut self, key: &AssignmentKey) {
        self.put_assignment(key, self.created_ms);
    }

    /// Enables or disables a user; false if there is no such user.
    pub fn set_user_enabled(&mut self, user_id: &str, enabled: bool) -> bool {
        self.users
            .get_mut(user_id)
            .map(|user| user.enabled = enabled)
            .is_some()
    }

    /// Deletes a user and his memberships, but not his assignments; false if there is no such user.
    pub fn remove_user(&mut self, user_id: &str) -> bool {
        for group in self.groups.values_mut() {
            group.members.remove(user_id);
        }
        self.users.remove(user_id).is_some()
    }

    /// Puts a user into a group, or takes him out; false if there is no such user or group.
    pub fn set_membership(&mut self, group_id: &str, user_id: &str, is_member: bool) -> bool {
        let (true, Some(group)) = (self.users.contains_key(user_id), self.groups.get_mut(group_id)) else {
            return false;
        };
        if is_member {
            group.members.insert(user_id.to_owned());
        } else {
            group.members.remove(user_id);
        }
        true
    }

    /// Takes a user out of a group; false if he was not in it.
    pub fn remove_member(&mut self, group: &str, user_id: &str) -> bool {
        let mut groups = self.groups.values_mut();
        groups
            .find(|known| known.display_name == group)
            .is_some_and(|known| known.members.remove(user_id))
    }

    /// Deletes a permission set, and with it its assignments: AWS takes no such call while there are any, so somebody
    /// has removed those before.
    pub fn remove_permission_set(&mut self, name: &str, now_ms: i64) -> bool {
        let Some(arn) = self.permission_set_named(name).map(|set| set.arn.clone()) else {
            return false;
        };
        let keys: Vec<AssignmentKey> = self
            .assignments()
            .map(|(key, _)| key.clone())
            .filter(|key| key.permission_set == arn)
            .collect();
        for key in keys {
            self.remove_assignment(&key, now_ms);
        }
        self.sets.retain(|set| set.arn != arn);
        true
    }

    /// An account leaves the organisation; what is assigned there stays. False if there is no such account.
    pub fn remove_account(&mut self, account: &str) -> bool {
        self.accounts.remove(account).is_some()
    }

    /// Changes an account's state; false if there is no such account.
    pub fn set_account_state(&mut self, account: &str, state: AccountState) -> bool {
        self.accounts
            .get_mut(account)
            .map(|account| account.state = state)
            .is_some()
    }
}
