//! How much of one access a person asks for in a day: `max_per_day` of the policy.
//!
//! A day is a calendar day in UTC. A request counts in full on the day in which it begins, and on each day that it reaches
//! into for what lies in that day: so no day ever has more access than the maximum. What was refused, taken back or never
//! live does not count; what ended early counts for as long as it lasted.

use super::refused::Refused;
use chrono::{NaiveDate, NaiveTime, TimeDelta};
use team_shared::duration::Seconds;
use team_shared::problem::Code;
use team_shared::state::RequestState;
use teamd_domain::Time;
use teamd_domain::directory::Directory;
use teamd_domain::request::{Request, Session, State};
use teamd_store::port::{Read, RequestFilter};

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
    let asked = Stay {
        from: request.terms.start_at.unwrap_or(now),
        seconds: request.terms.duration.get(),
    };
    let filter = RequestFilter {
        states: COUNTING.to_vec(),
        user: Some(request.key.user.clone()),
        account: Some(request.key.account.clone()),
        // What was over before the first day that is asked for has nothing in it: a person's whole past is not read.
        over_since: Some(asked.from - TimeDelta::days(1)),
        limit: i32::MAX as usize,
        ..RequestFilter::default()
    };
    let others = read.requests(&filter)?;
    let others: Vec<Stay> = others
        .iter()
        .filter(|other| other.id != request.id && other.key == request.key)
        .filter_map(|other| Stay::of(other, now))
        .collect();
    // The first day alone refuses whatever is longer than the maximum, so there are never many.
    let over = asked.days().find_map(|day| {
        let used = others.iter().map(|other| other.on(day)).sum::<i64>();
        (used + asked.on(day) > max.get()).then_some((day, used))
    });
    let Some((day, used)) = over else {
        return Ok(());
    };
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

/// From when on, and how long.
#[derive(Debug, Clone, Copy)]
struct Stay {
    from: Time,
    seconds: i64,
}

impl Stay {
    /// What a request has or will have; `None`: nothing that counts.
    fn of(request: &Request, now: Time) -> Option<Self> {
        let asked = request.terms.duration.get();
        let ended = |session: &Option<Session>, at: Time| {
            session.map(|session| Self {
                from: session.start_at,
                seconds: lasted(&session, at),
            })
        };
        match &request.state {
            State::Active { session } => Some(Self {
                from: session.start_at,
                seconds: asked,
            }),
            State::Ending { session, due_at, .. } => ended(session, *due_at),
            State::Ended(finish) | State::Revoked(finish) => ended(&finish.session, finish.at),
            State::Lost { session, at, .. } => ended(session, *at),
            State::Pending | State::Scheduled { .. } | State::Activating { .. } => Some(Self {
                from: request.terms.start_at.unwrap_or(now),
                seconds: asked,
            }),
            State::Failed(_)
            | State::Rejected { .. }
            | State::Cancelled { .. }
            | State::Expired { .. }
            | State::Withdrawn { .. } => None,
        }
    }

    fn until(&self) -> Time {
        self.from + TimeDelta::seconds(self.seconds)
    }

    /// The days that it touches.
    fn days(&self) -> impl Iterator<Item = NaiveDate> {
        let last = (self.until() - TimeDelta::milliseconds(1)).date_naive();
        self.from
            .date_naive()
            .iter_days()
            .take_while(move |day| *day <= last)
    }

    /// How many seconds of a day it takes.
    fn on(&self, day: NaiveDate) -> i64 {
        if self.from.date_naive() == day {
            return self.seconds;
        }
        let begins = day.and_time(NaiveTime::MIN).and_utc();
        let within = self.until().min(begins + TimeDelta::days(1)) - self.from.max(begins);
        within.num_seconds().max(0)
    }
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
    use team_shared::ids::RequestId;
    use team_shared::terms::Shape;
    use teamd_domain::request::{Finish, Key, Terms};

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
        Stay::of(request, noon()).map_or(0, |stay| stay.on(noon().date_naive()))
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
            1800,
            "what reaches into today"
        );
        let tonight = session("2026-11-23T23:30:00Z", "2026-11-24T00:30:00Z");
        let over_midnight = State::Active { session: tonight };
        assert_eq!(
            today(&request(None, over_midnight)),
            3600,
            "all of what begins today"
        );
    }

    #[test]
    fn what_reaches_into_the_next_day_leaves_less_of_it() {
        let store = teamd_store::Store::on_memory(&teamd_store::Memory::new());
        let hours = |hours: i64| Seconds::new(hours * 3600).unwrap();
        let asked = |number: u128, from: &str, long: i64| {
            let mut asked = request(Some(at(from)), State::Pending);
            (asked.id, asked.terms.duration) = (RequestId::from_parts(1, number), hours(long));
            asked
        };
        let night = asked(1, "2026-11-23T22:00:00Z", 4);
        let put = store.write_blocking(teamd_store::WriteLane::Normal, move |tx| {
            tx.insert_request(&night)
        });
        put.unwrap();
        let fits = |asked: Request| {
            let read =
                store.read_blocking(move |read| refuse_over(read, &asked, Some(hours(4)), None, noon()));
            read.map_err(|refused| refused.detail)
        };
        fits(asked(2, "2026-11-24T02:00:00Z", 2)).unwrap();
        let over = fits(asked(3, "2026-11-24T02:00:00Z", 3)).unwrap_err();
        assert!(over.contains("2h of 2026-11-24"), "{over}");
        // It would begin on a free day, and reach into one that is not.
        let over = fits(asked(4, "2026-11-22T23:00:00Z", 4)).unwrap_err();
        assert!(over.contains("4h of 2026-11-23"), "{over}");
        fits(asked(5, "2026-11-22T23:00:00Z", 1)).unwrap();
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
        let store = teamd_store::Store::on_memory(&teamd_store::Memory::new());
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
            let put = store.write_blocking(teamd_store::WriteLane::Normal, move |tx| {
                tx.insert_request(&filed)
            });
            put.unwrap();
        }
        granted
    }

    /// The seconds of a day in which there is access, however many sessions there are at once.
    fn access_on(day: NaiveDate, sessions: &[Session]) -> i64 {
        let begins = day.and_time(NaiveTime::MIN).and_utc();
        let mut parts: Vec<(Time, Time)> = sessions
            .iter()
            .map(|session| {
                let ends = begins + TimeDelta::days(1);
                (session.start_at.max(begins), session.end_at.min(ends))
            })
            .filter(|(from, to)| from < to)
            .collect();
        parts.sort();
        let mut covered = begins;
        let mut seconds = 0;
        for (from, to) in parts {
            seconds += (to - from.max(covered)).num_seconds().max(0);
            covered = covered.max(to);
        }
        seconds
    }

    proptest::proptest! {
        #[test]
        fn the_access_of_a_day_never_exceeds_its_maximum(
            asks in proptest::collection::vec((0u16..600, 5u16..240, proptest::option::of(0u8..40), 0u16..900), 1..25),
            hours in 1i64..6,
        ) {
            let max = Seconds::new(hours * 3600).unwrap();
            let sessions = sessions(&asks, max);
            let days = sessions.iter().flat_map(|it| [it.start_at.date_naive(), it.end_at.date_naive()]);
            for day in days {
                let seconds = access_on(day, &sessions);
                proptest::prop_assert!(seconds <= max.get(), "{day}: {seconds} of {max}");
            }
        }
    }
}
