//! How much of one access a person asks for in a day: `max_per_day` of the policy.
//!
//! A day is a calendar day in UTC, and a request belongs to the day in which it begins. What was refused, taken back or
//! never live does not count; what ended early counts for as long as it lasted.

use super::refused::Refused;
use crate::domain::Time;
use crate::domain::directory::Directory;
use crate::domain::request::{Request, Session, State};
use crate::store::port::{Read, RequestFilter};
use chrono::NaiveDate;
use team_shared::duration::Seconds;
use team_shared::problem::Code;
use team_shared::state::RequestState;

/// States of requests that may count.
const COUNTING: &[RequestState] = &[
    RequestState::Pending,
    RequestState::Scheduled,
    RequestState::Activating,
    RequestState::Active,
    RequestState::Ending,
    RequestState::Ended,
    RequestState::Revoked,
    RequestState::Lost,
];

/// Refuses a request with which the person's day on its target would be over what policy allows.
pub(super) fn refuse_over<R: Read + ?Sized>(
    read: &mut R,
    request: &Request,
    max: Option<Seconds>,
    directory: Option<&Directory>,
    now: Time,
) -> Result<(), Refused> {
    let Some(max) = max else {
        return Ok(());
    };
    let filter = RequestFilter {
        states: COUNTING.to_vec(),
        user: Some(request.key.user.clone()),
        account: Some(request.key.account.clone()),
        limit: i32::MAX as usize,
        ..RequestFilter::default()
    };
    let day = request.terms.start_at.unwrap_or(now).date_naive();
    let used: i64 = read
        .requests(&filter)?
        .iter()
        .filter(|other| other.id != request.id && other.key == request.key)
        .map(|other| on(other, day, now))
        .sum();
    if used + request.terms.duration.get() <= max.get() {
        return Ok(());
    }
    let what = directory.map_or_else(
        || "this access".to_owned(),
        |directory| {
            let set = directory.permission_sets.get(&request.key.permission_set);
            let account = directory.accounts.get(&request.key.account);
            match (set, account) {
                (Some(set), Some(account)) => format!("{} in {}", set.name, account.name),
                _ => "this access".to_owned(),
            }
        },
    );
    let taken = Seconds::new(used).map_or_else(|_| "none".to_owned(), |used| used.to_string());
    let refused = Refused::new(
        Code::OverDailyMax,
        format!("policy allows {max} of {what} a day, and {taken} of {day} (UTC) is taken"),
    );
    Err(match Seconds::new(max.get() - used) {
        Ok(left) => refused.help(format!("ask for {left} or less, or for another day")),
        Err(_) => refused
            .help("ask for another day; what is no longer needed can be given back with `done` or `cancel`"),
    })
}

/// How many seconds of that day a request takes.
fn on(request: &Request, day: NaiveDate, now: Time) -> i64 {
    let asked = request.terms.duration.get();
    let (begins, seconds) = match &request.state {
        State::Active { session } => (session.start_at, asked),
        State::Ending { session, due_at, .. } => match session {
            Some(session) => (session.start_at, lasted(session, *due_at)),
            None => return 0,
        },
        State::Ended(finish) | State::Revoked(finish) => match &finish.session {
            Some(session) => (session.start_at, lasted(session, finish.at)),
            None => return 0,
        },
        State::Lost { session, at, .. } => match session {
            Some(session) => (session.start_at, lasted(session, *at)),
            None => return 0,
        },
        State::Pending | State::Scheduled { .. } | State::Activating { .. } => {
            (request.terms.start_at.unwrap_or(now), asked)
        }
        State::Failed(_)
        | State::Rejected { .. }
        | State::Cancelled { .. }
        | State::Expired { .. }
        | State::Withdrawn { .. } => return 0,
    };
    if begins.date_naive() == day { seconds } else { 0 }
}

