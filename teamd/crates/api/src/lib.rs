//! The HTTP API on the Unix socket. Identity comes from the kernel, commands are verbs, everything is derived anew.
//!
//! To add a route: a constant in `team_shared::routes`, a handler in the file of its resource, a line in `endpoints` with
//! the class of its cost.
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
mod budget;
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
mod heavy;
mod idempotency;
mod listener;
mod logins;
mod me;
mod name_service;
mod notifications;
mod paging;
mod peer;
mod policy;
mod policy_test;
mod portal;
mod report;
mod requests;
mod rules;
mod search;
mod status;
mod verbs;
mod views;

pub use accept::serve;
pub use ask::{AskError, ask_to_accept_clock};
pub use listener::bind;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::{MethodRouter, get, post, put};
use budget::Class;
use error::ApiError;
use std::sync::Arc;
use team_shared::problem::{Code, Problem};
use team_shared::routes;
use teamd_engine::Engine;
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
    budgets: Arc<budget::Budgets>,
    heavy: Arc<heavy::HeavyPool>,
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
            budgets: Arc::default(),
            heavy: Arc::new(heavy::HeavyPool::start()),
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

/// All routes: each with what a request to it costs.
fn endpoints() -> Vec<(String, Class, MethodRouter<Api>)> {
    use Class::{Heavy, Ordinary, Stream, Urgent};
    let of_request = |name: &str| format!("{}/{name}", routes::REQUEST);
    let at = |route: &str| route.to_owned();
    let large = || DefaultBodyLimit::max(MAX_POLICY);
    vec![
        (at(routes::ME), Ordinary, get(me::me)),
        (at(routes::LOGIN), Ordinary, get(logins::show)),
        (at(routes::ENTITLEMENTS), Heavy, get(me::entitlements)),
        (at(routes::ACCOUNTS), Heavy, get(catalogue::accounts)),
        (
            at(routes::PERMISSION_SETS),
            Heavy,
            get(catalogue::permission_sets),
        ),
        (at(routes::PEOPLE), Heavy, get(catalogue::people)),
        (at(routes::GROUPS), Heavy, get(catalogue::groups)),
        (at(routes::DIRECTORY), Heavy, get(catalogue::directory)),
        (
            at(routes::REQUESTS),
            Ordinary,
            get(requests::list).post(requests::submit),
        ),
        (at(routes::REPORT), Heavy, get(report::report)),
        (at(routes::BATCHES), Ordinary, post(batches::submit)),
        (at(routes::REQUEST), Ordinary, get(requests::show)),
        (of_request("approve"), Ordinary, post(verbs::approve)),
        (of_request("reject"), Urgent, post(verbs::reject)),
        (of_request("cancel"), Urgent, post(verbs::cancel)),
        (of_request("done"), Urgent, post(verbs::done)),
        (of_request("revoke"), Urgent, post(verbs::revoke)),
        (of_request("extend"), Ordinary, post(verbs::extend)),
        (of_request("lost"), Ordinary, post(verbs::lost)),
        (of_request("claim"), Ordinary, post(verbs::claim)),
        (of_request("unclaim"), Ordinary, post(verbs::unclaim)),
        (of_request("review"), Ordinary, post(verbs::review)),
        (of_request("use"), Ordinary, get(portal::use_of)),
        (of_request("timeline"), Ordinary, get(events::timeline)),
        // With `raw=true` it takes a heavy permit as well.
        (of_request("activity"), Ordinary, get(activity::of_request)),
        (at(routes::ACTIVITY_STREAM), Stream, get(activity_stream::stream)),
        (at(routes::EVENTS), Stream, get(events::stream)),
        (at(routes::POLICY), Ordinary, get(policy::show)),
        (at(routes::POLICY), Heavy, put(policy::apply).layer(large())),
        (at(routes::POLICY_PLAN), Heavy, post(policy::plan).layer(large())),
        (
            at(routes::POLICY_TEST),
            Heavy,
            post(policy_test::test).layer(large()),
        ),
        (at(routes::POLICY_CONFIRM), Heavy, post(policy::confirm)),
        (at(routes::POLICY_ROLLBACK), Heavy, post(policy::roll_back)),
        (at(routes::POLICY_HISTORY), Heavy, get(policy::history)),
        (at(routes::POLICY_RULES), Heavy, get(rules::list)),
        (at(routes::POLICY_RULE), Heavy, get(rules::show)),
        (at(routes::POLICY_EXPLAIN), Heavy, get(explain::explain)),
        (at(routes::GRANTS), Ordinary, get(grants::list)),
        (at(routes::FREEZE), Urgent, post(freeze::on)),
        (at(routes::UNFREEZE), Urgent, post(freeze::off)),
        (at(routes::AUDIT), Ordinary, get(audit::list)),
        (at(routes::AUDIT_EXPORT), Heavy, get(audit::export)),
        (at(routes::AUDIT_VERIFY), Heavy, get(audit::verify)),
        (at(routes::NOTIFICATIONS), Ordinary, get(notifications::list)),
        (
            at(routes::NOTIFICATIONS_TEST),
            Ordinary,
            post(notifications::test),
        ),
        (
            at(routes::NOTIFICATIONS_RETRY),
            Ordinary,
            post(notifications::retry),
        ),
        (at(routes::CLOCK_ACCEPT), Urgent, post(clock::accept)),
        (at(routes::STATUS), Urgent, get(status::status)),
        (
            at(routes::HEALTHZ),
            Urgent,
            get(|| async { StatusCode::NO_CONTENT }),
        ),
        (at(routes::READYZ), Urgent, get(degraded::ready)),
    ]
}

/// The API as a service.
pub fn router(api: Api) -> Router {
    let routes = endpoints()
        .into_iter()
        .fold(Router::new(), |router, (path, class, handlers)| {
            let admit = axum::middleware::from_fn_with_state((api.clone(), class), budget::admit);
            router.route(&path, handlers.route_layer(admit))
        });
    routes
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
