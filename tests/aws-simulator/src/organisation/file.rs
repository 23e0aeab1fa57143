//! An organisation from a file: `teamd simulate-aws --org FILE.toml`. Ids may be left out; they follow from
//! the names, so the same file always means the same organisation. Unknown keys are errors.
//!
//! ```
//! let org = aws_simulator::organisation::file::parse(r#"
//!     name = "acme"
//!     region = "eu-central-1"                  # of Identity Center; the default is eu-west-1
//!     delegated_administrators = ["security"]  # account names
//!
//!     [management]                             # an account like the others
//!     name = "acme-root"
//!
//!     [[account]]
//!     name = "prod"
//!     id = "123456789012"                      # optional
//!     email = "aws+prod@acme.example"          # optional
//!     unit = "Workloads/Prod"                  # optional: directly under the root
//!     state = "ACTIVE"                         # optional: SUSPENDED, PENDING_CLOSURE, ...
//!     tags = { env = "prod" }
//!
//!     [[account]]
//!     name = "security"
//!
//!     [[user]]
//!     name = "ann"
//!     id = "90a1b2c3d4-0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"   # optional
//!     display_name = "Ann Example"             # optional
//!     email = "ann@acme.example"               # optional
//!     disabled = false
//!
//!     [[group]]
//!     name = "admins"
//!     description = "They may"
//!     members = ["ann"]
//!
//!     [[permission_set]]
//!     name = "Admin"
//!     session_duration = "PT1H"
//!     description = "Everything"
//!     tags = { jit = "enabled" }
//!
//!     [[assignment]]                           # standing access: a user or a group
//!     group = "admins"
//!     account = "security"
//!     permission_set = "Admin"
//! "#).unwrap();
//! assert_eq!(org.account_named("prod").unwrap().id, "123456789012");
//! assert_eq!(org.assignments().count(), 1);
//! ```

use std::collections::BTreeMap;

use serde::Deserialize;
use thiserror::Error;

use super::setup::{NewAccount, NewPermissionSet, NewUser, SetupError};
use super::{AccountState, Organisation};

/// An organisation file that cannot be used.
#[derive(Debug, Error)]
pub enum OrganisationFileError {
    /// Not TOML of this format.
    #[error("organisation: {0}")]
    Toml(#[from] toml::de::Error),
    /// Its parts do not fit together.
    #[error("organisation: {0}")]
    Setup(#[from] SetupError),
}

/// The organisation that a file describes.
pub fn parse(text: &str) -> Result<Organisation, OrganisationFileError> {
    Ok(build(toml::from_str(text)?)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    #[serde(default = "default_region")]
    region: String,
    #[serde(default)]
    delegated_administrators: Vec<String>,
    management: AccountEntry,
    #[serde(default, rename = "account")]
    accounts: Vec<AccountEntry>,
    #[serde(default, rename = "user")]
    users: Vec<UserEntry>,
    #[serde(default, rename = "group")]
    groups: Vec<GroupEntry>,
    #[serde(default, rename = "permission_set")]
    permission_sets: Vec<PermissionSetEntry>,
    #[serde(default, rename = "assignment")]
    assignments: Vec<AssignmentEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountEntry {
    name: String,
    id: Option<String>,
    email: Option<String>,
    #[serde(default)]
    unit: String,
    state: Option<AccountState>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserEntry {
    name: String,
    id: Option<String>,
    display_name: Option<String>,
    email: Option<String>,
    #[serde(default)]
    disabled: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupEntry {
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    members: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PermissionSetEntry {
    name: String,
    session_duration: Option<String>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AssignmentEntry {
    user: Option<String>,
    group: Option<String>,
    account: String,
    permission_set: String,
}

fn default_region() -> String {
    "eu-west-1".into()
}

fn build(file: File) -> Result<Organisation, SetupError> {
    let mut org = Organisation::new(&file.name, &file.region, file.management.into())?;
    for account in file.accounts {
        org.add_account(account.into())?;
    }
    for name in &file.delegated_administrators {
        let account = org
            .account_named(name)
            .ok_or_else(|| SetupError::Unknown(format!("account {name}")))?;
        let id = account.id.clone();
        org.delegate_to(&id);
    }
    for UserEntry {
        name,
        id,
        display_name,
        email,
        disabled,
    } in file.users
    {
        org.add_user(NewUser {
            id,
            user_name: name,
            display_name,
            email,
            disabled,
        })?;
    }
    for group in file.groups {
        let members: Vec<&str> = group.members.iter().map(String::as_str).collect();
        org.add_group(&group.name, &group.description, &members)?;
    }
    for PermissionSetEntry {
        name,
        session_duration,
        description,
        tags,
    } in file.permission_sets
    {
        org.add_permission_set(NewPermissionSet {
            name,
            description,
            session_duration,
            tags,
        })?;
    }
    for entry in file.assignments {
        let key = match (&entry.user, &entry.group) {
            (Some(user), None) => org.user_key(user, &entry.account, &entry.permission_set)?,
            (None, Some(group)) => org.group_key(group, &entry.account, &entry.permission_set)?,
            _ => {
                return Err(SetupError::Invalid(
                    "an assignment is for a user or for a group".into(),
                ));
            }
        };
        org.put_standing_assignment(&key);
    }
    Ok(org)
}

impl From<AccountEntry> for NewAccount {
    fn from(entry: AccountEntry) -> Self {
        let AccountEntry {
            name,
            id,
            email,
            unit,
            state,
            tags,
        } = entry;
        Self {
            id,
            name,
            email,
            unit,
            state,
            tags,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_wrong() {
        let base = "name = 'x'\n[management]\nname = 'root'\n";
        assert!(parse(base).is_ok());
        for (text, expected) in [
            ("[[account]]\nname='a'\nid='12'", "twelve digits"),
            ("[[account]]\nname='root'", "twice"),
            ("[[group]]\nname='g'\nmembers=['nobody']", "user nobody"),
            ("[[user]]\nnam='ann'", "nam"),
            (
                "[[permission_set]]\nname='P'\nsession_duration='P2D'",
                "session duration",
            ),
            (
                "[[assignment]]\naccount='root'\npermission_set='P'",
                "user or for a group",
            ),
        ] {
            let error = parse(&format!("{base}{text}")).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn ids_follow_from_names() {
        let text = "name='x'\n[management]\nname='root'\n[[user]]\nname='ann'\n[[account]]\nname='a'";
        let (one, two) = (parse(text).unwrap(), parse(text).unwrap());
        assert_eq!(
            one.user_named("ann").unwrap().id,
            two.user_named("ann").unwrap().id
        );
        assert_eq!(
            one.account_named("a").unwrap().id,
            two.account_named("a").unwrap().id
        );
    }
}
