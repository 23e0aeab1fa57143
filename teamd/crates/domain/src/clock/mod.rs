//! The clock rule: which time it is, when no clock can be believed alone.
//!
//! There are three. The **wall** clock can be set by anybody with the right, and by NTP. The **boot** clock counts on
//! while the machine is suspended and cannot be set, but begins anew with the machine. **AWS** puts a `Date` on every
//! answer.
//!
//! * [`Seen::now`] never runs backwards, not over a restart either: it follows the wall clock up, and the boot clock
//!   where the wall clock falls behind. A wall clock that jumps ahead is not followed until AWS vouches for it.
//! * [`Seen::due`] is what ends are judged by, never before `now`. While the clocks disagree it is the later of `now` and
//!   AWS's time; where AWS cannot be asked, the wall clock's.
//! * Two that differ by more than [`LIMIT`] are a [`Suspicion`]: nothing is granted, and everything is taken back in time
//!   all the same.
//!
//! Everything is kept as an offset to the boot clock in microseconds, which is steady while nothing happens.

mod doubt;
mod mark;
#[cfg(test)]
mod tests;

pub use doubt::{Doubt, Suspicion};
pub use mark::Mark;

use super::Time;
use chrono::{DateTime, SubsecRound, TimeDelta};

/// Clocks that differ by more are not believed.
pub const LIMIT: TimeDelta = TimeDelta::seconds(30);

/// A wall clock that moves against the boot clock by more, between two looks, has been set: worth a line.
pub const STEP: TimeDelta = TimeDelta::seconds(2);

/// For so long wall clock, kept time and AWS must agree before they are believed again.
pub const AGREEMENT: TimeDelta = TimeDelta::seconds(60);

/// So long after a step AWS is waited for to say which clock is right.
pub const GRACE: TimeDelta = TimeDelta::seconds(30);

/// A machine that was off for longer may as well have a wrong clock: AWS must vouch for it.
pub const LONGEST_OUTAGE: TimeDelta = TimeDelta::days(7);

/// An answer that took longer says too little about the time.
const SLOWEST_ANSWER: TimeDelta = TimeDelta::seconds(10);

/// Two clocks of the machine, read at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The wall clock.
    pub wall: Time,
    /// Since the machine started, time in suspension included.
    pub boot: TimeDelta,
}

/// The rule's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The time, to the millisecond, which is what the store keeps.
    pub now: Time,
    /// The time that ends are judged by; never before `now`.
    pub due: Time,
}

/// What somebody should hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// The wall clock was set by so much, against the boot clock.
    Stepped(TimeDelta),
    /// The clocks disagree.
    Suspect(Suspicion),
    /// They agree again, and have for [`AGREEMENT`].
    Clear,
}

/// AWS's time, as an offset.
#[derive(Debug, Clone, Copy)]
struct Heard {
    offset: i64,
    at: i64,
}

/// The rule with what it has seen.
#[derive(Debug, Clone)]
pub struct ClockRule {
    boot: i64,
    boot_id: Option<String>,
    wall: i64,
    /// Up to where the wall clock was believed last. It may run ahead of this by [`LIMIT`].
    vouched: i64,
    /// The offset of `now`: only ever goes up, but for [`ClockRule::accept`].
    kept: i64,
    /// Heard after the last step: what was asked before says nothing about it.
    aws: Option<Heard>,
    /// The last that was heard, whatever has happened since.
    last_aws: Option<i64>,
    stepped_at: i64,
    agreed_since: Option<i64>,
    suspicion: Option<Suspicion>,
    steps: u64,
    news: Vec<News>,
}

