//! The one place that starts tasks: all belong to a tracker, and end with it.

use std::future::Future;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Tasks of one dashboard.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tasks {
    tracker: TaskTracker,
    token: CancellationToken,
}

impl Tasks {
    /// Runs `future` until it ends or these tasks are stopped. A panic in it reaches the panic hook, which restores
    /// the terminal; the dashboard's loop then sees that and leaves.
    #[allow(clippy::disallowed_methods, reason = "the one place that may start tasks")]
    pub(crate) fn start(&self, future: impl Future<Output = ()> + Send + 'static) {
        let token = self.token.clone();
        self.tracker.spawn(async move {
            tokio::select! {
                () = token.cancelled() => {}
                () = future => {}
            }
        });
    }

    /// Stops them all without waiting.
    pub(crate) fn cancel(&self) {
        self.token.cancel();
    }

    /// Stops them all and waits until they have.
    pub(crate) async fn stop(&self) {
        self.token.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}
