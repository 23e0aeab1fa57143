//! The accept loop over a real socket, with a small router and short limits.

use super::*;
use axum::routing::get;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use team_shared::problem::{Code, Problem};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;

const PER_USER: usize = 20;

/// Ordinary slots of the uid that runs the tests, and the reserved ones where it is root.
fn slots() -> usize {
    match nix::unistd::geteuid().is_root() {
        true => PER_USER + 8,
        false => PER_USER,
    }
}

struct Running {
    folder: tempfile::TempDir,
    admission: Arc<Admission>,
    stop: Option<oneshot::Sender<()>>,
    ended: JoinSet<()>,
}

impl Running {
    fn start(timeouts: Timeouts) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = UnixListener::bind(folder.path().join("sock")).expect("a socket");
        Self::with(folder, listener, timeouts)
    }

    fn with(folder: tempfile::TempDir, incoming: impl Incoming + Send + 'static, timeouts: Timeouts) -> Self {
        let admission = Arc::new(Admission::default());
        let server = Server {
            router: Router::new().route("/", get(|| async { "hello" })),
            admission: Arc::clone(&admission),
            limits: || ConnectionLimits {
                per_user: PER_USER,
                total: 1000,
            },
            timeouts,
            keeps_login_uids: true,
        };
        let (stop, stopped) = oneshot::channel();
        let mut ended = JoinSet::new();
        ended.spawn(async move {
            server
                .run(incoming, async move {
                    let _ = stopped.await;
                })
                .await;
        });
        Self {
            folder,
            admission,
            stop: Some(stop),
            ended,
        }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("sock")
    }

    async fn connect(&self) -> UnixStream {
        UnixStream::connect(self.socket()).await.expect("a connection")
    }

    async fn get(&self) -> reqwest::Response {
        let client = reqwest::Client::builder().unix_socket(self.socket());
        let client = client.build().expect("a client");
        client.get("http://teamd/").send().await.expect("an answer")
    }

    fn open(&self) -> u64 {
        let limits = ConnectionLimits {
            per_user: PER_USER,
            total: 1000,
        };
        self.admission.status(limits).open
    }

    async fn until_open(&self, count: usize) {
        let reached = async {
            while self.open() != count as u64 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let reached = tokio::time::timeout(Duration::from_secs(20), reached).await;
        assert!(reached.is_ok(), "{} open, not {count}", self.open());
    }
}

#[tokio::test]
async fn refused_connection_gets_a_readable_429() {
    let running = Running::start(Timeouts::default());
    let mut held = Vec::new();
    for _ in 0..slots() {
        held.push(running.connect().await);
    }
    running.until_open(slots()).await;
    for _ in 0..10 {
        let answer = running.get().await;
        assert_eq!(answer.status(), 429);
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let problem: Problem = answer.json().await.expect("a problem document");
        assert_eq!(problem.code, Code::TooManyConnections);
    }
    assert_eq!(running.admission.take_refusals().total(), 10);
    held.clear();
    running.until_open(0).await;
    assert_eq!(running.get().await.status(), 200);
}

#[tokio::test]
async fn half_sent_headers_hold_only_own_slots() {
    teamd_host::descriptors::raise_limit();
    let timeouts = Timeouts {
        header: Duration::from_secs(2),
        ..Timeouts::default()
    };
    let running = Running::start(timeouts);
    let mut attack = Vec::new();
    for _ in 0..1500 {
        let mut stream = running.connect().await;
        // Those that are refused and may not linger are closed at once.
        let _ = stream.write_all(b"GET / HTTP/1.1\r\nhost: te").await;
        attack.push(stream);
    }
    running.until_open(slots()).await;
    let refused = running.admission.take_refusals().total();
    assert_eq!(refused, (1500 - slots()) as u64);
    // The header time-out frees the slots although the attack stays connected.
    running.until_open(0).await;
    assert_eq!(running.get().await.status(), 200);
    drop(attack);
}

/// A listener that fails before each connection, as with no descriptor left.
struct Failing {
    listener: UnixListener,
    calls: Arc<AtomicUsize>,
    failures: Arc<Mutex<usize>>,
}

impl Incoming for Failing {
    async fn next(&mut self) -> io::Result<UnixStream> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        {
            let mut failures = self.failures.lock().expect("no panic");
            if *failures > 0 {
                *failures -= 1;
                return Err(rustix::io::Errno::MFILE.into());
            }
        }
        self.listener.next().await
    }
}

#[tokio::test(start_paused = true)]
async fn failing_accept_neither_ends_nor_spins() {
    let folder = tempfile::tempdir().expect("a folder");
    let listener = UnixListener::bind(folder.path().join("sock")).expect("a socket");
    let (calls, failures) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(usize::MAX)));
    let failing = Failing {
        listener,
        calls: Arc::clone(&calls),
        failures: Arc::clone(&failures),
    };
    let running = Running::with(folder, failing, Timeouts::default());
    tokio::time::sleep(Duration::from_secs(60)).await;
    let tries = calls.load(Ordering::SeqCst);
    assert!((50..100).contains(&tries), "{tries} tries in a minute");
    *failures.lock().expect("no panic") = 0;
    let _connection = running.connect().await;
    running.until_open(1).await;
}

#[tokio::test]
async fn stop_closes_idle_connections_and_the_socket() {
    let mut running = Running::start(Timeouts::default());
    let mut idle = running.connect().await;
    idle.write_all(b"GET / HTTP/1.1\r\nhost: teamd\r\n\r\n")
        .await
        .expect("a request");
    let mut answer = [0; 1024];
    let length = idle.read(&mut answer).await.expect("an answer");
    assert!(answer[..length].starts_with(b"HTTP/1.1 200"));
    drop(running.stop.take());
    assert_eq!(idle.read(&mut answer).await.expect("an end"), 0);
    let ended = tokio::time::timeout(Duration::from_secs(10), running.ended.join_next()).await;
    assert!(matches!(ended, Ok(Some(Ok(())))), "{ended:?}");
    assert!(UnixStream::connect(running.socket()).await.is_err());
}
