//! From the kernel's word to a person: uid → login name → Identity Center user. Names compare exactly; nothing that a
//! client says is looked at.

use super::Engine;
use crate::config::Match;
use crate::domain::directory::Directory;
use crate::domain::identity::{Caller, Peer, Who};

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
        Caller { peer, login, who }
    }

    /// How the caller was mapped, in a sentence.
    #[must_use]
    pub fn explain(&self, caller: &Caller) -> String {
        match (&caller.who, &caller.login) {
            (Who::Operator, _) => "uid 0 is the operator, never a person".to_owned(),
            (Who::Nobody { why }, _) => why.clone(),
            (Who::Person { user_name, .. }, Some(login)) => {
                let rules = &self.settings().identity;
                let how = if rules.map.contains_key(login) {
                    "[identity.map]"
                } else {
                    match rules.matching {
                        Match::Same => "[identity] match = \"same\"",
                        Match::Template(_) => "[identity] template",
                    }
                };
                format!(
                    "uid {} → login {login} → user {user_name} ({how})",
                    caller.peer.uid
                )
            }
            (Who::Person { user_name, .. }, None) => {
                format!("uid {} acts as user {user_name}", caller.peer.uid)
            }
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
