//! The table of who may do what, cell by cell. What may not be seen is 404.

use crate::support::*;
use serde_json::{Value, json};

/// Who stands in which column. The requests are Alice's, in the ledger, where Bob decides; Liam decides elsewhere.
const COLUMNS: [&str; 8] = [
    "alice", "bob", "liam", "ivy", "hugo", "gita", "stranger", OPERATOR,
];
const OPERATOR: &str = "(operator)";

const OK: &str = "ok";
const SELF: &str = "self_approval";
const NO: &str = "not_allowed";
const UNSEEN: &str = "not_found";
const WHO: &str = "unknown_identity";

/// The callers there are, with their place in the table.
fn callers(world: &World) -> Vec<(usize, &'static str, Client<'_>)> {
    let mut callers = Vec::new();
    for (at, name) in COLUMNS.into_iter().enumerate() {
        match name {
            OPERATOR => callers.extend(world.as_operator().map(|client| (at, name, client))),
            _ => callers.push((at, name, world.as_(name))),
        }
    }
    callers
}

/// Alice's request number `n`, so that no two ask for the same.
async fn fresh(world: &World, state: &str, n: i64) -> String {
    let body = match state {
        "pending" => ask(LEDGER, ADMIN, 600 + n),
        "scheduled" => with(
            ask(LEDGER, ADMIN, 600 + n),
            json!({"start_at": in_seconds(3600 + n)}),
        ),
        other => unreachable!("{other}"),
    };
    let id = id_of(&world.submit("alice", body).await);
    if state == "scheduled" {
        world.act("bob", &id, "approve").await.is(200);
    }
    id
}

#[tokio::test]
async fn every_verb_for_every_role_d9_d17() {
    // requester, approver, other approver, security, auditor, administrator, nobody, operator
    let table: [(&str, &str, [&str; 8]); 10] = [
        ("pending", "approve", [SELF, OK, UNSEEN, NO, NO, NO, WHO, NO]),
        ("pending", "reject", [SELF, OK, UNSEEN, NO, NO, NO, WHO, NO]),
        ("pending", "claim", [SELF, OK, UNSEEN, NO, NO, NO, WHO, NO]),
        ("pending", "cancel", [OK, NO, UNSEEN, NO, NO, NO, WHO, NO]),
        ("pending", "done", [OK, NO, UNSEEN, NO, NO, NO, WHO, NO]),
        ("scheduled", "cancel", [OK, NO, UNSEEN, NO, NO, NO, WHO, NO]),
        ("scheduled", "done", [OK, NO, UNSEEN, NO, NO, NO, WHO, NO]),
        ("scheduled", "revoke", [NO, OK, UNSEEN, OK, NO, OK, WHO, NO]),
        (
            "scheduled",
            "approve",
            [SELF, "already_decided", UNSEEN, NO, NO, NO, WHO, NO],
        ),
        (
            "pending",
            "revoke",
            [
                NO,
                "already_decided",
                UNSEEN,
                "already_decided",
                NO,
                "already_decided",
                WHO,
                NO,
            ],
        ),
    ];
    let world = Setup::new()
        .config(|c| c.limits.pending_per_user = 1000)
        .start()
        .await;
    let mut n = 0;
    for (state, verb, expected) in table {
        let mut id = fresh(&world, state, n).await;
        for (at, name, client) in callers(&world) {
            let path = format!("/v1/requests/{id}/{verb}");
            let answer = client.post(&path, json!({"comment": "a word on it"})).await;
            assert_eq!(answer.word(), expected[at], "{name} {verb} {state}: {answer:?}");
            if expected[at] == OK {
                n += 1;
                id = fresh(&world, state, n).await;
            } else {
                assert_eq!(world.show(&id).await["state"], state, "{name} {verb}");
            }
        }
        n += 1;
    }
}

#[tokio::test]
async fn every_role_reads_what_it_may_d9_d14() {
    // requester, approver, other approver, security, auditor, administrator, nobody, operator
    let everybody = [OK; 8];
    let people = [OK, OK, OK, OK, OK, OK, WHO, NO];
    let known = [OK, OK, OK, OK, OK, OK, WHO, OK];
    let operations = [NO, NO, NO, OK, OK, OK, WHO, OK];
    let in_scope = [OK, OK, UNSEEN, OK, OK, OK, WHO, UNSEEN];
    let world = World::new().await;
    let id = world.pending().await;
    for (path, expected) in [
        ("/v1/me".to_owned(), everybody),
        ("/v1/status?short=true".to_owned(), everybody),
        ("/v1/status".to_owned(), operations),
        ("/v1/entitlements".to_owned(), people),
        ("/v1/accounts".to_owned(), known),
        ("/v1/permission-sets".to_owned(), known),
        ("/v1/people".to_owned(), known),
        ("/v1/groups".to_owned(), known),
        ("/v1/directory".to_owned(), operations),
        ("/v1/requests".to_owned(), known),
        (format!("/v1/requests/{id}"), in_scope),
        (format!("/v1/requests/{id}/timeline"), in_scope),
        (format!("/v1/requests/{id}/activity"), in_scope),
        ("/v1/policy".to_owned(), operations),
        ("/v1/policy/history".to_owned(), operations),
        ("/v1/grants".to_owned(), operations),
        ("/v1/audit/verify".to_owned(), operations),
        ("/v1/audit".to_owned(), people),
    ] {
        for (at, name, client) in callers(&world) {
            let answer = client.get(&path).await;
            assert_eq!(answer.word(), expected[at], "{name} {path}: {answer:?}");
        }
    }
    for (at, name, client) in callers(&world) {
        for format in ["csv", "jsonl"] {
            let answer = client.get(&format!("/v1/audit/export?format={format}")).await;
            assert_eq!(answer.word(), people[at], "{name} export {format}: {answer:?}");
        }
        let streams = [("/v1/events?after=0", known), ("/v1/activity/stream", people)];
        for (path, expected) in streams {
            let answer = client
                .request(reqwest::Method::GET, path)
                .send()
                .await
                .expect("an answer");
            let opened = answer.status() == 200;
            assert_eq!(opened, expected[at] == OK, "{name} {path}: {}", answer.status());
        }
    }
}

