//! The link to the daemon: its event stream and its activity stream. Comes back by itself, with growing and jittered
//! pauses, and resumes after the last event it has seen.

use super::Tagged;
use crate::client::stream::Heard;
use crate::client::{Client, ClientError, retry};
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
            let wait = pause.mul_f64(retry::jitter());
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
                    // What came before there was this stream is in no stream.
                    self.tell(Message::ActivityGap(None)).await;
                    let mut stream = std::pin::pin!(stream);
                    while let Some(Ok(heard)) = stream.next().await {
                        self.tell(match heard {
                            Heard::Item(item) => Message::Activity(item),
                            Heard::Lagged(missed) => Message::ActivityGap(Some(missed)),
                        })
                        .await;
                    }
                }
                // Not for this caller: asking again would not change that. A daemon that is busy is asked again.
                Err(ClientError::Problem(problem)) if problem.status < 429 => return,
                Err(_) => {}
            }
            tokio::time::sleep(SHORTEST.mul_f64(2.0 + retry::jitter())).await;
        }
    }
}

fn closed(client: &Client) -> ClientError {
    ClientError::Broken {
        path: client.socket().to_owned(),
        detail: "it closed the connection".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixListener;

    const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";

    /// Answers one call with these blocks, and closes.
    async fn answer(listener: &UnixListener, blocks: &str) {
        let (mut call, _) = listener.accept().await.expect("a caller");
        let mut asked = [0; 4096];
        assert!(call.read(&mut asked).await.expect("a call") > 0);
        let text = format!("{HEAD}{blocks}");
        call.write_all(text.as_bytes()).await.expect("an answer");
        call.shutdown().await.expect("an end");
    }

    #[tokio::test]
    async fn what_the_activity_stream_leaves_out_is_told_of_and_so_is_each_new_stream() {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("teamd.sock");
        let listener = UnixListener::bind(&socket).expect("a socket");
        let (sender, mut receiver) = mpsc::channel(8);
        let link = Link {
            client: Client::new(&socket, true).expect("a client"),
            sender,
            generation: 1,
            now: Arc::new(Notify::new()),
        };
        let at = crate::clock::now();
        let item = fixtures::activity(at, fixtures::id(at, "X4TE2N")).remove(0);
        let json = serde_json::to_string(&item).expect("json");
        let blocks = format!("event: activity\ndata: {json}\n\nevent: lagged\ndata: 3\n\n");
        let told = async {
            let mut told = Vec::new();
            while told.len() < 4 {
                told.push(receiver.recv().await.expect("a message").1);
            }
            told
        };
        let answers = async {
            answer(&listener, &blocks).await;
            // The second call is the reconnect.
            answer(&listener, ":\n\n").await;
        };
        let told = tokio::select! {
            () = link.follow_activity() => panic!("it goes on"),
            ((), told) = async { tokio::join!(answers, told) } => told,
            () = tokio::time::sleep(Duration::from_secs(20)) => panic!("not told of all"),
        };
        let [
            Message::ActivityGap(None),
            Message::Activity(heard),
            Message::ActivityGap(Some(3)),
            Message::ActivityGap(None),
        ] = &told[..]
        else {
            panic!("{told:?}")
        };
        assert_eq!(**heard, item);
    }
}
