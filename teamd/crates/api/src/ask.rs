//! The other end of the socket: what a command of `teamd` asks the daemon that runs.

use axum::body::Bytes;
use axum::http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use std::io;
use std::path::Path;
use std::time::Duration;
use team_shared::problem::Problem;
use team_shared::routes;
use team_shared::status::ClockAccepted;
use teamd_engine::AcceptedClock;
use tokio::net::UnixStream;

/// The largest answer that is read, in bytes.
const LARGEST: usize = 64 * 1024;

/// How long the daemon may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why there is no good answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The daemon says no.
    #[error("{0}")]
    Refused(Box<Problem>),
    /// There is no answer that could be read. Whether it was carried out is not known.
    #[error("the daemon does not answer: {0}")]
    Failed(String),
}

impl AskError {
    /// The exit code of a command.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Refused(problem) => problem.code.exit_code(),
            Self::Failed(_) => 1,
        }
    }
}

/// Asks the daemon to accept the clock; `None`: no daemon runs.
///
/// # Errors
/// It refuses, or does not answer.
pub async fn ask_to_accept_clock(socket: &Path) -> Result<Option<AcceptedClock>, AskError> {
    let stream = match UnixStream::connect(socket).await {
        Ok(stream) => stream,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(failed(error)),
    };
    let (status, body) = tokio::time::timeout(PATIENCE, post(stream, routes::CLOCK_ACCEPT))
        .await
        .map_err(|_| failed("not in time"))??;
    if status == StatusCode::OK {
        let done: ClockAccepted = serde_json::from_slice(&body).map_err(failed)?;
        return Ok(Some(AcceptedClock {
            was_suspect: done.was_suspect,
            was: done.was,
            now: done.now,
        }));
    }
    Err(match serde_json::from_slice(&body) {
        Ok(problem) => AskError::Refused(Box::new(problem)),
        Err(_) => failed(format!("HTTP {status}")),
    })
}

async fn post(stream: UnixStream, path: &str) -> Result<(StatusCode, Bytes), AskError> {
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(failed)?;
    let request = Request::post(path)
        .header("host", "teamd")
        .body(Empty::<Bytes>::new())
        .map_err(failed)?;
    let answer = async {
        let answer = sender.send_request(request).await.map_err(failed)?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), LARGEST)
            .collect()
            .await
            .map_err(failed)?;
        Ok((status, body.to_bytes()))
    };
    tokio::pin!(answer);
    // The same task drives the connection. One that closes behind the answer is no failure.
    tokio::select! {
        answer = &mut answer => answer,
        _ = connection => answer.await,
    }
}

fn failed(error: impl std::fmt::Display) -> AskError {
    AskError::Failed(error.to_string())
}
