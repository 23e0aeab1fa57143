//! `[notify]`: over what people are told, and who is told of what where.

use crate::domain::policy::{AccountPattern, SetPattern, Subject};
use std::path::PathBuf;
use team_shared::event::EventType;

/// Everything under `[notify]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Notify {
    /// What stands before `open ID` in a message, so that a line can be copied: `ssh -t bastion team-tui`.
    pub command: String,
    /// IANA name of the zone for people whose own is not in the directory; none: UTC.
    pub zone: Option<String>,
    /// Amazon SES.
    pub ses: Option<Ses>,
    /// Amazon SNS.
    pub sns: Option<Sns>,
    /// Slack.
    pub slack: Option<Slack>,
    /// A mail server.
    pub smtp: Option<Smtp>,
    /// Webhooks, by name.
    pub webhooks: Vec<Webhook>,
    /// Who is told of what where, beside those whom it concerns.
    pub routes: Vec<Route>,
}

impl Default for Notify {
    fn default() -> Self {
        Self {
            command: "team-tui".to_owned(),
            zone: None,
            ses: None,
            sns: None,
            slack: None,
            smtp: None,
            webhooks: Vec::new(),
            routes: Vec::new(),
        }
    }
}

/// Mail by Amazon SES v2, with the daemon's AWS credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ses {
    /// The sender: a verified identity.
    pub from: String,
    /// Where the identity is another account's: its ARN.
    pub source_arn: Option<String>,
    /// Region; none: that of `[aws]`.
    pub region: Option<String>,
}

/// A topic of Amazon SNS, with the daemon's AWS credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sns {
    /// The topic; its region is in it.
    pub topic_arn: String,
}

/// How Slack is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlackAccess {
    /// As a bot: direct messages and rooms. The file holds its token.
    Bot(PathBuf),
    /// By an incoming webhook: one room. The file holds its address, which is a secret.
    Webhook(PathBuf),
}

/// Slack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slack {
    /// How.
    pub access: SlackAccess,
    /// A room that gets everything, for a bot.
    pub audit_channel: Option<String>,
    /// Where the methods are; another one for GovSlack.
    pub api_url: String,
}

/// How a mail server is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SmtpTls {
    /// In the clear first, then encrypted, or not at all.
    #[default]
    StartTls,
    /// Encrypted from the first byte.
    Tls,
    /// In the clear: only for a server on this machine.
    None,
}

/// A mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Smtp {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How.
    pub tls: SmtpTls,
    /// Whom it knows us as; none: it does not ask.
    pub username: Option<String>,
    /// The file with the password.
    pub password_file: Option<PathBuf>,
    /// The sender.
    pub from: String,
    /// Certificates in PEM that are trusted too: of a server with one from one's own authority.
    pub ca_file: Option<PathBuf>,
}

/// An HTTP endpoint that gets events, signed by the Standard Webhooks specification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Name, unique.
    pub name: String,
    /// Where.
    pub url: String,
    /// The file with its secrets, `whsec_…`, one a line; a message is signed with each.
    pub secret_file: PathBuf,
    /// Only these events; empty: all.
    pub events: Vec<EventPattern>,
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

/// Where a route leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// `slack:#room`
    Slack(String),
    /// `webhook:NAME`
    Webhook(String),
    /// `mail:ADDRESS`, over whatever sends mail.
    Mail(String),
    /// `sns`
    Sns,
    /// People, over whatever reaches people.
    People(Subject),
}

/// Who is told of what where, beside those whom it concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Name.
    pub name: String,
    /// Of these events; empty: all.
    pub events: Vec<EventPattern>,
    /// Of requests for these accounts; empty: all, and what is about none.
    pub accounts: Vec<AccountPattern>,
    /// Of requests for these permission sets; empty: all, and what is about none.
    pub permission_sets: Vec<SetPattern>,
    /// Only what matters at least so much.
    pub severity: Severity,
    /// Where to.
    pub to: Vec<Target>,
    /// Channels over which people are told of these events, instead of all; never of alarms.
    pub people_by: Vec<String>,
}
