//! Telling people: whom an event concerns, over which channels, in which words, and the channels themselves.
//!
//! * [`audience`] whom an event concerns · [`routing`] over which channels, and where else it goes: both pure
//! * [`notice`] what is said, once; [`render`] in the form of a medium, escaped for it
//! * [`channels`] one file each: webhook, Slack, SMTP, SES, SNS · [`secret`] the files with their secrets
//!
//! Nothing here knows the store or the engine: a channel gets one [`Outgoing`] and says what came of it. Whether and when
//! it is tried again is [`teamd_domain::delivery`]'s word.
//!
//! To add an event: its audience, its severity, and a template in `templates/`. To add a channel: a file in `channels`, a
//! line in [`channels::open`], its section in the configuration.

pub mod audience;
pub mod channels;
pub mod notice;
pub mod recipient;
pub mod render;
pub mod routing;
pub mod secret;
#[cfg(test)]
mod tests;
mod times;
mod words;

pub use audience::{Part, severity};
pub use notice::{Notice, Reader};
pub use recipient::{Recipient, delivery_id};
pub use routing::{Planned, Reach, plan};

use chrono::TimeDelta;
use futures::future::BoxFuture;
use team_shared::event::EventType;
use teamd_domain::Time;
use teamd_domain::event::Actor;
use teamd_domain::request::Request;

/// An event that people are told of, as the audit trail has it.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// Its number.
    pub seq: u64,
    /// When.
    pub at: Time,
    /// What.
    pub kind: EventType,
    /// Who did it.
    pub actor: &'a Actor,
    /// The request that it is about, as it is now.
    pub request: Option<&'a Request>,
    /// Particulars.
    pub data: &'a serde_json::Value,
}

/// One notice on its way to one recipient.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Stable over tries and restarts.
    pub id: String,
    /// The moment of this try.
    pub now: Time,
    /// Where to, with what the directory says of a person.
    pub to: Address,
    /// What is said.
    pub notice: Notice,
}

/// Where a notice goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A mail address: a person's, or one that a route names.
    Mail(String),
    /// A room of Slack.
    Room(String),
    /// The one place that the channel has.
    Place,
}

/// Why a channel did not take a notice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Not now. With how long the channel asks to be left alone: then nothing is sent over it meanwhile.
    #[error("{why}")]
    Later {
        /// What it said; never a secret.
        why: String,
        /// Its `Retry-After`.
        wait: Option<TimeDelta>,
    },
    /// Never this one: the address is wrong, or the message.
    #[error("{0}")]
    Never(String),
    /// Never anything any more: the endpoint says that it is gone. The channel is switched off until somebody retries.
    #[error("{0}")]
    Gone(String),
}

impl Failure {
    /// Not now, for no time in particular.
    #[must_use]
    pub fn later(why: impl Into<String>) -> Self {
        Self::Later {
            why: why.into(),
            wait: None,
        }
    }
}

/// A way to tell people. Implementations hold no secret between two calls, and log nothing.
pub trait Channel: Send + Sync {
    /// Its name: `smtp`, `slack`, `webhook:NAME`.
    fn name(&self) -> &str;
    /// Whom and what it reaches.
    fn reach(&self) -> Reach;
    /// How many notices may be on their way at once.
    fn most_at_once(&self) -> usize;
    /// Sends one notice. What it answers on success is what the channel said, for people.
    ///
    /// # Errors
    /// Whether to try again.
    fn deliver<'a>(&'a self, outgoing: &'a Outgoing) -> BoxFuture<'a, Result<String, Failure>>;
    /// Looks whether it would work, without telling anybody anything; what was seen.
    ///
    /// # Errors
    /// What is wrong, in words.
    fn check(&self) -> BoxFuture<'_, Result<String, String>>;
}

/// Whether people are notified of this event.
#[must_use]
pub const fn is_news(kind: EventType) -> bool {
    matches!(
        kind,
        EventType::RequestSubmitted
            | EventType::RequestUnclaimed
            | EventType::RequestClaimed
            | EventType::RequestEscalated
            | EventType::RequestReviewed
            | EventType::ReminderPending
            | EventType::ReminderBeforeEnd
            | EventType::FreezeOn
            | EventType::FreezeOff
            | EventType::RequestApproved
            | EventType::RequestRejected
            | EventType::RequestCancelled
            | EventType::RequestExpired
            | EventType::RequestWithdrawn
            | EventType::RequestScheduled
            | EventType::RequestTermsChanged
            | EventType::RequestGivenUp
            | EventType::RequestLost
            | EventType::RequestActive
            | EventType::RequestEnded
            | EventType::RequestRevoked
            | EventType::RequestFailed
            | EventType::GrantStuck
            | EventType::GrantReappeared
            | EventType::GrantDrift
            | EventType::PolicyApplied
            | EventType::PolicyProposed
            | EventType::ActivityMarked
            | EventType::ClockSuspect
            | EventType::ClockClear
            | EventType::DirectoryWidened
            | EventType::AuditFault
            | EventType::DaemonRevokeOnly
            | EventType::NotifyFailing
            | EventType::NotifyClear
            | EventType::DigestWeekly
    )
}
