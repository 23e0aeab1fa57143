//! From what the store says to the entries of the file.

use super::LeaseEntry;
use chrono::TimeDelta;
use std::collections::BTreeMap;
use teamd_domain::Time;
use teamd_domain::grant::{Grant, State as GrantState, ZOMBIE_WINDOW};
use teamd_domain::request::{ACTIVATION_DEADLINE, Key, Request, State};

/// An entry for each key that is ours, by key: of grants that are there, on their way there or away, or may yet surface,
/// and of requests that hold one or are being ended. The same state gives the same entries, whenever it is asked.
#[must_use]
pub fn collect(grants: &[Grant], requests: &[Request], now: Time) -> Vec<LeaseEntry> {
    let mut entries: BTreeMap<Key, LeaseEntry> = BTreeMap::new();
    for grant in grants {
        let (end, may_surface_until) = match (&grant.state, grant.ambiguous_create_at) {
            (GrantState::Foreign { .. }, _) | (GrantState::Absent { .. }, None) => continue,
            (GrantState::Absent { .. }, Some(at)) if now - at >= ZOMBIE_WINDOW => continue,
            (GrantState::Absent { .. }, Some(at)) => (at, Some(at + ZOMBIE_WINDOW)),
            // Nobody holds it any more, or the requests below say until when: it was ours when it was last touched.
            (
                GrantState::Creating(_) | GrantState::Present | GrantState::Deleting(_) | GrantState::Unknown,
                _,
            ) => (
                grant
                    .owned_at
                    .or(grant.ambiguous_create_at)
                    .unwrap_or(Time::UNIX_EPOCH),
                None,
            ),
        };
        let entry = entry(&mut entries, &grant.key);
        entry.last_end = end;
        entry.may_surface_until = may_surface_until;
    }
    for request in requests {
        let Some(end) = latest_end(request) else { continue };
        let is_new = !entries.contains_key(&request.key);
        let entry = entry(&mut entries, &request.key);
        // The end of a request goes before the guess of a grant without one; the latest of several counts.
        if is_new || entry.requests.is_empty() {
            entry.last_end = end;
        } else {
            entry.last_end = entry.last_end.max(end);
        }
        entry.may_surface_until = None;
        entry.requests.push(request.id);
    }
    let mut entries: Vec<LeaseEntry> = entries.into_values().collect();
    entries
        .iter_mut()
        .for_each(|entry| entry.requests.sort_unstable());
    entries
}

fn entry<'a>(entries: &'a mut BTreeMap<Key, LeaseEntry>, key: &Key) -> &'a mut LeaseEntry {
    entries.entry(key.clone()).or_insert_with(|| LeaseEntry {
        user_id: key.user.clone(),
        account_id: key.account.clone(),
        permission_set_arn: key.permission_set.clone(),
        owned: true,
        last_end: Time::UNIX_EPOCH,
        may_surface_until: None,
        requests: Vec::new(),
    })
}

