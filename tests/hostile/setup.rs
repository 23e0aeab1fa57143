//! The organisation, the policy, the configuration, and the uids of a run.

use crate::attack::Role;
use crate::callers::Caller;
use aws_simulator::Organisation;
use aws_simulator::organisation::{NewAccount, NewPermissionSet, NewUser};
use nix::unistd::Uid;
use std::path::Path;
use team_test_support::loud::say;
use team_test_support::users::Logins;

pub(crate) const ACCOUNTS: usize = 20;
pub(crate) const SETS: usize = 5;
/// A uid without a login.
const NOBODY: u32 = 61_234;

pub(crate) const POLICY: &str = r#"
version = 1
[roles]
admins = ["user:gita"]
auditors = ["user:carol"]
security = ["user:ivy"]
[settings]
min_duration = "1s"
remind_before_end = []
[[eligibility]]
id = "everybody"
who = ["group:everybody"]
accounts = ["*"]
permission_sets = ["*"]
approval = "required"
approvers = ["user:bob"]
"#;

pub(crate) fn account(number: usize) -> String {
    format!("{:012}", 400_000_000_000 + number)
}

pub(crate) fn set(number: usize) -> String {
    format!("Set{number}")
}

/// The uids that a run has: several only where it is root.
pub(crate) struct Uids {
    logins: Option<Logins>,
}

impl Uids {
    pub(crate) fn make(people: &[String]) -> Self {
        if !Uid::effective().is_root() {
            say(
                "SKIPPED: callers with other uids, and commands as root and security: run the hostile suite as root",
            );
            return Self { logins: None };
        }
        match Logins::make(people) {
            Ok(logins) => Self { logins: Some(logins) },
            Err(why) => {
                say(&format!(
                    "SKIPPED: callers with other uids: no Unix user can be made here: {why}"
                ));
                Self { logins: None }
            }
        }
    }

    /// The uid of a person; none where everybody is whoever runs the test.
    pub(crate) fn of(&self, person: &str) -> Option<u32> {
        self.logins.as_ref().map(|logins| logins.of(person).uid)
    }

    fn identity(&self) -> String {
        match &self.logins {
            Some(logins) => logins.identity_map(),
            None => {
                let own = nix::unistd::User::from_uid(Uid::effective()).ok().flatten();
                let name = own.map_or_else(|| "nobody".to_owned(), |user| user.name);
                format!("[identity]\nallow_sudo = true\n[identity.map]\n{name} = \"alice\"\n")
            }
        }
    }

    /// Who attacks.
    pub(crate) fn callers(&self) -> Vec<Caller> {
        if self.logins.is_none() {
            let uid = Uid::effective().as_raw();
            return vec![Caller {
                uid,
                role: Role::Requester,
            }];
        }
        let people = [
            (Some(NOBODY), Role::Nobody),
            (self.of("alice"), Role::Requester),
            (self.of("carol"), Role::Auditor),
            (self.of("bob"), Role::Approver),
        ];
        let named = people.into_iter();
        named
            .filter_map(|(uid, role)| Some(Caller { uid: uid?, role }))
            .collect()
    }
}

pub(crate) fn organisation(people: &[String]) -> anyhow::Result<Organisation> {
    let management = NewAccount {
        name: "management".to_owned(),
        ..NewAccount::default()
    };
    let mut organisation = Organisation::new("hostile", "eu-west-1", management)?;
    for number in 0..ACCOUNTS {
        organisation.add_account(NewAccount {
            id: Some(account(number)),
            name: format!("account-{number}"),
            ..NewAccount::default()
        })?;
    }
    for number in 0..SETS {
        organisation.add_permission_set(NewPermissionSet {
            name: set(number),
            ..NewPermissionSet::default()
        })?;
    }
    for user_name in people.iter().cloned() {
        organisation.add_user(NewUser {
            user_name,
            ..NewUser::default()
        })?;
    }
    let members: Vec<&str> = people.iter().map(String::as_str).collect();
    organisation.add_group("everybody", "who may ask", &members)?;
    Ok(organisation)
}

pub(crate) fn configuration(folder: &Path, endpoint: &str, uids: &Uids, on_call: &str) -> String {
    format!(
        r#"
[server]
socket = "{folder}/teamd.sock"
socket_mode = "0666"
[store]
path = "{folder}/state/teamd.db"
activity_path = "{folder}/state/activity.db"
leases_path = "{folder}/state/leases.json"
[aws]
region = "eu-west-1"
endpoint_url = "{endpoint}"
removal_requests_per_second = 100
max_in_flight = 15
{on_call}{identity}"#,
        folder = folder.display(),
        identity = uids.identity(),
    )
}
