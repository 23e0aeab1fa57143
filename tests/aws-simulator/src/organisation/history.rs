//! A past: what people did before the simulator was started.

use super::repertoire::deeds_for;
use super::rng::Rng;
use super::types::{AccountState, Principal};
use super::{Organisation, ids};

const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;

impl Organisation {
    /// Writes `days` of event history into every active account, ending at `now_ms`: on each day a session
    /// or a few, of people who have standing access there, or had temporary access.
    pub fn write_history(&mut self, days: i64, now_ms: i64) {
        let accounts: Vec<String> = self
            .accounts
            .values()
            .filter(|account| account.state == AccountState::Active)
            .map(|account| account.id.clone())
            .collect();
        for account in accounts {
            let mut rng = Rng::new(ids::fingerprint(&format!("{} history {account}", self.id)));
            for day in (1..=days).rev() {
                let start_ms = now_ms - day * DAY_MS;
                for _ in 0..rng.between(1, 3) {
                    // Not into the last half hour of the last day, so that sessions end before now.
                    let at_ms = start_ms + rng.between(0, DAY_MS - 40 * MINUTE_MS);
                    self.write_session(&account, &mut rng, at_ms);
                }
            }
        }
    }

    fn write_session(&mut self, account: &str, rng: &mut Rng, start_ms: i64) {
        let Some((user_id, set)) = self.somebody_for(account, rng) else {
            return;
        };
        let Some(user) = self.users.get(&user_id).cloned() else {
            return;
        };
        let name = self
            .permission_set(&set)
            .map_or(String::new(), |set| set.name.clone());
        let session = self.open_session(&user, account, &set, start_ms);
        let mut at_ms = start_ms;
        for _ in 0..rng.between(3, 8) {
            at_ms += rng.between(5_000, 4 * MINUTE_MS);
            let deed = *rng.pick(deeds_for(&name));
            self.record_deed(&session, &deed, rng, at_ms);
        }
    }

    /// Half of the time somebody with standing access, else anybody with anything.
    fn somebody_for(&self, account: &str, rng: &mut Rng) -> Option<(String, String)> {
        let mut standing = Vec::new();
        for (key, _) in self.ledger.iter().filter(|(key, _)| key.account == account) {
            match &key.principal {
                Principal::User(id) => standing.push((id.clone(), key.permission_set.clone())),
                Principal::Group(id) => {
                    let members = self.groups.get(id).into_iter().flat_map(|group| &group.members);
                    standing.extend(members.map(|user| (user.clone(), key.permission_set.clone())));
                }
            }
        }
        standing.retain(|(user, _)| self.users.get(user).is_some_and(|user| user.enabled));
        if !standing.is_empty() && rng.chance(0.5) {
            return Some(rng.pick(&standing).clone());
        }
        let people: Vec<_> = self.users.values().filter(|user| user.enabled).collect();
        if people.is_empty() || self.sets.is_empty() {
            return None;
        }
        Some((rng.pick(&people).id.clone(), rng.pick(&self.sets).arn.clone()))
    }
}
