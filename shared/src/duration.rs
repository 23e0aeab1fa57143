//! Durations as people write them: `90s`, `2h30m`, `3d`. Whole seconds, one at least.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Seconds, at least one and at most ten years. Serialises as a number; policy and config texts use [`FromStr`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Seconds(i64);

/// The longest duration that is understood: ten years, far past any sensible policy, far below any overflow.
pub const LONGEST: i64 = 10 * 366 * 24 * 3600;

/// Why a text or number is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a duration: write it like 90s, 45m, 2h30m or 3d, from one second to ten years")]
pub struct InvalidDuration {
    /// What was given.
    pub text: String,
}

impl Seconds {
    /// A duration of so many seconds.
    ///
    /// # Errors
    /// Below one second or above ten years.
    pub fn new(seconds: i64) -> Result<Self, InvalidDuration> {
        if (1..=LONGEST).contains(&seconds) {
            Ok(Self(seconds))
        } else {
            Err(InvalidDuration {
                text: seconds.to_string(),
            })
        }
    }

    /// How many seconds.
    #[must_use]
    pub fn get(self) -> i64 {
        self.0
    }
}

impl TryFrom<i64> for Seconds {
    type Error = InvalidDuration;
    fn try_from(seconds: i64) -> Result<Self, InvalidDuration> {
        Self::new(seconds)
    }
}

impl From<Seconds> for i64 {
    fn from(seconds: Seconds) -> i64 {
        seconds.0
    }
}

impl FromStr for Seconds {
    type Err = InvalidDuration;
    fn from_str(text: &str) -> Result<Self, InvalidDuration> {
        let invalid = || InvalidDuration {
            text: text.chars().take(80).collect(),
        };
        let trimmed = text.trim();
        // humantime accepts months and years, whose length nobody agrees on; for access they are always a mistake.
        let units_known = trimmed
            .split(|c: char| c.is_ascii_digit() || c == ' ' || c == '.')
            .filter(|unit| !unit.is_empty())
            .all(|unit| {
                matches!(
                    unit,
                    "s" | "sec"
                        | "secs"
                        | "second"
                        | "seconds"
                        | "m"
                        | "min"
                        | "mins"
                        | "minute"
                        | "minutes"
                        | "h"
                        | "hr"
                        | "hrs"
                        | "hour"
                        | "hours"
                        | "d"
                        | "day"
                        | "days"
                        | "w"
                        | "week"
                        | "weeks"
                )
            });
        if !units_known {
            return Err(invalid());
        }
        let duration = humantime::parse_duration(trimmed).map_err(|_| invalid())?;
        if duration.subsec_nanos() != 0 {
            return Err(invalid());
        }
        i64::try_from(duration.as_secs())
            .ok()
            .and_then(|s| Self::new(s).ok())
            .ok_or_else(invalid)
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format_seconds(self.0))
    }
}

/// `5400` as `1h30m`; `0` as `0s`; the sign is kept. Units without a share are left out.
#[must_use]
pub fn format_seconds(seconds: i64) -> String {
    let mut text = String::new();
    if seconds < 0 {
        text.push('-');
    }
    let total = seconds.unsigned_abs();
    for (value, unit) in [
        (total / 86_400, 'd'),
        (total % 86_400 / 3600, 'h'),
        (total % 3600 / 60, 'm'),
        (total % 60, 's'),
    ] {
        if value > 0 {
            text.push_str(&value.to_string());
            text.push(unit);
        }
    }
    if total == 0 {
        text.push_str("0s");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        for (text, seconds) in [
            ("90s", 90),
            ("2h30m", 9000),
            ("3d", 259_200),
            ("1s", 1),
            ("45m", 2700),
            ("2h 30m", 9000),
            ("1w", 604_800),
        ] {
            assert_eq!(text.parse::<Seconds>().unwrap().get(), seconds, "{text}");
        }
    }

    #[test]
    fn refuses_the_rest() {
        for text in [
            "",
            "0s",
            "150",
            "-1h",
            "1month",
            "2y",
            "1ms",
            "h",
            "1.5s",
            "99999999d",
            "∞",
            "1h\u{202e}",
        ] {
            assert!(text.parse::<Seconds>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn prints_what_it_reads() {
        for text in ["90s", "1m30s", "2h30m", "3d", "1d1h1m1s"] {
            let seconds: Seconds = text.parse().unwrap();
            assert_eq!(seconds.to_string().parse::<Seconds>().unwrap(), seconds);
        }
        assert_eq!(format_seconds(5400), "1h30m");
        assert_eq!(format_seconds(0), "0s");
        assert_eq!(format_seconds(-61), "-1m1s");
    }
}
