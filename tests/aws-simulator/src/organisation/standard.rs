//! The demo organisation: fixed, so that tests may rely on every name in it.
//!
//! | who | role | groups |
//! |---|---|---|
//! | alice, dave | engineers on call | developers, oncall |
//! | bob, carol | lead production, approve | prod-leads, developers |
//! | erin | finance | finance |
//! | frank | contractor | contractors |
//! | gita | administrator | team-admins |
//! | hugo | auditor | team-auditors |
//! | ivy | security | soc |
//! | judy | left; `DISABLED` | developers |
//! | kim, liam, mona | engineers | developers |

use std::collections::BTreeMap;

use super::setup::{NewAccount, NewPermissionSet, NewUser, SetupError};
use super::{AccountState, Organisation};

/// Unit, account id, name, tags `env`, `team` and `data`.
const ACCOUNTS: &[(&str, &str, &str, [&str; 3])] = &[
    (
        "Security",
        "200000000011",
        "security-audit",
        ["security", "security", "internal"],
    ),
    (
        "Security",
        "200000000012",
        "log-archive",
        ["security", "security", "restricted"],
    ),
    (
        "Infrastructure/Network",
        "300000000021",
        "network-hub",
        ["prod", "platform", "internal"],
    ),
    (
        "Infrastructure/Shared",
        "300000000022",
        "shared-services",
        ["prod", "platform", "internal"],
    ),
    (
        "Infrastructure/Shared",
        "300000000023",
        "ci-runners",
        ["prod", "platform", "internal"],
    ),
    (
        "Workloads/Prod",
        "400000000031",
        "prod-payments",
        ["prod", "payments", "restricted"],
    ),
    (
        "Workloads/Prod",
        "400000000032",
        "prod-ledger",
        ["prod", "payments", "restricted"],
    ),
    (
        "Workloads/Prod",
        "400000000033",
        "prod-web",
        ["prod", "web", "internal"],
    ),
    (
        "Workloads/Prod/Regulated",
        "400000000034",
        "prod-identity",
        ["prod", "identity", "restricted"],
    ),
    (
        "Workloads/Staging",
        "500000000041",
        "staging-payments",
        ["staging", "payments", "internal"],
    ),
    (
        "Workloads/Staging",
        "500000000042",
        "staging-web",
        ["staging", "web", "internal"],
    ),
    (
        "Workloads/Dev",
        "600000000051",
        "dev-payments",
        ["dev", "payments", "public"],
    ),
    (
        "Workloads/Dev",
        "600000000052",
        "dev-web",
        ["dev", "web", "public"],
    ),
    (
        "Finance/Billing",
        "700000000061",
        "finance-billing",
        ["prod", "finance", "restricted"],
    ),
    (
        "Finance",
        "700000000062",
        "finance-reporting",
        ["prod", "finance", "internal"],
    ),
    (
        "Sandbox",
        "800000000071",
        "sandbox-anna",
        ["sandbox", "web", "public"],
    ),
    (
        "Sandbox",
        "800000000072",
        "sandbox-ben",
        ["sandbox", "payments", "public"],
    ),
    (
        "Suspended",
        "900000000081",
        "old-shop",
        ["none", "web", "internal"],
    ),
];

/// User name and display name.
const PEOPLE: &[(&str, &str)] = &[
    ("alice", "Alice Andersson"),
    ("bob", "Bob Baker"),
    ("carol", "Carol Castillo"),
    ("dave", "Dave Dubois"),
    ("erin", "Erin Eriksen"),
    ("frank", "Frank Fischer"),
    ("gita", "Gita Gupta"),
    ("hugo", "Hugo Haas"),
    ("ivy", "Ivy Ito"),
    ("judy", "Judy Jansen"),
    ("kim", "Kim Kowalski"),
    ("liam", "Liam Larsen"),
    ("mona", "Mona Moreau"),
];

const GROUPS: &[(&str, &str, &[&str])] = &[
    ("team-admins", "Change the policy of temporary access", &["gita"]),
    ("team-auditors", "Read everything, change nothing", &["hugo"]),
    ("soc", "Security operations", &["ivy"]),
    ("oncall", "On call for production", &["alice", "dave"]),
    (
        "developers",
        "Everybody who builds",
        &["alice", "bob", "carol", "dave", "judy", "kim", "liam", "mona"],
    ),
    ("prod-leads", "Decide about production", &["bob", "carol"]),
    ("finance", "Costs and invoices", &["erin"]),
    ("contractors", "Not employed here", &["frank"]),
];

