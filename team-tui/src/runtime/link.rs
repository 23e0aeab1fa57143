//! The link to the daemon: its event stream and its activity stream. Comes back by itself, with growing and jittered
//! pauses, and resumes after the last event it has seen.

use super::Tagged;
use crate::client::{Client, ClientError};
use crate::message::Message;
use futures::StreamExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc};

const SHORTEST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(10);

/// What both streams need.
#[derive(Clone)]
pub(super) struct Link {
    pub(super) client: Client,
    pub(super) sender: mpsc::Sender<Tagged>,
    pub(super) generation: u64,
    /// Somebody does not want to wait for the next try.
    pub(super) now: Arc<Notify>,
}

impl Link {
    async fn tell(&self, message: Message) {
        // A closed channel means that the dashboard is leaving.
        let _ = self.sender.send((self.generation, message)).await;
    }

    /// Follows the events for as long as the dashboard is open.
    pub(super) async fn follow_events(self) {
        let mut last: Option<u64> = None;
        let mut pause = SHORTEST;
        loop {
            let error = match self.client.events(last).await {
                Ok(stream) => {
                    pause = SHORTEST;
                    self.tell(Message::Linked).await;
                    let mut stream = std::pin::pin!(stream);
                    loop {
                        match stream.next().await {
                            Some(Ok(event)) => {
                                last = last.max(Some(event.seq));
                                self.tell(Message::Event(Box::new(event))).await;
                            }
                            Some(Err(error)) => break error,
                            None => break closed(&self.client),
                        }
                    }
                }
                Err(error) => error,
            };
            let wait = pause.mul_f64(jitter());
            let retry_at = crate::clock::now() + chrono::Duration::from_std(wait).unwrap_or_default();
            let why = error.to_string();
            self.tell(Message::Unlinked { why, retry_at }).await;
            tokio::select! {
                () = tokio::time::sleep(wait) => pause = (pause * 2).min(LONGEST),
                () = self.now.notified() => pause = SHORTEST,
            }
        }
    }

    /// Follows the activity. Its loss alone is no reason for a banner: the event stream tells of a daemon that is away.
    pub(super) async fn follow_activity(self) {
        loop {
            match self.client.activity_stream().await {
                Ok(stream) => {
                    let mut stream = std::pin::pin!(stream);
                    while let Some(Ok(item)) = stream.next().await {
                        self.tell(Message::Activity(Box::new(item))).await;
                    }
                }
                // Not for this caller: asking again would not change that.
                Err(ClientError::Problem(_)) => return,
                Err(_) => {}
            }
            tokio::time::sleep(SHORTEST.mul_f64(2.0 + jitter())).await;
        }
    }
}

fn closed(client: &Client) -> ClientError {
    ClientError::Broken {
        path: client.socket().to_owned(),
        detail: "it closed the connection".to_owned(),
    }
}

/// Between half and one and a half: many clients of one daemon must not come back in one moment.
#[allow(
    clippy::disallowed_methods,
    reason = "spreads retries; nothing depends on its value"
)]
fn jitter() -> f64 {
    rand::random_range(0.5..1.5)
}
