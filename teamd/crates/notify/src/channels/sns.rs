//! A topic of Amazon SNS: JSON for programs, plain text for mail, a line for telephones; attributes for the filters of
//! subscriptions. Standard topics have no key against repeats: the delivery's id is in the message.

use super::ses::meaning;
use crate::notice::cut;
use crate::render::mail::mail;
use crate::render::payload::payload;
use crate::render::short;
use crate::{Channel, Failure, Outgoing, Reach, Recipient};
use futures::future::BoxFuture;
use serde_json::json;
use std::sync::Arc;
use team_shared::text::inert;
use teamd_aws::messages::{Messages, Notification};
use teamd_config::Sns;

/// SNS allows fewer than 100 characters.
const SUBJECT: usize = 99;

/// What one text message holds, in characters.
const TELEPHONE: usize = 140;

/// A topic.
pub struct SnsChannel {
    config: Sns,
    aws: Arc<dyn Messages>,
}

impl SnsChannel {
    /// This topic.
    #[must_use]
    pub fn new(config: Sns, aws: Arc<dyn Messages>) -> Self {
        Self { config, aws }
    }
}

/// What is published.
#[must_use]
pub fn notification(outgoing: &Outgoing, topic_arn: &str) -> Notification {
    let notice = &outgoing.notice;
    let messages = json!({
        "default": payload(notice, &outgoing.id),
        "email": mail(notice, &outgoing.id).text,
        "sms": cut(&short(notice), TELEPHONE),
    });
    let mut attributes = vec![
        ("event", notice.kind.to_string()),
        ("severity", notice.severity.as_str().to_owned()),
        ("delivery", outgoing.id.clone()),
    ];
    attributes.extend(notice.account_id.clone().map(|id| ("account_id", id)));
    attributes.extend(notice.permission_set.clone().map(|set| ("permission_set", set)));
    Notification {
        topic_arn: topic_arn.to_owned(),
        subject: ascii(&notice.subject),
        messages: messages.to_string(),
        attributes: attributes
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .collect(),
    }
}

/// Printable ASCII that begins with a letter or a digit, as SNS wants it.
fn ascii(subject: &str) -> String {
    let plain: String = subject
        .chars()
        .map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' })
        .take(SUBJECT)
        .collect();
    let start = plain
        .find(|c: char| c.is_ascii_alphanumeric())
        .unwrap_or(plain.len());
    let text = plain[start..].trim();
    if text.is_empty() {
        "teamd".to_owned()
    } else {
        text.to_owned()
    }
}

impl Channel for SnsChannel {
    fn name(&self) -> &str {
        "sns"
    }

    fn reach(&self) -> Reach {
        Reach {
            place: Some((Recipient::Place, Vec::new())),
            ..Reach::default()
        }
    }

    fn most_at_once(&self) -> usize {
        4
    }

    fn deliver<'a>(&'a self, outgoing: &'a Outgoing) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(async move {
            let notification = notification(outgoing, &self.config.topic_arn);
            self.aws.publish(&notification).await.map_err(meaning)
        })
    }

    fn check(&self) -> BoxFuture<'_, Result<String, String>> {
        Box::pin(async move {
            let checked = self.aws.check_topic(&self.config.topic_arn).await;
            checked.map_err(|error| inert(&error.to_string()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::ascii;

    #[test]
    fn subjects_are_what_sns_takes() {
        assert_eq!(ascii("Ann asks"), "Ann asks");
        assert_eq!(ascii("  «Ärger» für Ann"), "rger? f?r Ann");
        assert_eq!(ascii("é"), "teamd");
        assert_eq!(ascii(&"x".repeat(200)).len(), 99);
    }
}
