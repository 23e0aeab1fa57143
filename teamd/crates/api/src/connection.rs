//! One connection to the socket: HTTP/1.1 with time-outs and small buffers.
//!
//! hyper has one time-out, for reading headers, and it also runs while a kept-alive connection is idle. So the bytes
//! and the bodies report to [`Progress`], and [`Watchdog`] closes the connection when something takes too long.

use super::caller::PeerInfo;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::{Request, Response};
use axum::{Error, Router};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// The largest read buffer of a connection, in bytes: headers must fit in it.
const READ_BUFFER: usize = 16 * 1024;

/// How long the parts of an exchange may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timeouts {
    /// For all headers of a request to arrive, and for the first request of a connection to begin.
    pub(super) header: Duration,
    /// Between two requests.
    pub(super) idle: Duration,
    /// For the body of a request to arrive.
    pub(super) body: Duration,
    /// Without a byte of the answer being taken.
    pub(super) write: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            header: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            body: Duration::from_secs(30),
            write: Duration::from_secs(30),
        }
    }
}

/// Serves a connection until it ends, is stopped or takes too long.
pub(super) async fn serve_connection<S>(
    stream: S,
    peer: PeerInfo,
    router: Router,
    timeouts: Timeouts,
    stop: CancellationToken,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let progress = Progress::new();
    let io = TokioIo::new(Watched {
        stream,
        progress: progress.clone(),
    });
    let service = hyper::service::service_fn(|request: Request<Incoming>| {
        let (router, progress) = (router.clone(), progress.clone());
        async move { Ok::<_, std::convert::Infallible>(answer(request, peer, router, progress).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_buf_size(READ_BUFFER)
        .serve_connection(io, service);
    let mut connection = std::pin::pin!(connection);
    let mut watchdog = std::pin::pin!(Watchdog {
        progress: progress.clone(),
        timeouts,
        sleep: Box::pin(tokio::time::sleep(timeouts.header)),
    });
    let mut is_stopping = false;
    loop {
        tokio::select! {
            biased;
            // How a connection ends is between hyper and the client.
            _ = &mut connection => return,
            () = &mut watchdog => return,
            () = stop.cancelled(), if !is_stopping => {
                is_stopping = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

async fn answer(
    request: Request<Incoming>,
    peer: PeerInfo,
    router: Router,
    progress: Progress,
) -> Response<Body> {
    progress.change(|state| {
        state.phase = Phase::Answering;
        state.body_since = (!request.body().is_end_stream()).then(Instant::now);
    });
    let mut request = request.map(|body| {
        Body::new(RequestBody {
            body,
            progress: progress.clone(),
        })
    });
    request.extensions_mut().insert(ConnectInfo(peer));
    let Ok(response) = router.oneshot(request).await;
    response.map(|body| Body::new(ResponseBody { body, progress }))
}

/// What a connection waits for, and since when.
#[derive(Debug)]
struct State {
    phase: Phase,
    /// A body of a request is being read.
    body_since: Option<Instant>,
    /// Bytes of an answer are not taken.
    write_blocked_since: Option<Instant>,
}

#[derive(Debug)]
enum Phase {
    /// For the first byte of the first request.
    New(Instant),
    /// For the rest of the headers.
    Headers(Instant),
    /// For the handler, or for its answer to be sent.
    Answering,
    /// For the next request.
    Idle(Instant),
}

#[derive(Debug, Clone)]
struct Progress(Arc<Mutex<State>>);

impl Progress {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            phase: Phase::New(Instant::now()),
            body_since: None,
            write_blocked_since: None,
        })))
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
    }

    fn has_read(&self) {
        self.change(|state| match state.phase {
            // The time for the headers of a first request runs from the connection.
            Phase::New(since) => state.phase = Phase::Headers(since),
            Phase::Idle(_) => state.phase = Phase::Headers(Instant::now()),
            Phase::Headers(_) | Phase::Answering => {}
        });
    }

    fn has_written<T>(&self, written: &Poll<T>) {
        self.change(|state| match written {
            Poll::Ready(_) => state.write_blocked_since = None,
            Poll::Pending => {
                state.write_blocked_since.get_or_insert_with(Instant::now);
            }
        });
    }

    fn deadline(&self, timeouts: &Timeouts) -> Option<Instant> {
        let state = self.state();
        let phase = match state.phase {
            Phase::New(since) | Phase::Headers(since) => Some(since + timeouts.header),
            Phase::Idle(since) => Some(since + timeouts.idle),
            Phase::Answering => None,
        };
        let body = state.body_since.map(|since| since + timeouts.body);
        let write = state.write_blocked_since.map(|since| since + timeouts.write);
        [phase, body, write].into_iter().flatten().min()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Done when the connection has taken too long. Must be polled after the connection: it looks at the deadline anew each
/// time.
struct Watchdog {
    progress: Progress,
    timeouts: Timeouts,
    sleep: Pin<Box<Sleep>>,
}

impl Future for Watchdog {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = self.progress.deadline(&self.timeouts) else {
            // What begins the next deadline wakes this task.
            return Poll::Pending;
        };
        if self.sleep.deadline() != deadline {
            self.sleep.as_mut().reset(deadline);
        }
        self.sleep.as_mut().poll(context)
    }
}

/// A stream that reports its progress.
struct Watched<S> {
    stream: S,
    progress: Progress,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            self.progress.has_read();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.progress.has_written(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.progress.has_written(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// The body of a request: reports its end.
struct RequestBody {
    body: Incoming,
    progress: Progress,
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if frame.is_none() || self.body.is_end_stream() {
            self.progress.change(|state| state.body_since = None);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        // Nobody reads on: hyper closes the connection after the answer.
        self.progress.change(|state| state.body_since = None);
    }
}

/// The body of an answer: when hyper drops it, the exchange is over.
struct ResponseBody {
    body: Body,
    progress: Progress,
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        self.progress
            .change(|state| state.phase = Phase::Idle(Instant::now()));
    }
}

#[cfg(test)]
mod tests;
