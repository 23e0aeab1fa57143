//! The accept loop: peer credentials first, then admission, then one task for each connection.

use super::Api;
use super::admission::{Admission, ConnectionLimits, Lingering, answer_refusal, responders};
use super::caller::PeerInfo;
use super::connection::{Timeouts, serve_connection};
use super::peer::peer_of;
use axum::Router;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use teamd_host::procfs;
use tokio::net::{UnixListener, UnixStream};
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The pause after the first failed `accept`; it doubles up to the longest.
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);

/// The longest pause after a failed `accept`.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The time between two log lines about the same trouble, and between two reports of refused connections.
const REPORT_INTERVAL: Duration = Duration::from_secs(60);

/// How long refusals are collected before the first report, so that it does not name one alone.
const FIRST_REPORT: Duration = Duration::from_secs(1);

/// Where connections come from.
trait Incoming {
    fn next(&mut self) -> impl Future<Output = io::Result<UnixStream>> + Send;
}

impl Incoming for UnixListener {
    async fn next(&mut self) -> io::Result<UnixStream> {
        self.accept().await.map(|(stream, _)| stream)
    }
}

/// Answers until `stop` is done; then no new connection is taken and open answers are finished. Connections are tasks of
/// the runtime that polls this.
///
/// # Errors
/// None: a socket that fails is tried again.
pub async fn serve(
    listener: UnixListener,
    api: Api,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let server = Server {
        router: super::router(api.clone()),
        admission: Arc::clone(&api.admission),
        limits: {
            let api = api.clone();
            move || limits(&api)
        },
        timeouts: Timeouts::default(),
        keeps_login_uids: procfs::keeps_login_uids(),
    };
    tokio::select! {
        biased;
        () = server.run(listener, stop) => {}
        () = responders::refresh(api.clone()) => {}
        () = report_refusals(api.clone()) => {}
    }
    report(&api).await;
    Ok(())
}

/// What the accept loop needs.
struct Server<L> {
    router: Router,
    admission: Arc<Admission>,
    /// Asked for each connection, because they may change.
    limits: L,
    timeouts: Timeouts,
    /// Whether the kernel keeps login uids.
    keeps_login_uids: bool,
}

impl<L: Fn() -> ConnectionLimits> Server<L> {
    async fn run(self, mut incoming: impl Incoming, stop: impl Future<Output = ()>) {
        let (closing, lingering) = (CancellationToken::new(), Lingering::default());
        let mut connections = JoinSet::new();
        let mut trouble = Trouble::default();
        let mut stop = std::pin::pin!(stop);
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut stop => break,
                Some(ended) = connections.join_next() => {
                    note_panic(ended);
                    continue;
                }
                accepted = trouble.accept(&mut incoming) => accepted,
            };
            if let Some(stream) = accepted {
                self.start(stream, &mut connections, &closing, &lingering);
            }
        }
        drop(incoming);
        closing.cancel();
        while let Some(ended) = connections.join_next().await {
            note_panic(ended);
        }
    }

    /// Admits a connection and starts its task, or refuses it.
    fn start(
        &self,
        stream: UnixStream,
        connections: &mut JoinSet<()>,
        closing: &CancellationToken,
        lingering: &Lingering,
    ) {
        let Ok(credentials) = stream.peer_cred() else {
            // Nobody to count it for, and nobody to answer.
            return;
        };
        let (uid, pid) = (credentials.uid(), credentials.pid());
        match self.admission.admit(uid, (self.limits)()) {
            Ok(slot) => {
                let (router, timeouts, closing) = (self.router.clone(), self.timeouts, closing.clone());
                let peer = peer_of(&stream, uid, pid, self.keeps_login_uids);
                connections.spawn(async move {
                    let _slot = slot;
                    serve_connection(stream, PeerInfo(Some(peer)), router, timeouts, closing).await;
                });
            }
            Err(reason) => {
                if let Some(permit) = lingering.permit(uid) {
                    connections.spawn(answer_refusal(stream, reason, permit));
                }
            }
        }
    }
}

/// `[limits]` as they are now.
pub(super) fn limits(api: &Api) -> ConnectionLimits {
    let settings = api.engine.settings();
    ConnectionLimits {
        per_user: settings.connections_per_user,
        total: settings.connections,
    }
}

fn note_panic(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a connection panicked");
    }
}

/// Failures of `accept`: each is followed by a pause, so that the loop neither ends nor spins.
#[derive(Debug, Default)]
struct Trouble {
    pause: Duration,
    until: Option<Instant>,
    logged_at: Option<Instant>,
    failures: u64,
}

impl Trouble {
    /// The next connection; none: `accept` failed, and the next call waits. Dropped and called again it goes on.
    async fn accept(&mut self, incoming: &mut impl Incoming) -> Option<UnixStream> {
        if let Some(until) = self.until {
            tokio::time::sleep_until(until).await;
            self.until = None;
        }
        match incoming.next().await {
            Ok(stream) => {
                self.pause = Duration::ZERO;
                Some(stream)
            }
            Err(error) => {
                self.pause = (self.pause * 2).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
                self.until = Some(Instant::now() + self.pause);
                self.failures += 1;
                if self.logged_at.is_none_or(|at| at.elapsed() >= REPORT_INTERVAL) {
                    tracing::error!(%error, failures = self.failures, "the socket takes no connection; trying again");
                    self.logged_at = Some(Instant::now());
                    self.failures = 0;
                }
                None
            }
        }
    }
}

/// Reports refused connections, once a minute at most. Never ends.
async fn report_refusals(api: Api) {
    loop {
        api.admission.refusal().await;
        tokio::time::sleep(FIRST_REPORT).await;
        report(&api).await;
        tokio::time::sleep(REPORT_INTERVAL - FIRST_REPORT).await;
    }
}

async fn report(api: &Api) {
    let refusals = api.admission.take_refusals();
    let Some((uid, count)) = refusals.top else { return };
    tracing::warn!(
        uid,
        count,
        total = refusals.total(),
        over_the_limit_of_a_user = refusals.per_user,
        all_in_use = refusals.full,
        reserve_in_use = refusals.reserved,
        "connections were refused; uid names who was refused most often"
    );
    let engine = &api.engine;
    engine
        .record_refused_connections(refusals.total(), &refusals.by_uid)
        .await;
}

#[cfg(test)]
mod tests;
