//! From when, and for how long or until when: one of the two. What is typed in one field empties the other, so that
//! nobody sends a length that was filled in for them beside an end of their own.

use super::{Field, Form};
use crate::commands::{parse_time, residual_of};
use chrono::{DateTime, Duration, Utc};
use team_shared::duration::{InvalidDuration, Seconds};
use tui_input::Input;

/// What the times of the form come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start_at: Option<DateTime<Utc>>,
    pub(super) duration_seconds: Option<i64>,
    pub(super) end_at: Option<DateTime<Utc>>,
}

impl Form {
    /// The length as typed.
    pub(crate) fn seconds(&self) -> Result<Seconds, InvalidDuration> {
        self.duration.value().parse()
    }

    /// The start as typed; empty: on approval.
    pub(crate) fn start_at(&self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, String> {
        time(&self.start, now)
    }

    /// The end as typed; empty: a length after the start.
    pub(crate) fn until(&self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, String> {
        let until = time(&self.until, now)?;
        match (until, self.start_at(now)) {
            (Some(until), Ok(Some(start))) if until <= start => {
                Err("that is not after the start: a later end, or a length".to_owned())
            }
            _ => Ok(until),
        }
    }

    /// When access would end, as far as that is known.
    pub(crate) fn end(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if let Some(until) = self.until(now).ok()? {
            return Some(until);
        }
        let seconds = Duration::seconds(self.seconds().ok()?.get());
        Some(self.start_at(now).ok()?.unwrap_or(now) + seconds)
    }

    /// How long access would be at most, in seconds, as far as that is known.
    pub(crate) fn length(&self, now: DateTime<Utc>) -> Option<i64> {
        let start = self.start_at(now).ok()?.unwrap_or(now);
        Some((self.end(now)? - start).num_seconds())
    }

    /// What whoever asks should know of the keys, where these may live for longer than the access.
    pub(crate) fn residual(&self, now: DateTime<Utc>) -> Option<String> {
        let session = self.chosen_set.as_ref()?.session_duration_seconds;
        let asked = self.length(now)?;
        (session > asked).then(|| residual_of(asked, session))
    }

    /// The times to send, or the field that is wrong and why.
    pub(super) fn span(&self, now: DateTime<Utc>) -> Result<Span, (Field, String)> {
        let start_at = self.start_at(now).map_err(|error| (Field::Start, error))?;
        let end_at = self.until(now).map_err(|error| (Field::Until, error))?;
        let is_long = !self.duration.value().trim().is_empty();
        match end_at {
            Some(_) if is_long => Err((
                Field::Until,
                "for how long, or until when: empty one of the two".to_owned(),
            )),
            None if !is_long => Err((
                Field::Duration,
                "say for how long, or in the field below until when".to_owned(),
            )),
            None => {
                let seconds = self
                    .seconds()
                    .map_err(|error| (Field::Duration, error.to_string()))?;
                Ok(Span {
                    start_at,
                    duration_seconds: Some(seconds.get()),
                    end_at,
                })
            }
            Some(_) => Ok(Span {
                start_at,
                duration_seconds: None,
                end_at,
            }),
        }
    }

    /// Something was typed in one of the two: the other one goes.
    pub(super) fn one_of_both(&mut self) {
        match self.focus {
            Field::Duration if !self.duration.value().is_empty() => self.until = Input::default(),
            Field::Until if !self.until.value().is_empty() => self.duration = Input::default(),
            _ => {}
        }
    }
}

fn time(input: &Input, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, String> {
    let text = input.value().trim();
    if text.is_empty() {
        return Ok(None);
    }
    parse_time(text, now).map(Some).map_err(|error| error.to_string())
}
