//! How CloudTrail's events come to be seen: late, out of order, twice, or only when a gap heals. The same for all
//! who show them: event history, Lake and CloudWatch Logs.

use serde::{Deserialize, Serialize};

use crate::organisation::ids::fingerprint;
use crate::organisation::rng::Rng;

/// What happens to events on their way. The default: nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Delivery {
    /// Each event has a lag of its own up to this, on top of `trail_lag_ms`, in milliseconds.
    pub lag_ms: i64,
    /// Of events, the share that is late by `late_ms`.
    pub late_share: f64,
    /// How late those are, in milliseconds.
    pub late_ms: i64,
    /// Of events, the share that is delivered twice, the second time up to a minute later.
    pub duplicate_share: f64,
    /// Whether answers are in no order.
    pub shuffled: bool,
    /// When events are held up.
    #[serde(rename = "gap")]
    pub gaps: Vec<Gap>,
}

impl Default for Delivery {
    fn default() -> Self {
        Self {
            lag_ms: 0,
            late_share: 0.0,
            late_ms: 1_800_000,
            duplicate_share: 0.0,
            shuffled: false,
            gaps: Vec::new(),
        }
    }
}

/// A time whose events are held up until it ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// Only events of this account, by id or name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Begins this long after the document was installed, in milliseconds.
    pub after_ms: i64,
    /// Lasts this long, in milliseconds.
    pub for_ms: i64,
}

/// An event, as far as its delivery goes.
pub(crate) struct Happened<'a> {
    pub(crate) id: &'a str,
    pub(crate) time_ms: i64,
    /// Id and name.
    pub(crate) account: [Option<&'a str>; 2],
    /// When the document was installed.
    pub(crate) began_ms: Option<i64>,
}

impl Delivery {
    /// What is seen in real organisations: up to ten minutes, now and then half an hour, some events twice.
    pub fn realistic() -> Self {
        Self {
            lag_ms: 600_000,
            late_share: 0.01,
            duplicate_share: 0.02,
            shuffled: true,
            ..Self::default()
        }
    }

    /// When the event is seen: once, or twice. Depends on the event's id and the seed alone, so that the same story
    /// has the same delays.
    pub(crate) fn seen(&self, event: &Happened<'_>, base_ms: i64, seed: u64) -> Vec<i64> {
        let mut rng = Rng::new(fingerprint(event.id) ^ seed);
        let lag_ms = if rng.chance(self.late_share) {
            self.late_ms
        } else {
            rng.between(0, self.lag_ms)
        };
        let healed = self.gaps.iter().filter_map(|gap| gap.heals_ms(event)).max();
        let first = healed.unwrap_or(base_ms).max(base_ms + lag_ms);
        let mut seen = vec![first];
        if rng.chance(self.duplicate_share) {
            seen.push(first + rng.between(0, 60_000));
        }
        seen
    }

    pub(super) fn check(&self) -> Result<(), String> {
        for (name, share) in [
            ("late_share", self.late_share),
            ("duplicate_share", self.duplicate_share),
        ] {
            if !(0.0..=1.0).contains(&share) {
                return Err(format!("{name} is between 0 and 1"));
            }
        }
        if self.lag_ms < 0 || self.late_ms < 0 || self.gaps.iter().any(|gap| gap.for_ms < 0) {
            return Err("lag_ms, late_ms and for_ms are not negative".into());
        }
        Ok(())
    }
}

impl Gap {
    /// When what is held up arrives; `None`: the event is not in the gap.
    fn heals_ms(&self, event: &Happened<'_>) -> Option<i64> {
        let from = event.began_ms? + self.after_ms;
        let end = from + self.for_ms;
        let here = self
            .account
            .as_deref()
            .is_none_or(|wanted| event.account.contains(&Some(wanted)));
        (here && (from..end).contains(&event.time_ms)).then_some(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(delivery: &Delivery, id: &str, time_ms: i64, account: &str) -> Vec<i64> {
        let event = Happened {
            id,
            time_ms,
            account: [Some(account), None],
            began_ms: Some(1_000),
        };
        delivery.seen(&event, time_ms, 1)
    }

    #[test]
    fn most_come_soon_some_late_some_twice_and_again_the_same() {
        let delivery = Delivery::realistic();
        let story = || -> Vec<_> {
            (0..10_000)
                .map(|n| seen(&delivery, &format!("e{n}"), 0, "a"))
                .collect()
        };
        let all = story();
        assert_eq!(all, story());
        let late = all.iter().filter(|seen| seen[0] == 1_800_000).count();
        assert!((50..200).contains(&late), "{late}");
        let twice = all.iter().filter(|seen| seen.len() == 2).count();
        assert!((100..300).contains(&twice), "{twice}");
        let soon = all.iter().filter(|seen| (1..=600_000).contains(&seen[0])).count();
        assert!(soon > 9_500, "{soon}");
    }

    #[test]
    fn a_gap_holds_up_what_happens_in_it() {
        let delivery = Delivery {
            gaps: vec![Gap {
                account: Some("a".into()),
                after_ms: 100,
                for_ms: 50,
            }],
            ..Delivery::default()
        };
        for (time_ms, account, expected) in [
            (1_099, "a", 1_099),
            (1_100, "a", 1_150),
            (1_149, "a", 1_150),
            (1_150, "a", 1_150),
            (1_120, "b", 1_120),
        ] {
            assert_eq!(
                seen(&delivery, "e", time_ms, account),
                [expected],
                "{time_ms} {account}"
            );
        }
    }
}
