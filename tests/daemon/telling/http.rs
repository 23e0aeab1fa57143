//! An HTTP endpoint that remembers what it got, and answers as it is told.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A request as it came.
#[derive(Debug, Clone)]
pub(super) struct Got {
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Got {
    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

/// How it answers: a status, headers and a body. `None`: it takes the request and says nothing, as where a reply is lost.
pub(super) type Answer = Option<(u16, Vec<(&'static str, String)>, String)>;

type Script = Arc<dyn Fn(&Got) -> Answer + Send + Sync>;

#[derive(Clone)]
struct Shared {
    got: Arc<Mutex<Vec<Got>>>,
    script: Arc<Mutex<Script>>,
    /// While it is so, what was taken is not answered.
    holds: tokio::sync::watch::Sender<bool>,
    held: Arc<AtomicUsize>,
}

/// The endpoint. Dropped, it is gone.
pub(super) struct Receiver {
    shared: Shared,
    address: std::net::SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

pub(super) fn ok() -> Answer {
    Some((200, Vec::new(), "ok".to_owned()))
}

pub(super) fn status(code: u16) -> Answer {
    Some((code, Vec::new(), String::new()))
}

impl Receiver {
    pub(super) async fn start(script: impl Fn(&Got) -> Answer + Send + Sync + 'static) -> Self {
        let shared = Shared {
            got: Arc::default(),
            script: Arc::new(Mutex::new(Arc::new(script))),
            holds: tokio::sync::watch::Sender::new(false),
            held: Arc::default(),
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let address = listener.local_addr().expect("an address");
        let app = Router::new().fallback(take).with_state(shared.clone());
        #[expect(clippy::disallowed_methods, reason = "a server of the test's own")]
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        Self {
            shared,
            address,
            task,
        }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(super) fn got(&self) -> Vec<Got> {
        self.shared
            .got
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Takes messages and answers none, until it is told to answer again.
    pub(super) fn hold(&self, holds: bool) {
        self.shared.held.store(0, Ordering::SeqCst);
        self.shared.holds.send_replace(holds);
    }

    /// How many wait for their answer since it was told to hold.
    pub(super) fn held(&self) -> usize {
        self.shared.held.load(Ordering::SeqCst)
    }

    /// Answers otherwise from now on.
    pub(super) fn answer(&self, script: impl Fn(&Got) -> Answer + Send + Sync + 'static) {
        *self.shared.script.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(script);
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let got = Got {
        path: format!("{method} {uri}"),
        headers,
        body,
    };
    let script = Arc::clone(&shared.script.lock().unwrap_or_else(PoisonError::into_inner));
    shared
        .got
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(got.clone());
    let answer = script(&got);
    let mut holds = shared.holds.subscribe();
    if *holds.borrow_and_update() {
        shared.held.fetch_add(1, Ordering::SeqCst);
        // Gone with the receiver, which answers nobody any more.
        let _ = holds.wait_for(|holds| !holds).await;
    }
    match answer {
        Some((code, headers, body)) => {
            let status = StatusCode::from_u16(code).expect("a status");
            let mut response = (status, body).into_response();
            for (name, value) in headers {
                response
                    .headers_mut()
                    .insert(name, value.parse().expect("a header"));
            }
            response
        }
        // The connection breaks in the middle of the answer.
        None => {
            let broken = futures::stream::once(async { Err::<Bytes, _>(std::io::Error::other("lost")) });
            let mut response = Response::new(axum::body::Body::from_stream(broken));
            response
                .headers_mut()
                .insert("content-length", "999".parse().expect("a length"));
            response
        }
    }
}
