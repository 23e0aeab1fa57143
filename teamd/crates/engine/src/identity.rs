//! From the kernel's word to a person: uid → login name → Identity Center user. Names compare exactly; nothing that a
//! client says is looked at.

use super::Engine;
use std::collections::BTreeMap;
use team_shared::ids::UserId;
use teamd_config::Match;
use teamd_domain::directory::Directory;
use teamd_domain::identity::{Caller, LoginUid, Peer, Who};
use teamd_policy::roles_of;

impl Engine {
    /// Who a peer is. `login` is the login name of its uid, where the system knows one.
    #[must_use]
    pub fn identify(&self, peer: Peer, login: Option<String>) -> Caller {
        let rules = self.settings().identity.clone();
        let who = match (peer.uid, &login) {
            (0, _) => Who::Operator,
            (uid, None) => Who::Nobody {
                why: format!("uid {uid} has no login name on this machine"),
            },
            (_, Some(login)) => match self.directory().as_deref() {
                None => Who::Nobody {
                    why: "the directory has never been loaded from AWS, so nobody is known yet".to_owned(),
                },
                Some(directory) => find(directory, login, &rules.user_name(login)),
            },
        };
        Caller {
            peer,
            login,
            who,
            behind: None,
        }
    }

    /// The person who logged in behind uid 0; `login` is the login name of the login uid.
    #[must_use]
    pub fn with_person_behind(&self, caller: Caller, login: Option<String>) -> Caller {
        let behind = match caller.peer.login_uid {
            LoginUid::Set(uid) if uid != 0 => {
                let peer = Peer { uid, ..caller.peer };
                self.identify(peer, login).person().cloned()
            }
            LoginUid::Set(_) | LoginUid::Unset | LoginUid::Unknown => None,
        };
        Caller { behind, ..caller }
    }

    /// People with the security or admin role, each with the logins that map to them.
    #[must_use]
    pub fn responders(&self) -> BTreeMap<UserId, Vec<String>> {
        let (Some(in_force), Some(directory)) = (self.policy(), self.directory()) else {
            return BTreeMap::new();
        };
        let rules = &self.settings().identity;
        let has_role = |id: &UserId| {
            let roles = roles_of(&in_force.policy, &directory, id);
            roles.security || roles.admin
        };
        directory
            .people
            .values()
            .filter(|person| has_role(&person.id))
            .map(|person| (person.id.clone(), rules.logins_of(&person.user_name)))
            .collect()
    }

    /// How the caller was mapped, in a sentence.
    #[must_use]
    pub fn explain(&self, caller: &Caller) -> String {
        match (&caller.who, &caller.login) {
            (Who::Operator, _) => "uid 0 is the operator, never a person".to_owned(),
            (Who::Nobody { why }, None) => why.clone(),
            (Who::Nobody { why }, Some(login)) => format!("{why} ({})", self.how(login)),
            (Who::Person { user_name, .. }, Some(login)) => format!(
                "uid {} → login {login} → user {user_name} ({})",
                caller.peer.uid,
                self.how(login)
            ),
            (Who::Person { user_name, .. }, None) => {
                format!("uid {} acts as user {user_name}", caller.peer.uid)
            }
        }
    }

    /// Whom a login stands for, and how that comes; `uid` is its uid, where this machine knows it.
    #[must_use]
    pub fn explain_login(&self, login: &str, uid: Option<u32>) -> (Caller, String) {
        let (pid, login_uid) = (None, LoginUid::Unset);
        let of = |uid| {
            let peer = Peer { uid, pid, login_uid };
            self.identify(peer, Some(login.to_owned()))
        };
        match uid {
            Some(uid) => {
                let caller = of(uid);
                let why = self.explain(&caller);
                (caller, why)
            }
            None => {
                // As any uid but root's would be mapped.
                let caller = of(u32::MAX);
                let would = match &caller.who {
                    Who::Person { user_name, .. } => format!("it would be user {user_name}"),
                    Who::Nobody { why } => format!("and {why}"),
                    Who::Operator => "it would be the operator".to_owned(),
                };
                let how = self.how(login);
                (
                    Caller {
                        who: Who::Nobody {
                            why: "this machine has no such login".to_owned(),
                        },
                        ..caller
                    },
                    format!("this machine has no login {login}; {would} ({how})"),
                )
            }
        }
    }

    /// What maps a login.
    fn how(&self, login: &str) -> &'static str {
        let rules = &self.settings().identity;
        if rules.map.contains_key(login) {
            return "[identity.map]";
        }
        match rules.matching {
            Match::Same => "[identity] match = \"same\"",
            Match::Template(_) => "[identity] template",
        }
    }
}

fn find(directory: &Directory, login: &str, user_name: &str) -> Who {
    match directory.person_named(user_name) {
        Some(person) if person.enabled => Who::Person {
            id: person.id.clone(),
            user_name: person.user_name.clone(),
        },
        Some(_) => Who::Nobody {
            why: format!("user {user_name} is disabled in Identity Center"),
        },
        None => Who::Nobody {
            why: format!("login {login} maps to user {user_name}, whom Identity Center does not know"),
        },
    }
}
