//! What a run leaves behind, for the judge and for people: what people did, what they were told, what AWS received and
//! what it changed.

use super::script::{Place, Script, Span};
use aws_simulator::organisation::AssignmentChange;
use aws_simulator::{AssignmentKey, CallLog};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use team_shared::ids::RequestId;

/// Something that somebody did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Deed {
    /// A request was filed, or perhaps filed: the answer was lost.
    Filed { plea: usize, id: Option<RequestId> },
    /// A vote was taken, or perhaps taken.
    Voted { plea: usize, by: &'static str },
    /// Somebody took it back and was told so.
    TookBack { plea: usize },
    /// A hand did something; whether it changed anything.
    Hand(super::script::Hand),
    /// The daemon runs.
    Started,
    /// The daemon is dead.
    Died,
    /// A second daemon is started; this one still runs, and should do nothing more.
    Superseded,
    /// A create or delete was sent by a daemon that was superseded.
    WroteSuperseded(Place),
    /// A create was sent for which no intent was durable.
    WithoutIntent(Place),
}

/// A row of the audit trail, at the moment it became durable.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) at: i64,
    pub(crate) kind: String,
    pub(crate) request: Option<RequestId>,
    pub(crate) data: serde_json::Value,
}

/// Everything, in milliseconds since the beginning.
pub(crate) struct Record {
    pub(crate) script: Script,
    pub(crate) places: BTreeMap<AssignmentKey, Place>,
    pub(crate) deeds: Vec<(i64, Deed)>,
    pub(crate) told: Vec<Told>,
    pub(crate) calls: Vec<CallLog>,
    pub(crate) changes: Vec<AssignmentChange>,
    /// Requests that are not over when everything should be.
    pub(crate) open: Vec<String>,
    /// Requests whose row does not say what their last event says.
    pub(crate) unfolded: Vec<String>,
    /// What is wrong with the audit chain.
    pub(crate) chain: Option<String>,
    /// When it ended.
    pub(crate) end: i64,
}

impl Record {
    /// When the daemon was up.
    pub(crate) fn daemon_up(&self) -> Vec<Span> {
        let mut spans = Vec::new();
        let mut since = None;
        for (at, deed) in &self.deeds {
            match deed {
                Deed::Started => since = Some(*at),
                Deed::Died | Deed::Superseded => spans.extend(since.take().map(|since| (since, *at))),
                _ => {}
            }
        }
        spans.extend(since.map(|since| (since, self.end)));
        spans
    }

    /// Everything in one string, in order: two runs of a seed must not differ in a letter.
    pub(crate) fn text(&self) -> String {
        let mut lines: Vec<(i64, u8, String)> = Vec::new();
        for (at, deed) in &self.deeds {
            lines.push((*at, 0, format!("deed  {deed:?}")));
        }
        for told in &self.told {
            let id = told.request.map(|id| id.short()).unwrap_or_default();
            lines.push((told.at, 3, format!("told  {} {id} {}", told.kind, told.data)));
        }
        let beginning = super::clock::SimClock::epoch(0);
        for call in &self.calls {
            let at = call.at_ms - beginning;
            let place = call.key.as_ref().and_then(|key| self.places.get(key));
            let name = place.map(|place| format!("{} {}", place.user(), place.account()));
            let what = format!(
                "call  {} {} {:?}",
                call.operation,
                name.unwrap_or_default(),
                call.outcome
            );
            lines.push((at, 1, what));
        }
        for change in &self.changes {
            let at = change.at_ms - beginning;
            let place = self.places.get(&change.key);
            let what = if change.present { "CAME" } else { "WENT" };
            let name = place.map(|place| format!("{} {}", place.user(), place.account()));
            let by = change.operation.as_deref().unwrap_or("by hand");
            lines.push((at, 2, format!("AWS   {} {what} {by}", name.unwrap_or_default())));
        }
        lines.sort_by_key(|(at, order, _)| (*at, *order));
        let mut text = String::new();
        for (at, _, line) in lines {
            let _ = writeln!(text, "{} {line}", clock_face(at));
        }
        text
    }
}

/// `3d 04:05:06.789`.
pub(crate) fn clock_face(at: i64) -> String {
    let sign = if at < 0 { "-" } else { "" };
    let at = at.abs();
    let (days, rest) = (at / super::script::DAY, at % super::script::DAY);
    let (hours, minutes) = (rest / 3_600_000, rest / 60_000 % 60);
    let (seconds, millis) = (rest / 1_000 % 60, rest % 1_000);
    format!("{sign}{days}d {hours:02}:{minutes:02}:{seconds:02}.{millis:03}")
}
