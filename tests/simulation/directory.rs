//! The directory as the daemon loads it.

use super::world::World;
use aws_simulator::Organisation;
use futures::future::BoxFuture;
use rand::Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use team_shared::ids::{AccountId, UserId};
use teamd_aws::port::{AwsError, DirectorySource, FreshPerson};
use teamd_domain::Time;
use teamd_domain::directory::{Account, Directory, Group, PermissionSet, Person};

/// The instance of the wrong settings.
pub(crate) const OTHER_INSTANCE: &str = "arn:aws:sso:::instance/ssoins-0000000000000000";

impl DirectorySource for World {
    fn load(&self, _now: Time) -> BoxFuture<'_, Result<Directory, AwsError>> {
        Box::pin(async {
            tokio::time::sleep(Duration::from_millis(
                self.chance(|rng| rng.random_range(500..5_000)),
            ))
            .await;
            if self.is_out() {
                return Err(AwsError::Unreachable("no answer".to_owned()));
            }
            let directory = self.model(|org, _, now| directory(org, now));
            Ok(match self.is_elsewhere() {
                true => Directory {
                    instance_arn: OTHER_INSTANCE.to_owned(),
                    identity_store_id: "d-0000000000".to_owned(),
                    people: BTreeMap::new(),
                    ..directory
                },
                false => directory,
            })
        })
    }

    fn person<'a>(
        &'a self,
        _identity_store_id: &'a str,
        user: &'a UserId,
    ) -> BoxFuture<'a, Result<FreshPerson, AwsError>> {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(200)).await;
            if self.is_out() {
                return Err(AwsError::Unreachable("no answer".to_owned()));
            }
            Ok(self.model(|org, _, _| FreshPerson {
                enabled: org.user(user.as_str()).is_some_and(|user| user.enabled),
                groups: org
                    .groups()
                    .filter(|group| group.members.contains(user.as_str()))
                    .filter_map(|group| group.id.parse().ok())
                    .collect(),
            }))
        })
    }
}

/// The organisation as a complete load shows it.
fn directory(org: &Organisation, now: i64) -> Directory {
    let accounts = org.accounts().filter_map(|account| {
        let id: AccountId = account.id.parse().ok()?;
        let shown = Account {
            id: id.clone(),
            name: account.name.clone(),
            active: account.state == aws_simulator::organisation::AccountState::Active,
            state: account.state.as_str().to_owned(),
            ou_ids: Vec::new(),
            tags: BTreeMap::new(),
        };
        Some((id, shown))
    });
    let sets = org.permission_sets().filter_map(|set| {
        let arn: team_shared::ids::PermissionSetArn = set.arn.parse().ok()?;
        let shown = PermissionSet {
            arn: arn.clone(),
            name: set.name.clone(),
            description: String::new(),
            session_seconds: 3_600,
        };
        Some((arn, shown))
    });
    let people = org.users().filter_map(|user| {
        let id: UserId = user.id.parse().ok()?;
        let shown = Person {
            id: id.clone(),
            user_name: user.user_name.clone(),
            display_name: user.display_name.clone(),
            email: None,
            zone: None,
            enabled: user.enabled,
        };
        Some((id, shown))
    });
    let groups = org.groups().filter_map(|group| {
        let id: team_shared::ids::GroupId = group.id.parse().ok()?;
        let members = group.members.iter().filter_map(|id| id.parse().ok()).collect();
        let shown = Group {
            id: id.clone(),
            name: group.display_name.clone(),
            members,
        };
        Some((id, shown))
    });
    Directory {
        loaded_at: chrono::DateTime::from_timestamp_millis(now).expect("a moment near the present"),
        instance_arn: org.instance_arn().to_owned(),
        identity_store_id: org.identity_store_id().to_owned(),
        management_account: org.management_account().parse().ok(),
        organizational_units: BTreeMap::new(),
        accounts: accounts.collect(),
        permission_sets: sets.collect(),
        people: people.collect(),
        groups: groups.collect(),
        group_access: BTreeSet::new(),
        on_call: Default::default(),
        index: Default::default(),
    }
}
