//! Webhooks by the Standard Webhooks specification 1.0.0: `webhook-id`, `webhook-timestamp`, `webhook-signature` with
//! HMAC-SHA256 over `{id}.{timestamp}.{body}`; 2xx alone is success, no redirect is followed, 410 switches it off.

use super::http;
use crate::render::payload::payload;
use crate::{Channel, Failure, Outgoing, Reach, Recipient, secret};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use futures::future::BoxFuture;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::header::CONTENT_TYPE;
use sha2::Sha256;
use teamd_config::Webhook;

/// What stands before a secret in its file.
const PREFIX: &str = "whsec_";

/// The lengths that the specification allows, in bytes.
const LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;

/// A webhook.
pub struct WebhookChannel {
    config: Webhook,
    name: String,
    client: reqwest::Client,
}

impl WebhookChannel {
    /// For this endpoint.
    ///
    /// # Errors
    /// No client can be made.
    pub fn new(config: Webhook) -> Result<Self, String> {
        Ok(Self {
            name: format!("webhook:{}", config.name),
            client: http::client(&config.url)?,
            config,
        })
    }

    /// One signature for each secret, so that receivers can change theirs without losing a message.
    async fn signatures(&self, id: &str, timestamp: i64, body: &str) -> Result<String, String> {
        let secret = secret::read(&self.config.secret_file).await?;
        let mut all = Vec::new();
        for line in secret
            .expose()
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
        {
            all.push(signature(line, id, timestamp, body).ok_or_else(|| {
                format!(
                    "{} must hold {PREFIX}… with 24 to 64 bytes in base64, one secret a line",
                    self.config.secret_file.display()
                )
            })?);
        }
        Ok(all.join(" "))
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<String, Failure> {
        let body = payload(&outgoing.notice, &outgoing.id);
        let timestamp = outgoing.now.timestamp();
        let signatures = self
            .signatures(&outgoing.id, timestamp, &body)
            .await
            .map_err(Failure::later)?;
        let response = self
            .client
            .post(&self.config.url)
            .header("webhook-id", &outgoing.id)
            .header("webhook-timestamp", timestamp.to_string())
            .header("webhook-signature", signatures)
            .header(CONTENT_TYPE, "application/json")
            .body(body)
            .send()
            .await
            .map_err(|error| http::lost(&error))?;
        let answer = http::read(response, outgoing.now).await?;
        match answer.status.as_u16() {
            200..=299 => Ok(answer.words()),
            410 => Err(Failure::Gone(answer.words())),
            300..=399 => Err(Failure::later(format!(
                "HTTP {}: redirects are not followed; set url to where it leads",
                answer.status.as_u16()
            ))),
            _ => Err(answer.later()),
        }
    }
}

fn signature(secret: &str, id: &str, timestamp: i64, body: &str) -> Option<String> {
    let key = BASE64_STANDARD.decode(secret.strip_prefix(PREFIX)?).ok()?;
    if !LENGTHS.contains(&key.len()) {
        return None;
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    Some(format!(
        "v1,{}",
        BASE64_STANDARD.encode(mac.finalize().into_bytes())
    ))
}

impl Channel for WebhookChannel {
    fn name(&self) -> &str {
        &self.name
    }

    fn reach(&self) -> Reach {
        Reach {
            place: Some((Recipient::Place, self.config.events.clone())),
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
            // An endpoint has no way to be asked without being told something.
            self.signatures("ntf_check", 0, "").await?;
            Ok("the secret can be used; `team-tui notify test` sends a message".to_owned())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification() {
        // From the test vectors of the reference libraries.
        let signed = signature(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(
            signed.as_deref(),
            Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        );
    }

    #[test]
    fn secrets_have_the_right_form_and_length() {
        for bad in ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_???", "whsec_c2hvcnQ="] {
            assert_eq!(signature(bad, "m", 1, ""), None, "{bad}");
        }
    }
}
