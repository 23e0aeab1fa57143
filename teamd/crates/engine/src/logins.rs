//! Logins behind which several people may sit, and people behind several logins. The daemon knows uids: two people in
//! one login are one person to it, and one person may not count twice by two logins.

use std::collections::{BTreeMap, BTreeSet};
use teamd_config::Identity;

/// A login of this machine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Login {
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: u32,
}

/// What is doubtful about the logins that stand for somebody.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SharedLogins {
    /// User name, and the two or more logins that stand for it.
    pub several: BTreeMap<String, BTreeSet<String>>,
    /// Login that looks like one that several people use, and the user name that it stands for.
    pub look_shared: BTreeMap<String, String>,
    /// Logins with one uid, of which at least one stands for somebody.
    pub one_uid: BTreeMap<u32, BTreeSet<String>>,
    /// Logins of uid 0 in the map: root is never a person.
    pub root: BTreeSet<String>,
}

/// Names of logins that images, tools and teams share.
const SHARED: &[&str] = &[
    "admin",
    "administrator",
    "almalinux",
    "ansible",
    "apache",
    "azureuser",
    "backup",
    "bastion",
    "bitnami",
    "build",
    "centos",
    "ci",
    "cloud-user",
    "core",
    "daemon",
    "debian",
    "deploy",
    "deployer",
    "dev",
    "devops",
    "docker",
    "ec2-user",
    "fedora",
    "git",
    "gitlab-runner",
    "guest",
    "jenkins",
    "mysql",
    "nginx",
    "nobody",
    "opc",
    "operator",
    "ops",
    "oracle",
    "pi",
    "postgres",
    "rocky",
    "root",
    "runner",
    "service",
    "shared",
    "sre",
    "ssm-user",
    "support",
    "sysadmin",
    "team",
    "teamd",
    "terraform",
    "test",
    "toor",
    "ubuntu",
    "user",
    "vagrant",
    "www-data",
];
/// Parts of a name that say the same.
const SHARED_PARTS: &[&str] = &["bot", "ci", "deploy", "shared", "svc", "service"];

/// The logins of `/etc/passwd`. Those of a directory service are not listed by it; the map names them where it matters.
///
/// # Errors
/// The file cannot be read.
pub fn local_logins() -> std::io::Result<Vec<Login>> {
    let bytes = std::fs::read("/etc/passwd")?;
    Ok(parse_passwd(&String::from_utf8_lossy(&bytes)))
}

fn parse_passwd(text: &str) -> Vec<Login> {
    text.lines()
        .filter_map(|line| {
            let mut fields = line.split(':');
            let (name, _password, uid) = (fields.next()?, fields.next()?, fields.next()?);
            Some(Login {
                name: name.to_owned(),
                uid: uid.parse().ok()?,
            })
        })
        .collect()
}

/// Looks through the logins of the machine and of the map; `user_names` are those that Identity Center has.
#[must_use]
pub fn shared_logins(logins: &[Login], identity: &Identity, user_names: &BTreeSet<String>) -> SharedLogins {
    let mut found = SharedLogins::default();
    let roots: BTreeSet<&str> = logins
        .iter()
        .filter(|login| login.uid == 0)
        .map(|login| login.name.as_str())
        .collect();
    found.root = identity
        .map
        .keys()
        .filter(|login| roots.contains(login.as_str()))
        .cloned()
        .collect();

    let named = logins.iter().map(|login| login.name.as_str());
    let all: BTreeSet<&str> = named.chain(identity.map.keys().map(String::as_str)).collect();
    let people: BTreeMap<&str, String> = all
        .into_iter()
        .filter(|login| !roots.contains(login))
        .map(|login| (login, identity.user_name(login)))
        .filter(|(_, user_name)| user_names.contains(user_name))
        .collect();
    let mut of_person: BTreeMap<&String, BTreeSet<String>> = BTreeMap::new();
    for (login, user_name) in &people {
        of_person
            .entry(user_name)
            .or_default()
            .insert((*login).to_owned());
        if looks_shared(login) {
            found.look_shared.insert((*login).to_owned(), user_name.clone());
        }
    }
    found.several = of_person
        .into_iter()
        .filter(|(_, logins)| logins.len() > 1)
        .map(|(user_name, logins)| (user_name.clone(), logins))
        .collect();

    let mut of_uid: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
    for login in logins.iter().filter(|login| login.uid != 0) {
        of_uid.entry(login.uid).or_default().insert(login.name.clone());
    }
    found.one_uid = of_uid
        .into_iter()
        .filter(|(_, names)| names.len() > 1 && names.iter().any(|name| people.contains_key(name.as_str())))
        .collect();
    found
}

/// One thing that is doubtful, and what would help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub detail: String,
    /// What would help.
    pub help: &'static str,
}