#[tokio::test]
async fn lists_hold_what_each_may_see() {
    let world = World::new().await;
    let alices = world.pending().await;
    let erins = id_of(&world.submit("erin", ask(BILLING, "BillingReadOnly", 3600)).await);
    let both = vec![alices.clone(), erins.clone()];
    for (at, name, client) in callers(&world) {
        let expected = match name {
            "alice" | "bob" => vec![alices.clone()],
            "liam" => vec![erins.clone()],
            "ivy" | "hugo" | "gita" => both.clone(),
            _ => Vec::new(),
        };
        if name == "stranger" {
            continue;
        }
        // The queue is what waits for one's own decision, not what one may see.
        let queue = client.get("/v1/requests?scope=queue").await.is(200);
        let ids: Vec<String> = items(&queue).iter().map(id_of).collect();
        let decides = match name {
            "bob" | "liam" => expected.clone(),
            _ => Vec::new(),
        };
        assert_eq!(ids, decides, "{name} ({at}) queue");
        for path in ["/v1/requests", "/v1/requests?scope=all&state=pending"] {
            let page = client.get(path).await.is(200);
            let mut ids: Vec<String> = items(&page).iter().map(id_of).collect();
            ids.sort();
            assert_eq!(ids, expected, "{name} ({at}) {path}");
        }
        let mine = client.get("/v1/requests?scope=mine").await.is(200);
        let expected = if name == "alice" { 1 } else { 0 };
        assert_eq!(items(&mine).len(), expected, "{name} mine");
    }
    let mine = world.as_("erin").get("/v1/requests?scope=mine").await.is(200);
    assert_eq!(id_of(&items(&mine)[0]), erins);
}

fn names(page: &Value) -> Vec<String> {
    let name = |item: &Value| {
        let name = item.get("user_name").or_else(|| item.get("name"));
        name.and_then(Value::as_str).expect("a name").to_owned()
    };
    let mut names: Vec<_> = items(page).iter().map(name).collect();
    names.sort();
    names
}

#[tokio::test]
async fn the_directory_is_shown_as_far_as_one_may_ask_or_decide() {
    let world = World::new().await;
    let of = async |who: &str, path: &str| names(&world.as_(who).get(path).await.is(200));
    assert_eq!(
        of("erin", "/v1/accounts").await,
        ["finance-billing", "finance-reporting"]
    );
    assert_eq!(of("erin", "/v1/permission-sets").await, ["BillingReadOnly"]);
    assert_eq!(of("erin", "/v1/people").await, ["erin", "liam"]);
    assert_eq!(of("erin", "/v1/groups").await, ["finance"]);
    let liam = of("liam", "/v1/accounts").await;
    assert_eq!(
        liam,
        ["dev-payments", "dev-web", "finance-billing", "finance-reporting"]
    );
    // Of a group of one's own, only those one may see.
    let groups = world.as_("alice").get("/v1/groups").await.is(200);
    let oncall = items(&groups)
        .iter()
        .find(|g| g["name"] == "oncall")
        .expect("alice's group");
    assert_eq!(oncall["members"], json!([world.user_id("alice")]));
    for who in ["ivy", "hugo", "gita"] {
        assert_eq!(of(who, "/v1/accounts").await.len(), 19, "{who}");
        assert_eq!(of(who, "/v1/people").await.len(), 13, "{who}");
        assert_eq!(of(who, "/v1/groups").await.len(), 8, "{who}");
        assert_eq!(of(who, "/v1/permission-sets").await.len(), 7, "{who}");
    }
}

