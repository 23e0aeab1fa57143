//! The HTTP API on the Unix socket. Identity comes from the kernel, commands are verbs, everything is derived anew.
//!
//! To add a route: a constant in `team_shared::routes`, a handler in the file of its resource, a line in [`router`].
//! Checks run in the order of the contract: size, identity, rate, JSON, visibility, role, state, validation, policy.

mod accept;
mod activity;
mod activity_stream;
mod admission;
mod ask;
mod audit;
mod batches;
mod beside;
mod body;
mod caller;
mod catalogue;
mod clock;
mod connection;
mod degraded;
mod error;
mod events;
mod explain;
mod freeze;
mod grants;
mod idempotency;
mod listener;
mod logins;
mod me;
mod name_service;
mod notifications;
mod policy;
mod policy_test;
mod portal;
mod report;
mod requests;
mod rules;
mod status;
mod verbs;
mod views;

pub use accept::serve;
pub use ask::{AskError, ask_to_accept_clock};
pub use listener::bind;

use crate::engine::Engine;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::{get, post, put};
use error::ApiError;
use std::sync::Arc;
use team_shared::problem::{Code, Problem};
use team_shared::routes;
use tower_http::catch_panic::CatchPanicLayer;

/// The largest body, in bytes.
const MAX_BODY: usize = 64 * 1024;
/// The largest policy document, in bytes.
const MAX_POLICY: usize = 1024 * 1024;

/// What every handler has.
#[derive(Clone)]
pub struct Api {
    engine: Arc<Engine>,
    admission: Arc<admission::Admission>,
    logins: Arc<name_service::Logins>,
    idempotency: Arc<idempotency::Keys>,
    portal: Arc<portal::Portal>,
    /// The demo's `:as`: a header may name the person. Never set outside the demo.
    demo_as: bool,
}

impl Api {
    /// The API of an engine.
    #[must_use]
    pub fn new(engine: Arc<Engine>) -> Self {
        Self {
            engine,
            admission: Arc::default(),
            logins: Arc::default(),
            idempotency: Arc::default(),
            portal: Arc::default(),
            demo_as: false,
        }
    }

    /// The same with what people sign in through: the access portal, and the region of Identity Center.
    #[must_use]
    pub fn with_portal(mut self, url: Option<&str>, region: Option<&str>) -> Self {
        self.portal = Arc::new(portal::Portal::new(url, region));
        self
    }

    /// The API of the demo, where a caller may act as anybody.
    #[cfg(feature = "simulator")]
    #[must_use]
    pub fn demo(engine: Arc<Engine>) -> Self {
        Self {
            demo_as: true,
            ..Self::new(engine)
        }
    }
}

/// All routes.
pub fn router(api: Api) -> Router {
    let of_request = |name: &str| format!("{}/{name}", routes::REQUEST);
    Router::new()
        .route(routes::ME, get(me::me))
        .route(routes::LOGIN, get(logins::show))
        .route(routes::ENTITLEMENTS, get(me::entitlements))
        .route(routes::ACCOUNTS, get(catalogue::accounts))
        .route(routes::PERMISSION_SETS, get(catalogue::permission_sets))
        .route(routes::PEOPLE, get(catalogue::people))
        .route(routes::GROUPS, get(catalogue::groups))
        .route(routes::DIRECTORY, get(catalogue::directory))
        .route(routes::REQUESTS, get(requests::list).post(requests::submit))
        .route(routes::REPORT, get(report::report))
        .route(routes::BATCHES, post(batches::submit))
        .route(routes::REQUEST, get(requests::show))
        .route(&of_request("approve"), post(verbs::approve))
        .route(&of_request("reject"), post(verbs::reject))
        .route(&of_request("cancel"), post(verbs::cancel))
        .route(&of_request("done"), post(verbs::done))
        .route(&of_request("revoke"), post(verbs::revoke))
        .route(&of_request("extend"), post(verbs::extend))
        .route(&of_request("lost"), post(verbs::lost))
        .route(&of_request("claim"), post(verbs::claim))
        .route(&of_request("unclaim"), post(verbs::unclaim))
        .route(&of_request("review"), post(verbs::review))
        .route(&of_request("use"), get(portal::use_of))
        .route(&of_request("timeline"), get(events::timeline))
        .route(&of_request("activity"), get(activity::of_request))
        .route(routes::ACTIVITY_STREAM, get(activity_stream::stream))
        .route(routes::EVENTS, get(events::stream))
        .route(
            routes::POLICY,
            put(policy::apply)
                .layer(DefaultBodyLimit::max(MAX_POLICY))
                .get(policy::show),
        )
        .route(
            routes::POLICY_PLAN,
            post(policy::plan).layer(DefaultBodyLimit::max(MAX_POLICY)),
        )
        .route(
            routes::POLICY_TEST,
            post(policy_test::test).layer(DefaultBodyLimit::max(MAX_POLICY)),
        )
        .route(routes::POLICY_CONFIRM, post(policy::confirm))
        .route(routes::POLICY_ROLLBACK, post(policy::roll_back))
        .route(routes::POLICY_HISTORY, get(policy::history))
        .route(routes::POLICY_RULES, get(rules::list))
        .route(routes::POLICY_RULE, get(rules::show))
        .route(routes::POLICY_EXPLAIN, get(explain::explain))
        .route(routes::GRANTS, get(grants::list))
        .route(routes::FREEZE, post(freeze::on))
        .route(routes::UNFREEZE, post(freeze::off))
        .route(routes::AUDIT, get(audit::list))
        .route(routes::AUDIT_EXPORT, get(audit::export))
        .route(routes::AUDIT_VERIFY, get(audit::verify))
        .route(routes::NOTIFICATIONS, get(notifications::list))
        .route(routes::NOTIFICATIONS_TEST, post(notifications::test))
        .route(routes::NOTIFICATIONS_RETRY, post(notifications::retry))
        .route(routes::CLOCK_ACCEPT, post(clock::accept))
        .route(routes::STATUS, get(status::status))
        .route(routes::HEALTHZ, get(|| async { StatusCode::NO_CONTENT }))
        .route(routes::READYZ, get(degraded::ready))
        .method_not_allowed_fallback(|| async {
            ApiError::from(Problem::new(
                Code::MethodNotAllowed,
                "this path does not take that method",
            ))
        })
        .fallback(|| async { ApiError::from(Problem::new(Code::NotFound, "there is no such path")) })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(axum::middleware::from_fn_with_state(api.clone(), degraded::guard))
        .layer(CatchPanicLayer::custom(error::panicked))
        .with_state(api)
}
