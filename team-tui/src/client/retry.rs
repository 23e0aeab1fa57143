//! Retries where the daemon has too many connections: with growing, jittered pauses, for five seconds in all.

use super::error::{self, ClientError};
use reqwest::Method;
use std::error::Error;
use std::io;
use std::path::Path;
use std::time::Duration;
use team_shared::problem::Code;
use tokio::time::Instant;

/// How long a call is tried again.
const RETRY_FOR: Duration = Duration::from_secs(5);

/// The first pause; it doubles up to the longest.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// An attempt that failed.
pub(super) struct Failed {
    pub(super) error: ClientError,
    /// Nothing was done, or doing it twice does no harm.
    pub(super) may_retry: bool,
}

impl Failed {
    /// The daemon answered, but not with success.
    pub(super) fn answered(error: ClientError) -> Self {
        // Refused before the daemon read the request.
        let may_retry =
            matches!(&error, ClientError::Problem(problem) if problem.code == Code::TooManyConnections);
        Self { error, may_retry }
    }

    /// There was no answer.
    pub(super) fn unanswered(failure: &reqwest::Error, method: &Method, socket: &Path) -> Self {
        let error = error::from_reqwest(failure, socket);
        // The daemon closes connections without an answer where it has refused very many.
        let was_closed = matches!(error, ClientError::Broken { .. }) && !failure.is_timeout();
        let is_read = *method == Method::GET;
        Self {
            may_retry: was_closed && is_read || is_backlog_full(failure),
            error,
        }
    }
}

/// More clients connect than the daemon has accepted yet.
fn is_backlog_full(failure: &reqwest::Error) -> bool {
    let mut cause: Option<&dyn Error> = failure.source().filter(|_| failure.is_connect());
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<io::Error>() {
            return io.kind() == io::ErrorKind::WouldBlock;
        }
        cause = inner.source();
    }
    false
}

/// The pauses between the attempts of one call.
pub(super) struct Retries {
    give_up_at: Instant,
    pause: Duration,
}

impl Retries {
    pub(super) fn new() -> Self {
        Self {
            give_up_at: Instant::now() + RETRY_FOR,
            pause: SHORTEST_PAUSE,
        }
    }

    /// Waits before the next attempt; false: there is no time for another one.
    pub(super) async fn pause(&mut self) -> bool {
        let now = Instant::now();
        if now >= self.give_up_at {
            return false;
        }
        let next = now + self.pause.mul_f64(jitter());
        tokio::time::sleep_until(next.min(self.give_up_at)).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        true
    }
}

/// Between half and one and a half: many clients of one daemon must not come back in one moment.
#[allow(
    clippy::disallowed_methods,
    reason = "spreads retries; nothing depends on its value"
)]
pub(crate) fn jitter() -> f64 {
    rand::random_range(0.5..1.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn retries_end_when_their_time_is_over() {
        let started = Instant::now();
        let time = Duration::from_millis(300);
        let mut retries = Retries {
            give_up_at: started + time,
            pause: Duration::from_millis(10),
        };
        let mut attempts = 1;
        while retries.pause().await {
            attempts += 1;
        }
        assert!((3..20).contains(&attempts), "{attempts}");
        assert!(started.elapsed() >= time);
    }
}
