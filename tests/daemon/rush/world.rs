//! The organisation: accounts, permission sets, people, and which session is whose.

use aws_simulator::organisation::{NewAccount, NewPermissionSet, NewUser};
use aws_simulator::{AssignmentKey, Organisation, Principal};
use std::sync::OnceLock;
use team_shared::ids::{AccountId, PermissionSetArn};
use teamd_domain::request::Key;

pub(super) const ACCOUNTS: usize = 50;
const SETS: usize = 2;
pub(super) const PAIRS: usize = ACCOUNTS * SETS;

pub(super) fn account(number: usize) -> AccountId {
    format!("{:012}", 400_000_000_000 + number)
        .parse()
        .expect("an account id")
}

fn set(number: usize) -> String {
    format!("Set{number}")
}

fn person(number: usize) -> String {
    format!("p-{number}")
}

/// Neighbours are in different accounts.
pub(super) fn key(number: usize) -> Key {
    Key {
        user: person(number / PAIRS).parse().expect("a user id"),
        account: account(number % ACCOUNTS),
        permission_set: set_arn(number / ACCOUNTS % SETS),
    }
}

/// ARNs follow from names.
fn set_arn(number: usize) -> PermissionSetArn {
    static ARNS: OnceLock<Vec<PermissionSetArn>> = OnceLock::new();
    let arns = || {
        let organisation = organisation(0);
        let arns = organisation
            .permission_sets()
            .map(|set| set.arn.parse().expect("an ARN"));
        arns.collect()
    };
    ARNS.get_or_init(arns)[number].clone()
}

pub(super) fn in_aws(key: &Key) -> AssignmentKey {
    AssignmentKey {
        account: key.account.to_string(),
        permission_set: key.permission_set.to_string(),
        principal: Principal::User(key.user.to_string()),
    }
}

pub(super) fn from_aws(key: &AssignmentKey) -> Key {
    Key {
        user: key.principal.id().parse().expect("a user id"),
        account: key.account.parse().expect("an account id"),
        permission_set: key.permission_set.parse().expect("an ARN"),
    }
}

pub(super) fn organisation(sessions: usize) -> Organisation {
    let management = NewAccount {
        name: "management".to_owned(),
        ..NewAccount::default()
    };
    let mut organisation = Organisation::new("rush", "eu-west-1", management).expect("an organisation");
    for number in 0..ACCOUNTS {
        let new = NewAccount {
            id: Some(account(number).to_string()),
            name: format!("account-{number}"),
            ..NewAccount::default()
        };
        organisation.add_account(new).expect("an account");
    }
    for number in 0..SETS {
        let new = NewPermissionSet {
            name: set(number),
            ..NewPermissionSet::default()
        };
        organisation.add_permission_set(new).expect("a permission set");
    }
    let people = (0..sessions.div_ceil(PAIRS)).map(person);
    for user_name in people.chain(["newcomer".to_owned()]) {
        let new = NewUser {
            id: Some(user_name.clone()),
            user_name,
            ..NewUser::default()
        };
        organisation.add_user(new).expect("a user");
    }
    organisation
}