impl ClockRule {
    /// Begins at a start of the daemon, with what a run before has left: the mark, and when the newest row of the trail
    /// was written, which may be later. `boot_id` names this run of the machine, where that is known.
    #[must_use]
    pub fn start(
        reading: Reading,
        boot_id: Option<String>,
        mark: Option<&Mark>,
        newest: Option<Time>,
    ) -> Self {
        let boot = micros(reading.boot);
        let wall = offset(reading.wall, boot);
        let same_boot = mark
            .is_some_and(|mark| boot_id.is_some() && mark.boot_id == boot_id && micros(mark.boot) <= boot);
        let marked = mark.map(|mark| offset(mark.at, if same_boot { micros(mark.boot) } else { boot }));
        let known = marked.max(newest.map(|at| offset(at, boot)));
        let kept = known.unwrap_or(wall);
        // Over a restart of the machine nobody knows how long it was off: the wall clock is taken at its word, up to a
        // point. Within one run of the machine the boot clock knows.
        let believed = !same_boot && wall.saturating_sub(kept) <= micros(LONGEST_OUTAGE);
        let mut rule = Self {
            boot,
            boot_id,
            wall,
            vouched: if believed { wall } else { kept },
            kept,
            aws: None,
            last_aws: None,
            stepped_at: boot,
            agreed_since: None,
            suspicion: None,
            steps: 0,
            news: Vec::new(),
        };
        rule.judge();
        rule
    }

    /// Looks at the clocks. To be called whenever the time is wanted, and every few seconds.
    pub fn observe(&mut self, reading: Reading) -> Seen {
        self.boot = self.boot.max(micros(reading.boot));
        let wall = offset(reading.wall, self.boot);
        let step = wall.saturating_sub(self.wall);
        self.wall = wall;
        if step.saturating_abs() > micros(STEP) {
            self.steps += 1;
            self.stepped_at = self.boot;
            self.aws = None;
            self.agreed_since = None;
            self.news.push(News::Stepped(TimeDelta::microseconds(step)));
        }
        self.judge();
        self.seen()
    }

    /// Hears the `Date` of an answer of AWS that was asked for at `sent` (of the boot clock), and is there now.
    pub fn hear(&mut self, date: Time, sent: TimeDelta, reading: Reading) -> Seen {
        self.observe(reading);
        let sent = micros(sent);
        let is_quick = self.boot.saturating_sub(sent) <= micros(SLOWEST_ANSWER);
        if is_quick {
            let heard = Heard {
                offset: offset(date, self.boot),
                at: self.boot,
            };
            self.last_aws = Some(heard.offset);
            if sent >= self.stepped_at {
                self.aws = Some(heard);
            }
        }
        self.judge();
        self.seen()
    }

    /// Root says that the wall clock is right. The only way in which `now` may go back. Answers what it was before.
    pub fn accept(&mut self, reading: Reading) -> Time {
        let was = self.observe(reading).now;
        self.vouched = self.wall;
        self.kept = self.wall;
        self.aws = None;
        // An answer under way says nothing about what was just accepted.
        self.stepped_at = self.boot;
        self.agreed_since = None;
        self.suspicion = None;
        self.news.retain(|news| matches!(news, News::Stepped(_)));
        was
    }

    /// Why the clocks are not believed, if they are not.
    #[must_use]
    pub fn suspicion(&self) -> Option<&Suspicion> {
        self.suspicion.as_ref()
    }

    /// What to keep for the next start; nothing while the clocks are suspect.
    #[must_use]
    pub fn mark(&self) -> Option<Mark> {
        self.suspicion.is_none().then(|| Mark {
            at: self.exactly(self.kept),
            boot: TimeDelta::microseconds(self.boot),
            boot_id: self.boot_id.clone(),
        })
    }

    /// What has happened since this was asked last.
    pub fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    /// How often the wall clock was set.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// How far the wall clock is ahead of the time kept.
    #[must_use]
    pub fn wall_ahead(&self) -> TimeDelta {
        TimeDelta::microseconds(self.wall.saturating_sub(self.kept))
    }

    /// How far AWS was ahead of the wall clock as it is now, when it was last heard.
    #[must_use]
    pub fn aws_ahead(&self) -> Option<TimeDelta> {
        self.last_aws
            .map(|aws| TimeDelta::microseconds(aws.saturating_sub(self.wall)))
    }

    /// Whether AWS should be asked for the time.
    #[must_use]
    pub fn wants_aws(&self) -> bool {
        let is_old = |heard: Heard| self.boot.saturating_sub(heard.at) > micros(SLOWEST_ANSWER);
        self.suspicion.is_some() && self.aws.is_none_or(is_old)
    }

