//! What the channels over HTTP share: a client that follows no redirects, and what an answer means.

use crate::Failure;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use std::time::Duration;
use team_shared::text::inert;

/// The specification of webhooks asks for 15 to 30 seconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is read of an answer, in bytes: enough for its message.
const MOST: usize = 16 * 1024;

/// What is kept of it, in characters.
const SHOWN: usize = 300;

/// No channel may silence itself for longer.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(6);

/// A client for one address. A proxy of the environment is used, but not on the way to this machine.
///
/// # Errors
/// TLS cannot be set up.
pub(super) fn client(url: &str) -> Result<Client, String> {
    let is_local = url.starts_with("http://");
    let builder = Client::builder()
        .redirect(Policy::none())
        .timeout(PATIENCE)
        .connect_timeout(Duration::from_secs(10))
        .https_only(!is_local)
        .referer(false)
        .user_agent(concat!("teamd/", env!("CARGO_PKG_VERSION")));
    let builder = if is_local { builder.no_proxy() } else { builder };
    builder.build().map_err(|error| error.to_string())
}

/// An answer, read.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) wait: Option<TimeDelta>,
    pub(super) body: String,
}

impl Answer {
    /// Status and the beginning of the body, inert.
    pub(super) fn words(&self) -> String {
        let body: String = inert(self.body.trim()).chars().take(SHOWN).collect();
        let status = self.status.as_u16();
        if body.is_empty() {
            format!("HTTP {status}")
        } else {
            format!("HTTP {status}: {body}")
        }
    }

    /// Not now, with what it asks for.
    pub(super) fn later(&self) -> Failure {
        Failure::Later {
            why: self.words(),
            wait: self.wait,
        }
    }
}

/// Reads an answer, no more of it than is needed.
pub(super) async fn read(mut response: Response, now: DateTime<Utc>) -> Result<Answer, Failure> {
    let (status, wait) = (response.status(), retry_after(response.headers(), now));
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| lost(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() >= MOST {
            body.truncate(MOST);
            break;
        }
    }
    Ok(Answer {
        status,
        wait,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

/// A call that came to no answer. The address may be a secret, so it is not in the words.
pub(super) fn lost(error: &reqwest::Error) -> Failure {
    let what = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "cannot connect"
    } else {
        "the connection broke"
    };
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    let mut deepest = String::new();
    while let Some(inner) = cause {
        deepest = inner.to_string();
        cause = inner.source();
    }
    Failure::later(if deepest.is_empty() {
        what.to_owned()
    } else {
        format!("{what}: {}", inert(&deepest))
    })
}

/// `Retry-After`, in seconds or as a date.
fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<TimeDelta> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<u32>() {
        Ok(seconds) => TimeDelta::seconds(i64::from(seconds)),
        Err(_) => DateTime::parse_from_rfc2822(text).ok()?.to_utc() - now,
    };
    Some(wait.clamp(TimeDelta::zero(), LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_seconds_or_dates_and_bounded() {
        let now: DateTime<Utc> = "2026-11-23T09:00:00Z".parse().unwrap();
        let wait = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            retry_after(&headers, now).map(|wait| wait.num_seconds())
        };
        assert_eq!(wait("30"), Some(30));
        assert_eq!(wait("Mon, 23 Nov 2026 09:02:00 GMT"), Some(120));
        assert_eq!(wait("Mon, 23 Nov 2026 08:02:00 GMT"), Some(0));
        assert_eq!(wait("999999"), Some(6 * 3600));
        assert_eq!(wait("soon"), None);
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
