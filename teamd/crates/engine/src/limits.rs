//! How much one person may ask for in a minute. Refused submissions have a limit of their own, so that trying does not
//! use up what is left for asking.
//!
//! Every verb that writes an audit row or notifies people is counted here, but for those that take access away or stop
//! it: `revoke`, `done`, `cancel`, `reject` and `freeze` are never refused by a limit.

use super::refused::Refused;
use super::{Engine, EngineSettings};
use chrono::TimeDelta;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use team_shared::ids::UserId;
use team_shared::problem::Code;
use teamd_domain::Time;
use teamd_domain::identity::Caller;

/// Submissions of the last minute, by person.
#[derive(Debug, Default)]
pub(super) struct Limits {
    seen: Mutex<HashMap<UserId, Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    accepted: VecDeque<Time>,
    refused: VecDeque<Time>,
    acts: HashMap<Act, VecDeque<Time>>,
}

/// What writes audit rows or notifies people besides submissions. Verbs that take access away have no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Act {
    /// Claims, and taking them back.
    Claim,
    /// Votes that change the terms, and reviews.
    Decision,
    /// Policy documents, freezes lifted, channels tried, messages sent again.
    Administration,
}

impl Act {
    /// How many of them a minute, by how many submissions are allowed, and what they are called.
    fn limit(self, submissions: usize) -> (usize, &'static str) {
        match self {
            Self::Claim => (submissions * 3, "claims"),
            // A batch of a hundred is decided in one go.
            Self::Decision => (submissions * 30, "reviews and votes that change the terms"),
            Self::Administration => (submissions * 3, "changes of policy, freeze and notifications"),
        }
    }
}

/// A place among the accepted submissions of a minute, given back unless it is kept: many at once are no way around
/// the limit, and what is refused uses nothing of it.
#[derive(Debug)]
pub(super) struct Place<'a> {
    limits: &'a Limits,
    person: UserId,
    at: Time,
    is_kept: bool,
}

impl Place<'_> {
    /// The submission was accepted.
    pub(super) fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if !self.is_kept {
            self.limits.with(&self.person, self.at, |seen| {
                if let Some(place) = seen.accepted.iter().position(|at| *at == self.at) {
                    seen.accepted.remove(place);
                }
            });
        }
    }
}

impl Seen {
    fn refuse_over(&self, settings: &EngineSettings) -> Result<(), Refused> {
        if self.accepted.len() >= settings.submits_per_minute {
            Err(over("requests", settings.submits_per_minute))
        } else if self.refused.len() >= settings.refusals_per_minute {
            Err(over("refused requests", settings.refusals_per_minute))
        } else {
            Ok(())
        }
    }
}

fn over(what: &str, limit: usize) -> Refused {
    Refused::new(
        Code::LimitReached,
        format!("{limit} {what} a minute is the limit"),
    )
    .help("wait a minute")
}

impl Limits {
    /// Refuses where the minute is used up.
    pub(super) fn check_submit(
        &self,
        person: &UserId,
        now: Time,
        settings: &EngineSettings,
    ) -> Result<(), Refused> {
        self.with(person, now, |seen| seen.refuse_over(settings))
    }

    /// Takes a place in the minute, or refuses where it is used up.
    pub(super) fn take_submit(
        &self,
        person: &UserId,
        now: Time,
        settings: &EngineSettings,
    ) -> Result<Place<'_>, Refused> {
        self.with(person, now, |seen| {
            seen.refuse_over(settings)?;
            seen.accepted.push_back(now);
            Ok::<_, Refused>(())
        })?;
        Ok(Place {
            limits: self,
            person: person.clone(),
            at: now,
            is_kept: false,
        })
    }

    /// Counts an act of the person, or refuses it where the minute is used up.
    pub(super) fn take_act(
        &self,
        person: &UserId,
        act: Act,
        now: Time,
        submits_per_minute: usize,
    ) -> Result<(), Refused> {
        let (limit, what) = act.limit(submits_per_minute);
        self.with(person, now, |seen| {
            let acts = seen.acts.entry(act).or_default();
            if acts.len() >= limit {
                return Err(over(what, limit));
            }
            acts.push_back(now);
            Ok(())
        })
    }

    /// One more was refused.
    pub(super) fn count_refused(&self, person: &UserId, now: Time) {
        self.with(person, now, |seen| seen.refused.push_back(now));
    }

    fn with<T>(&self, person: &UserId, now: Time, f: impl FnOnce(&mut Seen) -> T) -> T {
        let mut all = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let minute_ago = now - TimeDelta::seconds(60);
        all.retain(|_, seen| {
            seen.accepted.retain(|at| *at > minute_ago);
            seen.refused.retain(|at| *at > minute_ago);
            seen.acts.retain(|_, acts| {
                acts.retain(|at| *at > minute_ago);
                !acts.is_empty()
            });
            !seen.accepted.is_empty() || !seen.refused.is_empty() || !seen.acts.is_empty()
        });
        f(all.entry(person.clone()).or_default())
    }
}

impl Engine {
    /// Counts an act of the caller, or refuses it where their minute is used up. The operator has no limit.
    ///
    /// # Errors
    /// Too many.
    pub(super) fn take_act(&self, caller: &Caller, act: Act) -> Result<(), Refused> {
        match caller.person() {
            Some(person) => {
                let submissions = self.settings().submits_per_minute;
                self.limits.take_act(person, act, self.clock.now(), submissions)
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_have_a_limit_of_their_own() {
        let limits = Limits::default();
        let (ann, bob): (UserId, UserId) = ("ann".parse().unwrap(), "bob".parse().unwrap());
        let now = chrono::DateTime::from_timestamp(1_795_000_000, 0).unwrap();
        let claim = |person, at| limits.take_act(person, Act::Claim, at, 10);
        for _ in 0..30 {
            claim(&ann, now).unwrap();
        }
        let refused = claim(&ann, now).unwrap_err();
        assert_eq!(refused.code, Code::LimitReached);
        assert!(
            refused.detail.contains("30 claims a minute"),
            "{}",
            refused.detail
        );
        // Others, other acts and submissions have their own; a minute later there is room again.
        claim(&bob, now).unwrap();
        limits.take_act(&ann, Act::Decision, now, 10).unwrap();
        claim(&ann, now + TimeDelta::seconds(60)).unwrap();
        assert_eq!(limits.seen.lock().unwrap().len(), 1, "idle people are forgotten");
    }
}
