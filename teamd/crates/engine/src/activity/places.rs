//! Where a request's events are looked for, and from when on. CloudTrail delivers late and out of order: each look goes
//! back a little, now and then one goes back further, and the last one reads the whole window again.

use super::Engine;
use chrono::TimeDelta;
use std::collections::BTreeSet;
use std::fmt;
use team_shared::ids::AccountId;
use teamd_aws::port::{CalledBy, Look as Question};
use teamd_domain::Time;
use teamd_domain::activity::{SKEW, Watched};
use teamd_store::activity::Look;

/// How far back each look goes again.
pub(super) const OVERLAP: TimeDelta = TimeDelta::minutes(15);

/// How often a look goes back by [`DEEP`].
pub(super) const DEEP_EVERY: TimeDelta = TimeDelta::minutes(15);

/// How far back that is.
pub(super) const DEEP: TimeDelta = TimeDelta::hours(3);

/// An account, and a region where regions are asked one by one.
pub(super) type Where = (AccountId, Option<String>);

/// One question that is asked again and again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    pub(super) at: Where,
    pub(super) called_by: CalledBy,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.at.0)?;
        if let Some(region) = &self.at.1 {
            write!(f, " {region}")?;
        }
        match &self.called_by {
            CalledBy::Name(_) => Ok(()),
            CalledBy::Key(key) => write!(f, " key {key}"),
            CalledBy::SignIns(kind) => write!(f, " {kind}"),
        }
    }
}

impl Engine {
    /// The places of a session: its account, by the person's name and by the keys of roles it went on to; and the account
    /// that records sign-ins, where that is no question of its own.
    pub(super) fn places_of(&self, watched: &Watched, keys: &[String]) -> BTreeSet<Place> {
        let mut places = BTreeSet::new();
        let Some(ports) = &self.activity_ports else {
            return places;
        };
        let settings = self.settings();
        let is_regional = ports.source.is_regional();
        let name = CalledBy::Name(watched.user_name.clone());
        if let Some(owner) = self.account_of_sign_ins().filter(|_| !is_regional) {
            places.insert(Place {
                at: (owner, None),
                called_by: name.clone(),
            });
        }
        if self.sees(&watched.account) {
            let mut by = vec![name];
            by.extend(keys.iter().cloned().map(CalledBy::Key));
            for called_by in by {
                if is_regional {
                    places.extend(settings.activity_regions.iter().map(|region| Place {
                        at: (watched.account.clone(), Some(region.clone())),
                        called_by: called_by.clone(),
                    }));
                } else {
                    let at = (watched.account.clone(), None);
                    places.insert(Place { at, called_by });
                }
            }
        }
        places
    }

    /// The account that records sign-ins: the management account, and our own where no other can be asked.
    pub(super) fn account_of_sign_ins(&self) -> Option<AccountId> {
        let is_regional = self
            .activity_ports
            .as_ref()
            .is_some_and(|ports| ports.source.is_regional());
        let management = self
            .directory()
            .and_then(|directory| directory.management_account.clone())
            .filter(|account| !is_regional || self.sees(account));
        management.or_else(|| self.own_account())
    }

    /// Whether the source can tell of an account at all.
    pub(super) fn sees(&self, account: &AccountId) -> bool {
        let is_regional = self
            .activity_ports
            .as_ref()
            .is_some_and(|ports| ports.source.is_regional());
        !is_regional || self.settings().activity_role || self.own_account().as_ref() == Some(account)
    }
}

/// What to ask of a place now; whether it goes further back than usual.
pub(super) fn question(
    place: &Place,
    watched: &Watched,
    known: Option<&Look>,
    now: Time,
    is_final: bool,
) -> (Question, bool) {
    let (from, until) = (watched.from - SKEW, now.min(watched.until + SKEW));
    let read_at = known.and_then(|look| look.read_at).filter(|_| !is_final);
    let is_deep = known
        .and_then(|look| look.deep_at)
        .is_none_or(|deep_at| now - deep_at >= DEEP_EVERY);
    let back = if is_deep { DEEP } else { OVERLAP };
    let since = read_at.map_or(from, |at| from.max(at.min(until) - back));
    let question = Question {
        account: place.at.0.clone(),
        region: place.at.1.clone(),
        called_by: place.called_by.clone(),
        user: match place.called_by {
            CalledBy::Name(_) => Some(watched.user.clone()),
            CalledBy::Key(_) | CalledBy::SignIns(_) => None,
        },
        since,
        until,
    };
    (question, is_deep)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Time {
        Time::UNIX_EPOCH + TimeDelta::days(9000) + TimeDelta::minutes(minutes)
    }

    #[test]
    fn each_look_goes_back_a_little_some_go_back_more_and_the_last_reads_all() {
        let account: AccountId = "111122223333".parse().unwrap();
        let place = Place {
            at: (account.clone(), None),
            called_by: CalledBy::Name("bob".to_owned()),
        };
        let watched = Watched {
            request: team_shared::ids::RequestId::from_parts(1, 1),
            user: "976710cc5d-9d976f61".parse().unwrap(),
            user_name: "bob".to_owned(),
            case_matters: false,
            account,
            permission_set: "Admin".to_owned(),
            from: at(0),
            until: at(600),
            keys: Vec::new(),
        };
        let since = |read: i64, deep: i64, now: i64, is_final: bool| {
            let look = Look {
                read_at: Some(at(read)),
                deep_at: Some(at(deep)),
                ..Look::default()
            };
            let (question, is_deep) = question(&place, &watched, Some(&look), at(now), is_final);
            ((question.since - at(0)).num_minutes(), is_deep)
        };
        assert_eq!(
            question(&place, &watched, None, at(5), false).0.since,
            at(0) - SKEW
        );
        assert_eq!(since(300, 295, 301, false), (285, false));
        assert_eq!(since(300, 280, 301, false), (120, true));
        assert_eq!(since(300, 295, 640, true), (0, true));
        // Long after the end it does not read on and on behind it.
        assert_eq!(since(700, 699, 701, false), (585, false));
    }
}
