//! How a daemon of the tests ends, and the runtime that it leaves.

use super::{Ended, World};
use aws_simulator::Simulator;
use std::time::Duration;

impl World {
    /// Stops the daemon as SIGTERM would.
    pub(crate) async fn stop(&mut self) {
        if let Some(daemon) = self.daemon.take() {
            daemon.shutdown.stop();
            daemon.shutdown.finished(Duration::from_secs(2)).await;
            daemon.engine.announce_stop().await;
            daemon.engine.store().close();
        }
    }

    /// Drops everything where it stands.
    pub(crate) async fn kill(&mut self) {
        if let Some(daemon) = self.daemon.take() {
            daemon.shutdown.hard_token().cancel();
            daemon.shutdown.stop();
            daemon.shutdown.finished(Duration::ZERO).await;
            daemon.engine.store().close();
        }
    }

    /// Stops the daemon and starts it again on the same store.
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        self.run().await;
    }

    /// Changes the configuration of the next start.
    pub(crate) fn configure(&mut self, change: impl FnOnce(&mut teamd_config::Config)) {
        change(&mut self.config);
    }

    /// Lets the next start use this AWS; the one before.
    pub(crate) fn use_aws(&mut self, simulator: Simulator) -> Simulator {
        self.config.aws.endpoint_url = Some(simulator.url());
        self.simulator.replace(simulator).expect("the simulator runs")
    }

    /// How the daemon ends by itself.
    pub(crate) async fn ended(&mut self) -> Ended {
        let daemon = self.daemon.take().expect("the daemon runs");
        let ended = daemon.shutdown.finished(Duration::from_secs(5)).await;
        daemon.engine.store().close();
        ended
    }

    /// The runtime of everything but the removal path, where it has one.
    pub(crate) fn service_handle(&self) -> Option<tokio::runtime::Handle> {
        self.service.as_ref().map(|service| service.handle().clone())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // A runtime must not be waited for where another one polls.
        if let Some(service) = self.service.take() {
            service.shutdown_background();
        }
    }
}

pub(super) fn service_runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).max_blocking_threads(16).enable_all();
    builder.build().expect("a runtime")
}
