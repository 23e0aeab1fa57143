//! Accounts with OU paths and tags.
//!
//! OU ids come with the accounts (`Paths`), their names from a walk; where `Paths` is absent, the walk also asks each OU
//! for its accounts. Tags cost a call an account at five a second: in large organisations names and tags are read again
//! only after an hour.

use super::super::failure::{Failure, Kind};
use super::super::{Aws, pages, parse};
use super::side_by_side;
use aws_sdk_organizations::types::Account as Listed;
use chrono::TimeDelta;
use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use team_shared::ids::AccountId;
use teamd_aws::health::Service;
use teamd_aws::port::{AwsError, Lane, OwnIdentity};
use teamd_domain::Time;
use teamd_domain::directory::{Account, OrganizationalUnit};

/// Up to here everything is read every time: half a minute at most.
const SMALL: usize = 100;

/// For how long names and tags of large organisations are used again.
const SLOW_FOR: TimeDelta = TimeDelta::hours(1);

/// What Organizations says.
pub(super) struct Organization {
    pub(super) management_account: Option<AccountId>,
    pub(super) units: BTreeMap<String, OrganizationalUnit>,
    pub(super) accounts: BTreeMap<AccountId, Account>,
}

type Tags = BTreeMap<String, String>;

/// What is slow to read, from the last time.
#[derive(Debug, Clone)]
pub(in super::super) struct Slow {
    at: Time,
    tree: Tree,
    tags: BTreeMap<AccountId, Tags>,
}

/// Roots and OUs.
#[derive(Debug, Clone, Default)]
struct Tree {
    roots: Vec<String>,
    units: BTreeMap<String, OrganizationalUnit>,
    /// OU ids from the outermost down, the OU itself last.
    chains: BTreeMap<String, Vec<String>>,
}

enum Described {
    Organization(Option<AccountId>),
    /// There is none.
    None,
    /// We may not know whether there is one.
    Unknown,
}

impl Aws {
    pub(super) async fn organization(&self, now: Time) -> Result<Organization, AwsError> {
        let described = self.described().await?;
        let listed = match self.listed_accounts().await {
            Ok(listed) => listed,
            // Without an organisation the one account is all there is. With one, less than everything is an error.
            Err(failure)
                if !matches!(described, Described::Organization(_))
                    && self.may_be_without_organization(&failure) =>
            {
                Vec::new()
            }
            Err(failure) => {
                self.report(Service::Organizations, &failure);
                return Err(failure.into());
            }
        };
        if listed.is_empty() {
            return self.alone(&described).await;
        }
        let management_account = match described {
            Described::Organization(account) => account,
            Described::None | Described::Unknown => None,
        };
        self.organization_seen.store(true, Ordering::Relaxed);
        let without_paths = listed.iter().any(|account| account.paths().is_empty());
        let slow = self.reusable(now, &listed);
        let (read_at, tree) = match &slow {
            Some(slow) if !without_paths => (slow.at, slow.tree.clone()),
            _ => (now, self.tree().await?),
        };
        let placed = if without_paths {
            self.placed(&tree).await?
        } else {
            BTreeMap::new()
        };
        let known_tags = slow.map(|slow| slow.tags).unwrap_or_default();
        let calls = listed
            .into_iter()
            .map(|account| self.account(account, &placed, &known_tags))
            .collect();
        let accounts: Vec<Account> = side_by_side(calls).await?;
        let accounts: BTreeMap<AccountId, Account> = accounts
            .into_iter()
            .map(|account| (account.id.clone(), account))
            .collect();
        *self.slow.lock().unwrap_or_else(PoisonError::into_inner) = Some(Slow {
            at: read_at,
            tags: accounts
                .iter()
                .map(|(id, account)| (id.clone(), account.tags.clone()))
                .collect(),
            tree: tree.clone(),
        });
        Ok(Organization {
            management_account,
            units: tree.units,
            accounts,
        })
    }

    async fn described(&self) -> Result<Described, Failure> {
        let request = self.clients.organizations.describe_organization().send();
        let call = (Service::Organizations, "DescribeOrganization");
        let bucket = (&self.pace.describe_organization, Lane::Background);
        match self.attempt(call, bucket, request).await {
            Ok(output) => {
                let id = output
                    .organization
                    .and_then(|organization| organization.master_account_id);
                Ok(Described::Organization(match id {
                    Some(id) => Some(parse(Some(&id), "the management account")?),
                    None => None,
                }))
            }
            Err(failure) if self.may_be_without_organization(&failure) => {
                Ok(match failure.lacks_permission() {
                    true => Described::Unknown,
                    false => Described::None,
                })
            }
            Err(failure) => {
                self.report(Service::Organizations, &failure);
                Err(failure)
            }
        }
    }