/// Until when a request can hold its grant, at the latest; none: it holds none.
fn latest_end(request: &Request) -> Option<Time> {
    match &request.state {
        // The clock of a floating request starts within the time that a create is given.
        State::Activating { since, .. } => Some(request.terms.end_at.unwrap_or_else(|| {
            *since + ACTIVATION_DEADLINE + TimeDelta::seconds(request.terms.duration.get())
        })),
        State::Active { session } => Some(session.end_at),
        State::Ending { due_at, .. } => Some(*due_at),
        State::Scheduled { .. } if request.holds_lease() => request.terms.end_at,
        State::Pending
        | State::Scheduled { .. }
        | State::Ended(_)
        | State::Revoked(_)
        | State::Failed(_)
        | State::Rejected { .. }
        | State::Cancelled { .. }
        | State::Expired { .. }
        | State::Withdrawn { .. }
        | State::Lost { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use team_shared::duration::Seconds;
    use team_shared::ids::RequestId;
    use team_shared::terms::Shape;
    use teamd_domain::grant::Phase;
    use teamd_domain::request::{Basis, Outcome, Session, Terms};

    fn at(seconds: i64) -> Time {
        Time::from_timestamp(1_795_000_000 + seconds, 0).unwrap()
    }

    fn key(person: &str) -> Key {
        Key {
            user: person.parse().unwrap(),
            account: "111122223333".parse().unwrap(),
            permission_set: "arn:aws:sso:::permissionSet/ssoins-1/ps-1".parse().unwrap(),
        }
    }

    fn request(number: u64, person: &str, state: State) -> Request {
        Request {
            id: RequestId::from_parts(1_795_000_000_000 + number, 1),
            version: 1,
            key: key(person),
            terms: Terms {
                revision: 1,
                shape: Shape::Floating,
                start_at: None,
                end_at: None,
                duration: Seconds::new(3600).unwrap(),
                justification: "why".to_owned(),
                ticket: None,
                break_glass: false,
            },
            extends: None,
            batch_id: None,
            created_at: at(0),
            expires_at: at(3600),
            basis: Basis::default(),
            also_held_through: Vec::new(),
            votes: Vec::new(),
            state,
        }
    }

    fn active(end: i64) -> State {
        State::Active {
            session: Session {
                start_at: at(0),
                end_at: at(end),
            },
        }
    }

    fn grant(person: &str, state: GrantState) -> Grant {
        Grant {
            state,
            owned_at: Some(at(5)),
            ..Grant::new(key(person))
        }
    }

    #[test]
    fn one_entry_a_key_with_its_latest_end() {
        let grants = [
            grant("anna", GrantState::Present),
            grant("bert", GrantState::Present),
        ];
        let requests = [
            request(2, "anna", active(700)),
            request(1, "anna", active(900)),
            request(3, "bert", active(3)),
        ];
        let found = collect(&grants, &requests, at(10));
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].last_end, at(900));
        assert_eq!(found[0].requests, [requests[1].id, requests[0].id]);
        assert!(found.iter().all(|entry| entry.owned));
        // What its requests say goes before what the grant remembers.
        assert_eq!(found[1].last_end, at(3));
    }

    #[test]
    fn a_create_under_way_counts_with_all_the_time_that_it_may_take() {
        let activating = State::Activating {
            since: at(0),
            first_attempt_at: None,
        };
        let mut fixed = request(1, "anna", activating.clone());
        fixed.terms.end_at = Some(at(50));
        let requests = [fixed, request(2, "bert", activating)];
        let found = collect(&[], &requests, at(10));
        assert_eq!(found[0].last_end, at(50));
        assert_eq!(found[1].last_end, at(900 + 3600));
    }

    #[test]
    fn what_is_being_taken_away_is_due_since_its_end() {
        let ending = State::Ending {
            since: at(20),
            due_at: at(20),
            reason: "done".to_owned(),
            outcome: Outcome::Ended,
            session: None,
            given_up: None,
        };
        let deleting = GrantState::Deleting(Phase::Intent);
        let found = collect(&[grant("anna", deleting)], &[request(1, "anna", ending)], at(30));
        assert_eq!(found[0].last_end, at(20));
        // Nobody holds it at all: due since it was last known as ours.
        let found = collect(&[grant("anna", GrantState::Unknown)], &[], at(30));
        assert_eq!((found[0].last_end, found[0].requests.len()), (at(5), 0));
    }

    #[test]
    fn standing_access_and_what_is_gone_are_not_ours() {
        let absent = GrantState::Absent { listed_at: None };
        let mut lost = grant("carl", absent.clone());
        lost.ambiguous_create_at = Some(at(0));
        let grants = [
            grant("anna", GrantState::Foreign { listed_at: at(0) }),
            grant("bert", absent),
            lost,
        ];
        let requests = [
            request(1, "anna", State::Pending),
            request(2, "bert", State::Cancelled { at: at(1) }),
        ];
        let day = ZOMBIE_WINDOW.num_seconds();
        let found = collect(&grants, &requests, at(day - 1));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].user_id.as_str(), "carl");
        assert_eq!(found[0].may_surface_until, Some(at(day)));
        assert_eq!(collect(&grants, &requests, at(day)), []);
    }
}
