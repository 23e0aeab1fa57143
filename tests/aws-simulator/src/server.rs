//! The HTTP server: loopback only, everything on the current tokio runtime, stopped when dropped.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::clock;
use crate::faults::Faults;
use crate::organisation::{Organisation, standard};
use crate::wire;

/// What to simulate, and where.
#[derive(Debug, Clone)]
pub struct SimulatorConfig {
    /// Where to listen; must be a loopback address. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// The organisation.
    pub organisation: Organisation,
    /// What goes wrong, and the knobs.
    pub faults: Faults,
    /// How many days of event history to write into every account first.
    pub history_days: i64,
    /// How often people get to use their access; `None`: they never do.
    pub activity_tick: Option<Duration>,
}

impl Default for SimulatorConfig {
    /// The demo organisation on a free port, without history, activity or injected faults: for tests.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            organisation: standard::organisation(),
            faults: Faults::default(),
            history_days: 0,
            activity_tick: None,
        }
    }
}

impl SimulatorConfig {
    /// The demo organisation with a week of history and people at work: for `simulate-aws` and the demo.
    pub fn lively() -> Self {
        Self {
            history_days: 7,
            activity_tick: Some(Duration::from_secs(1)),
            ..Self::default()
        }
    }
}

/// Why the simulator did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// It would have been reachable from elsewhere.
    #[error("{0} is not a loopback address; the simulator checks no signatures and listens on loopback only")]
    NotLoopback(SocketAddr),
    /// The address cannot be had.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, #[source] io::Error),
}

/// A running simulator.
#[derive(Debug)]
pub struct Simulator {
    addr: SocketAddr,
    shared: Shared,
    tasks: TaskTracker,
}

impl Simulator {
    /// Starts listening.
    pub async fn start(config: SimulatorConfig) -> Result<Self, StartError> {
        let SimulatorConfig {
            listen,
            mut organisation,
            faults,
            history_days,
            activity_tick,
        } = config;
        if !listen.ip().is_loopback() {
            return Err(StartError::NotLoopback(listen));
        }
        let listener = TcpListener::bind(listen)
            .await
            .map_err(|error| StartError::Listen(listen, error))?;
        let addr = listener
            .local_addr()
            .map_err(|error| StartError::Listen(listen, error))?;
        // History first: a lag of CloudTrail is for what happens from now on.
        organisation.write_history(history_days, clock::now_ms());
        organisation.install_faults(faults.clone(), clock::now_ms());
        let shared = Shared {
            model: Arc::new(Mutex::new(organisation)),
            initial_faults: Arc::new(faults),
            stop: CancellationToken::new(),
        };
        let tasks = TaskTracker::new();
        tasks.spawn(accept(listener, shared.clone(), tasks.clone()));
        if let Some(tick) = activity_tick {
            tasks.spawn(keep_people_busy(shared.clone(), tick));
        }
        tracing::debug!(%addr, "AWS simulator listening");
        Ok(Self { addr, shared, tasks })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The endpoint for every service: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The organisation, to look at and to change. Do not hold the lock across an await.
    pub fn model(&self) -> Arc<Mutex<Organisation>> {
        Arc::clone(&self.shared.model)
    }

    /// Replaces the faults from now on.
    pub fn install_faults(&self, faults: Faults) {
        self.shared.lock().install_faults(faults, self.shared.now_ms());
    }

    /// Stops, and waits until every connection is closed.
    pub async fn shutdown(self) {
        self.shared.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

/// What the handlers share.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    model: Arc<Mutex<Organisation>>,
    initial_faults: Arc<Faults>,
    stop: CancellationToken,
}

impl Shared {
    /// The organisation. A panic elsewhere is no reason to stop answering.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Organisation> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now_ms(&self) -> i64 {
        clock::now_ms()
    }

    pub(crate) fn initial_faults(&self) -> &Faults {
        &self.initial_faults
    }

    /// Resolves when the simulator stops.
    pub(crate) async fn stopped(&self) {
        self.stop.cancelled().await;
    }
}

async fn accept(listener: TcpListener, shared: Shared, tasks: TaskTracker) {
    let router = wire::router(shared.clone());
    loop {
        let stream = tokio::select! {
            () = shared.stopped() => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of descriptors, most likely: others must close first.
                    tracing::warn!(%error, "cannot accept");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        let (router, shared) = (router.clone(), shared.clone());
        tasks.spawn(async move {
            tokio::select! {
                () = shared.stopped() => {}
                () = serve(stream, router) => {}
            }
        });
    }
}

/// Serves one connection. Not `axum::serve`, because that cannot close a connection without an answer.
async fn serve(stream: TcpStream, router: Router) {
    let service = service_fn(move |request: Request<Incoming>| answer(router.clone(), request));
    // Errors are the client hanging up, or a fault that told us to.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(router: Router, request: Request<Incoming>) -> Result<Response, Dropped> {
    let response: Result<Response, Infallible> = router.oneshot(request.map(Body::new)).await;
    match response {
        Ok(response) if response.extensions().get::<wire::DropConnection>().is_some() => Err(Dropped),
        Ok(response) => Ok(response),
    }
}

#[derive(Debug, Error)]
#[error("a fault closed the connection")]
struct Dropped;

async fn keep_people_busy(shared: Shared, tick: Duration) {
    let mut ticks = tokio::time::interval(tick.max(Duration::from_millis(10)));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            () = shared.stopped() => return,
            _ = ticks.tick() => { shared.lock().let_people_act(shared.now_ms()); }
        }
    }
}
