//! What was done in a session, counted; and the marks that only the whole of it shows. All of it depends on which events
//! there are, never on the order in which they came.

use super::{Call, Mark, Via};
use crate::Time;
use chrono::TimeDelta;

/// So many refusals for want of permission within [`BURST_TIME`] are a burst.
pub const BURST: usize = 5;

/// See [`BURST`].
pub const BURST_TIME: TimeDelta = TimeDelta::seconds(60);

/// The mark of a burst's calls from the fifth on.
pub const DENIED_BURST: &str = "denied-burst";

/// A call that belongs to a request's session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// What it says.
    pub call: Call,
    /// How it belongs.
    pub via: Via,
    /// What its record alone shows.
    pub marks: Vec<Mark>,
    /// The record as received.
    pub record: String,
}

/// How a request was used, as far as it is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Calls.
    pub events: u64,
    /// Of these, what changed something.
    pub writes: u64,
    /// Of these, what AWS refused.
    pub errors: u64,
    /// Doors and credentials left behind.
    pub left_behind: u64,
    /// The first call.
    pub first_at: Option<Time>,
    /// The last call.
    pub newest_at: Option<Time>,
    /// The last sign-in to the account with the permission set.
    pub signed_in_at: Option<Time>,
    /// When everything was read that can be; none: more may come.
    pub closed_at: Option<Time>,
}

/// A door or credential that a session left behind, however many calls touched it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftBehind {
    /// What it is.
    pub kind: String,
    /// Which one.
    pub name: String,
    /// When it was first made.
    pub at: Time,
    /// By which event.
    pub event_id: String,
}

impl LeftBehind {
    /// What it is called where somebody says that it may stay or is gone.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{}: {}", self.kind, self.name)
    }
}

/// Names with how often, the most frequent first.
pub type Counted = Vec<(String, u64)>;

/// What was done in a session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Digest {
    /// The counts.
    pub summary: Summary,
    /// Sessions told apart by their anchors.
    pub sessions: u64,
    /// Services.
    pub services: Counted,
    /// Actions: the most frequent.
    pub actions: Counted,
    /// Addresses that they came from.
    pub addresses: Counted,
    /// Marks.
    pub marks: Counted,
    /// What is still there when the access is gone.
    pub left_behind: Vec<LeftBehind>,
}

/// What kind of use is compared with the same person's earlier sessions with the same permission set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Habit {
    /// The source address.
    Address,
    /// The program, without its version.
    Agent,
    /// The action.
    Action,
}

impl Habit {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Address, Self::Agent, Self::Action];

    /// The mark of its first use.
    #[must_use]
    pub fn mark(self) -> &'static str {
        match self {
            Self::Address => "new-address",
            Self::Agent => "new-agent",
            Self::Action => "new-action",
        }
    }

    /// What of a call it looks at. An address is a number: AWS's own services have names there.
    #[must_use]
    pub fn of(self, call: &Call) -> Option<String> {
        let text = match self {
            Self::Address => {
                let is_part = |c: char| c.is_ascii_hexdigit() || matches!(c, '.' | ':');
                Some(call.source_ip.clone()).filter(|address| address.chars().all(is_part))?
            }
            Self::Agent => {
                let agent = call.user_agent.trim_start_matches('[');
                let end = agent.find(|c: char| c == '/' || c == ']' || c.is_whitespace());
                agent[..end.unwrap_or(agent.len())].to_owned()
            }
            Self::Action => call.action(),
        };
        Some(text).filter(|text| !text.is_empty())
    }
}

/// Of refusals, oldest first, those that are the fifth or a later one within a minute.
#[must_use]
pub fn bursts(denied: &[Time]) -> Vec<Time> {
    let is_burst = |at: usize| {
        at + 1 >= BURST
            && denied
                .get(at + 1 - BURST)
                .is_some_and(|first| denied[at] - *first <= BURST_TIME)
    };
    (0..denied.len())
        .filter(|at| is_burst(*at))
        .map(|at| denied[at])
        .collect()
}
