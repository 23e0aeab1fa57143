//! Six Unix users walk through what people use it for: a requester, an approver, an auditor, a contractor, an
//! administrator, security. Each is a uid of its own, and nothing else says who they are.

use crate::world::{Bastion, World, id};
use serde_json::Value;
use std::time::Duration;

/// alice is on call, bob leads, carol audits, frank is a contractor, gita administers, ivy is security.
const POLICY: &str = r#"
version = 1
[roles]
admins = ["user:gita"]
auditors = ["user:carol"]
security = ["user:ivy"]
[settings]
min_duration = "1s"
[[eligibility]]
id = "on-call"
who = ["user:alice", "user:ivy"]
accounts = ["name:prod"]
permission_sets = ["*"]
max_duration = "2h"
approval = "required"
approvers = ["group:leads"]
[[eligibility]]
id = "contractors"
who = ["user:frank"]
accounts = ["name:stage"]
permission_sets = ["*"]
max_duration = "1h"
approval = "none"
[[approver]]
id = "leads"
accounts = ["*"]
permission_sets = ["*"]
who = ["group:leads"]
[[deny]]
id = "contractors-no-admin"
who = ["user:frank"]
accounts = ["*"]
permission_sets = ["Admin"]
reason = "contractors never administer"
"#;

async fn ask(bastion: &Bastion, who: &str, target: [&str; 2], length: &str) -> String {
    let [account, set] = target;
    let args = [
        "request",
        account,
        set,
        "--for",
        length,
        "--reason",
        "the queue is stuck, INC-4711",
    ];
    id(&bastion.json(who, &args).await.json())
}

async fn reach(bastion: &Bastion, who: &str, id: &str, state: &str) -> Value {
    let args = ["wait", id, "--for", state, "--timeout", "20s"];
    bastion.json(who, &args).await.json()
}

#[tokio::test]
async fn six_people_go_about_their_work() {
    let Some(world) = World::start("six people go about their work", "").await else {
        return;
    };
    world.bastion.apply(POLICY).await;
    production_is_fixed(&world).await;
    a_contractor_works(&world.bastion).await;
    security_investigates(&world).await;
    let events = world.bastion.events(None).await;
    for kind in [
        "request.claimed",
        "request.reviewed",
        "freeze.on",
        "freeze.off",
        "request.revoked",
        "refused",
    ] {
        assert!(events.iter().any(|event| event == kind), "no {kind}: {events:?}");
    }
    world.all_is_clean().await;
}

/// Break-fix: the on-call lead looks, approves, and reviews what came of it. Nobody else can.
async fn production_is_fixed(world: &World) {
    let bastion = &world.bastion;
    let request = ask(bastion, "alice", ["prod", "Admin"], "6s").await;
    for (who, code) in [
        ("carol", "not_allowed"),
        ("gita", "not_allowed"),
        ("ivy", "not_allowed"),
        ("alice", "self_approval"),
    ] {
        bastion.json(who, &["approve", &request]).await.problem(3, code);
    }
    bastion
        .json("frank", &["show", &request])
        .await
        .problem(4, "not_found");
    bastion.run("bob", &["claim", &request]).await.ok();
    let seen = bastion.json("alice", &["show", &request]).await.json();
    assert_eq!(seen["claimed_by"]["user_name"], "bob");
    bastion.approve(&request).await;
    reach(bastion, "alice", &request, "active").await;
    world.wait_for_assignment(true, Duration::from_secs(10)).await;
    let over = reach(bastion, "alice", &request, "ended").await;
    assert_eq!(over["review"]["needed"], true);
    world.wait_for_assignment(false, Duration::from_secs(10)).await;
    bastion
        .json("alice", &["review", &request, "--comment", "mine"])
        .await
        .problem(3, "self_approval");
    let waiting = bastion.json("bob", &["ls", "--review"]).await.json();
    assert_eq!(waiting["items"][0]["id"], request.as_str());
    bastion
        .run("bob", &["review", &request, "--comment", "as the ticket said"])
        .await
        .ok();
}

