//! What a change says to the audit trail, before it has a number and a place in the chain.

use super::Time;
use std::collections::BTreeMap;
use std::fmt;
use team_shared::event::EventType;
use team_shared::ids::{RequestId, UserId};

/// Who did it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Actor {
    /// The person; none for the daemon and for the operator.
    pub user_id: Option<UserId>,
    /// Their user name at that time.
    pub user_name: Option<String>,
    /// The uid behind the connection; none for the daemon itself.
    pub uid: Option<u32>,
    /// The login uid behind it.
    pub login_uid: Option<u32>,
}

impl Actor {
    /// The daemon: timers, replies of AWS, sweeps.
    #[must_use]
    pub fn daemon() -> Self {
        Self::default()
    }
}

/// A particular of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Datum {
    /// Words of ours or of AWS: part of the hashed body.
    Text(String),
    /// What a person wrote: kept beside the chain, salted and hashed into it, so that it can be erased.
    FreeText(String),
    /// A number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
    /// A moment.
    Moment(Time),
    /// Several words.
    List(Vec<String>),
}

/// An event without its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventDraft {
    /// What happened.
    pub kind: EventType,
    /// To which request.
    pub request_id: Option<RequestId>,
    /// Who did it.
    pub actor: Actor,
    /// Particulars by name.
    pub data: BTreeMap<&'static str, Datum>,
}

impl EventDraft {
    /// An event of the daemon's own.
    #[must_use]
    pub fn new(kind: EventType) -> Self {
        Self {
            kind,
            request_id: None,
            actor: Actor::daemon(),
            data: BTreeMap::new(),
        }
    }

    /// Of this request.
    #[must_use]
    pub fn of(mut self, id: RequestId) -> Self {
        self.request_id = Some(id);
        self
    }

    /// By this actor.
    #[must_use]
    pub fn by(mut self, actor: &Actor) -> Self {
        self.actor = actor.clone();
        self
    }

    /// With a particular.
    #[must_use]
    pub fn with(mut self, name: &'static str, datum: Datum) -> Self {
        self.data.insert(name, datum);
        self
    }

    /// With words.
    #[must_use]
    pub fn text(self, name: &'static str, text: impl Into<String>) -> Self {
        self.with(name, Datum::Text(text.into()))
    }

    /// With what a person wrote, if they wrote anything.
    #[must_use]
    pub fn free(self, name: &'static str, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.with(name, Datum::FreeText(text.to_owned())),
            None => self,
        }
    }
}

/// An event's type, or a family: `request.*`, `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventPattern {
    /// This one.
    Kind(EventType),
    /// All whose word begins so.
    Family(String),
}

impl EventPattern {
    /// Whether it means this type.
    #[must_use]
    pub fn fits(&self, kind: EventType) -> bool {
        match self {
            Self::Kind(known) => *known == kind,
            Self::Family(start) => kind.as_str().starts_with(start),
        }
    }
}

/// How much an event matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Severity {
    /// It is how things go.
    #[default]
    Info,
    /// Somebody should know.
    Warning,
    /// Somebody must look now.
    Alarm,
}

impl Severity {
    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Alarm => "alarm",
        }
    }
}

impl fmt::Display for EventPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind(kind) => f.write_str(kind.as_str()),
            Self::Family(start) => write!(f, "{start}*"),
        }
    }
}
