//! How long to wait before the next try. Pauses grow; none of those on the way of a removal exceeds a minute.

use super::record::{After, Note};
use super::{Phase, Refusal, State, Time};
use chrono::TimeDelta;

/// The longest pause between two tries of a removal, in seconds.
pub const LONGEST_PAUSE: f64 = 60.0;

impl After {
    pub(super) fn retry_class(&mut self, call: &'static str, class: Refusal, message: String) {
        self.retry(call, message);
        // A conflict clears when the write before has settled: two seconds at least.
        if class == Refusal::Conflict {
            let at = self.now + TimeDelta::milliseconds(2000 + self.share(1000.0));
            self.grant.next_attempt_at = self.grant.next_attempt_at.map(|next| next.max(at));
        }
    }

    pub(super) fn retry(&mut self, call: &'static str, message: String) {
        let exponent = self.grant.attempts.min(10);
        let seconds = (0.5 * f64::from(1u32 << exponent)).min(LONGEST_PAUSE);
        self.grant.attempts = self.grant.attempts.saturating_add(1);
        self.grant.last_error = Some(message.clone());
        let half = seconds * 500.0;
        self.pause(TimeDelta::milliseconds(half.round() as i64 + self.share(half)));
        let at = self.grant.next_attempt_at.unwrap_or(self.now);
        self.notes.push(Note::Retry { call, message, at });
    }

    /// How soon to ask again after a status, by the age of the operation.
    pub(super) fn poll_pause(&self) -> TimeDelta {
        let since = match &self.grant.state {
            State::Creating(Phase::Accepted { at, .. }) | State::Deleting(Phase::Accepted { at, .. }) => *at,
            _ => self.now,
        };
        match (self.now - since).num_milliseconds() {
            ..3_000 => TimeDelta::milliseconds(500),
            3_000..10_000 => TimeDelta::seconds(1),
            10_000..60_000 => TimeDelta::seconds(3),
            _ => TimeDelta::seconds(10),
        }
    }

    /// How soon to look again while a listing lags.
    pub(super) fn lag_pause(&self, since: Time) -> TimeDelta {
        if self.now - since < TimeDelta::seconds(3) {
            TimeDelta::milliseconds(300)
        } else {
            TimeDelta::seconds(2)
        }
    }

    pub(super) fn pause(&mut self, pause: TimeDelta) {
        self.grant.next_attempt_at = Some(self.now + pause);
    }

    fn share(&self, of: f64) -> i64 {
        (of * self.jitter.clamp(0.0, 1.0)).round() as i64
    }
}