    /// No organisation, or one that we may not see: both leave the one account. But an organisation that was there does
    /// not vanish because a permission did; and only an emulator answers with a page of its own.
    fn may_be_without_organization(&self, failure: &Failure) -> bool {
        let seen = self.organization_seen.load(Ordering::Relaxed);
        failure.code.as_deref() == Some("AWSOrganizationsNotInUseException")
            || (failure.lacks_permission() && !seen)
            || (failure.unsupported() && self.loopback)
    }

    async fn listed_accounts(&self) -> Result<Vec<Listed>, Failure> {
        pages(|token| async move {
            let request = self
                .clients
                .organizations
                .list_accounts()
                .max_results(20)
                .set_next_token(token)
                .send();
            let call = (Service::Organizations, "ListAccounts");
            let bucket = (&self.pace.list_accounts, Lane::Background);
            let output = self.attempt(call, bucket, request).await?;
            Ok((output.accounts.unwrap_or_default(), output.next_token))
        })
        .await
    }

    /// Without an organisation the account manages itself.
    async fn alone(&self, described: &Described) -> Result<Organization, AwsError> {
        let id = OwnIdentity::account(self).await?;
        let account = Account {
            name: id.to_string(),
            active: true,
            state: "ACTIVE".to_owned(),
            ou_ids: Vec::new(),
            tags: Tags::new(),
            id: id.clone(),
        };
        Ok(Organization {
            management_account: matches!(described, Described::None).then(|| id.clone()),
            units: BTreeMap::new(),
            accounts: BTreeMap::from([(id, account)]),
        })
    }

    /// What may be used again: in a large organisation, within the hour, if it knows all OUs that accounts are in.
    fn reusable(&self, now: Time, listed: &[Listed]) -> Option<Slow> {
        if listed.len() <= SMALL {
            return None;
        }
        let slow = self.slow.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        let fresh = (TimeDelta::zero()..SLOW_FOR).contains(&(now - slow.at));
        let complete = listed
            .iter()
            .flat_map(|account| units_of_path(account.paths()))
            .all(|unit| slow.tree.units.contains_key(&unit));
        (fresh && complete).then_some(slow)
    }

    async fn tree(&self) -> Result<Tree, Failure> {
        let roots = pages(|token| async move {
            let request = self
                .clients
                .organizations
                .list_roots()
                .set_next_token(token)
                .send();
            let call = (Service::Organizations, "ListRoots");
            let bucket = (&self.pace.list_roots, Lane::Background);
            let output = self.call(call, bucket, request).await?;
            Ok((output.roots.unwrap_or_default(), output.next_token))
        })
        .await?;
        let mut tree = Tree {
            roots: roots.into_iter().filter_map(|root| root.id).collect(),
            ..Tree::default()
        };
        let mut level = tree.roots.clone();
        while !level.is_empty() {
            let calls = level.iter().map(|parent| self.children(parent)).collect();
            let children: Vec<Vec<(String, String, String)>> = side_by_side(calls).await?;
            level = children
                .into_iter()
                .flatten()
                .filter_map(|(parent, id, name)| tree.add(&parent, id, &name))
                .collect();
        }
        Ok(tree)
    }

    /// (parent, id, name) of the OUs directly below.
    async fn children(&self, parent: &str) -> Result<Vec<(String, String, String)>, Failure> {
        let units = pages(|token| async move {
            let request = self
                .clients
                .organizations
                .list_organizational_units_for_parent()
                .parent_id(parent)
                .max_results(20)
                .set_next_token(token)
                .send();
            let call = (Service::Organizations, "ListOrganizationalUnitsForParent");
            let bucket = (&self.pace.list_organizational_units, Lane::Background);
            let output = self.call(call, bucket, request).await?;
            Ok((output.organizational_units.unwrap_or_default(), output.next_token))
        })
        .await?;
        Ok(units
            .into_iter()
            .filter_map(|unit| {
                let id = unit.id?;
                let name = unit.name.unwrap_or_else(|| id.clone());
                Some((parent.to_owned(), id, name))
            })
            .collect())
    }

