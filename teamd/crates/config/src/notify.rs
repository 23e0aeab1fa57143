//! `[notify]`: over what people are told, and who is told of what where.

use std::path::PathBuf;
use teamd_domain::event::EventPattern;
use teamd_domain::weekly::Schedule;
use teamd_policy as policy;
use teamd_policy::Target;

/// Everything under `[notify]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Notify {
    /// What stands before `open ID` in a message, so that a line can be copied: `ssh -t bastion team-tui`.
    pub command: String,
    /// IANA name of the zone for people whose own is not in the directory; none: UTC.
    pub zone: Option<String>,
    /// When the weekly digest is due, in `zone`; none: never.
    pub digest: Option<Schedule>,
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
            digest: None,
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

/// A route of this host: what goes where beside those whom it concerns, and over what people are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Of what, and where to.
    pub route: policy::Route,
    /// Channels over which people are told of these events, instead of all; never of alarms.
    pub people_by: Vec<String>,
}

impl Notify {
    /// What is missing for a target to be reached; none: nothing.
    #[must_use]
    pub fn lacks(&self, target: &Target) -> Option<String> {
        match target {
            Target::Slack(_) if !self.is_bot() => Some(format!(
                "{target} needs [notify.slack] with a token_file: a bot alone can choose a room"
            )),
            Target::Webhook(name) if !self.webhooks.iter().any(|webhook| webhook.name == *name) => {
                Some(format!("there is no [[notify.webhook]] called {name:?}"))
            }
            Target::Mail(_) if self.smtp.is_none() && self.ses.is_none() => {
                Some(format!("{target} needs [notify.smtp] or [notify.ses]"))
            }
            Target::Sns if self.sns.is_none() => Some("sns needs [notify.sns]".to_owned()),
            Target::Slack(_) | Target::Webhook(_) | Target::Mail(_) | Target::Sns | Target::People(_) => None,
        }
    }

    /// Whether Slack is spoken to as a bot, which reaches people and chooses rooms.
    #[must_use]
    pub fn is_bot(&self) -> bool {
        let access = self.slack.as_ref().map(|slack| &slack.access);
        matches!(access, Some(SlackAccess::Bot(_)))
    }
}
