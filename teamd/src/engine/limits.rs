//! How much one person may ask for in a minute. Refused submissions have a limit of their own, so that trying does not
//! use up what is left for asking.

use super::EngineSettings;
use super::refused::Refused;
use crate::domain::Time;
use chrono::TimeDelta;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use team_shared::ids::UserId;
use team_shared::problem::Code;

/// Submissions of the last minute, by person.
#[derive(Debug, Default)]
pub(super) struct Limits {
    seen: Mutex<HashMap<UserId, Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    accepted: VecDeque<Time>,
    refused: VecDeque<Time>,
}

impl Limits {
    /// Refuses where the minute is used up.
    pub(super) fn check_submit(
        &self,
        person: &UserId,
        now: Time,
        settings: &EngineSettings,
    ) -> Result<(), Refused> {
        self.with(person, now, |seen| {
            let over = |what: &str, limit: usize| {
                Err(Refused::new(
                    Code::LimitReached,
                    format!("{limit} {what} a minute is the limit"),
                )
                .help("wait a minute"))
            };
            if seen.accepted.len() >= settings.submits_per_minute {
                over("requests", settings.submits_per_minute)
            } else if seen.refused.len() >= settings.refusals_per_minute {
                over("refused requests", settings.refusals_per_minute)
            } else {
                Ok(())
            }
        })
    }

    /// One more was accepted.
    pub(super) fn count_submit(&self, person: &UserId, now: Time) {
        self.with(person, now, |seen| seen.accepted.push_back(now));
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
            !seen.accepted.is_empty() || !seen.refused.is_empty()
        });
        f(all.entry(person.clone()).or_default())
    }
}