    /// OU chains of accounts, asked OU by OU.
    async fn placed(&self, tree: &Tree) -> Result<BTreeMap<String, Vec<String>>, Failure> {
        let parents = tree.roots.iter().chain(tree.chains.keys());
        let calls = parents.map(|parent| self.accounts_in(parent)).collect();
        let found: Vec<Vec<(String, String)>> = side_by_side(calls).await?;
        Ok(found
            .into_iter()
            .flatten()
            .map(|(parent, account)| (account, tree.chains.get(&parent).cloned().unwrap_or_default()))
            .collect())
    }

    async fn accounts_in(&self, parent: &str) -> Result<Vec<(String, String)>, Failure> {
        let accounts = pages(|token| async move {
            let request = self
                .clients
                .organizations
                .list_accounts_for_parent()
                .parent_id(parent)
                .max_results(20)
                .set_next_token(token)
                .send();
            let call = (Service::Organizations, "ListAccountsForParent");
            let bucket = (&self.pace.list_accounts_of_parent, Lane::Background);
            let output = self.call(call, bucket, request).await?;
            Ok((output.accounts.unwrap_or_default(), output.next_token))
        })
        .await?;
        Ok(accounts
            .into_iter()
            .filter_map(|account| Some((parent.to_owned(), account.id?)))
            .collect())
    }

    async fn account(
        &self,
        listed: Listed,
        placed: &BTreeMap<String, Vec<String>>,
        known_tags: &BTreeMap<AccountId, Tags>,
    ) -> Result<Account, Failure> {
        let id: AccountId = parse(listed.id(), "an account")?;
        let ou_ids = match listed.paths() {
            [] => placed.get(id.as_str()).cloned().unwrap_or_default(),
            paths => units_of_path(paths),
        };
        let tags = match known_tags.get(&id) {
            Some(tags) => tags.clone(),
            None => self.tags(&id).await?,
        };
        let state = state(&listed);
        Ok(Account {
            name: listed.name.unwrap_or_else(|| id.to_string()),
            active: state == "ACTIVE",
            state,
            ou_ids,
            tags,
            id,
        })
    }

    async fn tags(&self, account: &AccountId) -> Result<Tags, Failure> {
        let tags = pages(|token| async move {
            let request = self
                .clients
                .organizations
                .list_tags_for_resource()
                .resource_id(account.as_str())
                .set_next_token(token)
                .send();
            let call = (Service::Organizations, "ListTagsForResource");
            let bucket = (&self.pace.list_tags, Lane::Background);
            match self.call(call, bucket, request).await {
                Ok(output) => Ok((output.tags.unwrap_or_default(), output.next_token)),
                // Closed since it was listed.
                Err(failure) if failure.kind == Kind::NotFound => Ok((Vec::new(), None)),
                Err(failure) => Err(failure),
            }
        })
        .await?;
        Ok(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
    }
}

impl Tree {
    /// Adds an OU and returns its id, unless it is known already: a tree has no circles.
    fn add(&mut self, parent: &str, id: String, name: &str) -> Option<String> {
        if self.units.contains_key(&id) {
            return None;
        }
        let path = match self.units.get(parent) {
            Some(parent) => format!("{}/{name}", parent.path),
            None => name.to_owned(),
        };
        let mut chain = self.chains.get(parent).cloned().unwrap_or_default();
        chain.push(id.clone());
        self.chains.insert(id.clone(), chain);
        self.units
            .insert(id.clone(), OrganizationalUnit { id: id.clone(), path });
        Some(id)
    }
}

/// OU ids of `o-…/r-…/ou-…/ou-…/<account>/`, from the outermost down.
fn units_of_path(paths: &[String]) -> Vec<String> {
    let Some(path) = paths.first() else {
        return Vec::new();
    };
    path.split('/')
        .filter(|part| part.starts_with("ou-"))
        .map(str::to_owned)
        .collect()
}

/// `State`; where that is absent, the `Status` that it replaces.
#[allow(deprecated, reason = "older partitions and emulators send nothing else")]
fn state(account: &Listed) -> String {
    let state = account.state().map(|state| state.as_str().to_owned());
    state
        .or_else(|| account.status().map(|status| status.as_str().to_owned()))
        .unwrap_or_else(|| "UNKNOWN".to_owned())
}
