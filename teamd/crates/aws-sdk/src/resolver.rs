//! Name resolution that cannot use up the runtime's blocking threads.
//!
//! The system resolver blocks a thread for as long as a name server is silent, also after the call that asked has timed
//! out. So a few look-ups at most are under way at a time, and a host whose name cannot be looked up soon is reached at
//! the addresses that it had before.

use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use std::collections::HashMap;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Look-ups under way at most, those that nobody waits for any more included.
const MAX_LOOKUPS: usize = 4;

/// How long a look-up may take where the addresses of before can serve instead. Below the time-out for connections.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(1);

/// What looks a name up; it may block.
type Lookup = fn(&str) -> std::io::Result<Vec<IpAddr>>;

/// A resolver for one HTTP client.
#[derive(Debug, Clone)]
pub(super) struct BoundedResolver {
    lookup: Lookup,
    permits: Arc<Semaphore>,
    known: Arc<Mutex<HashMap<String, Vec<IpAddr>>>>,
}

impl BoundedResolver {
    pub(super) fn new() -> Self {
        Self::with(system_lookup)
    }

    fn with(lookup: Lookup) -> Self {
        Self {
            lookup,
            permits: Arc::new(Semaphore::new(MAX_LOOKUPS)),
            known: Arc::default(),
        }
    }

    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, ResolveDnsError> {
        let known = self.known().get(name).cloned();
        let Some(known) = known else {
            return self.look_up(name).await;
        };
        match tokio::time::timeout(LOOKUP_TIMEOUT, self.look_up(name)).await {
            Ok(Ok(fresh)) => Ok(fresh),
            Ok(Err(_)) | Err(_) => Ok(known),
        }
    }

    async fn look_up(&self, name: &str) -> Result<Vec<IpAddr>, ResolveDnsError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(ResolveDnsError::new)?;
        let (lookup, owned) = (self.lookup, name.to_owned());
        let found = tokio::task::spawn_blocking(move || {
            // Given back by the thread and not by who waits: a look-up that hangs still has the thread.
            let _permit = permit;
            lookup(&owned)
        });
        let found = found
            .await
            .map_err(ResolveDnsError::new)?
            .map_err(ResolveDnsError::new)?;
        if !found.is_empty() {
            self.known().insert(name.to_owned(), found.clone());
        }
        Ok(found)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, Vec<IpAddr>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ResolveDns for BoundedResolver {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(self.resolve(name))
    }
}

fn system_lookup(name: &str) -> std::io::Result<Vec<IpAddr>> {
    Ok((name, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Condvar;
    use std::sync::atomic::{AtomicUsize, Ordering};

    static STARTED: AtomicUsize = AtomicUsize::new(0);
    static SILENT: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());

    /// Answers at once for `first.example` the first time; everything after that hangs until the test ends.
    fn silent_server(name: &str) -> std::io::Result<Vec<IpAddr>> {
        if STARTED.fetch_add(1, Ordering::SeqCst) > 0 || name != "first.example" {
            let mut over = SILENT.0.lock().unwrap();
            while !*over {
                over = SILENT.1.wait(over).unwrap();
            }
        }
        Ok(vec![IpAddr::from([192, 0, 2, 1])])
    }

    #[tokio::test]
    async fn silent_name_server_takes_four_threads() {
        let resolver = BoundedResolver::with(silent_server);
        let first = resolver.resolve("first.example").await.unwrap();
        let waiting: Vec<_> = (0..20)
            .map(|number| {
                let resolver = resolver.clone();
                #[allow(clippy::disallowed_methods, reason = "a test's own tasks")]
                tokio::spawn(async move { resolver.resolve(&format!("{number}.example")).await })
            })
            .collect();
        // The name of before is reached where it was, although no look-up can begin.
        assert_eq!(resolver.resolve("first.example").await.unwrap(), first);
        assert_eq!(STARTED.load(Ordering::SeqCst), 1 + MAX_LOOKUPS);
        waiting.iter().for_each(tokio::task::JoinHandle::abort);
        *SILENT.0.lock().unwrap() = true;
        SILENT.1.notify_all();
    }
}
