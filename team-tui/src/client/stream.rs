//! Server-sent events. A stream ends when the daemon goes away; whoever follows it asks again with the last id.

use super::{Client, ClientError, error};
use futures::{Stream, StreamExt};
use reqwest::Method;
use sse_stream::SseByteStream;
use team_shared::activity::ActivityItem;
use team_shared::event::Event;
use team_shared::routes;

/// What the activity stream says.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// An event of a session.
    Item(Box<ActivityItem>),
    /// We were too slow: so many were left out, and are in the pages of their sessions.
    Lagged(u64),
}

impl Client {
    /// Events after `after`, or from now on.
    ///
    /// # Errors
    /// As every call; the stream's items fail when it breaks.
    pub async fn events(
        &self,
        after: Option<u64>,
    ) -> Result<impl Stream<Item = Result<Event, ClientError>> + Send + use<>, ClientError> {
        let decode = |client: &Client, _: Option<&str>, data: &[u8]| client.decode(data).ok();
        self.stream(routes::EVENTS, after, decode).await
    }

    /// Activity of all live sessions that the caller may see, from now on.
    ///
    /// # Errors
    /// As [`Client::events`].
    pub async fn activity_stream(
        &self,
    ) -> Result<impl Stream<Item = Result<Heard, ClientError>> + Send + use<>, ClientError> {
        let decode = |client: &Client, name: Option<&str>, data: &[u8]| match name {
            // However many it says they are: none is worse than one that is not told of.
            Some("lagged") => Some(Heard::Lagged(
                std::str::from_utf8(data)
                    .ok()
                    .and_then(|count| count.trim().parse().ok())
                    .unwrap_or(1),
            )),
            _ => client.decode(data).ok().map(Heard::Item),
        };
        self.stream(routes::ACTIVITY_STREAM, None, decode).await
    }

    async fn stream<T: Send + 'static>(
        &self,
        path: &str,
        after: Option<u64>,
        decode: fn(&Self, Option<&str>, &[u8]) -> Option<T>,
    ) -> Result<impl Stream<Item = Result<T, ClientError>> + Send + use<T>, ClientError> {
        let query: Vec<(&str, String)> = after.map(|seq| ("after", seq.to_string())).into_iter().collect();
        let mut builder = self
            .request(Method::GET, path, &query)?
            .header("Accept", "text/event-stream");
        if let Some(seq) = after {
            builder = builder.header("Last-Event-ID", seq.to_string());
        }
        let response = self.send(builder).await?;
        let client = self.clone();
        Ok(
            SseByteStream::new(response.bytes_stream()).filter_map(move |item| {
                let decoded = match item {
                    // Blocks without data are keep-alives; those that a newer daemon may add are not ours to judge.
                    Ok(event) => event
                        .data
                        .and_then(|data| decode(&client, event.event.as_deref(), data.as_bytes()))
                        .map(Ok),
                    Err(error) => Some(Err(broken(&error, &client))),
                };
                futures::future::ready(decoded)
            }),
        )
    }
}

fn broken(problem: &(dyn std::error::Error + 'static), client: &Client) -> ClientError {
    let mut cause = Some(problem);
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            return error::from_io(io, client.socket());
        }
        cause = inner.source();
    }
    ClientError::Broken {
        path: client.socket().to_owned(),
        detail: "the event stream broke".to_owned(),
    }
}
