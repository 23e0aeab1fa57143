//! The rule under every fault of a clock that we know of, and under any.

mod random;
mod vectors;

use super::*;

/// A machine whose clocks can be bent, and an AWS that knows the true time.
struct Machine {
    rule: ClockRule,
    /// Wall clock, boot clock and AWS, in microseconds.
    wall: i64,
    boot: i64,
    aws: i64,
    /// How fast the machine's two clocks run.
    wall_rate: f64,
    boot_rate: f64,
    /// AWS answers.
    online: bool,
    /// How wrong AWS's `Date` is.
    skew: i64,
    suspected: usize,
    cleared: usize,
}

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3600;
const YEAR: i64 = 31_557_600;

fn moment(text: &str) -> Time {
    text.parse().unwrap()
}

impl Machine {
    fn at(start: &str) -> Self {
        let now = moment(start).timestamp_micros();
        let reading = Reading {
            wall: moment(start),
            boot: TimeDelta::seconds(1000),
        };
        Self {
            rule: ClockRule::start(reading, Some("boot-1".to_owned()), None, None),
            wall: now,
            boot: 1000 * SECOND,
            aws: now,
            wall_rate: 1.0,
            boot_rate: 1.0,
            online: true,
            skew: 0,
            suspected: 0,
            cleared: 0,
        }
    }

    fn new() -> Self {
        Self::at("2026-11-22T12:00:00Z")
    }

    fn reading(&self) -> Reading {
        Reading {
            wall: DateTime::from_timestamp_micros(self.wall).unwrap(),
            boot: TimeDelta::microseconds(self.boot),
        }
    }

    fn look(&mut self) -> Seen {
        let seen = self.rule.observe(self.reading());
        for news in self.rule.take_news() {
            match news {
                News::Suspect(_) => self.suspected += 1,
                News::Clear => self.cleared += 1,
                News::Stepped(_) => {}
            }
        }
        seen
    }

    /// So many seconds pass, with a look every one of them and a word from AWS every five while it answers.
    fn pass(&mut self, seconds: i64) -> Seen {
        for second in 0..seconds {
            self.wall += (1e6 * self.wall_rate) as i64;
            self.boot += (1e6 * self.boot_rate) as i64;
            self.aws += SECOND;
            self.look();
            if self.online && second % 5 == 4 {
                self.hear();
            }
        }
        self.look()
    }

    fn hear(&mut self) -> Seen {
        let date = DateTime::from_timestamp_micros(self.aws + self.skew * SECOND)
            .unwrap()
            .trunc_subsecs(0);
        let sent = TimeDelta::microseconds(self.boot);
        self.rule.hear(date, sent, self.reading());
        self.look()
    }

    fn step(&mut self, seconds: i64) -> Seen {
        self.wall += seconds * SECOND;
        self.look()
    }

    fn is_suspect(&self) -> bool {
        self.rule.suspicion().is_some()
    }

    /// AWS's time, which is the true one.
    fn truth(&self) -> Time {
        DateTime::from_timestamp_micros(self.aws).unwrap()
    }

    /// A new process; `boot_id` another one for a new run of the machine.
    fn restart(&mut self, boot_id: &str, newest: Option<Time>) -> Seen {
        let mark = self.rule.mark();
        self.restart_with(mark.as_ref(), boot_id, newest)
    }

    fn restart_with(&mut self, mark: Option<&Mark>, boot_id: &str, newest: Option<Time>) -> Seen {
        self.rule = ClockRule::start(self.reading(), Some(boot_id.to_owned()), mark, newest);
        self.look()
    }
}

fn seconds(from: Time, to: Time) -> i64 {
    (to - from).num_seconds()
}
