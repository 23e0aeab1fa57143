//! Slack: as a bot (`chat.postMessage`, people by `users.lookupByEmail`) or by an incoming webhook. HTTP 200 with
//! `"ok": false` is Slack's usual refusal. There is no key against repeats: a reply that is lost may lead to a second one.

use super::http::{self, Answer};
use crate::render::slack::message;
use crate::{Address, Channel, Failure, Outgoing, Reach, Recipient, secret};
use futures::future::BoxFuture;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use team_shared::text::inert;
use teamd_config::{Slack, SlackAccess};

/// Who has which address is asked again after this: people change theirs.
const KNOWN_FOR: Duration = Duration::from_secs(3600);

/// Answers that a later try may change although Slack says no: somebody has to change something there, or Slack is ill.
const LATER: [&str; 14] = [
    "ratelimited",
    "rate_limited",
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "team_added_to_org",
    "not_in_channel",
    "missing_scope",
    "invalid_auth",
    "not_authed",
    "token_expired",
    "token_revoked",
    "account_inactive",
];

/// Slack.
pub struct SlackChannel {
    config: Slack,
    client: reqwest::Client,
    people: Mutex<HashMap<String, (String, Instant)>>,
}

impl SlackChannel {
    /// For this workspace.
    ///
    /// # Errors
    /// No client can be made.
    pub fn new(config: Slack) -> Result<Self, String> {
        Ok(Self {
            client: http::client(&config.api_url)?,
            config,
            people: Mutex::default(),
        })
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<String, Failure> {
        let mut body = message(&outgoing.notice, &outgoing.id);
        match &self.config.access {
            SlackAccess::Webhook(file) => {
                let address = read(file).await?;
                let answer = self
                    .ask(self.client.post(address.expose()).json(&body), outgoing)
                    .await?;
                by_webhook(&answer)
            }
            SlackAccess::Bot(file) => {
                let token = read(file).await?;
                let channel = match &outgoing.to {
                    Address::Room(room) => room.clone(),
                    Address::Mail(address) => self.person(address, token.expose(), outgoing).await?,
                    Address::Place => return Err(Failure::Never("a bot has no place of its own".to_owned())),
                };
                body["channel"] = json!(channel);
                let call = self
                    .client
                    .post(self.method("chat.postMessage"))
                    .bearer_auth(token.expose())
                    .json(&body);
                let said = by_method(&self.ask(call, outgoing).await?)?;
                let ts = said["ts"].as_str().unwrap_or("no timestamp");
                let channel = said["channel"].as_str().unwrap_or(&channel);
                Ok(format!("ok, {} {}", inert(channel), inert(ts)))
            }
        }
    }

    /// The id of whoever has this address there.
    async fn person(&self, address: &str, token: &str, outgoing: &Outgoing) -> Result<String, Failure> {
        if let Some((id, at)) = self.known().get(address)
            && at.elapsed() < KNOWN_FOR
        {
            return Ok(id.clone());
        }
        let call = self
            .client
            .get(self.method("users.lookupByEmail"))
            .bearer_auth(token)
            .query(&[("email", address)]);
        let said = by_method(&self.ask(call, outgoing).await?)?;
        let id = said["user"]["id"].as_str().unwrap_or_default().to_owned();
        if id.is_empty() {
            return Err(Failure::later("users.lookupByEmail names nobody"));
        }
        self.known()
            .insert(address.to_owned(), (id.clone(), Instant::now()));
        Ok(id)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, (String, Instant)>> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn method(&self, name: &str) -> String {
        format!("{}/{name}", self.config.api_url.trim_end_matches('/'))
    }

    async fn ask(&self, call: RequestBuilder, outgoing: &Outgoing) -> Result<Answer, Failure> {
        let response = call
            .send()
            .await
            .map_err(|error| http::lost(&error.without_url()))?;
        http::read(response, outgoing.now).await
    }

    async fn try_token(&self, file: &Path) -> Result<String, String> {
        let token = secret::read(file).await?;
        let call = self
            .client
            .post(self.method("auth.test"))
            .bearer_auth(token.expose())
            .send();
        let response = call
            .await
            .map_err(|error| http::lost(&error.without_url()).to_string())?;
        let answer = http::read(response, chrono::DateTime::UNIX_EPOCH)
            .await
            .map_err(|failure| failure.to_string())?;
        let said = by_method(&answer).map_err(|failure| failure.to_string())?;
        let word = |name: &str| inert(said[name].as_str().unwrap_or("?"));
        Ok(format!("{} in {}", word("user"), word("team")))
    }
}

async fn read(file: &Path) -> Result<secret::Secret, Failure> {
    secret::read(file).await.map_err(Failure::later)
}

/// What a method answered: its document, or what its refusal means.
fn by_method(answer: &Answer) -> Result<Value, Failure> {
    if !answer.status.is_success() {
        return Err(answer.later());
    }
    let said: Value =
        serde_json::from_str(&answer.body).map_err(|_| Failure::later("Slack's answer is not JSON"))?;
    if said["ok"] == true {
        return Ok(said);
    }
    let error = said["error"].as_str().unwrap_or("no reason");
    let needed = said["needed"]
        .as_str()
        .map(|scope| format!(" (needs the scope {})", inert(scope)));
    let why = format!("Slack: {}{}", inert(error), needed.unwrap_or_default());
    Err(if LATER.contains(&error) {
        Failure::Later {
            why,
            wait: answer.wait,
        }
    } else {
        Failure::Never(why)
    })
}

/// An incoming webhook answers `ok`, or a word of its own.
fn by_webhook(answer: &Answer) -> Result<String, Failure> {
    match answer.status.as_u16() {
        200..=299 => Ok(answer.words()),
        404 | 410 => Err(Failure::Gone(answer.words())),
        400 => Err(Failure::Never(answer.words())),
        _ => Err(answer.later()),
    }
}

impl Channel for SlackChannel {
    fn name(&self) -> &str {
        "slack"
    }

    fn reach(&self) -> Reach {
        match &self.config.access {
            SlackAccess::Bot(_) => Reach {
                people: true,
                rooms: true,
                mail: false,
                place: self
                    .config
                    .audit_channel
                    .as_ref()
                    .map(|room| (Recipient::Room(room.clone()), Vec::new())),
            },
            SlackAccess::Webhook(_) => Reach {
                place: Some((Recipient::Place, Vec::new())),
                ..Reach::default()
            },
        }
    }

    fn most_at_once(&self) -> usize {
        // Slack allows about one message a second and room.
        2
    }

    fn deliver<'a>(&'a self, outgoing: &'a Outgoing) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(self.send(outgoing))
    }

    fn check(&self) -> BoxFuture<'_, Result<String, String>> {
        Box::pin(async move {
            match &self.config.access {
                SlackAccess::Bot(file) => self.try_token(file).await,
                SlackAccess::Webhook(file) => {
                    let address = secret::read(file).await?;
                    let is_local = self.config.api_url.starts_with("http://");
                    if !address.expose().starts_with("https://") && !is_local {
                        return Err(format!("{} holds no https:// address", file.display()));
                    }
                    Ok("the address can be used; `team-tui notify test slack` sends a message".to_owned())
                }
            }
        })
    }
}