impl SharedLogins {
    /// What of it is about one login.
    #[must_use]
    pub fn about(mut self, login: &str) -> Self {
        self.several.retain(|_, logins| logins.contains(login));
        self.look_shared.retain(|name, _| name == login);
        self.one_uid.retain(|_, logins| logins.contains(login));
        self.root.retain(|name| name == login);
        self
    }

    /// All of it in sentences.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let several = self.several.iter().map(|(user_name, logins)| Finding {
            detail: format!("{user_name} is reached by several logins: {}", join(logins)),
            help: "keep one login for each person; the daemon counts them as one",
        });
        let look_shared = self.look_shared.iter().map(|(login, user_name)| Finding {
            detail: format!("{login} looks like a login that several people use, and stands for {user_name}"),
            help: "let people log in as themselves, or map the login to a name of its own in [identity.map]",
        });
        let one_uid = self.one_uid.iter().map(|(uid, logins)| Finding {
            detail: format!(
                "uid {uid} has several names: {}; all of them are one person to the daemon",
                join(logins)
            ),
            help: "give each login a uid of its own",
        });
        let root = self.root.iter().map(|login| Finding {
            detail: format!("{login} is in [identity.map], but uid 0 is never a person"),
            help: "take it out of the map",
        });
        several.chain(look_shared).chain(one_uid).chain(root).collect()
    }
}

fn join(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn looks_shared(login: &str) -> bool {
    let login = login.to_ascii_lowercase();
    SHARED.contains(&login.as_str())
        || login
            .split(['-', '_', '.'])
            .any(|part| SHARED_PARTS.contains(&part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logins(list: &[(&str, u32)]) -> Vec<Login> {
        list.iter()
            .map(|(name, uid)| Login {
                name: (*name).to_owned(),
                uid: *uid,
            })
            .collect()
    }

    fn identity(map: &[(&str, &str)]) -> Identity {
        Identity {
            map: map
                .iter()
                .map(|(login, name)| ((*login).to_owned(), (*name).to_owned()))
                .collect(),
            ..Identity::default()
        }
    }

    fn names(list: &[&str]) -> BTreeSet<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn logins_that_stand_for_nobody_do_not_matter() {
        let found = shared_logins(
            &logins(&[("root", 0), ("ubuntu", 1000), ("alice", 1001)]),
            &Identity::default(),
            &names(&["alice", "root"]),
        );
        assert_eq!(found, SharedLogins::default());
        assert!(found.findings().is_empty());
    }

    #[test]
    fn one_person_behind_two_logins_is_found() {
        let found = shared_logins(
            &logins(&[("alice", 1001), ("alice2", 1002)]),
            &identity(&[("alice2", "alice"), ("ldap-only", "alice")]),
            &names(&["alice"]),
        );
        assert_eq!(found.several["alice"], names(&["alice", "alice2", "ldap-only"]));
        assert_eq!(found.findings().len(), 1);
    }

    #[test]
    fn logins_that_look_shared_are_found_where_they_stand_for_somebody() {
        let found = shared_logins(
            &logins(&[("deploy", 1001), ("Admin", 1002), ("svc-backup", 1003)]),
            &identity(&[("deploy", "ci-bot")]),
            &names(&["ci-bot", "Admin", "svc-backup"]),
        );
        assert_eq!(
            found.look_shared.keys().cloned().collect::<BTreeSet<_>>(),
            names(&["Admin", "deploy", "svc-backup"])
        );
        assert!(!looks_shared("cicero") && !looks_shared("abbott") && !looks_shared("adminah"));
    }

    #[test]
    fn one_uid_with_two_names_and_a_mapped_root_are_found() {
        let found = shared_logins(
            &logins(&[("root", 0), ("alice", 1001), ("bob", 1001)]),
            &identity(&[("root", "alice")]),
            &names(&["alice"]),
        );
        assert_eq!(found.one_uid[&1001], names(&["alice", "bob"]));
        assert_eq!(found.root, names(&["root"]));
        assert!(found.several.is_empty());
    }

    #[test]
    fn what_is_about_one_login() {
        let found = shared_logins(
            &logins(&[("root", 0), ("alice", 1001), ("bob", 1001), ("deploy", 1002)]),
            &identity(&[("root", "alice"), ("al", "alice"), ("deploy", "ci-bot")]),
            &names(&["alice", "ci-bot"]),
        );
        let about = |login: &str| found.clone().about(login).findings().len();
        assert_eq!(
            (
                about("alice"),
                about("al"),
                about("bob"),
                about("deploy"),
                about("root"),
                about("carol")
            ),
            (2, 1, 1, 1, 1, 0)
        );
    }

    #[test]
    fn passwd_is_read_leniently() {
        let text =
            "root:x:0:0::/root:/bin/sh\n# x\nbroken\nalice:x:1001:1001:,:/h:/s\n+::::::\nbad:x:y:1::/:\n";
        assert_eq!(parse_passwd(text), logins(&[("root", 0), ("alice", 1001)]));
    }
}
