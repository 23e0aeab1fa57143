//! AWS Organizations: the tree of units and accounts.

use std::collections::BTreeMap;

use super::error::{Answer, AwsError, ErrorKind};
use super::operation::Operation;
use super::types::{Account, Caller, OrganizationalUnit};
use super::{About, Organisation};

/// What `ListChildren` lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChildKind {
    /// `ACCOUNT`.
    Account,
    /// `ORGANIZATIONAL_UNIT`.
    OrganizationalUnit,
}

impl Organisation {
    /// The management account.
    pub fn describe_organization(&mut self, by: &Caller, now_ms: i64) -> Answer<Account> {
        self.call(
            by,
            Operation::DescribeOrganization,
            About::NOTHING,
            now_ms,
            |org, _| {
                org.account(&org.management)
                    .cloned()
                    .ok_or_else(|| missing_account(&org.management))
            },
        )
    }

    /// All accounts, by id.
    pub fn list_accounts(&mut self, by: &Caller, now_ms: i64) -> Answer<Vec<Account>> {
        self.call(by, Operation::ListAccounts, About::NOTHING, now_ms, |org, _| {
            Ok(org.accounts.values().cloned().collect())
        })
    }

    /// One account.
    pub fn describe_account(&mut self, by: &Caller, id: &str, now_ms: i64) -> Answer<Account> {
        self.call(
            by,
            Operation::DescribeAccount,
            About::account(id),
            now_ms,
            |org, _| org.account(id).cloned().ok_or_else(|| missing_account(id)),
        )
    }

    /// The id of the one root.
    pub fn list_roots(&mut self, by: &Caller, now_ms: i64) -> Answer<String> {
        self.call(by, Operation::ListRoots, About::NOTHING, now_ms, |org, _| {
            Ok(org.root_id.clone())
        })
    }

    /// The id of the root or unit that an account or unit is in.
    pub fn list_parents(&mut self, by: &Caller, child: &str, now_ms: i64) -> Answer<String> {
        self.call(
            by,
            Operation::ListParents,
            About::account(child),
            now_ms,
            |org, _| {
                org.parent_of(child).map(str::to_owned).ok_or_else(|| {
                    let code = ErrorKind::Named("ChildNotFoundException");
                    AwsError::new(code, "You specified a child that doesn't exist.")
                })
            },
        )
    }

    /// The ids of the accounts or units directly in a root or unit.
    pub fn list_children(
        &mut self,
        by: &Caller,
        parent: &str,
        kind: ChildKind,
        now_ms: i64,
    ) -> Answer<Vec<String>> {
        self.call(by, Operation::ListChildren, About::NOTHING, now_ms, |org, _| {
            org.check_parent(parent)?;
            Ok(match kind {
                ChildKind::Account => org
                    .accounts_in(parent)
                    .map(|account| account.id.clone())
                    .collect(),
                ChildKind::OrganizationalUnit => org.units_in(parent).map(|unit| unit.id.clone()).collect(),
            })
        })
    }

    /// The units directly in a root or unit.
    pub fn list_organizational_units_for_parent(
        &mut self,
        by: &Caller,
        parent: &str,
        now_ms: i64,
    ) -> Answer<Vec<OrganizationalUnit>> {
        self.call(
            by,
            Operation::ListOrganizationalUnitsForParent,
            About::NOTHING,
            now_ms,
            |org, _| {
                org.check_parent(parent)?;
                Ok(org.units_in(parent).cloned().collect())
            },
        )
    }

    /// One unit.
    pub fn describe_organizational_unit(
        &mut self,
        by: &Caller,
        id: &str,
        now_ms: i64,
    ) -> Answer<OrganizationalUnit> {
        self.call(
            by,
            Operation::DescribeOrganizationalUnit,
            About::NOTHING,
            now_ms,
            |org, _| {
                org.units.get(id).cloned().ok_or_else(|| {
                    let code = ErrorKind::Named("OrganizationalUnitNotFoundException");
                    AwsError::new(code, "You specified an organizational unit that doesn't exist.")
                })
            },
        )
    }

