//! Dashboards as people have them open: the client of `team-tui` itself, with the calls that its dashboard makes at the
//! start, after each event, and every few seconds on the Status screen.

use crate::callers::Counts;
use futures::StreamExt as _;
use futures::future::{FutureExt as _, LocalBoxFuture, join_all};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;
use team_shared::ids::RequestId;
use team_shared::problem::Code;
use team_shared::request::RequestQuery;
use team_tui::client::{Client, ClientError};
use tokio::time::{MissedTickBehavior, interval, sleep};

/// Dashboards that the first person has open.
const OF_ONE: usize = 10;
/// All of them: 49 other people have one each.
pub(crate) const OPEN: u64 = 59;
/// What a dashboard counts once it has the requests that are open.
pub(crate) const LOADED: &str = "answered open requests";
/// Above this many changed requests, everything is read again.
const MANY: usize = 16;
/// Rows that are read at the start: of the newest requests, and of those that are open.
const ROWS: (usize, usize) = (200, 2_000);
/// How often health is read.
const HEALTH_EVERY: Duration = Duration::from_secs(5);
/// From a stream that broke to the next.
const RECONNECT: Duration = Duration::from_millis(500);

/// The dashboards of one person.
pub(crate) async fn run(socket: &Path, number: usize, counts: &Counts) {
    let open = if number == 0 { OF_ONE } else { 1 };
    join_all((0..open).map(|_| async {
        let client = Client::new(socket, true).expect("a client");
        let dashboard = Dashboard { client, counts };
        tokio::join!(
            dashboard.follow_events(),
            dashboard.follow_activity(),
            dashboard.follow_health()
        )
    }))
    .await;
}

struct Dashboard<'a> {
    client: Client,
    counts: &'a Counts,
}

impl Dashboard<'_> {
    /// Counts what a reader would see.
    fn note<T>(&self, what: &str, answer: Result<T, ClientError>) -> Option<T> {
        match answer {
            Ok(answer) => {
                self.counts.add(format!("answered {what}"));
                Some(answer)
            }
            Err(ClientError::Problem(problem)) if problem.status == 429 => {
                self.counts.add(format!("REFUSED {what}: {}", problem.detail));
                None
            }
            Err(ClientError::Problem(problem)) => {
                if !matches!(problem.code, Code::NotAllowed | Code::NotFound) {
                    self.counts.add(format!("FAILED {what}: {}", problem.detail));
                }
                None
            }
            Err(error) => {
                self.counts.add(format!("FAILED {what}: {error}"));
                None
            }
        }
    }

    async fn follow_events(&self) {
        let mut last = None;
        loop {
            let Some(stream) = self.note("events", self.client.events(last).await) else {
                sleep(RECONNECT).await;
                continue;
            };
            let mut stream = std::pin::pin!(stream);
            let mut stale: BTreeSet<RequestId> = BTreeSet::new();
            let mut reads: Option<LocalBoxFuture<'_, ()>> = Some(self.load().boxed_local());
            loop {
                if reads.is_none() && !stale.is_empty() {
                    let changed = std::mem::take(&mut stale);
                    reads = Some(if changed.len() > MANY {
                        self.load().boxed_local()
                    } else {
                        self.refresh(changed).boxed_local()
                    });
                }
                tokio::select! {
                    biased;
                    event = stream.next() => match event {
                        Some(Ok(event)) => {
                            last = last.max(Some(event.seq));
                            stale.extend(event.request_id);
                        }
                        Some(Err(_)) | None => break,
                    },
                    () = async { if let Some(reads) = &mut reads { reads.await } }, if reads.is_some() => reads = None,
                }
            }
            self.counts.add("FAILED events: the stream ended");
        }
    }

    async fn follow_health(&self) {
        let mut health = interval(HEALTH_EVERY);
        health.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            health.tick().await;
            self.note("health", self.client.health().await);
        }
    }

    async fn follow_activity(&self) {
        loop {
            match self.client.activity_stream().await {
                Ok(stream) => {
                    let mut stream = std::pin::pin!(stream);
                    while let Some(Ok(_)) = stream.next().await {}
                }
                answer => drop(self.note("activity", answer.map(drop))),
            }
            sleep(RECONNECT * 2).await;
        }
    }

    /// Everything, as at the start.
    async fn load(&self) {
        let all = |state: Option<&str>| RequestQuery {
            scope: Some("all".to_owned()),
            state: state.map(str::to_owned),
            ..RequestQuery::default()
        };
        let (recent, open) = (all(None), all(Some("pending,scheduled,activating,active,ending")));
        if self.note("me", self.client.me().await).is_none() {
            return;
        }
        let (recent, open, entitlements, health) = tokio::join!(
            self.client.requests(&recent, ROWS.0),
            self.client.requests(&open, ROWS.1),
            self.client.entitlements(),
            self.client.health()
        );
        self.note("newest requests", recent);
        self.note("open requests", open);
        self.note("entitlements", entitlements);
        self.note("health", health);
    }

    async fn refresh(&self, changed: BTreeSet<RequestId>) {
        join_all(changed.iter().map(|id| async move {
            self.note("request", self.client.request_by_id(id).await);
        }))
        .await;
    }
}
