//! Clocks that disagree, in words.

use crate::Time;
use chrono::TimeDelta;
use std::fmt;

/// Which clocks disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// The wall clock went ahead of the boot clock.
    WallAhead,
    /// The wall clock fell behind the time that has been kept.
    WallBehind,
    /// AWS's time is another than that of the machine.
    AwsApart,
}

impl Doubt {
    /// In a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::WallAhead => "wall_ahead",
            Self::WallBehind => "wall_behind",
            Self::AwsApart => "aws_apart",
        }
    }
}

/// Why the clocks are not believed, as last seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspicion {
    /// Which disagree.
    pub doubt: Doubt,
    /// By how much; with [`Doubt::AwsApart`], below zero: AWS is behind.
    pub by: TimeDelta,
    /// AWS has been heard since the last step, and says what the wall clock says.
    pub aws_agrees_with_wall: bool,
    /// The time kept, then.
    pub kept: Time,
    /// The wall clock, then.
    pub wall: Time,
    /// AWS's, then, if it has been heard since the last step.
    pub aws: Option<Time>,
}

impl fmt::Display for Suspicion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = span(self.by);
        match self.doubt {
            Doubt::WallAhead => write!(
                f,
                "the clock is suspect: the wall clock ({}) jumped ahead by {by}, the time kept is {}",
                words(self.wall),
                words(self.kept)
            ),
            Doubt::WallBehind => write!(
                f,
                "the clock is suspect: the wall clock ({}) is {by} behind the time kept ({})",
                words(self.wall),
                words(self.kept)
            ),
            Doubt::AwsApart => write!(
                f,
                "the clock is suspect: AWS's clock ({}) is {by} {} this machine's ({})",
                self.aws.map_or_else(|| "not heard".to_owned(), words),
                if self.by < TimeDelta::zero() {
                    "behind"
                } else {
                    "ahead of"
                },
                words(self.wall)
            ),
        }?;
        if self.doubt == Doubt::WallBehind && self.aws_agrees_with_wall {
            f.write_str("; AWS agrees with the wall clock: as root, `teamd clock accept`")
        } else {
            f.write_str("; set the clock right (NTP): it clears a minute after it agrees with AWS, or as root `teamd clock accept`")
        }
    }
}

fn words(at: Time) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The largest two units of a span, without its sign.
fn span(by: TimeDelta) -> String {
    let seconds = by.num_seconds().unsigned_abs();
    let units = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
    let first = units.iter().position(|(_, size)| seconds >= *size).unwrap_or(3);
    let mut text = String::new();
    let mut rest = seconds;
    for (unit, size) in units.iter().skip(first).take(2) {
        if rest >= *size || text.is_empty() {
            text.push_str(&format!("{}{unit}", rest / size));
        }
        rest %= size;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_short() {
        for (seconds, text) in [
            (0, "0s"),
            (59, "59s"),
            (-3600, "1h"),
            (3661, "1h1m"),
            (3605, "1h"),
            (315_360_000, "3650d"),
        ] {
            assert_eq!(span(TimeDelta::seconds(seconds)), text);
        }
    }
}
