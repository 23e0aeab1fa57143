//! The uids of responders: people with the security or admin role.
//!
//! The accept loop only reads this cache. It is filled when a caller is identified while a request is served, and in the
//! background from the roles and `[identity]`, so that a responder who has not called yet is known too.

use crate::Api;
use crate::name_service::NameService;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use team_shared::ids::UserId;
use teamd_domain::identity::Caller;
use teamd_engine::{Access, Engine};
use tokio::time::Instant;

/// The most uids that are kept.
const MAX_UIDS: usize = 1024;

/// The most login names that are looked up in one refresh.
const MAX_LOOKUPS: usize = 512;

/// The longest time between two refreshes.
const REFRESH_INTERVAL: Duration = Duration::from_secs(60);

/// The time between two looks at whether the directory or the policy has changed.
const CHANGE_INTERVAL: Duration = Duration::from_secs(2);

/// Uids of responders, each with the person behind it.
#[derive(Debug, Default)]
pub(crate) struct Responders(Mutex<HashMap<u32, UserId>>);

impl Responders {
    pub(super) fn contains(&self, uid: u32) -> bool {
        self.uids().contains_key(&uid)
    }

    /// Notes what a caller turned out to be.
    pub(crate) fn note(&self, caller: &Caller, access: &Access<'_>) {
        let (uid, roles) = (caller.peer.uid, access.roles());
        match caller.person() {
            Some(person) if roles.security || roles.admin => self.insert(uid, person),
            Some(_) | None => self.remove(uid),
        }
    }

    pub(super) fn insert(&self, uid: u32, person: &UserId) {
        let mut uids = self.uids();
        // uid 0 has its own reserve. A cache that is full keeps what it has: a uid that is not in it is ordinary.
        if uid != 0 && (uids.len() < MAX_UIDS || uids.contains_key(&uid)) {
            uids.insert(uid, person.clone());
        }
    }

    pub(super) fn remove(&self, uid: u32) {
        self.uids().remove(&uid);
    }

    /// Drops the uids of people who have lost the role.
    fn retain(&self, people: &BTreeMap<UserId, Vec<String>>) {
        self.uids().retain(|_, person| people.contains_key(person));
    }

    fn uids(&self) -> MutexGuard<'_, HashMap<u32, UserId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps the cache up to date. Never ends.
pub(crate) async fn refresh(api: Api) {
    let name_service = NameService::new(1);
    let mut known = None;
    let mut refreshed_at: Option<Instant> = None;
    loop {
        let basis = (api.engine.policy(), api.engine.directory());
        let basis = (
            basis.0.map(|policy| policy.version),
            basis.1.map(|directory| directory.loaded_at),
        );
        let is_due = refreshed_at.is_none_or(|at| at.elapsed() >= REFRESH_INTERVAL);
        if is_due || known != Some(basis) {
            fill(api.admission.responders(), &api.engine, &name_service).await;
            (known, refreshed_at) = (Some(basis), Some(Instant::now()));
        }
        tokio::time::sleep(CHANGE_INTERVAL).await;
    }
}

/// Reads who has the role, and looks up the uids of their logins.
async fn fill(responders: &Responders, engine: &Engine, name_service: &NameService) {
    let people = engine.responders();
    responders.retain(&people);
    let mut lookups = Vec::new();
    for (person, logins) in people {
        lookups.extend(logins.into_iter().map(|login| (person.clone(), login)));
    }
    lookups.truncate(MAX_LOOKUPS);
    for (person, login) in lookups {
        match name_service.uid_of(&login).await {
            Ok(Some(uid)) => responders.insert(uid, &person),
            Ok(None) => {}
            Err(error) => {
                // The rest would wait as long. What is in the cache stays until the next refresh.
                tracing::debug!(%error, "the uids of security and admins are not all known");
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responder_cache_is_bounded_and_drops_lost_roles() {
        let responders = Responders::default();
        let person = |n: u32| -> UserId { format!("u-{n}").parse().unwrap() };
        for uid in 0..5000 {
            responders.insert(uid, &person(uid));
        }
        assert_eq!(responders.uids().len(), MAX_UIDS);
        assert!(!responders.contains(0));
        let people = BTreeMap::from([(person(7), Vec::new())]);
        responders.retain(&people);
        assert_eq!(responders.uids().keys().copied().collect::<Vec<_>>(), [7]);
    }
}
