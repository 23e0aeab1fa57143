//! Telling somebody of an event over a channel: one row for each event, channel and recipient, with what came of it.

use super::Time;
use chrono::TimeDelta;
use team_shared::event::EventType;
use team_shared::ids::RequestId;

/// How long after the first try it is given up. Whoever was away for a day finds everything in the list.
pub const GIVE_UP_AFTER: TimeDelta = TimeDelta::hours(24);

/// Pauses after the first, second, … try that failed; the last one is repeated.
const PAUSES: [TimeDelta; 10] = [
    TimeDelta::seconds(5),
    TimeDelta::seconds(15),
    TimeDelta::minutes(1),
    TimeDelta::minutes(5),
    TimeDelta::minutes(15),
    TimeDelta::minutes(30),
    TimeDelta::hours(1),
    TimeDelta::hours(2),
    TimeDelta::hours(4),
    TimeDelta::hours(6),
];

/// What has become of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DeliveryState {
    /// Waits for its next try.
    Due,
    /// The channel has taken it.
    Sent,
    /// Given up: the channel refused it for good, or did not take it for a day. Somebody has to look.
    Dead,
    /// It was not for sending: the recipient cannot be told, or it no longer meant anything.
    Skipped,
}

impl DeliveryState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Due, Self::Sent, Self::Dead, Self::Skipped];

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Sent => "sent",
            Self::Dead => "dead",
            Self::Skipped => "skipped",
        }
    }
}

impl std::str::FromStr for DeliveryState {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|state| state.as_str() == word);
        known.ok_or_else(|| format!("{word:?} is not the state of a delivery: due, sent, dead, skipped"))
    }
}

/// One delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Counts deliveries, from 1; given by the store.
    pub number: u64,
    /// Stable over tries and restarts: receivers drop repeats by it.
    pub id: String,
    /// The event.
    pub seq: u64,
    /// Its kind.
    pub kind: EventType,
    /// Of which request.
    pub request_id: Option<RequestId>,
    /// The channel's name; `-` where there is none to tell this recipient over.
    pub channel: String,
    /// A person's id, or the channel's own word for a place: an address, a room, a topic.
    pub recipient: String,
    /// When it was decided that it should be sent.
    pub created_at: Time,
    /// What has become of it.
    pub state: DeliveryState,
    /// Tries.
    pub attempts: u32,
    /// Not before.
    pub not_before: Time,
    /// When it was tried last.
    pub tried_at: Option<Time>,
    /// What the channel said last, or why it was not tried.
    pub reply: Option<String>,
}

impl Delivery {
    /// The channel has taken it.
    pub fn sent(&mut self, now: Time, reply: String) {
        self.tried(now, reply);
        self.state = DeliveryState::Sent;
    }

    /// The channel did not take it and may later. `wait` is what the channel asked for; `chance`, 0 to 1, spreads what
    /// failed together.
    pub fn failed(&mut self, now: Time, why: String, wait: Option<TimeDelta>, chance: f64) {
        self.tried(now, why);
        if now - self.created_at >= GIVE_UP_AFTER {
            self.state = DeliveryState::Dead;
            return;
        }
        let pause = pause_after(self.attempts);
        // Half a pause at most, on top.
        let spread = TimeDelta::milliseconds(share(pause, chance / 2.0));
        self.not_before = now + (pause + spread).max(wait.unwrap_or_default());
    }

    /// It never will.
    pub fn refused(&mut self, now: Time, why: String) {
        self.tried(now, why);
        self.state = DeliveryState::Dead;
    }

    /// It means nothing any more.
    pub fn dropped(&mut self, why: impl Into<String>) {
        self.reply = Some(why.into());
        self.state = DeliveryState::Skipped;
    }

    /// Once more from the beginning, with a day to succeed.
    pub fn revive(&mut self, now: Time) {
        self.state = DeliveryState::Due;
        self.attempts = 0;
        self.created_at = now;
        self.not_before = now;
    }

    fn tried(&mut self, now: Time, reply: String) {
        self.attempts = self.attempts.saturating_add(1);
        self.tried_at = Some(now);
        self.reply = Some(reply);
    }
}

fn pause_after(attempts: u32) -> TimeDelta {
    let index = usize::try_from(attempts).unwrap_or(usize::MAX).saturating_sub(1);
    PAUSES[index.min(PAUSES.len() - 1)]
}

/// A part of a pause, in milliseconds.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "hours in milliseconds"
)]
fn share(pause: TimeDelta, part: f64) -> i64 {
    (pause.num_milliseconds() as f64 * part.clamp(0.0, 1.0)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(now: Time) -> Delivery {
        Delivery {
            number: 1,
            id: "ntf_1".into(),
            seq: 1,
            kind: EventType::FreezeOn,
            request_id: None,
            channel: "smtp".into(),
            recipient: "u-1".into(),
            created_at: now,
            state: DeliveryState::Due,
            attempts: 0,
            not_before: now,
            tried_at: None,
            reply: None,
        }
    }

    #[test]
    fn pauses_grow_and_a_day_is_the_end() {
        let start: Time = "2026-11-23T09:00:00Z".parse().unwrap();
        let (mut one, mut now, mut pauses) = (delivery(start), start, Vec::new());
        while one.state == DeliveryState::Due {
            one.failed(now, "503".into(), None, 0.0);
            pauses.push((one.not_before - now).num_seconds());
            now = one.not_before;
            assert!(pauses.len() < 99);
        }
        assert_eq!(pauses[..4], [5, 15, 60, 300]);
        assert_eq!(one.state, DeliveryState::Dead);
        assert!(
            now - start >= GIVE_UP_AFTER && now - start < TimeDelta::hours(32),
            "{}",
            now - start
        );
        one.revive(now);
        assert_eq!(
            (one.state, one.attempts, one.id.as_str()),
            (DeliveryState::Due, 0, "ntf_1")
        );
    }

    #[test]
    fn what_the_channel_asks_for_is_waited_for() {
        let now: Time = "2026-11-23T09:00:00Z".parse().unwrap();
        let mut one = delivery(now);
        one.failed(now, "429".into(), Some(TimeDelta::seconds(90)), 0.9);
        assert_eq!(one.not_before, now + TimeDelta::seconds(90));
        let mut other = delivery(now);
        other.failed(now, "429".into(), Some(TimeDelta::seconds(1)), 1.0);
        assert_eq!(other.not_before, now + TimeDelta::milliseconds(7500));
    }

    #[test]
    fn words_are_read_back() {
        for state in DeliveryState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        assert!("gone".parse::<DeliveryState>().is_err());
    }
}
