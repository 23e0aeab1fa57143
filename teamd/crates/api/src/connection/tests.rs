//! Time-outs and buffers of one connection, over a real socket pair in simulated time.

use super::*;
use axum::response::sse::{Event, Sse};
use axum::routing::{get, post};
use futures::stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::task::JoinSet;

const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: teamd\r\n\r\n";

struct Exchange {
    client: UnixStream,
    tasks: JoinSet<()>,
    began: Instant,
}

impl Exchange {
    fn start() -> Self {
        let (client, server) = UnixStream::pair().expect("a socket pair");
        let events = || async {
            Sse::new(stream::repeat_with(|| {
                Ok::<_, Error>(Event::default().data("x".repeat(900)))
            }))
        };
        let router = Router::new()
            .route("/", get(|| async { "hello" }))
            .route("/events", get(events))
            .route("/ignored", post(|| async { "unread" }))
            .route("/", post(|body: Bytes| async move { body.len().to_string() }));
        let mut tasks = JoinSet::new();
        let (timeouts, stop) = (Timeouts::default(), CancellationToken::new());
        tasks.spawn(serve_connection(server, PeerInfo(None), router, timeouts, stop));
        Self {
            client,
            tasks,
            began: Instant::now(),
        }
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.client.write_all(bytes).await.expect("bytes are taken");
    }

    /// What the server sends until it is silent for a moment.
    async fn receive(&mut self) -> String {
        let mut bytes = vec![0; 4096];
        let length = self.client.read(&mut bytes).await.expect("an answer");
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    }

    /// The second at which the connection ends; it must.
    async fn ends_after(mut self) -> u64 {
        let ended = tokio::time::timeout(Duration::from_secs(3600), self.tasks.join_next()).await;
        assert!(matches!(ended, Ok(Some(Ok(())))), "it never ends");
        // The client is still connected: the server has ended it.
        drop(self.client);
        self.began.elapsed().as_secs()
    }
}

#[tokio::test(start_paused = true)]
async fn silent_connection_ends_with_the_header_time() {
    assert_eq!(Exchange::start().ends_after().await, 10);
}

#[tokio::test(start_paused = true)]
async fn trickled_headers_end_with_the_header_time() {
    let mut exchange = Exchange::start();
    for _ in 0..9 {
        exchange.send(b"G").await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(exchange.ends_after().await, 10);
}

#[tokio::test(start_paused = true)]
async fn kept_alive_connection_ends_with_the_idle_time() {
    let mut exchange = Exchange::start();
    exchange.send(GET).await;
    assert!(exchange.receive().await.starts_with("HTTP/1.1 200"));
    tokio::time::sleep(Duration::from_secs(50)).await;
    exchange.send(GET).await;
    assert!(exchange.receive().await.starts_with("HTTP/1.1 200"));
    assert_eq!(exchange.ends_after().await, 50 + 60);
}

#[tokio::test(start_paused = true)]
async fn next_headers_end_with_the_header_time() {
    let mut exchange = Exchange::start();
    exchange.send(GET).await;
    exchange.receive().await;
    tokio::time::sleep(Duration::from_secs(50)).await;
    exchange.send(&GET[..10]).await;
    assert_eq!(exchange.ends_after().await, 50 + 10);
}

#[tokio::test(start_paused = true)]
async fn trickled_body_ends_with_the_body_time() {
    let mut exchange = Exchange::start();
    exchange
        .send(b"POST / HTTP/1.1\r\nhost: teamd\r\ncontent-length: 1000\r\n\r\n")
        .await;
    for _ in 0..29 {
        exchange.send(b"x").await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(exchange.ends_after().await, 30);
}

#[tokio::test(start_paused = true)]
async fn unread_body_ends_with_its_answer() {
    let mut exchange = Exchange::start();
    let head = b"POST /ignored HTTP/1.1\r\nhost: teamd\r\ncontent-length: 1000\r\n\r\n";
    exchange.send(head).await;
    assert!(exchange.receive().await.starts_with("HTTP/1.1 200"));
    assert!(exchange.ends_after().await <= 30);
}

#[tokio::test(start_paused = true)]
async fn body_in_time_is_answered() {
    let mut exchange = Exchange::start();
    exchange
        .send(b"POST / HTTP/1.1\r\nhost: teamd\r\ncontent-length: 4\r\n\r\n")
        .await;
    tokio::time::sleep(Duration::from_secs(25)).await;
    exchange.send(b"1234").await;
    assert!(exchange.receive().await.ends_with('4'));
    assert_eq!(exchange.ends_after().await, 25 + 60);
}

#[tokio::test(start_paused = true)]
async fn stalled_reader_of_a_stream_is_closed() {
    let mut exchange = Exchange::start();
    exchange
        .send(b"GET /events HTTP/1.1\r\nhost: teamd\r\n\r\n")
        .await;
    assert_eq!(exchange.ends_after().await, 30);
}

#[tokio::test(start_paused = true)]
async fn slow_reader_of_a_stream_is_served() {
    let mut exchange = Exchange::start();
    exchange
        .send(b"GET /events HTTP/1.1\r\nhost: teamd\r\n\r\n")
        .await;
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_secs(20)).await;
        let mut read = 0;
        // As much as frees the send buffer of the other side.
        while read < 1024 * 1024 {
            read += exchange.receive().await.len();
        }
    }
    assert_eq!(exchange.ends_after().await, 20 * 20 + 30);
}

#[tokio::test(start_paused = true)]
async fn headers_over_the_read_buffer_are_refused() {
    let mut exchange = Exchange::start();
    let long = format!("GET /{} HTTP/1.1\r\n", "x".repeat(READ_BUFFER));
    exchange.send(long.as_bytes()).await;
    let answer = exchange.receive().await;
    assert!(
        answer.starts_with("HTTP/1.1 431") || answer.starts_with("HTTP/1.1 414"),
        "{answer}"
    );
    assert_eq!(exchange.ends_after().await, 0);
}
