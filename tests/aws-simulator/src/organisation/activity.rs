//! People use their access: while a user can enter an account, calls appear in the account's history.
//!
//! Access by an assignment of one's own that came later than the organisation is temporary and used busily,
//! about every `activity_gap_ms`; standing access and access by group is used a thirtieth as often.

use std::collections::BTreeMap;

use super::Organisation;
use super::record::Session;
use super::repertoire::deeds_for;
use super::rng::Rng;
use super::types::{Principal, duration_seconds};

/// How much rarer people use access they always have.
const STANDING_FACTOR: i64 = 30;

/// User, account, permission set.
type Access = (String, String, String);

/// Who is doing what.
#[derive(Debug, Clone)]
pub(crate) struct Activity {
    rng: Rng,
    people: BTreeMap<Access, Person>,
}

#[derive(Debug, Clone)]
struct Person {
    busy: bool,
    next_ms: i64,
    session: Option<Session>,
    expires_ms: i64,
}

impl Activity {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            rng: Rng::new(seed),
            people: BTreeMap::new(),
        }
    }
}

impl Organisation {
    /// Lets people do what they would have done until now, and says how many calls that was. Call it every
    /// second or so; nobody acts by himself.
    pub fn let_people_act(&mut self, now_ms: i64) -> usize {
        self.advance(now_ms);
        // Taken out, because acting changes the organisation too.
        let seed = self.activity.rng.next_u64();
        let mut activity = std::mem::replace(&mut self.activity, Activity::new(seed));
        let access = self.effective_access();
        let lingering = self.faults().lingering_sessions;
        activity.people.retain(|who, person| {
            access.contains_key(who) || (lingering && person.session.is_some() && now_ms < person.expires_ms)
        });
        let gap_ms = self.faults().activity_gap_ms.max(100);
        for (who, busy) in access {
            let rng = &mut activity.rng;
            let person = activity.people.entry(who).or_insert_with(|| {
                // Whoever asked for access was waiting for it; the others come when they come.
                let wait = if busy {
                    rng.between(500, 3_000.min(gap_ms))
                } else {
                    rng.between(0, gap_ms * STANDING_FACTOR)
                };
                Person {
                    busy,
                    next_ms: now_ms + wait,
                    session: None,
                    expires_ms: 0,
                }
            });
            person.busy |= busy;
        }
        let mut acts = 0;
        for (who, person) in &mut activity.people {
            while person.next_ms <= now_ms {
                self.act(who, person, &mut activity.rng);
                acts += 1;
                let gap = if person.busy {
                    gap_ms
                } else {
                    gap_ms * STANDING_FACTOR
                };
                person.next_ms += activity.rng.between(gap / 4, gap * 7 / 4).max(1);
            }
        }
        self.activity = activity;
        acts
    }

    fn act(&mut self, (user, account, set): &Access, person: &mut Person, rng: &mut Rng) {
        let at_ms = person.next_ms;
        let expired = at_ms >= person.expires_ms;
        let session = match person.session.take().filter(|_| !expired) {
            Some(session) => session,
            None => {
                let Some(who) = self.users.get(user).cloned() else {
                    return;
                };
                let length = self
                    .permission_set(set)
                    .and_then(|set| duration_seconds(&set.session_duration));
                person.expires_ms = at_ms + length.unwrap_or(3_600) * 1_000;
                self.open_session(&who, account, set, at_ms)
            }
        };
        let name = self
            .permission_set(set)
            .map_or(String::new(), |set| set.name.clone());
        let deed = *rng.pick(deeds_for(&name));
        self.record_deed(&session, &deed, rng, at_ms);
        person.session = Some(session);
    }

    /// Who can enter what, and whether by temporary access.
    fn effective_access(&self) -> BTreeMap<Access, bool> {
        let mut access = BTreeMap::new();
        for (key, since_ms) in self.ledger.iter() {
            let usable = self
                .accounts
                .get(&key.account)
                .is_some_and(|a| a.state == super::AccountState::Active);
            if !usable {
                continue;
            }
            let (people, busy): (Vec<&String>, bool) = match &key.principal {
                Principal::User(id) => (vec![id], since_ms > self.created_ms),
                Principal::Group(id) => (
                    self.groups
                        .get(id)
                        .map(|g| g.members.iter().collect())
                        .unwrap_or_default(),
                    false,
                ),
            };
            for id in people
                .into_iter()
                .filter(|id| self.users.get(*id).is_some_and(|user| user.enabled))
            {
                let who = (id.clone(), key.account.clone(), key.permission_set.clone());
                *access.entry(who).or_insert(false) |= busy;
            }
        }
        access
    }
}