/// How long a session lasted, up to the end that it was given.
fn lasted(session: &Session, ended: Time) -> i64 {
    (ended.min(session.end_at) - session.start_at)
        .num_seconds()
        .max(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::request::{Finish, Key, Terms};
    use team_shared::ids::RequestId;
    use team_shared::terms::Shape;

    fn at(text: &str) -> Time {
        text.parse().unwrap()
    }

    fn noon() -> Time {
        at("2026-11-23T12:00:00Z")
    }

    /// A request for an hour, from this moment or as soon as it is approved.
    fn request(start_at: Option<Time>, state: State) -> Request {
        Request {
            id: RequestId::from_parts(1, 1),
            version: 1,
            key: Key {
                user: "u-alice".parse().unwrap(),
                account: "111122223333".parse().unwrap(),
                permission_set: "arn:ps".parse().unwrap(),
            },
            terms: Terms {
                revision: 1,
                shape: Shape::Floating,
                start_at,
                end_at: None,
                duration: Seconds::new(3600).unwrap(),
                justification: "because it is asked".to_owned(),
                ticket: None,
                break_glass: false,
            },
            extends: None,
            batch_id: None,
            created_at: noon(),
            expires_at: noon(),
            basis: Default::default(),
            also_held_through: Vec::new(),
            votes: Vec::new(),
            state,
        }
    }

    fn today(request: &Request) -> i64 {
        on(request, noon().date_naive(), noon())
    }

    fn session(from: &str, to: &str) -> Session {
        Session {
            start_at: at(from),
            end_at: at(to),
        }
    }

    fn finish(session: Option<Session>, ended: &str) -> Finish {
        Finish {
            at: at(ended),
            reason: "done".to_owned(),
            session,
            late_by_seconds: 0,
            residual_until: None,
            still_held_by: None,
        }
    }

    #[test]
    fn what_waits_counts_on_the_day_of_its_start() {
        assert_eq!(today(&request(None, State::Pending)), 3600);
        assert_eq!(
            today(&request(Some(at("2026-11-23T23:59:59Z")), State::Pending)),
            3600
        );
        assert_eq!(
            today(&request(Some(at("2026-11-24T00:00:00Z")), State::Pending)),
            0
        );
    }

    #[test]
    fn what_was_live_counts_as_long_as_it_lasted() {
        let morning = session("2026-11-23T08:00:00Z", "2026-11-23T09:00:00Z");
        let live = State::Active { session: morning };
        assert_eq!(today(&request(None, live)), 3600);
        let early = State::Ended(finish(Some(morning), "2026-11-23T08:10:00Z"));
        assert_eq!(today(&request(None, early)), 600);
        let late = State::Revoked(finish(Some(morning), "2026-11-23T11:00:00Z"));
        assert_eq!(
            today(&request(None, late)),
            3600,
            "a slow removal is not the person's"
        );
        let yesterday = session("2026-11-22T23:30:00Z", "2026-11-23T00:30:00Z");
        let over_midnight = State::Active { session: yesterday };
        assert_eq!(
            today(&request(None, over_midnight)),
            0,
            "it belongs to the day in which it began"
        );
    }

    #[test]
    fn what_never_was_live_does_not_count() {
        for state in [
            State::Cancelled { at: noon() },
            State::Expired { at: noon() },
            State::Failed(finish(None, "2026-11-23T09:00:00Z")),
            State::Ended(finish(None, "2026-11-23T09:00:00Z")),
            State::Withdrawn {
                at: noon(),
                reason: "gone".to_owned(),
            },
        ] {
            assert_eq!(today(&request(None, state)), 0);
        }
    }

    /// What somebody does: how many minutes later, how long, how many hours ahead (none: as soon as it is approved), and
    /// how many minutes the approver lets them wait.
    type Ask = (u16, u16, Option<u8>, u16);

    /// The sessions that come of it, each begun at its approval or at its start.
    fn sessions(asks: &[Ask], max: Seconds) -> Vec<Session> {
        let store = crate::store::Store::on_memory(&crate::store::Memory::new());
        let mut now = noon();
        let mut granted = Vec::new();
        for (number, (later, minutes, ahead, wait)) in asks.iter().enumerate() {
            now += chrono::TimeDelta::minutes(i64::from(*later));
            let start_at = ahead.map(|hours| now + chrono::TimeDelta::hours(i64::from(hours) + 1));
            let mut filed = request(start_at, State::Pending);
            filed.id = RequestId::from_parts(1, u128::try_from(number).unwrap() + 1);
            filed.terms.duration = Seconds::new(i64::from(*minutes) * 60).unwrap();
            filed.created_at = now;
            let fits = |request: &Request, now| {
                let asked = request.clone();
                let answer = store.read_blocking(move |read| refuse_over(read, &asked, Some(max), None, now));
                answer.is_ok()
            };
            if !fits(&filed, now) {
                continue;
            }
            // It is decided later, and looked at once more.
            now += chrono::TimeDelta::minutes(i64::from(*wait));
            if !fits(&filed, now) {
                continue;
            }
            // A window stays where it is, however late it is approved.
            let from = start_at.unwrap_or(now);
            let session = Session {
                start_at: from,
                end_at: from + chrono::TimeDelta::seconds(filed.terms.duration.get()),
            };
            filed.state = State::Active { session };
            granted.push(session);
            let put = store.write_blocking(crate::store::WriteLane::Normal, move |tx| {
                tx.insert_request(&filed)
            });
            put.unwrap();
        }
        granted
    }

    proptest::proptest! {
        #[test]
        fn what_begins_in_a_day_never_exceeds_its_maximum(
            asks in proptest::collection::vec((0u16..600, 5u16..240, proptest::option::of(0u8..40), 0u16..900), 1..25),
            hours in 1i64..6,
        ) {
            let max = Seconds::new(hours * 3600).unwrap();
            let mut days: std::collections::BTreeMap<NaiveDate, i64> = Default::default();
            for session in sessions(&asks, max) {
                let lasted = (session.end_at - session.start_at).num_seconds();
                *days.entry(session.start_at.date_naive()).or_default() += lasted;
            }
            for (day, seconds) in days {
                proptest::prop_assert!(seconds <= max.get(), "{day}: {seconds} of {max}");
            }
        }
    }
}