#[tokio::test]
async fn me_says_who_one_is() {
    let world = World::new().await;
    for (who, roles) in [
        ("alice", json!(["requester"])),
        ("bob", json!(["requester", "approver"])),
        ("liam", json!(["requester", "approver"])),
        ("ivy", json!(["requester", "security"])),
        ("hugo", json!(["requester", "auditor"])),
        ("gita", json!(["requester", "admin"])),
        ("stranger", json!([])),
        ("judy", json!([])),
        ("Alice", json!([])),
    ] {
        let me = world.as_(who).get("/v1/me").await.is(200);
        assert_eq!(me["roles"], roles, "{who}: {me}");
        assert_eq!(me["person"].is_null(), roles == json!([]), "{who}: {me}");
    }
    let judy = world.as_("judy").get("/v1/me").await.is(200);
    assert!(
        judy["explanation"]
            .as_str()
            .unwrap_or_default()
            .contains("disabled"),
        "{judy}"
    );
    world
        .as_("judy")
        .post("/v1/requests", ask(DEV_WEB, ADMIN, 60))
        .await
        .refused(403, "unknown_identity");
}

#[tokio::test]
async fn roles_add_up() {
    let policy = POLICY.replace("admins = [", "admins = [\"user:bob\", \"user:alice\", ");
    let world = Setup::new().policy(policy.clone()).start().await;
    let id = world.pending().await;
    // An administrator who also decides there decides; one who asks does not.
    world
        .act("alice", &id, "approve")
        .await
        .refused(403, "self_approval");
    world.act("bob", &id, "approve").await.is(200);
    world
        .as_("bob")
        .put("/v1/policy", json!({"document": policy}))
        .await
        .is(200);
    // Administrators may revoke, their own too.
    world.reach(&id, "active").await;
    world.act("alice", &id, "revoke").await.is(200);
    world.reach(&id, "revoked").await;
}

#[tokio::test]
async fn a_policy_is_applied_by_administrators_and_the_operator() {
    let world = World::new().await;
    let body = json!({"document": POLICY});
    let expected = [NO, NO, NO, NO, NO, OK, WHO, OK];
    for (at, name, client) in callers(&world) {
        let answer = client.put("/v1/policy", body.clone()).await;
        assert_eq!(answer.word(), expected[at], "{name}: {answer:?}");
    }
    let history = world.as_("hugo").get("/v1/policy/history").await.is(200);
    let by: Vec<_> = items(&history)
        .iter()
        .map(|row| row["applied_by"].as_str().unwrap_or_default())
        .collect();
    assert!(by.contains(&"gita") && by.contains(&"operator"), "{by:?}");
    assert_eq!(
        items(&history)
            .iter()
            .filter(|row| row["current"] == true)
            .count(),
        1
    );
    let shown = world.as_("hugo").get("/v1/policy").await.is(200);
    assert_eq!(shown["document"], POLICY);
}

#[tokio::test]
async fn without_a_policy_everybody_reads_what_to_do() {
    let world = Setup::new().no_policy().start().await;
    let me = world.as_("alice").get("/v1/me").await.is(200);
    let what_to_do = "no policy; as root: team-tui policy apply FILE";
    assert_eq!(me["notices"], json!([what_to_do]));
    let refused = world
        .as_("alice")
        .post("/v1/requests", ask(LEDGER, ADMIN, 3600))
        .await;
    assert_eq!(refused.refused(403, "not_eligible")["detail"], what_to_do);
    // Nobody is an administrator yet.
    world
        .as_("gita")
        .get("/v1/policy")
        .await
        .refused(403, "not_allowed");
    world
        .as_("gita")
        .put("/v1/policy", json!({"document": POLICY}))
        .await
        .refused(403, "not_allowed");
    world.apply(POLICY).await;
    world
        .as_("gita")
        .put("/v1/policy", json!({"document": POLICY}))
        .await
        .is(200);
}

#[tokio::test]
async fn whom_a_login_stands_for_is_told_to_those_who_operate() {
    let world = World::new().await;
    let login = async |who: &str, login: &str| world.as_(who).get(&format!("/v1/logins/{login}")).await;
    // Root is there on every machine; nobody here has Kim's user name as a login.
    for who in ["ivy", "hugo", "gita"] {
        let root = login(who, "root").await.is(200);
        assert_eq!(
            (&root["uid"], &root["roles"]),
            (&json!(0), &json!(["operator"])),
            "{who}"
        );
        let kim = login(who, "kim").await.is(200);
        assert_eq!(
            (&kim["uid"], &kim["person"]),
            (&json!(null), &json!(null)),
            "{kim}"
        );
        let why = kim["explanation"].as_str().unwrap_or_default();
        assert!(why.contains("no login kim; it would be user kim"), "{why}");
        let nobody = login(who, "zoe").await.is(200);
        let why = nobody["explanation"].as_str().unwrap_or_default();
        assert!(
            why.contains("login zoe maps to user zoe, whom Identity Center does not know ([identity] match"),
            "{why}"
        );
    }
    login("alice", "root").await.refused(403, "not_allowed");
    login("stranger", "root").await.refused(403, "unknown_identity");
    if let Some(operator) = world.as_operator() {
        let own = operator.get("/v1/logins/root").await.is(200);
        assert_eq!(own["explanation"], "uid 0 is the operator, never a person");
    }
}
