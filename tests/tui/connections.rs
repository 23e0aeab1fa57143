//! Connections of the client: few, reused, and tried again where the daemon has too many.

use crate::{run, text};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use team_shared::problem::{Code, MEDIA_TYPE, Problem};
use team_tui::client::Client;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;

const SHORT_STATUS: &str =
    r#"{"healthy":true,"problems":[],"pending":1,"active":0,"overdue":0,"notices":[]}"#;

/// What the first connections meet; later ones are answered.
#[derive(Clone, Copy)]
enum Trouble {
    None,
    TooMany,
    Closed,
}

/// A daemon that answers every call with a short status, and counts.
struct Daemon {
    folder: tempfile::TempDir,
    accepted: Arc<AtomicUsize>,
    most_at_once: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Daemon {
    fn start(trouble: Trouble, troubled: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = UnixListener::bind(folder.path().join("sock")).expect("a socket");
        let (accepted, most_at_once) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (count, most) = (Arc::clone(&accepted), Arc::clone(&most_at_once));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let (busy, mut calls) = (Arc::new(AtomicUsize::new(0)), JoinSet::new());
            loop {
                let (stream, _) = listener.accept().await.expect("a caller");
                let trouble = match count.fetch_add(1, Ordering::SeqCst) < troubled {
                    true => trouble,
                    false => Trouble::None,
                };
                calls.spawn(serve(stream, trouble, Arc::clone(&busy), Arc::clone(&most)));
            }
        });
        Self {
            folder,
            accepted,
            most_at_once,
            _tasks: tasks,
        }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("sock")
    }

    fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

async fn serve(mut stream: UnixStream, trouble: Trouble, busy: Arc<AtomicUsize>, most: Arc<AtomicUsize>) {
    let mut bytes = [0; 4096];
    // A call is one small write here.
    while stream.read(&mut bytes).await.is_ok_and(|length| length > 0) {
        let answer = match trouble {
            Trouble::Closed => return,
            Trouble::TooMany => {
                let problem = Problem::new(Code::TooManyConnections, "your user has too many connections");
                let problem = problem.help("close dashboards that you do not need");
                let body = serde_json::to_string(&problem).expect("json");
                answer("429 Too Many Requests", MEDIA_TYPE, "close", &body)
            }
            Trouble::None => {
                most.fetch_max(busy.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(20)).await;
                busy.fetch_sub(1, Ordering::SeqCst);
                answer("200 OK", "application/json", "keep-alive", SHORT_STATUS)
            }
        };
        if stream.write_all(answer.as_bytes()).await.is_err() || matches!(trouble, Trouble::TooMany) {
            return;
        }
    }
}

fn answer(status: &str, media: &str, connection: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {media}\r\ncontent-length: {length}\r\nconnection: {connection}\r\n\r\n{body}"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_reads_take_turns() {
    let daemon = Daemon::start(Trouble::None, 0);
    let client = Client::new(&daemon.socket(), true).expect("a client");
    let calls = (0..40).map(|_| client.short_status());
    let answers = futures::future::join_all(calls).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(daemon.most_at_once.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn successive_calls_share_one_connection() {
    let daemon = Daemon::start(Trouble::None, 0);
    let client = Client::new(&daemon.socket(), true).expect("a client");
    for _ in 0..20 {
        client.short_status().await.expect("an answer");
    }
    // Now and then the next call comes before the connection is back.
    assert!(daemon.accepted() <= 5, "{} connections", daemon.accepted());
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_connections_are_tried_again() {
    for trouble in [Trouble::TooMany, Trouble::Closed] {
        let daemon = Daemon::start(trouble, 3);
        let output = run(&daemon.socket(), &["status", "--short"]).await;
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert_eq!(daemon.accepted(), 4);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lasting_refusal_is_an_error_that_helps() {
    let daemon = Daemon::start(Trouble::TooMany, usize::MAX);
    let began = Instant::now();
    let output = run(&daemon.socket(), &["status", "--short"]).await;
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("too many connections"), "{error}");
    assert!(error.contains("help: close dashboards"), "{error}");
    assert!(began.elapsed() >= Duration::from_secs(4), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_connection_of_a_change_is_not_retried() {
    let daemon = Daemon::start(Trouble::Closed, usize::MAX);
    let client = Client::new(&daemon.socket(), true).expect("a client");
    let freeze = team_shared::freeze::Freeze {
        reason: "a test".to_owned(),
        revoke: false,
    };
    assert!(client.freeze(&freeze).await.is_err());
    assert_eq!(daemon.accepted(), 1);
}
