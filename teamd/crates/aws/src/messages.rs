//! The port to what AWS sends for us: mail by SES, notices by SNS. Each call is one attempt; the engine tries again.

use chrono::TimeDelta;
use futures::future::BoxFuture;

/// A mail for SES.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The sender: a verified identity.
    pub from: String,
    /// The identity's ARN, where it is another account's.
    pub source_arn: Option<String>,
    /// Region; none: that of `[aws]`.
    pub region: Option<String>,
    /// The one address it goes to.
    pub to: String,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// HTML.
    pub html: String,
    /// The delivery's identity, for a header.
    pub id: String,
}

/// A message for a topic of SNS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// The topic; its region is in it.
    pub topic_arn: String,
    /// Printable ASCII, at most 99 characters.
    pub subject: String,
    /// A message for each kind of subscription, as JSON by SNS's rules, with `default`.
    pub messages: String,
    /// For filters of subscriptions: names and texts that are not empty.
    pub attributes: Vec<(&'static str, String)>,
}

/// Why AWS did not take it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// A later try may succeed: no answer, too fast, or something that operators can mend.
    #[error("{why}")]
    Later {
        /// AWS's words.
        why: String,
        /// How long to leave it alone.
        wait: Option<TimeDelta>,
    },
    /// This message never will be taken.
    #[error("{0}")]
    Never(String),
}

/// What sends messages over AWS. An answer is AWS's id of the message: taken, not arrived.
pub trait Messages: Send + Sync {
    /// Sends one mail.
    fn send_mail<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<String, MessageError>>;
    /// Publishes one notification.
    fn publish<'a>(&'a self, notification: &'a Notification) -> BoxFuture<'a, Result<String, MessageError>>;
    /// Whether the account may send mail in the region, and how much; in words.
    fn check_mail<'a>(&'a self, region: Option<&'a str>) -> BoxFuture<'a, Result<String, MessageError>>;
    /// Whether the topic is there for us, in words.
    fn check_topic<'a>(&'a self, topic_arn: &'a str) -> BoxFuture<'a, Result<String, MessageError>>;
}
