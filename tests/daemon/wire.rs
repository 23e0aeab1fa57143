//! What the socket takes: methods, paths, queries, callers. Every refusal is a problem document.

use crate::support::*;
use reqwest::Method;
use serde_json::json;

/// Every path with the methods that it takes; `{id}` is a request.
const ROUTES: &[(&str, &[Method])] = &[
    ("/v1/me", &[Method::GET]),
    ("/v1/entitlements", &[Method::GET]),
    ("/v1/accounts", &[Method::GET]),
    ("/v1/permission-sets", &[Method::GET]),
    ("/v1/people", &[Method::GET]),
    ("/v1/groups", &[Method::GET]),
    ("/v1/directory", &[Method::GET]),
    ("/v1/requests", &[Method::GET, Method::POST]),
    ("/v1/requests/{id}", &[Method::GET]),
    ("/v1/requests/{id}/approve", &[Method::POST]),
    ("/v1/requests/{id}/reject", &[Method::POST]),
    ("/v1/requests/{id}/cancel", &[Method::POST]),
    ("/v1/requests/{id}/done", &[Method::POST]),
    ("/v1/requests/{id}/revoke", &[Method::POST]),
    ("/v1/requests/{id}/timeline", &[Method::GET]),
    ("/v1/requests/{id}/activity", &[Method::GET]),
    ("/v1/activity/stream", &[Method::GET]),
    ("/v1/events", &[Method::GET]),
    ("/v1/policy", &[Method::GET, Method::PUT]),
    ("/v1/policy/history", &[Method::GET]),
    ("/v1/grants", &[Method::GET]),
    ("/v1/audit", &[Method::GET]),
    ("/v1/audit/export", &[Method::GET]),
    ("/v1/audit/verify", &[Method::GET]),
    ("/v1/status", &[Method::GET]),
    ("/healthz", &[Method::GET]),
    ("/readyz", &[Method::GET]),
];

const METHODS: &[Method] = &[
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::DELETE,
    Method::PATCH,
    Method::OPTIONS,
];

#[tokio::test]
async fn a_wrong_method_is_405_and_says_what_is_right() {
    let world = World::new().await;
    let id = world.pending().await;
    let gita = world.as_("gita");
    for (path, allowed) in ROUTES {
        let path = path.replace("{id}", &id);
        for method in METHODS.iter().filter(|method| !allowed.contains(method)) {
            let answer = gita.send(method.clone(), &path, "{}").await;
            answer.refused(405, "method_not_allowed");
            let allow = answer.allow.clone().unwrap_or_default();
            for right in *allowed {
                assert!(allow.contains(right.as_str()), "{method} {path}: Allow: {allow}");
            }
        }
    }
    assert_eq!(world.show(&id).await["version"], 1);
}

#[tokio::test]
async fn an_unknown_path_is_404() {
    let world = World::new().await;
    let id = world.pending().await;
    for path in [
        "/",
        "/v1",
        "/v1/",
        "/v2/me",
        "/v1/me/",
        "/v1/requests/",
        &format!("/v1/requests/{id}/"),
        &format!("/v1/requests/{id}/aprove"),
        &format!("/v1/requests/{id}/approve/now"),
        "/v1/requests/01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "/v1/requests/not-an-id",
        "/v1/requests/not-an-id/timeline",
        "/v1/requests/not-an-id/activity",
        "/v1/requests/%ff",
        "/v1/requests/%ff/timeline",
        "/v1/requests/%00",
        "/v1/requests/..%2f..%2fme",
    ] {
        for method in [Method::GET, Method::DELETE] {
            let answer = world.as_("gita").send(method.clone(), path, "").await;
            match (method, answer.status) {
                (Method::DELETE, 405) => answer.refused(405, "method_not_allowed"),
                _ => answer.refused(404, "not_found"),
            };
        }
    }
    for verb in ["approve", "reject", "cancel", "done", "revoke"] {
        for id in ["01ARZ3NDEKTSV4RRFFQ69G5FAV", "not-an-id", "%ff", "%00"] {
            let answer = world.act("bob", id, verb).await;
            answer.refused(404, "not_found");
        }
    }
}

#[tokio::test]
async fn names_come_from_the_kernel_and_the_directory_d10_d21() {
    let world = World::new().await;
    let request = world.submit("alice", ask(LEDGER, ADMIN, 3600)).await;
    assert_eq!(request["requester"]["user_id"], world.user_id("alice"));
    assert_eq!(request["requester"]["user_name"], "alice");
    assert_eq!(request["requester"]["display_name"], "Alice Andersson");
    assert_eq!(request["account"]["name"], "prod-ledger");
    assert_eq!(request["account"]["ou_path"], "Workloads/Prod");
    assert_eq!(request["permission_set"]["name"], ADMIN);
    assert_eq!(request["permission_set"]["session_duration_seconds"], 3600);
}

#[tokio::test]
async fn the_real_api_ignores_the_demos_header() {
    let me = nix::unistd::geteuid();
    let login = nix::unistd::User::from_uid(me)
        .ok()
        .flatten()
        .map(|user| user.name);
    let has_login = login.is_some();
    let world = Setup::new()
        .config(|config| {
            let map = &mut config.identity.map;
            map.extend(login.into_iter().map(|login| (login, "kim".to_owned())));
        })
        .real_api()
        .start()
        .await;
    let plain = world.as_myself().get("/v1/me").await.is(200);
    assert_eq!(plain["uid"], me.as_raw());
    for name in ["gita", "alice", "root", "stranger"] {
        assert_eq!(world.as_(name).get("/v1/me").await.is(200), plain, "{name}");
    }
    let answer = world
        .as_("alice")
        .post("/v1/requests", ask(LEDGER, ADMIN, 3600))
        .await;
    match (me.is_root(), has_login) {
        (true, _) => {
            assert_eq!(plain["roles"], json!(["operator"]));
            answer.refused(403, "not_allowed");
        }
        (false, true) => {
            answer.refused(403, "not_eligible");
        }
        (false, false) => {
            answer.refused(403, "unknown_identity");
        }
    }
}

#[tokio::test]
async fn a_query_is_checked_as_strictly() {
    let world = World::new().await;
    let hugo = world.as_("hugo");
    for path in [
        "/v1/requests?scope=theirs",
        "/v1/requests?state=pendng",
        "/v1/requests?limit=0",
        "/v1/requests?limit=501",
        "/v1/requests?limit=-1",
        "/v1/requests?limit=many",
        "/v1/requests?cursor=yesterday",
        "/v1/requests?since=yesterday",
        "/v1/requests?requester=alice",
        "/v1/audit?limit=0",
        "/v1/audit?limit=501",
        "/v1/audit?cursor=x",
        "/v1/audit?request=x",
        "/v1/audit?user=alice",
        "/v1/audit/export?format=xls",
        "/v1/events?after=x",
        "/v1/events?since=1",
        "/v1/status?short=maybe",
    ] {
        let problem = hugo.get(path).await.refused(422, "invalid");
        assert!(problem["errors"][0]["field"].is_string(), "{path}: {problem}");
    }
}

#[tokio::test]
async fn health_is_for_everybody() {
    let world = World::new().await;
    for who in ["alice", "stranger"] {
        for path in ["/healthz", "/readyz"] {
            let answer = world.as_(who).get(path).await;
            assert_eq!((answer.status, answer.text.as_str()), (204, ""), "{path}");
        }
    }
}
