//! [`Messages`] on SES v2 and SNS. One HTTP attempt each: who repeats, and how long after, is the engine's.

use super::Aws;
use super::failure::{Failure, Kind};
use aws_config::Region;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message, MessageHeader};
use aws_sdk_sns::types::MessageAttributeValue;
use aws_smithy_types::error::operation::BuildError;
use chrono::TimeDelta;
use futures::future::BoxFuture;
use teamd_aws::health::Service;
use teamd_aws::messages::{Letter, MessageError, Messages, Notification};
use teamd_aws::port::Lane;

/// SES and SNS say no time: a little, so that the others of a burst wait too.
const WHEN_THROTTLED: TimeDelta = TimeDelta::seconds(2);

/// Refusals of a message that operators can mend: a sender that is not verified, a sandbox, an account that is paused.
const CAN_BE_MENDED: [&str; 4] = [
    "MessageRejected",
    "MailFromDomainNotVerifiedException",
    "AccountSuspendedException",
    "SendingPausedException",
];

impl Messages for Aws {
    fn send_mail<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<String, MessageError>> {
        Box::pin(async move {
            let content = content(letter).map_err(odd)?;
            let request = self
                .ses(letter.region.as_deref())
                .send_email()
                .from_email_address(&letter.from)
                .set_from_email_address_identity_arn(letter.source_arn.clone())
                .destination(Destination::builder().to_addresses(&letter.to).build())
                .content(content)
                .send();
            let lane = (&self.pace.mail, Lane::Background);
            let sent = self
                .call((Service::Ses, "SendEmail"), lane, request)
                .await
                .map_err(meaning)?;
            Ok(sent.message_id.unwrap_or_else(|| "no message id".to_owned()))
        })
    }

    fn publish<'a>(&'a self, notification: &'a Notification) -> BoxFuture<'a, Result<String, MessageError>> {
        Box::pin(async move {
            let mut request = self
                .sns(&notification.topic_arn)
                .publish()
                .topic_arn(&notification.topic_arn)
                .subject(&notification.subject)
                .message_structure("json")
                .message(&notification.messages);
            for (name, value) in &notification.attributes {
                let value = MessageAttributeValue::builder()
                    .data_type("String")
                    .string_value(value)
                    .build()
                    .map_err(odd)?;
                request = request.message_attributes(*name, value);
            }
            let lane = (&self.pace.topics, Lane::Background);
            let sent = self
                .call((Service::Sns, "Publish"), lane, request.send())
                .await
                .map_err(meaning)?;
            Ok(sent.message_id.unwrap_or_else(|| "no message id".to_owned()))
        })
    }

    fn check_mail<'a>(&'a self, region: Option<&'a str>) -> BoxFuture<'a, Result<String, MessageError>> {
        Box::pin(async move {
            let request = self.ses(region).get_account().send();
            let lane = (&self.pace.mail, Lane::Background);
            let account = self
                .call((Service::Ses, "GetAccount"), lane, request)
                .await
                .map_err(meaning)?;
            if !account.sending_enabled {
                return Err(MessageError::Never(
                    "sending is switched off in this account".to_owned(),
                ));
            }
            let most = account.send_quota.map_or(0.0, |quota| quota.max24_hour_send);
            Ok(if account.production_access_enabled {
                format!("{most:.0} mails a day")
            } else {
                format!("in the sandbox: {most:.0} mails a day, to verified addresses only")
            })
        })
    }

    fn check_topic<'a>(&'a self, topic_arn: &'a str) -> BoxFuture<'a, Result<String, MessageError>> {
        Box::pin(async move {
            let request = self
                .sns(topic_arn)
                .get_topic_attributes()
                .topic_arn(topic_arn)
                .send();
            let lane = (&self.pace.topics, Lane::Background);
            let found = self
                .call((Service::Sns, "GetTopicAttributes"), lane, request)
                .await
                .map_err(meaning)?;
            let attributes = found.attributes.unwrap_or_default();
            let count = attributes
                .get("SubscriptionsConfirmed")
                .map_or("?", String::as_str);
            Ok(format!("{count} confirmed subscriptions"))
        })
    }
}

impl Aws {
    fn ses(&self, region: Option<&str>) -> aws_sdk_sesv2::Client {
        let mut config = aws_sdk_sesv2::config::Builder::from(&self.clients.once);
        if let Some(region) = region {
            config.set_region(Some(Region::new(region.to_owned())));
        }
        aws_sdk_sesv2::Client::from_conf(config.build())
    }

    /// In the region of the topic: `arn:aws:sns:REGION:…`.
    fn sns(&self, topic_arn: &str) -> aws_sdk_sns::Client {
        let mut config = aws_sdk_sns::config::Builder::from(&self.clients.once);
        if let Some(region) = topic_arn.split(':').nth(3).filter(|region| !region.is_empty()) {
            config.set_region(Some(Region::new(region.to_owned())));
        }
        aws_sdk_sns::Client::from_conf(config.build())
    }
}

fn content(letter: &Letter) -> Result<EmailContent, BuildError> {
    let utf8 = |text: &str| Content::builder().data(text).charset("UTF-8").build();
    let header = |name: &str, value: &str| MessageHeader::builder().name(name).value(value).build();
    let body = Body::builder()
        .text(utf8(&letter.text)?)
        .html(utf8(&letter.html)?);
    let message = Message::builder()
        .subject(utf8(&letter.subject)?)
        .body(body.build())
        .headers(header("X-Teamd-Delivery", &letter.id)?)
        .headers(header("Auto-Submitted", "auto-generated")?);
    Ok(EmailContent::builder().simple(message.build()).build())
}

fn odd(error: BuildError) -> MessageError {
    MessageError::Never(error.to_string())
}

fn meaning(failure: Failure) -> MessageError {
    let can_be_mended = failure
        .code
        .as_deref()
        .is_some_and(|code| CAN_BE_MENDED.contains(&code));
    match failure.kind {
        Kind::Invalid if !can_be_mended => MessageError::Never(failure.message),
        Kind::Throttled | Kind::Quota => MessageError::Later {
            why: failure.message,
            wait: Some(WHEN_THROTTLED),
        },
        _ => MessageError::Later {
            why: failure.message,
            wait: None,
        },
    }
}