/// A contractor: what needs nobody, what is denied, what is none of theirs.
async fn a_contractor_works(bastion: &Bastion) {
    let request = ask(bastion, "frank", ["stage", "ReadOnly"], "1h").await;
    reach(bastion, "frank", &request, "active").await;
    for (target, code) in [
        (["stage", "Admin"], "denied"),
        (["prod", "ReadOnly"], "not_eligible"),
    ] {
        let [account, set] = target;
        let args = [
            "request",
            account,
            set,
            "--for",
            "1h",
            "--reason",
            "building the proof of concept",
        ];
        bastion.json("frank", &args).await.problem(3, code);
    }
    bastion
        .json("frank", &["freeze", "--reason", "because I can"])
        .await
        .problem(3, "not_allowed");
    bastion.run("frank", &["done", &request]).await.ok();
    reach(bastion, "frank", &request, "ended").await;
}

/// Security: everything stops, what is live ends, and the investigator's own access leaves a trail like any other.
async fn security_investigates(world: &World) {
    let bastion = &world.bastion;
    let request = ask(bastion, "alice", ["prod", "Admin"], "1h").await;
    bastion.approve(&request).await;
    reach(bastion, "alice", &request, "active").await;
    let frozen = bastion
        .json("ivy", &["freeze", "--revoke", "--reason", "a laptop is gone"])
        .await
        .json();
    assert_eq!(frozen["ended"], 1, "{frozen}");
    reach(bastion, "alice", &request, "revoked").await;
    let args = [
        "request",
        "prod",
        "ReadOnly",
        "--for",
        "1h",
        "--reason",
        "one more look at it",
    ];
    bastion.json("alice", &args).await.problem(3, "frozen");
    let me = bastion.json("frank", &["whoami"]).await.json();
    assert!(me["notices"].to_string().contains("frozen by ivy"), "{me}");
    bastion.json("ivy", &["unfreeze"]).await.problem(3, "not_allowed");
    bastion.run("gita", &["unfreeze"]).await.ok();
    let own = ask(bastion, "ivy", ["prod", "ReadOnly"], "1h").await;
    bastion
        .json("ivy", &["approve", &own])
        .await
        .problem(3, "self_approval");
    bastion.approve(&own).await;
    reach(bastion, "ivy", &own, "active").await;
    let holds = async || {
        world
            .aws
            .assignments()
            .await
            .contains(&"USER ivy prod ReadOnly".to_owned())
    };
    assert!(holds().await, "AWS has what she was given");
    bastion.run("ivy", &["done", &own]).await.ok();
    reach(bastion, "ivy", &own, "ended").await;
    assert!(!holds().await, "and has it no more once it is over");
    the_trail_names_them(bastion, &own).await;
}

/// Who did what, by name and by uid: the freeze, and each step of the investigator's own request.
async fn the_trail_names_them(bastion: &Bastion, own: &str) {
    let export = bastion
        .run("carol", &["audit", "export", "--format", "jsonl"])
        .await
        .ok();
    let rows = export.out.lines();
    let rows: Vec<Value> = rows
        .map(|line| serde_json::from_str(line).expect("a JSON line"))
        .collect();
    let on = rows
        .iter()
        .find(|row| row["type"] == "freeze.on")
        .expect("the freeze");
    assert_eq!(on["actor"]["user_name"], "ivy");
    assert_eq!(on["actor"]["uid"], bastion.uid("ivy"));
    let of_own: Vec<&Value> = rows.iter().filter(|row| row["request_id"] == own).collect();
    // That she tried to approve it herself is a row as well.
    for (kind, who) in [
        ("request.submitted", "ivy"),
        ("refused", "ivy"),
        ("request.voted", "bob"),
        ("request.approved", "bob"),
        ("request.ending", "ivy"),
    ] {
        let found = of_own.iter().find(|row| row["type"] == kind);
        let row = found.unwrap_or_else(|| panic!("no {kind}: {of_own:#?}"));
        assert_eq!(row["actor"]["user_name"], who, "{row}");
        assert_eq!(row["actor"]["uid"], bastion.uid(who), "{row}");
    }
    // What AWS was asked and what it answered is the daemon's doing, between the two.
    for kind in [
        "grant.confirmed",
        "request.active",
        "grant.removed",
        "request.ended",
    ] {
        let found = of_own.iter().find(|row| row["type"] == kind);
        let row = found.unwrap_or_else(|| panic!("no {kind}: {of_own:#?}"));
        assert!(row["actor"]["user_name"].is_null(), "{row}");
    }
}
