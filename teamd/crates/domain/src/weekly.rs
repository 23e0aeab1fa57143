//! The digest of a week: when it is due, and what it counts. It names nobody, so that whoever gets it learns nothing of
//! requests that they may not see.

use super::Time;
use super::event::{Datum, EventDraft};
use chrono::{Datelike as _, Days, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc, Weekday};
use team_shared::event::EventType;

/// A digest that could not be told for so long is not told any more: what it counted is in the next one.
const LATE: TimeDelta = TimeDelta::days(1);

/// And none looks further back.
const LONGEST: TimeDelta = TimeDelta::days(31);

/// When it is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// Day of the week.
    pub day: Weekday,
    /// Time of the day, in the zone of the configuration.
    pub time: NaiveTime,
}

/// A digest to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// What happened from here on.
    pub since: Time,
    /// Until here: the moment at which it was due.
    pub until: Time,
}

impl Schedule {
    /// The last moment at or before `now` at which it was due.
    #[must_use]
    pub fn last(&self, zone: &impl TimeZone, now: Time) -> Time {
        let mut all = self.around(zone, now).into_iter();
        all.rfind(|at| *at <= now).unwrap_or(now - TimeDelta::days(7))
    }

    /// The next moment after `now` at which it is due.
    #[must_use]
    pub fn next(&self, zone: &impl TimeZone, now: Time) -> Time {
        let mut all = self.around(zone, now).into_iter();
        all.find(|at| *at > now).unwrap_or(now + TimeDelta::days(7))
    }

    /// What is to be told now, where `told` is the moment up to which everything has been.
    #[must_use]
    pub fn due(&self, zone: &impl TimeZone, told: Time, now: Time) -> Option<Due> {
        let until = self.last(zone, now);
        (until > told && now - until <= LATE).then(|| Due {
            since: told.max(until - LONGEST),
            until,
        })
    }

    /// The moments of the weeks before and after, in their order.
    fn around(&self, zone: &impl TimeZone, now: Time) -> Vec<Time> {
        let first = now.with_timezone(zone).date_naive() - Days::new(9);
        let dates = (0..=18).filter_map(|days| first.checked_add_days(Days::new(days)));
        let mine = dates.filter(|date| date.weekday() == self.day);
        mine.map(|date| moment(zone, date.and_time(self.time))).collect()
    }
}

/// The moment of a clock on the wall. One that is skipped when clocks are put forward is the first one after; of two when
/// they are put back it is the earlier.
fn moment(zone: &impl TimeZone, wall: NaiveDateTime) -> Time {
    let tries = (0..=48).map(|halves| wall + TimeDelta::minutes(30 * halves));
    let found = tries
        .into_iter()
        .find_map(|wall| zone.from_local_datetime(&wall).earliest());
    found.map_or_else(|| wall.and_utc(), |at| at.with_timezone(&Utc))
}

/// What an event says of itself, as far as it counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct About {
    /// Filed as break-glass.
    pub break_glass: bool,
    /// Approved by a rule that needs nobody.
    pub automatic: bool,
    /// A difference that is not there any more.
    pub gone: bool,
    /// How long the access is granted for.
    pub seconds: i64,
}

/// What happened, in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests filed.
    pub submitted: i64,
    /// Of these by break-glass.
    pub break_glass: i64,
    /// Approved by people.
    pub approved: i64,
    /// Approved by a rule that needs nobody.
    pub automatic: i64,
    /// Rejected.
    pub rejected: i64,
    /// Decided by nobody in time.
    pub expired: i64,
    /// Taken back by their requesters, or without a basis any more.
    pub withdrawn: i64,
    /// Access that began, extensions included.
    pub sessions: i64,
    /// How long that was granted for, all together.
    pub granted_seconds: i64,
    /// Taken back early.
    pub revoked: i64,
    /// Of the access that ended, what nobody used; none: nobody can know.
    pub unused: Option<i64>,
    /// Not granted, because AWS would not.
    pub failed: i64,
    /// Alarms about removals that do not succeed.
    pub stuck: i64,
    /// There again after it was taken back.
    pub reappeared: i64,
    /// Differences between AWS and the book that were found.
    pub drift: i64,
    /// Requests that wait for a decision now.
    pub pending: i64,
    /// Access that is over and that nobody has looked at yet, now.
    pub unreviewed: i64,
    /// Differences that are there now.
    pub differing: i64,
}

impl Tally {
    /// Counts an event, with what it says of itself.
    pub fn count(&mut self, kind: EventType, about: &About) {
        let field = match kind {
            EventType::RequestSubmitted => {
                self.break_glass += i64::from(about.break_glass);
                &mut self.submitted
            }
            EventType::RequestApproved if about.automatic => &mut self.automatic,
            EventType::RequestApproved => &mut self.approved,
            EventType::RequestRejected => &mut self.rejected,
            EventType::RequestExpired => &mut self.expired,
            EventType::RequestCancelled | EventType::RequestWithdrawn => &mut self.withdrawn,
            EventType::RequestActive => {
                self.granted_seconds += about.seconds.max(0);
                &mut self.sessions
            }
            EventType::RequestRevoked => &mut self.revoked,
            EventType::RequestFailed => &mut self.failed,
            EventType::GrantStuck => &mut self.stuck,
            EventType::GrantReappeared => &mut self.reappeared,
            EventType::GrantDrift if !about.gone => &mut self.drift,
            _ => return,
        };
        *field += 1;
    }

    /// The event that tells of it.
    #[must_use]
    pub fn event(&self, due: &Due) -> EventDraft {
        let numbers = [
            ("submitted", self.submitted),
            ("break_glass", self.break_glass),
            ("approved", self.approved),
            ("automatic", self.automatic),
            ("rejected", self.rejected),
            ("expired", self.expired),
            ("withdrawn", self.withdrawn),
            ("sessions", self.sessions),
            ("granted_seconds", self.granted_seconds),
            ("revoked", self.revoked),
            ("failed", self.failed),
            ("stuck", self.stuck),
            ("reappeared", self.reappeared),
            ("drift", self.drift),
            ("pending", self.pending),
            ("unreviewed", self.unreviewed),
            ("differing", self.differing),
        ];
        let mut event = EventDraft::new(EventType::DigestWeekly)
            .with("since", Datum::Moment(due.since))
            .with("until", Datum::Moment(due.until));
        for (name, number) in numbers {
            event = event.with(name, Datum::Number(number));
        }
        match self.unused {
            Some(unused) => event.with("unused", Datum::Number(unused)),
            None => event,
        }
    }
}

#[cfg(test)]
mod tests;
