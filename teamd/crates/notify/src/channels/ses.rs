//! Amazon SES v2, with the daemon's AWS credentials. A message id means that SES has taken the mail, not that it arrived.

use crate::render::mail::mail;
use crate::{Address, Channel, Failure, Outgoing, Reach};
use futures::future::BoxFuture;
use std::sync::Arc;
use team_shared::text::inert;
use teamd_aws::messages::{Letter, MessageError, Messages};
use teamd_config::Ses;

/// Amazon SES.
pub struct SesChannel {
    config: Ses,
    aws: Arc<dyn Messages>,
}

impl SesChannel {
    /// From this sender.
    #[must_use]
    pub fn new(config: Ses, aws: Arc<dyn Messages>) -> Self {
        Self { config, aws }
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<String, Failure> {
        let Address::Mail(to) = &outgoing.to else {
            return Err(Failure::Never("mail needs an address".to_owned()));
        };
        // SES parses addresses itself: nothing that could be more than one goes there.
        let to: lettre::Address = to
            .parse()
            .map_err(|error| Failure::Never(format!("{} is not a mail address: {error}", inert(to))))?;
        let mail = mail(&outgoing.notice, &outgoing.id);
        let letter = Letter {
            from: self.config.from.clone(),
            source_arn: self.config.source_arn.clone(),
            region: self.config.region.clone(),
            to: to.to_string(),
            subject: mail.subject,
            text: mail.text,
            html: mail.html,
            id: outgoing.id.clone(),
        };
        self.aws.send_mail(&letter).await.map_err(meaning)
    }
}

/// What AWS's refusals mean for a message.
pub(super) fn meaning(error: MessageError) -> Failure {
    match error {
        MessageError::Later { why, wait } => Failure::Later {
            why: inert(&why),
            wait,
        },
        MessageError::Never(why) => Failure::Never(inert(&why)),
    }
}

impl Channel for SesChannel {
    fn name(&self) -> &str {
        "ses"
    }

    fn reach(&self) -> Reach {
        Reach {
            people: true,
            mail: true,
            ..Reach::default()
        }
    }

    fn most_at_once(&self) -> usize {
        4
    }

    fn deliver<'a>(&'a self, outgoing: &'a Outgoing) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(self.send(outgoing))
    }

    fn check(&self) -> BoxFuture<'_, Result<String, String>> {
        Box::pin(async move {
            let checked = self.aws.check_mail(self.config.region.as_deref()).await;
            checked.map_err(|error| inert(&error.to_string()))
        })
    }
}
