//! Permits: who waits for whom, for how long, and when they come back.

use super::super::endpoints;
use super::*;
use futures::FutureExt;
use http_body_util::BodyExt;
use std::collections::BTreeMap;
use team_shared::routes;

const ANN: u32 = 1001;
const BOB: u32 = 1002;

/// Admits what must not wait.
fn at_once(budgets: &Budgets, uid: u32, class: Class) -> (UserBudget, Option<Permit>) {
    let admitted = budgets.admit(uid, class).now_or_never();
    admitted.expect("it waits").expect("it is refused")
}

#[tokio::test(start_paused = true)]
async fn fifth_request_of_a_user_waits_then_fails() {
    let budgets = Budgets::default();
    let held: Vec<_> = (0..4).map(|_| at_once(&budgets, ANN, Class::Ordinary)).collect();
    let start = tokio::time::Instant::now();
    let refused = budgets.admit(ANN, Class::Ordinary).await.unwrap_err();
    assert_eq!((refused.code, start.elapsed()), (Code::LimitReached, MAX_WAIT));
    // Others, and what takes access away, never wait for it.
    at_once(&budgets, BOB, Class::Ordinary);
    at_once(&budgets, ANN, Class::Urgent);
    // One that is given back is the next one's.
    let waiting = budgets.admit(ANN, Class::Ordinary);
    let give_back = async {
        tokio::time::sleep(MAX_WAIT / 2).await;
        drop(held);
    };
    assert!(tokio::join!(waiting, give_back).0.is_ok());
}

#[tokio::test(start_paused = true)]
async fn second_computation_of_a_user_waits() {
    let budgets = Budgets::default();
    let (budget, _) = at_once(&budgets, ANN, Class::Heavy);
    let refused = budgets.admit(ANN, Class::Heavy).await.unwrap_err();
    assert_eq!(refused.code, Code::LimitReached);
    at_once(&budgets, BOB, Class::Heavy);
    drop(budget);
    at_once(&budgets, ANN, Class::Heavy);
}

#[tokio::test]
async fn computation_holds_its_permit_after_a_hang_up() {
    let budgets = Arc::new(Budgets::default());
    let pool = HeavyPool::start();
    let (release, gate) = std::sync::mpsc::channel::<()>();
    let (begun, begins) = tokio::sync::oneshot::channel();
    let (budget, _) = at_once(&budgets, ANN, Class::Heavy);
    let computing = budget.compute(&pool, move || {
        let _ = begun.send(());
        gate.recv()
    });
    tokio::select! {
        biased;
        _ = computing => panic!("it cannot end"),
        begins = begins => begins.unwrap(),
    }
    drop(budget);
    assert!(budgets.admit(ANN, Class::Heavy).now_or_never().is_none());
    drop(release);
    budgets.admit(ANN, Class::Heavy).await.unwrap();
}

#[tokio::test]
async fn operator_never_waits_for_own_reads() {
    let budgets = Budgets::default();
    let held: Vec<_> = (0..100).map(|_| at_once(&budgets, 0, Class::Ordinary)).collect();
    at_once(&budgets, 0, Class::Urgent);
    drop(held);
}

#[tokio::test]
async fn streams_of_a_user_have_a_limit() {
    let budgets = Budgets::default();
    let held: Vec<_> = (0..STREAMS)
        .map(|_| at_once(&budgets, ANN, Class::Stream))
        .collect();
    let refused = budgets.admit(ANN, Class::Stream).await.unwrap_err();
    assert_eq!(refused.code, Code::LimitReached);
    at_once(&budgets, BOB, Class::Stream);
    // A stream that stays open holds no permit for requests; each of its reads takes one, and waits for it.
    let requests: Vec<_> = (0..4).map(|_| at_once(&budgets, ANN, Class::Ordinary)).collect();
    assert!(held[0].0.read().now_or_never().is_none());
    drop(requests);
    assert!(held[0].0.read().now_or_never().flatten().is_some());
}

#[tokio::test]
async fn idle_users_are_forgotten() {
    let budgets = Budgets::default();
    let held = at_once(&budgets, ANN, Class::Ordinary);
    for uid in 2_000..12_000 {
        at_once(&budgets, uid, Class::Ordinary);
        // A task that never yields is made to wait by the runtime.
        tokio::task::yield_now().await;
    }
    assert_eq!(budgets.0.lock().unwrap().len(), 2);
    drop(held);
}

#[tokio::test]
async fn permit_is_held_until_the_body_is_dropped() {
    let budgets = Budgets::default();
    let body = |chunks: usize| {
        let (_, permit) = at_once(&budgets, ANN, Class::Ordinary);
        let chunks = (0..chunks).map(|_| Ok::<_, std::io::Error>(Bytes::from_static(b"x")));
        Body::new(Held {
            inner: Body::from_stream(futures::stream::iter(chunks)),
            _permit: permit,
            _heavy: None,
        })
    };
    let is_free = || budgets.admit(ANN, Class::Ordinary).now_or_never().is_some();
    let mut bodies: Vec<Body> = (0..4).map(|_| body(3)).collect();
    assert!(!is_free());
    // Half sent, then the client hangs up.
    let mut torn = bodies.remove(0);
    torn.frame().await.unwrap().unwrap();
    assert!(!is_free());
    drop(torn);
    assert!(is_free());
}

#[test]
fn removal_verbs_and_health_are_urgent() {
    let classes: BTreeMap<String, Class> = endpoints()
        .into_iter()
        .map(|(path, class, _)| (path, class))
        .collect();
    let of_request = |verb: &str| format!("{}/{verb}", routes::REQUEST);
    let verbs = ["revoke", "done", "cancel", "reject"].map(of_request);
    let routes = [
        routes::FREEZE,
        routes::UNFREEZE,
        routes::STATUS,
        routes::HEALTHZ,
        routes::READYZ,
    ];
    for path in verbs.into_iter().chain(routes.map(ToOwned::to_owned)) {
        assert_eq!(classes.get(&path), Some(&Class::Urgent), "{path}");
    }
    for path in [
        routes::POLICY_PLAN,
        routes::POLICY_TEST,
        routes::REPORT,
        routes::ENTITLEMENTS,
        routes::AUDIT_EXPORT,
        routes::AUDIT_VERIFY,
        routes::POLICY_EXPLAIN,
    ] {
        assert_eq!(classes.get(path), Some(&Class::Heavy), "{path}");
    }
}

#[test]
fn every_route_has_a_class() {
    // `endpoints` is the only place that adds routes, and its rows cannot leave the class out.
    let source = include_str!("../lib.rs");
    assert_eq!(source.matches(".route(").count(), 1);
    assert!(source.contains("handlers.route_layer(admit)"));
}