    /// The accounts directly in a root or unit.
    pub fn list_accounts_for_parent(
        &mut self,
        by: &Caller,
        parent: &str,
        now_ms: i64,
    ) -> Answer<Vec<Account>> {
        self.call(
            by,
            Operation::ListAccountsForParent,
            About::NOTHING,
            now_ms,
            |org, _| {
                org.check_parent(parent)?;
                Ok(org.accounts_in(parent).cloned().collect())
            },
        )
    }

    /// The tags of an account; units and the root have none.
    pub fn list_organization_tags(
        &mut self,
        by: &Caller,
        id: &str,
        now_ms: i64,
    ) -> Answer<BTreeMap<String, String>> {
        self.call(
            by,
            Operation::ListOrganizationTags,
            About::account(id),
            now_ms,
            |org, _| {
                if let Some(account) = org.accounts.get(id) {
                    return Ok(account.tags.clone());
                }
                if id == org.root_id || org.units.contains_key(id) {
                    return Ok(BTreeMap::new());
                }
                let code = ErrorKind::Named("TargetNotFoundException");
                Err(AwsError::new(code, "You specified a target that doesn't exist."))
            },
        )
    }

    /// The accounts that administer Identity Center for the management account.
    pub fn list_delegated_administrators(&mut self, by: &Caller, now_ms: i64) -> Answer<Vec<Account>> {
        self.call(
            by,
            Operation::ListDelegatedAdministrators,
            About::NOTHING,
            now_ms,
            |org, _| {
                Ok(org
                    .delegated
                    .iter()
                    .filter_map(|id| org.accounts.get(id))
                    .cloned()
                    .collect())
            },
        )
    }

    /// `Account.Paths` and `OrganizationalUnit.Path`: `o-…/r-…/ou-…/<id>/`.
    pub fn path_of(&self, id: &str) -> String {
        let mut path = format!("{id}/");
        let mut at = id;
        while let Some(parent) = self.parent_of(at) {
            path.insert_str(0, &format!("{parent}/"));
            at = parent;
        }
        format!("{}/{path}", self.id)
    }

    /// The names of the units above an account or unit, from the top.
    pub fn unit_names_of(&self, id: &str) -> Vec<String> {
        let mut names = Vec::new();
        let mut at = self.parent_of(id);
        while let Some(unit) = at.and_then(|id| self.units.get(id)) {
            names.insert(0, unit.name.clone());
            at = Some(&unit.parent);
        }
        names
    }

    /// The root's id, `r-…`.
    pub fn root_id(&self) -> &str {
        &self.root_id
    }

    fn parent_of(&self, id: &str) -> Option<&str> {
        let account = self.accounts.get(id).map(|account| account.parent.as_str());
        account.or_else(|| self.units.get(id).map(|unit| unit.parent.as_str()))
    }

    fn accounts_in(&self, parent: &str) -> impl Iterator<Item = &Account> {
        self.accounts
            .values()
            .filter(move |account| account.parent == parent)
    }

    fn units_in(&self, parent: &str) -> impl Iterator<Item = &OrganizationalUnit> {
        self.units.values().filter(move |unit| unit.parent == parent)
    }

    fn check_parent(&self, id: &str) -> Result<(), AwsError> {
        if id == self.root_id || self.units.contains_key(id) {
            return Ok(());
        }
        let code = ErrorKind::Named("ParentNotFoundException");
        Err(AwsError::new(
            code,
            format!("You specified parent {id} that doesn't exist."),
        ))
    }
}

fn missing_account(id: &str) -> AwsError {
    let code = ErrorKind::Named("AccountNotFoundException");
    AwsError::new(code, format!("You specified an account that doesn't exist: {id}"))
}
