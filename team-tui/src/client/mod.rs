//! The API of `teamd` over its Unix socket.
//!
//! * [`socket`] whom we are willing to talk to
//! * [`api`] one method per route
//! * [`stream`] server-sent events
//! * [`error`] what can go wrong, and what helps
//! * `retry` what is sent again where the daemon has too many connections
//!
//! To add a route: its path in `team_shared::routes`, a method in [`api`].

pub mod api;
pub mod error;
mod policy;
pub(crate) mod retry;
pub mod socket;
pub mod stream;

pub use error::ClientError;

use reqwest::{Method, RequestBuilder, Response, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use team_shared::problem::Problem;
use tokio::sync::Semaphore;

/// Who a demo daemon is asked to take us for; every other daemon ignores it.
#[cfg(feature = "simulator")]
const ACT_AS: &str = "X-Team-Demo-As";

/// Verbs that need the directory wait for it up to 20 s in the daemon; this leaves room for that.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Reads in flight at the same time; event streams do not count. The daemon allows 32 connections per user, and ten
/// dashboards of one user, with two streams each, must fit.
const MAX_READS: usize = 1;

/// Commands in flight at the same time, beside the reads: a decision never waits behind a long list.
const MAX_COMMANDS: usize = 1;

/// A connection is kept for the next call for this long. The daemon closes it after 60 s.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// A client with at most `MAX_READS` reads and `MAX_COMMANDS` commands in flight, which keeps one idle connection.
/// The owner of the socket is checked before every call.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    socket: PathBuf,
    act_as: Option<String>,
    inert: bool,
    /// Shared by all clones, as is the next.
    reads: Arc<Semaphore>,
    commands: Arc<Semaphore>,
}

impl Client {
    /// A client for the daemon behind `socket`. With `inert`, every text in every answer is made safe to show.
    ///
    /// # Errors
    /// The HTTP library cannot be set up.
    pub fn new(socket: &Path, inert: bool) -> Result<Self, ClientError> {
        let http = reqwest::Client::builder()
            .unix_socket(socket)
            .pool_max_idle_per_host(1)
            .pool_idle_timeout(KEEP_ALIVE)
            .user_agent(concat!("team-tui/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| ClientError::Unexpected(error.to_string()))?;
        Ok(Self {
            http,
            socket: socket.to_owned(),
            act_as: None,
            inert,
            reads: Arc::new(Semaphore::new(MAX_READS)),
            commands: Arc::new(Semaphore::new(MAX_COMMANDS)),
        })
    }

    /// The same client, acting as somebody else where a demo daemon allows it.
    #[must_use]
    pub fn acting_as(mut self, name: Option<String>) -> Self {
        self.act_as = name;
        self
    }

    /// The socket's path.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<RequestBuilder, ClientError> {
        socket::check(&self.socket)?;
        let mut url = Url::parse("http://teamd")
            .and_then(|base| base.join(path))
            .map_err(|error| ClientError::Unexpected(format!("{path}: {error}")))?;
        if !query.is_empty() {
            url.query_pairs_mut()
                .extend_pairs(query.iter().map(|(name, value)| (*name, value.as_str())));
        }
        let builder = self.http.request(method, url);
        #[cfg(feature = "simulator")]
        if let Some(name) = &self.act_as {
            return Ok(builder.header(ACT_AS, name));
        }
        Ok(builder)
    }

    /// Sends a request, and again where the daemon has too many connections.
    async fn send(&self, builder: RequestBuilder) -> Result<Response, ClientError> {
        let unexpected = |error: reqwest::Error| ClientError::Unexpected(error.to_string());
        let mut request = builder.build().map_err(unexpected)?;
        let mut retries = retry::Retries::new();
        loop {
            let (method, next) = (request.method().clone(), request.try_clone());
            let failed = match self.http.execute(request).await {
                Ok(response) if response.status().is_success() => return Ok(response),
                Ok(response) => retry::Failed::answered(self.problem(response).await),
                Err(error) => retry::Failed::unanswered(&error, &method, &self.socket),
            };
            match next {
                Some(next) if failed.may_retry && retries.pause().await => request = next,
                Some(_) | None => return Err(failed.error),
            }
        }
    }

    async fn problem(&self, response: Response) -> ClientError {
        let status = response.status().as_u16();
        let body = response.bytes().await.unwrap_or_default();
        match self.decode::<Problem>(&body) {
            Ok(problem) => ClientError::Problem(Box::new(problem)),
            Err(_) => ClientError::Unexpected(format!("teamd answered {status} without saying why")),
        }
    }

    /// Sends a request when it is its turn, and reads the answer.
    async fn answer<T: DeserializeOwned>(
        &self,
        turns: &Semaphore,
        builder: RequestBuilder,
    ) -> Result<T, ClientError> {
        // Never closed: where it were, the call goes out all the same.
        let _turn = turns.acquire().await;
        let response = self.send(builder.timeout(TIMEOUT)).await?;
        let body = response
            .bytes()
            .await
            .map_err(|error| error::from_reqwest(&error, &self.socket))?;
        self.decode(&body)
            .map_err(|error| ClientError::Unexpected(format!("teamd's answer is not understood: {error}")))
    }

    fn decode<T: DeserializeOwned>(&self, body: &[u8]) -> serde_json::Result<T> {
        let mut value: Value = serde_json::from_slice(body)?;
        if self.inert {
            make_inert(&mut value);
        }
        serde_json::from_value(value)
    }

    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<T, ClientError> {
        self.answer(&self.reads, self.request(Method::GET, path, query)?)
            .await
    }

    async fn get_bytes(&self, path: &str, query: &[(&str, String)]) -> Result<Response, ClientError> {
        let _turn = self.reads.acquire().await;
        self.send(self.request(Method::GET, path, query)?).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
        key: &str,
    ) -> Result<T, ClientError> {
        let builder = self.request(Method::POST, path, &[])?;
        self.answer(&self.commands, builder.header("Idempotency-Key", key).json(body))
            .await
    }

    /// A POST that changes nothing.
    async fn ask<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, ClientError> {
        let builder = self.request(Method::POST, path, &[])?;
        self.answer(&self.reads, builder.json(body)).await
    }

    async fn put<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, ClientError> {
        let builder = self.request(Method::PUT, path, &[])?;
        self.answer(&self.commands, builder.json(body)).await
    }
}

/// A key for one command: repeated by the transport, it counts once.
pub(crate) fn fresh_key() -> String {
    ulid::Ulid::generate().to_string()
}

/// Makes every text inert in one place, so that no screen can forget to. The policy document is the exception: it is
/// printed byte for byte; and its differences: they are made inert line by line; and labels of what was left behind: teamd
/// takes an acknowledgement of exactly these, so they are made inert where they are shown.
fn make_inert(value: &mut Value) {
    match value {
        Value::String(text) => {
            if text.chars().any(team_shared::text::is_hidden) {
                *text = team_shared::text::inert(text);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(make_inert),
        Value::Object(fields) => fields
            .iter_mut()
            .filter(|(name, _)| !matches!(name.as_str(), "document" | "diff" | "label"))
            .for_each(|(_, field)| make_inert(field)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_inert_but_for_those_that_are_needed_byte_for_byte() {
        let mut value = serde_json::json!({"a": ["x\u{1b}[2J"], "document": "line\n", "label": "k\u{202e}"});
        make_inert(&mut value);
        assert_eq!(
            value,
            serde_json::json!({"a": ["x\\u{1b}[2J"], "document": "line\n", "label": "k\u{202e}"})
        );
    }
}