    /// AWS's own time as far as it is known, the wall clock's where that agrees or nothing was heard: what requests to
    /// AWS are signed with.
    #[must_use]
    pub fn signing_time(&self) -> Time {
        let apart = |aws: i64| aws.saturating_sub(self.wall).saturating_abs() > micros(LIMIT);
        self.time(self.last_aws.filter(|aws| apart(*aws)).unwrap_or(self.wall))
    }

    fn seen(&self) -> Seen {
        let due = match (&self.suspicion, self.aws) {
            (None, _) => self.kept,
            (Some(_), Some(aws)) => self.kept.max(aws.offset),
            (Some(_), None) if self.boot.saturating_sub(self.stepped_at) >= micros(GRACE) => {
                self.kept.max(self.wall)
            }
            (Some(_), None) => self.kept,
        };
        Seen {
            now: self.time(self.kept),
            due: self.time(due),
        }
    }

    fn judge(&mut self) {
        if self.aws.is_some_and(|aws| !apart(aws.offset, self.wall)) {
            // Two of three: the wall clock is right. The time kept only follows upwards.
            self.vouched = self.wall;
            self.kept = self.kept.max(self.wall);
        }
        match self.doubt() {
            None if self.suspicion.is_none() => self.kept = self.kept.max(self.wall),
            None => self.agree(),
            Some((doubt, by)) => {
                self.agreed_since = None;
                let suspicion = Suspicion {
                    doubt,
                    by: TimeDelta::microseconds(by),
                    aws_agrees_with_wall: self.aws.is_some_and(|aws| !apart(aws.offset, self.wall)),
                    kept: self.time(self.kept),
                    wall: self.time(self.wall),
                    aws: self.aws.map(|aws| self.time(aws.offset)),
                };
                if self.suspicion.is_none() {
                    self.news.push(News::Suspect(suspicion.clone()));
                }
                self.suspicion = Some(suspicion);
            }
        }
    }

    /// Which clocks disagree, and by how much.
    fn doubt(&self) -> Option<(Doubt, i64)> {
        let limit = micros(LIMIT);
        let ahead = self.wall.saturating_sub(self.vouched);
        let behind = self.kept.saturating_sub(self.wall);
        if ahead > limit {
            return Some((Doubt::WallAhead, ahead));
        }
        if behind > limit {
            return Some((Doubt::WallBehind, behind));
        }
        let from_wall = self.aws?.offset.saturating_sub(self.wall);
        let from_kept = self.aws?.offset.saturating_sub(self.kept);
        [from_wall, from_kept]
            .into_iter()
            .find(|by| by.saturating_abs() > limit)
            .map(|by| (Doubt::AwsApart, by))
    }

    /// Nothing disagrees while suspect: it clears once it has been so for long enough, with AWS heard all the while.
    fn agree(&mut self) {
        let agreement = micros(AGREEMENT);
        let is_fresh = |heard: Heard| self.boot.saturating_sub(heard.at) <= agreement;
        if !self.aws.is_some_and(is_fresh) {
            self.agreed_since = None;
            return;
        }
        let since = *self.agreed_since.get_or_insert(self.boot);
        if self.boot.saturating_sub(since) >= agreement {
            self.agreed_since = None;
            self.suspicion = None;
            self.vouched = self.wall;
            self.kept = self.kept.max(self.wall);
            self.news.push(News::Clear);
        }
    }

    fn time(&self, offset: i64) -> Time {
        self.exactly(offset).trunc_subsecs(3)
    }

    fn exactly(&self, offset: i64) -> Time {
        let at = offset.saturating_add(self.boot);
        DateTime::from_timestamp_micros(at).unwrap_or(if at < 0 { Time::MIN_UTC } else { Time::MAX_UTC })
    }
}

fn apart(one: i64, other: i64) -> bool {
    one.saturating_sub(other).saturating_abs() > micros(LIMIT)
}

fn offset(at: Time, boot: i64) -> i64 {
    at.timestamp_micros().saturating_sub(boot)
}

fn micros(span: TimeDelta) -> i64 {
    span.num_microseconds().unwrap_or(if span < TimeDelta::zero() {
        i64::MIN
    } else {
        i64::MAX
    })
}
