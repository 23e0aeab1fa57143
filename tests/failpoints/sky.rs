//! AWS: assignments that take two seconds to come and to go, and somebody's standing access.

use super::world::World;
use futures::future::BoxFuture;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use team_shared::ids::{AccountId, GroupId, PermissionSetArn, UserId};
use teamd_aws::port::{Assignments, AwsError, DirectorySource, FreshPerson, Inventory, Lane, OwnIdentity};
use teamd_domain::Time;
use teamd_domain::directory::{Account, Directory, Group, PermissionSet, Person};
use teamd_domain::grant::{Holder, Reply, Status};
use teamd_domain::request::Key;
use tokio::time::Instant;

pub(crate) const PEOPLE: [&str; 5] = ["ann", "ben", "cleo", "dan", "eve"];
/// Decides.
pub(crate) const LEAD: &str = "lea";
/// Holds the permission set without us.
pub(crate) const STANDING: &str = "stan";
pub(crate) const ACCOUNT: &str = "400000000001";
const MANAGEMENT: &str = "100000000001";
const SET: &str = "arn:aws:sso:::permissionSet/ssoins-1/ps-1";
const TAKES: Duration = Duration::from_secs(2);

/// What AWS knows.
#[derive(Default)]
pub(crate) struct Sky {
    operations: BTreeMap<String, (Key, bool, Instant)>,
    present: BTreeSet<Key>,
    /// Deletes that were sent.
    pub(crate) deletes: Vec<Key>,
}

impl Sky {
    pub(crate) fn new() -> Self {
        Self {
            present: [key(STANDING)].into(),
            ..Self::default()
        }
    }

    /// Who has access now.
    pub(crate) fn present(&mut self) -> &BTreeSet<Key> {
        let now = Instant::now();
        let mut done: Vec<_> = self
            .operations
            .values()
            .filter(|(_, _, at)| *at <= now)
            .cloned()
            .collect();
        done.sort_by_key(|(_, _, at)| *at);
        self.operations.retain(|_, (_, _, at)| *at > now);
        for (key, is_create, _) in done {
            if is_create {
                self.present.insert(key);
            } else {
                self.present.remove(&key);
            }
        }
        &self.present
    }

    fn begin(&mut self, key: &Key, is_create: bool, number: usize) -> Reply {
        let request_id = format!("operation-{number}");
        let operation = (key.clone(), is_create, Instant::now() + TAKES);
        self.operations.insert(request_id.clone(), operation);
        Reply::Accepted {
            request_id,
            status: Status::InProgress,
        }
    }

    fn status(&mut self, request_id: &str) -> Reply {
        self.present();
        Reply::Status(if self.operations.contains_key(request_id) {
            Status::InProgress
        } else {
            Status::Succeeded
        })
    }
}

/// The key of a person.
pub(crate) fn key(name: &str) -> Key {
    Key {
        user: user(name),
        account: ACCOUNT.parse().unwrap(),
        permission_set: SET.parse().unwrap(),
    }
}

pub(crate) fn user(name: &str) -> UserId {
    format!("u-{name}").parse().unwrap()
}

async fn travel() {
    tokio::time::sleep(Duration::from_millis(100)).await;
}

impl Assignments for World {
    fn list<'a>(&'a self, key: &'a Key, _: Lane) -> BoxFuture<'a, Reply> {
        Box::pin(async move {
            travel().await;
            let present = self.sky().present().contains(key);
            Reply::Listed { present }
        })
    }

    fn create<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Reply> {
        Box::pin(async move {
            travel().await;
            let number = self.next();
            self.sky().begin(key, true, number)
        })
    }

    fn delete<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Reply> {
        Box::pin(async move {
            travel().await;
            assert!(!self.is_poisoned(&key.user), "failpoint: this key panics");
            let number = self.next();
            let mut sky = self.sky();
            sky.deletes.push(key.clone());
            sky.begin(key, false, number)
        })
    }

    fn creation_status<'a>(&'a self, request_id: &'a str, _: Lane) -> BoxFuture<'a, Reply> {
        Box::pin(async move {
            travel().await;
            self.sky().status(request_id)
        })
    }

    fn deletion_status<'a>(&'a self, request_id: &'a str) -> BoxFuture<'a, Reply> {
        self.creation_status(request_id, Lane::Removal)
    }
}

impl Inventory for World {
    fn holders<'a>(
        &'a self,
        _: &'a AccountId,
        _: &'a PermissionSetArn,
    ) -> BoxFuture<'a, Result<Vec<Holder>, AwsError>> {
        Box::pin(async move {
            travel().await;
            let users = self
                .sky()
                .present()
                .iter()
                .map(|key| Holder::User(key.user.clone()))
                .collect();
            Ok(users)
        })
    }

    fn provisioned<'a>(
        &'a self,
        _: &'a AccountId,
    ) -> BoxFuture<'a, Result<Option<Vec<PermissionSetArn>>, AwsError>> {
        Box::pin(async { Ok(None) })
    }
}

impl DirectorySource for World {
    fn load(&self, now: Time) -> BoxFuture<'_, Result<Directory, AwsError>> {
        Box::pin(async move {
            travel().await;
            Ok(directory(now))
        })
    }

    fn person<'a>(&'a self, _: &'a str, person: &'a UserId) -> BoxFuture<'a, Result<FreshPerson, AwsError>> {
        Box::pin(async move {
            travel().await;
            let groups = directory(chrono::DateTime::UNIX_EPOCH).groups;
            let groups = groups
                .into_values()
                .filter(|group| group.members.contains(person));
            Ok(FreshPerson {
                enabled: true,
                groups: groups.map(|group| group.id).collect(),
            })
        })
    }
}

impl OwnIdentity for World {
    fn account(&self) -> BoxFuture<'_, Result<AccountId, AwsError>> {
        Box::pin(async { Ok(MANAGEMENT.parse().unwrap()) })
    }
}

fn directory(now: Time) -> Directory {
    let account = |id: &str| Account {
        id: id.parse().unwrap(),
        name: format!("account-{id}"),
        active: true,
        state: "ACTIVE".to_owned(),
        ou_ids: Vec::new(),
        tags: BTreeMap::new(),
    };
    let person = |name: &str| Person {
        id: user(name),
        user_name: name.to_owned(),
        display_name: name.to_owned(),
        email: None,
        zone: None,
        enabled: true,
    };
    let group = |name: &str, members: &[&str]| Group {
        id: format!("g-{name}").parse::<GroupId>().unwrap(),
        name: name.to_owned(),
        members: members.iter().map(|name| user(name)).collect(),
    };
    let set = PermissionSet {
        arn: SET.parse().unwrap(),
        name: "Admin".to_owned(),
        description: String::new(),
        session_seconds: 3_600,
    };
    let people = PEOPLE.into_iter().chain([LEAD, STANDING]).map(person);
    let groups = [group("engineers", &PEOPLE), group("leads", &[LEAD])];
    Directory {
        loaded_at: now,
        instance_arn: "arn:aws:sso:::instance/ssoins-1".to_owned(),
        identity_store_id: "d-1".to_owned(),
        management_account: MANAGEMENT.parse().ok(),
        organizational_units: BTreeMap::new(),
        accounts: [account(ACCOUNT), account(MANAGEMENT)]
            .map(|a| (a.id.clone(), a))
            .into(),
        permission_sets: [(set.arn.clone(), set)].into(),
        people: people.map(|person| (person.id.clone(), person)).collect(),
        groups: groups.map(|group| (group.id.clone(), group)).into(),
        group_access: BTreeSet::new(),
        on_call: Default::default(),
        index: Default::default(),
    }
}