/// Name, session duration, description, whether it is for temporary access.
const SETS: &[(&str, &str, &str, bool)] = &[
    ("AdministratorAccess", "PT1H", "Everything", true),
    ("PowerUserAccess", "PT2H", "Everything but identities", true),
    ("ReadOnlyAccess", "PT8H", "Look, do not touch", true),
    ("IncidentResponse", "PT1H", "Contain and collect evidence", true),
    ("BillingReadOnly", "PT4H", "Costs and invoices", true),
    ("DatabaseAdmin", "PT1H", "Operate databases", true),
    ("SecurityAudit", "PT8H", "What the auditors always have", false),
];

/// Standing assignments: group, account, permission set.
const STANDING_GROUPS: &[(&str, &str, &str)] = &[
    ("soc", "security-audit", "SecurityAudit"),
    ("soc", "log-archive", "SecurityAudit"),
    ("team-auditors", "log-archive", "ReadOnlyAccess"),
    ("developers", "dev-payments", "PowerUserAccess"),
    ("developers", "dev-web", "PowerUserAccess"),
    ("developers", "staging-web", "ReadOnlyAccess"),
    ("finance", "finance-billing", "BillingReadOnly"),
];

/// Standing assignments: user, account, permission set.
const STANDING_USERS: &[(&str, &str, &str)] = &[
    ("gita", "management", "AdministratorAccess"),
    ("frank", "sandbox-ben", "PowerUserAccess"),
    ("carol", "prod-web", "ReadOnlyAccess"),
];

/// The demo organisation, in `eu-west-1`.
pub fn organisation() -> Organisation {
    build().expect("the tables above are consistent, which the test below checks")
}

fn build() -> Result<Organisation, SetupError> {
    let management = NewAccount {
        id: Some("100000000001".into()),
        name: "management".into(),
        tags: tags(["management", "platform", "restricted"]),
        ..NewAccount::default()
    };
    let mut org = Organisation::new("example", "eu-west-1", management)?;
    for (unit, id, name, tagged) in ACCOUNTS {
        org.add_account(NewAccount {
            id: Some((*id).into()),
            name: (*name).into(),
            unit: (*unit).into(),
            state: (*unit == "Suspended").then_some(AccountState::Suspended),
            tags: tags(*tagged),
            ..NewAccount::default()
        })?;
    }
    for (user_name, display_name) in PEOPLE {
        org.add_user(NewUser {
            user_name: (*user_name).into(),
            display_name: Some((*display_name).into()),
            disabled: *user_name == "judy",
            ..NewUser::default()
        })?;
    }
    for (name, description, members) in GROUPS {
        org.add_group(name, description, members)?;
    }
    for (name, session_duration, description, temporary) in SETS {
        let jit = temporary.then(|| ("jit".to_owned(), "enabled".to_owned()));
        org.add_permission_set(NewPermissionSet {
            name: (*name).into(),
            description: (*description).into(),
            session_duration: Some((*session_duration).into()),
            tags: jit.into_iter().collect(),
        })?;
    }
    for (group, account, set) in STANDING_GROUPS {
        let key = org.group_key(group, account, set)?;
        org.put_standing_assignment(&key);
    }
    for (user, account, set) in STANDING_USERS {
        let key = org.user_key(user, account, set)?;
        org.put_standing_assignment(&key);
    }
    Ok(org)
}

fn tags(values: [&str; 3]) -> BTreeMap<String, String> {
    let names = ["env", "team", "data"];
    names
        .into_iter()
        .zip(values)
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_consistent_and_large_enough() {
        let org = build().unwrap();
        assert!(org.accounts().count() >= 14 && org.users().count() >= 10);
        assert!(org.groups().count() >= 8 && org.permission_sets().count() >= 6);
        assert_eq!(org.users().filter(|user| !user.enabled).count(), 1);
        assert_eq!(
            org.assignments().count(),
            STANDING_GROUPS.len() + STANDING_USERS.len()
        );
        let identity = org.account_named("prod-identity").unwrap();
        assert_eq!(
            org.unit_names_of(&identity.id),
            ["Workloads", "Prod", "Regulated"]
        );
        assert_eq!(org.path_of(&identity.id).split('/').count(), 7);
    }
}
