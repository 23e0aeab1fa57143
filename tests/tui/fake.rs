//! A daemon that knows only [`fixtures`](crate::fixtures): enough of the API to drive the client, none of the rules.

mod activity;
mod lost;
mod notify;
mod routes;

pub(crate) use activity::Step;

use crate::fixtures;
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use team_shared::activity::ActivityItem;
use team_shared::event::{Event, EventType};
use team_shared::ids::RequestId;
use team_shared::list::Page;
use team_shared::request::RequestView;
use team_shared::state::RequestState;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the fake knows and has seen.
pub(crate) struct World {
    pub(crate) requests: Vec<RequestView>,
    pub(crate) events: Vec<Event>,
    pub(crate) healthy: bool,
    pub(crate) full_status_allowed: bool,
    /// Changing calls as they came: path, idempotency key, body.
    pub(crate) seen: Vec<(String, Option<String>, Value)>,
    pub(crate) acting_as: Option<String>,
    pub(crate) policy: String,
    /// What happens to a new request at once.
    pub(crate) fate: Option<RequestState>,
    pub(crate) portal_url: Option<String>,
    /// `done` answers 500.
    pub(crate) done_fails: bool,
    /// Of the lists that were asked for.
    pub(crate) scopes: Vec<String>,
    /// So many submissions are done and not answered.
    pub(crate) answers_lost: usize,
    /// Activity beside the fixtures'.
    pub(crate) activity: Vec<ActivityItem>,
    /// What the next activity streams say, one after the other; without it, something every now and then.
    pub(crate) streams: VecDeque<Vec<Step>>,
    /// Activity of these cannot be read.
    pub(crate) unreadable: Vec<RequestId>,
    pub(crate) coverage: String,
}

type Shared = Arc<Fake>;

/// The running fake.
pub(crate) struct Fake {
    world: Mutex<World>,
    changed: watch::Sender<u64>,
    /// Counts kills: streams end with the life that they began in.
    killed: watch::Sender<u64>,
    /// Counts how often activity was read.
    activity_reads: watch::Sender<u64>,
    pub(crate) directory: tempfile::TempDir,
}

/// A fake and the task that serves it; stops when dropped.
pub(crate) struct Running {
    pub(crate) fake: Shared,
    task: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[allow(clippy::disallowed_methods, reason = "a fake daemon lives in real time")]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}

impl Fake {
    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.path().join("teamd.sock")
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world
            .lock()
            .expect("no test panics while it holds the world")
    }

    /// Changes a request and tells of it.
    pub(crate) fn change(
        &self,
        short: &str,
        kind: EventType,
        change: impl FnOnce(&mut RequestView),
    ) -> Option<RequestView> {
        let mut world = self.world();
        let view = world.requests.iter_mut().find(|view| view.id.short() == short)?;
        change(view);
        view.version += 1;
        let view = view.clone();
        let seq = world.events.len() as u64 + 1;
        let event = fixtures::event(seq, now(), kind, Some(view.id), Some("frank"));
        world.events.push(event);
        self.changed.send_replace(seq);
        Some(view)
    }
}

/// Starts a fake on a socket of its own.
pub(crate) async fn start() -> Running {
    let directory = tempfile::tempdir().expect("a directory");
    let (changed, _) = watch::channel(0);
    let now = now();
    let requests = fixtures::requests(now);
    let events = requests
        .iter()
        .zip(1..)
        .map(|(view, seq)| {
            fixtures::event(
                seq,
                view.created_at,
                EventType::RequestSubmitted,
                Some(view.id),
                Some(&view.requester.user_name),
            )
        })
        .collect();
    let fake = Arc::new(Fake {
        world: Mutex::new(World {
            requests,
            events,
            healthy: true,
            full_status_allowed: false,
            seen: Vec::new(),
            acting_as: None,
            policy: "version = 1\n# \u{fc}ber\n\n".to_owned(),
            fate: None,
            portal_url: Some("https://example.awsapps.com/start".to_owned()),
            done_fails: false,
            scopes: Vec::new(),
            answers_lost: 0,
            activity: Vec::new(),
            streams: VecDeque::new(),
            unreadable: Vec::new(),
            coverage: "CloudTrail, eu-west-1".to_owned(),
        }),
        activity_reads: watch::channel(0).0,
        changed,
        killed: watch::channel(0).0,
        directory,
    });
    let task = serve(&fake);
    Running { fake, task }
}

impl Running {
    /// The daemon is gone: connections break, the socket file stays.
    pub(crate) fn kill(&mut self) {
        self.task.abort();
        self.fake.killed.send_modify(|count| *count += 1);
    }

    /// And comes back.
    pub(crate) fn restart(&mut self) {
        self.task = serve(&self.fake);
    }
}

#[allow(clippy::disallowed_methods, reason = "the fake's one task")]
fn serve(fake: &Shared) -> JoinHandle<()> {
    let _ = std::fs::remove_file(fake.socket());
    let listener = tokio::net::UnixListener::bind(fake.socket()).expect("a socket");
    let app = router(Arc::clone(fake));
    tokio::spawn(async move {
        axum::serve(listener, app).await.expect("it serves");
    })
}

fn router(fake: Shared) -> Router {
    Router::new()
        .route("/v1/me", get(routes::me))
        .route(
            "/v1/entitlements",
            get(|| async { Json(Page::whole(fixtures::entitlements())) }),
        )
        .route("/v1/accounts", get(routes::accounts))
        .route("/v1/report", get(routes::report))
        .route("/v1/requests", get(routes::list).post(routes::submit))
        .route("/v1/batches", post(routes::submit_batch))
        .route("/v1/freeze", post(routes::freeze))
        .route("/v1/unfreeze", post(routes::freeze))
        .route("/v1/requests/{id}", get(routes::one))
        .route("/v1/requests/{id}/activity", get(activity::of_request))
        .route("/v1/requests/{id}/timeline", get(routes::timeline))
        .route("/v1/requests/{id}/use", get(routes::use_of))
        .route("/v1/requests/{id}/{verb}", post(routes::act))
        .route("/v1/notifications", get(notify::list))
        .route("/v1/notifications/test", post(notify::test))
        .route("/v1/notifications/retry", post(notify::retry))
        .route("/v1/events", get(routes::events))
        .route("/v1/activity/stream", get(activity::stream))
        .route("/v1/policy", get(routes::policy))
        .route("/v1/policy/test", post(routes::policy_test))
        .route("/v1/directory", get(routes::directory))
        .route("/v1/audit/export", get(|| async { "seq,at\n1,x\n" }))
        .route("/v1/audit/verify", get(routes::verify))
        .route("/v1/audit", get(routes::audit))
        .route("/v1/status", get(routes::status))
        .layer(axum::middleware::from_fn_with_state(
            Arc::clone(&fake),
            lost::lose_answers,
        ))
        .with_state(fake)
}
