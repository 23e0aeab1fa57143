//! The channels, one file each.

mod http;
pub mod ses;
pub mod slack;
pub mod smtp;
pub mod sns;
pub mod webhook;

use super::Channel;
use std::sync::Arc;
use teamd_aws::messages::Messages;
use teamd_config::Notify;

/// All channels that are configured, in the order of the configuration. `aws` sends what goes over AWS; without it, SES
/// and SNS are left out.
///
/// # Errors
/// One of them cannot be set up: what, in words.
pub fn open(config: &Notify, aws: Option<&Arc<dyn Messages>>) -> Result<Vec<Arc<dyn Channel>>, String> {
    let mut channels: Vec<Arc<dyn Channel>> = Vec::new();
    if let Some(slack) = &config.slack {
        channels.push(Arc::new(slack::SlackChannel::new(slack.clone())?));
    }
    if let Some(smtp) = &config.smtp {
        channels.push(Arc::new(smtp::SmtpChannel::new(smtp.clone())));
    }
    if let (Some(ses), Some(aws)) = (&config.ses, aws) {
        channels.push(Arc::new(ses::SesChannel::new(ses.clone(), Arc::clone(aws))));
    }
    if let (Some(sns), Some(aws)) = (&config.sns, aws) {
        channels.push(Arc::new(sns::SnsChannel::new(sns.clone(), Arc::clone(aws))));
    }
    for webhook in &config.webhooks {
        channels.push(Arc::new(webhook::WebhookChannel::new(webhook.clone())?));
    }
    Ok(channels)
}
