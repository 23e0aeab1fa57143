//! AWS's clock: the `Date` of every answer, and the time that requests are signed with.
//!
//! Around the HTTP client, not in each of the services' clients: every answer passes here, refusals too, and those that
//! roles are assumed with.

use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use chrono::DateTime;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;
use teamd_domain::Time;
use teamd_host::clock::Clock;

/// The client, with somebody who listens.
pub(super) fn heard_by(clock: Arc<dyn Clock>, client: SharedHttpClient) -> SharedHttpClient {
    if clock.guard().is_none() {
        return client;
    }
    http_client_fn(move |settings: &HttpConnectorSettings, components| {
        SharedHttpConnector::new(Listening {
            inner: client.http_connector(settings, components),
            clock: Arc::clone(&clock),
        })
    })
}

struct Listening {
    inner: SharedHttpConnector,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Listening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listening").finish_non_exhaustive()
    }
}

impl HttpConnector for Listening {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let clock = Arc::clone(&self.clock);
        let sent = clock.guard().map(|guard| guard.stamp());
        let answer = self.inner.call(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await?;
            if let (Some(guard), Some(sent), Some(date)) = (clock.guard(), sent, date(&answer)) {
                guard.hear(date, sent);
            }
            Ok(answer)
        })
    }
}

fn date(answer: &HttpResponse) -> Option<Time> {
    let header = answer.headers().get("date")?;
    DateTime::parse_from_rfc2822(header)
        .ok()
        .map(|date| date.to_utc())
}

/// What requests are signed with: AWS's own time where the machine's is another, so that a wrong clock does not keep us
/// from taking access back.
pub(super) struct SigningTime(pub(super) Arc<dyn Clock>);

impl fmt::Debug for SigningTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningTime").finish_non_exhaustive()
    }
}

impl TimeSource for SigningTime {
    fn now(&self) -> SystemTime {
        let now = match self.0.guard() {
            Some(guard) => guard.look(|rule| rule.signing_time()),
            None => self.0.now(),
        };
        now.into()
    }
}
