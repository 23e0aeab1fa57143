//! Permission sets, and where they are provisioned: in the accounts that have an assignment of them.

use std::collections::{BTreeMap, BTreeSet};

use super::error::{Answer, AwsError, ErrorKind};
use super::operation::Operation;
use super::setup::NewPermissionSet;
use super::types::{Caller, PermissionSet};
use super::{About, Organisation};

impl Organisation {
    /// `ListInstances` and `DescribeInstance` have nothing to find but the one instance.
    pub fn describe_instance(&mut self, by: &Caller, operation: Operation, now_ms: i64) -> Answer<()> {
        self.call(by, operation, About::NOTHING, now_ms, |_, _| Ok(()))
    }

    /// All permission sets, in the order they were created.
    pub fn list_permission_sets(&mut self, by: &Caller, now_ms: i64) -> Answer<Vec<String>> {
        self.call(
            by,
            Operation::ListPermissionSets,
            About::NOTHING,
            now_ms,
            |org, _| Ok(org.sets.iter().map(|set| set.arn.clone()).collect()),
        )
    }

    /// One permission set.
    pub fn describe_permission_set(&mut self, by: &Caller, arn: &str, now_ms: i64) -> Answer<PermissionSet> {
        self.call(
            by,
            Operation::DescribePermissionSet,
            About::NOTHING,
            now_ms,
            |org, _| org.permission_set(arn).cloned().ok_or_else(|| set_not_found(arn)),
        )
    }

    /// Adds a permission set.
    pub fn create_permission_set(
        &mut self,
        by: &Caller,
        new: NewPermissionSet,
        now_ms: i64,
    ) -> Answer<PermissionSet> {
        self.call(
            by,
            Operation::CreatePermissionSet,
            About::NOTHING,
            now_ms,
            |org, _| {
                if org.permission_set_named(&new.name).is_some() {
                    let message = format!("PermissionSet with name {} already exists", new.name);
                    return Err(AwsError::new(ErrorKind::Conflict, message));
                }
                let arn = org
                    .add_permission_set(new)
                    .map_err(|error| AwsError::validation(error.to_string()))?;
                let set = org.sets.iter_mut().find(|set| set.arn == arn);
                let set = set.ok_or_else(|| set_not_found(&arn))?;
                set.created_ms = now_ms;
                Ok(set.clone())
            },
        )
    }

    /// The tags of a permission set; an instance has none.
    pub fn list_permission_set_tags(
        &mut self,
        by: &Caller,
        arn: &str,
        now_ms: i64,
    ) -> Answer<BTreeMap<String, String>> {
        self.call(
            by,
            Operation::ListPermissionSetTags,
            About::NOTHING,
            now_ms,
            |org, _| {
                if arn == org.instance_arn {
                    return Ok(BTreeMap::new());
                }
                org.permission_set(arn)
                    .map(|set| set.tags.clone())
                    .ok_or_else(|| set_not_found(arn))
            },
        )
    }

    /// The permission sets that have an assignment in the account.
    pub fn list_permission_sets_provisioned_to_account(
        &mut self,
        by: &Caller,
        account: &str,
        now_ms: i64,
    ) -> Answer<Vec<String>> {
        let operation = Operation::ListPermissionSetsProvisionedToAccount;
        self.call(by, operation, About::account(account), now_ms, |org, verdict| {
            let keys = org
                .ledger
                .iter_at(now_ms - verdict.stale_ms)
                .filter(|key| key.account == account);
            let sets: BTreeSet<_> = keys.map(|key| key.permission_set.clone()).collect();
            Ok(sets.into_iter().collect())
        })
    }

    /// The accounts that have an assignment of the permission set.
    pub fn list_accounts_for_provisioned_permission_set(
        &mut self,
        by: &Caller,
        arn: &str,
        now_ms: i64,
    ) -> Answer<Vec<String>> {
        let operation = Operation::ListAccountsForProvisionedPermissionSet;
        self.call(by, operation, About::NOTHING, now_ms, |org, verdict| {
            org.permission_set(arn).ok_or_else(|| set_not_found(arn))?;
            let keys = org
                .ledger
                .iter_at(now_ms - verdict.stale_ms)
                .filter(|key| key.permission_set == arn);
            let accounts: BTreeSet<_> = keys.map(|key| key.account.clone()).collect();
            Ok(accounts.into_iter().collect())
        })
    }
}

fn set_not_found(arn: &str) -> AwsError {
    AwsError::not_found(format!("PermissionSet {arn} not found"))
}
