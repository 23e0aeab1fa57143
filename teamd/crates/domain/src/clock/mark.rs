//! The high-water mark: what the next start must know of the time.

use crate::Time;
use chrono::{DateTime, TimeDelta};
use std::fmt;
use std::str::FromStr;

/// A moment at which the clocks were believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The time then.
    pub at: Time,
    /// The boot clock then.
    pub boot: TimeDelta,
    /// Which run of the machine it counted from, where that is known.
    pub boot_id: Option<String>,
}

/// A mark that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a mark of the clock: {0:?}")]
pub struct NoMark(String);

/// `MICROSECONDS BOOT-MICROSECONDS BOOT-ID`: the times since 1970 and since the machine started; the last `-` where it is not known.
impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} {}",
            self.at.timestamp_micros(),
            self.boot.num_microseconds().unwrap_or_default(),
            self.boot_id.as_deref().unwrap_or("-")
        )
    }
}

impl FromStr for Mark {
    type Err = NoMark;

    fn from_str(text: &str) -> Result<Self, NoMark> {
        let read = || {
            let mut parts = text.split(' ');
            Some(Self {
                at: DateTime::from_timestamp_micros(parts.next()?.parse().ok()?)?,
                boot: TimeDelta::microseconds(parts.next()?.parse().ok()?),
                boot_id: parts.next().filter(|id| *id != "-").map(ToOwned::to_owned),
            })
        };
        read().ok_or_else(|| NoMark(text.chars().take(80).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for boot_id in [None, Some("6e1f-77".to_owned())] {
            let mark = Mark {
                at: DateTime::from_timestamp_micros(1_795_000_000_123_456).unwrap(),
                boot: TimeDelta::microseconds(77_000_001),
                boot_id,
            };
            assert_eq!(mark.to_string().parse(), Ok(mark));
        }
        for text in ["", "1", "x 1 -", "9223372036854775807 1 -"] {
            assert!(text.parse::<Mark>().is_err(), "{text}");
        }
    }
}
