//! Users of this machine for the time of a test: the daemon takes its callers from the kernel, so two people are two
//! uids. Only root can make them.

use crate::loud::say;
use nix::unistd::{Uid, User};
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// The people that there are logins for.
const NAMES: [&str; 6] = ["alice", "bob", "carol", "frank", "gita", "ivy"];

/// Somebody who can run a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The login name on this machine.
    pub name: String,
    /// The uid.
    pub uid: u32,
    /// The primary group.
    pub gid: u32,
}

/// Logins for people, unique to this run. They go with the last handle.
#[derive(Debug)]
pub struct Logins {
    made: Vec<(String, Login)>,
}

impl Logins {
    /// The logins, made if no other test has them. None, said loudly, where that is not possible.
    #[must_use]
    pub fn get(test: &str) -> Option<Arc<Self>> {
        static SHARED: Mutex<Weak<Logins>> = Mutex::new(Weak::new());
        if !Uid::effective().is_root() {
            say(&format!(
                "SKIPPED: {test}: it takes several Unix users, and only root can make them; run it as root"
            ));
            return None;
        }
        // One at a time: useradd locks the password file and fails where it is locked.
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(logins) = shared.upgrade() {
            return Some(logins);
        }
        match Self::make(&NAMES) {
            Ok(logins) => {
                let logins = Arc::new(logins);
                *shared = Arc::downgrade(&logins);
                Some(logins)
            }
            Err(why) => {
                say(&format!("SKIPPED: {test}: no Unix user can be made here: {why}"));
                None
            }
        }
    }

    /// Logins for these people, shared with no other test.
    ///
    /// # Errors
    /// No Unix user can be made here.
    pub fn make(people: &[impl AsRef<str>]) -> Result<Self, String> {
        let mut logins = Self { made: Vec::new() };
        for person in people.iter().map(AsRef::as_ref) {
            let login = make(&format!("team-e2e-{person}-{}", std::process::id()))?;
            logins.made.push((person.to_owned(), login));
        }
        Ok(logins)
    }

    /// The login of one of the people.
    ///
    /// # Panics
    /// There is no login for that person.
    #[must_use]
    pub fn of(&self, person: &str) -> &Login {
        let found = self.made.iter().find(|(name, _)| name == person);
        &found
            .unwrap_or_else(|| panic!("there is no login for {person}"))
            .1
    }

    /// `[identity.map]` for the daemon.
    #[must_use]
    pub fn identity_map(&self) -> String {
        let line = |(name, login): &(String, Login)| format!("{} = \"{name}\"\n", login.name);
        let map: String = self.made.iter().map(line).collect();
        // Under sudo every program carries the login uid of whoever typed it, and ours speak for others.
        let sudo = login_uid_is_set();
        format!("[identity]\nallow_sudo = {sudo}\n[identity.map]\n{map}")
    }
}

impl Drop for Logins {
    fn drop(&mut self) {
        for (_, login) in &self.made {
            // Nothing else can be done about a user that stays.
            let _ = Command::new("userdel").arg(&login.name).output();
        }
    }
}

fn make(name: &str) -> Result<Login, String> {
    let mut command = Command::new("useradd");
    command.args(["--system", "--no-create-home", "--home-dir", "/nonexistent"]);
    command.args(["--user-group", "--shell", "/bin/sh", name]);
    let made = command.output().map_err(|error| format!("useradd: {error}"))?;
    if !made.status.success() {
        return Err(format!(
            "useradd {name}: {}",
            String::from_utf8_lossy(&made.stderr).trim()
        ));
    }
    match User::from_name(name) {
        Ok(Some(user)) => Ok(Login {
            name: name.to_owned(),
            uid: user.uid.as_raw(),
            gid: user.gid.as_raw(),
        }),
        other => Err(format!("{name} was made and is not known: {other:?}")),
    }
}

fn login_uid_is_set() -> bool {
    let path = PathBuf::from("/proc/self/loginuid");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.trim().parse::<u32>().is_ok_and(|uid| uid != u32::MAX)
}
